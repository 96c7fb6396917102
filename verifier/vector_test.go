package verifier

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"os"
	"testing"

	"github.com/forgepool/settle/codec"
	"github.com/forgepool/settle/proof"
)

// vector is what this test reads of the worked ledger, which another program wrote.
type vector struct {
	OriginA string `json:"origin_a"`
	OriginB string `json:"origin_b"`
	Records []struct {
		Hex string `json:"record_hex"`
	} `json:"records"`
	Blobs []struct {
		Hex string `json:"hex"`
	} `json:"blobs"`
	Batch struct {
		Hex string `json:"batch_hex"`
	} `json:"batch"`
	Trees struct {
		Postings []struct {
			Key  string `json:"key"`
			Root string `json:"root"`
		} `json:"party_postings_tt2"`
		Parties string `json:"parties_root_tt1"`
		Journal string `json:"journal_root_tt4"`
	} `json:"cycle_trees"`
}

func unhex(t *testing.T, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// vectorWorld loads the worked ledger and puts a node in front of it.
func vectorWorld(t *testing.T) (*world, *vector) {
	data, err := os.ReadFile("../codec/testdata/vectors/ledger-1.json")
	if err != nil {
		t.Fatal(err)
	}
	v := new(vector)
	if err := json.Unmarshal(data, v); err != nil {
		t.Fatal(err)
	}
	w := &world{t: t, actors: map[string]*actor{}, blobs: map[codec.Hash][]byte{}, batches: map[codec.ID]*Batch{},
		originA: vectorOriginA, originB: vectorOriginB}
	w.newActor("operator", codec.RoleOperator)
	w.newActor("auditor", codec.RoleAuditor)
	batch, err := codec.DecodeBatch(unhex(t, v.Batch.Hex))
	if err != nil {
		t.Fatal(err)
	}
	for i := range v.Records {
		r := Record{Index: uint64(i), Bytes: unhex(t, v.Records[i].Hex)}
		if i > 0 {
			r.Submitter, r.Batch, r.Position = batch.Submitter, batch.ID, uint64(i-1)
		}
		w.records = append(w.records, r)
	}
	for _, b := range v.Blobs {
		w.put(unhex(t, b.Hex))
	}
	w.batches[batch.ID] = &Batch{ID: batch.ID, Submitter: batch.Submitter, Key: batch.Key, Sent: batch.Sent,
		Atomic: batch.IsAtomic(), Signature: batch.Signature, Leaves: w.leaves(proof.TreeA, 6).hashes()[1:]}
	if v.OriginA != vectorOriginA || v.OriginB != vectorOriginB {
		t.Fatalf("origins %q and %q", v.OriginA, v.OriginB)
	}
	w.trust = w.newTrust()
	return w, v
}

const (
	vectorOriginA = "ledger.example/settle/blake3"
	vectorOriginB = "ledger.example/settle"
)

func (l treeLeaves) hashes() (out []codec.Hash) {
	for _, h := range l.leaves {
		out = append(out, h)
	}
	return out
}

// TestWorkedLedger audits the ledger of the vectors: its frame must have the trees
// that the vectors state, and its one settlement must hold in every part.
func TestWorkedLedger(t *testing.T) {
	w, v := vectorWorld(t)
	o := w.options(20)
	r, err := Audit(context.Background(), w, o)
	if err != nil {
		t.Fatal(err)
	}
	if r.Frame.PartiesRoot.String() != v.Trees.Parties || r.Frame.JournalRoot.String() != v.Trees.Journal {
		t.Errorf("party ledger %s, journal %s", r.Frame.PartiesRoot, r.Frame.JournalRoot)
	}
	if r.Frame.Value != 1750004 || r.Matches != 20 {
		t.Errorf("%d of %d matched for %d: %v", r.Matches, len(r.Draws), r.Frame.Value, r.Draws[0].Reasons)
	}
	_, _, frame := w.read()
	for i, want := range v.Trees.Postings {
		p := &frame.parties[indexOf(t, frame, want.Key)]
		if root := codec.Hash(p.tree.Root()); root.String() != want.Root {
			t.Errorf("postings of party %d: %s, want %s", i, root, want.Root)
		}
	}
	if replayed := w.replay(5, nil); replayed.Verdict != Match || replayed.Result.Verdict != Match {
		t.Errorf("replay: %+v %+v", replayed, replayed.Result)
	}
}

func indexOf(t *testing.T, f *Frame, key string) int {
	t.Helper()
	for i := range f.parties {
		if k := proof.PartyKey(uint8(f.parties[i].role), f.parties[i].id); hex.EncodeToString(k[:]) == key {
			return i
		}
	}
	t.Fatalf("no party %s", key)
	return 0
}

// TestWorkedLedgerEveryByte flips a bit in each byte of the settlement record: the
// reader must stop at the root.
func TestWorkedLedgerEveryByte(t *testing.T) {
	w, _ := vectorWorld(t)
	pair, err := OpenPair(w.trust, w.notes(6))
	if err != nil {
		t.Fatal(err)
	}
	for i := range w.records[5].Bytes {
		w.records[5].Bytes[i] ^= 1 << (i % 8)
		if _, err := ReadLog(context.Background(), w, pair, nil); !errors.Is(err, LieRoot) {
			t.Fatalf("byte %d: %v", i, err)
		}
		w.records[5].Bytes[i] ^= 1 << (i % 8)
	}
}
