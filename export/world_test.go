package export

import (
	"encoding/hex"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/forgepool/settle/codec"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// world is the published example ledger with further records behind it.
type world struct {
	t       testing.TB
	records [][]byte
	blobs   map[codec.Hash][]byte
	token   string // replay token of the settlement
}

// settled is the index of the published settlement.
const settled = 5

func newWorld(t testing.TB) *world {
	data, err := os.ReadFile("../codec/testdata/vectors/ledger-1.json")
	if err != nil {
		t.Fatal(err)
	}
	var x struct {
		Blobs []struct {
			Hex string `json:"hex"`
		} `json:"blobs"`
		Records []struct {
			Hex string `json:"record_hex"`
		} `json:"records"`
		Shards struct {
			Token string `json:"replay_token"`
		} `json:"shards"`
	}
	if err := json.Unmarshal(data, &x); err != nil {
		t.Fatal(err)
	}
	w := &world{t: t, blobs: map[codec.Hash][]byte{}, token: x.Shards.Token}
	for _, b := range x.Blobs {
		w.put(w.unhex(b.Hex))
	}
	for _, r := range x.Records {
		w.records = append(w.records, w.unhex(r.Hex))
	}
	return w
}

func (w *world) unhex(s string) []byte {
	b, err := hex.DecodeString(s)
	if err != nil {
		w.t.Fatal(err)
	}
	return b
}

func (w *world) put(blob []byte) codec.Hash {
	h := codec.BlobHash(blob)
	w.blobs[h] = blob
	return h
}

// get is the source of blobs.
func (w *world) get(hash codec.Hash) ([]byte, error) {
	if blob, ok := w.blobs[hash]; ok {
		return blob, nil
	}
	return nil, errMissing
}

var errMissing = fmt.Errorf("not here")

func (w *world) add(kind codec.Kind, body []byte) uint64 {
	w.records = append(w.records, codec.EncodeRecord(&codec.Record{Version: 1, Kind: kind, Body: body}))
	return uint64(len(w.records) - 1)
}

func (w *world) record(index uint64) *Record {
	r, err := NewRecord(index, w.records[index])
	if err != nil {
		w.t.Fatal(err)
	}
	return r
}

func (w *world) settlement() *codec.Settlement {
	s, err := w.record(settled).settlement()
	if err != nil {
		w.t.Fatal(err)
	}
	return s
}

func (w *world) ledger() *Ledger {
	l, err := ReadLedger(w.records[0])
	for i := 1; i < len(w.records) && err == nil; i++ {
		if r, bad := NewRecord(uint64(i), w.records[i]); bad == nil && Learns(r.Kind) {
			err = l.Learn(r)
		}
	}
	if err != nil {
		w.t.Fatal(err)
	}
	return l
}

func (w *world) format(name string) Format {
	f, err := NewFormat(name, w.ledger())
	if err != nil {
		w.t.Fatal(err)
	}
	return f
}

// export exports records from an index on.
func (w *world) export(name string, from int) []byte { return w.part(name, from, len(w.records)) }

// part exports records from an index up to another, as of the whole log.
func (w *world) part(name string, from, to int) (out []byte) {
	f := w.format(name)
	if from == 0 {
		out = f.Head()
	}
	for i := from; i < to; i++ {
		var err error
		if out, err = f.Append(out, w.record(uint64(i)), w.get); err != nil {
			w.t.Fatal(err)
		}
	}
	return out
}

// golden compares with a file of testdata.
func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != string(want) {
		t.Errorf("%s differs: got\n%s", name, got)
	}
}
