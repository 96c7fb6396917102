package api

import (
	"context"
	"testing"

	"github.com/forgepool/settle/codec"
)

func (f *fake) Statement(_ context.Context, party codec.ID, cycle, size uint64) (*Statement, error) {
	return &Statement{Party: party, Cycle: cycle, Size: size, Net: codec.MaxAmount, Owed: true}, f.err
}

func (f *fake) StatementLines(_ context.Context, _ codec.ID, cycle uint64, page Page) (*StatementPage, error) {
	return &StatementPage{Size: page.Size, Next: page.From, Records: []StatementRecord{
		{Record: Found{Cycle: cycle, Kind: codec.KindAdjustment}, Lines: []StatementLine{{Line: uint64(page.Limit), Side: codec.Debit}}},
	}}, f.err
}

func (f *fake) Find(_ context.Context, x Filter, page Page) (*FoundPage, error) {
	r := Found{Class: x.Class, Kind: x.Kind, Workload: x.Customer, Program: x.Token, Total: uint64(len(x.Labels))}
	if page.Oldest {
		r.Index = *x.Cycle
	}
	return &FoundPage{Records: []Found{r}}, f.err
}

func (f *fake) Usages(_ context.Context, _ codec.ID, cycle uint64, by, from string, limit int) (*UsagePage, error) {
	return &UsagePage{Cycle: cycle, By: by, Next: &from, Usages: []Usage{{Charged: uint64(limit)}}}, f.err
}

func (f *fake) Budgets(_ context.Context, customer codec.ID, cycle uint64) (*Budgets, error) {
	return &Budgets{Customer: customer, Cycle: cycle, Budgets: []Budget{{By: "cap", Hard: true}}}, f.err
}

func (f *fake) Holds(_ context.Context, _ codec.ID, cycle uint64, _ Page) (*HoldPage, error) {
	return &HoldPage{Cycle: cycle, Holds: []Held{{Now: 1}}}, f.err
}

func (f *fake) Share(_ context.Context, index uint64) (*Share, error) {
	return &Share{Index: index, Postings: []SharePosting{{Posting: codec.Posting{Units: &until}, Proof: []byte{1}}},
		Shards: []ShareShard{{Entry: codec.ShardEntry{Inputs: []codec.Blob{{Size: 1}}}, Proof: []byte{2}}}}, f.err
}

func (f *fake) Disputes(_ context.Context, target uint64, page Page) (*DisputePage, error) {
	return &DisputePage{Next: page.From, Disputes: []Dispute{{Target: codec.RecordRef{Index: target}, Lines: []codec.HeldLine{{Amount: 3}}, Status: "open"}}}, f.err
}

func (f *fake) Dispute(_ context.Context, opened uint64) (*Dispute, error) {
	return &Dispute{Opened: opened, Lines: []codec.HeldLine{}, Status: "rejected"}, f.err
}

func (f *fake) Cycles(_ context.Context, page Page) (*CyclePage, error) {
	return &CyclePage{Next: page.From, Cycles: []Cycle{{Number: 3, Cut: &Boundary{Beacon: &codec.BeaconRound{Round: 1}}}}}, f.err
}

func (f *fake) PartyPath(_ context.Context, _ codec.ID, cycle uint64) (*SumPath, error) {
	return &SumPath{Cycle: cycle, Path: []byte{1}, Size: 9}, f.err
}

func (f *fake) JournalPath(_ context.Context, index uint64) (*SumPath, error) {
	return &SumPath{Cycle: index, Path: []byte{}}, f.err
}

func (f *fake) Absence(_ context.Context, hash codec.Hash, index uint64) (*Absence, error) {
	return &Absence{Hash: hash, Index: index, Time: 7, Signature: codec.Sig{1}}, f.err
}

func (f *fake) Closing(context.Context) (*Closing, error) {
	return &Closing{Cycle: 3, Counts: make([]uint64, codec.Kinds), Subtotals: []codec.Subtotal{{Role: codec.RoleCustomer}}}, f.err
}

func (f *fake) Audits(_ context.Context, cycle uint64) (*Audits, error) {
	return &Audits{Cycle: cycle, Intents: []Intent{{Index: 1}}, Attestations: []Attestation{{Findings: []uint64{2}}}}, f.err
}

// moneyQuestions are those of Queries.
func moneyQuestions(ctx context.Context) []question {
	a, b, token, cycle := codec.ID{1}, codec.ID{2}, codec.Hash{3}, uint64(7)
	page := Page{Size: 9, From: 8, Limit: 5, Oldest: true}
	filter := Filter{Cycle: &cycle, Kind: codec.KindSettlement, Customer: &a, Provider: &b, Adapter: &b, Program: &token, Class: 2, Token: &token,
		Labels: map[string]string{"project": "x y&=", "team": "a=b"}}
	return []question{
		{"statement", func(s Service) (any, error) { return s.Statement(ctx, a, 3, 4) }},
		{"lines", func(s Service) (any, error) { return s.StatementLines(ctx, a, 3, page) }},
		{"find", func(s Service) (any, error) { return s.Find(ctx, filter, page) }},
		{"usages", func(s Service) (any, error) { return s.Usages(ctx, a, 3, "class", "x", 4) }},
		{"budgets", func(s Service) (any, error) { return s.Budgets(ctx, a, 3) }},
		{"holds", func(s Service) (any, error) { return s.Holds(ctx, a, 3, page) }},
		{"share", func(s Service) (any, error) { return s.Share(ctx, 3) }},
		{"disputes", func(s Service) (any, error) { return s.Disputes(ctx, 3, page) }},
		{"dispute", func(s Service) (any, error) { return s.Dispute(ctx, 3) }},
		{"cycles", func(s Service) (any, error) { return s.Cycles(ctx, page) }},
		{"closing", func(s Service) (any, error) { return s.Closing(ctx) }},
		{"party path", func(s Service) (any, error) { return s.PartyPath(ctx, a, 3) }},
		{"journal path", func(s Service) (any, error) { return s.JournalPath(ctx, 3) }},
		{"absence", func(s Service) (any, error) { return s.Absence(ctx, codec.Hash{5}, 3) }},
		{"audits", func(s Service) (any, error) { return s.Audits(ctx, 3) }},
	}
}

// TestBadMoneyQuestions asks what the routes do not know.
func TestBadMoneyQuestions(t *testing.T) {
	c := dial(t, serve(t, &fake{}, HandlerOptions{}))
	id := codec.ID{1}.String()
	for _, p := range []string{"usages/" + id, "usages/" + id + "?by=team", "find?project=x", "find?customer=" + id + "&label=x",
		"find?customer=" + id + "&label=project=x", "find?kind=event", "find?class=-1", "find?token=00", "disputes?order=up",
		"disputes?limit=1001", "cycles?limit=0", "shares/x", "proofs/party/" + id, "proofs/journal", "proofs/journal?index=x", "absences/00?index=1", "statements/" + id + "?size=x"} {
		if _, err := get[Status](t.Context(), c, path(p)); CodeOf(err) != codec.CodeBadRequest {
			t.Errorf("%s: %v", p, err)
		}
	}
}
