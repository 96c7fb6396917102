package consensus

import (
	"bytes"
	"crypto/ed25519"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/forgepool/settle/codec"
	"github.com/forgepool/settle/proof"
	"github.com/zeebo/blake3"
)

// fixture is the published example ledger, and the key with which its hub submits.
type fixture struct {
	genesis  []byte
	first    []byte // the example's own batch: registers the parties, settles one workload
	origin   string
	hub      codec.ID
	key      ed25519.PrivateKey
	template codec.Event // the example's first event
	opening  []byte      // of the sealed customer
	clock    time.Time
}

type vectorFile struct {
	OriginA string `json:"origin_a"`
	Keys    []struct {
		Name string `json:"name"`
		Seed string `json:"seed"`
	} `json:"keys"`
	Blobs []struct {
		Name string `json:"name"`
		Hex  string `json:"hex"`
	} `json:"blobs"`
	Records []struct {
		Name      string `json:"name"`
		BodyHex   string `json:"body_hex"`
		RecordHex string `json:"record_hex"`
	} `json:"records"`
	Batch struct {
		BatchHex string `json:"batch_hex"`
		Stamp    int64  `json:"stamp"`
	} `json:"batch"`
}

func loadFixture(t testing.TB) *fixture {
	t.Helper()
	text, err := os.ReadFile("../codec/testdata/vectors/ledger-1.json")
	if err != nil {
		t.Fatal(err)
	}
	var v vectorFile
	if err := json.Unmarshal(text, &v); err != nil {
		t.Fatal(err)
	}
	f := &fixture{origin: v.OriginA, clock: time.UnixMilli(v.Batch.Stamp)}
	f.genesis = unhex(t, v.Records[0].RecordHex)
	f.first = unhex(t, v.Batch.BatchHex)
	for _, k := range v.Keys {
		if k.Name == "hub submit" {
			f.key = ed25519.NewKeyFromSeed(unhex(t, k.Seed))
		}
	}
	for _, r := range v.Records {
		if r.Name == "event Planned" {
			if err := codec.DecodeEvent(unhex(t, r.BodyHex), &f.template); err != nil {
				t.Fatal(err)
			}
		}
	}
	for _, b := range v.Blobs {
		if b.Name == "customer opening" {
			f.opening = unhex(t, b.Hex)
		}
	}
	f.hub = f.template.Author
	return f
}

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// number makes an id of a number, different for each purpose.
func number(purpose byte, n uint64) (id codec.ID) {
	h := blake3.Sum256(binary.BigEndian.AppendUint64([]byte{'t', purpose}, n))
	copy(id[:], h[:])
	return id
}

// batch returns a signed batch of count new workloads, whose ids follow from seed.
func (f *fixture) batch(seed uint64, count int) []byte {
	b := &codec.Batch{
		Version: 1, Origin: f.origin, ID: number('b', seed), Submitter: f.hub,
		Key: codec.KeyID(f.key.Public().(ed25519.PublicKey)), Sent: uint64(f.clock.UnixMilli()),
	}
	leaves := make([][32]byte, count)
	for i := range count {
		e := f.template
		e.ID, e.Workload = number('e', seed<<16|uint64(i)), number('w', seed<<16|uint64(i))
		b.Records = append(b.Records, codec.EncodeRecord(&codec.Record{
			Version: 1, Kind: codec.KindEvent, Body: codec.EncodeEvent(&e),
		}))
		leaves[i] = proof.LeafA(b.Records[i])
	}
	b.Attachments = [][]byte{f.opening}
	digest := codec.BatchDigest(f.origin, b, count, proof.MTH(leaves))
	copy(b.Signature[:], ed25519.Sign(f.key, digest[:]))
	return codec.EncodeBatch(b)
}

// flip changes one bit of every occurrence of a byte string in a file, and says how
// many there were.
func flip(t testing.TB, path string, what []byte, offset int) int {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	for at := 0; ; found++ {
		i := bytes.Index(text[at:], what)
		if i < 0 {
			break
		}
		text[at+i+offset] ^= 0x10
		at += i + len(what)
	}
	if err := os.WriteFile(path, slices.Clip(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return found
}
