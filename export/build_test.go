package export

import (
	"bytes"
	"slices"

	"github.com/forgepool/settle/codec"
	"github.com/forgepool/settle/settlement"
)

func id(n byte) (x codec.ID)     { x[0], x[15] = n, n; return x }
func hash(n byte) (x codec.Hash) { x[0], x[31] = n, n; return x }

// priced is a settlement of several components under a discount, with labels.
type priced struct {
	components []codec.Component
	charge     uint64
	labels     []codec.Label
	change     func(*codec.Settlement, *codec.Detail) // before hashes are taken
}

// usual is a discount of 10 percent: 1.2 + 0.3 + 0.000003 Credits.
func usual() priced {
	return priced{
		components: []codec.Component{
			{Code: 1, Qty: 5, Unit: 1, Num: 240_000, Den: 1, Amount: 1_200_000},
			{Code: 2, Qty: 3, Unit: 1, Num: 1, Den: 1, Amount: 3},
			{Code: 5, Qty: 7, Unit: 9, Num: 300_005, Den: 7, Amount: 300_000},
		},
		charge: 1_350_003,
		labels: []codec.Label{
			{Label: "project", Value: "atlas", Salt: id(1)}, {Label: "organization", Value: "Foo & Co, Ltd", Salt: id(2)},
			{Label: "tag", Value: "nightly", Salt: id(3)}, {Label: "tag", Value: "\"eu\"", Salt: id(4)},
		},
	}
}

// settle appends a settlement like the published one.
func (w *world) settle(p priced) uint64 {
	s := w.settlement()
	s.ID, s.Workload, s.Charge = id(77), id(78), p.charge
	s.Split = codec.Split{Providers: p.charge}
	adapter, planner := id(79), hash(80)
	s.Adapter, s.Planner = &adapter, &planner
	one, zero, million := uint64(5), uint64(0), uint64(1_000_000)
	d := &codec.Detail{Components: p.components, Salt: hash(1), Postings: []codec.Posting{
		{Line: 0, Role: codec.RoleCustomer, Party: id(9), Side: codec.Debit, Amount: p.charge, Salt: id(1)},
		{Line: 1, Role: codec.RoleProvider, Party: id(8), Side: codec.Credit, Amount: p.charge, Salt: id(2),
			Units: &one, UnitBase: &zero, Shards: &one, Weight: &million},
	}}
	w.label(s, p.labels)
	if p.change != nil {
		p.change(s, d)
	}
	s.Detail = w.put(codec.EncodeDetail(d))
	if root, _, _, err := settlement.PostingsRoot(d.Postings); err == nil && s.Postings.N != 0 {
		s.Postings = codec.PostingsRef{N: uint64(len(d.Postings)), Root: root}
	}
	return w.add(codec.KindSettlement, codec.EncodeSettlement(s))
}

// label commits to labels.
func (w *world) label(s *codec.Settlement, labels []codec.Label) {
	s.Disclosures, s.Labels = nil, nil
	if labels == nil {
		return
	}
	commitment := func(l codec.Label) codec.Hash {
		return codec.LabelCommitment(l.Salt, l.Label, codec.AppendText(nil, l.Value))
	}
	labels = slices.Clone(labels)
	slices.SortFunc(labels, func(a, b codec.Label) int {
		x, y := commitment(a), commitment(b)
		return bytes.Compare(x[:], y[:])
	})
	for _, l := range labels {
		s.Disclosures = append(s.Disclosures, commitment(l))
	}
	blob, hash := codec.Seal(id(5), labels)
	w.put(blob)
	s.Labels = &hash
}

// adjust appends an adjustment that pays a customer back and charges another.
func (w *world) adjust(serviceCycle uint64, change func(*codec.Adjustment)) uint64 {
	reason, index, line := uint64(3), uint64(settled), uint64(0)
	c := &codec.Correction{Salt: hash(2)}
	for i, p := range []codec.Posting{
		{Role: codec.RoleCustomer, Party: id(9), Side: codec.Credit, Amount: 1_500_000},
		{Role: codec.RoleCustomer, Party: id(10), Side: codec.Debit, Amount: 500_000},
		{Role: codec.RolePlatform, Party: id(11), Side: codec.Debit, Amount: 1_000_000},
	} {
		p.Line, p.Salt, p.Reason, p.RefIndex, p.RefLine = uint64(i), id(byte(i)), &reason, &index, &line
		c.Postings = append(c.Postings, p)
	}
	root, credit, debit, err := settlement.PostingsRoot(c.Postings)
	if err != nil {
		w.t.Fatal(err)
	}
	a := &codec.Adjustment{ID: id(81), At: 1_790_000_070_999, Cycle: 202609, Author: id(82), Cause: codec.CauseBillingError,
		Target: codec.RecordRef{Index: settled, Leaf: w.record(settled).Leaf}, ServiceCycle: serviceCycle,
		Postings: codec.PostingsRef{N: 3, Root: root}, Totals: codec.Totals{Credit: credit, Debit: debit},
		Detail: w.put(codec.EncodeCorrection(c))}
	if change != nil {
		change(a)
	}
	return w.add(codec.KindAdjustment, codec.EncodeAdjustment(a))
}

// everything appends a record of each kind that the published ledger does not have.
func (w *world) everything() {
	w.settle(usual())
	w.adjust(202608, nil)
	w.adjust(202609, nil)
	var g codec.Genesis
	if err := codec.DecodeGenesis(w.record(0).Body, &g); err != nil {
		w.t.Fatal(err)
	}
	w.add(codec.KindPolicy, g.Policy)
	amount, deadline, claim := uint64(5), uint64(1_790_000_080_000), codec.ClaimOvercharge
	w.add(codec.KindDispute, codec.EncodeDispute(&codec.Dispute{ID: id(90), Op: codec.DisputeOpen, Claim: &claim, Amount: &amount,
		Claimant: &codec.Claimant{Role: codec.RoleCustomer, Party: id(9)}, Lines: &[]codec.HeldLine{{Line: 0, Amount: 5}},
		Target: &codec.RecordRef{Index: settled}, Evidence: &[]codec.Artifact{}, Deadline: &deadline}))
	next := uint64(202610)
	w.add(codec.KindCycle, codec.EncodeCycle(&codec.Cycle{ID: id(91), At: 1_790_000_080_000, Cycle: 202609, Op: codec.CycleCut, Next: &next}))
	method, commit := uint64(1), hash(3)
	w.add(codec.KindAudit, codec.EncodeAudit(&codec.Audit{ID: id(92), Auditor: id(93), Op: codec.AuditIntent, Commit: &commit, Method: &method}))
}
