package fuzz

import (
	"bytes"
	"testing"

	"github.com/forgepool/settle/codec"
	"github.com/forgepool/settle/verifier"
)

// evidenceSeed is evidence in form, about nothing.
func evidenceSeed(fault verifier.Fault) *verifier.Evidence {
	proved := &verifier.Proved{Index: 1, Record: []byte{0xa0}, Path: []codec.Hash{{1}}}
	e := &verifier.Evidence{Version: 1, Origin: "ledger.example/settle/blake3", Fault: fault,
		Checkpoint: []byte("note"), Settlement: *proved}
	switch {
	case fault == verifier.FaultPayout:
		e.Policy = proved
	case fault == verifier.FaultMissing:
		e.Missing, e.Answers = &codec.Hash{1}, []verifier.Answer{{Time: 1}}
	case fault.OfClose():
		e.Close, e.CloseKey = proved, proved
	default:
		e.Shard, e.AgentKey = &verifier.ShardProof{Entry: []byte{1}, Path: []byte{2}}, proved
	}
	switch fault {
	case verifier.FaultTree:
		e.Descent = &verifier.Descent{Type: 4, Path: []byte{1}}
	case verifier.FaultPayout:
		e.Standing = proved
	case verifier.FaultOutput:
		e.Batch, e.SubmitKey = &verifier.BatchProof{N: 1, Path: []codec.Hash{}}, proved
	}
	return e
}

// FuzzEvidence: what is accepted has one encoding.
func FuzzEvidence(f *testing.F) {
	for fault := verifier.FaultOutput; fault <= verifier.FaultTree; fault++ {
		f.Add(evidenceSeed(fault).Encode())
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		e, err := verifier.DecodeEvidence(data)
		if err != nil {
			return
		}
		if !bytes.Equal(e.Encode(), data) {
			t.Fatal("two encodings of one evidence")
		}
	})
}

// FuzzBundle: what is accepted has one encoding.
func FuzzBundle(f *testing.F) {
	f.Add((&verifier.Bundle{}).Encode())
	f.Add((&verifier.Bundle{Blobs: [][]byte{{1, 2, 3}, {}}}).Encode())
	f.Fuzz(func(t *testing.T, data []byte) {
		b, err := verifier.DecodeBundle(data)
		if err != nil {
			return
		}
		if !bytes.Equal(b.Encode(), data) {
			t.Fatal("two encodings of one bundle")
		}
	})
}

// FuzzStatement: what is accepted has one encoding, and as many postings as it says.
func FuzzStatement(f *testing.F) {
	s := &verifier.Statement{Version: 1, Origin: "ledger.example/settle/blake3", Checkpoint: []byte("note"),
		Close: verifier.Proved{Index: 1, Record: []byte{0xa0}, Path: []codec.Hash{{1}}}, Role: codec.RoleProvider, Rows: []byte{}}
	f.Add(s.Encode())
	s.Add(&verifier.StatementPosting{Index: 1, Line: 2, Side: codec.Debit, Amount: 3})
	f.Add(s.Encode())
	f.Fuzz(func(t *testing.T, data []byte) {
		s, err := verifier.DecodeStatement(data)
		if err != nil {
			return
		}
		again := *s
		again.Rows = []byte{}
		for i := range s.Postings() {
			p := s.Posting(i)
			again.Add(&p)
		}
		if !bytes.Equal(again.Encode(), data) {
			t.Fatal("two encodings of one statement")
		}
	})
}
