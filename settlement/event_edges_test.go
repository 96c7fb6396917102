package settlement

import (
	"testing"

	"github.com/forgepool/settle/codec"
)

// Each rule of docs/formats/records.md section 6.5 at its edge and one beyond, as far as
// TestEventLies and its neighbours leave one side out. A first event is Planned; the
// others follow on it.
func TestEventEdges(t *testing.T) {
	start := newWorld(t)
	planned := start.newJob(2)
	planned.adapter = &start.actors["adapter"].id
	start.accepted([][]byte{planned.sealed}, planned.next(planned.event(codec.StatePlanned)))
	for _, c := range []struct {
		name  string
		code  codec.Code
		first bool
		state codec.State
		edit  func(*world, *codec.Event)
	}{
		{"reason at the limit", "", false, 7, func(_ *world, e *codec.Event) { *e.Reason = codec.MaxAmount }},
		{"reason 2^63", codec.CodeOutOfRange, false, 7, func(_ *world, e *codec.Event) { *e.Reason = 1 << 63 }},
		{"estimate at the limit", "", true, 2, func(_ *world, e *codec.Event) { e.Estimate = ptr(uint64(codec.MaxAmount)) }},
		{"estimate 0", "", true, 2, func(_ *world, e *codec.Event) { e.Estimate = new(uint64) }},
		{"cycle 2^63", codec.CodeOutOfRange, true, 2, func(_ *world, e *codec.Event) { e.Cycle = 1 << 63 }},
		{"oldest", "", true, 2, func(_ *world, e *codec.Event) { e.At -= 600_000 }},
		{"newest", "", true, 2, func(_ *world, e *codec.Event) { e.At += 600_000 }},
		{"cycle before", codec.CodeClosedCycle, true, 2, func(_ *world, e *codec.Event) { e.Cycle-- }},
		{"author without a party", codec.CodeWrongAuthor, true, 2, func(_ *world, e *codec.Event) { e.Author[0]++ }},
		{"next number", "", false, 5, func(*world, *codec.Event) {}},
		{"largest number", codec.CodeWrongSequence, false, 5, func(_ *world, e *codec.Event) { e.Seq = codec.MaxAmount }},
		{"plan in Aggregating", codec.CodeMalformed, false, 5, func(_ *world, e *codec.Event) { e.Plan = &codec.Plan{Count: 1} }},
		{"reason in Aggregating", codec.CodeMalformed, false, 5, func(_ *world, e *codec.Event) { e.Reason = new(uint64) }},
		{"4,096 shards planned", "", true, 2, func(_ *world, e *codec.Event) { e.Plan.Count = 4_096 }},
		{"one shard planned", "", true, 2, func(_ *world, e *codec.Event) { e.Plan.Count = 1 }},
		{"adapter gone", codec.CodeWrongAdapter, false, 5, func(_ *world, e *codec.Event) { e.Adapter = nil }},
		{"adapter changed", codec.CodeWrongAdapter, false, 5, func(w *world, e *codec.Event) { e.Adapter = &w.hub.id }},
		{"program not listed later", codec.CodeProgramNotAllowed, false, 5, func(_ *world, e *codec.Event) { e.Program[0]++ }},
		{"first event Pending", "", true, 1, func(*world, *codec.Event) {}},
		{"first event Verifying", codec.CodeWrongState, true, 4, func(*world, *codec.Event) {}},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := start.trial(t)
			j := *planned
			if c.first {
				j = *w.newJob(2)
			}
			e := j.event(c.state)
			c.edit(w, e)
			w.judged(c.code, [][]byte{j.sealed}, j.record(e))
		})
	}
}

// A workload is its author's: another hub neither goes on with it nor is in the way of
// its own workload with the same id.
func TestWorkloadsBelongToTheirAuthors(t *testing.T) {
	w := newWorld(t)
	j := w.newJob(2)
	w.accepted([][]byte{j.sealed}, j.next(j.event(codec.StatePlanned)))
	other := *j
	other.by = w.actors["hub 2"]
	w.hub = other.by
	w.refused(codec.CodeWrongSequence, [][]byte{j.sealed}, other.record(other.event(codec.StateAggregating)))
	other.seq, other.last = 0, codec.Hash{}
	w.accepted([][]byte{j.sealed}, other.record(other.event(codec.StatePlanned)))
}

// Who has left counts as little as who is suspended, at the first event only.
func TestEventsOfThoseWhoLeft(t *testing.T) {
	for _, name := range []string{"customer", "adapter"} {
		w := newWorld(t)
		early := w.newJob(1)
		early.adapter = &w.actors["adapter"].id
		w.accepted([][]byte{early.sealed}, early.next(early.event(codec.StatePlanned)))
		p := w.change(codec.PartyExit, name, name)
		p.Reason = new(uint64)
		w.accepted(nil, signedParty(p, w.actors[name].owner()))
		late := w.newJob(1)
		late.adapter = early.adapter
		w.refused(codec.CodeInactiveParty, [][]byte{late.sealed}, late.record(late.event(codec.StatePlanned)))
		w.accepted(nil, early.next(early.event(codec.StateAggregating)))
	}
}
