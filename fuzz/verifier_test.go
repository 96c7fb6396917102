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
	if fault == verifier.FaultPayout {
		e.Policy = proved
	} else {
		e.Shard, e.AgentKey = &verifier.ShardProof{Entry: []byte{1}, Path: []byte{2}}, proved
	}
	if fault == verifier.FaultOutput {
		e.Batch, e.SubmitKey = &verifier.BatchProof{N: 1, Path: []codec.Hash{}}, proved
	}
	return e
}

// FuzzEvidence: what is accepted has one encoding.
func FuzzEvidence(f *testing.F) {
	for fault := verifier.FaultOutput; fault <= verifier.FaultPayout; fault++ {
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
