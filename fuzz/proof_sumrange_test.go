package fuzz

import (
	"bytes"
	"testing"

	"github.com/forgepool/settle/proof"
)

// FuzzProofSumRange reads growing sum trees: what decodes has one encoding, and goes on
// growing without a panic.
func FuzzProofSumRange(f *testing.F) {
	for _, kind := range []proof.SumType{proof.SumPartyPostings, proof.SumJournal} {
		for n := range uint64(4) {
			r, err := proof.NewSumRange(kind)
			if err != nil {
				f.Fatal(err)
			}
			for i := range n {
				posting, journal := proof.PostingKey(i, 0), proof.JournalKey(i)
				key := journal[:]
				if kind == proof.SumPartyPostings {
					key = posting[:]
				}
				if err := r.Append(&proof.SumLeaf{Key: key, Count: 1, Sums: [2]uint64{i, 200}}); err != nil {
					f.Fatal(err)
				}
			}
			f.Add(uint8(kind), proof.AppendSumRange(nil, r), bytes.Repeat([]byte{0xff}, 10))
		}
	}
	f.Fuzz(func(t *testing.T, kind uint8, data, key []byte) {
		r, err := proof.DecodeSumRange(proof.SumType(kind), data)
		if err != nil {
			return
		}
		if again := proof.AppendSumRange(nil, r); !bytes.Equal(again, data) {
			t.Fatalf("%x became %x", data, again)
		}
		before, root := r.Totals(), r.Root()
		if err := r.Append(&proof.SumLeaf{Key: key, Count: 1, Sums: [2]uint64{1, 0}}); err != nil {
			if r.Root() != root || r.Totals() != before {
				t.Fatal("a refused leaf changed the tree")
			}
			return
		}
		if after := r.Totals(); after.Leaves != before.Leaves+1 || after.Sums[0] != before.Sums[0]+1 || r.Root() == root {
			t.Fatalf("%+v became %+v", before, after)
		}
	})
}
