package settlement

import "github.com/forgepool/settle/codec"

const (
	methodPPS    = 1  // docs/formats/sampling.md section 3
	intentCycles = 12 // how many cycles after the open one an intent may name
)

func badAudit(why string) *codec.Refusal { return codec.Refuse(codec.CodeBadAudit, why) }

// audit decides on an audit record (docs/formats/records.md section 6.9).
func (j *judgement) audit() *codec.Refusal {
	b := &j.rec.Audit.Body
	auditor := j.v.Party(b.Auditor)
	switch {
	case auditor == nil:
		return codec.Refuse(codec.CodeUnknownParty, "no party "+b.Auditor.String())
	case auditor.Role != codec.RoleAuditor:
		return codec.Refuse(codec.CodeWrongRole, "not an auditor: "+b.Auditor.String())
	}
	// Whoever promised an audit may deliver it, whatever became of him.
	rule := signerRule{self: auditor, selfMin: 1, selfExact: true, idle: b.Op == codec.AuditAttestation}
	if _, r := j.signed(&rule, nil); r != nil { // A5
		return r
	}
	if b.Author != b.Auditor {
		return codec.Refuse(codec.CodeWrongAuthor, "the author is not the auditor")
	}
	if r := j.inTime(); r != nil { // A3
		return r
	}
	if r := j.openCycle(); r != nil { // A4
		return r
	}
	if b.Op == codec.AuditIntent {
		return j.intent(b)
	}
	return j.attestation(b)
}

// intent decides on op 1. Row 29 comes first, because the others need the cycle.
func (j *judgement) intent(b *codec.Audit) *codec.Refusal {
	if !within(j.facts.Cycles.Numbering, j.at.Cycle, *b.Audited, intentCycles) { // 29
		return badAudit("audited is neither the open cycle nor one of the 12 after it")
	}
	switch { // 12, 13
	case j.v.Committed(*b.Commit):
		return codec.Refuse(codec.CodeIntentExists, "the commitment was used before")
	case j.v.Intent(b.Auditor, *b.Audited) != nil:
		return codec.Refuse(codec.CodeIntentExists, "the auditor has an intent for this cycle")
	case *b.Method != methodPPS:
		return badAudit("unknown method")
	}
	if r := checkTarget(b.Target, &j.v.PolicyFor(*b.Audited).Body.Audit); r != nil { // 14
		return r
	}
	cycle := Cycle{Number: *b.Audited}
	if known := j.v.Cycle(*b.Audited); known != nil {
		cycle = *known
	}
	cycle.Intents++
	j.change.Cycles = []*Cycle{&cycle}
	j.change.Intent = &Intent{
		Auditor: b.Auditor, Cycle: *b.Audited, Index: j.at.Index, Commit: *b.Commit, Target: *b.Target,
	}
	return nil
}

// checkTarget is row 14: at least what the policy asks, and the number of draws that
// follows from it. That number is bounded before the formula is tried.
func checkTarget(t *codec.AuditTarget, rules *codec.AuditRules) *codec.Refusal {
	switch {
	case t.ConfPPM < rules.ConfPPM || t.ConfPPM >= million:
		return badAudit("confidence below the policy's, or certain")
	case t.FaultPPM > rules.FaultPPM || t.FaultPPM == 0:
		return badAudit("tolerated fault above the policy's, or none")
	case t.TracingPPM < rules.TracingPPM || t.TracingPPM > codec.MaxPPM:
		return badAudit("share of tracing draws below the policy's, or above twice the whole")
	case t.Draws == 0 || t.Draws > rules.MaxDraws:
		return badAudit("no draws, or more than the policy's n_max")
	case !EnoughDraws(t.Draws, t.ConfPPM, t.FaultPPM) || EnoughDraws(t.Draws-1, t.ConfPPM, t.FaultPPM):
		return badAudit("draws are not the number that confidence and fault give")
	}
	return nil
}
