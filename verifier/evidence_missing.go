package verifier

import (
	"bytes"
	"slices"

	"github.com/forgepool/settle/codec"
	"github.com/forgepool/settle/proof"
)

// Answer is a node's signed word that it has not what it was asked for
// (docs/formats/evidence.md section 9).
type Answer struct {
	_         struct{} `cbor:",toarray"`
	Operator  codec.ID
	Time      uint64    // the node's clock, ms
	Signature codec.Sig // by the operator's node key
}

// AnswerOf returns an absence as it stands in evidence.
func AnswerOf(a *proof.Absence) Answer {
	return Answer{Operator: a.Operator, Time: a.Time, Signature: a.Sig}
}

// checkMissing confirms that bytes which the settlement promised to keep were not there
// while the promise held. A node can lie against itself, but not for another.
func (e *Evidence) checkMissing(policy *proof.TrustPolicy, c *Confirmed, bundle *Bundle) error {
	if len(bundle.Blobs) != 0 {
		return lie(LieBundle, "%d blobs instead of 0", len(bundle.Blobs))
	}
	var entry *codec.ShardEntry
	if e.Shard != nil {
		var err error
		if entry, err = e.checkEntry(c); err != nil {
			return err
		}
	}
	name := nameOf(c.body, entry, *e.Missing)
	if got := (Recomputed{Field: name}); name == "" || got != e.Recomputed {
		return lie(LieClaim, "%s is %q of the settlement, the evidence says %q", *e.Missing, name, e.Recomputed.Field)
	}
	for i := range e.Answers {
		a := &e.Answers[i]
		if i > 0 && bytes.Compare(e.Answers[i-1].Operator[:], a.Operator[:]) >= 0 {
			return lie(LieMalformed, "answers are not ascending by operator")
		}
		if a.Time < c.body.At || a.Time > c.body.RetainUntil {
			return lie(LieClaim, "answered at %d ms, kept from %d to %d", a.Time, c.body.At, c.body.RetainUntil)
		}
		if err := policy.CheckAbsence(&proof.Absence{Origin: e.Origin, Operator: a.Operator, Hash: *e.Missing,
			Index: e.Settlement.Index, Time: a.Time, Sig: a.Signature}); err != nil {
			return err
		}
		c.Answered = append(c.Answered, a.Operator)
	}
	c.Missing, c.Until, c.Nodes = e.Missing, c.body.RetainUntil, len(policy.Spec().Nodes)
	return nil
}

// nameOf names the part of a settlement, or of one shard of it if entry is not nil, that
// a hash stands for; "" if it stands for none. No bytes are nobody's to keep.
func nameOf(s *codec.Settlement, entry *codec.ShardEntry, hash codec.Hash) string {
	if hash == (codec.Hash{}) || hash == codec.BlobHash(nil) {
		return ""
	}
	if entry != nil {
		switch {
		case entry.Args == hash:
			return "shard arguments"
		case slices.ContainsFunc(entry.Inputs, func(in codec.Blob) bool { return in.Hash == hash }):
			return "shard input"
		case entry.Output.Hash == hash:
			return "shard output"
		}
		return ""
	}
	switch hash {
	case s.Shards.Blob:
		return "manifest"
	case s.Detail:
		return "detail"
	case s.Customer:
		return "customer"
	case s.Args.Hash:
		return "arguments"
	case s.Result.Hash:
		return "result"
	case s.Verify.Evidence:
		return "verification"
	}
	if s.Labels != nil && *s.Labels == hash {
		return "labels"
	}
	if slices.ContainsFunc(s.Artifacts, func(a codec.Artifact) bool { return a.Hash == hash }) {
		return "artifact"
	}
	return ""
}
