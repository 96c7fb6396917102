package settlement

import (
	"testing"

	"github.com/forgepool/settle/codec"
)

var intentLies = []struct {
	name string
	code codec.Code
	lie  func(*codec.Audit)
}{
	{"operation 0", codec.CodeMalformed, func(a *codec.Audit) { a.Op = 0 }},
	{"operation 3", codec.CodeMalformed, func(a *codec.Audit) { a.Op = 3 }},
	{"no commitment", codec.CodeMalformed, func(a *codec.Audit) { a.Commit = nil }},
	{"no method", codec.CodeMalformed, func(a *codec.Audit) { a.Method = nil }},
	{"no target", codec.CodeMalformed, func(a *codec.Audit) { a.Target = nil }},
	{"no cycle", codec.CodeMalformed, func(a *codec.Audit) { a.Audited = nil }},
	{"a key of the attestation", codec.CodeMalformed, func(a *codec.Audit) { a.Secret = &codec.Hash{} }},
	{"a beacon", codec.CodeMalformed, func(a *codec.Audit) { a.Beacon = &codec.BeaconValue{} }},
	{"cycle 2^63", codec.CodeOutOfRange, func(a *codec.Audit) { *a.Audited = 1 << 63 }},
	{"draws 2^63", codec.CodeOutOfRange, func(a *codec.Audit) { a.Target.Draws = 1 << 63 }},
	{"nobody", codec.CodeUnknownParty, func(a *codec.Audit) { a.Auditor[0]++ }},
	{"author", codec.CodeWrongAuthor, func(a *codec.Audit) { a.Author[0]++ }},
	{"too old", codec.CodeOutOfTime, func(a *codec.Audit) { a.At -= 7*day + 1 }},
	{"another cycle", codec.CodeClosedCycle, func(a *codec.Audit) { a.Cycle++ }},
	{"a cycle that is over", codec.CodeBadAudit, func(a *codec.Audit) { *a.Audited = worldCycle - 1 }},
	{"the 13th cycle ahead", codec.CodeBadAudit, func(a *codec.Audit) { *a.Audited = worldCycle + 101 }},
	{"no month", codec.CodeBadAudit, func(a *codec.Audit) { *a.Audited = 202613 }},
	{"method 2", codec.CodeBadAudit, func(a *codec.Audit) { *a.Method = 2 }},
	{"method 0", codec.CodeBadAudit, func(a *codec.Audit) { *a.Method = 0 }},
	{"less confidence", codec.CodeBadAudit, func(a *codec.Audit) { a.Target.ConfPPM--; a.Target.Draws = 299 }},
	{"certainty", codec.CodeBadAudit, func(a *codec.Audit) { a.Target.ConfPPM = million }},
	{"more fault", codec.CodeBadAudit, func(a *codec.Audit) { a.Target.FaultPPM++ }},
	{"no fault", codec.CodeBadAudit, func(a *codec.Audit) { a.Target.FaultPPM = 0 }},
	{"less tracing", codec.CodeBadAudit, func(a *codec.Audit) { a.Target.TracingPPM-- }},
	{"tracing above twice the whole", codec.CodeBadAudit, func(a *codec.Audit) { a.Target.TracingPPM = codec.MaxPPM + 1 }},
	{"one draw less", codec.CodeBadAudit, func(a *codec.Audit) { a.Target.Draws-- }},
	{"one draw more", codec.CodeBadAudit, func(a *codec.Audit) { a.Target.Draws++ }},
	{"no draws", codec.CodeBadAudit, func(a *codec.Audit) { a.Target.Draws = 0 }},
	{"more than n_max", codec.CodeBadAudit, func(a *codec.Audit) { // right by the formula
		a.Target.FaultPPM, a.Target.Draws = 2_900, Draws(950_000, 2_900)
	}},
}

func TestIntentLies(t *testing.T) {
	w := newWorld(t)
	owner := w.actors["auditor"].owner()
	for _, c := range intentLies {
		t.Run(c.name, func(t *testing.T) {
			w.TB = t
			a := w.intent("auditor", worldCycle)
			c.lie(a)
			w.unmoved(func() { w.refused(c.code, nil, signedAudit(a, owner)) })
		})
	}
	w.TB = t
	a := w.intent("auditor", worldCycle)
	w.refused(codec.CodeUnsigned, nil, signedAudit(a))
	w.refused(codec.CodeWrongSigners, nil, signedAudit(a, owner, w.hub.owner()))
	w.refused(codec.CodeWrongSigners, nil, signedAudit(a, w.hub.owner()))
	a.Author, a.Auditor = w.hub.id, w.hub.id
	w.refused(codec.CodeWrongRole, nil, signedAudit(a, w.hub.owner()))
}

// Edges of what an intent may declare: the policy's values, n_max, and stricter ones.
func TestIntentEdges(t *testing.T) {
	w := newWorld(t)
	w.promise("auditor", worldCycle)
	w.promise("auditor", 202709) // the 12th cycle ahead
	for i, target := range []codec.AuditTarget{
		{ConfPPM: 999_999, FaultPPM: 10_000, TracingPPM: 250_000}, // more than n_max
		{ConfPPM: 950_000, FaultPPM: 3_000, TracingPPM: codec.MaxPPM},
		{ConfPPM: 990_000, FaultPPM: 10_000, TracingPPM: 250_000},
	} {
		target.Draws = Draws(target.ConfPPM, target.FaultPPM)
		a := w.intent("auditor", worldCycle+1+uint64(i))
		a.Target = &target
		r := signedAudit(a, w.actors["auditor"].owner())
		if i == 0 {
			w.refused(codec.CodeBadAudit, nil, r)
			continue
		}
		w.accepted(nil, r)
	}
	got := w.Intent(w.actors["auditor"].id, worldCycle)
	if got == nil || got.Attested != 0 || w.Cycle(worldCycle).Intents != 1 || w.Cycle(202709).First != 0 {
		t.Errorf("%+v", got)
	}
}

// One intent per auditor and cycle, no commitment twice, by anybody.
func TestIntentTwice(t *testing.T) {
	w := newWorld(t)
	other := w.registerAuditor("auditor 2")
	at := w.promise("auditor", worldCycle)
	again := w.intent("auditor", worldCycle)
	again.Commit = ptr(someHash("another commitment"))
	owner := w.actors["auditor"].owner()
	w.unmoved(func() { w.refused(codec.CodeIntentExists, nil, signedAudit(again, owner)) })
	next := w.intent("auditor", worldCycle+1)
	next.Commit = &w.Intent(w.actors["auditor"].id, worldCycle).Commit
	w.unmoved(func() { w.refused(codec.CodeIntentExists, nil, signedAudit(next, owner)) })
	stolen := w.intent("auditor 2", worldCycle)
	stolen.Commit = next.Commit
	w.unmoved(func() { w.refused(codec.CodeIntentExists, nil, signedAudit(stolen, other.owner())) })
	w.promise("auditor 2", worldCycle)
	if w.Cycle(worldCycle).Intents != 2 || w.Intent(w.actors["auditor"].id, worldCycle).Index != at {
		t.Errorf("%+v", w.Cycle(worldCycle))
	}
}

// An intent for a later cycle is measured against the policy of that cycle, counts for its
// cut, and survives the cut before.
func TestIntentAhead(t *testing.T) {
	w := newWorld(t)
	p := w.nextPolicy()
	p.Audit.FaultPPM, p.Audit.MaxDraws = 5_000, 598
	w.accepted(nil, signedPolicy(p, append(w.governance(), w.hub.owner())...))
	w.refused(codec.CodeBadAudit, nil, signedAudit(w.intent("auditor", worldCycle+1), w.actors["auditor"].owner()))
	a := w.intent("auditor", worldCycle+1)
	a.Target.FaultPPM, a.Target.Draws = 5_000, 598
	w.accepted(nil, signedAudit(a, w.actors["auditor"].owner()))
	w.cutOff()
	w.closeUp()
	if c := w.Cycle(worldCycle + 1); c.Intents != 1 || c.First == 0 || c.Before != worldCycle {
		t.Errorf("%+v", c)
	}
	w.now = uint64(MonthStart(worldCycle+2)) + day
	w.accepted(nil, signedCycle(w.cutting(), w.hub.owner()))
}

func TestSuspendedAuditorPromisesNothing(t *testing.T) {
	w := newWorld(t)
	w.suspendAuditor()
	w.refused(codec.CodeInactiveParty, nil, signedAudit(w.intent("auditor", worldCycle), w.actors["auditor"].owner()))
}

func (w *world) suspendAuditor() {
	w.Helper()
	p := w.change(codec.PartySuspend, "auditor", "governance")
	p.Reason, p.Cycle = ptr(uint64(1)), w.moment.Cycle
	w.accepted(nil, signedParty(p, w.governance()...))
}
