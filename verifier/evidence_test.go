package verifier

import (
	"bytes"
	"errors"
	"testing"

	"github.com/forgepool/settle/codec"
	"github.com/forgepool/settle/replay"
)

// accused returns a ledger with one false shard, and the evidence of it.
func accused(t *testing.T) (*world, *EvidenceFile) {
	t.Helper()
	w := newWorld(t, 2)
	honest2(w, "honest")
	w.settle(job{name: "false", shards: []shardSpec{{0, 500}, {1, 1}}, entry: func(i int, e *codec.ShardEntry) { e.Output.Hash[0] ^= byte(1 - i) }})
	r := w.audit(20)
	if len(r.Evidence) != 1 {
		t.Fatalf("%d evidence files", len(r.Evidence))
	}
	return w, &r.Evidence[0]
}

func TestEvidenceParseThenFormat(t *testing.T) {
	w, f := accused(t)
	e, err := DecodeEvidence(f.File)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(e.Encode(), f.File) || codec.BlobHash(f.File) != f.Hash {
		t.Error("the evidence changed on its way")
	}
	b, err := DecodeBundle(f.Bundle)
	if err != nil || !bytes.Equal(b.Encode(), f.Bundle) {
		t.Errorf("the bundle changed on its way: %v", err)
	}
	if _, err := e.Receipt().Verify(w.trust); err != nil {
		t.Errorf("receipt: %v", err)
	}
}

// TestEveryFlippedByteIsNamed flips each byte of the evidence and of the bundle.
func TestEveryFlippedByteIsNamed(t *testing.T) {
	w, f := accused(t)
	check := func(file, bundle []byte) error {
		e, err := DecodeEvidence(file)
		if err != nil {
			return err
		}
		_, err = e.Check(w.trust, bundle)
		return err
	}
	if err := check(f.File, f.Bundle); err != nil {
		t.Fatal(err)
	}
	for i := range f.File {
		spoiled := bytes.Clone(f.File)
		spoiled[i] ^= 1
		if err := check(spoiled, f.Bundle); !errors.Is(err, LieSum) && !errors.Is(err, LieMalformed) {
			t.Fatalf("byte %d of the evidence: %v", i, err)
		}
	}
	for i := range f.Bundle {
		spoiled := bytes.Clone(f.Bundle)
		spoiled[i] ^= 1
		if err := check(f.File, spoiled); !errors.Is(err, LieBundle) {
			t.Fatalf("byte %d of the bundle: %v", i, err)
		}
	}
	for _, n := range []int{0, 1, len(f.File) / 2, len(f.File) - 1} {
		if err := check(f.File[:n], f.Bundle); !errors.Is(err, LieMalformed) {
			t.Errorf("cut to %d bytes: %v", n, err)
		}
	}
}

// TestForgedEvidence changes one thing and repairs the checksum: a liar can do that.
func TestForgedEvidence(t *testing.T) {
	for name, forge := range map[string]func(e *Evidence, b *Bundle){
		"fault":              func(e *Evidence, _ *Bundle) { e.Fault = FaultUnits },
		"no such fault":      func(e *Evidence, _ *Bundle) { e.Fault = 6 },
		"receipt instead":    func(e *Evidence, _ *Bundle) { e.Fault, e.Recomputed = FaultReceipt, Recomputed{} },
		"origin":             func(e *Evidence, _ *Bundle) { e.Origin += "x" },
		"checkpoint":         func(e *Evidence, _ *Bundle) { e.Checkpoint[len(e.Checkpoint)-9] ^= 1 },
		"settlement":         func(e *Evidence, _ *Bundle) { e.Settlement.Record[40] ^= 1 },
		"index":              func(e *Evidence, _ *Bundle) { e.Settlement.Index-- },
		"path":               func(e *Evidence, _ *Bundle) { e.Settlement.Path[0][0] ^= 1 },
		"path cut":           func(e *Evidence, _ *Bundle) { e.Settlement.Path = e.Settlement.Path[1:] },
		"another record":     func(e *Evidence, _ *Bundle) { e.Settlement = *e.AgentKey },
		"entry":              func(e *Evidence, _ *Bundle) { e.Shard.Entry[len(e.Shard.Entry)-1] ^= 1 },
		"shard path":         func(e *Evidence, _ *Bundle) { e.Shard.Path[len(e.Shard.Path)-1] ^= 1 },
		"no shard":           func(e *Evidence, _ *Bundle) { e.Shard = nil },
		"agent's key":        func(e *Evidence, _ *Bundle) { e.AgentKey = &e.Settlement },
		"batch signature":    func(e *Evidence, _ *Bundle) { e.Batch.Signature[0] ^= 1 },
		"batch size":         func(e *Evidence, _ *Bundle) { e.Batch.N++ },
		"batch position":     func(e *Evidence, _ *Bundle) { e.Batch.Position-- },
		"batch path":         func(e *Evidence, _ *Bundle) { e.Batch.Path[0][0] ^= 1 },
		"batch time":         func(e *Evidence, _ *Bundle) { e.Batch.Sent++ },
		"submitter":          func(e *Evidence, _ *Bundle) { e.Batch.Submitter[0] ^= 1 },
		"submitter's key":    func(e *Evidence, _ *Bundle) { e.SubmitKey = e.AgentKey },
		"batch without key":  func(e *Evidence, _ *Bundle) { e.SubmitKey = nil },
		"recomputed output":  func(e *Evidence, _ *Bundle) { e.Recomputed.Output.Hash[0] ^= 1 },
		"recomputed units":   func(e *Evidence, _ *Bundle) { e.Recomputed.Units++ },
		"recomputed status":  func(e *Evidence, _ *Bundle) { e.Recomputed.Status = replay.Invalid },
		"arguments":          func(_ *Evidence, b *Bundle) { b.Blobs[0] = mcArgs(1, 0) },
		"one blob too many":  func(_ *Evidence, b *Bundle) { b.Blobs = append(b.Blobs, nil) },
		"no blob":            func(_ *Evidence, b *Bundle) { b.Blobs = nil },
		"policy for nothing": func(e *Evidence, _ *Bundle) { e.Policy = e.AgentKey },
		"payout instead": func(e *Evidence, _ *Bundle) {
			e.Fault, e.Shard, e.Policy, e.AgentKey = FaultPayout, nil, e.AgentKey, nil
		},
	} {
		t.Run(name, func(t *testing.T) {
			w, f := accused(t)
			e, err := DecodeEvidence(f.File)
			if err != nil {
				t.Fatal(err)
			}
			b, err := DecodeBundle(f.Bundle)
			if err != nil {
				t.Fatal(err)
			}
			forge(e, b)
			e.Bundle = codec.BlobHash(b.Encode())
			again, err := DecodeEvidence(e.Encode())
			if err == nil {
				_, err = again.Check(w.trust, b.Encode())
			}
			if err == nil {
				t.Fatal("confirmed")
			}
			if errors.Is(err, LieSum) || errors.Is(err, ErrUnavailable) {
				t.Errorf("not named: %v", err)
			}
		})
	}
}

// TestEvidenceAgainstTheHonest forges evidence about a right shard.
func TestEvidenceAgainstTheHonest(t *testing.T) {
	w := newWorld(t, 1)
	index := w.settle(job{name: "right", shards: []shardSpec{{0, 5}}})
	_, log, frame := w.read()
	x := &examiner{src: w, log: log, frame: frame}
	d := x.openDossier(t.Context(), index)
	e := x.examine(t.Context(), d, shardRef{index, 0})
	if e.verdict != Match {
		t.Fatalf("%v", e.reasons)
	}
	work, err := fetchWork(t.Context(), w, e.entry)
	if err != nil {
		t.Fatal(err)
	}
	for _, fault := range []Fault{FaultOutput, FaultUnits, FaultInvalid, FaultReceipt} {
		forged := *e
		forged.fault = fault
		x.prove(d, &forged, work, nil)
		forged.evidence.Fault = fault
		if fault == FaultReceipt {
			forged.evidence.Recomputed = Recomputed{}
		}
		if err := x.complete(t.Context(), d, &forged, w.trust); !errors.Is(err, LieClaim) {
			t.Errorf("%s: %v", fault, err)
		}
	}
	d.wrong = "charge"
	forged := *e
	x.prove(d, &forged, work, nil)
	if err := x.complete(t.Context(), d, &forged, w.trust); !errors.Is(err, LieClaim) {
		t.Errorf("payout: %v", err)
	}
}

// TestEvidenceWithoutBatch is still evidence about the log, but not about who wrote it.
func TestEvidenceWithoutBatch(t *testing.T) {
	w, f := accused(t)
	e, err := DecodeEvidence(f.File)
	if err != nil {
		t.Fatal(err)
	}
	e.Batch, e.SubmitKey = nil, nil
	c, err := e.Check(w.trust, f.Bundle)
	if err != nil || c.Authorship {
		t.Errorf("authorship %v: %v", c, err)
	}
}

// TestEvidenceOfAnotherLedger checks against another trust policy.
func TestEvidenceOfAnotherLedger(t *testing.T) {
	w, f := accused(t)
	e, err := DecodeEvidence(f.File)
	if err != nil {
		t.Fatal(err)
	}
	w.actors["operator"].third = testKey("another checkpoint key")
	if _, err := e.Check(w.newTrust(), f.Bundle); err == nil {
		t.Error("confirmed under keys that did not sign")
	}
}

// TestBundleLimits tests the number of blobs at its edge and one beyond.
func TestBundleLimits(t *testing.T) {
	at := &Bundle{Blobs: make([][]byte, MaxBundleBlobs)}
	if _, err := DecodeBundle(at.Encode()); err != nil {
		t.Errorf("at the limit: %v", err)
	}
	beyond := &Bundle{Blobs: make([][]byte, MaxBundleBlobs+1)}
	if _, err := DecodeBundle(beyond.Encode()); !errors.Is(err, LieMalformed) {
		t.Errorf("beyond: %v", err)
	}
	if _, err := DecodeBundle([]byte{0x82, 2, 0x80}); !errors.Is(err, LieMalformed) {
		t.Errorf("version 2: %v", err)
	}
	if _, err := DecodeEvidence(make([]byte, MaxEvidence+1)); !errors.Is(err, LieMalformed) {
		t.Errorf("large evidence: %v", err)
	}
}
