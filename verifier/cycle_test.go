package verifier

import (
	"bytes"
	"context"
	"errors"
	"testing"

	"github.com/forgepool/settle/codec"
	"github.com/forgepool/settle/replay"
)

// closed is a small ledger with an intent of few draws and a closed cycle.
func closed(t *testing.T, lies ...job) *world {
	w := newWorld(t, 3)
	w.promise(800_000, 100_000, 500_000)
	honest(w, 4)
	for _, j := range lies {
		w.settle(j)
	}
	w.adjust("goodwill", uint64(len(w.records)-1), w.goodwill(1_000), nil, "hub")
	w.closeCycle(nil)
	return w
}

func TestAuditOfAnHonestCycle(t *testing.T) {
	w := closed(t)
	r := w.auditCycle(w.cycleOptions(t.TempDir()))
	if r.Opinion != codec.OpinionPass || r.Result.Failed+r.Result.Unavailable > 0 || r.Result.Passed == 0 {
		t.Fatalf("opinion %d, %+v, items %+v", r.Opinion, r.Result, r.Items)
	}
	// 16 draws are what 80 % and 10 % give; a clean sample needs 17 for the bound.
	if n := len(r.Draws); n != 17+8 || r.Bounds.K != 0 || !tolerable(r.Bounds.Upper, r.Frame.Value, 100_000) {
		t.Errorf("%d draws, bounds %+v of %d", n, r.Bounds, r.Frame.Value)
	}
	for i := range r.Works {
		if r.Works[i].Merge != Match {
			t.Errorf("settlement %d: %s", r.Works[i].Record, r.Works[i].Reason)
		}
	}
	data := r.Encode()
	again, err := DecodeCycleReport(data)
	if err != nil || !bytes.Equal(again.Encode(), data) {
		t.Errorf("read again: %v", err)
	}
}

// TestCycleReportDoesNotDependOnWorkers compares whole reports.
func TestCycleReportDoesNotDependOnWorkers(t *testing.T) {
	w := closed(t, job{name: "false", shards: []shardSpec{{0, 50}, {1, 50}}, entry: func(i int, e *codec.ShardEntry) { e.Output.Hash[0] ^= byte(i) }})
	var first []byte
	for _, workers := range []int{1, 4} {
		o := w.cycleOptions(t.TempDir())
		o.Workers = workers
		data := w.auditCycle(o).Encode()
		if first == nil {
			first = data
		} else if !bytes.Equal(first, data) {
			t.Error("reports differ by the number of workers")
		}
	}
}

// TestFraudInACycle plants each fault in a shard that takes most of the value.
func TestFraudInACycle(t *testing.T) {
	for name, test := range map[string]struct {
		job     job
		fault   Fault
		opinion codec.Opinion
	}{
		"output":  {job{entry: func(i int, e *codec.ShardEntry) { e.Output.Hash[5] ^= byte(i) }}, FaultOutput, codec.OpinionFail},
		"units":   {job{entry: func(i int, e *codec.ShardEntry) { e.Units += uint64(i) }}, FaultUnits, codec.OpinionFail},
		"receipt": {job{signed: func(i int, e *codec.ShardEntry) { e.Receipt[3] ^= byte(i) }}, FaultReceipt, codec.OpinionFail},
		"result":  {job{body: func(s *codec.Settlement) { s.Result.Hash[0] ^= 1 }}, 0, codec.OpinionFail},
	} {
		t.Run(name, func(t *testing.T) {
			test.job.name, test.job.shards = "false", []shardSpec{{0, 5}, {1, 300}}
			w := closed(t, test.job)
			r := w.auditCycle(w.cycleOptions(t.TempDir()))
			if r.Result.Failed == 0 || r.Bounds.K == 0 || r.Opinion != test.opinion && r.Opinion != codec.OpinionWithFindings {
				t.Fatalf("opinion %d, %+v, %+v", r.Opinion, r.Result, r.Bounds)
			}
			for i := range r.Items {
				if item := &r.Items[i]; item.Verdict == Mismatch && item.Fault != uint64(test.fault) {
					t.Errorf("item %d is accused of %d: %v", i, item.Fault, item.Reasons)
				}
			}
			if (test.fault != 0) != (len(r.Evidence) > 0) {
				t.Errorf("%d evidence files", len(r.Evidence))
			}
		})
	}
}

// TestFalseClose states one value wrongly.
func TestFalseClose(t *testing.T) {
	for name, change := range map[string]func(*codec.Cycle){
		"range":      func(c *codec.Cycle) { c.Range = &codec.Range{Min: 2, Max: c.Range.Max} },
		"counts":     func(c *codec.Cycle) { c.Counts[1]++ },
		"prev":       func(c *codec.Cycle) { c.Prev = &codec.RecordRef{Index: 3} },
		"journal":    func(c *codec.Cycle) { c.Journal.Root[0] ^= 1 },
		"parties":    func(c *codec.Cycle) { c.Parties.Root[0] ^= 1 },
		"credit":     func(c *codec.Cycle) { c.Parties.Credit++ },
		"subtotals":  func(c *codec.Cycle) { (*c.Subtotals)[0].Credit++ },
		"log":        func(c *codec.Cycle) { c.Log.Root[0] ^= 1 },
		"policy":     func(c *codec.Cycle) { c.Policy = &codec.Hash{} },
		"unfinished": func(c *codec.Cycle) { n := *c.Unfinished + 1; c.Unfinished = &n },
		"cut":        func(c *codec.Cycle) { c.Cut = &codec.RecordRef{Index: c.Cut.Index} },
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, 2)
			w.promise(800_000, 100_000, 500_000)
			w.settle(job{name: "one", shards: []shardSpec{{0, 3}, {1, 4}}})
			w.closeCycle(change)
			if _, err := AuditCycle(context.Background(), w, w.cycleOptions(t.TempDir())); !errors.Is(err, LieClose) {
				t.Errorf("got %v", err)
			}
		})
	}
}

// TestCycleIsNotReady audits what cannot be audited yet.
func TestCycleIsNotReady(t *testing.T) {
	w := newWorld(t, 2)
	run := func(o CycleOptions) error {
		_, err := AuditCycle(context.Background(), w, o)
		return err
	}
	if err := run(w.cycleOptions(t.TempDir())); !errors.Is(err, ErrNotReady) {
		t.Errorf("without an intent: %v", err)
	}
	w.promise(800_000, 100_000, 500_000)
	if err := run(w.cycleOptions(t.TempDir())); !errors.Is(err, ErrNotReady) {
		t.Errorf("without a close: %v", err)
	}
	w.closeCycle(nil)
	o := w.cycleOptions(t.TempDir())
	o.Secret[0]++
	if err := run(o); err == nil {
		t.Error("another secret opens the intent")
	}
	o = w.cycleOptions(t.TempDir())
	if r := w.auditCycle(o); r.Opinion != codec.OpinionPass || len(r.Draws) > 0 {
		t.Errorf("nothing to draw from: opinion %d, %d draws", r.Opinion, len(r.Draws))
	}
}

// TestAdjustmentsAreDocuments makes credits of providers by adjustments, most of the
// value, some of them against the rules.
func TestAdjustmentsAreDocuments(t *testing.T) {
	present := func(w *world) []codec.Posting {
		return []codec.Posting{
			{Role: codec.RolePlatform, Party: w.actors["platform"].id, Side: codec.Debit, Amount: 1 << 40},
			{Role: codec.RoleProvider, Party: w.actors["provider 0"].id, Side: codec.Credit, Amount: 1 << 40},
		}
	}
	for name, test := range map[string]struct {
		change  func(*codec.Adjustment)
		signers []string
		want    Verdict
	}{
		"goodwill to a provider": {nil, []string{"hub"}, Mismatch},
		"a penalty":              {func(a *codec.Adjustment) { a.Cause = codec.CauseCarryForward }, []string{"hub"}, Match},
		"signed by another":      {func(a *codec.Adjustment) { a.Cause = codec.CauseCarryForward }, []string{"governance"}, Mismatch},
		"another target":         {func(a *codec.Adjustment) { a.Cause, a.Target.Leaf[0] = codec.CauseCarryForward, a.Target.Leaf[0]^1 }, []string{"hub"}, Mismatch},
		"no ruling": {func(a *codec.Adjustment) {
			one := uint64(1)
			a.Cause, a.CauseRef = codec.CauseDispute, &one
		}, []string{"arbiter 1", "arbiter 2"}, Mismatch},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, 2)
			w.promise(800_000, 100_000, 500_000)
			target := w.settle(job{name: "one", shards: []shardSpec{{0, 3}, {1, 4}}})
			w.adjust("adjustment", target, present(w), test.change, test.signers...)
			w.closeCycle(nil)
			r := w.auditCycle(w.cycleOptions(t.TempDir()))
			for i := range r.Items {
				if item := &r.Items[i]; item.Kind == ItemDocument {
					if item.Verdict != test.want || (item.Taint > 0) != (test.want == Mismatch) {
						t.Errorf("%s: %v", item.Verdict, item.Reasons)
					}
					return
				}
			}
			t.Error("no document was drawn")
		})
	}
}

// TestReversals checks what an adjustment takes back against the line it names.
func TestReversals(t *testing.T) {
	for name, test := range map[string]struct {
		change func(p []codec.Posting)
		want   Verdict
	}{
		"as they were":  {func([]codec.Posting) {}, Match},
		"another party": {func(p []codec.Posting) { one := uint64(2); p[1].RefLine = &one }, Mismatch},
		"no such line":  {func(p []codec.Posting) { no := uint64(99); p[1].RefLine = &no }, Mismatch},
		"too much": {func(p []codec.Posting) {
			for i := range p {
				p[i].Amount *= 1 << 20
			}
		}, Mismatch},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, 2)
			target := w.settle(job{name: "one", shards: []shardSpec{{0, 3}, {1, 4}}})
			customer, provider := uint64(0), uint64(1)
			d, err := codec.DecodeDetail(w.blobs[w.settlementAt(target).Detail])
			if err != nil {
				t.Fatal(err)
			}
			postings := []codec.Posting{
				{Role: codec.RoleCustomer, Party: d.Postings[0].Party, Side: codec.Credit, Amount: 5, RefIndex: &target, RefLine: &customer},
				{Role: codec.RoleProvider, Party: d.Postings[1].Party, Side: codec.Debit, Amount: 5, RefIndex: &target, RefLine: &provider},
			}
			test.change(postings)
			index := w.adjust("refund", target, postings, func(a *codec.Adjustment) { a.Cause = codec.CauseBillingError }, "hub", "arbiter 1")
			follower, _ := NewFollower(w.trust, nil)
			pair, err := follower.Follow(context.Background(), w, 0)
			if err != nil {
				t.Fatal(err)
			}
			log, err := ReadLog(context.Background(), w, pair, nil)
			if err != nil {
				t.Fatal(err)
			}
			x := &examiner{src: w, log: log}
			rec, _ := codec.DecodeRecord(w.records[index].Bytes)
			e, err := entryIn(w.records[index].Bytes, index)
			if err != nil {
				t.Fatal(err)
			}
			if got, why := verdictOf(x.document(context.Background(), &rec, e, postings)); got != test.want {
				t.Errorf("%s: %v", got, why)
			}
		})
	}
}

// settlementAt decodes a settlement of the world.
func (w *world) settlementAt(index uint64) *codec.Settlement {
	rec, err := codec.DecodeRecord(w.records[index].Bytes)
	if err != nil {
		w.t.Fatal(err)
	}
	s := new(codec.Settlement)
	if err := codec.DecodeSettlement(rec.Body, s); err != nil {
		w.t.Fatal(err)
	}
	return s
}

// tooSlow is a program that never finishes in time.
type tooSlow struct{ replay.Program }

func (tooSlow) RunContext(context.Context, replay.Task) (replay.Result, error) {
	return replay.Result{Status: replay.Unable}, errors.New("not finished after 1s")
}

// TestSlowMachineIsInconclusive gives no shard the time it needs, and later hides bytes.
func TestSlowMachineIsInconclusive(t *testing.T) {
	w := closed(t)
	o := w.cycleOptions(t.TempDir())
	o.Machine.Builtin = func(p replay.Program) replay.Program { return tooSlow{p} }
	r := w.auditCycle(o)
	if r.Result.Failed > 0 || r.Result.Unavailable == 0 || r.Opinion != codec.OpinionIncomplete {
		t.Errorf("too slow: opinion %d, %+v", r.Opinion, r.Result)
	}
	for i := range r.Items {
		if item := &r.Items[i]; (item.Asked == testTime+1) != (item.Verdict == Inconclusive) {
			t.Errorf("item %d: %s, asked %d", i, item.Verdict, item.Asked)
		}
	}
	o.Machine.Builtin, o.Now = nil, func() uint64 { return testTime + 2 }
	if r := w.auditCycle(o); r.Opinion != codec.OpinionPass || r.Span.Start != testTime+1 || r.Span.End != testTime+2 {
		t.Errorf("with time: opinion %d, %+v", r.Opinion, r.Span)
	}
}

// TestEscalationAppendsDraws finds a small fraud with few draws and goes on.
func TestEscalationAppendsDraws(t *testing.T) {
	w := closed(t, job{name: "false", shards: []shardSpec{{0, 1}, {1, 20}}, entry: func(i int, e *codec.ShardEntry) { e.Output.Hash[0] ^= byte(i) }})
	few := w.auditCycle(w.cycleOptions(t.TempDir()))
	o := w.cycleOptions(t.TempDir())
	o.Escalate = 400
	dir := o.Dir
	many := w.auditCycle(o)
	n := few.kindCount(Vouching)
	if few.Bounds.K == 0 || tolerable(few.Bounds.Upper, few.Frame.Value, few.Target.FaultPPM) {
		t.Fatalf("the few draws find too little: %+v", few.Bounds)
	}
	if many.kindCount(Vouching) <= n || many.kindCount(Vouching) > 400 {
		t.Errorf("%d draws after %d", many.kindCount(Vouching), n)
	}
	for i := range n {
		if many.Draws[i].U != few.Draws[i].U {
			t.Errorf("draw %d changed", i)
		}
	}
	if err := many.Check(w.trust, proofsIn(dir)); err != nil {
		t.Error(err)
	}
}
