package ledger

import (
	"errors"

	"github.com/forgepool/settle/codec"
	"github.com/forgepool/settle/settlement"
)

// Filter says which records with postings are wanted: those that fit all of what is set.
type Filter struct {
	Cycle    *uint64    // whose accounts were posted to
	Kind     codec.Kind // settlements or adjustments; 0: both
	Customer *codec.ID
	Provider *codec.ID
	Adapter  *codec.ID
	Program  *codec.Hash // settlements only, like what follows
	Class    uint64      // 0: any
	Token    *codec.Hash // replay token
	Labels   []Label     // opened ones; they need a customer
}

// Label is a label of a settlement in the clear.
type Label struct{ Name, Value string }

// ErrNoCustomer: labels are each customer's own, so a filter by labels names a customer.
var ErrNoCustomer = errors.New("a filter by labels needs a customer")

// Find returns the postings of the records that fit a filter. It walks over the lists of
// what is set, the shortest one first, and never over the log. Errors: ErrNoCustomer.
func (s *Snapshot) Find(f Filter, page Page) (out Paged[*settlement.Posted], err error) {
	if len(f.Labels) > 0 && f.Customer == nil {
		return out, ErrNoCustomer
	}
	low, high, limit := page.bounds(s.Size())
	all, err := s.begun(f.Cycle)
	if err != nil {
		return out, err
	}
	budget := steps
	for i := range all {
		c := all[i]
		if !page.Oldest {
			c = all[len(all)-1-i]
		}
		from, to := max(low, c.First), high
		if c.Cut != nil {
			to = min(to, c.Cut.Index)
		}
		if from > to {
			continue
		}
		out.Next, err = s.findIn(&out.Items, f, c.Number, page, from, to, limit, &budget)
		if err != nil || out.Next != 0 {
			return out, err
		}
	}
	return out, nil
}

// begun returns the cycles that have begun in order, or the one that is asked for.
func (s *Snapshot) begun(only *uint64) ([]*settlement.Cycle, error) {
	if only != nil {
		c, ok, err := cycles.load(s.snap, *only)
		if err != nil || !ok || c.First == 0 {
			return nil, err
		}
		return []*settlement.Cycle{c}, nil
	}
	var list []*settlement.Cycle
	err := s.scanCycles(0, func(c *settlement.Cycle) bool {
		if c.First > 0 {
			list = append(list, c)
		}
		return true
	})
	return list, err
}

// scanCycles calls f for the cycles from a number on, announced ones too, until it
// returns false.
func (s *Snapshot) scanCycles(from uint64, f func(c *settlement.Cycle) bool) error {
	return scan(s.snap, numberKey(spaceCycle, from), []byte{spaceCycle + 1}, func(key, value []byte) (bool, error) {
		v := values{b: key[1:]}
		c, ok := decodeCycle(v.u64(), value)
		if !ok || !v.done() {
			return false, damaged(NoIndex, nil, "cycle %x", key[1:])
		}
		return f(c), nil
	})
}

// findIn adds what fits in one cycle, with indexes from low to high.
func (s *Snapshot) findIn(items *[]*settlement.Posted, f Filter, cycle uint64, page Page, low, high uint64, limit int,
	budget *int) (next uint64, err error) {
	lists, err := s.open(f.lists(cycle))
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, lists.close()) }()
	return collect1(items, page, lists, low, high, limit, budget, func(index uint64) (*settlement.Posted, bool, error) {
		p, err := s.posted(index)
		return p, err == nil && (f.Kind == 0 || p.Kind == f.Kind), err
	})
}

// lists returns the lists that hold what fits in a cycle.
func (f *Filter) lists(cycle uint64) (keys []listKey) {
	for _, party := range []struct {
		role codec.Role
		id   *codec.ID
	}{{codec.RoleCustomer, f.Customer}, {codec.RoleProvider, f.Provider}, {codec.RoleAdapter, f.Adapter}} {
		if party.id != nil {
			keys = append(keys, accountList(settlement.Account{Cycle: cycle, Role: party.role, Party: *party.id}))
		}
	}
	if f.Program != nil {
		keys = append(keys, listKey{listProgram, cycle, *f.Program})
	}
	if f.Class != 0 {
		keys = append(keys, classList(cycle, f.Class))
	}
	if f.Token != nil {
		keys = append(keys, tokenList(*f.Token))
	}
	for i := range f.Labels {
		keys = append(keys, labelList(cycle, *f.Customer, f.Labels[i].Name, f.Labels[i].Value))
	}
	return keys
}

// open opens lists; without any it walks over all records with postings.
func (s *Snapshot) open(keys []listKey) (lists joined, err error) {
	if len(keys) == 0 {
		c, err := s.stepper([]byte{spacePosted}, s.Size())
		return joined{c}, err
	}
	for _, k := range keys {
		c, err := s.cursor(k)
		if err != nil {
			return nil, errors.Join(err, lists.close())
		}
		lists = append(lists, c)
	}
	return lists, nil
}
