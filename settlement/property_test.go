package settlement

import (
	"fmt"
	"math/big"
	"testing"

	"pgregory.net/rapid"

	"github.com/forgepool/settle/codec"
)

// plainBooks keeps balances a second time, from what settlements say of themselves.
type plainBooks struct {
	credit, debit map[codec.ID]*big.Int
	settled       map[codec.ID]bool
	charged       *big.Int
}

func (b *plainBooks) book(t *rapid.T, s *codec.Settlement, d *codec.Detail) {
	if b.settled[s.Workload] {
		t.Fatal("a workload is settled twice")
	}
	b.settled[s.Workload] = true
	b.charged.Add(b.charged, new(big.Int).SetUint64(s.Charge))
	for i := range d.Postings {
		p := &d.Postings[i]
		side := b.credit
		if p.Side == codec.Debit {
			side = b.debit
		}
		if side[p.Party] == nil {
			side[p.Party] = new(big.Int)
		}
		side[p.Party].Add(side[p.Party], new(big.Int).SetUint64(p.Amount))
	}
}

// check compares every balance, and that nothing was made or lost.
func (b *plainBooks) check(t *rapid.T, m *memory) {
	credit, debit := new(big.Int), new(big.Int)
	for a, got := range m.balances {
		for _, side := range []struct {
			got  uint64
			want *big.Int
			sum  *big.Int
		}{{got.Credit, b.credit[a.Party], credit}, {got.Debit, b.debit[a.Party], debit}} {
			if side.want == nil {
				side.want = new(big.Int)
			}
			if new(big.Int).SetUint64(side.got).Cmp(side.want) != 0 {
				t.Fatalf("balance %+v, plainly %v", got, side.want)
			}
			side.sum.Add(side.sum, side.want)
		}
	}
	if credit.Cmp(debit) != 0 || credit.Cmp(b.charged) != 0 {
		t.Fatalf("credits %v, debits %v, charges %v", credit, debit, b.charged)
	}
}

// Whatever a hub does in whatever order: value is conserved, no workload is paid
// twice, and no refusal changes anything.
func TestRandomLives(t *testing.T) {
	start := newWorld(t, func(p *codec.Policy) { p.Receipts = 0 })
	accepted, refused := 0, 0
	rapid.Check(t, func(rt *rapid.T) {
		w := *start
		w.memory = start.clone()
		books := &plainBooks{map[codec.ID]*big.Int{}, map[codec.ID]*big.Int{}, map[codec.ID]bool{}, new(big.Int)}
		var jobs []*job
		for range rapid.IntRange(1, 25).Draw(rt, "steps") {
			if len(jobs) == 0 || rapid.IntRange(0, 2).Draw(rt, "new") == 0 {
				jobs = append(jobs, w.randomJob(rt))
			}
			j := rapid.SampledFrom(jobs).Draw(rt, "job")
			before := fmt.Sprint(len(w.log), w.balances)
			if w.randomStep(rt, j, books) {
				accepted++
				continue
			}
			if refused++; before != fmt.Sprint(len(w.log), w.balances) {
				rt.Fatal("a refusal changed something")
			}
		}
		books.check(rt, w.memory)
	})
	if accepted == 0 || refused == 0 {
		t.Errorf("%d accepted, %d refused: nothing was tested", accepted, refused)
	}
}

func (w *world) randomJob(t *rapid.T) *job {
	j := w.newJob(rapid.IntRange(1, 7).Draw(t, "shards"))
	for i := range j.entries {
		j.entries[i].Units = rapid.Uint64Range(1, 1_000).Draw(t, "units")
	}
	if rapid.Bool().Draw(t, "capped") {
		j.of(w.actors["capped"])
	}
	if rapid.Bool().Draw(t, "adapter") {
		j.adapter = &w.actors["adapter"].id
	}
	return j
}

// randomStep submits one record of a job and reports whether it was appended.
func (w *world) randomStep(t *rapid.T, j *job, books *plainBooks) bool {
	j.world = w
	state := codec.State(rapid.IntRange(1, 9).Draw(t, "state"))
	if state <= codec.StateAggregating {
		e := j.event(state)
		verdicts, fault := w.submit([][]byte{j.sealed}, j.record(e))
		if fault != nil || verdicts[0].Kind != codec.Appended {
			return false
		}
		j.next(e)
		return true
	}
	l := rapid.SampledFrom([]lie{{}, {}, {}, settlementLies[rapid.IntRange(0, len(settlementLies)-1).Draw(t, "lie")].lie}).Draw(t, "honest")
	if len(j.entries) < 4 && (l.entries != nil || l.detail != nil) { // lies are about four shards
		l = lie{}
	}
	r, blobs := j.settle(l)
	verdicts, fault := w.submit(blobs, r)
	if fault != nil || verdicts[0].Kind != codec.Appended {
		return false
	}
	p := Prepare(w.hub.signed(w.batch(w.hub, blobs, r)))
	books.book(t, &p.Records[0].Settlement.Body, p.Records[0].Settlement.Detail)
	return true
}
