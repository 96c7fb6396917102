package api

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/forgepool/settle/codec"
)

// paged are the query parameters of a Page.
var paged = []string{"size", "from", "limit", "order"}

func with(names ...string) []string { return append(names, paged...) }

// page reads which part of an answer is wanted.
func (q *query) page() Page {
	p := Page{Size: q.number("size", 0), From: q.number("from", 0), Limit: q.limit(MaxItems)}
	switch order := q.values.Get("order"); order {
	case "", "newest":
	case "oldest":
		p.Oldest = true
	default:
		q.fail("order", errors.New("newest or oldest"))
	}
	return p
}

// optionalID reads an id from the query.
func (q *query) optionalID(name string) *codec.ID {
	if !q.values.Has(name) {
		return nil
	}
	id, err := codec.ParseID(q.values.Get(name))
	if err != nil {
		q.fail(name, err)
	}
	return &id
}

// optionalHash reads a hash from the query.
func (q *query) optionalHash(name string) *codec.Hash {
	if !q.values.Has(name) {
		return nil
	}
	hash, err := codec.ParseHash(q.values.Get(name))
	if err != nil {
		q.fail(name, err)
	}
	return &hash
}

// labelNames are the labels that a filter has parameters for; label=name=value is for
// one more.
var labelNames = []string{"project", "workspace", "scope", "organization"}

// filter reads what is searched.
func (q *query) filter() Filter {
	f := Filter{
		Customer: q.optionalID("customer"), Provider: q.optionalID("provider"), Adapter: q.optionalID("adapter"),
		Program: q.optionalHash("program"), Token: q.optionalHash("token"), Class: q.number("class", 0),
	}
	if q.values.Has("cycle") {
		cycle := q.needed("cycle")
		f.Cycle = &cycle
	}
	switch kind := q.values.Get("kind"); kind {
	case "":
	case codec.KindSettlement.String():
		f.Kind = codec.KindSettlement
	case codec.KindAdjustment.String():
		f.Kind = codec.KindAdjustment
	default:
		q.fail("kind", errors.New("settlement or adjustment"))
	}
	set := func(name, value string) {
		if f.Labels == nil {
			f.Labels = map[string]string{}
		}
		f.Labels[name] = value
	}
	for _, name := range labelNames {
		if q.values.Has(name) {
			set(name, q.values.Get(name))
		}
	}
	if q.values.Has("label") {
		name, value, ok := strings.Cut(q.values.Get("label"), "=")
		if !ok || name == "" || slices.Contains(labelNames, name) {
			q.fail("label", errors.New("name=value, of a label without a parameter of its own"))
		}
		set(name, value)
	}
	if len(f.Labels) > 0 && f.Customer == nil {
		q.fail("customer", errors.New("labels are a customer's own: name one"))
	}
	return f
}

// dimension reads by which dimension usage is wanted.
func (q *query) dimension() string {
	by := q.values.Get("by")
	if !slices.Contains(Dimensions, by) {
		q.fail("by", errors.New("one of "+strings.Join(Dimensions, ", ")))
	}
	return by
}

// answer asks unless the request was malformed.
func answer[T any](q *query, ask func() (*T, error)) (*T, error) {
	if q.err != nil {
		return nil, q.err
	}
	return ask()
}

func getStatement(ctx context.Context, s Service, q *query) (*Statement, error) {
	party, cycle, size := q.id("party"), q.number("cycle", 0), q.number("size", 0)
	return answer(q, func() (*Statement, error) { return s.Statement(ctx, party, cycle, size) })
}

func getStatementLines(ctx context.Context, s Service, q *query) (*StatementPage, error) {
	party, cycle, page := q.id("party"), q.number("cycle", 0), q.page()
	return answer(q, func() (*StatementPage, error) { return s.StatementLines(ctx, party, cycle, page) })
}

func getFound(ctx context.Context, s Service, q *query) (*FoundPage, error) {
	f, page := q.filter(), q.page()
	return answer(q, func() (*FoundPage, error) { return s.Find(ctx, f, page) })
}

func getUsages(ctx context.Context, s Service, q *query) (*UsagePage, error) {
	customer, cycle, by, limit := q.id("customer"), q.number("cycle", 0), q.dimension(), q.limit(MaxItems)
	return answer(q, func() (*UsagePage, error) { return s.Usages(ctx, customer, cycle, by, q.values.Get("from"), limit) })
}

func getBudgets(ctx context.Context, s Service, q *query) (*Budgets, error) {
	customer, cycle := q.id("customer"), q.number("cycle", 0)
	return answer(q, func() (*Budgets, error) { return s.Budgets(ctx, customer, cycle) })
}

func getHolds(ctx context.Context, s Service, q *query) (*HoldPage, error) {
	party, cycle, page := q.id("party"), q.number("cycle", 0), q.page()
	return answer(q, func() (*HoldPage, error) { return s.Holds(ctx, party, cycle, page) })
}

func getShare(ctx context.Context, s Service, q *query) (*Share, error) {
	index := q.index("index")
	return answer(q, func() (*Share, error) { return s.Share(ctx, index) })
}

func getDisputes(ctx context.Context, s Service, q *query) (*DisputePage, error) {
	target, page := q.number("target", 0), q.page()
	return answer(q, func() (*DisputePage, error) { return s.Disputes(ctx, target, page) })
}

func getDispute(ctx context.Context, s Service, q *query) (*Dispute, error) {
	opened := q.index("opened")
	return answer(q, func() (*Dispute, error) { return s.Dispute(ctx, opened) })
}

func getCycles(ctx context.Context, s Service, q *query) (*CyclePage, error) {
	page := q.page()
	return answer(q, func() (*CyclePage, error) { return s.Cycles(ctx, page) })
}

func getClosing(ctx context.Context, s Service, _ *query) (*Closing, error) { return s.Closing(ctx) }

func getAudits(ctx context.Context, s Service, q *query) (*Audits, error) {
	cycle := q.number("cycle", 0)
	return answer(q, func() (*Audits, error) { return s.Audits(ctx, cycle) })
}
