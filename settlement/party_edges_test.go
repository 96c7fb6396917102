package settlement

import (
	"crypto/ed25519"
	"testing"

	"github.com/forgepool/settle/codec"
)

// partyDraft is an honest record of one operation, and who signs it.
type partyDraft struct {
	op   codec.PartyOp
	body func(*world) *codec.Party
	by   func(*world) []ed25519.PrivateKey
}

// partyDrafts are records of all operations, about provider 1 unless they need another
// role or status.
func partyDrafts() []partyDraft {
	about := func(op codec.PartyOp, name, author string, fill func(*world, *codec.Party)) func(*world) *codec.Party {
		return func(w *world) *codec.Party {
			p := w.change(op, name, author)
			fill(w, p)
			return p
		}
	}
	reason := func(_ *world, p *codec.Party) { p.Reason = ptr(uint64(1)) }
	self := func(w *world) []ed25519.PrivateKey { return []ed25519.PrivateKey{w.actors["provider 1"].owner()} }
	hub := func(w *world) []ed25519.PrivateKey { return []ed25519.PrivateKey{w.hub.owner()} }
	newcomer := newActor("newcomer", codec.RoleCustomer)
	fresh := seeded("provider 1 fresh")
	return []partyDraft{
		{codec.PartyRegister, func(w *world) *codec.Party { return newcomer.prove(w.registration(newcomer)) },
			func(w *world) []ed25519.PrivateKey { return append(hub(w), newcomer.owner()) }},
		{codec.PartyAddKey, about(codec.PartyAddKey, "provider 1", "provider 1", func(_ *world, p *codec.Party) {
			p.Keys = []codec.Key{key(fresh, codec.UseAgent)}
			prove(p, fresh)
		}), self},
		{codec.PartyRevokeKey, about(codec.PartyRevokeKey, "provider 1", "provider 1", func(w *world, p *codec.Party) {
			p.Keys = []codec.Key{{ID: keyID(w.actors["provider 1"].keys[codec.UseAgent])}}
			reason(w, p)
		}), self},
		{codec.PartySuspend, about(codec.PartySuspend, "provider 1", "hub", reason), hub},
		{codec.PartyReinstate, about(codec.PartyReinstate, "provider 2", "hub", reason), hub},
		{codec.PartyExit, about(codec.PartyExit, "provider 1", "provider 1", reason), self},
		{codec.PartyPayee, about(codec.PartyPayee, "provider 1", "provider 1", func(_ *world, p *codec.Party) { p.Payee = &codec.Hash{1} }), self},
		{codec.PartyWeight, about(codec.PartyWeight, "provider 1", "hub", reason),
			func(w *world) []ed25519.PrivateKey { return append(w.governance(), w.hub.owner()) }},
		{codec.PartyCap, about(codec.PartyCap, "customer", "hub", func(*world, *codec.Party) {}), hub},
	}
}

// partyWorld has provider 2 suspended, so that it can be reinstated.
func partyWorld(t *testing.T) *world {
	w := newWorld(t)
	w.accepted(nil, w.status(codec.PartySuspend, "provider 2"))
	return w
}

// What holds for every operation: the keys that it must and may have, the time, the
// cycle, the chain, the author, the party.
func TestPartyRecordsOfEveryOperation(t *testing.T) {
	start := partyWorld(t)
	for _, d := range partyDrafts() {
		for _, c := range []struct {
			name string
			code codec.Code
			edit func(*codec.Party)
		}{
			{"honest", "", func(*codec.Party) {}},
			{"oldest", "", func(p *codec.Party) { p.At -= 7 * day }},
			{"newest", "", func(p *codec.Party) { p.At += 600_000 }},
			{"too old", codec.CodeOutOfTime, func(p *codec.Party) { p.At -= 7*day + 1 }},
			{"too new", codec.CodeOutOfTime, func(p *codec.Party) { p.At += 600_001 }},
			{"cycle before", codec.CodeClosedCycle, func(p *codec.Party) { p.Cycle-- }},
			{"cycle after", codec.CodeClosedCycle, func(p *codec.Party) { p.Cycle++ }},
			{"cycle 2^63", codec.CodeOutOfRange, func(p *codec.Party) { p.Cycle = 1 << 63 }},
			{"prev", codec.CodeWrongPrev, func(p *codec.Party) { p.Prev[0]++ }},
			{"author", codec.CodeWrongAuthor, func(p *codec.Party) { p.Author = start.actors["hub 2"].id }},
			{"party", codec.CodeUnknownParty, func(p *codec.Party) { p.Party[0]++ }},
			{"nobody signed, of nobody", codec.CodeUnknownParty, func(p *codec.Party) { p.Party[0]++ }},
		} {
			if d.op == codec.PartyRegister && c.code == codec.CodeUnknownParty {
				continue
			}
			w := start.trial(t)
			p := d.body(w)
			c.edit(p)
			if len(p.Pop) > 0 {
				prove(p, seeded("provider 1 fresh"), newActor("newcomer", codec.RoleCustomer).owner())
			}
			keys := d.by(w)
			if c.name == "nobody signed, of nobody" {
				keys = nil
			}
			t.Log(d.op, c.name)
			w.judged(c.code, nil, signedParty(p, keys...))
		}
	}
}

// A key of a record that its operation does not have, or lacks, makes it malformed.
func TestPartyForms(t *testing.T) {
	start := partyWorld(t)
	toggles := []func(*codec.Party){
		hasRoleAt:         func(p *codec.Party) { p.Role = toggled(p.Role, codec.RoleCustomer) },
		hasKeysAt:         func(p *codec.Party) { p.Keys = toggledList(p.Keys, key(seeded("x"), codec.UseAgent)) },
		hasCapabilitiesAt: func(p *codec.Party) { p.Capabilities = toggled(p.Capabilities, []codec.Hash{}) },
		hasPayeeAt:        func(p *codec.Party) { p.Payee = toggled(p.Payee, codec.Hash{}) },
		hasWeightAt:       func(p *codec.Party) { p.Weight = toggled(p.Weight, million) },
		hasCapAt:          func(p *codec.Party) { p.Cap = toggled(p.Cap, codec.Hash{}) },
		hasStakeAt:        func(p *codec.Party) { p.Stake = toggled(p.Stake, 5) },
		hasReasonAt:       func(p *codec.Party) { p.Reason = toggled(p.Reason, 1) },
		hasPopAt:          func(p *codec.Party) { p.Pop = toggledList(p.Pop, codec.Sig{}) },
		hasThresholdAt:    func(p *codec.Party) { p.Threshold = toggled(p.Threshold, 1) },
		hasQuotasAt:       func(p *codec.Party) { p.Quotas = toggled(p.Quotas, codec.Hash{}) },
	}
	// The column "ops" of docs/formats/records.md section 6.4, by key.
	must := map[int]string{hasRoleAt: "1", hasKeysAt: "123", hasReasonAt: "34568", hasPopAt: "12"}
	may := map[int]string{
		hasCapabilitiesAt: "17", hasPayeeAt: "17", hasWeightAt: "8", hasCapAt: "19", hasStakeAt: "18",
		hasThresholdAt: "123", hasQuotasAt: "19",
	}
	for _, d := range partyDrafts() {
		op := byte('0' + d.op)
		for k, toggle := range toggles {
			if contains(may[k], op) {
				continue
			}
			w := start.trial(t)
			p := d.body(w)
			toggle(p)
			t.Log(d.op, "must have:", contains(must[k], op), "toggled", k)
			w.refused(codec.CodeMalformed, nil, signedParty(p, d.by(w)...))
		}
	}
}

// Optional keys of a party record.
const (
	hasRoleAt = iota
	hasKeysAt
	hasCapabilitiesAt
	hasPayeeAt
	hasWeightAt
	hasCapAt
	hasStakeAt
	hasReasonAt
	hasPopAt
	hasThresholdAt
	hasQuotasAt
)

func contains(ops string, op byte) bool {
	for i := range len(ops) {
		if ops[i] == op {
			return true
		}
	}
	return false
}

func toggled[T any](p *T, v T) *T {
	if p != nil {
		return nil
	}
	return &v
}

func toggledList[T any](list []T, v T) []T {
	if len(list) > 0 {
		return nil
	}
	return []T{v}
}

// Reasons are free below 2^63.
func TestPartyReasons(t *testing.T) {
	start := partyWorld(t)
	for _, d := range partyDrafts() {
		w := start.trial(t)
		p := d.body(w)
		if p.Reason == nil {
			continue
		}
		*p.Reason = 1 << 63
		w.refused(codec.CodeOutOfRange, nil, signedParty(p, d.by(w)...))
		*p.Reason = codec.MaxAmount
		w.accepted(nil, signedParty(p, d.by(w)...))
	}
}

// Ops 4 to 6 on a party of every status.
func TestStatusOfEveryStatus(t *testing.T) {
	for _, c := range []struct {
		op     codec.PartyOp
		active codec.Code
		paused codec.Code
		gone   codec.Code
	}{
		{codec.PartySuspend, "", codec.CodeBadParty, codec.CodeBadParty},
		{codec.PartyReinstate, codec.CodeBadParty, "", codec.CodeBadParty},
		{codec.PartyExit, "", codec.CodeInactiveParty, codec.CodeInactiveParty},
		{codec.PartyPayee, "", codec.CodeInactiveParty, codec.CodeInactiveParty},
	} {
		record := func(w *world) []byte {
			if c.op == codec.PartySuspend || c.op == codec.PartyReinstate {
				return w.status(c.op, "provider 1")
			}
			p := w.change(c.op, "provider 1", "provider 1")
			if c.op == codec.PartyExit {
				p.Reason = new(uint64)
			}
			return signedParty(p, w.actors["provider 1"].owner())
		}
		w := newWorld(t)
		w.judged(c.active, nil, record(w))
		w = newWorld(t)
		w.accepted(nil, w.status(codec.PartySuspend, "provider 1"))
		w.judged(c.paused, nil, record(w))
		w = newWorld(t)
		p := w.change(codec.PartyExit, "provider 1", "provider 1")
		p.Reason = new(uint64)
		w.accepted(nil, signedParty(p, w.actors["provider 1"].owner()))
		w.judged(c.gone, nil, record(w))
	}
}
