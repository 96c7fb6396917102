package ledger

import (
	"pgregory.net/rapid"

	"github.com/forgepool/settle/codec"
	"github.com/forgepool/settle/settlement"
)

// join registers a party of a role that hubs let in.
func (x *life) join() {
	role := rapid.SampledFrom([]codec.Role{codec.RoleProvider, codec.RoleAdapter, codec.RoleCustomer}).Draw(x.t, "role")
	a := newActor("extra "+x.draw().String(), role)
	if _, ok := x.say("registration", "", nil, signRecord(codec.KindParty, x.register(a), a, x.hub)); ok {
		x.byID[a.id], x.extras = a, append(x.extras, a)
	}
}

// about drafts a party record, after the last one of the party.
func (x *life) about(a actor, op codec.PartyOp, author actor) (p *codec.Party, now settlement.Status) {
	p = &codec.Party{ID: x.draw(), At: x.now, Cycle: x.cycle, Author: author.id, Party: a.id, Op: op}
	x.read(func(s *Snapshot) {
		party := s.View(x.now).Party(a.id)
		p.Prev, now = party.Prev, party.Status()
	})
	return p, now
}

// change does one of ops 4 to 7 on a party that was registered on the way.
func (x *life) change() {
	if len(x.extras) == 0 {
		return
	}
	a, want := one(x, x.extras, "party"), codec.Code("")
	op := rapid.SampledFrom([]codec.PartyOp{codec.PartySuspend, codec.PartyReinstate, codec.PartyExit, codec.PartyPayee}).Draw(x.t, "op")
	by := x.hub
	if op == codec.PartyExit || op == codec.PartyPayee {
		by = a
	}
	p, status := x.about(a, op, by)
	switch {
	case op == codec.PartySuspend && status != settlement.Active, op == codec.PartyReinstate && status != settlement.Suspended:
		want = codec.CodeBadParty
	case by.id == a.id && status != settlement.Active:
		want = codec.CodeInactiveParty
	}
	if op == codec.PartyPayee {
		p.Payee = ref(hashOf("payee " + p.ID.String()))
	} else {
		p.Reason = ref(uint64(1))
	}
	if want == "" && x.maybe(5, "after another record") {
		p.Prev[0]++
		want = codec.CodeWrongPrev
	}
	x.say("party record", want, nil, signRecord(codec.KindParty, codec.Encode(p), by))
}

// reweigh sets the weight of a provider from the next cycle on.
func (x *life) reweigh() {
	a, want := x.all[rapid.SampledFrom([]string{"provider 1", "provider 2", "provider 3"}).Draw(x.t, "provider")], codec.Code("")
	p, _ := x.about(a, codec.PartyWeight, x.hub)
	p.Weight, p.Reason = ref(rapid.SampledFrom([]uint64{500_000, 777_777, 1_500_000, 1_500_001}).Draw(x.t, "weight")), ref(uint64(1))
	if *p.Weight > 1_500_000 {
		want = codec.CodeOutOfRange
	}
	x.say("weight", want, nil, signRecord(codec.KindParty, codec.Encode(p), x.hub, x.all["governance"]))
}

// budget sets cap and quota of a customer, or takes them away.
func (x *life) budget() {
	p, _ := x.about(x.all["thrifty"], codec.PartyCap, x.hub)
	var blobs [][]byte
	if rapid.Bool().Draw(x.t, "cap") {
		blob, hash := codec.Seal(x.draw(), rapid.Uint64Range(0, 4_000_000_000).Draw(x.t, "limit"))
		p.Cap, blobs = &hash, append(blobs, blob)
	}
	if rapid.Bool().Draw(x.t, "quota") {
		limit := rapid.Uint64Range(0, 4_000_000_000).Draw(x.t, "limit of the class")
		mode := rapid.Uint64Range(codec.QuotaHard, codec.QuotaSoft).Draw(x.t, "mode")
		blob, hash := codec.Seal(x.draw(), []codec.Quota{{Dimension: uint64(settlement.ByClass), Value: "5", Limit: limit, Mode: mode}})
		p.Quotas, blobs = &hash, append(blobs, blob)
	}
	x.say("budget", "", blobs, signRecord(codec.KindParty, codec.Encode(p), x.hub))
}

// legislate makes a policy for the cycles to come, with other shares and a discount.
func (x *life) legislate() {
	want := codec.Code("")
	p := testPolicy(x.hub.id)
	p.ID, p.At, p.Cycle = x.draw(), x.now, x.cycle
	x.read(func(s *Snapshot) {
		last := s.View(x.now).LastPolicy()
		p.Version, p.Prev = last.Body.Version+1, last.Hash
		p.EffectiveFrom, _ = settlement.NextCycle(codec.CyclesMonths, x.cycle)
		p.EffectiveFrom = max(p.EffectiveFrom, last.Body.EffectiveFrom)
	})
	p.Shares = codec.Shares{Provider: rapid.Uint64Range(0, 900_000).Draw(x.t, "providers"), Adapter: rapid.Uint64Range(0, 100_000).Draw(x.t, "adapter's")}
	p.Rates[0].MinCharge = rapid.SampledFrom([]uint64{0, 900_000_000}).Draw(x.t, "least charge")
	blob, hash := codec.Seal(x.draw(), []codec.Discount{{Customer: x.all["customer"].id, PPM: rapid.Uint64Range(0, 1_000_000).Draw(x.t, "discount")}})
	p.Discounts = &hash
	if x.maybe(4, "after another policy") {
		p.Prev[0]++
		want = codec.CodeWrongPrev
	}
	x.say("policy", want, [][]byte{blob}, signRecord(codec.KindPolicy, codec.Encode(p), x.hub, x.all["governance"]))
}
