package ledger

import (
	"slices"

	"github.com/forgepool/settle/codec"
	"github.com/forgepool/settle/settlement"
)

// OpenDisputes returns the disputes that are open now, in the order of their opening.
func (s *Snapshot) OpenDisputes(page Page) (Paged[*settlement.Dispute], error) {
	return s.marked(mark(markOpenDispute), page)
}

// DisputesOn returns all disputes on the record at index, in the order of their opening.
func (s *Snapshot) DisputesOn(target uint64, page Page) (Paged[*settlement.Dispute], error) {
	return s.marked(mark(markTarget, target), page)
}

// marked returns the disputes whose opening indexes stand in marks.
func (s *Snapshot) marked(kind []byte, page Page) (out Paged[*settlement.Dispute], err error) {
	c, err := s.stepper(append([]byte{spaceMark}, kind...), 0)
	if err != nil {
		return out, err
	}
	return collected(s, page, joined{c}, func(index uint64) (*settlement.Dispute, bool, error) {
		d, ok, err := disputes.load(s.snap, index)
		if err == nil && !ok {
			err = damaged(index, nil, "a marked dispute is missing")
		}
		return d, true, err
	})
}

// HeldOf is a record with those postings to an account of which something is held.
type HeldOf struct {
	Index uint64
	Holds []*settlement.Hold
}

// Holds returns what is held now of the postings to an account, by record.
func (s *Snapshot) Holds(a settlement.Account, page Page) (out Paged[HeldOf], err error) {
	prefix := append([]byte{spaceMark}, holdMarks(a)...)
	it, err := s.stepper(prefix, 0)
	if err != nil {
		return out, err
	}
	return collected(s, page, joined{it}, func(index uint64) (HeldOf, bool, error) {
		h := HeldOf{Index: index}
		from := appendIndex(prefix, index)
		err := scan(s.snap, from, appendIndex(prefix, index+1), func(key, _ []byte) (bool, error) {
			v := values{b: key[len(from):]}
			ref := settlement.LineRef{Index: index, Line: v.u64()}
			x, ok, err := holds.load(s.snap, ref)
			if err == nil && (!ok || !v.done()) {
				err = damaged(index, nil, "a marked hold is missing")
			}
			h.Holds = append(h.Holds, x)
			return true, err
		})
		return h, true, err
	})
}

// Usages returns what was charged to a customer in a cycle by the values of a dimension,
// from a value on, in order of the values: up to limit of them, at most MaxPage. Next is
// where to go on, nil at the end.
func (s *Snapshot) Usages(cycle uint64, customer codec.ID, by settlement.Dimension, from string, limit int) (
	list []*settlement.Usage, next *string, err error) {
	if limit <= 0 || limit > MaxPage {
		limit = MaxPage
	}
	scope := settlement.Scope{Cycle: cycle, Customer: customer, Dimension: by}
	low := appendScope(nil, settlement.Scope{Cycle: cycle, Customer: customer, Dimension: by, Value: from})
	high := appendScope(nil, settlement.Scope{Cycle: cycle, Customer: customer, Dimension: by + 1})
	err = scan(s.snap, low, high, func(key, value []byte) (bool, error) {
		scope.Value = string(key[scopePrefix:])
		if len(list) == limit {
			next = &scope.Value
			return false, nil
		}
		u, ok := decodeUsage(scope, value)
		if !ok {
			return false, damaged(NoIndex, nil, "usage %x", key[1:])
		}
		list = append(list, u)
		return true, nil
	})
	return list, next, err
}

// Cycles returns the billing cycles that have begun or are announced by an intent, by
// number. Page.From is a number too; Page.Size means nothing here.
func (s *Snapshot) Cycles(page Page) (out Paged[*settlement.Cycle], err error) {
	limit := page.Limit
	if limit <= 0 || limit > MaxPage {
		limit = MaxPage
	}
	var list []*settlement.Cycle
	err = s.scanCycles(0, func(c *settlement.Cycle) bool {
		list = append(list, c)
		return true
	})
	if !page.Oldest {
		slices.Reverse(list)
	}
	for _, c := range list {
		if page.Oldest && c.Number < page.From || !page.Oldest && page.From > 0 && c.Number >= page.From {
			continue
		}
		if len(out.Items) == limit {
			out.Next = page.after(out.Items[limit-1].Number)
			break
		}
		out.Items = append(out.Items, c)
	}
	return out, err
}

// Intents returns the audit intents for a cycle, in order of the auditors' ids.
func (s *Snapshot) Intents(cycle uint64) ([]*settlement.Intent, error) {
	var list []*settlement.Intent
	err := scan(s.snap, numberKey(spaceIntent, cycle), numberKey(spaceIntent, cycle+1), func(key, value []byte) (bool, error) {
		v := values{b: key[9:]}
		i, ok := decodeIntent(audit{cycle, v.id()}, value)
		if !ok || !v.done() {
			return false, damaged(NoIndex, nil, "intent %x", key[1:])
		}
		list = append(list, i)
		return true, nil
	})
	return list, err
}

// Attestations returns the attestations on a cycle in the order of the log.
func (s *Snapshot) Attestations(cycle uint64) ([]*settlement.Attestation, error) {
	var list []*settlement.Attestation
	prefix := append([]byte{spaceMark}, mark(markAttestation, cycle)...)
	err := scan(s.snap, prefix, appendMax(slices.Clone(prefix)), func(key, _ []byte) (bool, error) {
		v := values{b: key[len(prefix):]}
		index := v.u64()
		a, ok, err := attestations.load(s.snap, index)
		if err == nil && !ok {
			err = damaged(index, nil, "a marked attestation is missing")
		}
		list = append(list, a)
		return true, err
	})
	return list, err
}
