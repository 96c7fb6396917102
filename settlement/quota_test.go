package settlement

import (
	"bytes"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/forgepool/settle/codec"
)

// quotas drafts op 9 with the quotas, sealed, and no cap.
func (w *world) quotas(about string, rows ...codec.Quota) (blob, record []byte) {
	blob, hash := codec.Seal(codec.ID{6}, rows)
	p := w.change(codec.PartyCap, about, "hub")
	p.Cycle, p.Quotas = w.moment.Cycle, &hash
	return blob, signedParty(p, w.hub.owner())
}

func (w *world) setQuotas(about string, rows ...codec.Quota) {
	w.Helper()
	blob, r := w.quotas(about, rows...)
	w.accepted([][]byte{blob}, r)
}

func hard(d Dimension, value string, limit uint64) codec.Quota {
	return codec.Quota{Dimension: uint64(d), Value: value, Limit: limit, Mode: codec.QuotaHard}
}

func soft(d Dimension, value string, limit uint64) codec.Quota {
	return codec.Quota{Dimension: uint64(d), Value: value, Limit: limit, Mode: codec.QuotaSoft}
}

func TestQuotaLies(t *testing.T) {
	w := newWorld(t)
	for _, c := range []struct {
		name, about string
		code        codec.Code
		rows        []codec.Quota
	}{
		{"of a provider", "provider 1", codec.CodeWrongRole, nil},
		{"dimension 0", "customer", codec.CodeBadParty, []codec.Quota{hard(0, "a", 1)}},
		{"dimension 6", "customer", codec.CodeBadParty, []codec.Quota{hard(6, "a", 1)}},
		{"dimension 256+1", "customer", codec.CodeBadParty, []codec.Quota{{Dimension: 257, Value: "a", Mode: 1}}},
		{"mode 0", "customer", codec.CodeBadParty, []codec.Quota{{Dimension: 1, Value: "a"}}},
		{"mode 3", "customer", codec.CodeBadParty, []codec.Quota{{Dimension: 1, Value: "a", Mode: 3}}},
		{"no value", "customer", codec.CodeBadParty, []codec.Quota{hard(ByProject, "", 1)}},
		{"class 0", "customer", codec.CodeBadParty, []codec.Quota{hard(ByClass, "0", 1)}},
		{"class 7", "customer", codec.CodeBadParty, []codec.Quota{hard(ByClass, "7", 1)}},
		{"class 05", "customer", codec.CodeBadParty, []codec.Quota{hard(ByClass, "05", 1)}},
		{"2^63", "customer", codec.CodeOutOfRange, []codec.Quota{hard(ByProject, "a", 1<<63)}},
		{"twice", "customer", codec.CodeBadParty, []codec.Quota{hard(ByProject, "a", 1), soft(ByProject, "a", 2)}},
		{"values not ascending", "customer", codec.CodeBadParty, []codec.Quota{hard(ByProject, "b", 1), hard(ByProject, "a", 1)}},
		{"dimensions not ascending", "customer", codec.CodeBadParty, []codec.Quota{hard(ByWorkspace, "a", 1), hard(ByProject, "b", 1)}},
		{"65 rows", "customer", codec.CodeBadParty, slices.Repeat([]codec.Quota{hard(ByProject, "a", 1)}, 65)},
	} {
		t.Run(c.name, func(t *testing.T) {
			w.TB = t
			blob, r := w.quotas(c.about, c.rows...)
			w.unmoved(func() { w.refused(c.code, [][]byte{blob}, r) })
		})
	}
	w.TB = t
	_, r := w.quotas("customer", hard(ByProject, "a", 1))
	w.unmoved(func() { w.refused(codec.CodeMissingAttachment, nil, r) })
	p := w.change(codec.PartyCap, "customer", "hub")
	p.Quotas = ptr(codec.BlobHash([]byte{0x80}))
	w.refused(codec.CodeBadParty, [][]byte{{0x80}}, signedParty(p, w.hub.owner())) // does not open
	p = w.change(codec.PartyWeight, "customer", "hub")
	p.Quotas, p.Reason = &codec.Hash{}, ptr(uint64(1))
	w.refused(codec.CodeMalformed, nil, signedParty(p, w.hub.owner()))
}

// A customer is registered with quotas, op 9 sets cap and quotas as a whole, and what was
// opened is kept.
func TestQuotasOfACustomer(t *testing.T) {
	w := newWorld(t)
	a := newActor("budgeted", codec.RoleCustomer)
	blob, hash := codec.Seal(codec.ID{6}, []codec.Quota{hard(ByClass, "6", codec.MaxAmount), soft(ByOrganization, strings.Repeat("o", 255), 0)})
	p := w.registration(a)
	p.Quotas = &hash
	w.accepted([][]byte{blob}, signedParty(a.prove(p), a.owner(), w.hub.owner()))
	want := []Quota{{ByClass, "6", codec.MaxAmount, true}, {ByOrganization, strings.Repeat("o", 255), 0, false}}
	if got := w.Party(a.id); !reflect.DeepEqual(got.Quotas, want) || got.Cap != nil || w.Opening(hash) == nil {
		t.Errorf("%+v", got.Quotas)
	}
	w.setQuotas("capped", hard(ByProject, "atlas", 5))
	if got := w.Party(w.actors["capped"].id); got.Cap != nil || len(got.Quotas) != 1 {
		t.Errorf("after quotas alone: %+v", got)
	}
	limit := uint64(9)
	w.accepted([][]byte{w.capBlob(limit)}, w.setCap("capped", &limit))
	if got := w.Party(w.actors["capped"].id); *got.Cap != 9 || got.Quotas != nil {
		t.Errorf("after a cap alone: %+v", got)
	}
	w.setQuotas("capped", slices.Collect(func(yield func(codec.Quota) bool) {
		for i := range 64 {
			if !yield(soft(ByProject, fmt.Sprintf("%03d", i), 1)) {
				return
			}
		}
	})...)
	if len(w.Party(w.actors["capped"].id).Quotas) != 64 {
		t.Error("64 quotas are not kept")
	}
}

// charge is what jobs of four shards cost in these tests.
const charge = 5_000_015

// labelled settles a new job of four shards under labels.
func (w *world) labelled(labels ...codec.Label) (record []byte, blobs [][]byte) {
	w.Helper()
	j := w.newJob(4).run()
	return j.settle(lie{labels: labels, body: disclose(labels)})
}

func project(value string) codec.Label { return codec.Label{Label: "project", Value: value} }

func TestHardQuota(t *testing.T) {
	w := newWorld(t)
	w.setQuotas("customer", hard(ByProject, "atlas", 2*charge-1), soft(ByProject, "hermes", 1))
	silent := w.newJob(4).run()
	r, blobs := silent.settle(lie{body: disclose([]codec.Label{project("atlas")})})
	w.unmoved(func() { w.refused(codec.CodeBadLabels, blobs, r) }) // key 33 is needed
	r, blobs = w.newJob(4).run().settle(lie{})
	w.accepted(blobs, r) // nothing disclosed, nothing counted by label

	r, blobs = w.labelled(project("atlas"))
	w.accepted(blobs, r)
	r, blobs = w.labelled(project("atlas"))
	w.unmoved(func() { w.refused(codec.CodeOverQuota, blobs, r) })
	again, more := w.labelled(project("hermes"))
	w.accepted(more, again) // soft
	w.setQuotas("customer", hard(ByProject, "atlas", 2*charge))
	w.accepted(blobs, r)
	w.setQuotas("customer", hard(ByProject, "atlas", charge), soft(ByProject, "hermes", 2*charge))
	customer := w.Party(w.actors["customer"].id)
	want := []Budget{
		{ByProject, "atlas", charge, true, 2 * charge, 0, charge}, {ByProject, "hermes", 2 * charge, false, charge, charge, 0},
	}
	if got := Remaining(w, customer, worldCycle); !reflect.DeepEqual(got, want) {
		t.Errorf("remaining %+v", got)
	}
	w.cutOff()
	r, blobs = w.labelled(project("atlas")) // a month's quota
	w.accepted(blobs, r)
}

// Quotas by class need no labels, and bind estimates too.
func TestQuotaOfAClass(t *testing.T) {
	w := newWorld(t)
	w.setQuotas("customer", hard(ByClass, "4", 0), hard(ByClass, "5", 2*charge-1))
	r, blobs := w.newJob(4).run().settle(lie{body: disclose([]codec.Label{project("a")})})
	w.accepted(blobs, r)
	r, blobs = w.newJob(4).run().settle(lie{})
	w.unmoved(func() { w.refused(codec.CodeOverQuota, blobs, r) })
	for _, c := range []struct {
		program  codec.Program
		estimate uint64
		code     codec.Code
	}{
		{testProgram, charge, codec.CodeOverQuota}, {testProgram, charge - 1, ""},
		{otherProgram, 1, codec.CodeOverQuota}, {otherProgram, 0, ""},
	} {
		j := w.newJob(4)
		j.program = c.program
		e := j.event(codec.StatePending)
		e.Estimate = &c.estimate
		if c.code != "" {
			w.unmoved(func() { w.refused(c.code, [][]byte{j.sealed}, j.record(e)) })
			continue
		}
		w.accepted([][]byte{j.sealed}, j.record(e))
	}
}

// Usage counts what a plain list of settlements adds up to, by every label.
func TestUsage(t *testing.T) {
	start := newWorld(t)
	rapid.Check(t, func(rt *rapid.T) {
		w := *start
		w.memory = start.clone()
		plain := map[Scope]Usage{}
		for range rapid.IntRange(1, 5).Draw(rt, "settlements") {
			labels := []codec.Label{}
			for i := range rapid.IntRange(0, 4).Draw(rt, "labels") {
				labels = append(labels, codec.Label{
					Label: rapid.SampledFrom([]string{"project", "workspace", "scope", "organization", "tag"}).Draw(rt, "label"),
					Value: rapid.SampledFrom([]string{"", "a", "b"}).Draw(rt, "value"), Salt: codec.ID{byte(i)},
				})
			}
			sortLabels(labels)
			r, blobs := w.labelled(labels...)
			w.accepted(blobs, r)
			seen := map[Scope]bool{{worldCycle, w.actors["customer"].id, ByClass, "5"}: true}
			for _, l := range labels {
				if d, ok := map[string]Dimension{"project": 1, "workspace": 2, "scope": 4, "organization": 5}[l.Label]; ok {
					seen[Scope{worldCycle, w.actors["customer"].id, d, l.Value}] = true
				}
			}
			for s := range seen {
				u := plain[s]
				plain[s] = Usage{s, u.Charged + charge, u.Units + 10, u.Settlements + 1}
			}
		}
		if len(plain) != len(w.usages) {
			rt.Fatalf("%d scopes, want %d", len(w.usages), len(plain))
		}
		for s, u := range plain {
			if *w.Usage(s) != u {
				rt.Fatalf("%+v, want %+v", w.Usage(s), u)
			}
		}
	})
}

// sortLabels brings labels into the order of their commitments.
func sortLabels(labels []codec.Label) {
	commitment := func(l codec.Label) codec.Hash {
		return codec.LabelCommitment(l.Salt, l.Label, codec.AppendText(nil, l.Value))
	}
	slices.SortFunc(labels, func(a, b codec.Label) int {
		x, y := commitment(a), commitment(b)
		return bytes.Compare(x[:], y[:])
	})
}

func TestUsageOverflow(t *testing.T) {
	w := newWorld(t)
	scope := Scope{worldCycle, w.actors["customer"].id, ByClass, "5"}
	r, blobs := w.newJob(4).run().settle(lie{})
	for _, c := range []struct {
		full Usage
		code codec.Code
	}{
		{Usage{Scope: scope, Charged: codec.MaxAmount - charge + 1}, codec.CodeOverflow},
		{Usage{Scope: scope, Units: codec.MaxAmount - 9}, codec.CodeOverflow},
		{Usage{Scope: scope, Charged: codec.MaxAmount - charge, Units: codec.MaxAmount - 10}, ""},
	} {
		w.usages[scope] = &c.full
		if c.code != "" {
			w.unmoved(func() { w.refused(c.code, blobs, r) })
			continue
		}
		w.accepted(blobs, r)
	}
}

func TestRemainingCap(t *testing.T) {
	w := newWorld(t)
	capped := w.Party(w.actors["capped"].id)
	s := w.settleNew("capped")
	want := []Budget{{0, "", 10_000_000, true, charge, 10_000_000 - charge, 0}}
	if got := Remaining(s, capped, worldCycle); !reflect.DeepEqual(got, want) {
		t.Errorf("%+v", got)
	}
	want[0].Used, want[0].Left = 0, 10_000_000
	if got := Remaining(s, capped, worldCycle+1); !reflect.DeepEqual(got, want) {
		t.Errorf("next month: %+v", got)
	}
	if got := Remaining(s, w.Party(w.actors["customer"].id), worldCycle); got != nil {
		t.Errorf("without limits: %+v", got)
	}
}

// A genesis may price a Credit; its founders have no quotas.
func TestBudgetsOfAGenesis(t *testing.T) {
	w := newWorld(t, prices(codec.CreditPrice{Currency: "EUR", Num: 1, Den: 100}))
	if got := w.PolicyFor(worldCycle).Body.Prices; got == nil || len(*got) != 1 {
		t.Error("the prices are gone")
	}
	w = emptyWorld(t)
	g, owners := w.draftGenesis(func(p *codec.Policy) {})
	var p codec.Party
	if err := codec.Decode(g.Parties[0], &p); err != nil {
		t.Fatal(err)
	}
	p.Quotas = &codec.Hash{}
	g.Parties[0] = codec.Encode(w.hub.prove(&p))
	_, _, err := JudgeGenesis(sign(codec.KindGenesis, codec.Encode(g), owners...))
	if err == nil || !strings.Contains(err.Error(), "quotas") {
		t.Errorf("judged: %v", err)
	}
}
