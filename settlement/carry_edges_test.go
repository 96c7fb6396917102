package settlement

import (
	"encoding/binary"
	"testing"

	"github.com/forgepool/settle/codec"
)

// owing gives n providers a debt each in the open cycle by hand, ends the cycle, and
// returns where its close stands.
func (w *world) owing(n int) (end uint64) {
	w.Helper()
	cycle := w.moment.Cycle
	for i := range n {
		var id codec.ID
		binary.BigEndian.PutUint64(id[:], uint64(i)*0x9e3779b97f4a7c15) // in no order
		w.parties[id] = &Party{ID: id, Role: codec.RoleProvider, History: []StatusChange{{1, Active}}}
		a := Account{cycle, codec.RoleProvider, id}
		w.balances[a] = &Balance{Account: a, Debit: uint64(i) + 1, Postings: 1}
	}
	return w.endCycle()
}

// carryPart drafts a carry-forward of some debts of a cycle.
func (s *settled) carryPart(end, cycle uint64, debts []Debt) (*codec.Adjustment, []byte) {
	list, total := make([]codec.Posting, len(debts)), uint64(0)
	for i, d := range debts {
		list[i] = codec.Posting{Role: d.Role, Party: d.Party, Side: codec.Debit, Amount: d.Amount}
		total += d.Amount
	}
	return s.carry(end, cycle, append(list, s.posting(s.actors["platform"], codec.Credit, total))...)
}

// carries appends a carry-forward, or wants it refused without a change.
func (s *settled) carries(code codec.Code, end, cycle uint64, debts []Debt) {
	s.Helper()
	a, blob := s.carryPart(end, cycle, debts)
	r := signedAdjustment(a, s.hub.owner())
	if code != "" {
		var c Change
		p := Prepare(s.hub.signed(s.batch(s.hub, [][]byte{blob}, r)))
		if v := Judge(s, p, 0, &c); v.Refusal == nil || v.Refusal.Code != code {
			s.Errorf("%d debts: %v, want %s", len(debts), v.Refusal, code)
		}
		requireZero(s, &c)
		return
	}
	s.accepted([][]byte{blob}, r)
	if got := s.Cycle(cycle).Carried; got != s.moment.Index-1 {
		s.Errorf("carried at %d", got)
	}
}

// One record carries 4,098 debts: as many as fit are all of them.
func TestDebtsOfOneRecord(t *testing.T) {
	s := newSettled(t)
	end := s.owing(maxCarried)
	debts := s.Debts(worldCycle)
	s.carries(codec.CodeBadAdjustment, end, worldCycle, debts[:maxCarried-1])
	s.carries(codec.CodeBadAdjustment, end, worldCycle, debts[1:])
	s.carries("", end, worldCycle, debts)
	s.carries(codec.CodeNotOpen, end, worldCycle, debts[maxCarried-1:])
}

// More debts than one record holds are carried by several, in order, each once; all but
// the last of them are full. Cycles may pass between them.
func TestDebtsOfSeveralRecords(t *testing.T) {
	s := newSettled(t)
	end := s.owing(2*maxCarried + 1)
	debts := s.Debts(worldCycle)
	first, second, third := debts[:maxCarried], debts[maxCarried:2*maxCarried], debts[2*maxCarried:]
	for _, part := range [][]Debt{second, third, first[:maxCarried-1], debts[1 : maxCarried+1]} {
		s.carries(codec.CodeBadAdjustment, end, worldCycle, part)
	}
	s.carries("", end, worldCycle, first)
	for _, part := range [][]Debt{first, third, second[1:], debts[maxCarried-1 : 2*maxCarried-1]} {
		s.carries(codec.CodeBadAdjustment, end, worldCycle, part)
	}
	s.carries("", end, worldCycle, second)
	s.endCycle()
	s.carries(codec.CodeBadAdjustment, end, worldCycle, second[maxCarried-1:])
	s.carries("", end, worldCycle, third)
	s.carries(codec.CodeNotOpen, end, worldCycle, third)
	total := uint64(0)
	for _, d := range debts {
		for _, cycle := range []uint64{worldCycle + 1, worldCycle + 2} {
			total += s.Balance(Account{cycle, d.Role, d.Party}).Debit
		}
	}
	if n := uint64(len(debts)); total != n*(n+1)/2 {
		t.Errorf("%d were carried of %d", total, n*(n+1)/2)
	}
}

// Two parts in one batch: the second is judged on what the first left.
func TestDebtsOfOneBatch(t *testing.T) {
	s := newSettled(t)
	end := s.owing(maxCarried + 1)
	debts := s.Debts(worldCycle)
	a, blob := s.carryPart(end, worldCycle, debts[:maxCarried])
	b, other := s.carryPart(end, worldCycle, debts[maxCarried:])
	hub := s.hub.owner()
	s.accepted([][]byte{blob, other}, signedAdjustment(a, hub), signedAdjustment(b, hub))
}
