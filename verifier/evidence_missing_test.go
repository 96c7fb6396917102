package verifier

import (
	"bytes"
	"errors"
	"testing"

	"github.com/forgepool/settle/codec"
	"github.com/forgepool/settle/proof"
)

// missing drafts evidence that the operator has not what a settlement names.
func missing(x *falseBooks, hash codec.Hash, at uint64) *Evidence {
	op := x.actors["operator"]
	a, err := proof.SignAbsence(proof.Absence{Origin: testOrigin, Operator: op.id, Hash: hash, Index: x.settled, Time: at}, op.other)
	if err != nil {
		x.t.Fatal(err)
	}
	return &Evidence{Checkpoint: x.notes(uint64(len(x.records))).A, Settlement: *x.under(x.settled), Missing: &hash,
		Answers: []Answer{AnswerOf(&a)}}
}

func (x *falseBooks) body() *codec.Settlement {
	rec, err := codec.DecodeRecord(x.records[x.settled].Bytes)
	s := new(codec.Settlement)
	if err == nil {
		err = codec.DecodeSettlement(rec.Body, s)
	}
	if err != nil {
		x.t.Fatal(err)
	}
	return s
}

// shard returns an entry of the settlement with its path.
func (x *falseBooks) shard() (*codec.ShardEntry, *ShardProof) {
	entries, err := codec.DecodeManifest(x.blobs[x.body().Shards.Blob])
	if err != nil {
		x.t.Fatal(err)
	}
	leaves := shardLeaves(entries)
	return &entries[0], &ShardProof{Entry: codec.AppendShardEntry(nil, &entries[0]), Path: x.path(proof.SumShards, leaves, leaves[0].Key)}
}

// TestMissingData shows that what a settlement or a shard names is not there.
func TestMissingData(t *testing.T) {
	x := closeWith(t, nil, nil)
	s := x.body()
	entry, shard := x.shard()
	for name, c := range map[string]struct {
		hash  codec.Hash
		shard *ShardProof
	}{
		"manifest": {s.Shards.Blob, nil}, "detail": {s.Detail, nil}, "customer": {s.Customer, nil}, "result": {s.Result.Hash, nil},
		"shard arguments": {entry.Args, shard}, "shard output": {entry.Output.Hash, shard},
	} {
		e := missing(x, c.hash, s.RetainUntil)
		e.Shard = c.shard
		f, err := AccuseMissing(x.trust, e)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		got := confirm(t, x.world, f)
		if got.Recomputed.Field != name || *got.Missing != c.hash || len(got.Answered) != 1 || (got.Shard != nil) != (c.shard != nil) {
			t.Errorf("%s: %+v", name, got)
		}
		flipEach(t, x.world, f)
	}
}

// TestNothingMissing refuses answers that show nothing.
func TestNothingMissing(t *testing.T) {
	x := closeWith(t, nil, nil)
	s := x.body()
	_, shard := x.shard()
	for name, draft := range map[string]*Evidence{
		"not named":           missing(x, testHash("x"), testTime),
		"nothing":             missing(x, codec.Hash{}, testTime),
		"no bytes":            missing(x, codec.BlobHash(nil), testTime),
		"after the retention": missing(x, s.Detail, s.RetainUntil+1),
		"before it was named": missing(x, s.Detail, s.At-1),
	} {
		if _, err := AccuseMissing(x.trust, draft); !errors.Is(err, LieClaim) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, forge := range map[string]func(e *Evidence){
		"another record":  func(e *Evidence) { e.Settlement = *x.under(x.settled - 3) },
		"another hash":    func(e *Evidence) { e.Missing = &s.Result.Hash },
		"another time":    func(e *Evidence) { e.Answers[0].Time-- },
		"no node":         func(e *Evidence) { e.Answers[0].Operator = x.actors["hub"].id },
		"signature":       func(e *Evidence) { e.Answers[0].Signature[0] ^= 1 },
		"one node twice":  func(e *Evidence) { e.Answers = append(e.Answers, e.Answers[0]) },
		"no answer":       func(e *Evidence) { e.Answers = nil },
		"too many":        func(e *Evidence) { e.Answers = make([]Answer, MaxAnswers+1) },
		"shard of detail": func(e *Evidence) { e.Shard = shard },
	} {
		e := missing(x, s.Detail, testTime)
		forge(e)
		if _, err := AccuseMissing(x.trust, e); err == nil {
			t.Errorf("%s: confirmed", name)
		}
	}
}

// TestAnswersAtTheLimit reads as many answers as a file may carry, and one more.
func TestAnswersAtTheLimit(t *testing.T) {
	x := closeWith(t, nil, nil)
	e := missing(x, x.body().Detail, testTime)
	e.Version, e.Fault, e.Answers = 1, FaultMissing, make([]Answer, MaxAnswers)
	if again, err := DecodeEvidence(e.Encode()); err != nil || !bytes.Equal(again.Encode(), e.Encode()) {
		t.Errorf("at the limit: %v", err)
	}
	e.Answers = make([]Answer, MaxAnswers+1)
	if _, err := DecodeEvidence(e.Encode()); !errors.Is(err, LieMalformed) {
		t.Errorf("beyond: %v", err)
	}
}
