package ledger

import (
	"github.com/cockroachdb/pebble/v2"

	"github.com/forgepool/settle/codec"
	"github.com/forgepool/settle/proof"
	"github.com/forgepool/settle/settlement"
)

// freeze ends a cycle: it keeps the running values as of its cut, which is the last
// record of the log, and begins the next cycle.
func (l *Ledger) freeze(ended *settlement.Cycle) {
	s, t := l.state, &l.state.now
	if ended.Cut.Index+1 != l.treeA.size {
		panic("ledger: a cut is not the last record of its batch")
	}
	journal := t.journal.Totals()
	s.cuts.put(s.db, ended.Number, &settlement.Closing{
		Cycle: ended.Number, Range: codec.Range{Min: ended.First, Max: ended.Cut.Index}, Counts: t.counts,
		Journal: codec.Journal{N: journal.Leaves, Credit: journal.Sums[proof.Credit], Debit: journal.Sums[proof.Debit],
			Root: t.journal.Root()},
		Held:       codec.Held{Disputes: t.disputes, Held: t.held, Released: t.released},
		Log:        codec.LogRef{Size: l.treeA.size, Root: l.treeA.root()},
		Unfinished: t.unfinished,
		Batches:    codec.BatchesRef{N: t.batches.size, Root: t.batches.root()},
	})
	t.next()
	s.endCycle(ended.Number, l.applied.Batches)
}

// partyTotals adds up the accounts of a cycle for its close: sum tree type 1, which has a
// leaf for each account with postings, and the subtotals of the roles.
type partyTotals struct {
	tree *proof.SumRange
	subs []codec.Subtotal
}

func newPartyTotals() *partyTotals { return &partyTotals{tree: newSumRange(proof.SumParties)} }

// add takes in the next account in order of role and party.
func (p *partyTotals) add(a *account) {
	if a.Postings == 0 {
		return
	}
	leaf := partyLeaf(a)
	if err := p.tree.Append(&leaf); err != nil {
		panic("ledger: an account does not fit the cycle: " + err.Error())
	}
	if n := len(p.subs); n == 0 || p.subs[n-1].Role != a.Role {
		p.subs = append(p.subs, codec.Subtotal{Role: a.Role})
	}
	s := &p.subs[len(p.subs)-1]
	s.N, s.Credit, s.Debit = s.N+1, s.Credit+a.Credit, s.Debit+a.Debit
}

// partyLeaf is the leaf of an account in sum tree type 1.
func partyLeaf(a *account) proof.SumLeaf {
	key := proof.PartyKey(uint8(a.Role), a.Party)
	return proof.SumLeaf{Key: key[:], Count: a.Postings, Sums: [2]uint64{a.Credit, a.Debit}, Payload: a.root()}
}

// complete returns what a close must state, made of what was frozen and the accounts.
func (p *partyTotals) complete(frozen *settlement.Closing) *settlement.Closing {
	c, totals := *frozen, p.tree.Totals()
	c.Parties = codec.PartyTotals{
		N: totals.Leaves, Postings: totals.Count,
		Credit: totals.Sums[proof.Credit], Debit: totals.Sums[proof.Debit], Root: p.tree.Root(),
	}
	c.Subtotals = p.subs
	return &c
}

// Closing returns what the close of Unclosed must state, nil if there is nothing to be
// closed. It does not change between the cut and the close, so it is made once.
func (s *state) Closing() *settlement.Closing {
	c := s.Unclosed()
	if c == nil {
		return nil
	}
	if s.closing == nil || s.closing.Cycle != c.Number {
		frozen, _ := s.cuts.get(s.db, c.Number)
		p := newPartyTotals()
		s.eachAccount(c.Number, p.add)
		s.closing = p.complete(frozen)
	}
	return s.closing
}

// Debts returns the providers and adapters with a negative net in a closed cycle, in
// order of role and party. They do not change, so the list is kept until another cycle
// is asked for.
func (s *state) Debts(cycle uint64) []settlement.Debt {
	if s.debtsOf != cycle {
		if c := s.Cycle(cycle); c == nil || c.Cut == nil {
			return nil
		}
		var d debts
		s.eachAccount(cycle, d.add)
		s.debts, s.debtsOf = d, cycle
	}
	return s.debts
}

type debts []settlement.Debt

// add takes in the next account in order of role and party.
func (d *debts) add(a *account) {
	if a.Role != codec.RoleProvider && a.Role != codec.RoleAdapter {
		return
	}
	if amount, negative := a.Net(); negative {
		*d = append(*d, settlement.Debt{Account: a.Account, Amount: amount})
	}
}

// Closing returns what the close of Unclosed must state, nil if there is nothing to be
// closed. It reads every account of the cycle.
func (s *Snapshot) Closing() *settlement.Closing {
	c := s.Unclosed()
	if c == nil {
		return nil
	}
	p := newPartyTotals()
	must(0, true, scanAccounts(s.snap, c.Number, p.add))
	return p.complete(must(cuts.load(s.snap, c.Number)))
}

// Debts returns the providers and adapters with a negative net in a closed cycle, in
// order of role and party. It reads every account of the cycle.
func (s *Snapshot) Debts(cycle uint64) []settlement.Debt {
	if c := s.CycleOf(cycle); c == nil || c.Cut == nil {
		return nil
	}
	var d debts
	must(0, true, scanAccounts(s.snap, cycle, d.add))
	return d
}

// scanAccounts calls f for the stored accounts of a cycle in order of role and party.
func scanAccounts(r pebble.Reader, cycle uint64, f func(a *account)) error {
	return scan(r, numberKey(spaceBalance, cycle), numberKey(spaceBalance, cycle+1), func(key, value []byte) (bool, error) {
		k, fits := parseAccountKey(key)
		a, ok := decodeAccount(k, value)
		if !ok || !fits {
			return false, damaged(NoIndex, nil, "balance %x", key[1:])
		}
		f(&a)
		return true, nil
	})
}
