package settlement

import (
	"math/big"
	"testing"

	"pgregory.net/rapid"

	"github.com/forgepool/settle/codec"
)

// months are the closed months of a random life, checked against what the accounts say.
type months struct {
	*world
	settled  []*settled
	open     []uint64 // disputes
	heldThen uint64   // at the last cut
}

func (m *months) settle(t *rapid.T) {
	m.settled = append(m.settled, m.settleNew("customer"))
}

func (m *months) dispute(t *rapid.T) {
	s := rapid.SampledFrom(m.settled).Draw(t, "settlement")
	line := rapid.Uint64Range(0, uint64(len(m.Posted(s.at).Lines)-1)).Draw(t, "line")
	by := m.behind(s.at, line)
	amount := rapid.Uint64Range(1, m.Posted(s.at).Lines[line].Amount).Draw(t, "amount")
	verdicts, fault := m.submit(nil, signedDispute(m.opening(by, codec.ClaimOvercharge, s.at, held(line, amount)), by.owner()))
	if fault != nil {
		t.Fatal(fault)
	}
	if verdicts[0].Kind == codec.Appended {
		m.open = append(m.open, verdicts[0].Index)
	}
}

func (m *months) withdraw(t *rapid.T) {
	i := rapid.IntRange(0, len(m.open)-1).Draw(t, "dispute")
	opened := m.open[i]
	m.open = append(m.open[:i:i], m.open[i+1:]...)
	for _, a := range m.actors {
		if a.id == m.Dispute(opened).Author {
			m.accepted(nil, signedDispute(m.followUp(codec.DisputeWithdraw, opened, a), a.owner()))
			return
		}
	}
	t.Fatal("nobody opened it")
}

// close ends a month, lets life go on, and compares the close with the accounts.
func (m *months) close(t *rapid.T) {
	cycle := m.moment.Cycle
	m.cutOff()
	var net [2]big.Int // of customers, of the others
	var up, down, postings uint64
	for a, b := range m.balances {
		if a.Cycle != cycle {
			continue
		}
		side := &net[1]
		if a.Role == codec.RoleCustomer {
			side = &net[0]
		}
		side.Add(side, new(big.Int).SetUint64(b.Credit)).Sub(side, new(big.Int).SetUint64(b.Debit))
		up, down, postings = up+b.Held, down+b.Released, postings+b.Postings
	}
	body := m.closingBody()
	if new(big.Int).Add(&net[0], &net[1]).Sign() != 0 || body.Parties.Postings != postings {
		t.Fatalf("accounts %v, %d postings of %d", net, postings, body.Parties.Postings)
	}
	if body.Held.Released != down || m.heldThen+up-down != body.Held.Held || body.Held.Disputes != uint64(len(m.open)) {
		t.Fatalf("%d held before, %d more and %d less by the accounts: %+v", m.heldThen, up, down, body.Held)
	}
	m.heldThen = body.Held.Held
	if rapid.Bool().Draw(t, "late") {
		m.settle(t)
		if after := m.closingBody(); *after.Journal != *body.Journal || *after.Log != *body.Log || *after.Batches != *body.Batches {
			t.Fatal("what came after the cut moved the close")
		}
	}
	m.closeUp()
}

// Whatever happens in whatever order, every month closes, and what its close states
// follows from the accounts.
func TestRandomMonths(t *testing.T) {
	start := newWorld(t)
	rapid.Check(t, func(t *rapid.T) {
		w := *start
		w.memory = start.clone()
		m := &months{world: &w}
		m.settle(t)
		for range rapid.IntRange(2, 14).Draw(t, "steps") {
			switch step := rapid.IntRange(0, 7).Draw(t, "step"); {
			case step == 0:
				m.close(t)
			case step < 3:
				m.settle(t)
			case step < 6 || len(m.open) == 0:
				m.dispute(t)
			default:
				m.withdraw(t)
			}
		}
		m.close(t)
	})
}
