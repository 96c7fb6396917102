package fuzz

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/forgepool/settle/codec"
	"github.com/forgepool/settle/proof"
	"github.com/forgepool/settle/verifier"
)

// storedEvidence has evidence of every fault, which one trust policy opens.
var storedEvidence = filepath.Join("..", "verifier", "testdata", "evidence")

// eachStored calls f with each stored evidence and its bundle, and returns the trust
// policy.
func eachStored(f *testing.F, add func(file, bundle []byte)) *proof.TrustPolicy {
	f.Helper()
	read := func(name string) []byte {
		data, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		return data
	}
	names, err := filepath.Glob(filepath.Join(storedEvidence, "*.evidence"))
	if err != nil || len(names) == 0 {
		f.Fatal("no evidence is stored", err)
	}
	for _, name := range names {
		add(read(name), read(strings.TrimSuffix(name, ".evidence")+".bundle"))
	}
	trust, err := proof.ParseTrustPolicy(read(filepath.Join(storedEvidence, "ledger.trust")))
	if err != nil {
		f.Fatal(err)
	}
	return trust
}

// accused returns the record that evidence says something false of.
func accused(e *verifier.Evidence) string {
	if e.Fault.OfClose() {
		return string(e.Close.Record)
	}
	return string(e.Settlement.Record)
}

// FuzzEvidenceCheck checks evidence whose sum and bundle hash were repaired, as a forger
// can. Whatever bytes change, nobody is accused but those who stored evidence is about:
// every record stands under a checkpoint and every path under a root. What is refused is so
// by a code, or is left open.
func FuzzEvidenceCheck(f *testing.F) {
	guilty := map[string]bool{}
	trust := eachStored(f, func(file, bundle []byte) {
		e, err := verifier.DecodeEvidence(file)
		if err != nil {
			f.Fatal(err)
		}
		guilty[accused(e)] = true
		f.Add(file, bundle)
		e.Recomputed.Field += "x"
		f.Add(e.Encode(), bundle)
		e.Recomputed.Field, e.Batch, e.SubmitKey = "", nil, nil
		f.Add(e.Encode(), bundle)
	})
	f.Fuzz(func(t *testing.T, file, bundle []byte) {
		e := new(verifier.Evidence)
		if len(file) > verifier.MaxEvidence || codec.Decode(file, e) != nil {
			return
		}
		e.Version, e.Origin, e.Bundle = 1, trust.Origin(), codec.BlobHash(bundle)
		again, err := verifier.DecodeEvidence(e.Encode())
		if err == nil {
			_, err = again.Check(trust, bundle)
		}
		var lie verifier.Lie
		var rejection proof.Rejection
		switch {
		case err == nil:
			if !guilty[accused(again)] {
				t.Fatalf("%s accuses record %d", again.Fault, again.Settlement.Index)
			}
		case !errors.As(err, &lie) && !errors.As(err, &rejection) && !errors.Is(err, verifier.ErrUnavailable):
			t.Fatalf("refused without a code: %v", err)
		}
	})
}
