package main

import (
	"bytes"
	"context"
	"io"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"sync/atomic"
	"testing"

	"github.com/forgepool/settle/api"
	"github.com/forgepool/settle/client"
	"github.com/forgepool/settle/codec"
	"github.com/forgepool/settle/internal/devledger"
	"github.com/forgepool/settle/proof"
	"github.com/forgepool/settle/verifier"
)

// readers is a ledger for tests of what reads it: a node in memory behind HTTP that can
// be made to lie, and a trust policy file.
type readers struct {
	t     *testing.T
	node  *testNode
	work  *worker
	trust string

	// How the node answers; nil: honestly.
	limit     int // of records at once, 0: as asked
	records   func([]api.Record) []api.Record
	inclusion func(index uint64, hashes []codec.Hash) []codec.Hash
	artifact  func() error // instead of an artifact, unless nil
}

func newReaders(t *testing.T, settlements int) *readers {
	t.Helper()
	check := func(err error) {
		if err != nil {
			t.Helper()
			t.Fatal(err)
		}
	}
	nodeKey, sign := client.GenerateKey(codec.UseNode), client.GenerateKey(codec.UseCheckpoint)
	f, err := devledger.Found("ledger.test", client.Now(), devledger.Policy(devledger.Prices, 0), []*client.Key{nodeKey}, sign)
	check(err)
	n, err := newTestNode(f.Record, nodeKey, sign)
	check(err)
	t.Cleanup(func() { n.ledger.Close() })
	policy, err := client.TrustGenesis(f.Record)
	check(err)
	r := &readers{t: t, node: n, trust: filepath.Join(t.TempDir(), "ledger.trust")}
	check(os.WriteFile(r.trust, policy.Format(), 0o600))
	sdk := client.New(n, nil, client.Options{})
	t.Cleanup(sdk.Close)
	agent := client.GenerateKey(codec.UseAgent)
	provider, customer := devledger.NewParty(codec.RoleProvider, agent), devledger.NewParty(codec.RoleCustomer)
	origin := policy.Origin()
	var items []client.Item
	for _, p := range []*client.Registration{provider, customer} {
		p.At, p.Cycle = client.Now(), 1
		d, err := p.Draft(origin)
		check(err)
		items = append(items, d.Sign(origin, devledger.Owner(f.Hub)...).Item())
	}
	batch, err := client.NewBatch(origin, f.Hub.Party(), f.Submit, items, client.BatchOptions{})
	check(err)
	_, err = sdk.Submit(context.Background(), batch.Bytes)
	check(err)
	r.work = &worker{sdk: sdk, origin: origin, hub: f.Hub.Party(), submit: f.Submit, provider: provider.Party(),
		agent: agent, customer: customer.Party(), platform: f.Platform.Party()}
	r.settle(settlements)
	return r
}

// settle settles workloads, three records each, and returns the last index.
func (r *readers) settle(count int) (index uint64) {
	r.t.Helper()
	for range count {
		var err error
		if index, err = r.work.settle(false); err != nil {
			r.t.Fatal(err)
		}
	}
	return index
}

// service is the node with its lies.
type service struct {
	*testNode
	r *readers
}

func (s service) Records(ctx context.Context, from uint64, limit int) ([]api.Record, error) {
	if s.r.limit > 0 {
		limit = min(limit, s.r.limit)
	}
	page, err := s.testNode.Records(ctx, from, limit)
	if err == nil && s.r.records != nil {
		page = s.r.records(page)
	}
	return page, err
}

func (s service) Inclusion(ctx context.Context, tree api.Tree, index, size uint64) (*api.Path, error) {
	p, err := s.testNode.Inclusion(ctx, tree, index, size)
	if err == nil && s.r.inclusion != nil {
		p.Hashes = s.r.inclusion(index, p.Hashes)
	}
	return p, err
}

func (s service) Artifact(ctx context.Context, hash codec.Hash, index uint64) (io.ReadCloser, int64, error) {
	if s.r.artifact != nil {
		if err := s.r.artifact(); err != nil {
			return nil, 0, err
		}
	}
	return s.testNode.Artifact(ctx, hash, index)
}

func (s service) Attachments(ctx context.Context, wanted []api.Wanted) ([]api.Attached, error) {
	return attachedBy(ctx, s, wanted)
}

// source returns the node as commands see it.
func (r *readers) source() verifier.Source { return source{service{r.node, r}} }

// pair returns the newest checkpoints.
func (r *readers) pair() *verifier.Pair {
	r.t.Helper()
	file, err := os.ReadFile(r.trust)
	if err != nil {
		r.t.Fatal(err)
	}
	policy, err := proof.ParseTrustPolicy(file)
	if err != nil {
		r.t.Fatal(err)
	}
	follower, err := verifier.NewFollower(policy, nil)
	if err != nil {
		r.t.Fatal(err)
	}
	pair, err := follower.Follow(context.Background(), r.source(), 0)
	if err != nil {
		r.t.Fatal(err)
	}
	return pair
}

// run runs the program against the node and returns its exit code and output.
func (r *readers) run(stdin string, args ...string) (code int, stdout, stderr string) {
	r.t.Helper()
	handler := api.NewHandler(service{r.node, r}, api.HandlerOptions{})
	server := httptest.NewServer(handler)
	defer server.Close()
	var out, errs bytes.Buffer
	args = append(slices.Clone(args), "--node", server.URL, "--trust", r.trust)
	code = Run(args, bytes.NewReader([]byte(stdin)), &out, &errs)
	return code, out.String(), errs.String()
}

// failAfter makes the node lose all artifacts after it handed out some.
func (r *readers) failAfter(count int64) {
	var left atomic.Int64
	left.Store(count)
	r.artifact = func() error {
		if left.Add(-1) < 0 {
			return api.Fail(codec.CodeNotFound, "pruned")
		}
		return nil
	}
}
