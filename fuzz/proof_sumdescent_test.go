package fuzz

import (
	"bytes"
	"errors"
	"testing"

	"github.com/forgepool/settle/codec"
	"github.com/forgepool/settle/proof"
	"github.com/forgepool/settle/verifier"
)

// FuzzProofSumDescent reads descents: what decodes has one encoding, and is judged against
// a stated root or refused by a code. Under a root that it opens it opens no other.
func FuzzProofSumDescent(f *testing.F) {
	eachStored(f, func(file, _ []byte) {
		e, err := verifier.DecodeEvidence(file)
		if err != nil {
			f.Fatal(err)
		}
		if e.Descent == nil {
			return
		}
		rec, err := codec.DecodeRecord(e.Close.Record)
		if err != nil {
			f.Fatal(err)
		}
		var c codec.Cycle
		if err := codec.DecodeCycle(rec.Body, &c); err != nil {
			f.Fatal(err)
		}
		kind, path, root := uint8(e.Descent.Type), e.Descent.Path, c.Journal.Root
		f.Add(kind, path, root[:])
		f.Add(kind^3, path, root[:])
		f.Add(kind, path[:len(path)-1], root[:])
		f.Add(kind, append(bytes.Clone(path), 0), root[:])
	})
	f.Fuzz(func(t *testing.T, kind uint8, data, root []byte) {
		d, err := proof.DecodeSumDescent(proof.SumType(kind), data)
		if err != nil {
			return
		}
		again, err := proof.EncodeSumDescent(proof.SumType(kind), d)
		if err != nil || !bytes.Equal(again, data) {
			t.Fatalf("%x became %x: %v", data, again, err)
		}
		st := proof.SumStatement{Type: proof.SumType(kind), Leaves: d.Top.Leaves, Count: d.Top.Count, Sums: d.Top.Sums}
		copy(st.Root[:], root)
		_, err = d.CheckSplit(st)
		var rejection proof.Rejection
		if err != nil && !errors.As(err, &rejection) {
			t.Fatalf("refused without a code: %v", err)
		}
		if err == nil {
			st.Root[0] ^= 1
			if field, err := d.CheckSplit(st); !errors.Is(err, proof.ErrRootMismatch) {
				t.Fatalf("another root is opened too: %q, %v", field, err)
			}
		}
	})
}
