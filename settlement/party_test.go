package settlement

import (
	"crypto/ed25519"
	"testing"

	"github.com/forgepool/settle/codec"
)

// change drafts a party record about a party, by an author.
func (w *world) change(op codec.PartyOp, about, author string) *codec.Party {
	a := w.actors[about]
	return &codec.Party{
		ID: w.newID(), At: w.now, Cycle: w.moment.Cycle, Author: w.actors[author].id,
		Party: a.id, Op: op, Prev: w.Party(a.id).Prev,
	}
}

func signedParty(p *codec.Party, keys ...ed25519.PrivateKey) []byte {
	return sign(codec.KindParty, codec.Encode(p), keys...)
}

// status is op 4 or 5 by the hub.
func (w *world) status(op codec.PartyOp, about string) []byte {
	p := w.change(op, about, "hub")
	p.Reason = ptr(uint64(1))
	return signedParty(p, w.hub.owner())
}

func (w *world) capBlob(limit uint64) []byte {
	b, _ := codec.Seal(codec.ID{8}, limit)
	return b
}

// setCap is op 9.
func (w *world) setCap(about string, limit *uint64) []byte {
	p := w.change(codec.PartyCap, about, "hub")
	if limit != nil {
		p.Cap = ptr(codec.BlobHash(w.capBlob(*limit)))
	}
	return signedParty(p, w.hub.owner())
}

func key(k ed25519.PrivateKey, use codec.Use) codec.Key {
	return codec.Key{ID: keyID(k), Alg: ptr(uint64(1)), Pub: ptr(public(k)), Use: &use}
}

// addKeys is op 2, proved by the new keys and signed by the owners.
func (w *world) addKeys(about string, edit func(*codec.Party), added map[codec.Use]ed25519.PrivateKey, owners ...ed25519.PrivateKey) []byte {
	p := w.change(codec.PartyAddKey, about, about)
	var private []ed25519.PrivateKey
	for use, k := range added {
		p.Keys, private = append(p.Keys, key(k, use)), append(private, k)
	}
	sortKeys(p.Keys)
	edit(p)
	return signedParty(prove(p, private...), owners...)
}

func (w *world) revoke(about string, keys []ed25519.PrivateKey, edit func(*codec.Party), owners ...ed25519.PrivateKey) []byte {
	p := w.change(codec.PartyRevokeKey, about, about)
	p.Reason = ptr(uint64(1))
	for _, k := range keys {
		p.Keys = append(p.Keys, codec.Key{ID: keyID(k)})
	}
	sortKeys(p.Keys)
	edit(p)
	return signedParty(p, owners...)
}

func honestly(*codec.Party) {}

func TestHubThreshold(t *testing.T) {
	w := newWorld(t)
	hub := newActor("hub 3", codec.RoleHub, codec.UseSubmit)
	gov := w.governance()
	for _, c := range []struct {
		threshold uint64
		code      codec.Code
	}{{0, codec.CodeBadParty}, {2, codec.CodeBadParty}, {1, ""}} {
		p := w.registration(hub)
		p.Threshold = &c.threshold
		r := signedParty(hub.prove(p), hub.owner(), gov[0], gov[1])
		if c.code != "" {
			w.refused(c.code, nil, r)
			continue
		}
		w.accepted(nil, r)
	}
	w.actors["hub 3"] = hub
	second := seeded("hub 3 second owner")
	w.accepted(nil, w.addKeys("hub 3", func(p *codec.Party) { p.Threshold = ptr(uint64(2)) },
		map[codec.Use]ed25519.PrivateKey{codec.UseOwner: second}, hub.owner()))
	submit := map[codec.Use]ed25519.PrivateKey{codec.UseSubmit: seeded("hub 3 second submit")}
	w.refused(codec.CodeUnsigned, nil, w.addKeys("hub 3", honestly, submit, hub.owner()))
	w.accepted(nil, w.addKeys("hub 3", honestly, submit, hub.owner(), second))
	both := []ed25519.PrivateKey{hub.owner(), second}
	w.refused(codec.CodeBadParty, nil, w.revoke("hub 3", both[1:], honestly, both...)) // 2 of 1
	w.accepted(nil, w.revoke("hub 3", both[1:], func(p *codec.Party) { p.Threshold = ptr(uint64(1)) }, both...))
	w.refused(codec.CodeBadParty, nil, w.revoke("hub 3", both[:1], honestly, hub.owner())) // 1 of 0
}

func TestKeyRotation(t *testing.T) {
	w := newWorld(t)
	a := w.actors["provider 1"]
	fresh, agent := seeded("provider 1 fresh owner"), seeded("provider 1 fresh agent")
	added := map[codec.Use]ed25519.PrivateKey{codec.UseOwner: fresh, codec.UseAgent: agent}
	w.refused(codec.CodeWrongSigners, nil, w.addKeys("provider 1", honestly, added, w.hub.owner()))
	w.refused(codec.CodeUnknownKey, nil, w.addKeys("provider 1", honestly, added, fresh))
	w.refused(codec.CodeWrongAuthor, nil, w.addKeys("provider 1", func(p *codec.Party) { p.Author = w.hub.id }, added, a.owner()))
	w.refused(codec.CodeWrongPrev, nil, w.addKeys("provider 1", func(p *codec.Party) { p.Prev[0]++ }, added, a.owner()))
	w.refused(codec.CodeUnknownParty, nil, w.addKeys("provider 1", func(p *codec.Party) { p.Party[0]++ }, added, a.owner()))
	w.refused(codec.CodeKeyExists, nil, w.addKeys("provider 1", honestly,
		map[codec.Use]ed25519.PrivateKey{codec.UseAgent: a.keys[codec.UseAgent]}, a.owner()))
	backwards := func(p *codec.Party) { p.Keys[0], p.Keys[1] = p.Keys[1], p.Keys[0] }
	w.refused(codec.CodeBadKeys, nil, w.addKeys("provider 1", backwards, added, a.owner()))
	spoiled := w.change(codec.PartyAddKey, "provider 1", "provider 1")
	spoiled.Keys = []codec.Key{key(fresh, codec.UseOwner)}
	prove(spoiled, fresh).Pop[0][0]++
	w.refused(codec.CodeBadPossession, nil, signedParty(spoiled, a.owner()))
	w.accepted(nil, w.addKeys("provider 1", honestly, added, a.owner()))

	strange := w.revoke("provider 1", []ed25519.PrivateKey{w.hub.owner()}, honestly, a.owner())
	w.refused(codec.CodeBadKeys, nil, strange)
	w.refused(codec.CodeWrongSigners, nil, w.revoke("provider 1", []ed25519.PrivateKey{a.owner()}, honestly, fresh, a.owner()))
	w.accepted(nil, w.revoke("provider 1", []ed25519.PrivateKey{a.owner()}, honestly, fresh))
	w.refused(codec.CodeRevokedKey, nil, w.revoke("provider 1", []ed25519.PrivateKey{agent}, honestly, a.owner()))
	w.refused(codec.CodeBadKeys, nil, w.revoke("provider 1", []ed25519.PrivateKey{a.owner()}, honestly, fresh)) // once is enough
	w.accepted(nil, w.revoke("provider 1", []ed25519.PrivateKey{agent, fresh}, honestly, fresh))                // the last one
	w.refused(codec.CodeRevokedKey, nil, w.revoke("provider 1", []ed25519.PrivateKey{a.keys[codec.UseAgent]}, honestly, fresh))
}

func TestKeyValidity(t *testing.T) {
	w := newWorld(t)
	a := w.actors["customer"]
	future, short := seeded("customer future"), seeded("customer short")
	next := w.moment.Index
	w.accepted(nil, w.addKeys("customer", func(p *codec.Party) {
		for i := range p.Keys {
			if p.Keys[i].ID == keyID(future) {
				p.Keys[i].ValidFrom = ptr(next + 3)
			} else {
				p.Keys[i].ValidTo = ptr(next + 1)
			}
		}
	}, map[codec.Use]ed25519.PrivateKey{codec.UseOwner: future, codec.UseSubmit: short}, a.owner()))
	payee := func() *codec.Party {
		p := w.change(codec.PartyPayee, "customer", "customer")
		p.Payee = &codec.Hash{1}
		return p
	}
	b := w.batch(w.hub, nil, signedParty(payee(), a.owner()))
	b.Submitter, b.Key = a.id, keyID(short)
	short1 := &actor{id: a.id, keys: map[codec.Use]ed25519.PrivateKey{codec.UseSubmit: short}}
	if _, fault := w.apply(t, short1.signed(b), w.now); fault != nil { // at next+1, its last index
		t.Fatal(fault)
	}
	b.ID = w.newID()
	if _, fault := w.apply(t, short1.signed(b), w.now); fault == nil || fault.Code != codec.CodeRevokedKey {
		t.Errorf("expired: %v", fault)
	}
	w.refused(codec.CodeUnknownKey, nil, signedParty(payee(), future)) // at next+2
	w.accepted(nil, signedParty(payee(), a.owner()))
	w.accepted(nil, signedParty(payee(), future)) // at next+3, its first index
}

func TestSixtyFourKeys(t *testing.T) {
	w := newWorld(t)
	a := w.actors["customer"]
	many := func(n int, name string) func(*codec.Party) []ed25519.PrivateKey {
		return func(p *codec.Party) (private []ed25519.PrivateKey) {
			for i := range n {
				k := seeded(name + string(rune('A'+i)))
				p.Keys, private = append(p.Keys, key(k, codec.UseSubmit)), append(private, k)
			}
			sortKeys(p.Keys)
			return private
		}
	}
	add := func(n int, name string) []byte {
		p := w.change(codec.PartyAddKey, "customer", "customer")
		return signedParty(prove(p, many(n, name)(p)...), a.owner())
	}
	w.refused(codec.CodeBadKeys, nil, add(64, "a")) // and the owner key is 65
	w.accepted(nil, add(63, "a"))
	w.refused(codec.CodeBadKeys, nil, add(1, "b"))
	w.accepted(nil, w.revoke("customer", []ed25519.PrivateKey{seeded("aA")}, honestly, a.owner()))
	w.accepted(nil, add(1, "b"))
}

func TestStatus(t *testing.T) {
	w := newWorld(t)
	gov := w.governance()
	w.refused(codec.CodeBadParty, nil, w.status(codec.PartyReinstate, "provider 1"))
	w.accepted(nil, w.status(codec.PartySuspend, "provider 1"))
	w.refused(codec.CodeBadParty, nil, w.status(codec.PartySuspend, "provider 1"))
	exit := func() *codec.Party {
		p := w.change(codec.PartyExit, "provider 1", "provider 1")
		p.Reason = ptr(uint64(1))
		return p
	}
	owner := w.actors["provider 1"].owner()
	w.refused(codec.CodeInactiveParty, nil, signedParty(exit(), owner))
	w.accepted(nil, w.status(codec.PartyReinstate, "provider 1"))
	w.refused(codec.CodeWrongSigners, nil, signedParty(exit(), w.hub.owner()))
	w.accepted(nil, signedParty(exit(), owner))
	w.refused(codec.CodeBadParty, nil, w.status(codec.PartyReinstate, "provider 1")) // who leaves stays away

	other := w.change(codec.PartySuspend, "hub 2", "hub") // hubs suspend traders only
	other.Reason = ptr(uint64(1))
	w.refused(codec.CodeWrongSigners, nil, signedParty(other, w.hub.owner()))
	byGov := w.change(codec.PartySuspend, "hub 2", "governance")
	byGov.Reason = ptr(uint64(1))
	w.refused(codec.CodeUnsigned, nil, signedParty(byGov, gov[1]))
	w.accepted(nil, signedParty(byGov, gov...))

	// A suspended hub neither submits nor signs nor writes.
	hub2 := w.actors["hub 2"]
	j := w.newJob(1)
	b := w.batch(hub2, [][]byte{j.sealed}, j.record(j.event(codec.StatePlanned)))
	if _, fault := w.apply(t, hub2.signed(b), w.now); fault == nil || fault.Code != codec.CodeInactiveParty {
		t.Errorf("%v", fault)
	}
	p := w.change(codec.PartySuspend, "provider 2", "hub 2")
	p.Reason = ptr(uint64(1))
	w.refused(codec.CodeInactiveParty, nil, signedParty(p, hub2.owner()))
}

// A hub suspended within a batch writes no further record of that batch.
func TestSuspendedWithinABatch(t *testing.T) {
	w := newWorld(t)
	p := w.change(codec.PartySuspend, "hub", "governance")
	p.Reason = ptr(uint64(1))
	j := w.newJob(1)
	verdicts, fault := w.submit([][]byte{j.sealed}, signedParty(p, w.governance()...), j.record(j.event(codec.StatePlanned)))
	if fault != nil {
		t.Fatal(fault)
	}
	if verdicts[0].Refusal != nil || verdicts[1].Refusal == nil || verdicts[1].Refusal.Code != codec.CodeInactiveParty {
		t.Errorf("%v, %v", verdicts[0].Refusal, verdicts[1].Refusal)
	}
}

// What was planned before a suspension or a revocation is paid; what was planned
// after is not.
func TestSuspensionAndRevocationAroundThePlan(t *testing.T) {
	for name, act := range map[string]func(*world) []byte{
		"suspension": func(w *world) []byte { return w.status(codec.PartySuspend, "provider 1") },
		"revocation": func(w *world) []byte {
			a := w.actors["provider 1"]
			return w.revoke("provider 1", []ed25519.PrivateKey{a.keys[codec.UseAgent]}, honestly, a.owner())
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			before := w.newJob(3).run()
			w.accepted(nil, act(w))
			after := w.newJob(3).run()
			r, blobs := after.settle(lie{})
			w.refused(codec.CodeBadShard, blobs, r)
			r, blobs = before.settle(lie{})
			w.accepted(blobs, r)
		})
	}
}

// A key that was revoked before it became valid never signed anything.
func TestAgentKeyNeverValid(t *testing.T) {
	w := newWorld(t)
	a := w.actors["provider 1"]
	agent := seeded("provider 1 late agent")
	j := w.newJob(1).run()
	j.entries[0].Agent = keyID(agent)
	w.accepted(nil, w.addKeys("provider 1", func(p *codec.Party) { p.Keys[0].ValidFrom = ptr(w.moment.Index + 3) },
		map[codec.Use]ed25519.PrivateKey{codec.UseAgent: agent}, a.owner()))
	r, blobs := j.settle(lie{})
	w.refused(codec.CodeBadShard, blobs, r) // not valid yet
	w.accepted(nil, w.revoke("provider 1", []ed25519.PrivateKey{agent}, honestly, a.owner()))
	for range 3 {
		w.accepted(nil, w.setCap("customer", nil))
	}
	w.refused(codec.CodeBadShard, blobs, r) // and never was
}

func TestPayeeAndCapabilities(t *testing.T) {
	w := newWorld(t)
	a := w.actors["provider 1"]
	p := w.change(codec.PartyPayee, "provider 1", "provider 1")
	p.Capabilities, p.Payee = &[]codec.Hash{{2}, {1}}, &codec.Hash{9}
	w.refused(codec.CodeBadParty, nil, signedParty(p, a.owner()))
	p.Capabilities = &[]codec.Hash{{1}, {2}}
	w.refused(codec.CodeWrongSigners, nil, signedParty(p, w.hub.owner()))
	w.accepted(nil, signedParty(p, a.owner()))
	q := w.change(codec.PartyPayee, "provider 1", "provider 1")
	q.Capabilities = &[]codec.Hash{}
	w.accepted(nil, signedParty(q, a.owner()))
	if got := w.Party(a.id); len(got.Capabilities) != 0 || *got.Payee != (codec.Hash{9}) {
		t.Errorf("%+v", got)
	}
}

func TestWeightAndStake(t *testing.T) {
	w := newWorld(t)
	gov := w.governance()
	set := func(weight, stake *uint64, keys ...ed25519.PrivateKey) []byte {
		p := w.change(codec.PartyWeight, "provider 1", "hub")
		p.Weight, p.Stake, p.Reason = weight, stake, ptr(uint64(1))
		return signedParty(p, keys...)
	}
	all := append(gov, w.hub.owner())
	w.refused(codec.CodeUnsigned, nil, set(ptr(uint64(500_000)), nil, w.hub.owner()))
	w.refused(codec.CodeUnsigned, nil, set(ptr(uint64(500_000)), nil, gov...))
	w.refused(codec.CodeOutOfRange, nil, set(ptr(uint64(499_999)), nil, all...))
	w.refused(codec.CodeOutOfRange, nil, set(ptr(uint64(1_500_001)), nil, all...))
	w.refused(codec.CodeOutOfRange, nil, set(ptr(uint64(2_000_001)), nil, all...)) // A1
	w.refused(codec.CodeBadParty, nil, set(nil, ptr(uint64(4)), all...))
	w.accepted(nil, set(ptr(uint64(1_500_000)), ptr(uint64(6)), all...))
	w.accepted(nil, set(ptr(uint64(500_000)), nil, all...))
	p := w.Party(w.actors["provider 1"].id)
	if p.Stake != 6 || p.WeightIn(worldCycle) != startWeight || p.WeightIn(worldCycle+1) != 500_000 {
		t.Errorf("%+v", p)
	}
	j := w.newJob(3).run() // still with the old weight
	r, blobs := j.settle(lie{})
	w.accepted(blobs, r)
	w.moment.Cycle = worldCycle + 1 // a later change keeps what is in force meanwhile
	if got := w.LastPolicy().Weight(p, worldCycle+1); got != 500_000 {
		t.Errorf("weight %d", got)
	}
}

func TestCapRecords(t *testing.T) {
	w := newWorld(t)
	w.refused(codec.CodeWrongRole, nil, w.setCap("provider 1", nil))
	w.refused(codec.CodeMissingAttachment, nil, w.setCap("customer", ptr(uint64(7))))
	w.refused(codec.CodeOutOfRange, [][]byte{w.capBlob(1 << 63)}, w.setCap("customer", ptr(uint64(1<<63))))
	p := w.change(codec.PartyCap, "customer", "hub")
	p.Cap = ptr(codec.BlobHash([]byte("no cap")))
	w.refused(codec.CodeBadParty, [][]byte{[]byte("no cap")}, signedParty(p, w.hub.owner()))
	q := w.change(codec.PartyCap, "customer", "customer")
	w.refused(codec.CodeWrongSigners, nil, signedParty(q, w.actors["customer"].owner()))
	w.accepted([][]byte{w.capBlob(codec.MaxAmount)}, w.setCap("customer", ptr(uint64(codec.MaxAmount))))

	a := newActor("provider 9", codec.RoleProvider, codec.UseAgent)
	r := w.registration(a)
	r.Stake, r.Cap = ptr(uint64(5)), ptr(codec.BlobHash(w.capBlob(7)))
	w.refused(codec.CodeWrongRole, [][]byte{w.capBlob(7)}, signedParty(a.prove(r), a.owner(), w.hub.owner()))
}
