package api

import (
	"context"
	"net/url"
	"slices"
	"strconv"

	"github.com/forgepool/settle/codec"
)

// asking collects query parameters that are set.
type asking struct{ url.Values }

func newAsking(cycle uint64) asking {
	a := asking{url.Values{}}
	a.number("cycle", cycle)
	return a
}

func (a asking) number(name string, n uint64) {
	if n != 0 {
		a.Set(name, decimal(n))
	}
}

func (a asking) page(p Page) asking {
	a.number("size", p.Size)
	a.number("from", p.From)
	if p.Limit != 0 {
		a.Set("limit", strconv.Itoa(p.Limit))
	}
	if p.Oldest {
		a.Set("order", "oldest")
	}
	return a
}

// of returns a path with the parameters.
func (a asking) of(path string) string {
	if len(a.Values) == 0 {
		return path
	}
	return path + "?" + a.Encode()
}

// Statement asks for the totals of a party's account.
func (c *Client) Statement(ctx context.Context, party codec.ID, cycle, size uint64) (*Statement, error) {
	return getPrivate[Statement](ctx, c, newAsking(cycle).page(Page{Size: size}).of(path("statements", party.String())))
}

// StatementLines asks for the records that posted to a party's account.
func (c *Client) StatementLines(ctx context.Context, party codec.ID, cycle uint64, page Page) (*StatementPage, error) {
	return getPrivate[StatementPage](ctx, c, newAsking(cycle).page(page).of(path("statements", party.String(), "lines")))
}

// Find searches records with postings.
func (c *Client) Find(ctx context.Context, f Filter, page Page) (*FoundPage, error) {
	a := newAsking(0).page(page)
	if f.Cycle != nil {
		a.Set("cycle", decimal(*f.Cycle))
	}
	if f.Kind != 0 {
		a.Set("kind", f.Kind.String())
	}
	for name, id := range map[string]*codec.ID{"customer": f.Customer, "provider": f.Provider, "adapter": f.Adapter} {
		if id != nil {
			a.Set(name, id.String())
		}
	}
	for name, hash := range map[string]*codec.Hash{"program": f.Program, "token": f.Token} {
		if hash != nil {
			a.Set(name, hash.String())
		}
	}
	a.number("class", f.Class)
	for name, value := range f.Labels {
		switch {
		case slices.Contains(labelNames, name):
			a.Set(name, value)
		case a.Has("label"):
			return nil, Fail(codec.CodeBadRequest, "one label beside %v at most", labelNames)
		default:
			a.Set("label", name+"="+value)
		}
	}
	return getPrivate[FoundPage](ctx, c, a.of(path("find")))
}

// Usages asks for what was charged to a customer by the values of a dimension.
func (c *Client) Usages(ctx context.Context, customer codec.ID, cycle uint64, by, from string, limit int) (*UsagePage, error) {
	a := newAsking(cycle).page(Page{Limit: limit})
	a.Set("by", by)
	if from != "" {
		a.Set("from", from)
	}
	return getPrivate[UsagePage](ctx, c, a.of(path("usages", customer.String())))
}

// Budgets asks for cap and quotas of a customer.
func (c *Client) Budgets(ctx context.Context, customer codec.ID, cycle uint64) (*Budgets, error) {
	return getPrivate[Budgets](ctx, c, newAsking(cycle).of(path("budgets", customer.String())))
}

// Holds asks for what is held of the postings to a party's account.
func (c *Client) Holds(ctx context.Context, party codec.ID, cycle uint64, page Page) (*HoldPage, error) {
	return getPrivate[HoldPage](ctx, c, newAsking(cycle).page(page).of(path("holds", party.String())))
}

// Share asks for the own part of a record, with proofs.
func (c *Client) Share(ctx context.Context, index uint64) (*Share, error) {
	return getPrivate[Share](ctx, c, path("shares", decimal(index)))
}

// Disputes asks for the open disputes, or all on one record.
func (c *Client) Disputes(ctx context.Context, target uint64, page Page) (*DisputePage, error) {
	a := newAsking(0).page(page)
	a.number("target", target)
	return get[DisputePage](ctx, c, a.of(path("disputes")))
}

// Dispute asks for one dispute.
func (c *Client) Dispute(ctx context.Context, opened uint64) (*Dispute, error) {
	return get[Dispute](ctx, c, path("disputes", decimal(opened)))
}

// Cycles asks for the billing cycles.
func (c *Client) Cycles(ctx context.Context, page Page) (*CyclePage, error) {
	return get[CyclePage](ctx, c, newAsking(0).page(page).of(path("cycles")))
}

// Closing asks what the close that is due must state.
func (c *Client) Closing(ctx context.Context) (*Closing, error) {
	return get[Closing](ctx, c, path("closing"))
}

// Audits asks for the intents and attestations of a cycle.
func (c *Client) Audits(ctx context.Context, cycle uint64) (*Audits, error) {
	return get[Audits](ctx, c, newAsking(cycle).of(path("audits")))
}
