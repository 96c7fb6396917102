package settlement

import (
	"testing"

	"github.com/forgepool/settle/codec"
)

// eventLies are the ways to lie in an event. The first event is Planned; for the
// others a workload is in the state Planned.
var eventLies = []struct {
	name  string
	code  codec.Code
	first bool
	state codec.State
	lie   func(*world, *codec.Event)
}{
	// A1
	{"estimate 2^63", codec.CodeOutOfRange, true, 2, func(_ *world, e *codec.Event) { e.Estimate = ptr(uint64(1 << 63)) }},
	{"time 2^63", codec.CodeOutOfRange, true, 2, func(_ *world, e *codec.Event) { e.At = 1 << 63 }},
	{"plan missing", codec.CodeMalformed, true, 2, func(_ *world, e *codec.Event) { e.Plan = nil }},
	{"plan in Pending", codec.CodeMalformed, true, 1, func(_ *world, e *codec.Event) { e.Plan = &codec.Plan{Count: 1} }},
	{"reason in Planned", codec.CodeMalformed, true, 2, func(_ *world, e *codec.Event) { e.Reason = ptr(uint64(1)) }},
	{"reason missing", codec.CodeMalformed, false, 7, func(_ *world, e *codec.Event) { e.Reason = nil }},
	// A5, A3, A4
	{"author is not the submitter", codec.CodeWrongAuthor, true, 2, func(w *world, e *codec.Event) { e.Author = w.actors["hub 2"].id }},
	{"too old", codec.CodeOutOfTime, true, 2, func(_ *world, e *codec.Event) { e.At -= 600_001 }},
	{"too new", codec.CodeOutOfTime, true, 2, func(_ *world, e *codec.Event) { e.At += 600_001 }},
	{"cycle", codec.CodeClosedCycle, true, 2, func(_ *world, e *codec.Event) { e.Cycle++ }},
	// 10-13
	{"first event is not 0", codec.CodeWrongSequence, true, 2, func(_ *world, e *codec.Event) { e.Seq = 1 }},
	{"number repeated", codec.CodeWrongSequence, false, 5, func(_ *world, e *codec.Event) { e.Seq = 0 }},
	{"number skipped", codec.CodeWrongSequence, false, 5, func(_ *world, e *codec.Event) { e.Seq = 2 }},
	{"first event Running", codec.CodeWrongState, true, 3, func(*world, *codec.Event) {}},
	{"first event Failed", codec.CodeWrongState, true, 7, func(*world, *codec.Event) {}},
	{"Planned again", codec.CodeWrongState, false, 2, func(*world, *codec.Event) {}},
	{"back to Pending", codec.CodeWrongState, false, 1, func(*world, *codec.Event) {}},
	{"Finalized by an event", codec.CodeWrongState, false, 6, func(*world, *codec.Event) {}},
	{"Disputed by an event", codec.CodeWrongState, false, 8, func(*world, *codec.Event) {}},
	{"no state", codec.CodeWrongState, false, 0, func(*world, *codec.Event) {}},
	{"state 9", codec.CodeWrongState, false, 9, func(*world, *codec.Event) {}},
	{"first event with prev", codec.CodeWrongEvent, true, 2, func(_ *world, e *codec.Event) { e.Prev[0]++ }},
	{"prev of another event", codec.CodeWrongEvent, false, 5, func(_ *world, e *codec.Event) { e.Prev[0]++ }},
	// 15-17
	{"program not listed", codec.CodeProgramNotAllowed, true, 2, func(_ *world, e *codec.Event) { e.Program[0]++ }},
	{"program changed after the plan", codec.CodeProgramNotAllowed, false, 5, func(_ *world, e *codec.Event) { e.Program = codec.ProgramID(&otherProgram) }},
	{"nothing planned", codec.CodeBadPlan, true, 2, func(_ *world, e *codec.Event) { e.Plan.Count = 0 }},
	{"4,097 shards planned", codec.CodeBadPlan, true, 2, func(_ *world, e *codec.Event) { e.Plan.Count = 4_097 }},
	// 19
	{"unknown adapter", codec.CodeUnknownParty, true, 2, func(_ *world, e *codec.Event) { e.Adapter = &codec.ID{1} }},
	{"adapter of another role", codec.CodeWrongAdapter, true, 2, func(w *world, e *codec.Event) { e.Adapter = &w.actors["provider 1"].id }},
	{"adapter appears later", codec.CodeWrongAdapter, false, 5, func(w *world, e *codec.Event) { e.Adapter = &w.actors["adapter"].id }},
}

func TestEventLies(t *testing.T) {
	w := newWorld(t)
	honest := w.newJob(2)
	w.accepted([][]byte{honest.sealed}, honest.next(honest.event(codec.StatePlanned)))
	for _, c := range eventLies {
		t.Run(c.name, func(t *testing.T) {
			w.TB = t
			j := honest
			if c.first {
				j = w.newJob(2)
			}
			e := j.event(c.state)
			c.lie(w, e)
			w.refused(c.code, [][]byte{j.sealed}, j.record(e))
		})
	}
	w.TB = t
	w.accepted(nil, honest.next(honest.event(codec.StateAggregating)))
}

func TestEventCustomers(t *testing.T) {
	w := newWorld(t)
	seal := func(id codec.ID) []byte { b, _ := codec.Seal(codec.ID{1}, id); return b }
	for _, c := range []struct {
		name string
		code codec.Code
		blob []byte
	}{
		{"unknown", codec.CodeUnknownParty, seal(codec.ID{1})},
		{"a provider", codec.CodeWrongCustomer, seal(w.actors["provider 1"].id)},
		{"not sealed", codec.CodeWrongCustomer, []byte{0x80}},
		{"sealed number", codec.CodeWrongCustomer, func() []byte { b, _ := codec.Seal(codec.ID{1}, uint64(1)); return b }()},
		{"with a byte more", codec.CodeWrongCustomer, append(seal(w.actors["customer"].id), 0)},
	} {
		t.Run(c.name, func(t *testing.T) {
			w.TB = t
			j := w.newJob(1)
			j.sealed = c.blob
			w.refused(c.code, [][]byte{c.blob}, j.record(j.event(codec.StatePlanned)))
		})
	}
	w.TB = t
	earlier := w.newJob(1)
	w.blobs[earlier.customerHash()] = earlier.sealed
	w.accepted(nil, earlier.next(earlier.event(codec.StatePending)))
	j := w.newJob(1)
	w.accepted([][]byte{j.sealed}, j.next(j.event(codec.StatePending)))
	e := j.event(codec.StatePlanned)
	other := w.newJob(1).of(w.actors["capped"])
	e.Customer = other.customerHash()
	w.refused(codec.CodeMissingAttachment, nil, j.record(e))
	w.refused(codec.CodeWrongCustomer, [][]byte{other.sealed}, j.record(e))
	w.accepted(nil, j.next(j.event(codec.StatePlanned))) // opened before: no attachment needed
}

// The customer and the adapter must be active at the first event only.
func TestSuspendedAfterTheFirstEvent(t *testing.T) {
	w := newWorld(t)
	j := w.newJob(3)
	j.adapter = &w.actors["adapter"].id
	w.accepted([][]byte{j.sealed}, j.next(j.event(codec.StatePending)))
	w.accepted(nil, w.status(codec.PartySuspend, "customer"), w.status(codec.PartySuspend, "adapter"))
	late := w.newJob(3)
	w.refused(codec.CodeInactiveParty, [][]byte{late.sealed}, late.record(late.event(codec.StatePlanned)))
	late = w.newJob(3).of(w.actors["capped"])
	late.adapter = j.adapter
	w.refused(codec.CodeInactiveParty, [][]byte{late.sealed}, late.record(late.event(codec.StatePlanned)))
	w.accepted(nil, j.next(j.event(codec.StatePlanned)), j.next(j.event(codec.StateAggregating)))
	r, blobs := j.settle(lie{})
	w.accepted(blobs, r)
}

// Programs may change until the plan is made.
func TestProgramIsFixedByThePlan(t *testing.T) {
	w := newWorld(t)
	j := w.newJob(1)
	pending := j.event(codec.StatePending)
	pending.Program = codec.ProgramID(&otherProgram)
	w.accepted([][]byte{j.sealed}, j.next(pending))
	w.accepted(nil, j.next(j.event(codec.StatePlanned)), j.next(j.event(codec.StateRunning)))
	e := j.event(codec.StateAggregating)
	e.Program = codec.ProgramID(&otherProgram)
	w.refused(codec.CodeProgramNotAllowed, nil, j.record(e))
}

func TestFailedIsTerminal(t *testing.T) {
	w := newWorld(t)
	j := w.newJob(1).run()
	w.accepted(nil, j.next(j.event(codec.StateFailed)))
	w.refused(codec.CodeWrongState, nil, j.record(j.event(codec.StateAggregating)))
	r, blobs := j.settle(lie{})
	w.refused(codec.CodeWrongState, blobs, r)
}

func TestNotYetAggregating(t *testing.T) {
	w := newWorld(t)
	j := w.newJob(1)
	w.accepted([][]byte{j.sealed}, j.next(j.event(codec.StatePlanned)))
	r, blobs := j.settle(lie{})
	w.refused(codec.CodeWrongState, blobs, r)
}

func TestEveryStateRecorded(t *testing.T) {
	w := newWorld(t, func(p *codec.Policy) { p.Events = 1 })
	j := w.newJob(1)
	w.refused(codec.CodeWrongState, [][]byte{j.sealed}, j.record(j.event(codec.StatePlanned)))
	w.accepted([][]byte{j.sealed}, j.next(j.event(codec.StatePending)))
	w.accepted(nil, j.next(j.event(codec.StatePlanned)))
	w.refused(codec.CodeWrongState, nil, j.record(j.event(codec.StateAggregating)))
	for _, s := range []codec.State{3, 4, 3, 4, 5} {
		w.accepted(nil, j.next(j.event(s)))
	}
	r, blobs := j.settle(lie{})
	w.accepted(blobs, r)
	w.refused(codec.CodeWrongState, nil, j.record(j.event(codec.StateFailed))) // Finalized
}

// The capped customer may spend 10,000,000 in the cycle.
func TestCap(t *testing.T) {
	w := newWorld(t)
	capped := w.actors["capped"]
	j := w.newJob(4).of(capped) // 10 units: 5,000,015
	over := j.event(codec.StatePlanned)
	over.Estimate = ptr(uint64(10_000_001))
	w.refused(codec.CodeOverCap, [][]byte{j.sealed}, j.record(over))
	edge := j.event(codec.StatePlanned)
	edge.Estimate = ptr(uint64(10_000_000))
	w.accepted([][]byte{j.sealed}, j.next(edge), j.next(j.event(codec.StateAggregating)))
	r, blobs := j.settle(lie{})
	w.accepted(blobs, r)
	if b := w.Balance(Account{worldCycle, codec.RoleCustomer, capped.id}); b.Charged != 5_000_015 || b.Debit != b.Charged {
		t.Fatalf("%+v", b)
	}
	k := w.newJob(4).of(capped).run() // as much again is 30 too many
	r, blobs = k.settle(lie{})
	w.refused(codec.CodeOverCap, blobs, r)
	e := k.event(codec.StateFailed)
	e.Estimate = ptr(uint64(4_999_986))
	w.refused(codec.CodeOverCap, nil, k.record(e))
	w.accepted([][]byte{w.capBlob(10_000_029)}, w.setCap("capped", ptr(uint64(10_000_029))))
	w.refused(codec.CodeOverCap, blobs, r)
	w.accepted([][]byte{w.capBlob(10_000_030)}, w.setCap("capped", ptr(uint64(10_000_030))))
	w.accepted(blobs, r)
	w.accepted(nil, w.setCap("capped", nil)) // no cap
	free := w.newJob(64).of(capped).run()
	r, blobs = free.settle(lie{})
	w.accepted(blobs, r)
}
