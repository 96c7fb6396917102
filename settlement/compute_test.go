package settlement

import (
	"errors"
	"testing"

	"github.com/forgepool/settle/codec"
	"github.com/forgepool/settle/proof"
)

func testInputs() *Inputs {
	return &Inputs{
		Program:    codec.ProgramID(&testProgram),
		Components: []codec.Component{{Code: 1, Unit: 1, Qty: 5}},
		Providers:  []Share{{Provider: codec.ID{1}, Units: 3, Shards: 1, Weight: million}, {Provider: codec.ID{2}, Units: 2, Shards: 1, Weight: million}},
	}
}

func enacted(edit func(*codec.Policy)) *Policy {
	p := &Policy{Body: testPolicy(codec.ID{})}
	edit(p.Body)
	p.index()
	return p
}

// The worked example of docs/formats/accounting.md: floor(5 * 1000003 / 2) and 70 %.
func TestCompute(t *testing.T) {
	x, err := Compute(enacted(func(*codec.Policy) {}), testInputs())
	if err != nil {
		t.Fatal(err)
	}
	if x.Charge != 2_500_007 || x.Split != (codec.Split{Providers: 1_750_004, Platform: 750_003}) {
		t.Errorf("%+v", x)
	}
	if x.Payouts[0] != 1_050_002 || x.Payouts[1] != 700_002 { // remainders .4 and .6
		t.Errorf("payouts %v", x.Payouts)
	}
	if c := x.Components[0]; c.Num != 1_000_003 || c.Den != 2 || c.Amount != 2_500_007 {
		t.Errorf("component %+v", c)
	}
}

func TestComputeMinimum(t *testing.T) {
	in := testInputs()
	in.Components[0].Qty, in.Providers = 1, in.Providers[:1]
	in.Providers[0].Units = 1
	p := enacted(func(p *codec.Policy) { p.Rates[1].MinCharge = 600_000 })
	x, err := Compute(p, in)
	if err != nil || x.Charge != 600_000 {
		t.Errorf("%+v, %v", x, err)
	}
	in.Components = append(in.Components, codec.Component{Code: 2, Unit: 1, Qty: 1})
	p.Body.Rates[2].MinCharge = 700_000 // the largest of the rates used
	if x, err = Compute(p, in); err != nil || x.Charge != 700_000 {
		t.Errorf("%+v, %v", x, err)
	}
}

func TestComputeWeights(t *testing.T) {
	in := testInputs()
	in.Providers[1].Weight = 1_500_000 // 3 : 3
	x, err := Compute(enacted(func(*codec.Policy) {}), in)
	if err != nil || x.Payouts[0] != 875_002 || x.Payouts[1] != 875_002 {
		t.Errorf("%+v, %v", x, err)
	}
}

func TestComputeRefuses(t *testing.T) {
	for _, c := range []struct {
		name string
		code codec.Code
		edit func(*Inputs)
	}{
		{"no provider", codec.CodeBadManifest, func(in *Inputs) { in.Providers = nil }},
		{"no units", codec.CodeOutOfRange, func(in *Inputs) { in.Providers[0].Units = 0 }},
		{"no weight", codec.CodeOutOfRange, func(in *Inputs) { in.Providers[0].Weight = 0 }},
		{"weight", codec.CodeOutOfRange, func(in *Inputs) { in.Providers[0].Weight = codec.MaxPPM + 1 }},
		{"units of one", codec.CodeOutOfRange, func(in *Inputs) { in.Providers[0].Units = codec.MaxUnits + 1 }},
		{"units of all", codec.CodeOutOfRange, func(in *Inputs) { in.Providers[0].Units = codec.MaxUnits - 1 }},
		{"no components", codec.CodeBadDetail, func(in *Inputs) { in.Components = nil }},
		{"unknown program", codec.CodeBadDetail, func(in *Inputs) { in.Program[0]++ }},
		{"amount", codec.CodeOverflow, func(in *Inputs) {
			in.Components = append(in.Components, codec.Component{Code: 4, Unit: 9, Qty: 1 << 62})
		}},
		{"gross", codec.CodeOverflow, func(in *Inputs) {
			in.Components = append(in.Components, codec.Component{Code: 4, Unit: 9, Qty: codec.MaxAmount / 50})
		}},
	} {
		in := testInputs()
		c.edit(in)
		x, err := Compute(enacted(func(p *codec.Policy) {}), in)
		var r *codec.Refusal
		if x != nil || !errors.As(err, &r) || r.Code != c.code {
			t.Errorf("%s: %v, %v", c.name, x, err)
		}
	}
	over := enacted(func(p *codec.Policy) { p.Shares.Adapter = 300_001 })
	in := testInputs()
	in.Adapter = &codec.ID{1}
	if _, err := Compute(over, in); codec.CodeOf(err) != codec.CodeOutOfRange {
		t.Errorf("shares above the whole: %v", err)
	}
}

func TestManifest(t *testing.T) {
	w := newWorld(t)
	j := w.newJob(7)
	j.order(j.entries)
	m, err := NewManifest(j.entries)
	if err != nil {
		t.Fatal(err)
	}
	if m.Count != 7 || m.Units != 28 || len(m.Shares) != 3 || len(m.Plan) != 7 {
		t.Errorf("%+v", m)
	}
	units, shards := uint64(0), uint64(0)
	for i, s := range m.Shares {
		units, shards = units+s.Units, shards+s.Shards
		if i > 0 && string(m.Shares[i-1].Provider[:]) >= string(s.Provider[:]) {
			t.Error("providers not ascending")
		}
	}
	if units != m.Units || shards != m.Count {
		t.Errorf("subtotals %v", m.Shares)
	}
	root, total, err := ManifestRoot(j.entries)
	if err != nil || root != m.Root || total != m.Units {
		t.Errorf("ManifestRoot: %v %d %v", root, total, err)
	}
	j.entries[0], j.entries[6] = j.entries[6], j.entries[0]
	if _, err := NewManifest(j.entries); codec.CodeOf(err) != codec.CodeBadManifest {
		t.Errorf("out of order: %v", err)
	}
	if leaves, err := PlanLeaves(j.entries); err != nil || leaves[3] != m.Plan[3] {
		t.Errorf("the plan does not care for the order: %v", err)
	}
	if _, err := PlanLeaves(nil); codec.CodeOf(err) != codec.CodeBadManifest {
		t.Errorf("no plan: %v", err)
	}
	if _, err := PlanRoot(j.entries[:3]); codec.CodeOf(err) != codec.CodeBadManifest {
		t.Errorf("a plan with gaps: %v", err)
	}
}

// Limits of a manifest at their edges: no larger one can be told apart by a root.
func TestManifestLimits(t *testing.T) {
	entries := make([]codec.ShardEntry, codec.MaxShards+1)
	for i := range entries {
		entries[i] = codec.ShardEntry{Index: uint64(i), Units: 1}
	}
	if _, err := NewManifest(entries); codec.CodeOf(err) != codec.CodeBadManifest {
		t.Errorf("4,097 shards: %v", err)
	}
	entries = entries[:codec.MaxShards]
	if _, err := NewManifest(entries); err != nil {
		t.Errorf("4,096 shards: %v", err)
	}
	for i := range entries {
		entries[i].Inputs = make([]codec.Blob, 2)
	}
	if _, err := NewManifest(entries); err != nil {
		t.Errorf("8,192 inputs: %v", err)
	}
	entries[0].Inputs = make([]codec.Blob, 3)
	if _, err := NewManifest(entries); codec.CodeOf(err) != codec.CodeBadManifest {
		t.Errorf("8,193 inputs: %v", err)
	}
	few := []codec.ShardEntry{{Units: 1, Inputs: make([]codec.Blob, 64)}}
	if _, err := NewManifest(few); err != nil {
		t.Errorf("64 inputs of a shard: %v", err)
	}
	few[0].Inputs = make([]codec.Blob, 65)
	if _, err := NewManifest(few); codec.CodeOf(err) != codec.CodeBadShard {
		t.Errorf("65 inputs of a shard: %v", err)
	}
	half := []codec.ShardEntry{{Units: codec.MaxUnits}, {Index: 1, Units: 1}}
	if _, err := NewManifest(half); codec.CodeOf(err) != codec.CodeBadManifest {
		t.Errorf("2^42+1 units: %v", err)
	}
	if m, err := NewManifest(half[:1]); err != nil || m.Units != codec.MaxUnits {
		t.Errorf("2^42 units: %v", err)
	}
}

func TestPostingsRootRefuses(t *testing.T) {
	if _, _, _, err := PostingsRoot(make([]codec.Posting, codec.MaxPostings+1)); err == nil {
		t.Error("too many postings")
	}
	list := []codec.Posting{{Side: codec.Credit, Amount: codec.MaxAmount}, {Line: 1, Side: codec.Credit, Amount: 1}}
	if _, _, _, err := PostingsRoot(list); err == nil {
		t.Error("a sum of 2^63")
	}
}

// The root is that of the sum tree however many postings there are.
func TestPostingsRoot(t *testing.T) {
	for _, n := range []int{0, 1, 16, 17, 40} {
		list, leaves := make([]codec.Posting, n), make([]proof.SumLeaf, n)
		for i := range list {
			side := codec.Side(i%2 + 1)
			list[i] = codec.Posting{Line: uint64(i), Side: side, Amount: uint64(i * i)}
			key := proof.LineKey(uint16(i))
			leaves[i] = proof.SumLeaf{Key: key[:], Count: 1, Payload: codec.PostingHash(&list[i])}
			leaves[i].Sums[side-1] = list[i].Amount
		}
		tree, err := proof.BuildSumTree(proof.SumPostings, leaves)
		if err != nil {
			t.Fatal(err)
		}
		root, credit, debit, err := PostingsRoot(list)
		if sums := tree.Totals().Sums; err != nil || root != tree.Root() || credit != sums[0] || debit != sums[1] {
			t.Errorf("%d postings: %v", n, err)
		}
	}
}
