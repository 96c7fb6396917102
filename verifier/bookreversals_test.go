package verifier

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/forgepool/settle/codec"
	"pgregory.net/rapid"
)

// refund is postings that take an amount back of one line, and balance.
func (w *world) refund(record, line, amount uint64) []codec.Posting {
	w.t.Helper()
	of := w.postingsAt(record)[line]
	back, other := codec.Debit, codec.Credit
	if of.Side == codec.Debit {
		back, other = other, back
	}
	return []codec.Posting{
		{Role: of.Role, Party: of.Party, Side: back, Amount: amount, RefIndex: &record, RefLine: &line},
		{Role: codec.RolePlatform, Party: w.actors["platform"].id, Side: other, Amount: amount},
	}
}

// postingsAt returns the postings of a settlement or an adjustment.
func (w *world) postingsAt(index uint64) []codec.Posting {
	w.t.Helper()
	e, err := entryIn(w.records[index].Bytes, index)
	if err != nil {
		w.t.Fatal(err)
	}
	if e.kind == codec.KindSettlement {
		d, err := codec.DecodeDetail(w.blobs[e.detail])
		if err != nil {
			w.t.Fatal(err)
		}
		return d.Postings
	}
	c, err := codec.DecodeCorrection(w.blobs[e.detail])
	if err != nil {
		w.t.Fatal(err)
	}
	return c.Postings
}

// cutBefore ends the cycle before the test's.
func (w *world) cutBefore() uint64 {
	hub, next := w.actors["hub"], uint64(testCycle)
	cut := &codec.Cycle{ID: testID("cut before"), At: testTime, Cycle: testCycle - 1, Author: hub.id, Op: codec.CycleCut, Next: &next}
	w.append("cut before", [][]byte{w.signed(codec.KindCycle, codec.EncodeCycle(cut), hub)})
	return uint64(len(w.records) - 1)
}

// checkReversals reads the log and adds up the reversals of the cycle.
func (w *world) checkReversals(dir string) ([]string, error) {
	ctx := context.Background()
	follower, err := NewFollower(w.trust, nil)
	if err != nil {
		return nil, err
	}
	pair, err := follower.Follow(ctx, w, 0)
	if err != nil {
		return nil, err
	}
	b, err := openBooks(dir, testCycle, w.actors["auditor"].id)
	if err != nil {
		return nil, err
	}
	defer b.closeFiles()
	log, err := readBooks(ctx, w, pair, b, nil)
	if err != nil {
		return nil, err
	}
	cut := &windows{src: w, books: b, dir: dir, workers: 2}
	if err := cut.make(ctx); err != nil {
		return nil, err
	}
	f, err := mergeRuns(b, dir, cut.runs)
	if err != nil {
		return nil, err
	}
	defer f.closeFiles()
	return newReversals(&examiner{src: w, log: log}, w, b, dir, 2).check(ctx)
}

// TestReversalsTogether takes one line back by two adjustments, in one cycle and in two.
func TestReversalsTogether(t *testing.T) {
	for name, test := range map[string]struct {
		first, second func(amount uint64) uint64
		wrong         bool
	}{
		"all of it":       {func(a uint64) uint64 { return a / 2 }, func(a uint64) uint64 { return a - a/2 }, false},
		"one too much":    {func(a uint64) uint64 { return a / 2 }, func(a uint64) uint64 { return a - a/2 + 1 }, true},
		"twice the whole": {func(a uint64) uint64 { return a }, func(a uint64) uint64 { return a }, true},
	} {
		for _, cuts := range []string{"one cycle", "line before", "adjustment before"} {
			t.Run(name+", "+cuts, func(t *testing.T) {
				w := newWorld(t, 2)
				target := w.settle(job{name: "one", shards: []shardSpec{{0, 3}, {1, 4}}})
				amount := w.postingsAt(target)[0].Amount
				if cuts == "line before" {
					w.cutBefore()
				}
				w.adjust("first", target, w.refund(target, 0, test.first(amount)), nil, "hub")
				if cuts == "adjustment before" {
					w.cutBefore()
				}
				w.adjust("second", target, w.refund(target, 0, test.second(amount)), nil, "hub")
				deviations, err := w.checkReversals(t.TempDir())
				if errors.Is(err, LieAdjustment) != test.wrong || !test.wrong && err != nil || len(deviations) > 0 {
					t.Errorf("%v, deviations %q", err, deviations)
				}
			})
		}
	}
}

// TestTakenBackBeyondAllBounds adds up more than fits, whatever is left of the sum.
func TestTakenBackBeyondAllBounds(t *testing.T) {
	line := bookLine{role: codec.RoleCustomer, index: 3, side: codec.Debit, amount: 1}
	row := line.row()
	sum := &takenBack{line: line}
	sum.add(&row)
	line.side = codec.Credit | reversed
	for i, amount := range []uint64{1, 1<<64 - 1, 1} {
		line.amount, line.base = amount, uint64(5-i)
		row = line.row()
		sum.add(&row)
		if err := sum.check(); errors.Is(err, LieAdjustment) != (i > 0) || i == 0 && err != nil {
			t.Errorf("after %d: %v", i+1, err)
		}
	}
	if sum.last != 5 {
		t.Errorf("last is %d", sum.last)
	}
}

// TestReversalsEndAnAudit audits a whole cycle whose nodes admitted too much.
func TestReversalsEndAnAudit(t *testing.T) {
	for _, extra := range []uint64{0, 1} {
		w := newWorld(t, 2)
		w.promise(800_000, 100_000, 500_000)
		target := w.settle(job{name: "one", shards: []shardSpec{{0, 3}, {1, 4}}})
		amount := w.postingsAt(target)[0].Amount
		for _, part := range []uint64{1, amount - 1 + extra} {
			w.adjust(fmt.Sprint("refund ", part), target, w.refund(target, 0, part), nil, "hub")
		}
		w.closeCycle(nil)
		_, err := AuditCycle(context.Background(), w, w.cycleOptions(t.TempDir()))
		if errors.Is(err, LieAdjustment) != (extra > 0) || extra == 0 && err != nil {
			t.Errorf("%d too much: %v", extra, err)
		}
	}
}

// TestReversalsOfPrunedRecords hides details of the cycle before.
func TestReversalsOfPrunedRecords(t *testing.T) {
	for _, hidden := range []string{"line", "adjustment"} {
		w := newWorld(t, 2)
		target := w.settle(job{name: "one", shards: []shardSpec{{0, 3}, {1, 4}}})
		amount := w.postingsAt(target)[0].Amount
		before := w.adjust("first", target, w.refund(target, 0, amount), nil, "hub")
		w.cutBefore()
		w.adjust("second", target, w.refund(target, 0, 1), nil, "hub")
		pruned := map[string]uint64{"line": target, "adjustment": before}[hidden]
		e, err := entryIn(w.records[pruned].Bytes, pruned)
		if err != nil {
			t.Fatal(err)
		}
		delete(w.blobs, e.detail)
		deviations, err := w.checkReversals(t.TempDir())
		if err != nil || len(deviations) != 1 || !strings.Contains(deviations[0], fmt.Sprintf("record %d first", pruned)) {
			t.Errorf("%s hidden: %v, deviations %q", hidden, err, deviations)
		}
	}
}

// TestReversalsOfNothing takes back what is no line of that party on the other side.
func TestReversalsOfNothing(t *testing.T) {
	for name, change := range map[string]func(p []codec.Posting){
		"no such line":   func(p []codec.Posting) { no := uint64(99); p[0].RefLine = &no },
		"no line number": func(p []codec.Posting) { no := uint64(1 << 16); p[0].RefLine = &no },
		"no such record": func(p []codec.Posting) { no := uint64(1); p[0].RefIndex = &no },
		"a later record": func(p []codec.Posting) { no := uint64(1 << 40); p[0].RefIndex = &no },
		"another party":  func(p []codec.Posting) { p[0].Party[3] ^= 1 },
		"another role":   func(p []codec.Posting) { p[0].Role = codec.RoleAdapter },
		"the same side":  func(p []codec.Posting) { p[0].Side, p[1].Side = p[1].Side, p[0].Side },
	} {
		for _, before := range []bool{false, true} {
			t.Run(fmt.Sprint(name, " ", before), func(t *testing.T) {
				w := newWorld(t, 2)
				target := w.settle(job{name: "one", shards: []shardSpec{{0, 3}, {1, 4}}})
				if before {
					w.cutBefore()
				}
				postings := w.refund(target, 0, 1)
				change(postings)
				w.adjust("refund", target, postings, nil, "hub")
				if _, err := w.checkReversals(t.TempDir()); !errors.Is(err, LieAdjustment) {
					t.Errorf("got %v", err)
				}
			})
		}
	}
}

// TestReversalsAgainstPlainSums compares random adjustments in two cycles with sums over
// a map.
func TestReversalsAgainstPlainSums(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		w := newWorld(t, 2)
		records := []uint64{w.settle(job{name: "one", shards: []shardSpec{{0, 1}, {1, 1}}})}
		type place struct{ record, line uint64 }
		taken, now := map[place]uint64{}, map[place]bool{}
		n := rapid.IntRange(1, 6).Draw(rt, "adjustments")
		cut := rapid.IntRange(0, n).Draw(rt, "cut")
		for i := range n {
			if i == cut {
				w.cutBefore()
			}
			record := rapid.SampledFrom(records).Draw(rt, "record")
			lines := w.postingsAt(record)
			line := rapid.Uint64Range(0, min(uint64(len(lines)-1), 1)).Draw(rt, "line")
			whole := lines[line].Amount
			amount := rapid.SampledFrom([]uint64{1, max(1, whole/3), max(1, whole/2), whole}).Draw(rt, "amount")
			records = append(records, w.adjust(fmt.Sprint("adjustment ", i), record, w.refund(record, line, amount), nil, "hub"))
			taken[place{record, line}] += amount
			now[place{record, line}] = now[place{record, line}] || i >= cut || cut == n
		}
		wrong := false
		for at, sum := range taken {
			wrong = wrong || now[at] && sum > w.postingsAt(at.record)[at.line].Amount
		}
		deviations, err := w.checkReversals(t.TempDir())
		if errors.Is(err, LieAdjustment) != wrong || !wrong && err != nil || len(deviations) > 0 {
			rt.Fatalf("wrong %v: %v, deviations %q", wrong, err, deviations)
		}
	})
}
