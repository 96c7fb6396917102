package settlement

import (
	"math/bits"

	"github.com/forgepool/settle/codec"
)

// attesting is the work on one attestation.
type attesting struct {
	*judgement
	b      *codec.Audit
	intent *Intent
	cycle  *Cycle // audited and closed
	value  uint64 // V: provider credit of the close, micro-Credits
}

// attestation decides on op 2. Nodes check form and consistency, not the audit.
func (j *judgement) attestation(b *codec.Audit) *codec.Refusal {
	if _, r := j.blob(*b.Items); r != nil { // A7
		return r
	}
	a := attesting{judgement: j, b: b}
	for _, check := range [...]func() *codec.Refusal{
		a.promised, a.closed, a.published, a.seeded, a.drawn, a.concluded, a.found,
	} {
		if r := check(); r != nil {
			return r
		}
	}
	opened := *a.intent
	opened.Attested = j.at.Index
	j.change.Intent = &opened
	j.change.Attestation = &Attestation{
		Index: j.at.Index, Auditor: b.Auditor, Cycle: a.intent.Cycle, Opinion: *b.Opinion, Findings: *b.Findings,
	}
	return nil
}

// promised is row 15: an intent of the auditor that is not opened yet.
func (a *attesting) promised() *codec.Refusal {
	unknown := codec.Refuse(codec.CodeUnknownTarget, "intent is not a record of the auditor's intent")
	logged := a.v.Logged(*a.b.Intent)
	if logged == nil {
		return unknown
	}
	rec, err := codec.DecodeRecord(logged.Bytes)
	if err != nil || rec.Kind != codec.KindAudit {
		return unknown
	}
	var body codec.Audit
	if err := codec.Decode(rec.Body, &body); err != nil || body.Op != codec.AuditIntent || body.Auditor != a.b.Auditor {
		return unknown
	}
	if a.intent = a.v.Intent(body.Auditor, *body.Audited); a.intent.Attested != 0 {
		return codec.Refuse(codec.CodeNotOpen, "the intent was opened before")
	}
	return nil
}

// closed is row 16; it reads the value of the cycle from the close.
func (a *attesting) closed() *codec.Refusal {
	a.cycle = a.v.Cycle(a.intent.Cycle)
	if a.cycle.Close == nil || a.cycle.Close.RecordRef != *a.b.Close {
		return codec.Refuse(codec.CodeUnknownTarget, "not the close of the cycle that the intent names")
	}
	a.value = providerCredit(a.v.Logged(a.b.Close.Index).Bytes)
	return nil
}

// providerCredit returns what a close states as the credit of providers.
func providerCredit(record []byte) uint64 {
	rec, err := codec.DecodeRecord(record)
	var body codec.Cycle
	if err == nil {
		err = codec.Decode(rec.Body, &body)
	}
	if err != nil || body.Subtotals == nil {
		panic("settlement: the close of a cycle is no close")
	}
	for _, s := range *body.Subtotals {
		if s.Role == codec.RoleProvider {
			return s.Credit
		}
	}
	return 0
}

// published is row 17.
func (a *attesting) published() *codec.Refusal {
	x := a.b.Checkpoint
	if x.Size <= a.b.Close.Index {
		return badAudit("the checkpoint does not cover the close")
	}
	if root, ok := a.v.RootAt(x.Size); !ok || root != x.Root {
		return badAudit("the checkpoint's root is not that of the log at its size")
	}
	return nil
}

// seeded is rows 18 and 19: what the sample was drawn from.
func (a *attesting) seeded() *codec.Refusal {
	if codec.AuditCommitment(a.b.Auditor, a.intent.Cycle, *a.b.Secret) != a.intent.Commit {
		return badAudit("the secret is not the one committed to")
	}
	named := a.cycle.Beacon()
	if (named == nil) != (a.b.Beacon == nil) || named != nil && named.Round != a.b.Beacon.Round {
		return badAudit("not the cycle's beacon round")
	}
	return nil
}

// Beacon returns the beacon round that counts for a cycle: that of the close, else that
// of the cut, nil if there is none.
func (c *Cycle) Beacon() *codec.BeaconRound {
	if c.Close != nil && c.Close.Beacon != nil {
		return c.Close.Beacon
	}
	if c.Cut != nil {
		return c.Cut.Beacon
	}
	return nil
}

// drawn is rows 20 to 22.
func (a *attesting) drawn() *codec.Refusal {
	frame, draws, target := a.b.Frame, a.b.Draws, &a.intent.Target
	switch {
	case frame.Value != a.value:
		return badAudit("V is not the credit of providers in the close")
	case frame.Basis != 1 && frame.Basis != 2:
		return badAudit("unknown basis of the frame")
	case a.value == 0 && (draws.Vouching != 0 || draws.Tracing != 0):
		return badAudit("draws from nothing")
	case a.value > 0 && (draws.Vouching < target.Draws || draws.Tracing < tracingDraws(target)):
		return badAudit("fewer draws than declared")
	}
	x := a.b.Result
	total, ok := x.Passed, true
	for _, n := range [...]uint64{x.Failed, x.Unavailable, x.Documentary} {
		var fits bool
		total, fits = sum(total, n)
		ok = ok && fits
	}
	if !ok {
		return overflow("sum of the results")
	}
	if total != x.Distinct {
		return badAudit("the results do not add up to the items")
	}
	return nil
}

// tracingDraws returns ceil(n * tracing_ppm / 10^6), which is at most 2n.
func tracingDraws(t *codec.AuditTarget) uint64 {
	hi, lo := bits.Mul64(t.Draws, t.TracingPPM)
	lo, carry := bits.Add64(lo, million-1, 0)
	q, _ := bits.Div64(hi+carry, lo, million)
	return q
}

// concluded is rows 26 and 27. Rows 23 to 25 bind nothing.
func (a *attesting) concluded() *codec.Refusal {
	span, opinion := a.b.Span, *a.b.Opinion
	fails := opinion == codec.OpinionFail || opinion == codec.OpinionIncomplete
	switch {
	case span.Start < a.cycle.Close.Stamp || span.End < span.Start:
		return badAudit("the audit began before the close, or ended before it began")
	case opinion < codec.OpinionPass || opinion > codec.OpinionIncomplete:
		return badAudit("unknown opinion")
	case (a.b.Result.Failed > 0 || a.b.Result.Unavailable > 0) && opinion == codec.OpinionPass:
		return badAudit("a pass with items that did not pass")
	case a.beyondTolerance() && !fails:
		return badAudit("the upper bound exceeds what the audit tolerates")
	case a.value == 0 && opinion != codec.OpinionPass:
		return badAudit("nothing to audit passes")
	}
	return nil
}

// beyondTolerance says whether the upper bound on bad value exceeds f*V.
func (a *attesting) beyondTolerance() bool {
	boundHi, boundLo := bits.Mul64(a.b.Bounds.Upper, million)
	hi, lo := bits.Mul64(a.value, a.intent.Target.FaultPPM)
	return boundHi > hi || boundHi == hi && boundLo > lo
}

// found is row 28.
func (a *attesting) found() *codec.Refusal {
	list := *a.b.Findings
	for i, opened := range list {
		if a.v.Dispute(opened) == nil {
			return codec.Refuse(codec.CodeUnknownTarget, "a finding opened no dispute")
		}
		if i > 0 && list[i-1] >= opened {
			return badAudit("findings not ascending")
		}
	}
	return nil
}
