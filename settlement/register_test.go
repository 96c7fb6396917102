package settlement

import (
	"crypto/ed25519"
	"testing"

	"github.com/forgepool/settle/codec"
)

// registrationLies are the ways to lie in the registration of a provider.
var registrationLies = []struct {
	name  string
	code  codec.Code
	lie   func(*world, *codec.Party) // before the proofs are made
	spoil func(*codec.Party)         // after
}{
	// A1
	{"unknown op", codec.CodeMalformed, func(_ *world, p *codec.Party) { p.Op = 10 }, nil},
	{"no role", codec.CodeMalformed, nil, func(p *codec.Party) { p.Role = nil }},
	{"no keys", codec.CodeMalformed, nil, func(p *codec.Party) { p.Keys = nil }},
	{"no proofs", codec.CodeMalformed, nil, func(p *codec.Party) { p.Pop = nil }},
	{"weight of its own", codec.CodeMalformed, func(_ *world, p *codec.Party) { p.Weight = ptr(uint64(1)) }, nil},
	{"reason", codec.CodeMalformed, func(_ *world, p *codec.Party) { p.Reason = ptr(uint64(1)) }, nil},
	{"key without use", codec.CodeMalformed, nil, func(p *codec.Party) { p.Keys[0].Use = nil }},
	{"time 2^63", codec.CodeOutOfRange, func(_ *world, p *codec.Party) { p.At = 1 << 63 }, nil},
	{"stake 2^63", codec.CodeOutOfRange, func(_ *world, p *codec.Party) { p.Stake = ptr(uint64(1 << 63)) }, nil},
	// A5, A3, A4
	{"another author", codec.CodeWrongAuthor, func(w *world, p *codec.Party) { p.Author = w.hub.id }, nil},
	{"older than the window", codec.CodeOutOfTime, func(_ *world, p *codec.Party) { p.At -= 7*day + 1 }, nil},
	{"newer than the window", codec.CodeOutOfTime, func(_ *world, p *codec.Party) { p.At += 600_001 }, nil},
	{"another cycle", codec.CodeClosedCycle, func(_ *world, p *codec.Party) { p.Cycle++ }, nil},
	// A7
	{"cap without a blob", codec.CodeMissingAttachment, func(_ *world, p *codec.Party) { p.Cap = &codec.Hash{1} }, nil},
	// 10-13
	{"party id", codec.CodeBadParty, func(_ *world, p *codec.Party) { p.Party[0]++; p.Author[0]++ }, nil},
	{"no owner key", codec.CodeUnknownKey, func(_ *world, p *codec.Party) { *ownerOf(p).Use = codec.UseSubmit }, nil},
	{"keys not ascending", codec.CodeBadKeys, func(_ *world, p *codec.Party) { p.Keys[0], p.Keys[1] = p.Keys[1], p.Keys[0] }, nil},
	{"key twice", codec.CodeBadKeys, func(_ *world, p *codec.Party) { p.Keys = append(p.Keys, p.Keys[1]) }, nil},
	{"use 6", codec.CodeBadKeys, func(_ *world, p *codec.Party) { *agentOf(p).Use = 6 }, nil},
	{"use 0", codec.CodeBadKeys, func(_ *world, p *codec.Party) { *agentOf(p).Use = 0 }, nil},
	{"node key of a provider", codec.CodeBadKeys, func(_ *world, p *codec.Party) { *agentOf(p).Use = codec.UseNode }, nil},
	{"checkpoint key of a provider", codec.CodeBadKeys, func(_ *world, p *codec.Party) { *agentOf(p).Use = codec.UseCheckpoint }, nil},
	{"algorithm", codec.CodeBadKeys, func(_ *world, p *codec.Party) { *agentOf(p).Alg = 2 }, nil},
	{"key of small order", codec.CodeBadKeys, nil, func(p *codec.Party) {
		*agentOf(p) = codec.Key{ID: codec.KeyID(smallOrder[0][:]), Alg: ptr(uint64(1)), Pub: &smallOrder[0], Use: ptr(codec.UseAgent)}
		sortKeys(p.Keys)
	}},
	{"key id", codec.CodeBadKeys, nil, func(p *codec.Party) { agentOf(p).Pub[0]++ }},
	{"valid too early", codec.CodeBadKeys, func(w *world, p *codec.Party) { agentOf(p).ValidFrom = ptr(w.moment.Index) }, nil},
	{"valid to before from", codec.CodeBadKeys, func(w *world, p *codec.Party) { agentOf(p).ValidTo = ptr(w.moment.Index) }, nil},
	{"valid to 2^63", codec.CodeBadKeys, func(_ *world, p *codec.Party) { agentOf(p).ValidTo = ptr(uint64(1 << 63)) }, nil},
	// 14-22
	{"capabilities not ascending", codec.CodeBadParty, func(_ *world, p *codec.Party) { p.Capabilities = &[]codec.Hash{{2}, {1}} }, nil},
	{"stake below the minimum", codec.CodeBadParty, func(_ *world, p *codec.Party) { p.Stake = ptr(uint64(4)) }, nil},
	{"no stake", codec.CodeBadParty, func(_ *world, p *codec.Party) { p.Stake = nil }, nil},
	{"previous record", codec.CodeWrongPrev, func(_ *world, p *codec.Party) { p.Prev[0]++ }, nil},
	{"a proof too few", codec.CodeBadPossession, nil, func(p *codec.Party) { p.Pop = p.Pop[1:] }},
	{"a proof too many", codec.CodeBadPossession, nil, func(p *codec.Party) { p.Pop = append(p.Pop, p.Pop[0]) }},
	{"a wrong proof", codec.CodeBadPossession, nil, func(p *codec.Party) { p.Pop[1][0]++ }},
	{"proofs swapped", codec.CodeBadPossession, nil, func(p *codec.Party) { p.Pop[0], p.Pop[1] = p.Pop[1], p.Pop[0] }},
	{"threshold of a provider", codec.CodeBadParty, func(_ *world, p *codec.Party) { p.Threshold = ptr(uint64(1)) }, nil},
}

// agentOf returns the key that is not the owner's.
func agentOf(p *codec.Party) *codec.Key {
	for i := range p.Keys {
		if p.Keys[i].ID == keyID(seeded("provider 92")) {
			return &p.Keys[i]
		}
	}
	panic("no agent key")
}

func ownerOf(p *codec.Party) *codec.Key {
	for i := range p.Keys {
		if *p.Keys[i].Use == codec.UseOwner {
			return &p.Keys[i]
		}
	}
	panic("no owner key")
}

func TestRegistrationLies(t *testing.T) {
	w := newWorld(t)
	a := newActor("provider 9", codec.RoleProvider, codec.UseAgent)
	draft := func() *codec.Party {
		p := w.registration(a)
		p.Stake = ptr(uint64(5))
		return p
	}
	for _, c := range registrationLies {
		t.Run(c.name, func(t *testing.T) {
			w.TB = t
			p := draft()
			if c.lie != nil {
				c.lie(w, p)
			}
			a.prove(p)
			if c.spoil != nil {
				c.spoil(p)
			}
			w.refused(c.code, nil, signedParty(p, a.owner(), w.hub.owner()))
		})
	}
	w.TB = t
	w.registrationSigners(a, draft)
	p := a.prove(draft())
	w.accepted(nil, signedParty(p, a.owner(), w.hub.owner()))
	again := a.prove(draft())
	w.refused(codec.CodePartyExists, nil, signedParty(again, a.owner(), w.hub.owner()))
}

func (w *world) registrationSigners(a *actor, draft func() *codec.Party) {
	stranger, agent := seeded("stranger"), a.keys[codec.UseAgent]
	for _, c := range []struct {
		name string
		code codec.Code
		by   []ed25519.PrivateKey
	}{
		{"nobody", codec.CodeUnsigned, nil},
		{"no hub", codec.CodeUnsigned, []ed25519.PrivateKey{a.owner()}},
		{"hub alone", codec.CodeUnsigned, []ed25519.PrivateKey{w.hub.owner()}},
		{"the agent key", codec.CodeUnknownKey, []ed25519.PrivateKey{agent, w.hub.owner()}},
		{"a stranger too", codec.CodeUnknownKey, []ed25519.PrivateKey{a.owner(), w.hub.owner(), stranger}},
		{"the hub's submit key", codec.CodeUnknownKey, []ed25519.PrivateKey{a.owner(), w.hub.keys[codec.UseSubmit]}},
		{"two hubs", codec.CodeWrongSigners, []ed25519.PrivateKey{a.owner(), w.hub.owner(), w.actors["hub 2"].owner()}},
		{"another provider too", codec.CodeWrongSigners, []ed25519.PrivateKey{a.owner(), w.hub.owner(), w.actors["provider 1"].owner()}},
		{"governance instead of a hub", codec.CodeWrongSigners, append(w.governance(), a.owner())},
	} {
		p := a.prove(draft())
		w.Log(c.name)
		w.refused(c.code, nil, signedParty(p, c.by...))
	}
	p := a.prove(draft())
	r, err := codec.DecodeRecord(signedParty(p, a.owner(), w.hub.owner()))
	if err != nil {
		w.Fatal(err)
	}
	r.Signatures[0].Sig[0]++
	w.refused(codec.CodeBadSignature, nil, codec.EncodeRecord(&r))
}

func TestRegistrationOfOthers(t *testing.T) {
	w := newWorld(t)
	auditor := newActor("auditor 2", codec.RoleAuditor)
	gov := w.governance()
	w.refused(codec.CodeWrongSigners, nil, signedParty(auditor.prove(w.registration(auditor)), auditor.owner(), w.hub.owner()))
	w.refused(codec.CodeUnsigned, nil, signedParty(auditor.prove(w.registration(auditor)), auditor.owner(), gov[0]))
	w.accepted(nil, signedParty(auditor.prove(w.registration(auditor)), auditor.owner(), gov[0], gov[1]))
	for _, role := range []codec.Role{0, 11, codec.RoleGovernance, codec.RolePlatform} {
		a := newActor("second "+role.String(), role)
		w.refused(codec.CodeBadParty, nil, signedParty(a.prove(w.registration(a)), a.owner(), gov[0], gov[1]))
	}
	operator := newActor("operator 2", codec.RoleOperator, codec.UseCheckpoint, codec.UseNode)
	w.accepted(nil, signedParty(operator.prove(w.registration(operator)), operator.owner(), gov[0], gov[1]))

	thief := newActor("thief", codec.RoleProvider) // registers a key of somebody else
	thief.keys[codec.UseAgent] = w.actors["provider 1"].keys[codec.UseAgent]
	p := w.registration(thief)
	p.Stake = ptr(uint64(5))
	w.refused(codec.CodeKeyExists, nil, signedParty(thief.prove(p), thief.owner(), w.hub.owner()))

	homeless := newActor("homeless", codec.RoleCustomer) // arrives in another party's batch
	auditor1 := w.actors["auditor"]
	r := signedParty(homeless.prove(w.registration(homeless)), homeless.owner(), w.hub.owner())
	verdicts, fault := w.apply(t, auditor1.signed(w.batch(auditor1, nil, r)), w.now)
	if fault != nil || verdicts[0].Refusal == nil || verdicts[0].Refusal.Code != codec.CodeWrongRole {
		t.Errorf("%v %v", verdicts, fault)
	}
}
