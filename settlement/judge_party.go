package settlement

import (
	"slices"

	"github.com/forgepool/settle/codec"
)

// startWeight is the weight in ppm of a party for which none was set.
const startWeight = million

// party decides on a party record (docs/formats/records.md section 6.4).
func (j *judgement) party() *codec.Refusal {
	b := &j.rec.Party.Body
	if b.Op == codec.PartyRegister {
		return j.register(b)
	}
	before := j.v.Party(b.Party)
	if before == nil {
		return codec.Refuse(codec.CodeUnknownParty, "no party "+b.Party.String())
	}
	if r := j.partySigned(b, before); r != nil { // A5
		return r
	}
	sealed, r := j.partyTime(b) // A3, A4, A7
	if r != nil {
		return r
	}
	after := *before
	switch b.Op {
	case codec.PartyAddKey, codec.PartyRevokeKey:
		return j.changeKeys(b, before, &after)
	case codec.PartySuspend, codec.PartyReinstate, codec.PartyExit:
		r = j.changeStatus(b, &after)
	case codec.PartyPayee:
		r = changePayee(b, &after)
	case codec.PartyWeight:
		r = j.changeWeight(b, &after)
	case codec.PartyCap:
		r = changeBudget(b, &after, sealed)
	}
	if r != nil {
		return r
	}
	if r = j.keepParty(b, before, &after); r == nil {
		j.openBudget(b, sealed)
	}
	return r
}

// partySigned is A5 for all operations but registration.
func (j *judgement) partySigned(b *codec.Party, p *Party) *codec.Refusal {
	rule := signerRule{}
	switch b.Op {
	case codec.PartyAddKey, codec.PartyRevokeKey, codec.PartyExit, codec.PartyPayee:
		several := p.Role == codec.RoleHub || p.Role == codec.RoleGovernance
		rule.self, rule.selfMin, rule.selfExact = p, int(p.Threshold), !several
	case codec.PartySuspend, codec.PartyReinstate:
		rule.hub = isTrader(p.Role)
		rule.gov = !rule.hub
	case codec.PartyWeight:
		rule.hub, rule.gov = true, true
	case codec.PartyCap:
		rule.hub = true
	}
	signers, r := j.signed(&rule, nil)
	if r != nil {
		return r
	}
	if rule.self != nil && b.Author != b.Party || !slices.Contains(signers, b.Author) {
		return codec.Refuse(codec.CodeWrongAuthor, "the author is not who signs this")
	}
	return nil
}

// isTrader says whether a role is one that a hub registers.
func isTrader(r codec.Role) bool { return r >= codec.RoleProvider && r <= codec.RoleCustomer }

// budgetBlobs are the sealed values of a party record, each nil if it names none.
type budgetBlobs struct {
	cap, quotas []byte
}

// partyTime is A3, A4 and A7; it returns the blobs that the record names.
func (j *judgement) partyTime(b *codec.Party) (sealed budgetBlobs, r *codec.Refusal) {
	if r = j.inTime(); r != nil {
		return sealed, r
	}
	if r = j.openCycle(); r != nil {
		return sealed, r
	}
	if b.Cap != nil {
		if sealed.cap, r = j.blob(*b.Cap); r != nil {
			return sealed, r
		}
	}
	if b.Quotas != nil {
		sealed.quotas, r = j.blob(*b.Quotas)
	}
	return sealed, r
}

// openBudget adds what partyTime found to the opened values of the state.
func (j *judgement) openBudget(b *codec.Party, sealed budgetBlobs) {
	if b.Cap != nil {
		j.open(*b.Cap, sealed.cap)
	}
	if b.Quotas != nil {
		j.open(*b.Quotas, sealed.quotas)
	}
}

// keepParty is row 20, and the change.
func (j *judgement) keepParty(b *codec.Party, before, after *Party) *codec.Refusal {
	if b.Prev != before.Prev {
		return codec.Refuse(codec.CodeWrongPrev, "prev is not the party's last record")
	}
	after.Prev = j.rec.LeafA
	j.change.Parties = []*Party{after}
	return nil
}

// changeStatus is ops 4 to 6: suspend the active, reinstate the suspended, and who
// leaves does not come back.
func (j *judgement) changeStatus(b *codec.Party, p *Party) *codec.Refusal {
	from, to := Active, Exited
	switch b.Op {
	case codec.PartySuspend:
		to = Suspended
	case codec.PartyReinstate:
		from, to = Suspended, Active
	}
	if p.Status() != from {
		return codec.Refuse(codec.CodeBadParty, "the party's status does not allow this")
	}
	p.History = append(slices.Clone(p.History), StatusChange{Index: j.at.Index, Status: to})
	return nil
}

// changePayee is op 7: what is present replaces what was.
func changePayee(b *codec.Party, p *Party) *codec.Refusal {
	if b.Capabilities != nil {
		if r := ascendingPrograms(*b.Capabilities); r != nil {
			return r
		}
		p.Capabilities = *b.Capabilities
	}
	if b.Payee != nil {
		p.Payee = b.Payee
	}
	return nil
}

func ascendingPrograms(list []codec.Hash) *codec.Refusal {
	if ascendingHashes(list) != nil {
		return codec.Refuse(codec.CodeBadParty, "capabilities not ascending")
	}
	return nil
}

// changeWeight is op 8: the weight works from the next cycle on; what is absent
// stays as it was.
func (j *judgement) changeWeight(b *codec.Party, p *Party) *codec.Refusal {
	if b.Weight != nil {
		if w := j.policy.Body.Weights; *b.Weight < w.Min || *b.Weight > w.Max {
			return codec.Refuse(codec.CodeOutOfRange, "weight outside the policy's range")
		}
		p.WeightBefore, p.Weight, p.WeightCycle = p.WeightIn(j.at.Cycle), *b.Weight, j.at.Cycle
	}
	if b.Stake == nil {
		return nil
	}
	p.Stake = *b.Stake
	return checkStake(p.Role, *b.Stake, j.policy.Body)
}

func checkStake(role codec.Role, stake uint64, policy *codec.Policy) *codec.Refusal {
	if role == codec.RoleProvider && stake < policy.Penalties.StakeMin {
		return codec.Refuse(codec.CodeBadParty, "stake below the policy's minimum")
	}
	return nil
}

// changeBudget is op 9, which sets cap and quotas as a whole: what it does not name the
// customer has no more.
func changeBudget(b *codec.Party, p *Party, sealed budgetBlobs) (r *codec.Refusal) {
	if p.Cap, r = openCap(b, p.Role, sealed.cap); r != nil {
		return r
	}
	p.Quotas, r = openQuotas(b, p.Role, sealed.quotas)
	return r
}

// openCap is row 17: a customer's sealed cap, nil if there is none.
func openCap(b *codec.Party, role codec.Role, blob []byte) (*uint64, *codec.Refusal) {
	if b.Op == codec.PartyCap && role != codec.RoleCustomer {
		return nil, codec.Refuse(codec.CodeWrongRole, "only customers have a budget")
	}
	if b.Cap == nil {
		return nil, nil
	}
	if role != codec.RoleCustomer {
		return nil, codec.Refuse(codec.CodeWrongRole, "only customers have a cap")
	}
	limit, err := codec.Unseal[uint64](blob)
	if err != nil {
		return nil, codec.Refuse(codec.CodeBadParty, err.Error())
	}
	if limit > codec.MaxAmount {
		return nil, codec.Refuse(codec.CodeOutOfRange, "a cap of 2^63 or more")
	}
	return &limit, nil
}
