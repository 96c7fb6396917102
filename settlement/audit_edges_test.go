package settlement

import (
	"testing"

	"github.com/forgepool/settle/codec"
)

// What an attestation points to in the log: an intent of the auditor, and a checkpoint that
// covers the close and is no longer than the log.
func TestReferencesOfAnAttestation(t *testing.T) {
	for _, c := range []struct {
		name string
		code codec.Code
		edit func(*audited, *codec.Audit)
	}{
		{"the shortest checkpoint", "", func(*audited, *codec.Audit) {}},
		{"a checkpoint without the close", codec.CodeBadAudit, func(a *audited, x *codec.Audit) {
			x.Checkpoint.Size = a.close
			x.Checkpoint.Root, _ = a.RootAt(a.close)
		}},
		{"a checkpoint as long as the log", "", func(a *audited, x *codec.Audit) {
			x.Checkpoint.Size = a.moment.Index
			x.Checkpoint.Root, _ = a.RootAt(a.moment.Index)
		}},
		{"a checkpoint longer than the log", codec.CodeBadAudit, func(a *audited, x *codec.Audit) {
			x.Checkpoint.Size = a.moment.Index + 1
			x.Checkpoint.Root, _ = a.RootAt(x.Checkpoint.Size)
		}},
		{"an attestation instead of an intent", codec.CodeUnknownTarget, func(a *audited, x *codec.Audit) {
			a.accepted([][]byte{a.report}, signedAudit(a.attestation(), a.actors["auditor"].owner()))
			*x.Intent = a.moment.Index - 1
		}},
		{"a dispute of the auditor", codec.CodeUnknownTarget, func(a *audited, x *codec.Audit) { *x.Intent = a.dispute }},
	} {
		t.Run(c.name, func(t *testing.T) {
			a := newAudited(t)
			x := a.attestation()
			x.Intent = ptr(*x.Intent)
			c.edit(a, x)
			if r := signedAudit(x, a.actors["auditor"].owner()); c.code != "" {
				a.refused(c.code, [][]byte{a.report}, r)
			} else {
				a.accepted([][]byte{a.report}, r)
			}
		})
	}
}

// A cycle that was cut is not audited before it is closed.
func TestAttestationOfACut(t *testing.T) {
	a := newAudited(t)
	owner := a.actors["auditor"].owner()
	a.cutOff()
	x := a.attestation()
	x.Intent = &a.Intent(a.actors["auditor"].id, worldCycle+1).Index
	*x.Secret = secretOf("auditor", worldCycle+1)
	x.Close = ptr(a.Cycle(worldCycle + 1).Cut.RecordRef)
	a.refused(codec.CodeUnknownTarget, [][]byte{a.report}, signedAudit(x, owner))
	x.Close = &codec.RecordRef{}
	a.refused(codec.CodeUnknownTarget, [][]byte{a.report}, signedAudit(x, owner))
}

// Numbers of an attestation at their edges, and one beyond.
func TestNumbersOfAnAttestation(t *testing.T) {
	a := newAudited(t)
	limit := a.value() / 100 // f = 10,000 ppm
	if limit*100 != a.value() {
		limit = a.value() * 10_000 / million
	}
	for _, c := range []struct {
		name string
		code codec.Code
		edit func(*codec.Audit)
	}{
		{"as much as is tolerated", "", func(x *codec.Audit) { x.Bounds.Upper = limit }},
		{"more than is tolerated", codec.CodeBadAudit, func(x *codec.Audit) { x.Bounds.Upper = limit + 1 }},
		{"a bound whose product leaves 64 bits", codec.CodeBadAudit, func(x *codec.Audit) { x.Bounds.Upper = 1 << 58 }},
		{"the same, failed", "", func(x *codec.Audit) { x.Bounds.Upper, *x.Opinion = 1<<58, codec.OpinionFail }},
		{"over as soon as begun", "", func(x *codec.Audit) { x.Span.End = x.Span.Start }},
		{"over before it began", codec.CodeBadAudit, func(x *codec.Audit) { x.Span.End = x.Span.Start - 1 }},
		{"as many draws as declared", "", func(x *codec.Audit) { x.Draws = &codec.Draws{Vouching: 299, Tracing: 75} }},
		{"a vouching draw less", codec.CodeBadAudit, func(x *codec.Audit) { x.Draws = &codec.Draws{Vouching: 298, Tracing: 75} }},
		{"a tracing draw less", codec.CodeBadAudit, func(x *codec.Audit) { x.Draws = &codec.Draws{Vouching: 299, Tracing: 74} }},
		{"results of 2^63-1", "", func(x *codec.Audit) {
			x.Result = &codec.AuditResult{Distinct: codec.MaxAmount, Passed: codec.MaxAmount - 1, Documentary: 1}
		}},
		{"results of 2^63", codec.CodeOverflow, func(x *codec.Audit) {
			x.Result = &codec.AuditResult{Distinct: codec.MaxAmount, Passed: codec.MaxAmount, Documentary: 1}
		}},
		{"a result too many", codec.CodeBadAudit, func(x *codec.Audit) { x.Result.Passed++ }},
		{"findings that descend", codec.CodeBadAudit, func(x *codec.Audit) { *x.Findings = []uint64{a.dispute + 1, a.dispute} }},
		{"findings that ascend", "", func(x *codec.Audit) { *x.Findings = []uint64{a.dispute, a.dispute + 1} }},
		{"findings of 2^63", codec.CodeOutOfRange, func(x *codec.Audit) { *x.Findings = []uint64{1 << 63} }},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := a.settled.fork(t)
			s.disputes[a.dispute+1] = s.disputes[a.dispute]
			x := a.attestation()
			c.edit(x)
			if r := signedAudit(x, s.actors["auditor"].owner()); c.code != "" {
				s.refused(c.code, [][]byte{a.report}, r)
			} else {
				s.accepted([][]byte{a.report}, r)
			}
		})
	}
}

// Edges of 6.9 key 22: what did not pass forbids the opinion 1, one item is enough.
func TestOpinionsByResult(t *testing.T) {
	a := newAudited(t)
	for _, result := range []codec.AuditResult{{Distinct: 4, Passed: 4}, {Distinct: 4, Passed: 3, Failed: 1}, {Distinct: 4, Passed: 3, Unavailable: 1}} {
		for opinion := codec.OpinionPass; opinion <= codec.OpinionIncomplete; opinion++ {
			s := a.settled.fork(t)
			x := a.attestation()
			x.Result, *x.Opinion = &result, opinion
			r := signedAudit(x, s.actors["auditor"].owner())
			if opinion == codec.OpinionPass && result.Passed < 4 {
				s.refused(codec.CodeBadAudit, [][]byte{a.report}, r)
			} else {
				s.accepted([][]byte{a.report}, r)
			}
		}
	}
}
