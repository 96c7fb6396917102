package settlement

import (
	"testing"

	"github.com/forgepool/settle/codec"
)

// postElsewhere puts postings of a cycle into the state by hand, to accounts of nobody, so
// that only the turnover moves.
func (w *world) postElsewhere(cycle, amount uint64) {
	w.posted[1<<40+cycle] = &Posted{
		Kind: codec.KindSettlement, Cycle: cycle,
		Lines: []Line{{Side: codec.Debit, Amount: amount}, {Side: codec.Credit, Amount: amount}},
	}
}

// Postings of a cycle stay below 2^63 together, whatever the accounts are: at the edge a
// settlement passes, one beyond it is refused and moves nothing.
func TestTurnoverOfSettlements(t *testing.T) {
	w := newWorld(t)
	j := w.newJob(4).run()
	r, blobs := j.settle(lie{})
	const charge = 5_000_015
	w.postElsewhere(worldCycle-1, codec.MaxAmount) // of another cycle: it does not count
	w.postElsewhere(worldCycle, codec.MaxAmount-charge+1)
	w.unmoved(func() { w.refused(codec.CodeOverflow, blobs, r) })
	w.postElsewhere(worldCycle, codec.MaxAmount-charge)
	w.accepted(blobs, r)
	if got := w.Turnover(); got != codec.MaxAmount {
		t.Errorf("turnover %d", got)
	}
}

func TestTurnoverOfAdjustments(t *testing.T) {
	s := newSettled(t)
	w := s.world
	w.postElsewhere(worldCycle, codec.MaxAmount-w.Turnover()-999)
	a, blob := s.refund(1_000)
	w.unmoved(func() { w.refused(codec.CodeOverflow, [][]byte{blob}, signedAdjustment(a, s.hub.owner())) })
	a, blob = s.refund(999)
	w.accepted([][]byte{blob}, signedAdjustment(a, s.hub.owner()))
	a, blob = s.refund(1)
	w.unmoved(func() { w.refused(codec.CodeOverflow, [][]byte{blob}, signedAdjustment(a, s.hub.owner())) })
}

// All holds of all cycles stay below 2^63 together. What is held already of a line is not
// counted a second time.
func TestHoldsOfAllCycles(t *testing.T) {
	s := newSettled(t)
	by := s.behind(s.at, 1)
	claim := func(amount uint64) []byte {
		return signedDispute(s.opening(by, codec.ClaimOvercharge, s.at, held(1, amount)), by.owner())
	}
	elsewhere := LineRef{Index: 1 << 40}
	s.holds[elsewhere] = &Hold{LineRef: elsewhere, Now: codec.MaxAmount - 8, Cycle: worldCycle - 1}
	s.unmoved(func() { s.refused(codec.CodeOverflow, nil, claim(9)) })
	s.accepted(nil, claim(8))
	s.accepted(nil, claim(8)) // the same line again holds no more
	s.unmoved(func() { s.refused(codec.CodeOverflow, nil, claim(9)) })
	if got := s.Held(); got != codec.MaxAmount {
		t.Errorf("%d held", got)
	}
	for _, opened := range s.Contest(s.at).Open {
		s.rule(s.followUp(codec.DisputeReject, opened, s.actors["arbiter 1"]))
	}
	s.accepted(nil, claim(7))
}
