package ledger

import (
	"encoding/hex"
	"encoding/json"
	"os"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/forgepool/settle/codec"
)

// example is the part of the worked ledger (docs/formats/vectors) that this package
// reproduces.
type example struct {
	Records []struct {
		RecordHex string `json:"record_hex"`
		LeafA     string `json:"leaf_a"`
		LeafB     string `json:"leaf_b"`
	} `json:"records"`
	Batch struct {
		BatchHex    string `json:"batch_hex"`
		Stamp       uint64 `json:"stamp"`
		OutcomesHex string `json:"outcomes_hex"`
		OutcomeHash string `json:"outcome_hash"`
		Commitment  string `json:"commitment"`
		Digest      string `json:"digest"`
	} `json:"batch"`
	TreeA []sizeRoot `json:"tree_a"`
	TreeB []sizeRoot `json:"tree_b"`
}

type sizeRoot struct {
	Size uint64 `json:"size"`
	Root string `json:"root"`
}

func loadExample(t testing.TB) *example {
	t.Helper()
	data, err := os.ReadFile("../codec/testdata/vectors/ledger-1.json")
	if err != nil {
		t.Fatal(err)
	}
	x := new(example)
	if err := json.Unmarshal(data, x); err != nil {
		t.Fatal(err)
	}
	return x
}

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func command(stamp uint64, batches ...[]byte) []byte {
	return codec.EncodeCommand(&codec.Command{Version: 1, Kind: codec.CommandBatches, Stamp: stamp, Batches: batches})
}

func TestExampleLedger(t *testing.T) {
	x := loadExample(t)
	l, err := Create("db", unhex(t, x.Records[0].RecordHex), Options{FS: vfs.NewMem()})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	checkRoots(t, l, x, 0)
	entry := Entry{Index: 5, Term: 2, Command: command(x.Batch.Stamp, unhex(t, x.Batch.BatchHex))}
	for round := range 2 {
		r := l.Apply([]Entry{entry})[0]
		if r.Batches[0].Fault != nil {
			t.Fatal(r.Batches[0].Fault)
		}
		if got := hex.EncodeToString(codec.EncodeOutcomes(r.Batches[0].Outcomes)); got != x.Batch.OutcomesHex {
			t.Fatalf("outcomes %s", got)
		}
		if r.Batches[0].Known != (round == 1) {
			t.Fatal("known")
		}
		checkRoots(t, l, x, 1)
	}
	s := l.Read()
	defer s.Close()
	b, err := s.BatchByNumber(1)
	if err != nil {
		t.Fatal(err)
	}
	if b.Digest.String() != x.Batch.Digest || b.Commitment().String() != x.Batch.Commitment {
		t.Fatal("stored batch", b.Commitment())
	}
	for i := range x.Records {
		data, err := s.Record(uint64(i))
		if err != nil || hex.EncodeToString(data) != x.Records[i].RecordHex {
			t.Fatalf("record %d: %v", i, err)
		}
	}
}

func checkRoots(t *testing.T, l *Ledger, x *example, at int) {
	t.Helper()
	a := l.Applied()
	if a.Size != x.TreeA[at].Size || a.RootA.String() != x.TreeA[at].Root || a.RootB.String() != x.TreeB[at].Root {
		t.Fatalf("size %d, roots %s %s", a.Size, a.RootA, a.RootB)
	}
}
