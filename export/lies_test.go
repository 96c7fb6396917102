package export

import (
	"bytes"
	"errors"
	"testing"

	"github.com/forgepool/settle/codec"
)

// TestFalseBlobs hands out other bytes than those asked for, one blob at a time.
func TestFalseBlobs(t *testing.T) {
	w := newWorld(t)
	index := w.settle(usual())
	s, err := w.record(index).settlement()
	if err != nil {
		t.Fatal(err)
	}
	adjustment := w.adjust(202609, nil)
	var a codec.Adjustment
	if err := codec.DecodeAdjustment(w.record(adjustment).Body, &a); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name  string
		index uint64
		hash  codec.Hash
	}{
		{"customer", index, s.Customer}, {"detail", index, s.Detail}, {"manifest", index, s.Shards.Blob}, {"labels", index, *s.Labels},
		{"correction", adjustment, a.Detail},
	} {
		flipped := func(hash codec.Hash) ([]byte, error) {
			blob, err := w.get(hash)
			if hash == c.hash {
				blob = bytes.Clone(blob)
				blob[len(blob)/2] ^= 1
			}
			return blob, err
		}
		if _, err := w.format(FormatCSV).Append(nil, w.record(c.index), flipped); !errors.Is(err, ErrBlob) {
			t.Errorf("%s flipped: %v", c.name, err)
		}
		gone := func(hash codec.Hash) ([]byte, error) {
			if hash == c.hash {
				return nil, errMissing
			}
			return w.get(hash)
		}
		if _, err := w.format(FormatCSV).Append(nil, w.record(c.index), gone); !errors.Is(err, errMissing) {
			t.Errorf("%s missing: %v", c.name, err)
		}
	}
}

// TestFalseRecords are records that replicas must refuse: each way to lie has a name.
func TestFalseRecords(t *testing.T) {
	garbage := []byte{0xff}
	for name, change := range map[string]func(w *world) func(*codec.Settlement, *codec.Detail){
		"customer is no id": func(w *world) func(*codec.Settlement, *codec.Detail) {
			return func(s *codec.Settlement, _ *codec.Detail) { s.Customer = w.put(garbage) }
		},
		"manifest is none": func(w *world) func(*codec.Settlement, *codec.Detail) {
			return func(s *codec.Settlement, _ *codec.Detail) { s.Shards.Blob = w.put(garbage) }
		},
		"manifest is empty": func(w *world) func(*codec.Settlement, *codec.Detail) {
			return func(s *codec.Settlement, _ *codec.Detail) { s.Shards.Blob = w.put([]byte{0x80}) }
		},
		"manifest root": func(*world) func(*codec.Settlement, *codec.Detail) {
			return func(s *codec.Settlement, _ *codec.Detail) { s.Shards.Root[0] ^= 1 }
		},
		"units": func(*world) func(*codec.Settlement, *codec.Detail) {
			return func(s *codec.Settlement, _ *codec.Detail) { s.Shards.Units++ }
		},
		"shards": func(*world) func(*codec.Settlement, *codec.Detail) {
			return func(s *codec.Settlement, _ *codec.Detail) { s.Shards.Count++ }
		},
		"charge": func(*world) func(*codec.Settlement, *codec.Detail) {
			return func(s *codec.Settlement, _ *codec.Detail) { s.Charge++ }
		},
		"one side": func(*world) func(*codec.Settlement, *codec.Detail) {
			return func(_ *codec.Settlement, d *codec.Detail) { d.Postings[1].Amount-- }
		},
		"line": func(*world) func(*codec.Settlement, *codec.Detail) {
			return func(_ *codec.Settlement, d *codec.Detail) { d.Postings[1].Line = 2 }
		},
		"postings root": func(*world) func(*codec.Settlement, *codec.Detail) {
			return func(s *codec.Settlement, _ *codec.Detail) { s.Postings = codec.PostingsRef{} }
		},
		"labels are none": func(w *world) func(*codec.Settlement, *codec.Detail) {
			return func(s *codec.Settlement, _ *codec.Detail) { h := w.put(garbage); s.Labels = &h }
		},
		"a label too few": func(*world) func(*codec.Settlement, *codec.Detail) {
			return func(s *codec.Settlement, _ *codec.Detail) { s.Disclosures = s.Disclosures[1:] }
		},
		"a label of another commitment": func(*world) func(*codec.Settlement, *codec.Detail) {
			return func(s *codec.Settlement, _ *codec.Detail) { s.Disclosures[2][0] ^= 1 }
		},
	} {
		w := newWorld(t)
		p := usual()
		p.change = change(w)
		if _, err := w.format(FormatCSV).Append(nil, w.record(w.settle(p)), w.get); !errors.Is(err, ErrFalse) {
			t.Errorf("%s: %v", name, err)
		}
	}
	w := newWorld(t)
	for name, change := range map[string]func(*codec.Adjustment){
		"correction is none": func(a *codec.Adjustment) { a.Detail = w.put(garbage) },
		"totals":             func(a *codec.Adjustment) { a.Totals.Credit++ },
		"number":             func(a *codec.Adjustment) { a.Postings.N++ },
		"cycle":              func(a *codec.Adjustment) { a.Cycle = 202699 },
	} {
		if _, err := w.format(FormatCSV).Append(nil, w.record(w.adjust(1, change)), w.get); !errors.Is(err, ErrFalse) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestUndecodable refuses records and bodies that are not of their kind.
func TestUndecodable(t *testing.T) {
	w := newWorld(t)
	if _, err := NewRecord(1, []byte{0xa0}); !errors.Is(err, ErrFalse) {
		t.Errorf("no record: %v", err)
	}
	ledger := w.ledger()
	for kind := range codec.Kind(codec.Kinds) {
		r := w.record(w.add(kind, []byte{0xa0}))
		for _, name := range []string{FormatJSONLines, FormatCloudEvents, FormatCSV} {
			reads := name == FormatJSONLines || kind == codec.KindSettlement || name == FormatCSV && kind == codec.KindAdjustment
			format, err := NewFormat(name, ledger)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := format.Append(nil, r, w.get); errors.Is(err, ErrFalse) != reads {
				t.Errorf("%s of an empty %s: %v", name, kind, err)
			}
		}
	}
	for name, data := range map[string][]byte{"no genesis": w.records[1], "no record": {}, "empty genesis": w.records[settled+1]} {
		if _, err := ReadLedger(data); !errors.Is(err, ErrFalse) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := NewFormat("parquet", ledger); err == nil {
		t.Error("an unknown format is accepted")
	}
}
