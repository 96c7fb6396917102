package settlement

import (
	"slices"

	"github.com/forgepool/settle/codec"
)

func badAdjustment(why string) *codec.Refusal { return codec.Refuse(codec.CodeBadAdjustment, why) }

// correcting is the work on one adjustment.
type correcting struct {
	*judgement
	*PreparedAdjustment
	signers     []codec.ID
	target      *Logged
	dispute     *Dispute     // causes 1 and 6: whose ruling key 12 names
	attestation *Attestation // causes 2 and 6: which key 12 names
	closed      *Cycle       // cause 5: whose debts are carried
	debts       []Debt       // cause 5: that are left to carry
	accounts    *books
	taken       map[LineRef]*Reversal // of the lines that are reversed
}

// adjustment decides on an adjustment (docs/formats/records.md section 6.7).
func (j *judgement) adjustment() *codec.Refusal {
	c := correcting{
		judgement: j, PreparedAdjustment: j.rec.Adjustment,
		accounts: newBooks(j), taken: map[LineRef]*Reversal{},
	}
	for _, rule := range [...]func() *codec.Refusal{
		c.signedBy, c.arrives, // A5, A3, A4, A7
		c.findTarget, c.cause, // 10, 12
		c.detail, c.service, // 13-15, 16
		c.lines, c.direction, // table of causes
	} {
		if r := rule(); r != nil {
			return r
		}
	}
	return c.post()
}

// consent lets the parties sign whose debit a cause 3 may ask for, or an arbiter in
// their place. Which of them must is seen in the postings.
var consent = []group{
	{codec.RoleProvider, 0, codec.MaxSignatures}, {codec.RoleAdapter, 0, codec.MaxSignatures},
	{codec.RoleCustomer, 0, codec.MaxSignatures}, {codec.RoleArbiter, 0, 1},
}

// correctors says who signs an adjustment, by its cause.
var correctors = [...]signerRule{
	codec.CauseDispute:      {groups: []group{{codec.RoleArbiter, 2, 2}}},
	codec.CauseAudit:        {hub: true, groups: []group{{codec.RoleArbiter, 1, 1}, {codec.RoleAuditor, 1, 1}}},
	codec.CauseBillingError: {hub: true, groups: consent},
	codec.CauseGoodwill:     {hub: true},
	codec.CauseCarryForward: {hub: true},
	codec.CausePenalty:      {hub: true, groups: []group{{codec.RoleArbiter, 1, 1}}},
}

// signed is A5.
func (c *correcting) signedBy() *codec.Refusal {
	var r *codec.Refusal
	if c.signers, r = c.signed(&correctors[c.Body.Cause], nil); r != nil {
		return r
	}
	if !slices.Contains(c.signers, c.Body.Author) {
		return codec.Refuse(codec.CodeWrongAuthor, "the author is not who signs this")
	}
	return nil
}

// arrives is A3, A4 and A7. A detail that was replicated with an earlier batch is read
// here, in a copy: a prepared batch is shared.
func (c *correcting) arrives() *codec.Refusal {
	if r := c.inTime(); r != nil {
		return r
	}
	if r := c.openCycle(); r != nil {
		return r
	}
	data, r := c.blob(c.Body.Detail)
	if r != nil || c.loaded && c.kept == nil {
		return r
	}
	own := *c.PreparedAdjustment
	if c.PreparedAdjustment = &own; c.kept != nil {
		c.restore(c.kept.Posted)
	} else {
		c.load(data)
	}
	return nil
}

// findTarget is row 10, as far as the cause does not bind it to another record.
func (c *correcting) findTarget() *codec.Refusal {
	var r *codec.Refusal
	if c.target, r = c.recordAt(&c.Body.Target); r != nil {
		return r
	}
	switch c.Body.Cause {
	case codec.CauseBillingError:
		if c.v.Posted(c.target.Index) == nil {
			return codec.Refuse(codec.CodeUnknownTarget, "the target has no postings")
		}
	case codec.CauseCarryForward:
		if _, body := decodeLogged(c.target); body != nil {
			if x, ok := body.(*codec.Cycle); ok && x.Op == codec.CycleClose {
				c.closed = c.v.Cycle(x.Cycle)
				return nil
			}
		}
		return codec.Refuse(codec.CodeUnknownTarget, "the target is not a close")
	}
	return nil
}

// detail is rows 13 to 15.
func (c *correcting) detail() *codec.Refusal {
	switch {
	case c.detailFault != nil:
		return c.detailFault
	case c.postingsFault != nil:
		return c.postingsFault
	case c.Body.Totals.Credit != c.Body.Totals.Debit || c.credit != c.debit:
		return codec.Refuse(codec.CodeUnbalanced, "credits and debits differ")
	case c.Body.Totals.Credit != c.credit:
		return badAdjustment("the totals are not those of the postings")
	}
	return nil
}

// service is row 16: the cycle has begun.
func (c *correcting) service() *codec.Refusal {
	cycle := c.v.Cycle(c.Body.ServiceCycle)
	if cycle == nil || cycle.First == 0 || cycle.First > c.at.Index {
		return badAdjustment("no such cycle has begun")
	}
	return nil
}
