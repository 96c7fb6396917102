package main

import (
	"context"
	"fmt"

	"github.com/forgepool/settle/client"
	"github.com/forgepool/settle/codec"
	"github.com/forgepool/settle/replay"
)

// worker is a hub and a provider at work on a node.
type worker struct {
	sdk                *client.Client
	origin             string
	hub, customer      codec.ID
	provider, platform codec.ID
	submit, agent      *client.Key
}

var mcProgram = replay.ProgramName{Family: "mc", Version: 1, Profile: "path.v1"}

// mcArgs are the arguments of a shard of n paths of 50 steps from path first on.
func mcArgs(n, first uint64) []byte {
	b := codec.AppendMap(nil, 9)
	for i, v := range []int64{int64(n), 50, 100 << 16, 0, 1 << 16, 0, 100 << 16, int64(first)} {
		b = codec.AppendInt(codec.AppendUint(b, uint64(i+1)), v)
	}
	b = codec.AppendArray(codec.AppendUint(b, 9), 3)
	return codec.AppendUint(codec.AppendUint(codec.AppendUint(b, 0), 1<<20), 4)
}

// settle executes a workload of two shards and submits its records; with lie the
// output of the second shard is false. It returns the index of the settlement.
func (w *worker) settle(lie bool) (uint64, error) {
	ctx := context.Background()
	policy, err := w.sdk.Policy(ctx, 0)
	if err != nil {
		return 0, err
	}
	args, err := w.put([]byte("workload arguments"))
	if err != nil {
		return 0, err
	}
	job := client.NewWorkload(client.WorkloadSpec{Author: w.hub, Customer: w.customer, Cycle: 1,
		Program: mcProgram.Program(), Class: 1, Seed: client.NewSecret(), Args: args})
	entries, result, err := w.execute(job, lie)
	if err != nil {
		return 0, err
	}
	at := client.Now()
	planned, err := job.Planned(at, entries, client.PlanOptions{})
	if err != nil {
		return 0, err
	}
	items := []client.Item{planned, job.Step(at, codec.StateAggregating)}
	verify, err := client.LeastVerification(policy, 1, 2, codec.Hash{})
	if err != nil {
		return 0, err
	}
	s, err := job.Settle(policy, &client.Results{At: at, Entries: entries, Result: result, Verify: verify, Platform: w.platform,
		Times: codec.Times{Requested: at, Planned: at, Started: at, Verified: at, Finalized: at}})
	if err != nil {
		return 0, err
	}
	batch, err := client.NewBatch(w.origin, w.hub, w.submit, append(items, s.Item), client.BatchOptions{})
	if err != nil {
		return 0, err
	}
	outcome, err := w.sdk.Submit(ctx, batch.Bytes)
	if err != nil {
		return 0, err
	}
	if last := outcome.Outcomes[2]; last.Kind == codec.Appended {
		return last.Index, nil
	}
	return 0, fmt.Errorf("refused: %+v", outcome.Outcomes)
}

// put uploads an artifact.
func (w *worker) put(data []byte) (codec.Blob, error) {
	return w.sdk.PutArtifact(context.Background(), w.origin, w.hub, w.submit, data)
}

// execute runs both shards and signs them.
func (w *worker) execute(job *client.Workload, lie bool) ([]codec.ShardEntry, codec.Blob, error) {
	program, _ := replay.BuiltinNamed(mcProgram)
	var entries []codec.ShardEntry
	var outputs []replay.ShardOutput
	for i := range uint64(2) {
		args := mcArgs(10+90*i, 10*i)
		r := program.Run(replay.Task{Seed: job.Seed, Args: args})
		outputs = append(outputs, replay.ShardOutput{Args: args, Output: r.Output})
		input, err := w.put(args)
		if err != nil {
			return nil, codec.Blob{}, err
		}
		output, err := w.put(r.Output)
		if err != nil {
			return nil, codec.Blob{}, err
		}
		e := codec.ShardEntry{Index: i, Provider: w.provider, Args: input.Hash, Output: output, Units: r.Units}
		if lie && i == 1 {
			e.Output.Hash[0] ^= 1
		}
		client.SignShard(w.origin, w.hub, job.ID, job.ProgramID(), job.Seed, &e, w.agent)
		entries = append(entries, e)
	}
	result, err := replay.MergeResult(program, outputs)
	if err != nil {
		return nil, codec.Blob{}, err
	}
	blob, err := w.put(result)
	return entries, blob, err
}
