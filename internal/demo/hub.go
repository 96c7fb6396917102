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
	history  *client.History
	liar     *liar // among the agents; nil: none
	turn     int   // shards handed out so far

	settled  []codec.ID // workloads, in the order of settlement
	shards   int
	compared int                 // shards that two agents executed
	appends  map[codec.ID]uint64 // workload -> index of its settlement
}

// newHub registers the parties; the artifact store takes uploads from then on.
func newHub(ctx context.Context, c *cluster.Cluster) (*hub, error) {
	h := &hub{
		origin: c.Origin, id: c.Founders.Hub.Party(), submit: c.Founders.Submit,
		platform: c.Founders.Platform.Party(), client: c.Client,
		store:   newUploads(ctx, c.Client, c.Origin, c.Founders.Hub.Party(), c.Founders.Submit),
		appends: map[codec.ID]uint64{}, history: client.NewHistory(),
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
	replication := client.NewReplication(w.ID, h.history)
	times := codec.Times{Requested: client.Now(), Planned: client.Now()}
	planned, err := w.Planned(times.Planned, entries, client.PlanOptions{Nonce: replication.Commitment()})
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
	evidence, verify, err := h.verify(replication, w, program, work)
	if err != nil {
		return nil, w.ID, fmt.Errorf("%s: %w", j.title, err)
	}
	h.store.add(evidence)
	settled, err := h.settle(w, program, entries, outputs, verify, times)
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

// verify compares answers before settling, unless the hub looks away.
func (h *hub) verify(r *client.Replication, w *client.Workload, program replay.Program, work []assignment) ([]byte, codec.Verification, error) {
	if h.liar != nil {
		return h.claimed(r, w.Class, uint64(len(work)))
	}
	return h.replicate(r, w, program, work)
}

// settle merges the outputs and builds the settlement.
func (h *hub) settle(w *client.Workload, program replay.Program, entries []codec.ShardEntry,
	outputs []replay.ShardOutput, verify codec.Verification, times codec.Times) (*client.Settlement, error) {
	merged, err := replay.MergeResult(program, outputs)
	if err != nil {
		merged = replay.MergeHashes(outputs) // a lie need not merge, and this hub does not look
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
