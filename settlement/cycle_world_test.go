package settlement

import (
	"crypto/ed25519"
	"testing"

	"github.com/forgepool/settle/codec"
)

// october is when the month after worldCycle begins, ms.
const october = 1_790_812_800_000

func signedCycle(c *codec.Cycle, keys ...ed25519.PrivateKey) []byte {
	return sign(codec.KindCycle, codec.Encode(c), keys...)
}

func signedAudit(a *codec.Audit, keys ...ed25519.PrivateKey) []byte {
	return sign(codec.KindAudit, codec.Encode(a), keys...)
}

// secretOf is what an auditor hides in its intent for a cycle.
func secretOf(auditor string, cycle uint64) codec.Hash {
	return someHash("secret of " + auditor + string(rune(cycle)))
}

// intent drafts op 1 by an auditor for a cycle.
func (w *world) intent(auditor string, cycle uint64) *codec.Audit {
	a := w.actors[auditor]
	return &codec.Audit{
		ID: w.newID(), At: w.now, Cycle: w.moment.Cycle, Author: a.id, Auditor: a.id, Op: codec.AuditIntent,
		Commit: ptr(codec.AuditCommitment(a.id, cycle, secretOf(auditor, cycle))), Method: ptr(uint64(1)),
		Target:  &codec.AuditTarget{ConfPPM: 950_000, FaultPPM: 10_000, Draws: 299, TracingPPM: 250_000},
		Audited: &cycle,
	}
}

// promise appends the auditor's intent for a cycle and returns its index.
func (w *world) promise(auditor string, cycle uint64) uint64 {
	w.Helper()
	w.accepted(nil, signedAudit(w.intent(auditor, cycle), w.actors[auditor].owner()))
	return w.moment.Index - 1
}

// cutting drafts op 1 of a cycle record.
func (w *world) cutting() *codec.Cycle {
	next, _ := NextCycle(w.facts.Cycles.Numbering, w.moment.Cycle)
	return &codec.Cycle{
		ID: w.newID(), At: w.now, Cycle: w.moment.Cycle, Author: w.hub.id, Op: codec.CycleCut, Next: &next,
		Beacon: w.round(w.moment.Cycle),
	}
}

// round returns the next round of the beacon of a cycle's policy that is an hour ahead,
// nil if it has none.
func (w *world) round(cycle uint64) *codec.BeaconRound {
	b := &w.PolicyFor(cycle).Body.Audit.Beacon
	if !b.Present {
		return nil
	}
	x := &codec.BeaconRound{Chain: b.Chain, Round: 1}
	for step := uint64(1) << 40; step > 0; step /= 2 {
		if ms, ok := RoundTime(b, x.Round+step); ok && ms < w.now+beaconLead {
			x.Round += step
		}
	}
	x.Round++
	x.NotBefore, _ = RoundTime(b, x.Round)
	return x
}

// closingBody drafts op 2 with what the plain model computes.
func (w *world) closingBody() *codec.Cycle {
	w.Helper()
	x, c := w.Closing(), w.Unclosed()
	if x == nil {
		w.Fatal("nothing to close")
	}
	prev := codec.RecordRef{}
	if before := w.Cycle(c.Before); before != nil {
		prev = before.Close.RecordRef
	}
	subtotals := append([]codec.Subtotal{}, x.Subtotals...)
	return &codec.Cycle{
		ID: w.newID(), At: w.now, Cycle: c.Number, Author: w.hub.id, Op: codec.CycleClose,
		Range: ptr(x.Range), Prev: &prev, Counts: append([]uint64{}, x.Counts[:]...), Journal: ptr(x.Journal), Parties: ptr(x.Parties),
		Subtotals: &subtotals, Held: ptr(x.Held), Policy: ptr(w.PolicyFor(c.Number).Hash), Log: ptr(x.Log),
		Unfinished: ptr(x.Unfinished), Batches: ptr(x.Batches), Cut: ptr(c.Cut.RecordRef),
	}
}

// cutOff appends a cut of the month, a day after its end.
func (w *world) cutOff() {
	w.Helper()
	w.promise("auditor", w.moment.Cycle)
	next, _ := NextCycle(codec.CyclesMonths, w.moment.Cycle)
	w.now = uint64(MonthStart(next)) + day
	w.accepted(nil, signedCycle(w.cutting(), w.hub.owner()))
}

// closeUp appends the close and returns its index.
func (w *world) closeUp() uint64 {
	w.Helper()
	w.accepted(nil, signedCycle(w.closingBody(), w.hub.owner()))
	return w.moment.Index - 1
}

// registerAuditor adds an auditor.
func (w *world) registerAuditor(name string) *actor {
	a := newActor(name, codec.RoleAuditor)
	w.actors[name] = a
	p := w.registration(a)
	p.Cycle = w.moment.Cycle
	w.accepted(nil, signedParty(a.prove(p), append(w.governance(), a.owner())...))
	return a
}

// unmoved checks that what f does leaves every byte of the state as it was.
func (w *world) unmoved(f func()) {
	w.Helper()
	before := w.fingerprint()
	if f(); w.fingerprint() != before {
		w.Error("a refusal moved something")
	}
}

// counters founds a ledger whose cycles are counted from 7.
func counters(t testing.TB) *world {
	w := emptyWorld(t)
	g, owners := w.draftGenesis(func(p *codec.Policy) { p.Cycle, p.EffectiveFrom = 7, 7 })
	g.Cycle, g.Cycles = 7, codec.Cycles{First: 7, Numbering: codec.CyclesCounter}
	for i, body := range g.Parties {
		var p codec.Party
		if err := codec.Decode(body, &p); err != nil {
			t.Fatal(err)
		}
		p.Cycle = 7
		keys := w.governance()
		for _, a := range w.actors {
			for _, k := range a.keys {
				keys = append(keys, k)
			}
		}
		g.Parties[i] = codec.Encode(prove(&p, keys...))
	}
	w.memory = newMemory(t, sign(codec.KindGenesis, codec.Encode(g), owners...))
	return w
}

// setCapNow is op 9 in the open cycle.
func (w *world) setCapNow(about string, limit uint64) ([]byte, []byte) {
	p := w.change(codec.PartyCap, about, "hub")
	blob := w.capBlob(limit)
	p.Cycle, p.Cap = w.moment.Cycle, ptr(codec.BlobHash(blob))
	return blob, signedParty(p, w.hub.owner())
}
