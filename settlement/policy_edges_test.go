package settlement

import (
	"crypto/ed25519"
	"math"
	"testing"

	"github.com/forgepool/settle/codec"
)

// Each rule of docs/formats/records.md section 6.3 at its edge and one beyond, as far as
// TestPolicyLies and TestPolicyEdges leave one side out.
func TestPolicyRowsAtTheirEdges(t *testing.T) {
	start := newWorld(t)
	all := append(start.governance(), start.hub.owner())
	for _, c := range []struct {
		name string
		code codec.Code
		edit func(*codec.Policy)
	}{
		{"newest", "", func(p *codec.Policy) { p.At += 600_000 }},
		{"cycle before", codec.CodeClosedCycle, func(p *codec.Policy) { p.Cycle-- }},
		{"governance is the author", "", func(p *codec.Policy) { p.Author = start.actors["governance"].id }},
		{"in force years later", "", func(p *codec.Policy) { p.EffectiveFrom = codec.MaxAmount }},
		{"scale 7", codec.CodeBadPolicy, func(p *codec.Policy) { p.Scale = 7 }},
		{"rate of component 7", "", func(p *codec.Policy) { p.Rates[3].Component = 7 }},
		{"rates at the limit", "", func(p *codec.Policy) {
			p.Rates[3].Unit, p.Rates[3].Num, p.Rates[3].Den, p.Rates[3].MinCharge = codec.MaxAmount, codec.MaxAmount, codec.MaxAmount, codec.MaxAmount
		}},
		{"no rates", "", func(p *codec.Policy) { p.Rates = []codec.Rate{} }},
		{"everything to providers", "", func(p *codec.Policy) { p.Shares = codec.Shares{Provider: million} }},
		{"one weight", "", func(p *codec.Policy) { p.Weights = codec.Range{Min: million, Max: million} }},
		{"floors at the limit", "", func(p *codec.Policy) {
			p.Floors[5] = codec.Floor{Class: 6, Mode: 4, SamplePPM: million, Replicas: codec.MaxAmount}
		}},
		{"floor of class 7", codec.CodeBadPolicy, func(p *codec.Policy) { p.Floors[5].Class = 7 }},
		{"least confidence", "", func(p *codec.Policy) { p.Audit.ConfPPM = 1 }},
		{"most confidence", codec.CodeBadPolicy, func(p *codec.Policy) { p.Audit.ConfPPM = million - 1 }}, // 1,000 draws are too few
		{"most confidence with draws", "", func(p *codec.Policy) { p.Audit.ConfPPM, p.Audit.MaxDraws = million-1, codec.MaxAmount }},
		{"most fault", "", func(p *codec.Policy) { p.Audit.FaultPPM = million - 1 }},
		{"most tracing, many auditors", "", func(p *codec.Policy) {
			p.Audit.TracingPPM, p.Audit.MinAuditors = codec.MaxPPM, codec.MaxAmount
		}},
		{"rounding 0", codec.CodeBadPolicy, func(p *codec.Policy) { p.Rounding = 0 }},
		{"retention at the sum", "", func(p *codec.Policy) { p.Retention = p.DisputeWindow + p.Audit.Deadline }},
		{"classes 1 and 6", "", func(p *codec.Policy) { p.Programs[0].Class, p.Programs[1].Class = 1, 6 }},
		{"program twice", codec.CodeBadPolicy, func(p *codec.Policy) { p.Programs[1] = p.Programs[0] }},
		{"units per shard at the limit", "", func(p *codec.Policy) { p.Limits.MaxUnits[5] = codec.MaxUnits }},
		{"no shards", "", func(p *codec.Policy) { p.Limits.MaxShards = 0 }},
		{"replicas paid", "", func(p *codec.Policy) { p.PayReplicas = 1 }},
		{"every state recorded", "", func(p *codec.Policy) { p.Events = 1 }},
		{"no receipts", "", func(p *codec.Policy) { p.Receipts = 0 }},
		{"no prices", "", prices()},
		{"currency of 4 letters", codec.CodeTooLarge, prices(codec.CreditPrice{Currency: "EURO", Num: 1, Den: 1})},
		{"before A", codec.CodeBadPolicy, prices(codec.CreditPrice{Currency: "@AA", Num: 1, Den: 1})},
		{"after Z", codec.CodeBadPolicy, prices(codec.CreditPrice{Currency: "ZZ[", Num: 1, Den: 1})},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := start.trial(t)
			p := w.nextPolicy()
			c.edit(p)
			w.judged(c.code, nil, signedPolicy(p, all...))
		})
	}
}

// Every number of a policy that no row bounds closer stays below 2^63.
func TestPolicyNumbers(t *testing.T) {
	start := newWorld(t)
	all := append(start.governance(), start.hub.owner())
	for name, number := range map[string]func(*codec.Policy) *uint64{
		"cycle":          func(p *codec.Policy) *uint64 { return &p.Cycle },
		"version":        func(p *codec.Policy) *uint64 { return &p.Version },
		"effective from": func(p *codec.Policy) *uint64 { return &p.EffectiveFrom },
		"rate unit":      func(p *codec.Policy) *uint64 { return &p.Rates[0].Unit },
		"rate num":       func(p *codec.Policy) *uint64 { return &p.Rates[0].Num },
		"rate den":       func(p *codec.Policy) *uint64 { return &p.Rates[0].Den },
		"min charge":     func(p *codec.Policy) *uint64 { return &p.Rates[0].MinCharge },
		"floor replicas": func(p *codec.Policy) *uint64 { return &p.Floors[0].Replicas },
		"n_max":          func(p *codec.Policy) *uint64 { return &p.Audit.MaxDraws },
		"min auditors":   func(p *codec.Policy) *uint64 { return &p.Audit.MinAuditors },
		"deadline":       func(p *codec.Policy) *uint64 { return &p.Audit.Deadline },
		"beacon genesis": func(p *codec.Policy) *uint64 { p.Audit.Beacon.Present = true; return &p.Audit.Beacon.Genesis },
		"beacon period":  func(p *codec.Policy) *uint64 { p.Audit.Beacon.Present = true; return &p.Audit.Beacon.Period },
		"window":         func(p *codec.Policy) *uint64 { return &p.DisputeWindow },
		"max input":      func(p *codec.Policy) *uint64 { return &p.Limits.MaxInput },
		"clawback":       func(p *codec.Policy) *uint64 { return &p.Penalties.ClawbackCycles },
		"near":           func(p *codec.Policy) *uint64 { return &p.Windows.Near },
		"older":          func(p *codec.Policy) *uint64 { return &p.Windows.Older },
		"ack sla":        func(p *codec.Policy) *uint64 { return &p.AckSLA },
		"grace":          func(p *codec.Policy) *uint64 { return &p.Grace },
	} {
		t.Run(name, func(t *testing.T) {
			w := start.trial(t)
			for _, v := range []uint64{1 << 63, math.MaxUint64} {
				p := w.nextPolicy()
				*number(p) = v
				w.refused(codec.CodeOutOfRange, nil, signedPolicy(p, all...))
			}
			p := w.nextPolicy()
			*number(p) = codec.MaxAmount // another rule may refuse it, not the range
			verdicts, fault := w.submit(nil, signedPolicy(p, all...))
			if fault != nil || verdicts[0].Refusal != nil && verdicts[0].Refusal.Code == codec.CodeOutOfRange {
				t.Errorf("2^63 - 1: %v %v", fault, verdicts)
			}
		})
	}
}

// A policy may be followed by one of the same cycle, not by one of an earlier cycle.
func TestPoliciesDoNotGoBack(t *testing.T) {
	w := newWorld(t)
	all := append(w.governance(), w.hub.owner())
	from := func(cycle uint64) []byte {
		p := w.nextPolicy()
		p.EffectiveFrom = cycle
		return signedPolicy(p, all...)
	}
	w.accepted(nil, from(worldCycle+3))
	w.refused(codec.CodeBadPolicy, nil, from(worldCycle+2))
	w.accepted(nil, from(worldCycle+3))
	if got := w.PolicyFor(worldCycle + 3).Body.Version; got != 3 || w.PolicyFor(worldCycle+2).Body.Version != 1 {
		t.Errorf("version %d is in force", got)
	}
}

func TestPolicyDiscountEdges(t *testing.T) {
	start := newWorld(t)
	all := append(start.governance(), start.hub.owner())
	for _, c := range []struct {
		code codec.Code
		rows []codec.Discount
	}{
		{"", []codec.Discount{}},
		{"", []codec.Discount{{Customer: codec.ID{1}, PPM: million}, {Customer: codec.ID{2}}}},
		{codec.CodeBadPolicy, []codec.Discount{{Customer: codec.ID{2}}, {Customer: codec.ID{1}}}},
	} {
		w := start.trial(t)
		blob, hash := codec.Seal(codec.ID{1}, c.rows)
		p := w.nextPolicy()
		p.Discounts = &hash
		w.judged(c.code, [][]byte{blob}, signedPolicy(p, all...))
	}
}

// Who signs a policy: one hub and governance, all of them active, and nobody else.
func TestPolicySigners(t *testing.T) {
	w := newWorld(t)
	hub, hub2, gov := w.hub.owner(), w.actors["hub 2"].owner(), w.governance()
	for _, c := range []struct {
		name string
		code codec.Code
		by   []ed25519.PrivateKey
	}{
		{"nobody", codec.CodeUnsigned, nil},
		{"two hubs", codec.CodeWrongSigners, append(gov, hub, hub2)},
		{"another hub than the author", codec.CodeWrongAuthor, append(gov, hub2)},
		{"a submit key", codec.CodeUnknownKey, append(gov, w.hub.keys[codec.UseSubmit])},
		{"a stranger", codec.CodeUnknownKey, append(gov, seeded("stranger"))},
		{"a provider beside them", codec.CodeWrongSigners, append(gov, hub, w.actors["provider 1"].owner())},
	} {
		w.Log(c.name)
		w.refused(c.code, nil, signedPolicy(w.nextPolicy(), c.by...))
	}
	r, err := codec.DecodeRecord(signedPolicy(w.nextPolicy(), append(gov, hub)...))
	if err != nil {
		t.Fatal(err)
	}
	r.Signatures[1].Sig[0]++
	w.refused(codec.CodeBadSignature, nil, codec.EncodeRecord(&r))
	suspend := w.change(codec.PartySuspend, "hub 2", "governance")
	suspend.Reason = new(uint64)
	w.accepted(nil, signedParty(suspend, gov...))
	p := w.nextPolicy()
	p.Author = w.actors["hub 2"].id
	w.refused(codec.CodeInactiveParty, nil, signedPolicy(p, append(gov, hub2)...))
}
