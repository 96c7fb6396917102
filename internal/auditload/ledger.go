package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"

	"github.com/forgepool/settle/client"
	"github.com/forgepool/settle/codec"
	"github.com/forgepool/settle/internal/cluster"
	"github.com/forgepool/settle/internal/devledger"
	"github.com/forgepool/settle/replay"
	"github.com/forgepool/settle/settlement"
	"github.com/forgepool/settle/verifier"
)

// workloadsABatch keeps batches well below their largest size.
const workloadsABatch = 100

// ledger is one node with a closed cycle of settlements, each of one shard of the same
// contents but of an entry of its own, so that a draw of each is an execution of its own.
type ledger struct {
	*cluster.Cluster
	x        *shard
	agent    *client.Key
	provider codec.ID
	customer codec.ID
	policy   *settlement.Policy
	result   []byte
	first    *codec.ReplayOf // the workload that all others repeat; nil before it
}

// policyFor is the policy of a development ledger, whose audits begin with so many draws.
func policyFor(draws uint64) (codec.Policy, error) {
	p := devledger.Policy(devledger.Prices, 0)
	p.Audit.MinAuditors = 1
	for p.Audit.FaultPPM = 10_000; p.Audit.FaultPPM < 1_000_000; p.Audit.FaultPPM += 1_000 {
		if n, err := verifier.SampleSize(p.Audit.ConfPPM, p.Audit.FaultPPM, verifier.MaxDraws); err == nil && n <= draws {
			return p, nil
		}
	}
	return p, fmt.Errorf("no audit begins with %d draws", draws)
}

// found starts the node and registers who works and who pays.
func found(ctx context.Context, o *options, x *shard) (*ledger, error) {
	policy, err := policyFor(o.draws)
	if err != nil {
		return nil, err
	}
	c, err := cluster.Launch(ctx, cluster.Options{Bin: o.bin, Dir: filepath.Join(o.out, "ledger"), Nodes: 1, Origin: "bench.example/audit", Policy: policy})
	if err != nil {
		return nil, err
	}
	l := &ledger{Cluster: c, x: x, agent: client.GenerateKey(codec.UseAgent)}
	if l.policy, err = c.Client.Policy(ctx, 0); err != nil {
		return nil, errors.Join(err, c.Close())
	}
	var items []client.Item
	register := func(r *client.Registration) codec.ID {
		r.At, r.Cycle = client.Now(), 1
		draft, draftErr := r.Draft(c.Origin)
		if err = errors.Join(err, draftErr); err == nil {
			items = append(items, draft.Sign(c.Origin, devledger.Owner(c.Founders.Hub)...).Item())
		}
		return r.Party()
	}
	l.provider, l.customer = register(devledger.NewParty(codec.RoleProvider, l.agent)), register(devledger.NewParty(codec.RoleCustomer))
	if err == nil {
		_, err = l.send(ctx, items)
	}
	if err != nil {
		return nil, errors.Join(err, c.Close())
	}
	return l, nil
}

// store uploads what the auditor needs to execute the shard.
func (l *ledger) store(ctx context.Context) error {
	program, _ := replay.BuiltinNamed(l.x.program)
	var err error
	if l.result, err = replay.MergeResult(program, []replay.ShardOutput{{Args: l.x.task.Args, Output: l.x.output}}); err != nil {
		return err
	}
	for _, blob := range append(l.x.blobs(), l.x.task.Args, l.x.output, l.result) {
		if _, err := l.Client.PutArtifact(ctx, l.Origin, l.Founders.Hub.Party(), l.Founders.Submit, blob); err != nil {
			return fmt.Errorf("storing %d bytes: %w", len(blob), err)
		}
	}
	return nil
}

// settleAll settles n workloads.
func (l *ledger) settleAll(ctx context.Context, n int) error {
	var items []client.Item
	for i := range n {
		more, err := l.workload()
		if err != nil {
			return err
		}
		if items = append(items, more...); (i+1)%workloadsABatch == 0 || i == n-1 {
			if _, err := l.send(ctx, items); err != nil {
				return err
			}
			items = nil
		}
	}
	return nil
}

// workload returns the records of one workload.
func (l *ledger) workload() ([]client.Item, error) {
	x, now := l.x, client.Now()
	w := client.NewWorkload(client.WorkloadSpec{
		Author: l.Founders.Hub.Party(), Customer: l.customer, Cycle: 1, Program: x.program.Program(), Class: uint64(x.class),
		Seed: x.task.Seed, Args: blobOf(x.task.Args),
	})
	e := codec.ShardEntry{Provider: l.provider, Args: blobOf(x.task.Args).Hash, Output: blobOf(x.output), Units: x.units, Started: now, Finished: now}
	e.Inputs = x.inputs
	client.SignShard(l.Origin, w.Author, w.ID, w.ProgramID(), w.Seed, &e, l.agent)
	entries := []codec.ShardEntry{e}
	planned, err := w.Planned(now, entries, client.PlanOptions{})
	if err != nil {
		return nil, err
	}
	aggregating := w.Step(now, codec.StateAggregating)
	verify, err := client.LeastVerification(l.policy, w.Class, 1, blobOf(x.output).Hash)
	if err != nil {
		return nil, err
	}
	s, err := w.Settle(l.policy, &client.Results{
		At: now, Entries: entries, Result: blobOf(l.result), Verify: verify, Platform: l.Founders.Platform.Party(), ReplayOf: l.first,
		Times: codec.Times{Requested: now, Planned: now, Started: now, Verified: now, Finalized: now},
	})
	if err != nil {
		return nil, err
	}
	if l.first == nil {
		l.first = &codec.ReplayOf{Author: w.Author, Workload: w.ID}
	}
	return []client.Item{planned, aggregating, s.Item}, nil
}

// closeCycle cuts and closes the cycle, and waits until a checkpoint covers that.
func (l *ledger) closeCycle(ctx context.Context) error {
	hub := l.Founders.Hub
	cut := client.DraftCut(hub.Party(), client.Now(), 1, codec.CyclesCounter, nil)
	if _, err := l.send(ctx, []client.Item{cut.Sign(l.Origin, devledger.Owner(hub)...).Item()}); err != nil {
		return err
	}
	x, err := l.Client.Service().Closing(ctx)
	if err != nil {
		return err
	}
	closing := client.DraftClose(hub.Party(), client.Now(), x, nil)
	size, err := l.send(ctx, []client.Item{closing.Sign(l.Origin, devledger.Owner(hub)...).Item()})
	if err != nil {
		return err
	}
	_, err = l.Client.AwaitCheckpoint(ctx, size)
	return err
}

// send submits a batch of which everything must be appended, and returns the size of the
// log after it.
func (l *ledger) send(ctx context.Context, items []client.Item) (size uint64, err error) {
	b, err := client.NewBatch(l.Origin, l.Founders.Hub.Party(), l.Founders.Submit, items, client.BatchOptions{})
	if err != nil {
		return 0, err
	}
	s, err := l.Client.Submit(ctx, b.Bytes)
	if err != nil {
		return 0, err
	}
	for i, o := range s.Outcomes {
		if o.Kind != codec.Appended {
			return 0, fmt.Errorf("record %d of a batch was refused: %s", i, o.Code)
		}
		size = o.Index + 1
	}
	return size, nil
}
