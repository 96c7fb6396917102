package settlement

import (
	"math/big"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/forgepool/settle/codec"
)

// plainDispute is a dispute as its records say.
type plainDispute struct {
	opened, ruling, target, accepted uint64
	lines                            []codec.HeldLine
	by                               *actor
	open, adjusted                   bool
}

// plainCourt keeps disputes and corrections a second time, without a state that is
// carried along: everything is added up again when it is asked for.
type plainCourt struct {
	*settled
	records  []uint64 // with postings
	disputes []*plainDispute
	taken    map[LineRef]uint64
	atCut    map[LineRef]uint64 // all holds at the last cut
	appended int
	refusals int
}

// holds returns the largest open claim on every line that ever was claimed.
func (c *plainCourt) holds() map[LineRef]uint64 {
	holds := map[LineRef]uint64{}
	for _, d := range c.disputes {
		for _, l := range d.lines {
			ref := LineRef{d.target, l.Line}
			if holds[ref] += 0; d.open {
				holds[ref] = max(holds[ref], l.Amount)
			}
		}
	}
	return holds
}

// take submits a record and reports whether it was appended.
func (c *plainCourt) take(blobs [][]byte, record []byte) bool {
	verdicts, fault := c.submit(blobs, record)
	if fault != nil {
		c.Fatal(fault)
	}
	if verdicts[0].Kind != codec.Appended {
		c.refusals++
		return false
	}
	c.appended++
	return true
}

func (c *plainCourt) open(t *rapid.T) {
	target := rapid.SampledFrom(c.records).Draw(t, "target")
	lines := c.Posted(target).Lines
	at := rapid.IntRange(0, len(lines)-1).Draw(t, "line")
	by := c.behind(target, uint64(at))
	d := &plainDispute{target: target, by: by, open: true}
	for i := range lines {
		if lines[i].Party == by.id {
			amount := rapid.Uint64Range(0, lines[i].Amount+lines[i].Amount/8).Draw(t, "claim")
			d.lines = append(d.lines, held(uint64(i), amount))
		}
	}
	r := signedDispute(c.opening(by, codec.ClaimOvercharge, target, d.lines...), by.owner())
	if c.take(nil, r) {
		d.opened = c.moment.Index - 1
		c.disputes = append(c.disputes, d)
	}
}

func (c *plainCourt) end(t *rapid.T) {
	d := rapid.SampledFrom(c.disputes).Draw(t, "dispute")
	op := rapid.SampledFrom([]codec.DisputeOp{codec.DisputeAccept, codec.DisputeAccept, codec.DisputeReject, codec.DisputeWithdraw}).Draw(t, "op")
	by := c.actors["arbiter 1"]
	if op == codec.DisputeWithdraw {
		by = d.by
	}
	record := c.followUp(op, d.opened, by)
	if !c.take(nil, signedDispute(record, by.owner())) {
		if d.open {
			t.Fatal("an open dispute does not end")
		}
		return
	}
	if !d.open {
		t.Fatal("a dispute ends twice")
	}
	if d.open = false; op == codec.DisputeAccept {
		d.ruling, d.accepted = c.moment.Index-1, *record.Amount
	}
}

// correct takes something of two lines of opposite sides back: for a ruling or for
// a billing error.
func (c *plainCourt) correct(t *rapid.T) {
	target, cause, ref, limit := rapid.SampledFrom(c.records).Draw(t, "target"), codec.CauseBillingError, uint64(0), uint64(1<<62)
	keys, author := c.keysOf("hub"), c.hub
	var ruled *plainDispute
	if rapid.Bool().Draw(t, "for a ruling") {
		i := slices.IndexFunc(c.disputes, func(d *plainDispute) bool { return d.ruling != 0 && rapid.Bool().Draw(t, "this one") })
		if i < 0 {
			return
		}
		ruled = c.disputes[i]
		target, cause, ref, limit = ruled.target, codec.CauseDispute, ruled.ruling, ruled.accepted
		keys, author = c.keysOf("arbiter 1, arbiter 2"), c.actors["arbiter 1"]
	}
	from, to := rapid.IntRange(0, 5).Draw(t, "from"), rapid.IntRange(0, 5).Draw(t, "to")
	lines := c.Posted(target).Lines
	if from, to = from%len(lines), to%len(lines); lines[from].Side == lines[to].Side {
		return
	}
	amount := rapid.Uint64Range(1, min(lines[from].Amount, limit)+2).Draw(t, "amount")
	list := []codec.Posting{c.back(target, uint64(from), amount), c.back(target, uint64(to), amount)}
	a, blob := c.correction(author, cause, ref, target, list...)
	if cause == codec.CauseBillingError {
		for _, p := range list {
			if p.Side == codec.Debit && isTrader(p.Role) {
				keys = append(keys, c.keysOf("arbiter 2")...)
			}
		}
	}
	if !c.take([][]byte{blob}, signedAdjustment(a, keys...)) {
		return
	}
	if ruled != nil {
		if ruled.adjusted || amount > ruled.accepted {
			t.Fatal("a ruling is used twice, or for more than it accepted")
		}
		ruled.adjusted = true
	}
	for _, p := range list {
		c.taken[LineRef{*p.RefIndex, *p.RefLine}] += p.Amount
	}
	c.records = append(c.records, c.moment.Index-1)
}

func (c *plainCourt) settle(t *rapid.T) {
	s := c.settleNew(rapid.SampledFrom([]string{"customer", "capped"}).Draw(t, "customer"))
	c.records = append(c.records, s.at)
	r, blobs := s.job.settle(lie{})
	if c.take(blobs, r) {
		t.Fatal("a workload is settled twice")
	}
}

func (c *plainCourt) step(t *rapid.T) {
	switch step := rapid.IntRange(0, 11).Draw(t, "step"); {
	case step == 0 && c.Balance(Account{c.moment.Cycle, codec.RoleCustomer, c.actors["capped"].id}).Charged == 0:
		c.settle(t)
	case step == 1:
		c.atCut = c.holds()
		c.endCycle()
	case step < 6:
		c.open(t)
	case step < 9 && len(c.disputes) > 0:
		c.end(t)
	default:
		c.correct(t)
	}
}

// check compares the state with what follows plainly from the records.
func (c *plainCourt) check(t *rapid.T) {
	holds := c.holds()
	up, down := map[Account]uint64{}, map[Account]uint64{}
	for ref, now := range holds {
		line := c.Posted(ref.Index).Lines[ref.Line]
		a, before := Account{c.moment.Cycle, line.Role, line.Party}, c.atCut[ref]
		up[a] += max(now, before) - before
		down[a] += max(now, before) - now
		got := uint64(0)
		if h := c.Hold(ref); h != nil {
			got = h.Now
		}
		if got != now || now > line.Amount {
			t.Fatalf("%+v: %d held, plainly %d of %d", ref, got, now, line.Amount)
		}
	}
	for ref, amount := range c.taken {
		if got := c.Reversed(ref); got != amount || amount > c.Posted(ref.Index).Lines[ref.Line].Amount {
			t.Fatalf("%+v: %d taken back, plainly %d", ref, got, amount)
		}
	}
	c.checkBalances(t, up, down)
	for _, index := range c.records {
		open := slices.ContainsFunc(c.disputes, func(d *plainDispute) bool { return d.open && d.target == index })
		p := c.Posted(index)
		if p.Kind == codec.KindSettlement && (c.Workload(p.Author, p.Workload).State == codec.StateDisputed) != open {
			t.Fatalf("the workload of %d is %v", index, c.Workload(p.Author, p.Workload).State)
		}
	}
}

// checkBalances adds all postings up again: per cycle credits are debits, and every
// account has what was posted to it.
func (c *plainCourt) checkBalances(t *rapid.T, up, down map[Account]uint64) {
	type sides [2]uint64
	plain, total := map[Account]sides{}, map[uint64][2]*big.Int{}
	for _, index := range c.records {
		p := c.Posted(index)
		for _, l := range p.Lines {
			a := Account{p.Cycle, l.Role, l.Party}
			s := plain[a]
			s[l.Side-codec.Credit] += l.Amount
			plain[a] = s
			if total[p.Cycle][0] == nil {
				total[p.Cycle] = [2]*big.Int{new(big.Int), new(big.Int)}
			}
			sum := total[p.Cycle][l.Side-codec.Credit]
			sum.Add(sum, new(big.Int).SetUint64(l.Amount))
		}
	}
	for cycle, t2 := range total {
		if t2[0].Cmp(t2[1]) != 0 {
			t.Fatalf("cycle %d: credits %v, debits %v", cycle, t2[0], t2[1])
		}
	}
	for a, b := range c.balances {
		if b.Credit != plain[a][0] || b.Debit != plain[a][1] || a.Cycle == c.moment.Cycle && (b.Held != up[a] || b.Released != down[a]) {
			t.Fatalf("balance %+v, plainly %v, held %d, released %d", b, plain[a], up[a], down[a])
		}
		delete(plain, a)
		delete(up, a)
		delete(down, a)
	}
	for _, rest := range []map[Account]uint64{up, down} {
		for a, amount := range rest {
			if amount != 0 {
				t.Fatalf("%d missing from %+v", amount, a)
			}
		}
	}
	if len(plain) > 0 {
		t.Fatalf("no balances for %v", plain)
	}
}

// Whatever is disputed, ruled and corrected in whatever order: holds are the largest
// open claims and nothing more, nothing is taken back or paid twice, value is
// conserved, and the held and released of accounts are those of the lines.
func TestRandomDisputes(t *testing.T) {
	start := newSettled(t, func(p *codec.Policy) { p.Receipts = 0 })
	appended, refusals := 0, 0
	rapid.Check(t, func(rt *rapid.T) {
		c := &plainCourt{settled: start.fork(t), taken: map[LineRef]uint64{}, atCut: map[LineRef]uint64{}}
		c.records = []uint64{c.at}
		for range rapid.IntRange(10, 40).Draw(rt, "steps") {
			c.step(rt)
			c.check(rt)
		}
		appended, refusals = appended+c.appended, refusals+c.refusals
	})
	if appended == 0 || refusals == 0 {
		t.Errorf("%d appended, %d refused: nothing was tested", appended, refusals)
	}
	t.Logf("%d appended, %d refused", appended, refusals)
}
