package settlement

import (
	"crypto/ed25519"
	"testing"

	"github.com/forgepool/settle/codec"
)

// nextPolicy drafts policy 2, in force from the next cycle.
func (w *world) nextPolicy() *codec.Policy {
	p := testPolicy(w.hub.id)
	last := w.LastPolicy()
	p.ID, p.At, p.Version, p.EffectiveFrom, p.Prev = w.newID(), w.now, last.Body.Version+1, worldCycle+1, last.Hash
	return p
}

func signedPolicy(p *codec.Policy, keys ...ed25519.PrivateKey) []byte {
	return sign(codec.KindPolicy, codec.Encode(p), keys...)
}

func prices(rows ...codec.CreditPrice) func(*codec.Policy) {
	return func(p *codec.Policy) { p.Prices = &rows }
}

var policyLies = []struct {
	name string
	code codec.Code
	lie  func(*codec.Policy)
}{
	{"time 2^63", codec.CodeOutOfRange, func(p *codec.Policy) { p.At = 1 << 63 }},
	{"rate 2^63", codec.CodeOutOfRange, func(p *codec.Policy) { p.Rates[0].Num = 1 << 63 }},
	{"retention 2^63", codec.CodeOutOfRange, func(p *codec.Policy) { p.Retention = 1 << 63 }},
	{"stake 2^63", codec.CodeOutOfRange, func(p *codec.Policy) { p.Penalties.StakeMin = 1 << 63 }},
	{"author did not sign", codec.CodeWrongAuthor, func(p *codec.Policy) { p.Author[0]++ }},
	{"too old", codec.CodeOutOfTime, func(p *codec.Policy) { p.At -= 7*day + 1 }},
	{"too new", codec.CodeOutOfTime, func(p *codec.Policy) { p.At += 600_001 }},
	{"cycle", codec.CodeClosedCycle, func(p *codec.Policy) { p.Cycle++ }},
	{"discounts without a blob", codec.CodeMissingAttachment, func(p *codec.Policy) { p.Discounts = &codec.Hash{1} }},
	{"code without a blob", codec.CodeMissingAttachment, func(p *codec.Policy) { p.Programs[0].Code = make([]byte, 32) }},
	{"version repeated", codec.CodeBadPolicy, func(p *codec.Policy) { p.Version-- }},
	{"version skipped", codec.CodeBadPolicy, func(p *codec.Policy) { p.Version++ }},
	{"in force at once", codec.CodeBadPolicy, func(p *codec.Policy) { p.EffectiveFrom-- }},
	{"scale", codec.CodeBadPolicy, func(p *codec.Policy) { p.Scale = 5 }},
	{"rates not ascending", codec.CodeBadPolicy, func(p *codec.Policy) { p.Rates[1], p.Rates[2] = p.Rates[2], p.Rates[1] }},
	{"rate twice", codec.CodeBadPolicy, func(p *codec.Policy) { p.Rates[2] = p.Rates[1] }},
	{"rate per nothing", codec.CodeBadPolicy, func(p *codec.Policy) { p.Rates[0].Den = 0 }},
	{"rate of component 0", codec.CodeBadPolicy, func(p *codec.Policy) { p.Rates[0].Component = 0 }},
	{"rate of component 8", codec.CodeBadPolicy, func(p *codec.Policy) { p.Rates[3].Component = 8 }},
	{"rate of another program", codec.CodeBadPolicy, func(p *codec.Policy) { p.Programs = p.Programs[:1] }},
	{"shares", codec.CodeBadPolicy, func(p *codec.Policy) { p.Shares.Adapter = 300_001 }},
	{"share of providers", codec.CodeBadPolicy, func(p *codec.Policy) { p.Shares = codec.Shares{Provider: million + 1} }},
	{"weights from 0", codec.CodeBadPolicy, func(p *codec.Policy) { p.Weights.Min = 0 }},
	{"weights backwards", codec.CodeBadPolicy, func(p *codec.Policy) { p.Weights = codec.Range{Min: 2, Max: 1} }},
	{"weights to 2,000,001", codec.CodeBadPolicy, func(p *codec.Policy) { p.Weights.Max = 2_000_001 }},
	{"floors out of order", codec.CodeBadPolicy, func(p *codec.Policy) { p.Floors[0], p.Floors[1] = p.Floors[1], p.Floors[0] }},
	{"floor mode 5", codec.CodeBadPolicy, func(p *codec.Policy) { p.Floors[5].Mode = 5 }},
	{"floor sample", codec.CodeBadPolicy, func(p *codec.Policy) { p.Floors[5].SamplePPM = million + 1 }},
	{"confidence 0", codec.CodeBadPolicy, func(p *codec.Policy) { p.Audit.ConfPPM = 0 }},
	{"confidence 1", codec.CodeBadPolicy, func(p *codec.Policy) { p.Audit.ConfPPM = million }},
	{"fault 0", codec.CodeBadPolicy, func(p *codec.Policy) { p.Audit.FaultPPM = 0 }},
	{"fault 1", codec.CodeBadPolicy, func(p *codec.Policy) { p.Audit.FaultPPM = million }},
	{"298 draws", codec.CodeBadPolicy, func(p *codec.Policy) { p.Audit.MaxDraws = 298 }},
	{"tracing", codec.CodeBadPolicy, func(p *codec.Policy) { p.Audit.TracingPPM = codec.MaxPPM + 1 }},
	{"no auditors", codec.CodeBadPolicy, func(p *codec.Policy) { p.Audit.MinAuditors = 0 }},
	{"beacon without period", codec.CodeBadPolicy, func(p *codec.Policy) { p.Audit.Beacon = codec.Beacon{Present: true} }},
	{"dispute window", codec.CodeBadPolicy, func(p *codec.Policy) { p.DisputeWindow = day - 1 }},
	{"retention", codec.CodeBadPolicy, func(p *codec.Policy) { p.Retention = 10*day - 1 }},
	{"retention overflows", codec.CodeBadPolicy, func(p *codec.Policy) { p.DisputeWindow, p.Audit.Deadline = codec.MaxAmount, codec.MaxAmount }},
	{"rounding", codec.CodeBadPolicy, func(p *codec.Policy) { p.Rounding = 2 }},
	{"programs not ascending", codec.CodeBadPolicy, func(p *codec.Policy) { p.Programs[0], p.Programs[1] = p.Programs[1], p.Programs[0] }},
	{"class 0", codec.CodeBadPolicy, func(p *codec.Policy) { p.Programs[0].Class = 0 }},
	{"class 7", codec.CodeBadPolicy, func(p *codec.Policy) { p.Programs[0].Class = 7 }},
	{"code of 31 bytes", codec.CodeMalformed, func(p *codec.Policy) { p.Programs[0].Code = make([]byte, 31) }},
	{"shards", codec.CodeBadPolicy, func(p *codec.Policy) { p.Limits.MaxShards = 4_097 }},
	{"units per shard", codec.CodeBadPolicy, func(p *codec.Policy) { p.Limits.MaxUnits[5] = codec.MaxUnits + 1 }},
	{"fuel", codec.CodeBadPolicy, func(p *codec.Policy) { p.Limits.MaxFuel = codec.MaxFuel + 1 }},
	{"pages", codec.CodeBadPolicy, func(p *codec.Policy) { p.Limits.MaxPages = codec.MaxPages + 1 }},
	{"pay_replicas", codec.CodeBadPolicy, func(p *codec.Policy) { p.PayReplicas = 2 }},
	{"prev", codec.CodeWrongPrev, func(p *codec.Policy) { p.Prev[0]++ }},
	{"near window", codec.CodeBadPolicy, func(p *codec.Policy) { p.Windows.Near = 999 }},
	{"older window", codec.CodeBadPolicy, func(p *codec.Policy) { p.Windows.Older = 999 }},
	{"events", codec.CodeBadPolicy, func(p *codec.Policy) { p.Events = 2 }},
	{"price 2^63", codec.CodeOutOfRange, prices(codec.CreditPrice{Currency: "EUR", Num: 1 << 63, Den: 1})},
	{"price of 2^63", codec.CodeOutOfRange, prices(codec.CreditPrice{Currency: "EUR", Num: 1, Den: 1 << 63})},
	{"price of nothing", codec.CodeBadPolicy, prices(codec.CreditPrice{Currency: "EUR", Num: 1})},
	{"price nothing", codec.CodeBadPolicy, prices(codec.CreditPrice{Currency: "EUR", Den: 1})},
	{"currency of 2 letters", codec.CodeBadPolicy, prices(codec.CreditPrice{Currency: "EU", Num: 1, Den: 1})},
	{"small letter", codec.CodeBadPolicy, prices(codec.CreditPrice{Currency: "EuR", Num: 1, Den: 1})},
	{"digit", codec.CodeBadPolicy, prices(codec.CreditPrice{Currency: "EU1", Num: 1, Den: 1})},
	{"currency twice", codec.CodeBadPolicy, prices(codec.CreditPrice{Currency: "EUR", Num: 1, Den: 1}, codec.CreditPrice{Currency: "EUR", Num: 2, Den: 1})},
	{"currencies not ascending", codec.CodeBadPolicy, prices(codec.CreditPrice{Currency: "USD", Num: 1, Den: 1}, codec.CreditPrice{Currency: "EUR", Num: 2, Den: 1})},
	{"65 prices", codec.CodeTooLarge, prices(make([]codec.CreditPrice, 65)...)},
	{"receipts", codec.CodeBadPolicy, func(p *codec.Policy) { p.Receipts = million + 1 }},
}

func TestPolicyLies(t *testing.T) {
	w := newWorld(t)
	all := append(w.governance(), w.hub.owner())
	for _, c := range policyLies {
		t.Run(c.name, func(t *testing.T) {
			w.TB = t
			p := w.nextPolicy()
			c.lie(p)
			w.refused(c.code, nil, signedPolicy(p, all...))
		})
	}
	w.TB = t
	w.refused(codec.CodeUnsigned, nil, signedPolicy(w.nextPolicy(), w.hub.owner()))
	w.refused(codec.CodeUnsigned, nil, signedPolicy(w.nextPolicy(), w.governance()...))
	w.refused(codec.CodeUnsigned, nil, signedPolicy(w.nextPolicy(), all[1], w.hub.owner()))
	w.refused(codec.CodeWrongSigners, nil, signedPolicy(w.nextPolicy(), append(all, w.actors["auditor"].owner())...))
	w.accepted(nil, signedPolicy(w.nextPolicy(), all...))
	w.refused(codec.CodeWrongPrev, nil, signedPolicy(func() *codec.Policy { // chained to the one before
		p := w.nextPolicy()
		p.Prev = w.PolicyFor(worldCycle).Hash
		return p
	}(), all...))
}

func TestPolicyEdges(t *testing.T) {
	w := newWorld(t)
	p := w.nextPolicy()
	p.Shares = codec.Shares{Provider: 700_000, Adapter: 300_000}
	p.Weights = codec.Range{Min: 1, Max: codec.MaxPPM}
	p.Audit.MaxDraws, p.Retention, p.DisputeWindow = 299, 4*day, day
	p.Audit.Beacon = codec.Beacon{Chain: codec.Hash{1}, Period: 1, Present: true}
	p.Limits.MaxShards, p.Limits.MaxFuel, p.Limits.MaxPages = codec.MaxShards, codec.MaxFuel, codec.MaxPages
	p.Windows = codec.Windows{Near: 1_000, Older: 1_000}
	prices(codec.CreditPrice{Currency: "AAA", Num: codec.MaxAmount, Den: codec.MaxAmount}, codec.CreditPrice{Currency: "ZZZ", Num: 1, Den: 1})(p)
	p.At = w.now - 7*day
	w.accepted(nil, signedPolicy(p, append(w.governance(), w.hub.owner())...))
	if w.PolicyFor(worldCycle).Body.Version != 1 || w.PolicyFor(worldCycle+1).Body.Version != 2 {
		t.Error("policy 2 is not in force from the next cycle on, or too early")
	}
}

func TestPolicyAdapters(t *testing.T) {
	w := newWorld(t)
	all := append(w.governance(), w.hub.owner())
	adapter := w.actors["adapter"].id
	for _, c := range []struct {
		code codec.Code
		rows []codec.AdapterShare
	}{
		{codec.CodeUnknownParty, []codec.AdapterShare{{Adapter: codec.ID{1}}}},
		{codec.CodeWrongRole, []codec.AdapterShare{{Adapter: w.hub.id}}},
		{codec.CodeBadPolicy, []codec.AdapterShare{{Adapter: adapter, PPM: 300_001}}},
		{codec.CodeBadPolicy, []codec.AdapterShare{{Adapter: adapter}, {Adapter: adapter}}},
	} {
		p := w.nextPolicy()
		p.AdapterShares = c.rows
		w.refused(c.code, nil, signedPolicy(p, all...))
	}
	p := w.nextPolicy()
	p.AdapterShares = []codec.AdapterShare{{Adapter: adapter, PPM: 300_000}}
	w.accepted(nil, signedPolicy(p, all...))
	policy := w.LastPolicy()
	if policy.AdapterPPM(&adapter) != 300_000 || policy.AdapterPPM(&codec.ID{}) != 100_000 || policy.AdapterPPM(nil) != 0 {
		t.Error("shares of adapters")
	}
}

func TestPolicyDiscounts(t *testing.T) {
	w := newWorld(t)
	all := append(w.governance(), w.hub.owner())
	customer := w.actors["customer"].id
	for _, rows := range [][]codec.Discount{
		{{Customer: customer, PPM: million + 1}}, {{Customer: customer}, {Customer: customer}},
	} {
		blob, hash := codec.Seal(codec.ID{1}, rows)
		p := w.nextPolicy()
		p.Discounts = &hash
		w.refused(codec.CodeBadPolicy, [][]byte{blob}, signedPolicy(p, all...))
	}
	p := w.nextPolicy()
	p.Discounts = ptr(codec.BlobHash([]byte{0x80}))
	w.refused(codec.CodeBadPolicy, [][]byte{{0x80}}, signedPolicy(p, all...))

	blob, hash := codec.Seal(codec.ID{1}, []codec.Discount{{Customer: customer, PPM: 250_000}})
	module := []byte("a module")
	id := codec.BlobHash(module)
	p = w.nextPolicy()
	p.Discounts, p.Programs[0].Code = &hash, id[:]
	w.accepted([][]byte{blob, module}, signedPolicy(p, all...))
	policy := w.LastPolicy()
	if policy.Discounts[customer] != 250_000 || w.Opening(hash) == nil {
		t.Error("discounts were not opened")
	}
	again, err := NewPolicy(policy.Bytes, blob, policy.Index)
	if err != nil || again.Hash != policy.Hash || again.Discounts[customer] != 250_000 {
		t.Errorf("loaded back: %v", err)
	}
	if _, err := NewPolicy(policy.Bytes, []byte{0x80}, 0); err == nil {
		t.Error("discounts that do not open")
	}
	if _, err := NewPolicy([]byte{0x80}, nil, 0); err == nil {
		t.Error("a policy that does not decode")
	}
	w.moment.Cycle = worldCycle + 1 // the discount works when the policy does
	in := &Inputs{
		Program: codec.ProgramID(&testProgram), Customer: customer,
		Components: []codec.Component{{Code: 1, Unit: 1, Qty: 2}}, Providers: []Share{{Units: 2, Shards: 1, Weight: million}},
	}
	x, err := Compute(policy, in)
	if err != nil || x.Charge != 1_000_003-250_000 {
		t.Errorf("charge %+v, %v", x, err)
	}
}

func TestProgramLimits(t *testing.T) {
	for _, c := range []struct {
		fuel, pages uint64
		code        codec.Code
	}{{1e12, 1_024, ""}, {1e12 + 1, 1_024, codec.CodeOverLimit}, {1e12, 1_025, codec.CodeOverLimit}} {
		wasm := codec.Program{
			Family: "own", Version: 1, Profile: "p", Kind: codec.ProgramWASM, Code: &codec.Hash{1}, Fuel: &c.fuel, Pages: &c.pages,
		}
		policy := &Policy{Body: testPolicy(codec.ID{})}
		policy.Body.Programs = []codec.Allowed{{Program: codec.ProgramID(&wasm), Class: 5}}
		policy.index()
		s := settling{judgement: &judgement{policy: policy}, PreparedSettlement: &PreparedSettlement{Program: codec.ProgramID(&wasm)}}
		s.work, s.Body.Program, s.Body.Class = &Workload{Program: s.Program}, wasm, 5
		if r := s.program(); (r != nil) != (c.code != "") || r != nil && r.Code != c.code {
			t.Errorf("fuel %d, pages %d: %v", c.fuel, c.pages, r)
		}
	}
}
