package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"sync"

	"github.com/forgepool/settle/api"
	"github.com/forgepool/settle/client"
	"github.com/forgepool/settle/codec"
	"github.com/forgepool/settle/internal/cluster"
	"github.com/forgepool/settle/internal/devledger"
)

const (
	nodeCount       = 3
	honestDraws     = 60
	workloadsABatch = 6
)

// honestRun settles all jobs on three nodes, loses the leader on the way, and lets
// everybody check.
func honestRun(ctx context.Context, s settings, r *report, jobs []job) (err error) {
	c, err := launch(ctx, s, r, "honest", nodeCount)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, c.Close()) }()
	tools, err := newTools(s, c, "honest")
	if err != nil {
		return err
	}
	commitment, err := tools.commit(ctx, c.Founders.Auditors[0].Party())
	if err != nil {
		return err
	}
	r.say("an auditor commits to a secret before there is anything to audit: %s", commitment)
	h, err := newHub(ctx, c)
	if err != nil {
		return err
	}
	var replacing sync.WaitGroup
	var replaced error
	err = h.settleAll(ctx, r, jobs, func(done int) {
		if done == len(jobs)/2 {
			replacing.Go(func() { replaced = replaceLeader(ctx, c, r) })
		}
	})
	replacing.Wait()
	if err = errors.Join(err, replaced); err != nil {
		return err
	}
	r.Compared = h.compared
	r.Settlements, r.Shards, r.Providers = len(h.settled), h.shards, len(h.parties.agents)
	if err := h.count(ctx, r); err != nil {
		return err
	}
	if err := prove(ctx, c, h, r, tools); err != nil {
		return err
	}
	if err := sameRoots(ctx, c, r); err != nil {
		return err
	}
	audit, err := tools.audit(ctx, c.Founders.Auditors[0].Party(), honestDraws)
	if err != nil {
		return err
	}
	r.Draws, r.Matches, r.Mismatches = len(audit.Draws), audit.Matches, audit.Mismatches
	r.say("the auditor draws %d micro-Credits that providers were paid and executes their shards again: %d match, %d do not, %d open", r.Draws, r.Matches, r.Mismatches, audit.Inconclusive)
	if err := c.Close(); err != nil {
		return err
	}
	return checkDisks(ctx, c, r, tools)
}

func launch(ctx context.Context, s settings, r *report, name string, nodes int) (*cluster.Cluster, error) {
	r.say("starting %d node(s) of a new ledger", nodes)
	return cluster.Launch(ctx, cluster.Options{
		Bin: s.bin, Dir: filepath.Join(s.out, name), Nodes: nodes, Origin: "demo.example/" + name,
		Policy: devledger.Policy(devledger.Prices, 1_000_000),
	})
}

// settleAll has all jobs executed and settles them, a few in each batch. After each job
// it calls meanwhile with the number of jobs done.
func (h *hub) settleAll(ctx context.Context, r *report, jobs []job, meanwhile func(done int)) error {
	r.say("registered %d providers, %d customers, 1 adapter; executing %d workloads", providerCount, customerCount, len(jobs))
	var items []client.Item
	for i := range jobs {
		more, id, err := h.run(i, &jobs[i])
		if err != nil {
			return err
		}
		items = append(items, more...)
		h.settled, h.shards = append(h.settled, id), h.shards+len(jobs[i].shards)
		meanwhile(i + 1)
		if (i+1)%workloadsABatch == 0 || i == len(jobs)-1 {
			if _, err := h.send(ctx, items); err != nil {
				return err
			}
			items = nil
		}
	}
	stored, err := h.store.wait()
	r.Artifacts += stored
	r.say("settled %d workloads of %d shards, stored %d artifacts", len(h.settled), h.shards, stored)
	return err
}

// replaceLeader kills the leader as a power failure would, waits for another, and
// brings the old one back. The hub goes on submitting meanwhile.
func replaceLeader(ctx context.Context, c *cluster.Cluster, r *report) error {
	old, err := c.Leader(ctx)
	if err != nil {
		return err
	}
	if err := old.Kill(); err != nil {
		return err
	}
	r.say("killed the leader %s with SIGKILL", old.ID)
	leader, err := c.Leader(ctx)
	if err != nil {
		return err
	}
	r.say("%s leads now; starting %s again", leader.ID, old.ID)
	if leader != old {
		r.Failovers++
	}
	return old.Start(ctx)
}

// count looks every settlement up: none lost, none twice.
func (h *hub) count(ctx context.Context, r *report) error {
	seen := map[uint64]bool{}
	for _, id := range h.settled {
		record, err := h.client.Service().Settlement(ctx, h.id, id)
		if api.CodeOf(err) == codec.CodeNotFound {
			r.Lost++
			continue
		}
		if err != nil {
			return fmt.Errorf("looking up a settlement: %w", err)
		}
		if seen[record.Index] {
			r.Duplicated++
		}
		seen[record.Index] = true
		h.appends[id] = record.Index
	}
	return h.recount(ctx, r)
}

// recount reads the whole log: a workload that stands in two settlements is doubled.
func (h *hub) recount(ctx context.Context, r *report) error {
	settled := map[codec.ID]int{}
	for next := uint64(0); ; {
		records, err := h.client.Service().Records(ctx, next, 500)
		if err != nil {
			return err
		}
		if len(records) == 0 {
			break
		}
		for i := range records {
			record, err := codec.DecodeRecord(records[i].Bytes)
			if err != nil {
				return err
			}
			if record.Kind != codec.KindSettlement {
				continue
			}
			body := new(codec.Settlement)
			if err := codec.DecodeSettlement(record.Body, body); err != nil {
				return err
			}
			settled[body.Workload]++
		}
		next += uint64(len(records))
		r.TreeSize = next
	}
	for _, n := range settled {
		r.Duplicated += n - 1
	}
	return nil
}
