package settlement

import (
	"fmt"
	"testing"

	"github.com/forgepool/settle/codec"
	"github.com/forgepool/settle/proof"
)

func TestSettlementIsAccepted(t *testing.T) {
	for _, shards := range []int{1, 2, 3, 8, 17, 64} {
		w := newWorld(t)
		j := w.newJob(shards)
		j.adapter = &w.actors["adapter"].id
		r, blobs := j.run().settle(lie{})
		w.accepted(blobs, r)
	}
}

func TestEverythingInOneBatch(t *testing.T) {
	w := newWorld(t)
	j := w.newJob(8)
	events := [][]byte{j.next(j.event(codec.StatePlanned)), j.next(j.event(codec.StateAggregating))}
	r, blobs := j.settle(lie{})
	w.accepted(append(blobs, j.sealed), append(events, r)...)
}

// Blobs of an earlier batch serve as well as attachments.
func TestBlobsOfAnEarlierBatch(t *testing.T) {
	w := newWorld(t)
	j := w.newJob(3).run()
	labels := []codec.Label{{Label: "project", Value: "atlas", Salt: codec.ID{3}}}
	r, blobs := j.settle(lie{labels: labels, body: disclose(labels)})
	w.refused(codec.CodeMissingAttachment, blobs[:2], r)
	w.refused(codec.CodeMissingAttachment, blobs[1:], r)
	for _, b := range blobs {
		w.blobs[codec.BlobHash(b)] = b
	}
	w.accepted(nil, r)
	if w.Opening(codec.BlobHash(blobs[2])) == nil {
		t.Error("the labels are not kept in the state")
	}
}

func disclose(labels []codec.Label) func(*codec.Settlement) {
	return func(s *codec.Settlement) {
		for _, l := range labels {
			s.Disclosures = append(s.Disclosures, codec.LabelCommitment(l.Salt, l.Label, codec.AppendText(nil, l.Value)))
		}
	}
}

// body makes a lie about the body alone.
func body(f func(*codec.Settlement)) lie { return lie{body: f} }

// entry makes a lie about the first entry of the manifest.
func entry(f func(*codec.ShardEntry)) lie {
	return lie{entries: func(list []codec.ShardEntry) []codec.ShardEntry { f(&list[0]); return list }}
}

// posting makes a lie about the detail.
func detail(f func(*codec.Detail)) lie { return lie{detail: f} }

// settlementLies are all the ways to lie in a settlement of 4 shards, in the order of
// the rules.
var settlementLies = []struct {
	name string
	code codec.Code
	lie  lie
}{
	// A1
	{"at 2^63", codec.CodeOutOfRange, body(func(s *codec.Settlement) { s.At = 1 << 63 })},
	{"bad program name", codec.CodeMalformed, body(func(s *codec.Settlement) { s.Program.Family = "UPPER" })},
	{"charge 2^63", codec.CodeOutOfRange, body(func(s *codec.Settlement) { s.Charge = 1 << 63 })},
	{"split 2^63", codec.CodeOutOfRange, body(func(s *codec.Settlement) { s.Split.Platform = 1 << 63 })},
	{"time 2^63", codec.CodeOutOfRange, body(func(s *codec.Settlement) { s.RetainUntil = 1 << 63 })},
	{"size 2^63", codec.CodeOutOfRange, body(func(s *codec.Settlement) { s.Result.Size = 1 << 63 })},
	{"artifact 2^63", codec.CodeOutOfRange, body(func(s *codec.Settlement) { s.Artifacts = []codec.Artifact{{Size: 1 << 63}} })},
	// A3, A4
	{"too old", codec.CodeOutOfTime, body(func(s *codec.Settlement) { s.At -= 600_001 })},
	{"too new", codec.CodeOutOfTime, body(func(s *codec.Settlement) { s.At += 600_001 })},
	{"cycle before", codec.CodeClosedCycle, body(func(s *codec.Settlement) { s.Cycle-- })},
	{"cycle after", codec.CodeClosedCycle, body(func(s *codec.Settlement) { s.Cycle++ })},
	// A6
	{"split overflows", codec.CodeOverflow, body(func(s *codec.Settlement) {
		s.Split = codec.Split{Providers: codec.MaxAmount, Adapter: 0, Platform: 1}
	})},
	// 10-16
	{"no such workload", codec.CodeWrongState, body(func(s *codec.Settlement) { s.Workload[0]++ })},
	{"other policy", codec.CodeUnknownPolicy, body(func(s *codec.Settlement) { s.Policy[0]++ })},
	{"disclosures not ascending", codec.CodeBadLabels, body(func(s *codec.Settlement) { s.Disclosures = []codec.Hash{{2}, {1}} })},
	{"disclosure twice", codec.CodeBadLabels, body(func(s *codec.Settlement) { s.Disclosures = []codec.Hash{{2}, {2}} })},
	{"no adapter", codec.CodeWrongAdapter, body(func(s *codec.Settlement) { s.Adapter = nil })},
	{"other adapter", codec.CodeWrongAdapter, body(func(s *codec.Settlement) { s.Adapter = &codec.ID{1} })},
	{"program not listed", codec.CodeProgramNotAllowed, body(func(s *codec.Settlement) { s.Program.Version = 2 })},
	{"another listed program", codec.CodeProgramNotAllowed, body(func(s *codec.Settlement) { s.Program, s.Class = otherProgram, 4 })},
	{"other class", codec.CodeProgramNotAllowed, body(func(s *codec.Settlement) { s.Class = 4 })},
	{"reserved class", codec.CodeProgramNotAllowed, body(func(s *codec.Settlement) { s.Class = 7 })},
	// 19, 20
	{"planner not in the plan", codec.CodeBadPlan, body(func(s *codec.Settlement) { s.Planner = &codec.Hash{1} })},
	{"planner present but zero", codec.CodeBadPlan, body(func(s *codec.Settlement) { s.Planner = &codec.Hash{} })},
	{"manifest not CBOR", codec.CodeBadManifest, lie{blobs: func(_, d []byte) ([]byte, []byte) { return []byte{0xff}, d }}},
	{"manifest with a byte more", codec.CodeBadManifest, lie{blobs: func(m, d []byte) ([]byte, []byte) { return append(m, 0), d }}},
	{"empty manifest", codec.CodeBadManifest, lie{blobs: func(_, d []byte) ([]byte, []byte) { return []byte{0x80}, d }}},
	{"manifest of another size", codec.CodeBadManifest, body(func(s *codec.Settlement) { s.Shards.Size++ })},
	{"count", codec.CodeBadManifest, body(func(s *codec.Settlement) { s.Shards.Count++ })},
	{"units", codec.CodeBadManifest, body(func(s *codec.Settlement) { s.Shards.Units++ })},
	{"manifest root", codec.CodeBadManifest, body(func(s *codec.Settlement) { s.Shards.Root[0]++ })},
	{"shard twice", codec.CodeBadManifest, entry(func(e *codec.ShardEntry) { e.Index = 1 })},
	{"shard number with a gap", codec.CodeBadManifest, entry(func(e *codec.ShardEntry) { e.Index = 4 })},
	{"replica 256", codec.CodeBadManifest, entry(func(e *codec.ShardEntry) { e.Replica = 256 })},
	{"replica without the shard", codec.CodeBadManifest, entry(func(e *codec.ShardEntry) { e.Replica = 1 })},
	{"no units", codec.CodeBadShard, entry(func(e *codec.ShardEntry) { e.Units = 0 })},
	{"too many units", codec.CodeBadShard, entry(func(e *codec.ShardEntry) { e.Units = codec.MaxUnits + 1 })},
	{"attempt 2^63", codec.CodeBadShard, entry(func(e *codec.ShardEntry) { e.Attempt = 1 << 63 })},
	{"unknown provider", codec.CodeBadShard, entry(func(e *codec.ShardEntry) { e.Provider[0]++ })},
	{"unknown agent", codec.CodeBadShard, entry(func(e *codec.ShardEntry) { e.Agent[0]++ })},
	{"units over the policy's", codec.CodeOverLimit, entry(func(e *codec.ShardEntry) { e.Units = 1_001 })},
	{"unpaid replica", codec.CodeBadShard, lie{entries: func(list []codec.ShardEntry) []codec.ShardEntry {
		twin := list[0]
		twin.Replica = 1
		return append(list, twin)
	}}},
	{"replica of other arguments", codec.CodeBadShard, lie{entries: func(list []codec.ShardEntry) []codec.ShardEntry {
		twin := list[0]
		twin.Replica, twin.Args = 1, someHash("other")
		return append(list, twin)
	}}},
	{"replica of nothing", codec.CodeBadManifest, lie{entries: func(list []codec.ShardEntry) []codec.ShardEntry {
		twin := list[0]
		twin.Index, twin.Replica = 4, 1
		return append(list, twin)
	}}},
	{"replica twice", codec.CodeBadManifest, lie{entries: func(list []codec.ShardEntry) []codec.ShardEntry {
		twin := list[0]
		twin.Replica = 1
		again := twin
		again.Provider, again.Agent = list[1].Provider, list[1].Agent
		return append(list, twin, again)
	}}},
	// 22
	{"mode below the floor", codec.CodeBadVerification, body(func(s *codec.Settlement) { s.Verify.Mode = 0 })},
	{"unknown mode", codec.CodeBadVerification, body(func(s *codec.Settlement) { s.Verify.Mode = 5 })},
	{"too few checked", codec.CodeBadVerification, body(func(s *codec.Settlement) { s.Verify.Checked, s.Verify.Matched = 1, 1 })},
	{"one did not match", codec.CodeBadVerification, body(func(s *codec.Settlement) { s.Verify.Matched-- })},
	// 23, 24
	{"charge one more", codec.CodeWrongCharge, body(func(s *codec.Settlement) { s.Charge++ })},
	{"charge one less", codec.CodeWrongCharge, body(func(s *codec.Settlement) { s.Charge-- })},
	{"split towards the platform", codec.CodeWrongSplit, body(func(s *codec.Settlement) { s.Split.Providers--; s.Split.Platform++ })},
	{"split that loses one", codec.CodeWrongSplit, body(func(s *codec.Settlement) { s.Split.Adapter-- })},
	// 25, 26
	{"detail not CBOR", codec.CodeBadDetail, lie{blobs: func(m, _ []byte) ([]byte, []byte) { return m, []byte{0xff} }}},
	{"no component", codec.CodeBadDetail, lie{blobs: func(m, _ []byte) ([]byte, []byte) { return m, []byte{0xa3, 1, 0x80, 2, 0x80} }}},
	{"volume is not the units", codec.CodeBadDetail, detail(func(d *codec.Detail) { d.Components[0].Qty++ })},
	{"volume in another unit", codec.CodeBadDetail, detail(func(d *codec.Detail) { d.Components[0].Unit = 2 })},
	{"no volume", codec.CodeBadDetail, detail(func(d *codec.Detail) { d.Components[0].Code = 2 })},
	{"component of idle time", codec.CodeBadDetail, detail(func(d *codec.Detail) {
		d.Components = append(d.Components, codec.Component{Code: 8, Unit: 1, Qty: 1})
	})},
	{"component without a rate", codec.CodeBadDetail, detail(func(d *codec.Detail) {
		d.Components = append(d.Components, codec.Component{Code: 3, Unit: 1, Qty: 1})
	})},
	{"component twice", codec.CodeBadDetail, detail(func(d *codec.Detail) { d.Components = append(d.Components, d.Components[0]) })},
	{"more iterations than units", codec.CodeBadDetail, detail(func(d *codec.Detail) {
		d.Components = append(d.Components, codec.Component{Code: 2, Unit: 1, Qty: 11})
	})},
	{"amount of a component", codec.CodeOverflow, detail(func(d *codec.Detail) {
		d.Components = append(d.Components, codec.Component{Code: 4, Unit: 9, Qty: codec.MaxAmount/50 + 1})
	})},
	{"rate of a component", codec.CodeBadDetail, detail(func(d *codec.Detail) { d.Components[0].Num++ })},
	{"stated amount of a component", codec.CodeBadDetail, detail(func(d *codec.Detail) { d.Components[0].Amount++ })},
	{"postings root", codec.CodeBadPostings, body(func(s *codec.Settlement) { s.Postings.Root[0]++ })},
	{"number of postings", codec.CodeBadPostings, body(func(s *codec.Settlement) { s.Postings.N++ })},
	{"line numbers with a gap", codec.CodeBadPostings, detail(func(d *codec.Detail) { d.Postings[1].Line = 7 })},
	{"third side", codec.CodeBadPostings, detail(func(d *codec.Detail) { d.Postings[1].Side = 3 })},
	{"unbalanced", codec.CodeUnbalanced, detail(func(d *codec.Detail) { d.Postings[1].Amount++ })},
	{"all on one side", codec.CodeUnbalanced, detail(func(d *codec.Detail) { d.Postings[0].Side = codec.Credit })},
	{"one provider pays another", codec.CodeBadPostings, detail(func(d *codec.Detail) { d.Postings[1].Amount++; d.Postings[2].Amount-- })},
	{"payee swapped", codec.CodeBadPostings, detail(func(d *codec.Detail) {
		d.Postings[1].Party, d.Postings[2].Party = d.Postings[2].Party, d.Postings[1].Party
	})},
	{"role", codec.CodeBadPostings, detail(func(d *codec.Detail) { d.Postings[1].Role = codec.RoleAuditor })},
	{"posting units", codec.CodeBadPostings, detail(func(d *codec.Detail) { *d.Postings[1].Units++ })},
	{"posting base", codec.CodeBadPostings, detail(func(d *codec.Detail) { *d.Postings[1].UnitBase++ })},
	{"posting shards", codec.CodeBadPostings, detail(func(d *codec.Detail) { *d.Postings[1].Shards++ })},
	{"posting weight", codec.CodeBadPostings, detail(func(d *codec.Detail) { *d.Postings[1].Weight++ })},
	{"provider line without units", codec.CodeBadPostings, detail(func(d *codec.Detail) { d.Postings[1].Units = nil })},
	{"customer line with units", codec.CodeBadPostings, detail(func(d *codec.Detail) { d.Postings[0].Units = ptr(uint64(0)) })},
	{"reason outside an adjustment", codec.CodeBadPostings, detail(func(d *codec.Detail) { d.Postings[0].Reason = ptr(uint64(1)) })},
	{"line of zero", codec.CodeBadPostings, detail(func(d *codec.Detail) {
		d.Postings = append(d.Postings, codec.Posting{Line: uint64(len(d.Postings)), Role: 4, Side: 1})
	})},
	{"line missing", codec.CodeUnbalanced, detail(func(d *codec.Detail) { d.Postings = d.Postings[:len(d.Postings)-1] })},
	// 27-29
	{"times run backwards", codec.CodeBadTimes, body(func(s *codec.Settlement) { s.Times.Planned++ })},
	{"finalized in the future", codec.CodeBadTimes, body(func(s *codec.Settlement) { s.Times.Finalized++ })},
	{"event", codec.CodeWrongEvent, body(func(s *codec.Settlement) { s.Event[0]++ })},
	{"retained too short", codec.CodeBadRetention, body(func(s *codec.Settlement) { s.RetainUntil-- })},
	// 31-33
	{"replay of nothing", codec.CodeBadReplay, body(func(s *codec.Settlement) { s.ReplayOf = &codec.ReplayOf{} })},
	{"replay of itself", codec.CodeBadReplay, body(func(s *codec.Settlement) { s.ReplayOf = &codec.ReplayOf{Author: s.Author, Workload: s.Workload} })},
	{"other arguments than planned", codec.CodeBadPlan, entry(func(e *codec.ShardEntry) { e.Args[0]++ })},
	{"other input than planned", codec.CodeBadPlan, entry(func(e *codec.ShardEntry) { e.Inputs = []codec.Blob{{Size: 1}} })},
	{"more shards than planned", codec.CodeBadPlan, lie{entries: func(list []codec.ShardEntry) []codec.ShardEntry {
		more := list[0]
		more.Index = uint64(len(list))
		return append(list, more)
	}}},
	{"early stop without a proof", codec.CodeBadPlan, lie{entries: func(list []codec.ShardEntry) []codec.ShardEntry { return list[:3] }}},
	{"proof without an early stop", codec.CodeBadPlan, body(func(s *codec.Settlement) { s.PlanProof = []codec.Hash{{}} })},
	{"labels without disclosures", codec.CodeBadLabels, lie{labels: []codec.Label{{Label: "project"}}}},
	{"labels not CBOR of labels", codec.CodeBadLabels, lie{body: func(s *codec.Settlement) { s.Labels = &s.Customer }}},
	{"label of another value", codec.CodeBadLabels, lie{
		labels: []codec.Label{{Label: "project", Value: "hermes"}}, body: disclose([]codec.Label{{Label: "project", Value: "atlas"}}),
	}},
}

func TestSettlementLies(t *testing.T) {
	w := newWorld(t)
	j := w.newJob(4)
	j.adapter = &w.actors["adapter"].id
	j.run()
	for _, c := range settlementLies {
		t.Run(c.name, func(t *testing.T) {
			w.TB = t
			r, blobs := j.settle(c.lie)
			w.refused(c.code, append(blobs, j.sealed), r)
		})
	}
	w.TB = t
	r, blobs := j.settle(lie{}) // the same without a lie
	w.accepted(blobs, r)
}

// What is refused one step further is accepted at the edge.
func TestSettlementEdges(t *testing.T) {
	for name, l := range map[string]lie{
		"oldest":         body(func(s *codec.Settlement) { s.At -= 600_000; s.Times.Finalized = s.At; s.Times = codec.Times{} }),
		"newest":         body(func(s *codec.Settlement) { s.At += 600_000 }),
		"units at limit": entry(func(e *codec.ShardEntry) { e.Units = 1_000 }),
		"half checked":   body(func(s *codec.Settlement) { s.Verify.Checked, s.Verify.Matched = 2, 2 }),
		"last mode":      body(func(s *codec.Settlement) { s.Verify.Mode = 4 }),
		"components": {inputs: func(in *Inputs) {
			in.Components = append(in.Components, codec.Component{Code: 2, Unit: 1, Qty: 10}, codec.Component{Code: 4, Unit: 9, Qty: 3})
		}},
		"labels": {
			labels: []codec.Label{{Label: "project", Value: "atlas"}}, body: disclose([]codec.Label{{Label: "project", Value: "atlas"}}),
		},
		"disclosures without labels": {body: disclose([]codec.Label{{Label: "project", Value: "atlas"}})},
		"16 artifacts":               body(func(s *codec.Settlement) { s.Artifacts = make([]codec.Artifact, 16) }),
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			r, blobs := w.newJob(4).run().settle(l)
			w.accepted(blobs, r)
		})
	}
}

func TestSettlementOfAnotherCustomer(t *testing.T) {
	w := newWorld(t)
	j := w.newJob(3).run()
	other := w.newJob(3).of(w.actors["capped"])
	r, blobs := j.settle(body(func(s *codec.Settlement) { s.Customer = other.customerHash() }))
	w.refused(codec.CodeMissingAttachment, blobs, r)
	w.refused(codec.CodeWrongCustomer, append(blobs, other.sealed), r)
}

func TestMoreShardsThanThePolicyAllows(t *testing.T) {
	w := newWorld(t)
	r, blobs := w.newJob(65).run().settle(lie{})
	w.refused(codec.CodeOverLimit, blobs, r)
}

// A balance that would leave 63 bits refuses the settlement that would do it.
func TestBalanceOverflow(t *testing.T) {
	w := newWorld(t)
	j := w.newJob(4).run()
	r, blobs := j.settle(lie{}) // 5,000,015
	customer := Account{worldCycle, codec.RoleCustomer, j.customer.id}
	for _, c := range []struct {
		name string
		full Balance
		code codec.Code
	}{
		{"debit", Balance{Account: customer, Debit: codec.MaxAmount - 5_000_014}, codec.CodeOverflow},
		{"charged", Balance{Account: customer, Charged: codec.MaxAmount - 5_000_014}, codec.CodeOverflow},
		{"credit", Balance{Account: Account{worldCycle, codec.RoleProvider, j.entries[0].Provider}, Credit: codec.MaxAmount}, codec.CodeOverflow},
		{"edge", Balance{Account: customer, Debit: codec.MaxAmount - 5_000_015}, ""},
	} {
		w.balances = map[Account]*Balance{c.full.Account: &c.full}
		if c.code != "" {
			w.refused(c.code, blobs, r)
			continue
		}
		w.accepted(blobs, r)
	}
}

// Of two rules that fail, the one that stands first gives the code. Lies about the
// body alone are paired, each with all that break a later rule and have another code.
func TestFirstFailureGivesTheCode(t *testing.T) {
	w := newWorld(t)
	j := w.newJob(4)
	j.adapter = &w.actors["adapter"].id
	j.run()
	for i, first := range settlementLies {
		for _, second := range settlementLies[i+1:] {
			if first.lie.body == nil || second.lie.body == nil || first.lie.labels != nil || second.lie.labels != nil || first.code == second.code {
				continue
			}
			r, blobs := j.settle(lie{body: func(s *codec.Settlement) { second.lie.body(s); first.lie.body(s) }})
			verdicts, fault := w.submit(append(blobs, j.sealed), r)
			if fault == nil {
				fault = verdicts[0].Refusal
			}
			if fault == nil || fault.Code != first.code {
				t.Errorf("%s, and %s: %v, want %s", first.name, second.name, fault, first.code)
			}
		}
	}
}

func TestEarlyStop(t *testing.T) {
	for count := 1; count < 8; count++ {
		w := newWorld(t)
		j := w.newJob(8).run()
		leaves, err := PlanLeaves(j.entries)
		if err != nil {
			t.Fatal(err)
		}
		path, err := proof.ProvePlan(uint64(count), leaves)
		if err != nil {
			t.Fatal(err)
		}
		l := lie{
			entries: func(list []codec.ShardEntry) []codec.ShardEntry { return list[:count] },
			body: func(s *codec.Settlement) {
				for _, h := range path {
					s.PlanProof = append(s.PlanProof, h)
				}
			},
		}
		r, blobs := j.settle(l)
		bad := l
		bad.body = func(s *codec.Settlement) { l.body(s); s.PlanProof[0][0]++ }
		wrong, moreBlobs := j.settle(bad)
		w.refused(codec.CodeBadPlan, moreBlobs, wrong)
		w.accepted(blobs, r)
	}
}

func TestPaidReplicas(t *testing.T) {
	w := newWorld(t, func(p *codec.Policy) { p.PayReplicas = 1 })
	j := w.newJob(4).run()
	r, blobs := j.settle(lie{entries: func(list []codec.ShardEntry) []codec.ShardEntry {
		twin := list[0]
		twin.Replica, twin.Provider, twin.Agent = 1, list[1].Provider, list[1].Agent
		return append(list, twin)
	}})
	w.accepted(blobs, r)
	got := w.Balance(Account{worldCycle, codec.RoleProvider, j.entries[1].Provider})
	alone := w.Balance(Account{worldCycle, codec.RoleProvider, j.entries[2].Provider})
	if got.Credit != alone.Credit { // 2+1 and 3 units
		t.Errorf("credits %d and %d for 3 units each", got.Credit, alone.Credit)
	}
}

// Neither one workload nor one piece of work is paid twice.
func TestNothingIsPaidTwice(t *testing.T) {
	w := newWorld(t)
	j := w.newJob(4).run()
	r, blobs := j.settle(lie{})
	rival, rivalBlobs := j.settle(body(func(s *codec.Settlement) { s.Result.Size++ }))
	w.accepted(blobs, r)
	paid := fmt.Sprint(w.balances)
	w.refused(codec.CodeAlreadySettled, rivalBlobs, rival)
	verdicts, fault := w.submit(blobs, r)
	if fault != nil || verdicts[0].Kind != codec.Repeated {
		t.Fatalf("again: %v %v", verdicts, fault)
	}
	// The same work under other workloads: it must say what it repeats.
	second, third := w.sameWork(j), w.sameWork(j)
	silent, silentBlobs := second.settle(lie{})
	w.refused(codec.CodeBadReplay, silentBlobs, silent)
	unsettled, unsettledBlobs := second.settle(replayOf(third))
	w.refused(codec.CodeBadReplay, unsettledBlobs, unsettled)
	other := w.newJob(2).run()
	otherRecord, otherBlobs := other.settle(lie{})
	w.accepted(otherBlobs, otherRecord)
	wrong, wrongBlobs := second.settle(replayOf(other))
	w.refused(codec.CodeBadReplay, wrongBlobs, wrong)
	if paid == fmt.Sprint(w.balances) {
		t.Error("the settlement of other work changed no balance")
	}
	honest, honestBlobs := second.settle(replayOf(j))
	w.accepted(honestBlobs, honest)
	again, againBlobs := third.settle(replayOf(second)) // any earlier one will do
	w.accepted(againBlobs, again)
}

func replayOf(j *job) lie {
	return body(func(s *codec.Settlement) { s.ReplayOf = &codec.ReplayOf{Author: j.by.id, Workload: j.id} })
}

// sameWork plans the work of a job under another workload.
func (w *world) sameWork(of *job) *job {
	j := w.newJob(0)
	j.entries, j.seed = of.entries, of.seed
	return j.run()
}

// A hub cannot settle what another hub planned.
func TestOtherHubsWorkload(t *testing.T) {
	w := newWorld(t)
	j := w.newJob(2).run()
	j.by = w.actors["hub 2"]
	r, blobs := j.settle(lie{})
	_, fault := w.apply(t, j.by.signed(w.batch(j.by, blobs, r)), w.now)
	if fault != nil {
		t.Fatal(fault)
	}
	p := Prepare(j.by.signed(w.batch(j.by, blobs, r)))
	var c Change
	if v := Judge(w, p, 0, &c); v.Refusal == nil || v.Refusal.Code != codec.CodeWrongState {
		t.Errorf("verdict %+v", v)
	}
}
