//go:build !invariants

// With the invariants on, the damage done here is found by the damaged replica itself,
// before replicas compare; make test runs this file without them.

package node

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/forgepool/settle/client"
	"github.com/forgepool/settle/codec"
	"github.com/forgepool/settle/consensus"
	"github.com/forgepool/settle/internal/damage"
)

// TestDivergingReplica damages a balance below one replica, as a fault in memory would,
// so that its state differs from the next settlement on. At the next checkpoint it must
// end with 77 and evidence, whether it leads or not, and the others must go on.
func TestDivergingReplica(t *testing.T) {
	for _, leads := range []bool{false, true} {
		t.Run(fmt.Sprintf("leads=%v", leads), func(t *testing.T) {
			h := newHostile(t, 3)
			ctx, cancel := context.WithTimeout(t.Context(), 2*patient)
			defer cancel()
			size := h.settleAnother(0)
			victim := (h.leader() + 1) % 3
			for h.nodes[victim].ledger.Applied().Size < size && pauseFor(ctx, time.Millisecond) {
			}
			h.stop(victim)
			balance := binary.BigEndian.AppendUint64([]byte{'b'}, cycle)
			balance = append(append(balance, byte(codec.RoleCustomer)), h.customer[:]...)
			if err := damage.FlipValue(filepath.Join(h.configs[victim].Dir, "ledger"), balance); err != nil {
				t.Fatal(err)
			}
			h.start(victim)
			h.await()
			if leads {
				h.lead(ctx, victim)
			}
			size = h.settleAnother((victim + 1) % 3)
			h.awaitExit(ctx, victim)
			h.checkEvidence(victim, size)
			h.goOnWithout(ctx, victim)
		})
	}
}

// settleAnother settles one more workload through node i and returns the new size.
func (h *hostile) settleAnother(i int) uint64 {
	h.t.Helper()
	var planned client.Item
	h.work, planned = h.plan(3)
	aggregating := h.work.Step(h.now, codec.StateAggregating)
	item := h.settle(func(*client.Settlement) bool { return true })
	return h.commit(i, planned, aggregating, item).Outcomes[2].Index + 1
}

// lead gives a node the leadership.
func (c *cluster) lead(ctx context.Context, i int) {
	c.t.Helper()
	for c.leader() != i {
		if err := DialAdmin(c.nodes[i].config.Admin).Change(ctx, MemberTransfer, c.nodes[i].server(), ""); err != nil && ctx.Err() != nil {
			c.t.Fatal(err)
		}
	}
}

// awaitExit waits until a node has ended with divergence.
func (c *cluster) awaitExit(ctx context.Context, i int) {
	c.t.Helper()
	for c.exit(c.nodes[i].server()) == 0 {
		if !pauseFor(ctx, 10*time.Millisecond) {
			c.t.Fatal("the diverging replica goes on")
		}
	}
	if code := c.exit(c.nodes[i].server()); code != consensus.ExitDivergence {
		c.t.Fatalf("exit code %d", code)
	}
}

// checkEvidence reads what a node in the minority left: both sides of one size, the
// same log, another state.
func (h *hostile) checkEvidence(i int, size uint64) {
	h.t.Helper()
	data, err := os.ReadFile(filepath.Join(h.configs[i].Dir, fmt.Sprintf("evidence-%d.cbor", size)))
	if err != nil {
		h.t.Fatal(err)
	}
	e := new(Evidence)
	if err := codec.Decode(data, e); err != nil {
		h.t.Fatal(err)
	}
	var theirs Attested
	switch {
	case e.Commit != nil:
		theirs = Attested{Size: e.Commit.Size, RootA: e.Commit.RootA, StateSum: e.Commit.StateSum}
	case len(e.Others) >= 2:
		theirs = e.Others[0]
	}
	if e.Own.Size != size || theirs.Size != size || e.Own.RootA != theirs.RootA || e.Own.StateSum == theirs.StateSum {
		h.t.Errorf("evidence: own %+v, theirs %+v", e.Own, theirs)
	}
}

// goOnWithout ends a node for good; the others must settle and publish.
func (h *hostile) goOnWithout(ctx context.Context, i int) {
	h.t.Helper()
	h.stop(i)
	var marker *Marker
	if n, err := Start(h.configs[i]); !errors.As(err, &marker) || marker.Code != consensus.ExitDivergence {
		h.nodes[i] = n
		h.t.Fatalf("started again: %v", err)
	}
	other := (i + 1) % 3
	size := h.settleAnother(other)
	for _, n := range []int{other, (i + 2) % 3} {
		if _, err := h.client(n).AwaitCheckpoint(ctx, size); err != nil {
			h.t.Errorf("node %d: %v", n+1, err)
		}
	}
}
