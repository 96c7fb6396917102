package settlement

import (
	"bytes"
	"cmp"
	"slices"

	"github.com/forgepool/settle/codec"
)

// cause is row 12: what the adjustment follows from is decided, was not used before,
// and is about the target.
func (c *correcting) cause() *codec.Refusal {
	switch c.Body.Cause {
	case codec.CauseDispute:
		return c.fromRuling()
	case codec.CauseAudit:
		return c.fromAttestation()
	case codec.CausePenalty:
		if c.v.Attestation(*c.Body.CauseRef) != nil {
			return c.fromAttestation()
		}
		return c.fromRuling()
	case codec.CauseCarryForward:
		if c.debts = c.uncarried(); len(c.debts) == 0 && c.closed.Carried != 0 {
			return codec.Refuse(codec.CodeNotOpen, "the cycle's debts were carried before")
		}
	}
	return nil
}

func (c *correcting) fromRuling() *codec.Refusal {
	penalty := c.Body.Cause == codec.CausePenalty
	switch c.dispute = c.v.Ruled(*c.Body.CauseRef); {
	case c.dispute == nil:
		return codec.Refuse(codec.CodeUnknownTarget, "cause_ref is not a record that this may follow from")
	case c.dispute.Status != StatusAccepted:
		return badAdjustment("the dispute was not accepted")
	case *used(penalty, &c.dispute.Adjusted, &c.dispute.Penalized) != 0:
		return codec.Refuse(codec.CodeNotOpen, "the ruling was used before")
	case c.dispute.Target != c.Body.Target:
		return badAdjustment("the target is not what the dispute is about")
	}
	return nil
}

func (c *correcting) fromAttestation() *codec.Refusal {
	penalty := c.Body.Cause == codec.CausePenalty
	c.attestation = c.v.Attestation(*c.Body.CauseRef)
	switch a := c.attestation; {
	case a == nil:
		return codec.Refuse(codec.CodeUnknownTarget, "cause_ref is not an attestation")
	case a.Opinion != codec.OpinionFail && (penalty || a.Opinion != codec.OpinionWithFindings):
		return badAdjustment("nothing follows from the attestation's opinion")
	case *used(penalty, &a.Adjusted, &a.Penalized) != 0:
		return codec.Refuse(codec.CodeNotOpen, "the attestation was used before")
	case c.v.Cycle(a.Cycle).Close.RecordRef != c.Body.Target:
		return badAdjustment("the target is not the close that was audited")
	}
	return nil
}

// direction is the table of causes: which way money may move.
func (c *correcting) direction() *codec.Refusal {
	switch c.Body.Cause {
	case codec.CauseDispute:
		if c.credit > c.dispute.Accepted {
			return badAdjustment("more than was accepted")
		}
	case codec.CauseBillingError:
		return c.consented()
	case codec.CauseGoodwill:
		for i := range c.postings {
			if p := &c.postings[i]; p.Side == codec.Debit && p.Role != codec.RolePlatform || p.Side == codec.Credit && p.Role != codec.RoleCustomer {
				return badAdjustment("goodwill goes from the platform to customers")
			}
		}
	case codec.CauseCarryForward:
		return c.carried()
	case codec.CausePenalty:
		for i := range c.postings {
			if p := &c.postings[i]; p.Side == codec.Debit && !c.atFault(p.Party) {
				return badAdjustment("a debit of a party that was not found at fault")
			}
		}
	}
	return nil
}

// consented checks that a billing error takes postings of the target back, and that
// whoever is debited agreed, or an arbiter did. Nobody else may have signed.
func (c *correcting) consented() *codec.Refusal {
	debited := map[codec.ID]bool{}
	for i := range c.postings {
		p := &c.postings[i]
		if p.RefIndex == nil || *p.RefIndex != c.target.Index {
			return badAdjustment("a posting that takes nothing of the target back")
		}
		if p.Side == codec.Debit && isTrader(p.Role) {
			debited[p.Party] = true
		}
	}
	agreed, arbiter := 0, false
	for _, id := range c.signers {
		switch role := c.v.Party(id).Role; {
		case role == codec.RoleArbiter:
			arbiter = true
		case role == codec.RoleHub:
		case debited[id]:
			agreed++
		default:
			return codec.Refuse(codec.CodeWrongSigners, "a party that is not debited")
		}
	}
	switch {
	case agreed < len(debited) && !arbiter:
		return codec.Refuse(codec.CodeUnsigned, "a debited party did not sign, nor an arbiter")
	case agreed == len(debited) && arbiter:
		return codec.Refuse(codec.CodeWrongSigners, "no arbiter is needed")
	}
	return nil
}

// atFault says whether a penalty may debit a party: the provider of the disputed
// shard; of an attestation, that of one of its findings, unless the dispute was
// rejected or withdrawn.
func (c *correcting) atFault(party codec.ID) bool {
	if c.dispute != nil {
		return c.dispute.Fault != nil && *c.dispute.Fault == party
	}
	return slices.ContainsFunc(c.attestation.Findings, func(opened uint64) bool {
		d := c.v.Dispute(opened)
		return d.Fault != nil && *d.Fault == party && (d.Status == StatusOpen || d.Status == StatusAccepted)
	})
}

// maxCarried bounds the debts of one carry-forward: its last line is the credit.
const maxCarried = codec.MaxPostings - 1

// uncarried returns the debts of the closed cycle that no adjustment has carried yet, in
// their order: those after the last debit of the last one that did.
func (c *correcting) uncarried() []Debt {
	debts := c.v.Debts(c.closed.Number)
	if c.closed.Carried == 0 {
		return debts
	}
	lines := c.v.Posted(c.closed.Carried).Lines
	last, found := slices.BinarySearchFunc(debts, &lines[len(lines)-2], func(d Debt, l *Line) int {
		return cmp.Or(cmp.Compare(d.Role, l.Role), bytes.Compare(d.Party[:], l.Party[:]))
	})
	if !found {
		panic("settlement: what was carried of a cycle is no debt of it")
	}
	return debts[last+1:]
}

// carried is cause 5: the debts of the closed cycle that are left, in their order and as
// many as one record holds, and their sum to the platform.
func (c *correcting) carried() *codec.Refusal {
	if c.Body.ServiceCycle != c.closed.Number {
		return badAdjustment("service_cycle is not the closed cycle")
	}
	debts := c.debts[:min(len(c.debts), maxCarried)]
	if len(c.postings) != len(debts)+1 {
		return badAdjustment("as many debits as debts are left, at most 4,098, and one credit are needed")
	}
	for i := range c.postings {
		p, want := &c.postings[i], codec.Posting{Role: codec.RolePlatform, Party: c.facts.Platform, Side: codec.Credit, Amount: c.credit}
		if i < len(debts) {
			want = codec.Posting{Role: debts[i].Role, Party: debts[i].Party, Side: codec.Debit, Amount: debts[i].Amount}
		}
		if p.Role != want.Role || p.Party != want.Party || p.Side != want.Side || p.Amount != want.Amount || p.RefIndex != nil {
			return badAdjustment("a posting is not what the debts give")
		}
	}
	return nil
}
