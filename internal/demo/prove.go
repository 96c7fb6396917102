package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/forgepool/settle/api"
	"github.com/forgepool/settle/internal/cluster"
	"github.com/forgepool/settle/proof"
)

// prove writes a receipt for every settlement and a consistency proof from each
// published checkpoint to the next, and has all of them checked by a process that has
// only the trust policy.
func prove(ctx context.Context, c *cluster.Cluster, h *hub, r *report, t *tools) error {
	receipts, err := writeReceipts(ctx, c, h, t)
	if err != nil {
		return err
	}
	results, err := t.check(ctx, receipts...)
	if err != nil {
		return err
	}
	for _, x := range results {
		if x.Verified {
			r.Receipts++
		}
	}
	r.say("%d of %d receipts verified offline", r.Receipts, len(receipts))
	proofs, err := writeConsistency(ctx, c, r, t)
	if err != nil {
		return err
	}
	if results, err = t.check(ctx, proofs...); err != nil {
		return err
	}
	for _, x := range results {
		if x.Verified {
			r.Consistency++
		}
	}
	r.say("%d of %d consistency proofs verified offline", r.Consistency, len(proofs))
	return nil
}

// writeReceipts fetches the receipts under the first checkpoint that covers all.
func writeReceipts(ctx context.Context, c *cluster.Cluster, h *hub, t *tools) ([]string, error) {
	dir := filepath.Join(t.dir, "receipts")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	last := uint64(0)
	for _, index := range h.appends {
		last = max(last, index)
	}
	cp, err := c.Client.AwaitCheckpoint(ctx, last+1)
	if err != nil {
		return nil, err
	}
	var files []string
	for workload, index := range h.appends {
		receipt, err := c.Client.FetchReceiptUnder(ctx, cp, index)
		if err != nil {
			return nil, err
		}
		file := filepath.Join(dir, workload.String()+".receipt")
		if err := os.WriteFile(file, receipt.Format(), 0o644); err != nil {
			return nil, err
		}
		files = append(files, file)
	}
	slices.Sort(files)
	return files, nil
}

// writeConsistency proves each published checkpoint from the one before, and the last
// from the first: as many proofs as there are checkpoints.
func writeConsistency(ctx context.Context, c *cluster.Cluster, r *report, t *tools) ([]string, error) {
	dir := filepath.Join(t.dir, "checkpoints")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	published, err := allCheckpoints(ctx, c)
	if err != nil {
		return nil, err
	}
	r.Checkpoints = len(published)
	var files []string
	add := func(older, newer *api.Checkpoint) error {
		path, err := c.Client.Service().Consistency(ctx, api.TreeA, older.Size, newer.Size)
		if err != nil {
			return err
		}
		f := proof.ConsistencyFile{Older: older.NoteA, Newer: newer.NoteA}
		for _, hash := range path.Hashes {
			f.Path = append(f.Path, hash)
		}
		file := filepath.Join(dir, fmt.Sprintf("%d-%d.consistency", older.Size, newer.Size))
		files = append(files, file)
		return os.WriteFile(file, f.Format(), 0o644)
	}
	for i := 1; i < len(published); i++ {
		if err := add(&published[i-1], &published[i]); err != nil {
			return nil, err
		}
	}
	if len(published) < 2 {
		return nil, fmt.Errorf("only %d checkpoints were published", len(published))
	}
	return files, add(&published[0], &published[len(published)-1])
}

func allCheckpoints(ctx context.Context, c *cluster.Cluster) ([]api.Checkpoint, error) {
	var all []api.Checkpoint
	for next := uint64(0); ; {
		page, err := c.Client.Service().Checkpoints(ctx, next, 100)
		if err != nil || len(page) == 0 {
			return all, err
		}
		all = append(all, page...)
		next = page[len(page)-1].Size + 1
	}
}

// sameRoots waits until all nodes have applied the same records and compares.
func sameRoots(ctx context.Context, c *cluster.Cluster, r *report) error {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	for {
		var all []*api.Status
		for _, n := range c.Nodes {
			s, err := n.Status(ctx)
			if err != nil {
				return fmt.Errorf("%s: %w", n.ID, err)
			}
			all = append(all, s)
		}
		same := !slices.ContainsFunc(all, func(s *api.Status) bool { return s.Applied != all[0].Applied })
		if same {
			r.SameRoots = !slices.ContainsFunc(all, func(s *api.Status) bool {
				return s.RootA != all[0].RootA || s.RootB != all[0].RootB || s.StateSum != all[0].StateSum || s.Size != all[0].Size
			})
			r.say("three nodes at %d records, root %s", all[0].Size, all[0].RootA)
			return nil
		}
		select {
		case <-time.After(50 * time.Millisecond):
		case <-ctx.Done():
			return fmt.Errorf("the nodes do not catch up: %w", ctx.Err())
		}
	}
}

// fsckResult is what settled fsck says of a node.
type fsckResult struct {
	OK       bool `json:"ok"`
	Findings []struct {
		What   string  `json:"what"`
		Index  *uint64 `json:"index"`
		Detail string  `json:"detail"`
	} `json:"findings"`
}

func (t *tools) fsck(ctx context.Context, dir string) (*fsckResult, error) {
	out, _, err := t.run(ctx, "settled", "fsck", "--dir", dir, "--json")
	if err != nil {
		return nil, err
	}
	f := new(fsckResult)
	return f, json.Unmarshal(out, f)
}

// checkDisks has fsck rebuild every stopped node from its records.
func checkDisks(ctx context.Context, c *cluster.Cluster, r *report, t *tools) error {
	for _, n := range c.Nodes {
		f, err := t.fsck(ctx, n.Dir)
		if err != nil {
			return err
		}
		if f.OK {
			r.FsckClean++
		}
	}
	r.say("fsck found %d of %d nodes clean", r.FsckClean, len(c.Nodes))
	return nil
}
