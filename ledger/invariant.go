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

// checkConservation panics unless credits and debits of each cycle are equal.
func (l *Ledger) checkConservation(s *Snapshot) {
	list, err := s.Balances(l.applied.Cycle)
	if err != nil {
		panic(err)
	}
	var credit, debit uint64
	for i := range list {
		credit, debit = credit+list[i].Credit, debit+list[i].Debit
		if list[i].Credit > codec.MaxAmount || list[i].Debit > codec.MaxAmount {
			panic("ledger: a balance is out of range")
		}
	}
	if credit != debit {
		panic("ledger: credits and debits differ")
	}
}
