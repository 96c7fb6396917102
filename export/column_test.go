package export

import (
	"bytes"
	"errors"
	"testing"

	"github.com/forgepool/settle/codec"
)

// TestTraits makes each cell by itself: one that is taken from the row before it, because
// of what the column says, is the same.
func TestTraits(t *testing.T) {
	w := newWorld(t)
	w.everything()
	f, err := NewFOCUS(w.ledger(), "")
	if err != nil {
		t.Fatal(err)
	}
	var all Rows
	for i := range w.records {
		rows, err := f.Rows(w.record(uint64(i)), w.get)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, rows...)
	}
	for i := range columns {
		c := &columns[i]
		for k := range all {
			cell := c.appendCell(nil, f, &all[k])
			if len(cell) == 0 && !c.has(optional) {
				t.Errorf("%s: row %d is empty", c.name, k)
			}
			if k > 0 && c.again(&all[k-1], &all[k]) && !bytes.Equal(cell, c.appendCell(nil, f, &all[k-1])) {
				t.Errorf("%s: row %d is not as the row before it", c.name, k)
			}
		}
	}
}

// TestFetched has each blob missing and each of them false: the error is about the first of
// them, whatever the others are.
func TestFetched(t *testing.T) {
	w := newWorld(t)
	record := w.record(w.settle(usual()))
	s, err := record.settlement()
	if err != nil {
		t.Fatal(err)
	}
	order := []codec.Hash{s.Customer, s.Detail, s.Shards.Blob, *s.Labels}
	f, err := NewFOCUS(w.ledger(), "")
	if err != nil {
		t.Fatal(err)
	}
	missing := errors.New("not at hand")
	for first := range order {
		for _, want := range []error{ErrBlob, missing} {
			source := func(hash codec.Hash) ([]byte, error) {
				blob, err := w.get(hash)
				for i := first; i < len(order); i++ {
					if hash != order[i] {
						continue
					}
					if i == first && want == missing || i > first && want == ErrBlob {
						return nil, missing
					}
					return append(bytes.Clone(blob), 0), nil
				}
				return blob, err
			}
			if _, err := f.Rows(record, source); !errors.Is(err, want) {
				t.Errorf("blob %d: %v, want %v", first, err, want)
			}
		}
	}
}
