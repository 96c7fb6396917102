package node

import (
	"context"
	"slices"

	"github.com/forgepool/settle/api"
	"github.com/forgepool/settle/codec"
	"github.com/forgepool/settle/ledger"
	"github.com/forgepool/settle/settlement"
)

// pinned gives a page the present size unless it names one, so that its reader can go
// on under the same.
func pinned(v *ledger.Snapshot, p api.Page) ledger.Page {
	if p.Size == 0 || p.Size > v.Size() {
		p.Size = v.Size()
	}
	return ledger.Page{Size: p.Size, From: p.From, Limit: p.Limit, Oldest: p.Oldest}
}

// orOpen returns a cycle, the open one for 0.
func orOpen(v *ledger.Snapshot, cycle uint64) uint64 {
	if cycle == 0 {
		return v.Cycle()
	}
	return cycle
}

// account returns the account of a party in a cycle.
func account(v *ledger.Snapshot, party codec.ID, cycle uint64) (settlement.Account, error) {
	p := v.Party(party)
	if p == nil {
		return settlement.Account{}, ledger.ErrNotFound
	}
	return settlement.Account{Cycle: orOpen(v, cycle), Role: p.Role, Party: party}, nil
}

// Statement adds up a party's account.
func (s *reads) Statement(ctx context.Context, party codec.ID, cycle, size uint64) (*api.Statement, error) {
	return fromConcerned(ctx, s, party, func(v *ledger.Snapshot) (*api.Statement, error) {
		a, err := account(v, party, cycle)
		if err != nil {
			return nil, err
		}
		st, err := v.Statement(a, size)
		if err != nil {
			return nil, err
		}
		net, owed := netOf(a.Role, st.Balance)
		return &api.Statement{
			Party: party, Role: a.Role, Cycle: a.Cycle, Credit: st.Credit, Debit: st.Debit, Postings: st.Postings,
			Charged: st.Charged, Held: st.Held, Released: st.Released, Net: net, Owed: owed, Size: st.Size,
		}, nil
	})
}

// netOf returns what a party is paid, negative if it owes: of a customer what it is billed,
// negated. A hold takes off what is paid, and of a customer what is billed.
func netOf(role codec.Role, b settlement.Balance) (amount uint64, owed bool) {
	if role == codec.RoleCustomer {
		b.Held, b.Released = b.Released, b.Held
	}
	return b.Net()
}

// StatementLines returns the records that posted to an account.
func (s *reads) StatementLines(ctx context.Context, party codec.ID, cycle uint64, page api.Page) (*api.StatementPage, error) {
	return fromConcerned(ctx, s, party, func(v *ledger.Snapshot) (*api.StatementPage, error) {
		a, err := account(v, party, cycle)
		if err != nil {
			return nil, err
		}
		p := pinned(v, page)
		all, err := v.StatementLines(a, p)
		out := &api.StatementPage{Records: make([]api.StatementRecord, len(all.Items)), Next: all.Next, Size: p.Size}
		for i := range all.Items {
			e, r := &all.Items[i], &out.Records[i]
			r.Record, r.Lines = postedRecord(e.Posted), make([]api.StatementLine, len(e.Lines))
			for j, l := range e.Lines {
				r.Lines[j] = api.StatementLine{Line: l.Number, Side: l.Side, Amount: l.Amount, Units: l.Units, Hash: l.Hash, Held: l.Held, Reversed: l.Reversed}
			}
		}
		return out, err
	})
}

func postedRecord(p *settlement.Posted) api.Found {
	f := api.Found{Index: p.Index, Kind: p.Kind, Author: p.Author, Cycle: p.Cycle, Time: p.Time}
	if p.Kind == codec.KindSettlement {
		f.Workload, f.Program, f.Class = &p.Workload, &p.Program, p.Class
	}
	for i := range p.Lines {
		if p.Lines[i].Side == codec.Credit {
			f.Total += p.Lines[i].Amount
		}
	}
	return f
}

// Find searches records with postings. Parties search what they took part in.
func (s *reads) Find(ctx context.Context, f api.Filter, page api.Page) (*api.FoundPage, error) {
	return from(s, func(v *ledger.Snapshot) (*api.FoundPage, error) {
		a, err := s.asker(ctx, v)
		if err != nil {
			return nil, err
		}
		own := func(party *codec.ID) bool { return party != nil && a.is(*party) }
		if !own(f.Customer) && !own(f.Provider) && !own(f.Adapter) {
			if err := a.sees(v, codec.ID{}); err != nil {
				return nil, err
			}
		}
		filter := ledger.Filter{
			Cycle: f.Cycle, Kind: f.Kind, Customer: f.Customer, Provider: f.Provider, Adapter: f.Adapter,
			Program: f.Program, Class: f.Class, Token: f.Token,
		}
		for name, value := range f.Labels {
			filter.Labels = append(filter.Labels, ledger.Label{Name: name, Value: value})
		}
		p := pinned(v, page)
		all, err := v.Find(filter, p)
		out := &api.FoundPage{Records: make([]api.Found, len(all.Items)), Next: all.Next, Size: p.Size}
		for i := range all.Items {
			out.Records[i] = postedRecord(all.Items[i])
		}
		return out, err
	})
}

// Usages returns what was charged to a customer by the values of a dimension.
func (s *reads) Usages(ctx context.Context, customer codec.ID, cycle uint64, by, first string, limit int) (*api.UsagePage, error) {
	return fromConcerned(ctx, s, customer, func(v *ledger.Snapshot) (*api.UsagePage, error) {
		dimension := slices.Index(api.Dimensions, by) + 1
		if dimension == 0 {
			return nil, api.Fail(codec.CodeBadRequest, "no dimension %q", by)
		}
		cycle = orOpen(v, cycle)
		all, next, err := v.Usages(cycle, customer, settlement.Dimension(dimension), first, limit)
		out := &api.UsagePage{Cycle: cycle, By: by, Usages: make([]api.Usage, len(all)), Next: next, Size: v.Size()}
		for i, u := range all {
			out.Usages[i] = api.Usage{Value: u.Value, Charged: u.Charged, Units: u.Units, Settlements: u.Settlements}
		}
		return out, err
	})
}

// Budgets returns cap and quotas of a customer.
func (s *reads) Budgets(ctx context.Context, customer codec.ID, cycle uint64) (*api.Budgets, error) {
	return fromConcerned(ctx, s, customer, func(v *ledger.Snapshot) (*api.Budgets, error) {
		p := v.Party(customer)
		if p == nil || p.Role != codec.RoleCustomer {
			return nil, ledger.ErrNotFound
		}
		cycle = orOpen(v, cycle)
		out := &api.Budgets{Customer: customer, Cycle: cycle, Budgets: []api.Budget{}, Size: v.Size()}
		for _, b := range settlement.Remaining(v, p, cycle) {
			by := "cap"
			if b.Dimension != 0 {
				by = api.Dimensions[b.Dimension-1]
			}
			out.Budgets = append(out.Budgets, api.Budget{
				By: by, Value: b.Value, Limit: b.Limit, Hard: b.Hard, Used: b.Used, Left: b.Left, Excess: b.Excess,
			})
		}
		return out, nil
	})
}

// Holds returns what disputes hold of the postings to an account.
func (s *reads) Holds(ctx context.Context, party codec.ID, cycle uint64, page api.Page) (*api.HoldPage, error) {
	return fromConcerned(ctx, s, party, func(v *ledger.Snapshot) (*api.HoldPage, error) {
		a, err := account(v, party, cycle)
		if err != nil {
			return nil, err
		}
		p := pinned(v, page)
		all, err := v.Holds(a, p)
		out := &api.HoldPage{Cycle: a.Cycle, Holds: []api.Held{}, Next: all.Next, Size: p.Size}
		for _, r := range all.Items {
			for _, h := range r.Holds {
				out.Holds = append(out.Holds, api.Held{Index: h.Index, Line: h.Line, Now: h.Now, AtCut: h.AtCut(v.Cycle())})
			}
		}
		return out, err
	})
}
