package verifier

import (
	"bytes"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"testing"

	"github.com/forgepool/settle/codec"
	"github.com/forgepool/settle/proof"
)

var update = flag.Bool("update-evidence", false, "write the evidence files of testdata/evidence again")

// fileOf returns the evidence of an audit's findings about a workload that lies.
func fileOf(t *testing.T, j job) (*world, *EvidenceFile) {
	t.Helper()
	w := newWorld(t, 3)
	honest(w, 1)
	j.name, j.shards = "false", []shardSpec{{0, 5}, {1, 200}}
	w.settle(j)
	r := w.audit(20)
	if len(r.Evidence) == 0 {
		t.Fatal("no evidence")
	}
	return w, &r.Evidence[0]
}

// fileAgainst returns the evidence that a close is false.
func fileAgainst(t *testing.T, x *falseBooks, e *Evidence) (*world, *EvidenceFile) {
	t.Helper()
	f, err := AccuseClose(x.trust, e, &Bundle{})
	if err != nil {
		t.Fatal(err)
	}
	return x.world, f
}

// fileOfLie returns the evidence of one of the lies about postings.
func fileOfLie(name string) func(t *testing.T) (*world, *EvidenceFile) {
	return func(t *testing.T) (*world, *EvidenceFile) {
		t.Helper()
		c := closeLies[name]
		x := closeWith(t, c.lie, nil)
		f, err := x.statement("provider 0").Accuse(x.trust, c.accuse(x))
		if err != nil {
			t.Fatal(err)
		}
		return x.world, f
	}
}

// everyEvidence has a maker for each fault, and for the parts of a fault whose evidence has
// another form.
var everyEvidence = map[string]func(t *testing.T) (*world, *EvidenceFile){
	"wrong_output": func(t *testing.T) (*world, *EvidenceFile) {
		return fileOf(t, job{entry: func(i int, e *codec.ShardEntry) { e.Output.Hash[5] ^= byte(i) }})
	},
	"wrong_units": func(t *testing.T) (*world, *EvidenceFile) {
		return fileOf(t, job{entry: func(i int, e *codec.ShardEntry) { e.Units += uint64(i) }})
	},
	"invalid_shard": func(t *testing.T) (*world, *EvidenceFile) {
		return fileOf(t, job{entry: func(i int, e *codec.ShardEntry) {
			if i == 1 {
				e.Inputs = []codec.Blob{{Hash: codec.BlobHash(nil), Size: 1 << 27}}
			}
		}})
	},
	"bad_receipt": func(t *testing.T) (*world, *EvidenceFile) {
		return fileOf(t, job{signed: func(i int, e *codec.ShardEntry) { e.Receipt[3] ^= byte(i) }})
	},
	"wrong_payout": func(t *testing.T) (*world, *EvidenceFile) {
		return fileOf(t, job{detail: func(_ *codec.Settlement, d *codec.Detail) { d.Postings[1].Amount++; d.Postings[2].Amount-- }})
	},
	"wrong_payout-weight": heavy,
	"wrong_payout-platform": func(t *testing.T) (*world, *EvidenceFile) {
		w := newWorld(t, 2)
		w.settle(job{name: "platform", shards: []shardSpec{{0, 5}}, detail: func(_ *codec.Settlement, d *codec.Detail) {
			d.Postings[len(d.Postings)-1].Party = w.actors["customer"].id
		}})
		r := w.audit(1)
		if len(r.Evidence) == 0 {
			t.Fatal("no evidence")
		}
		return w, &r.Evidence[0]
	},
	"missing_data": func(t *testing.T) (*world, *EvidenceFile) {
		x := closeWith(t, nil, nil)
		entry, shard := x.shard()
		e := missing(x, entry.Output.Hash, testTime)
		e.Shard = shard
		f, err := AccuseMissing(x.trust, e)
		if err != nil {
			t.Fatal(err)
		}
		return x.world, f
	},
	"omitted_record": func(t *testing.T) (*world, *EvidenceFile) {
		x := closeWith(t, func(x *falseBooks) {
			x.books.journal = slices.DeleteFunc(x.books.journal, func(l proof.SumLeaf) bool { return u64(l.Key) == x.settled })
		}, nil)
		return fileAgainst(t, x, x.journalDraft())
	},
	"omitted_posting":       fileOfLie("omitted"),
	"phantom_posting":       fileOfLie("no such line"),
	"phantom_posting-party": fileOfLie("another party's"),
	"amount_mismatch":       fileOfLie("amount"),
	"unbalanced_close": func(t *testing.T) (*world, *EvidenceFile) {
		x := closeWith(t, nil, func(c *codec.Cycle) { c.Journal.Debit++ })
		return fileAgainst(t, x, x.unbalancedDraft())
	},
	"broken_tree": func(t *testing.T) (*world, *EvidenceFile) {
		x, e := broken(t, proof.SumJournal, more)
		return fileAgainst(t, x, e)
	},
	"broken_tree-party": func(t *testing.T) (*world, *EvidenceFile) {
		x, e := broken(t, proof.SumPartyPostings, more)
		return fileAgainst(t, x, e)
	},
}

// TestEveryFaultHasEvidence checks that no fault is left out above.
func TestEveryFaultHasEvidence(t *testing.T) {
	for fault := FaultOutput; fault <= lastFault; fault++ {
		if everyEvidence[fault.String()] == nil {
			t.Errorf("%s", fault)
		}
	}
}

// TestEvidenceFiles compares the evidence of each kind with the stored files, which are
// also what the program is tested with.
func TestEvidenceFiles(t *testing.T) {
	for name, make := range everyEvidence {
		t.Run(name, func(t *testing.T) {
			w, f := make(t)
			confirm(t, w, f)
			base := filepath.Join("testdata", "evidence", name)
			for _, file := range []struct {
				name string
				data []byte
			}{{base + ".evidence", f.File}, {base + ".bundle", f.Bundle}, {filepath.Join("testdata", "evidence", "ledger.trust"), w.trust.Format()}} {
				if *update {
					if err := os.WriteFile(file.name, file.data, 0o644); err != nil {
						t.Fatal(err)
					}
				}
				if stored, err := os.ReadFile(file.name); err != nil || !bytes.Equal(stored, file.data) {
					t.Errorf("%s differs (%v); -update-evidence writes it again", file.name, err)
				}
			}
		})
	}
}

// TestEveryFieldIsChecked changes each field of each kind of evidence and each blob of its
// bundle, once, and repairs what a forger can repair: all is refused, and named.
func TestEveryFieldIsChecked(t *testing.T) {
	policy, err := os.ReadFile(filepath.Join("testdata", "evidence", "ledger.trust"))
	if err != nil {
		t.Fatal(err)
	}
	trust, err := proof.ParseTrustPolicy(policy)
	if err != nil {
		t.Fatal(err)
	}
	for name := range everyEvidence {
		t.Run(name, func(t *testing.T) {
			file, err := os.ReadFile(filepath.Join("testdata", "evidence", name+".evidence"))
			if err != nil {
				t.Fatal(err)
			}
			bundle, err := os.ReadFile(filepath.Join("testdata", "evidence", name+".bundle"))
			if err != nil {
				t.Fatal(err)
			}
			changes := eachChange(t, file, func(path string, e *Evidence) { refused(t, trust, path, e, bundle) })
			b, err := DecodeBundle(bundle)
			if err != nil {
				t.Fatal(err)
			}
			for i := range b.Blobs {
				for _, at := range []int{0, len(b.Blobs[i]) / 2, len(b.Blobs[i]) - 1} {
					forged := bytes.Clone(bundle)
					other, err := DecodeBundle(forged)
					if err != nil || at < 0 {
						continue
					}
					other.Blobs[i][at] ^= 1
					e, err := DecodeEvidence(file)
					if err != nil {
						t.Fatal(err)
					}
					data := other.Encode()
					e.Bundle = codec.BlobHash(data)
					refused(t, trust, "blob", e, data)
				}
			}
			t.Logf("%d fields, %d blobs", changes, len(b.Blobs))
		})
	}
}

// refused expects that evidence whose sum was repaired does not hold, by a code of its own.
func refused(t *testing.T, trust *proof.TrustPolicy, path string, e *Evidence, bundle []byte) {
	t.Helper()
	again, err := DecodeEvidence(e.Encode())
	if err == nil {
		_, err = again.Check(trust, bundle)
	}
	var l Lie
	var r proof.Rejection
	if err == nil || errors.Is(err, LieSum) || !errors.As(err, &l) && !errors.As(err, &r) {
		t.Errorf("%s changed: %v", path, err)
	}
}

// eachChange calls f with the evidence changed in one place at a time, and returns how
// many there are.
func eachChange(t *testing.T, file []byte, f func(path string, e *Evidence)) (n int) {
	t.Helper()
	for i := 0; ; i++ {
		e, err := DecodeEvidence(file)
		if err != nil {
			t.Fatal(err)
		}
		left, path := i, ""
		if !change(reflect.ValueOf(e).Elem(), "", &left, &path) {
			return n
		}
		if path == ".Sum" {
			continue // Encode computes it
		}
		n++
		f(path, e)
	}
}

// change changes the place with a number, and says whether there is one: each number, each
// string, and the first and the last of bytes.
func change(v reflect.Value, path string, left *int, changed *string) bool {
	here := func(do func()) bool {
		if *left--; *left == -1 {
			do()
			*changed = path
			return true
		}
		return false
	}
	switch v.Kind() {
	case reflect.Pointer:
		return !v.IsNil() && change(v.Elem(), path, left, changed)
	case reflect.Struct:
		for i := range v.NumField() {
			if f := v.Type().Field(i); f.Name != "_" && change(v.Field(i), path+"."+f.Name, left, changed) {
				return true
			}
		}
	case reflect.Slice, reflect.Array:
		if v.Type().Elem().Kind() != reflect.Uint8 {
			for i := range v.Len() {
				if change(v.Index(i), path, left, changed) {
					return true
				}
			}
			return false
		}
		flip := func(i int) func() { return func() { v.Index(i).SetUint(v.Index(i).Uint() ^ 1) } }
		return v.Len() > 0 && (here(flip(0)) || here(flip(v.Len()-1)))
	case reflect.Uint8, reflect.Uint64:
		return here(func() { v.SetUint(v.Uint() ^ 1) })
	case reflect.Bool:
		return here(func() { v.SetBool(!v.Bool()) })
	case reflect.String:
		return here(func() { v.SetString(v.String() + "x") })
	}
	return false
}
