package settlement

import (
	"slices"

	"github.com/forgepool/settle/codec"
)

func badDispute(why string) *codec.Refusal { return codec.Refuse(codec.CodeBadDispute, why) }

// dispute decides on a dispute record (docs/formats/records.md section 6.6).
func (j *judgement) dispute() *codec.Refusal {
	b := &j.rec.Dispute.Body
	if b.Op == codec.DisputeOpen {
		return j.openDispute()
	}
	d := j.v.Dispute(*b.Opened)
	if d == nil {
		return codec.Refuse(codec.CodeUnknownTarget, "no dispute was opened there")
	}
	if r := j.disputeSigned(b, d); r != nil { // A5
		return r
	}
	if r := j.disputeArrives(b); r != nil { // A3, A4, A7
		return r
	}
	if d.Status != StatusOpen { // 11
		return codec.Refuse(codec.CodeNotOpen, "the dispute has ended")
	}
	switch b.Op {
	case codec.DisputeAccept, codec.DisputeReject:
		return j.ruling(b, d)
	case codec.DisputeWithdraw:
		return j.endDispute(d, StatusWithdrawn, 0)
	case codec.DisputeEscalate:
		if d.Escalated {
			return badDispute("escalated before")
		}
		after := *d
		after.Escalated = true
		j.change.Dispute = &after
		return nil
	default: // evidence leaves the state alone
		return j.evidenceSizes(b)
	}
}

// disputeSigned is A5 for ops 2 to 6. Neither suspension nor exit stops the claimant.
func (j *judgement) disputeSigned(b *codec.Dispute, d *Dispute) *codec.Refusal {
	rule := signerRule{self: j.v.Party(d.Author), selfMin: 1, selfExact: true, idle: true}
	switch b.Op {
	case codec.DisputeEvidence:
		if b.Author == d.TargetAuthor && b.Author != d.Author {
			rule.self, rule.idle = j.v.Party(d.TargetAuthor), false
		}
	case codec.DisputeAccept, codec.DisputeReject:
		arbiters := 1
		if d.Escalated || j.at.Time > d.Deadline {
			arbiters = 2
		}
		rule = signerRule{groups: []group{{codec.RoleArbiter, arbiters, arbiters}}}
	}
	signers, r := j.signed(&rule, nil)
	if r != nil {
		return r
	}
	if !slices.Contains(signers, b.Author) {
		return codec.Refuse(codec.CodeWrongAuthor, "the author is not who signs this")
	}
	return nil
}

// disputeArrives is A3, A4 and A7.
func (j *judgement) disputeArrives(b *codec.Dispute) *codec.Refusal {
	if r := j.inTime(); r != nil {
		return r
	}
	if r := j.openCycle(); r != nil {
		return r
	}
	if j.rec.Dispute.overflows { // A6
		return overflow("sum of the contested lines")
	}
	if b.Evidence == nil {
		return nil
	}
	for _, e := range *b.Evidence {
		if _, r := j.blob(e.Hash); r != nil {
			return r
		}
	}
	return nil
}

// evidenceSizes is row 16 once the blobs are known to be there.
func (j *judgement) evidenceSizes(b *codec.Dispute) *codec.Refusal {
	for _, e := range *b.Evidence {
		if uint64(len(j.lookUp(e.Hash))) != e.Size {
			return badDispute("a size is not that of its blob")
		}
	}
	return nil
}
