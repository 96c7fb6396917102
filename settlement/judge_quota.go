package settlement

import (
	"cmp"

	"github.com/forgepool/settle/codec"
)

// Budgets of customers (docs/formats/records.md section 6.4 keys 17 and 23): the cap
// bounds what is charged in a cycle, quotas bound what is charged under one value of one
// dimension.

// openQuotas is row 23: a customer's sealed quotas, nil if there are none.
func openQuotas(b *codec.Party, role codec.Role, blob []byte) ([]Quota, *codec.Refusal) {
	if b.Quotas == nil {
		return nil, nil
	}
	if role != codec.RoleCustomer {
		return nil, codec.Refuse(codec.CodeWrongRole, "only customers have quotas")
	}
	rows, err := codec.Unseal[[]codec.Quota](blob)
	if err != nil {
		return nil, codec.Refuse(codec.CodeBadParty, err.Error())
	}
	quotas := make([]Quota, len(rows))
	for i := range rows {
		if r := checkQuota(&rows[i]); r != nil {
			return nil, r
		}
		quotas[i] = Quota{
			Dimension: Dimension(rows[i].Dimension), Value: rows[i].Value,
			Limit: rows[i].Limit, Hard: rows[i].Mode == codec.QuotaHard,
		}
		if i > 0 && compareQuotas(&quotas[i-1], &quotas[i]) >= 0 {
			return nil, codec.Refuse(codec.CodeBadParty, "quotas not ascending by dimension and value")
		}
	}
	return quotas, nil
}

// checkQuota checks the values of one row.
func checkQuota(q *codec.Quota) *codec.Refusal {
	class := len(q.Value) == 1 && q.Value[0] >= '1' && q.Value[0] < '1'+codec.Classes
	switch {
	case q.Dimension < uint64(ByProject) || q.Dimension > uint64(ByOrganization):
		return codec.Refuse(codec.CodeBadParty, "unknown dimension of a quota")
	case q.Mode != codec.QuotaHard && q.Mode != codec.QuotaSoft:
		return codec.Refuse(codec.CodeBadParty, "unknown mode of a quota")
	case q.Value == "" || q.Dimension == uint64(ByClass) && !class:
		return codec.Refuse(codec.CodeBadParty, "a quota of a value that nothing has")
	case q.Limit > codec.MaxAmount:
		return codec.Refuse(codec.CodeOutOfRange, "a quota of 2^63 or more")
	}
	return nil
}

func compareQuotas(a, b *Quota) int {
	return cmp.Or(cmp.Compare(a.Dimension, b.Dimension), cmp.Compare(a.Value, b.Value))
}

// usages counts the charge under its scopes and checks it against the customer's
// quotas. The labels have been opened by then.
func (s *settling) usages() *codec.Refusal {
	customer := s.v.Party(s.work.Customer)
	if s.Body.Labels == nil && len(s.Body.Disclosures) > 0 && customer.quotaByLabel() {
		return codec.Refuse(codec.CodeBadLabels, "the customer has quotas by label, so key 33 must open the labels")
	}
	var room [1 + len(labelled)]Scope
	scopes := appendScopes(room[:0], s.at.Cycle, s.work.Customer, s.Body.Class, s.labels)
	left := s.counts()
	usages, list := left.usages[:0], left.usageList[:0]
	if len(scopes) > usualScopes {
		usages, list = make([]Usage, 0, len(scopes)), make([]*Usage, 0, len(scopes))
	}
	for i := range scopes {
		usages = append(usages, *s.v.Usage(scopes[i]))
		u := &usages[i]
		if r := customer.withinQuota(u, s.Body.Charge); r != nil {
			return r
		}
		if !u.add(s.Body.Charge, s.Body.Shards.Units) {
			return overflow("usage of " + s.work.Customer.String())
		}
		list = append(list, u)
	}
	s.change.Usages = list
	return nil
}

// quotaByLabel says whether a customer has a quota that labels count under.
func (p *Party) quotaByLabel() bool {
	for i := range p.Quotas {
		if p.Quotas[i].Dimension != ByClass {
			return true
		}
	}
	return false
}

// withinQuota checks that this amount more may be charged under a scope.
func (p *Party) withinQuota(used *Usage, amount uint64) *codec.Refusal {
	for i := range p.Quotas {
		q := &p.Quotas[i]
		if !q.Hard || q.Dimension != used.Dimension || q.Value != used.Value {
			continue
		}
		if used.Charged > q.Limit || amount > q.Limit-used.Charged {
			return codec.Refuse(codec.CodeOverQuota, "more than what is left of a quota of the customer")
		}
	}
	return nil
}

// add counts one settlement. It reports false when a sum leaves 63 bits.
func (u *Usage) add(charge, units uint64) bool {
	var charged, counted bool
	u.Charged, charged = sum(u.Charged, charge)
	u.Units, counted = sum(u.Units, units)
	u.Settlements++
	return charged && counted
}

// Budget is a cap or a quota of a customer and how much of it is used in a cycle. All
// amounts are micro-Credits; Left or Excess is zero.
type Budget struct {
	Dimension Dimension // 0: the cap
	Value     string
	Limit     uint64
	Hard      bool // what would exceed it is refused; the cap always is
	Used      uint64
	Left      uint64
	Excess    uint64 // a soft quota, or a limit that was lowered
}

// Spending is what Remaining has to know of a cycle.
type Spending interface {
	Balance(a Account) *Balance
	Usage(scope Scope) *Usage
}

// Remaining returns the budgets of a customer in a cycle: the cap, if there is one, then
// each quota in their order. The limits are those of now, whatever they were in the cycle.
func Remaining(v Spending, customer *Party, cycle uint64) []Budget {
	var list []Budget
	if customer.Cap != nil {
		used := v.Balance(Account{cycle, codec.RoleCustomer, customer.ID}).Charged
		list = append(list, budget(Quota{Limit: *customer.Cap, Hard: true}, used))
	}
	for _, q := range customer.Quotas {
		used := v.Usage(Scope{cycle, customer.ID, q.Dimension, q.Value}).Charged
		list = append(list, budget(q, used))
	}
	return list
}

func budget(q Quota, used uint64) Budget {
	return Budget{
		Dimension: q.Dimension, Value: q.Value, Limit: q.Limit, Hard: q.Hard, Used: used,
		Left: q.Limit - min(used, q.Limit), Excess: used - min(used, q.Limit),
	}
}
