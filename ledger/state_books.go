package ledger

import (
	"bytes"
	"cmp"
	"slices"

	"github.com/forgepool/settle/codec"
	"github.com/forgepool/settle/settlement"
)

// acceptBooks writes what a record did to postings, disputes, cycles and audits, to the
// lists that find it, and to the running values of the cycle.
func (s *state) acceptBooks(a *arrival, c *settlement.Change) {
	if a.index > 0 { // the genesis is in no cycle
		s.now.counts[a.kind]++
	}
	if c.Posted != nil {
		s.acceptPosted(a, c)
	}
	s.acceptBalances(a.index, c)
	for _, u := range c.Usages {
		s.usages.put(s.db, u.Scope, u)
	}
	for _, r := range c.Reversed {
		s.reversed.put(s.db, r.LineRef, r.Amount)
	}
	for _, h := range c.Holds {
		s.now.hold(s.moment.Cycle, s.Hold(h.LineRef), h)
		s.holds.put(s.db, h.LineRef, h)
		s.markHold(h)
	}
	s.acceptProcedure(a.index, c)
}

// account returns the state of an account of the open cycle: no other changes.
func (s *state) account(k settlement.Account) account {
	if k.Cycle != s.moment.Cycle {
		panic("ledger: an account of a cycle that is not open would change")
	}
	x, ok := s.accounts.get(s.db, k)
	if !ok {
		x.Balance = &settlement.Balance{Account: k}
	}
	return x
}

// acceptBalances posts the lines of a record and sets the balances that result. Each
// account with a line has a balance; as a rule they stand in the same order.
func (s *state) acceptBalances(index uint64, c *settlement.Change) {
	var lines []settlement.Line
	if c.Posted != nil {
		lines = c.Posted.Lines
	}
	if len(lines) > 0 && !inOrder(lines, c.Balances) {
		for i := range lines {
			k := settlement.Account{Cycle: c.Posted.Cycle, Role: lines[i].Role, Party: lines[i].Party}
			x := s.account(k)
			x.post(index, i, &lines[i])
			s.accounts.put(s.db, k, x)
		}
		lines = nil
	}
	for i, b := range c.Balances {
		x := s.account(b.Account)
		if i < len(lines) {
			x.post(index, i, &lines[i])
		}
		x.Balance = b
		s.accounts.put(s.db, b.Account, x)
	}
}

// inOrder says whether the accounts of lines are those of balances one by one. None is
// twice among balances, so each account then has one line.
func inOrder(lines []settlement.Line, balances []*settlement.Balance) bool {
	if len(lines) != len(balances) {
		return false
	}
	for i := range lines {
		if b := balances[i]; b.Role != lines[i].Role || b.Party != lines[i].Party {
			return false
		}
	}
	return true
}

// acceptPosted keeps the postings of a record and enters it into the lists.
func (s *state) acceptPosted(a *arrival, c *settlement.Change) {
	p := c.Posted
	s.postings.create(a.index, p)
	s.now.post(p, a.leaf)
	if c.Settled == nil {
		return
	}
	s.enlist(listKey{listProgram, p.Cycle, p.Program}, a.index)
	s.enlist(classList(p.Cycle, p.Class), a.index)
	for i := range c.Settled.Labels {
		l := &c.Settled.Labels[i]
		s.enlist(labelList(p.Cycle, c.Settled.Customer, l.Label, l.Value), a.index)
	}
	x, _ := s.tokens.get(s.db, c.Settled.Token)
	x.add(a.index, before{})
	s.tokens.put(s.db, c.Settled.Token, x)
}

// enlist adds a record to a list. Two labels may be the same.
func (s *state) enlist(k listKey, index uint64) {
	if x, _ := s.lists.get(s.db, k); !x.has(index) {
		x.add(index, before{})
		s.lists.put(s.db, k, x)
	}
}

// acceptProcedure writes what a record did to disputes, cycles and audits.
func (s *state) acceptProcedure(index uint64, c *settlement.Change) {
	if d := c.Dispute; d != nil {
		before := s.Dispute(d.Opened)
		s.now.dispute(before, d)
		s.guardBlobs(before, d)
		s.disputes.put(s.db, d.Opened, d)
		s.markDispute(d)
	}
	if c.Ruling != nil {
		s.rulings.put(s.db, c.Ruling.Index, c.Ruling.Opened)
	}
	if c.Contest != nil {
		s.contests.put(s.db, c.Contest.Target, c.Contest)
	}
	for _, x := range c.Cycles {
		s.cycles.put(s.db, x.Number, x)
		switch {
		case x.Cut != nil && x.Cut.Index == index:
			s.ended = x
		case x.First == index+1:
			s.begun = x.Number
		}
	}
	if c.Intent != nil {
		s.intents.put(s.db, audit{c.Intent.Cycle, c.Intent.Auditor}, c.Intent)
		s.commits.put(s.db, c.Intent.Commit, c.Intent.Index)
	}
	if c.Attestation != nil {
		s.attestations.put(s.db, c.Attestation.Index, c.Attestation)
		s.mark(mark(markAttestation, c.Attestation.Cycle, c.Attestation.Index), true)
	}
}

// eachAccount calls f for the accounts of a cycle that was cut, in order of role and
// party: those in the store and over them those of this run. No batch at hand can have
// changed one, so their lines may go into their trees.
func (s *state) eachAccount(cycle uint64, f func(a *account)) {
	var fresh []*account
	for i := range s.accounts.dirty {
		if d := &s.accounts.dirty[i]; d.key.Cycle == cycle {
			d.value.fold()
			fresh = append(fresh, &d.value)
		}
	}
	slices.SortFunc(fresh, func(a, b *account) int { return compareAccounts(a.Account, b.Account) })
	err := scanAccounts(s.db, cycle, func(a *account) {
		for len(fresh) > 0 && compareAccounts(fresh[0].Account, a.Account) < 0 {
			f(fresh[0])
			fresh = fresh[1:]
		}
		if len(fresh) > 0 && fresh[0].Account == a.Account {
			a, fresh = fresh[0], fresh[1:]
		}
		f(a)
	})
	if err != nil {
		panic(err)
	}
	for _, a := range fresh {
		f(a)
	}
}

// compareAccounts orders the accounts of a cycle by role and party.
func compareAccounts(a, b settlement.Account) int {
	return cmp.Or(cmp.Compare(a.Role, b.Role), bytes.Compare(a.Party[:], b.Party[:]))
}

// countBatch adds the commitment of a batch whose outcomes are stored.
func (s *state) countBatch(commitment codec.Hash) { s.now.batches.append(commitment) }
