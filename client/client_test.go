package client_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/forgepool/settle/api"
	"github.com/forgepool/settle/client"
	"github.com/forgepool/settle/codec"
	"github.com/forgepool/settle/settlement"
)

// commit submits items and fails the test unless all were appended.
func (w *world) commit(c *client.Client, items ...client.Item) []codec.Outcome {
	w.t.Helper()
	b, err := client.NewBatch(originA, w.hubID, w.submit, items, client.BatchOptions{Sent: w.now})
	if err != nil {
		w.t.Fatal(err)
	}
	s, err := c.Submit(w.t.Context(), b.Bytes)
	if err != nil {
		w.t.Fatal(err)
	}
	for i, o := range s.Outcomes {
		if o.Kind != codec.Appended || o.Leaf != b.Leaves[i] {
			w.t.Fatalf("record %d: %+v", i, o)
		}
	}
	return s.Outcomes
}

// join registers a party of roles 1 to 3.
func (w *world) join(c *client.Client, r *client.Registration) codec.ID {
	w.t.Helper()
	r.At, r.Cycle = w.now, cycle
	d, err := r.Draft(originA)
	if err != nil {
		w.t.Fatal(err)
	}
	w.commit(c, d.Sign(originA, w.hub).Item())
	return r.Party()
}

// shards returns executed entries of n shards for providers in turn.
func shards(wl *client.Workload, n int, agents []*client.Key, providers []codec.ID) []codec.ShardEntry {
	list := make([]codec.ShardEntry, n)
	for i := range list {
		e := &list[i]
		e.Index, e.Provider, e.Units = uint64(i), providers[i%len(providers)], uint64(i+1)
		e.Args, e.Inputs = codec.BlobHash([]byte{byte(i)}), []codec.Blob{{Hash: codec.BlobHash([]byte{byte(i), 1}), Size: 2}}
		e.Output = codec.Blob{Hash: codec.BlobHash([]byte{byte(i), 2}), Size: 2}
		client.SignShard(originA, wl.Author, wl.ID, wl.ProgramID(), wl.Seed, e, agents[i%len(agents)])
	}
	return list
}

// TestWholeWorkload builds every kind of record that a hub writes and has a real
// ledger accept it, with adapter, labels, weights, discounts and an early stop.
func TestWholeWorkload(t *testing.T) {
	w := found(t)
	c := client.New(w, w.trust, client.Options{})
	limit := uint64(1 << 40)
	agents := []*client.Key{seed("agent 1", codec.UseAgent), seed("agent 2", codec.UseAgent)}
	providers := []codec.ID{
		w.join(c, &client.Registration{Role: codec.RoleProvider, Keys: []*client.Key{seed("p1", codec.UseOwner), agents[0]}, Capabilities: []codec.Hash{codec.ProgramID(&program)}}),
		w.join(c, &client.Registration{Role: codec.RoleProvider, Keys: []*client.Key{seed("p2", codec.UseOwner), agents[1]}}),
	}
	customer := w.join(c, &client.Registration{Role: codec.RoleCustomer, Keys: []*client.Key{seed("c", codec.UseOwner)}, Cap: &limit})
	adapter := w.join(c, &client.Registration{Role: codec.RoleAdapter, Keys: []*client.Key{seed("a", codec.UseOwner)}})
	policy, err := c.Policy(t.Context(), 0)
	if err != nil {
		t.Fatal(err)
	}

	wl := client.NewWorkload(client.WorkloadSpec{Author: w.hubID, Customer: customer, Adapter: &adapter, Cycle: cycle, Program: program, Class: 5, Seed: codec.Hash{9}})
	entries := shards(wl, 5, agents, providers)
	planned, err := wl.Planned(w.now, entries, client.PlanOptions{Planner: codec.BlobHash([]byte("planner"))})
	if err != nil {
		t.Fatal(err)
	}
	w.commit(c, planned)
	aggregating := wl.Step(w.now, codec.StateAggregating)
	verify, err := client.LeastVerification(policy, 5, 4, codec.Hash{1})
	if err != nil {
		t.Fatal(err)
	}
	s, err := wl.Settle(policy, &client.Results{
		At: w.now, Entries: []codec.ShardEntry{entries[3], entries[0], entries[2], entries[1]}, Platform: w.platform, Verify: verify,
		Times:  codec.Times{Requested: w.now - 4, Planned: w.now - 3, Started: w.now - 2, Verified: w.now - 1, Finalized: w.now},
		Labels: []codec.Label{{Label: "project", Value: "atlas"}, {Label: "team", Value: "x"}, {Label: "tag", Value: "y"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	outcomes := w.commit(c, aggregating, s.Item)
	if s.Body.Charge != 10*1_000_003/2 || s.Body.Split.Adapter != s.Body.Charge/10 {
		t.Errorf("charge %d, split %+v", s.Body.Charge, s.Body.Split)
	}

	w.publish()
	r, err := c.FetchReceipt(t.Context(), outcomes[1].Index)
	if err != nil || !bytes.Equal(r.Record, s.Record) {
		t.Fatalf("receipt: %v", err)
	}
}

// TestAgentReceipts: what agents sign is what nodes verify.
func TestAgentReceipts(t *testing.T) {
	agent := seed("agent", codec.UseAgent)
	wl := client.NewWorkload(client.WorkloadSpec{Author: codec.ID{1}, Program: program, Seed: codec.Hash{2}})
	e := shards(wl, 1, []*client.Key{agent}, []codec.ID{{3}})[0]
	if !settlement.VerifyReceipt(originA, wl.Author, wl.ID, wl.ProgramID(), wl.Seed, agent.Public(), &e) {
		t.Error("receipt does not verify")
	}
	e.Units++
	if settlement.VerifyReceipt(originA, wl.Author, wl.ID, wl.ProgramID(), wl.Seed, agent.Public(), &e) {
		t.Error("receipt verifies for other units")
	}
}

// TestSubmitUntilDefinite loses answers in each way; the same bytes must arrive again
// and count once.
func TestSubmitUntilDefinite(t *testing.T) {
	w := found(t)
	c := client.New(w, w.trust, client.Options{RetryMin: time.Millisecond, RetryMax: 2 * time.Millisecond})
	r := &client.Registration{At: w.now, Cycle: cycle, Role: codec.RoleCustomer, Keys: []*client.Key{seed("c", codec.UseOwner)}}
	d, err := r.Draft(originA)
	if err != nil {
		t.Fatal(err)
	}
	b, err := client.NewBatch(originA, w.hubID, w.submit, []client.Item{d.Sign(originA, w.hub).Item()}, client.BatchOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for _, code := range []codec.Code{codec.CodeUnknownOutcome, codec.CodeNoLeader, codec.CodeOverloaded, codec.CodeInternal, codec.CodeStorageFull, api.CodeUnreachable} {
		w.fail = append(w.fail, &api.Error{Code: code})
	}
	w.fail, w.lose = append(w.fail, errors.New("some other failure")), 2
	s, err := c.Submit(t.Context(), b.Bytes)
	if err != nil || !s.Known || s.Outcomes[0].Index != 1 || w.ledger.Applied().Size != 2 {
		t.Fatalf("%+v, %v", s, err)
	}
	if len(w.sent) != 10 {
		t.Errorf("sent %d times", len(w.sent))
	}
	for _, data := range w.sent {
		if !bytes.Equal(data, b.Bytes) {
			t.Error("other bytes were sent")
		}
	}
}

func TestSubmitGivesUpWithTheContext(t *testing.T) {
	w := found(t)
	c := client.New(w, nil, client.Options{RetryMin: time.Millisecond})
	for range 1000 {
		w.fail = append(w.fail, &api.Error{Code: codec.CodeNoLeader})
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	_, err := c.Submit(ctx, []byte{1})
	if api.CodeOf(err) != codec.CodeUnknownOutcome || !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("%v", err)
	}
	w.fail = nil
	if _, err := c.Submit(t.Context(), []byte{1}); api.CodeOf(err) != codec.CodeMalformed {
		t.Errorf("definite refusal: %v", err)
	}
}

func TestArtifactsAreChecked(t *testing.T) {
	w := found(t)
	c := client.New(w, w.trust, client.Options{})
	blob, err := c.PutArtifact(t.Context(), originA, w.hubID, w.submit, []byte("hello"))
	if err != nil {
		t.Fatal(err)
	}
	if data, err := c.FetchArtifact(t.Context(), blob.Hash); err != nil || string(data) != "hello" {
		t.Errorf("%q, %v", data, err)
	}
	w.artifacts[blob.Hash] = []byte("hellp")
	if _, err := c.FetchArtifact(t.Context(), blob.Hash); api.CodeOf(err) != codec.CodeHashMismatch {
		t.Errorf("other bytes: %v", err)
	}
}

// TestReceiptsAreChecked: a node that serves another record is found out.
func TestReceiptsAreChecked(t *testing.T) {
	w := found(t)
	w.publish()
	c := client.New(&liar{w}, w.trust, client.Options{})
	if _, err := c.FetchReceipt(t.Context(), 0); err == nil {
		t.Error("a receipt for a record that is not in the log")
	}
	if _, err := client.New(w, nil, client.Options{}).FetchReceipt(t.Context(), 0); err == nil {
		t.Error("a receipt without a trust policy")
	}
}

type liar struct{ *world }

func (l *liar) Record(context.Context, uint64) (*api.Record, error) {
	return &api.Record{Bytes: []byte("other")}, nil
}

func TestKeyFiles(t *testing.T) {
	path := filepath.Join(t.TempDir(), "key")
	k := client.GenerateKey(codec.UseSubmit)
	if err := client.SaveKey(path, k); err != nil {
		t.Fatal(err)
	}
	if err := client.SaveKey(path, k); err == nil {
		t.Error("a key file was overwritten")
	}
	got, err := client.LoadKey(path)
	if err != nil || got.ID() != k.ID() || got.Use() != codec.UseSubmit || !bytes.Equal(got.Private(), k.Private()) {
		t.Fatalf("%+v, %v", got, err)
	}
	if err := os.Chmod(path, 0o640); err != nil {
		t.Fatal(err)
	}
	if _, err := client.LoadKey(path); err == nil || !strings.Contains(err.Error(), "chmod 600") {
		t.Errorf("a key that others can read: %v", err)
	}
	file := k.Format()
	for i := range file {
		bad := bytes.Clone(file)
		bad[i] ^= 1
		if _, err := client.ParseKey(bad); err == nil {
			t.Errorf("byte %d flipped: accepted", i)
		}
	}
	for n := range file {
		if _, err := client.ParseKey(file[:n]); err == nil {
			t.Errorf("cut to %d bytes: accepted", n)
		}
	}
}

func TestIDs(t *testing.T) {
	seen := map[codec.ID]bool{}
	for range 1000 {
		id := client.NewID()
		if id[6]>>4 != 7 || id[8]>>6 != 2 || seen[id] {
			t.Fatalf("%s", id)
		}
		seen[id] = true
	}
}

// TestFill finds the edge of each limit of a batch.
func TestFill(t *testing.T) {
	small := client.Item{Record: []byte{1}}
	full := client.Item{Record: make([]byte, codec.MaxRecord)}
	blob := client.Item{Record: []byte{1}, Attachments: [][]byte{make([]byte, codec.MaxAttachment)}}
	tooLarge := client.Item{Record: []byte{1}, Attachments: [][]byte{make([]byte, codec.MaxAttachment+1)}}
	repeat := func(n int, i client.Item) (list []client.Item) {
		for range n {
			list = append(list, i)
		}
		return list
	}
	for name, c := range map[string]struct {
		items []client.Item
		fit   int
	}{
		"records":            {repeat(codec.MaxBatchRecords, small), codec.MaxBatchRecords},
		"one record more":    {repeat(codec.MaxBatchRecords+1, small), codec.MaxBatchRecords},
		"bytes":              {repeat(100, full), codec.MaxBatchBytes / codec.MaxRecord},
		"attachments":        {repeat(2, blob), 1},
		"too large a record": {[]client.Item{small, {Record: make([]byte, codec.MaxRecord+1)}}, 1},
		"too large a blob":   {[]client.Item{tooLarge}, 0},
		"nothing":            {nil, 0},
	} {
		if n := client.Fill(c.items); n != c.fit {
			t.Errorf("%s: %d, want %d", name, n, c.fit)
		}
	}
}

// TestSignaturesStayInOrder signs on several machines in any order.
func TestSignaturesStayInOrder(t *testing.T) {
	keys := []*client.Key{seed("1", 1), seed("2", 1), seed("3", 1)}
	d := &client.Draft{Kind: codec.KindPolicy, Body: []byte{0xa0}}
	for _, k := range []*client.Key{keys[2], keys[0], keys[1], keys[0]} {
		d.Sign(originA, k)
	}
	r, err := codec.DecodeRecord(d.Record())
	if err != nil || len(r.Signatures) != 3 {
		t.Errorf("%d signatures, %v", len(r.Signatures), err)
	}
}
