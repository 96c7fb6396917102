package ledger

import (
	"github.com/forgepool/settle/codec"
	"github.com/forgepool/settle/proof"
)

// smallLedger is up to how many records the invariants are recomputed after a commit.
const smallLedger = 700

// checkInvariants panics if the store just written contradicts itself. It runs in
// binaries built with the tag invariants.
func (l *Ledger) checkInvariants() {
	if l.treeA.size != l.treeB.size || l.treeA.size != l.applied.Size {
		panic("ledger: the trees differ in size")
	}
	if l.applied.Size > smallLedger {
		return
	}
	s := l.Read()
	defer s.Close()
	a, b := newTree(treeA), newTree(treeB)
	a.closed, b.closed = func(uint, uint64, *tile) {}, func(uint, uint64, *tile) {}
	records, err := s.Records(0, smallLedger, 1<<30)
	if err != nil {
		panic(err)
	}
	for _, data := range records {
		a.append(proof.LeafA(data))
		b.append(proof.LeafB(data))
	}
	if a.root() != l.applied.RootA || b.root() != l.applied.RootB {
		panic("ledger: the stored root is not that of the stored records")
	}
	if total, err := stateSum(s.snap); err != nil || total != l.w.state {
		panic("ledger: the state sum is not that of the stored state")
	}
	l.checkConservation(s)
}

// checkConservation panics unless the open cycle adds up: credits and debits of its
// accounts are equal, and they are what the journal says.
func (l *Ledger) checkConservation(s *Snapshot) {
	var credit, debit, postings uint64
	err := scanAccounts(s.snap, l.applied.Cycle, func(a *account) {
		credit, debit, postings = credit+a.Credit, debit+a.Debit, postings+a.Postings
		if a.Credit > codec.MaxAmount || a.Debit > codec.MaxAmount {
			panic("ledger: a balance is out of range")
		}
		checkAccount(a)
	})
	if err != nil {
		panic(err)
	}
	journal := l.state.now.journal.Totals()
	if credit != debit || credit != journal.Sums[proof.Credit] || debit != journal.Sums[proof.Debit] || postings != journal.Count {
		panic("ledger: credits and debits of the accounts and of the journal differ")
	}
}

// checkAccount panics unless an account is what its tree adds up to.
func checkAccount(a *account) {
	var totals proof.SumTotals
	if a.tree != nil {
		totals = a.tree.Totals()
	}
	if totals.Count != a.Postings || totals.Sums != [2]uint64{a.Credit, a.Debit} || len(a.fresh) > 0 {
		panic("ledger: a balance is not the sum of its postings")
	}
}

// checkRun panics unless the run that is about to be written adds up as far as it goes:
// the accounts that it touched, and the lines that it holds. It costs what the run does.
func (s *state) checkRun() {
	for i := range s.accounts.dirty {
		a := &s.accounts.dirty[i].value
		a.fold()
		checkAccount(a)
	}
	for i := range s.holds.dirty {
		h := s.holds.dirty[i].value
		if p := s.Posted(h.Index); p == nil || h.Line >= uint64(len(p.Lines)) || h.Now > p.Lines[h.Line].Amount {
			panic("ledger: more is held of a posting than was posted")
		}
	}
	for i := range s.reversed.dirty {
		r := &s.reversed.dirty[i]
		if p := s.Posted(r.key.Index); p == nil || r.value > p.Lines[r.key.Line].Amount {
			panic("ledger: more of a posting is taken back than was posted")
		}
	}
	journal := s.now.journal.Totals()
	if journal.Sums[proof.Credit] != journal.Sums[proof.Debit] {
		panic("ledger: credits and debits of a cycle differ")
	}
}
