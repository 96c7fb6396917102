package api

import (
	"context"
	"net/http"
)

// Route is one row of the contract.
type Route struct {
	Method string
	Path   string   // as a pattern of http.ServeMux
	Query  []string // query parameters it knows; all others are refused
	serve  func(h *handler, w http.ResponseWriter, r *http.Request, q *query) error
}

// Pattern returns "METHOD /path" for http.ServeMux.
func (r *Route) Pattern() string { return r.Method + " " + r.Path }

// batchesPath is where batches are submitted; every other route reads, or stores a file.
const batchesPath = "/v1/batches"

// Routes is the contract (docs/formats/http.md section 3, in this order).
var Routes = []Route{
	{"POST", batchesPath, nil, (*handler).submit},
	{"GET", "/v1/batches", []string{"from", "limit"}, value(getBatches)},
	{"GET", "/v1/batches/{submitter}/{id}", nil, value(getBatch)},
	{"GET", "/v1/records", []string{"from", "limit"}, value(getRecords)},
	{"GET", "/v1/records/{index}", nil, value(getRecord)},
	{"GET", "/v1/records/by-id/{author}/{id}", nil, value(getRecordByID)},
	{"GET", "/v1/settlements/{author}/{workload}", nil, value(getSettlement)},
	{"GET", "/v1/workloads/{author}/{workload}", nil, value(getHistory)},
	{"GET", "/v1/parties/{id}", nil, value(getParty)},
	{"GET", "/v1/balances/{party}", []string{"cycle"}, value(getBalance)},
	{"GET", "/v1/policy", []string{"cycle"}, value(getPolicy)},
	{"GET", "/checkpoint", nil, (*handler).note},
	{"GET", "/v1/checkpoint", []string{"size"}, value(getCheckpoint)},
	{"GET", "/v1/checkpoints", []string{"from", "limit"}, value(getCheckpoints)},
	{"GET", "/v1/proofs/inclusion", []string{"tree", "index", "size"}, value(getInclusion)},
	{"GET", "/v1/proofs/consistency", []string{"tree", "from", "to"}, value(getConsistency)},
	{"GET", "/v1/artifacts/{hash}", []string{"index"}, (*handler).artifact},
	{"PUT", "/v1/artifacts/{hash}", nil, (*handler).putArtifact},
	{"POST", "/v1/attachments", nil, (*handler).attached},
	{"GET", "/v1/statements/{party}", []string{"cycle", "size"}, value(getStatement)},
	{"GET", "/v1/statements/{party}/lines", with("cycle"), value(getStatementLines)},
	{"GET", "/v1/find", with("cycle", "kind", "customer", "provider", "adapter", "program", "class", "token",
		"project", "workspace", "scope", "organization", "label"), value(getFound)},
	{"GET", "/v1/usages/{customer}", []string{"cycle", "by", "from", "limit"}, value(getUsages)},
	{"GET", "/v1/budgets/{customer}", []string{"cycle"}, value(getBudgets)},
	{"GET", "/v1/holds/{party}", with("cycle"), value(getHolds)},
	{"GET", "/v1/shares/{index}", nil, value(getShare)},
	{"GET", "/v1/disputes", with("target"), value(getDisputes)},
	{"GET", "/v1/disputes/{opened}", nil, value(getDispute)},
	{"GET", "/v1/cycles", with(), value(getCycles)},
	{"GET", "/v1/closing", nil, value(getClosing)},
	{"GET", "/v1/audits", []string{"cycle"}, value(getAudits)},
	{"GET", "/v1/proofs/party/{party}", []string{"cycle"}, value(getPartyPath)},
	{"GET", "/v1/proofs/journal", []string{"index"}, value(getJournalPath)},
	{"GET", "/v1/absences/{hash}", []string{"index"}, value(getAbsence)},
	{"GET", "/v1/status", nil, value(getStatus)},
	{"GET", "/healthz", nil, (*handler).healthy},
	{"GET", "/readyz", nil, (*handler).ready},
}

// value makes a route of a function that answers with one value.
func value[T any](get func(ctx context.Context, s Service, q *query) (T, error)) func(*handler, http.ResponseWriter, *http.Request, *query) error {
	return func(h *handler, w http.ResponseWriter, r *http.Request, q *query) error {
		ctx, cancel := context.WithTimeout(r.Context(), answerTimeout)
		defer cancel()
		v, err := get(ctx, h.service, q)
		if err != nil {
			return err
		}
		return writeValue(w, r, http.StatusOK, v)
	}
}

func getBatch(ctx context.Context, s Service, q *query) (*Batch, error) {
	submitter, id := q.id("submitter"), q.id("id")
	if q.err != nil {
		return nil, q.err
	}
	return s.Batch(ctx, submitter, id)
}

func getBatches(ctx context.Context, s Service, q *query) ([]Batch, error) {
	from, limit := q.number("from", 1), q.limit(MaxBatches)
	if q.err != nil {
		return nil, q.err
	}
	return s.Batches(ctx, from, limit)
}

func getRecords(ctx context.Context, s Service, q *query) ([]Record, error) {
	from, limit := q.number("from", 0), q.limit(MaxRecords)
	if q.err != nil {
		return nil, q.err
	}
	return s.Records(ctx, from, limit)
}

func getRecord(ctx context.Context, s Service, q *query) (*Record, error) {
	index := q.index("index")
	if q.err != nil {
		return nil, q.err
	}
	return s.Record(ctx, index)
}

func getRecordByID(ctx context.Context, s Service, q *query) (*Record, error) {
	author, id := q.id("author"), q.id("id")
	if q.err != nil {
		return nil, q.err
	}
	return s.RecordByID(ctx, author, id)
}

func getSettlement(ctx context.Context, s Service, q *query) (*Record, error) {
	author, workload := q.id("author"), q.id("workload")
	if q.err != nil {
		return nil, q.err
	}
	return s.Settlement(ctx, author, workload)
}

func getHistory(ctx context.Context, s Service, q *query) (*History, error) {
	author, workload := q.id("author"), q.id("workload")
	if q.err != nil {
		return nil, q.err
	}
	return s.History(ctx, author, workload)
}

func getParty(ctx context.Context, s Service, q *query) (*Party, error) {
	id := q.id("id")
	if q.err != nil {
		return nil, q.err
	}
	return s.Party(ctx, id)
}

func getBalance(ctx context.Context, s Service, q *query) (*Balance, error) {
	party, cycle := q.id("party"), q.number("cycle", 0)
	if q.err != nil {
		return nil, q.err
	}
	return s.Balance(ctx, party, cycle)
}

func getPolicy(ctx context.Context, s Service, q *query) (*Policy, error) {
	cycle := q.number("cycle", 0)
	if q.err != nil {
		return nil, q.err
	}
	return s.Policy(ctx, cycle)
}

func getCheckpoint(ctx context.Context, s Service, q *query) (*Checkpoint, error) {
	size := q.number("size", 0)
	if q.err != nil {
		return nil, q.err
	}
	return s.Checkpoint(ctx, size)
}

func getCheckpoints(ctx context.Context, s Service, q *query) ([]Checkpoint, error) {
	from, limit := q.number("from", 0), q.limit(MaxCheckpoints)
	if q.err != nil {
		return nil, q.err
	}
	return s.Checkpoints(ctx, from, limit)
}

func getInclusion(ctx context.Context, s Service, q *query) (*Path, error) {
	tree, index, size := q.tree(), q.needed("index"), q.needed("size")
	if q.err != nil {
		return nil, q.err
	}
	return s.Inclusion(ctx, tree, index, size)
}

func getConsistency(ctx context.Context, s Service, q *query) (*Path, error) {
	tree, from, to := q.tree(), q.needed("from"), q.needed("to")
	if q.err != nil {
		return nil, q.err
	}
	return s.Consistency(ctx, tree, from, to)
}

func getStatus(ctx context.Context, s Service, _ *query) (*Status, error) { return s.Status(ctx) }
