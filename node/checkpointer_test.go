package node

import (
	"context"
	"testing"
	"time"

	"github.com/forgepool/settle/api"
	"github.com/forgepool/settle/codec"
)

// TestIntentWithoutCommit: a leader that is lost between intent and commit leaves the
// size to the next one, although no record follows.
func TestIntentWithoutCommit(t *testing.T) {
	c := start(t, 1)
	ctx, cancel := context.WithTimeout(t.Context(), patient)
	defer cancel()
	if _, err := c.client(0).AwaitCheckpoint(ctx, 1); err != nil {
		t.Fatal(err)
	}
	c.stop(0)
	c.configs[0].CheckpointKey = nil // this leader cannot commit
	c.start(0)
	c.await()
	c.commit(0, c.registration(party(codec.RoleCustomer)))
	size := uint64(2)
	r, err := c.nodes[0].replica.Propose(ctx, &codec.Command{Version: 1, Kind: codec.CommandCheckpointIntent, Size: &size})
	if err != nil || r.Intent == nil || r.Intent.Size != 2 {
		t.Fatalf("%+v, %v", r, err)
	}
	if _, err := c.client(0).Service().Checkpoint(ctx, 2); api.CodeOf(err) != codec.CodeNotFound {
		t.Fatalf("published without a checkpoint key: %v", err)
	}
	c.stop(0)
	c.configs[0].CheckpointKey = c.checkpoint.Private()
	c.start(0)
	c.await()
	cp, err := c.client(0).AwaitCheckpoint(ctx, 2)
	if err != nil || cp.Time() != r.Intent.Time || cp.Root() != r.Intent.RootA {
		t.Errorf("%v", err)
	}
}

// TestNoCheckpointWithoutGrowth: while the size stays, so does the newest checkpoint;
// each published pair covers both trees.
func TestNoCheckpointWithoutGrowth(t *testing.T) {
	c := start(t, 1)
	ctx, cancel := context.WithTimeout(t.Context(), patient)
	defer cancel()
	sdk := c.client(0)
	for size := uint64(1); size <= 4; size++ {
		if _, err := sdk.AwaitCheckpoint(ctx, size); err != nil {
			t.Fatal(err)
		}
		c.commit(0, c.registration(party(codec.RoleCustomer)))
	}
	if _, err := sdk.AwaitCheckpoint(ctx, 5); err != nil {
		t.Fatal(err)
	}
	index := c.nodes[0].ledger.Applied().Index
	time.Sleep(5 * c.configs[0].CheckpointInterval)
	if now := c.nodes[0].ledger.Applied().Index; now != index {
		t.Errorf("%d raft entries while nothing happened", now-index)
	}
	list, err := sdk.Service().Checkpoints(ctx, 0, 100)
	if err != nil || len(list) != 5 {
		t.Fatalf("%d checkpoints, %v", len(list), err)
	}
	for i, published := range list {
		a, err := c.trust.OpenCheckpoint(published.NoteA)
		if err != nil {
			t.Fatal(err)
		}
		b, err := c.trust.OpenCheckpoint(published.NoteB)
		if err != nil {
			t.Fatal(err)
		}
		if err := a.CheckTwin(b); err != nil || a.Size() != uint64(i+1) {
			t.Errorf("checkpoint %d of size %d: %v", i, a.Size(), err)
		}
	}
}

// TestCadence: a checkpoint is due after so much time or so many records, by default a
// second or 1,000.
func TestCadence(t *testing.T) {
	c := start(t, 1)
	ctx, cancel := context.WithTimeout(t.Context(), patient)
	defer cancel()
	if _, err := c.client(0).AwaitCheckpoint(ctx, 1); err != nil {
		t.Fatal(err)
	}
	c.stop(0)
	config := c.configs[0]
	config.CheckpointInterval = 0
	if d, err := config.withDefaults(); err != nil || d.CheckpointInterval != time.Second || d.CheckpointRecords != 1_000 {
		t.Errorf("by default every %v or %d records, %v", d.CheckpointInterval, d.CheckpointRecords, err)
	}
	c.configs[0].CheckpointInterval, c.configs[0].CheckpointRecords = time.Hour, 3
	c.start(0)
	c.await()
	for _, step := range []struct{ commits, newest uint64 }{{1, 2}, {2, 2}, {1, 5}, {2, 5}, {1, 8}, {3, 11}} {
		for range step.commits {
			c.commit(0, c.registration(party(codec.RoleCustomer)))
		}
		if _, err := c.client(0).AwaitCheckpoint(ctx, step.newest); err != nil {
			t.Fatal(err)
		}
		time.Sleep(200 * time.Millisecond)
		newest, err := c.client(0).Service().Checkpoint(ctx, 0)
		if err != nil || newest.Size != step.newest {
			t.Fatalf("newest checkpoint %+v (%v), want size %d", newest, err, step.newest)
		}
	}
}
