package main

import (
	"bytes"
	"context"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/forgepool/settle/api"
	"github.com/forgepool/settle/client"
	"github.com/forgepool/settle/codec"
	"github.com/forgepool/settle/internal/devledger"
	"github.com/forgepool/settle/ledger"
	"github.com/forgepool/settle/proof"
	"github.com/forgepool/settle/settlement"
)

// closedBooks is a node with a closed cycle that serves its trees.
type closedBooks struct {
	*testNode
	trust   string
	worker  *worker
	key     string // file of the provider's agent key
	settled uint64 // index of a settlement
	closing *api.Closing
	at      uint64                              // index of the close
	lost    bool                                // no artifact is there
	claims  map[codec.Role]*client.Registration // one party of each role that opens disputes
}

// newClosedBooks settles two workloads, cuts the cycle and closes it.
func newClosedBooks(t *testing.T) *closedBooks {
	t.Helper()
	check := func(err error) {
		if err != nil {
			t.Helper()
			t.Fatal(err)
		}
	}
	nodeKey, sign, agent := client.GenerateKey(codec.UseNode), client.GenerateKey(codec.UseCheckpoint), client.GenerateKey(codec.UseAgent)
	f, err := devledger.Found("ledger.test", client.Now(), devledger.Policy(devledger.Prices, 0), []*client.Key{nodeKey}, sign)
	check(err)
	n, err := newTestNode(f.Record, nodeKey, sign)
	check(err)
	t.Cleanup(func() { n.ledger.Close() })
	policy, err := client.TrustGenesis(f.Record)
	check(err)
	b := &closedBooks{testNode: n, trust: filepath.Join(t.TempDir(), "ledger.trust"), key: filepath.Join(t.TempDir(), "agent.key")}
	check(os.WriteFile(b.trust, policy.Format(), 0o600))
	check(client.SaveKey(b.key, agent))
	sdk, origin := client.New(n, nil, client.Options{}), policy.Origin()
	t.Cleanup(sdk.Close)
	submit := func(d *client.Draft, owners ...*client.Key) uint64 {
		t.Helper()
		items := []client.Item{d.Sign(origin, owners...).Item()}
		batch, err := client.NewBatch(origin, f.Hub.Party(), f.Submit, items, client.BatchOptions{})
		check(err)
		got, err := sdk.Submit(t.Context(), batch.Bytes)
		check(err)
		if got.Outcomes[0].Kind != codec.Appended {
			t.Fatalf("%+v", got.Outcomes)
		}
		return got.Outcomes[0].Index
	}
	provider, customer := devledger.NewParty(codec.RoleProvider, agent), devledger.NewParty(codec.RoleCustomer)
	for _, p := range []*client.Registration{provider, customer} {
		p.At, p.Cycle = client.Now(), 1
		d, err := p.Draft(origin)
		check(err)
		submit(d, devledger.Owner(f.Hub)...)
	}
	b.claims = map[codec.Role]*client.Registration{codec.RoleProvider: provider, codec.RoleCustomer: customer, codec.RoleAuditor: f.Auditors[0]}
	b.worker = &worker{sdk: sdk, origin: origin, hub: f.Hub.Party(), submit: f.Submit, provider: provider.Party(),
		agent: agent, customer: customer.Party(), platform: f.Platform.Party()}
	for range 2 {
		b.settled, err = b.worker.settle(false)
		check(err)
	}
	submit(client.DraftCut(f.Hub.Party(), client.Now(), 1, codec.CyclesCounter, nil), append(devledger.Owner(f.Hub), devledger.Owner(f.Governance)...)...)
	b.closing, err = n.Closing(t.Context())
	check(err)
	b.at = submit(client.DraftClose(f.Hub.Party(), client.Now(), b.closing, nil), devledger.Owner(f.Hub)...)
	return b
}

// Party implements api.Service, with keys.
func (b *closedBooks) Party(ctx context.Context, id codec.ID) (*api.Party, error) {
	p, err := b.testNode.Party(ctx, id)
	if err != nil {
		return nil, err
	}
	return read(b.testNode, func(s *ledger.Snapshot) (*api.Party, error) {
		p.Keys = nil
		for _, key := range s.Party(id).Keys {
			k := s.Key(key)
			p.Keys = append(p.Keys, api.Key{ID: k.ID, Pub: k.Pub, Use: k.Use, ValidFrom: k.ValidFrom})
		}
		return p, nil
	})
}

// Cycles implements api.Service.
func (b *closedBooks) Cycles(context.Context, api.Page) (*api.CyclePage, error) {
	last := b.closing.Range.Max
	return &api.CyclePage{Open: 2, Cycles: []api.Cycle{{Number: 2, First: last + 1},
		{Number: 1, First: 1, Cut: &api.Boundary{Index: last}, Close: &api.Boundary{Index: b.at}}}}, nil
}

// path returns the sum path of a key.
func (b *closedBooks) path(kind proof.SumType, key []byte, leaves func(*ledger.Snapshot) ([]proof.SumLeaf, error)) (*api.SumPath, error) {
	return read(b.testNode, func(s *ledger.Snapshot) (*api.SumPath, error) {
		all, err := leaves(s)
		if err != nil {
			return nil, err
		}
		tree, err := proof.BuildSumTree(kind, all)
		if err != nil {
			return nil, err
		}
		at, _ := tree.Find(key)
		p, err := tree.Prove(at)
		if err != nil {
			return nil, err
		}
		data, err := proof.EncodeSumProof(kind, p)
		return &api.SumPath{Cycle: 1, Path: data}, err
	})
}

// PartyPath implements api.Service.
func (b *closedBooks) PartyPath(_ context.Context, party codec.ID, _ uint64) (*api.SumPath, error) {
	key := proof.PartyKey(uint8(codec.RoleProvider), party)
	return b.path(proof.SumParties, key[:], func(s *ledger.Snapshot) ([]proof.SumLeaf, error) { return s.PartyLeaves(1) })
}

// JournalPath implements api.Service.
func (b *closedBooks) JournalPath(_ context.Context, index uint64) (*api.SumPath, error) {
	key := proof.JournalKey(index)
	return b.path(proof.SumJournal, key[:], func(s *ledger.Snapshot) ([]proof.SumLeaf, error) { return s.JournalLeaves(s.CycleOf(1)) })
}

// StatementLines implements api.Service.
func (b *closedBooks) StatementLines(_ context.Context, party codec.ID, cycle uint64, _ api.Page) (*api.StatementPage, error) {
	return read(b.testNode, func(s *ledger.Snapshot) (*api.StatementPage, error) {
		part, err := s.StatementLines(settlement.Account{Cycle: cycle, Role: codec.RoleProvider, Party: party}, ledger.Page{Oldest: true})
		out := &api.StatementPage{}
		for i := range part.Items {
			e := &part.Items[i]
			r := api.StatementRecord{Record: api.Found{Index: e.Posted.Index}}
			for _, l := range e.Lines {
				r.Lines = append(r.Lines, api.StatementLine{Line: l.Number, Side: l.Side, Amount: l.Amount, Hash: l.Hash})
			}
			out.Records = append(out.Records, r)
		}
		return out, err
	})
}

// body returns a settlement.
func (b *closedBooks) body(index uint64) (*codec.Settlement, error) {
	r, err := b.Record(context.Background(), index)
	if err != nil {
		return nil, err
	}
	rec, err := codec.DecodeRecord(r.Bytes)
	if err != nil {
		return nil, err
	}
	s := new(codec.Settlement)
	return s, codec.DecodeSettlement(rec.Body, s)
}

// Share implements api.Service for the provider, whose line is the first after the
// customer's.
func (b *closedBooks) Share(_ context.Context, index uint64) (*api.Share, error) {
	s, err := b.body(index)
	if err != nil {
		return nil, err
	}
	blob, err := read(b.testNode, func(v *ledger.Snapshot) ([]byte, error) { return v.Attachment(s.Detail) })
	if err != nil {
		return nil, err
	}
	d, err := codec.DecodeDetail(blob)
	if err != nil {
		return nil, err
	}
	leaves := make([]proof.SumLeaf, len(d.Postings))
	for i := range d.Postings {
		p := &d.Postings[i]
		key := proof.LineKey(uint16(i))
		leaves[i] = proof.SumLeaf{Key: key[:], Count: 1, Payload: codec.PostingHash(p)}
		leaves[i].Sums[p.Side-codec.Credit] = p.Amount
	}
	key := proof.LineKey(1)
	path, err := b.path(proof.SumPostings, key[:], func(*ledger.Snapshot) ([]proof.SumLeaf, error) { return leaves, nil })
	if err != nil {
		return nil, err
	}
	return &api.Share{Index: index, Postings: []api.SharePosting{{Posting: d.Postings[1], Proof: path.Path}}, Shards: []api.ShareShard{}}, nil
}

// Absence implements api.Service.
func (b *closedBooks) Absence(_ context.Context, hash codec.Hash, index uint64) (*api.Absence, error) {
	if !b.lost {
		return nil, api.Fail(codec.CodeNotFound, "it is here")
	}
	a, err := proof.SignAbsence(proof.Absence{Origin: b.worker.origin, Operator: b.operator, Hash: hash, Index: index, Time: client.Now()}, b.node.Private())
	return &api.Absence{Operator: b.operator, Hash: hash, Index: index, Time: a.Time, Signature: a.Sig}, err
}

// run runs the program against the node, as the provider.
func (b *closedBooks) run(args ...string) (code int, text string) {
	server := httptest.NewServer(api.NewHandler(b, api.HandlerOptions{}))
	defer server.Close()
	var out bytes.Buffer
	code = Run(append(slices.Clone(args), "--node", server.URL, "--trust", b.trust, "--as", b.key), bytes.NewReader(nil), &out, &out)
	return code, out.String()
}

// TestProveStatement writes a statement, checks it, and changes it.
func TestProveStatement(t *testing.T) {
	b := newClosedBooks(t)
	file, provider, index := filepath.Join(t.TempDir(), "1.statement"), b.worker.provider.String(), strconv.FormatUint(b.settled, 10)
	if code, text := b.run("statement", provider, "--cycle", "1", "--prove", file); code != exitDone {
		t.Fatalf("%d: %s", code, text)
	}
	code, text := b.run("check", file)
	if code != exitDone || !strings.Contains(text, "these are all 2 postings to provider "+provider) ||
		!strings.Contains(text, "signed by hub "+b.worker.hub.String()) || !strings.Contains(text, "attested by "+b.operator.String()) {
		t.Errorf("%d: %s", code, text)
	}
	for _, args := range [][]string{{"accuse", "posting", file, index}, {"accuse", "record", index}} {
		if code, text := b.run(args...); code != exitDone || !strings.Contains(text, "nothing contradicts") {
			t.Errorf("%v: %d: %s", args, code, text)
		}
	}
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	data[len(data)-40] ^= 1
	if err := os.WriteFile(file, data, 0o600); err != nil {
		t.Fatal(err)
	}
	if code, text := b.run("check", file); code != exitFalse || !strings.Contains(text, "FALSE statement") {
		t.Errorf("changed: %d: %s", code, text)
	}
	if code, text := b.run("statement", provider, "--prove", file); code != exitUsage {
		t.Errorf("without a cycle: %d: %s", code, text)
	}
	if code, text := b.run("statement", provider, "--cycle", "2", "--prove", file); code != exitUnknown {
		t.Errorf("of an open cycle: %d: %s", code, text)
	}
}
