package main

import (
	"context"
	"fmt"

	"github.com/forgepool/settle/client"
	"github.com/forgepool/settle/codec"
	"github.com/forgepool/settle/internal/cluster"
	"github.com/forgepool/settle/replay"
	"github.com/forgepool/settle/settlement"
)

// hub plans workloads, has them executed, and settles them.
type hub struct {
	origin   string
	id       codec.ID
	submit   *client.Key
	platform codec.ID
	parties  *parties
	policy   *settlement.Policy
	client   *client.Client
	store    *uploads
	liar     *liar // among the agents; nil: none
	turn     int   // shards handed out so far

	settled []codec.ID // workloads, in the order of settlement
	shards  int
	appends map[codec.ID]uint64 // workload -> index of its settlement
}

// newHub registers the parties; the artifact store takes uploads from then on.
func newHub(ctx context.Context, c *cluster.Cluster) (*hub, error) {
	h := &hub{
		origin: c.Origin, id: c.Founders.Hub.Party(), submit: c.Founders.Submit,
		platform: c.Founders.Platform.Party(), client: c.Client,
		store:   newUploads(ctx, c.Client, c.Origin, c.Founders.Hub.Party(), c.Founders.Submit),
		appends: map[codec.ID]uint64{},
	}
	var err error
	if h.policy, err = h.client.Policy(ctx, 0); err != nil {
		return nil, fmt.Errorf("fetching the policy: %w", err)
	}
	if h.parties, err = newParties(c.Founders, h.origin); err != nil {
		return nil, err
	}
	_, err = h.send(ctx, h.parties.items)
	return h, err
}

// agentFor spreads shards over the agents.
func (h *hub) agentFor() *agent {
	h.turn++
	return h.parties.agents[h.turn%len(h.parties.agents)]
}

// run plans a job, has its shards executed and returns the records: Planned,
// Aggregating, settlement.
func (h *hub) run(number int, j *job) ([]client.Item, codec.ID, error) {
	program, ok := replay.BuiltinNamed(j.program)
	if !ok {
		return nil, codec.ID{}, fmt.Errorf("%s: program unknown", j.title)
	}
	w := client.NewWorkload(client.WorkloadSpec{
		Author: h.id, Customer: h.parties.customers[number%len(h.parties.customers)], Adapter: h.adapterFor(number), Cycle: 1,
		Program: codec.Program{Family: j.program.Family, Version: uint64(j.program.Version), Profile: j.program.Profile},
		Class:   j.class, Seed: client.NewSecret(), Args: h.store.add(j.args),
	})
	work, entries := h.assign(j)
	nonce := client.NewSecret()
	times := codec.Times{Requested: client.Now(), Planned: client.Now()}
	planned, err := w.Planned(times.Planned, entries, client.PlanOptions{Nonce: codec.BlobHash(nonce[:])})
	if err != nil {
		return nil, w.ID, fmt.Errorf("%s: %w", j.title, err)
	}
	times.Started = client.Now()
	outputs := make([]replay.ShardOutput, len(work))
	for i := range work {
		output, err := work[i].execute(program, w, h.origin, h.liar)
		if err != nil {
			return nil, w.ID, fmt.Errorf("%s: %w", j.title, err)
		}
		h.store.add(output)
		outputs[i] = replay.ShardOutput{Args: work[i].shard.args, Output: output}
		entries[i] = work[i].entry
	}
	aggregating := w.Step(client.Now(), codec.StateAggregating)
	settled, err := h.settle(w, program, entries, outputs, nonce, times)
	if err != nil {
		return nil, w.ID, fmt.Errorf("%s: %w", j.title, err)
	}
	if h.liar != nil {
		h.liar.settled(settled)
	}
	return []client.Item{planned, aggregating, settled.Item}, w.ID, nil
}

// adapterFor says that every third workload came through the adapter.
func (h *hub) adapterFor(number int) *codec.ID {
	if number%3 != 0 {
		return nil
	}
	return &h.parties.adapter
}

// assign hands the shards of a job to agents and stores their arguments and inputs.
func (h *hub) assign(j *job) ([]assignment, []codec.ShardEntry) {
	work := make([]assignment, len(j.shards))
	entries := make([]codec.ShardEntry, len(j.shards))
	for i := range j.shards {
		s := &j.shards[i]
		e := codec.ShardEntry{Index: uint64(i), Args: h.store.add(s.args).Hash}
		for _, input := range s.inputs {
			e.Inputs = append(e.Inputs, h.store.add(input))
		}
		work[i] = assignment{agent: h.agentFor(), shard: s, entry: e}
		entries[i] = e
	}
	return work, entries
}

// settle merges the outputs and builds the settlement.
func (h *hub) settle(w *client.Workload, program replay.Program, entries []codec.ShardEntry,
	outputs []replay.ShardOutput, nonce codec.Hash, times codec.Times) (*client.Settlement, error) {
	merged, err := replay.MergeResult(program, outputs)
	if err != nil {
		merged = replay.MergeHashes(outputs) // a lie need not merge, and this hub does not look
	}
	evidence := codec.AppendBytes(codec.AppendUint(codec.AppendMap(nil, 1), 1), nonce[:])
	verify, err := client.LeastVerification(h.policy, w.Class, uint64(len(entries)), h.store.add(evidence).Hash)
	if err != nil {
		return nil, err
	}
	times.Verified, times.Finalized = client.Now(), client.Now()
	return w.Settle(h.policy, &client.Results{
		At: client.Now(), Entries: entries, Result: h.store.add(merged), Verify: verify, Times: times, Platform: h.platform,
	})
}

// send submits items in one batch and requires that every record was appended.
func (h *hub) send(ctx context.Context, items []client.Item) ([]codec.Outcome, error) {
	batch, err := client.NewBatch(h.origin, h.id, h.submit, items, client.BatchOptions{})
	if err != nil {
		return nil, err
	}
	s, err := h.client.Submit(ctx, batch.Bytes)
	if err != nil {
		return nil, fmt.Errorf("submitting a batch: %w", err)
	}
	for i, o := range s.Outcomes {
		if o.Kind != codec.Appended {
			return nil, fmt.Errorf("record %d of a batch was refused: %s", i, o.Code)
		}
	}
	return s.Outcomes, nil
}
