package ledger

import (
	"fmt"

	"pgregory.net/rapid"

	"github.com/forgepool/settle/codec"
	"github.com/forgepool/settle/proof"
	"github.com/forgepool/settle/settlement"
)

// work is a workload with what its settlement needs.
type work struct {
	id, event  codec.ID // of the workload, of its first event
	hub, payer actor
	adapter    *codec.ID
	entries    []codec.ShardEntry
	sealed     []byte
	planned    uint64     // index of the first event
	last       codec.Hash // of its last event
}

// begin drafts the events Planned and Aggregating of a new workload.
func (x *life) begin() (k *work, records, blobs [][]byte) {
	k = &work{id: x.draw(), hub: x.hub, payer: x.all[rapid.SampledFrom([]string{"customer", "customer", "thrifty"}).Draw(x.t, "payer")]}
	if a := x.all["adapter"]; rapid.Bool().Draw(x.t, "adapter") {
		k.adapter = &a.id
	}
	x.payer, x.adapter = k.payer, k.adapter
	k.sealed, k.entries = x.sealed(k.id), x.world.entries(k.id, x.seedOf(k), rapid.IntRange(1, 7).Draw(x.t, "shards"))
	for i := range k.entries {
		k.entries[i].Units = rapid.Uint64Range(1, 1_000).Draw(x.t, "units")
	}
	plan, err := settlement.PlanRoot(planOrder(k.entries))
	if err != nil {
		x.t.Fatal(err)
	}
	planned := x.world.event(k.id, codec.StatePlanned, 0, codec.Hash{}, k.sealed)
	planned.Plan = &codec.Plan{Count: uint64(len(k.entries)), Root: plan, Nonce: hashOf("nonce")}
	k.event = planned.ID
	first := bare(codec.KindEvent, codec.EncodeEvent(planned))
	second := bare(codec.KindEvent, codec.EncodeEvent(x.world.event(k.id, codec.StateAggregating, 1, proof.LeafA(first), k.sealed)))
	k.last = proof.LeafA(second)
	return k, [][]byte{first, second}, [][]byte{k.sealed}
}

func (x *life) seedOf(k *work) codec.Hash { return hashOf(k.id.String()) }

// planOrder returns entries in the order of their numbers, as a plan lists them.
func planOrder(entries []codec.ShardEntry) []codec.ShardEntry {
	list := make([]codec.ShardEntry, len(entries))
	for i := range entries {
		list[entries[i].Index] = entries[i]
	}
	return list
}

// settlement drafts the settlement of a workload now, and says what becomes of it as far
// as its customer's budget goes.
func (x *life) settlementOf(k *work) (record []byte, blobs [][]byte, want codec.Code) {
	x.hub, x.payer, x.adapter, x.labels = k.hub, k.payer, k.adapter, nil
	if rapid.Bool().Draw(x.t, "labels") {
		x.labels = []codec.Label{
			{Label: "project", Value: fmt.Sprint("p", rapid.IntRange(0, 2).Draw(x.t, "project")), Salt: codec.ID{1}},
			{Label: "note", Value: "n", Salt: codec.ID{2}},
		}
	}
	x.read(func(s *Snapshot) {
		v := s.View(x.now)
		x.weight = func(provider codec.ID) uint64 { return x.policy.Weight(v.Party(provider), x.cycle) }
		record, blobs = x.world.settle(k.id, x.seedOf(k), k.entries, k.sealed, k.last)
		body := bodyOf[codec.Settlement](x, record)
		want = budgetOf(v, k.payer.id, x.cycle, body.Charge)
	})
	return record, append(blobs, k.sealed), want
}

// budgetOf says whether a charge of class 5 is within cap and hard quota.
func budgetOf(v settlement.View, payer codec.ID, cycle, charge uint64) codec.Code {
	p := v.Party(payer)
	used := v.Balance(settlement.Account{Cycle: cycle, Role: codec.RoleCustomer, Party: payer}).Charged
	if p.Cap != nil && used+charge > *p.Cap {
		return codec.CodeOverCap
	}
	used = v.Usage(settlement.Scope{Cycle: cycle, Customer: payer, Dimension: settlement.ByClass, Value: "5"}).Charged
	if len(p.Quotas) > 0 && p.Quotas[0].Hard && used+charge > p.Quotas[0].Limit {
		return codec.CodeOverQuota
	}
	return ""
}

// bodyOf decodes the body of a draft or of a record of the log.
func bodyOf[T any](x *life, record []byte) *T {
	rec, err := codec.DecodeRecord(record)
	if err != nil {
		x.t.Fatal(err)
	}
	body, err := codec.DecodeBody(rec.Kind, rec.Body)
	if err != nil {
		x.t.Fatal(err)
	}
	return any(body).(*T)
}

// plan begins a workload.
func (x *life) plan() {
	k, records, blobs := x.begin()
	if _, ok := x.say("plan", "", blobs, records...); ok {
		k.planned = x.m.at[string(records[0])]
		x.pending = append(x.pending, k)
	}
}

// settle does a workload from its plan to its settlement in one batch.
func (x *life) settle() {
	k, records, blobs := x.begin()
	settled, more, want := x.settlementOf(k)
	x.say("settlement", want, append(blobs, more...), append(records, settled)...)
	x.filed(k, records[0], settled)
}

// filed files a workload by how far it has come.
func (x *life) filed(k *work, planned, settled []byte) {
	if at, ok := x.m.at[string(settled)]; ok {
		x.posted, x.finished = append(x.posted, at), append(x.finished, k)
	} else if _, ok := x.m.at[string(planned)]; ok {
		x.pending = append(x.pending, k)
	}
	k.planned = x.m.at[string(planned)]
}

// finish settles a workload that was planned earlier, whatever has changed since.
func (x *life) finish() {
	if len(x.pending) == 0 {
		return
	}
	i := rapid.IntRange(0, len(x.pending)-1).Draw(x.t, "pending")
	k := x.pending[i]
	record, blobs, want := x.settlementOf(k)
	if at, ok := x.say("settlement", want, blobs, record); ok {
		x.posted, x.finished = append(x.posted, at), append(x.finished, k)
		x.pending = append(x.pending[:i:i], x.pending[i+1:]...)
	}
}

// race lets two settlements race for one workload, in one batch: exactly one wins.
func (x *life) race() {
	k, records, blobs := x.begin()
	first, more, want := x.settlementOf(k)
	other, last, _ := x.settlementOf(k)
	if want != "" {
		return
	}
	blobs = append(append(blobs, more...), last...)
	x.say("both of a race", codec.CodeAlreadySettled, blobs, append(records, first, other)...)
	x.filed(k, records[0], first)
}

// intrude settles what is settled, and what another hub planned, under either name.
func (x *life) intrude() {
	all := append(append([]*work{}, x.pending...), x.finished...)
	if len(all) == 0 {
		return
	}
	k, by := one(x, all, "workload"), x.hub
	record, blobs, _ := x.settlementOf(k)
	body, want := bodyOf[codec.Settlement](x, record), codec.CodeWrongAuthor
	switch x.hub = by; {
	case by.id == k.hub.id && x.workloadOf(k).SettledAt == 0:
		return
	case by.id == k.hub.id:
		want = codec.CodeAlreadySettled
	case rapid.Bool().Draw(x.t, "under its own name"):
		body.Author, want = by.id, codec.CodeWrongState
	}
	x.say("intrusion", want, blobs, bare(codec.KindSettlement, codec.EncodeSettlement(body)))
}

func (x *life) workloadOf(k *work) (w *settlement.Workload) {
	x.read(func(s *Snapshot) { w = s.Workload(k.hub.id, k.id) })
	return w
}

// fail ends a workload that was planned.
func (x *life) fail() {
	if len(x.pending) == 0 {
		return
	}
	i := rapid.IntRange(0, len(x.pending)-1).Draw(x.t, "pending")
	k := x.pending[i]
	x.hub, x.payer, x.adapter = k.hub, k.payer, k.adapter
	e := x.world.event(k.id, codec.StateFailed, 2, k.last, k.sealed)
	e.Reason = ref(uint64(1))
	if _, ok := x.say("failure", "", [][]byte{k.sealed}, bare(codec.KindEvent, codec.EncodeEvent(e))); ok {
		x.pending = append(x.pending[:i:i], x.pending[i+1:]...)
	}
}
