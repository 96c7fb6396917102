package consensus

import (
	"context"
	"errors"
	"testing"

	"github.com/forgepool/settle/codec"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// appended fails unless every record of a batch was appended, now or before.
func appended(t testing.TB, c *cluster, batch []byte) []codec.Outcome {
	t.Helper()
	result := c.submit(batch)
	if result.Fault != nil {
		t.Fatal(result.Fault)
	}
	for i, o := range result.Outcomes {
		if o.Kind != codec.Appended {
			t.Fatalf("record %d: %+v", i, o)
		}
	}
	return result.Outcomes
}

func TestOneReplica(t *testing.T) {
	c := newCluster(t, 1, nil)
	c.startAll()
	appended(t, c, c.f.first)
	appended(t, c, c.f.batch(1, 10))
	before := c.agree()
	c.nodes[0].stop()
	must(t, c.nodes[0].start())
	c.nodes[0].waitJoined()
	after := c.agree()
	if after.Size != before.Size || after.RootA != before.RootA || after.RootB != before.RootB {
		t.Fatalf("after a restart %+v, before %+v", after, before)
	}
	if c.nodes[0].replica.Incarnation() != 2 {
		t.Errorf("incarnation %d after one restart", c.nodes[0].replica.Incarnation())
	}
}

func TestThreeReplicasAgree(t *testing.T) {
	c := newCluster(t, 3, nil)
	c.startAll()
	appended(t, c, c.f.first)
	for i := range 20 {
		appended(t, c, c.f.batch(uint64(i), 5))
	}
	if a := c.agree(); a.Size != 1+5+100 {
		t.Fatalf("size %d", a.Size)
	}
	c.checkReads(t)
}

// checkReads asks leader and followers how far they are, and who leads.
func (c *cluster) checkReads(t *testing.T) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	leader, follower := c.leader(), c.follower()
	must(t, leader.replica.Barrier(ctx))
	must(t, follower.replica.WaitApplied(ctx, leader.machine.Applied().Index))
	var notLeader *NotLeaderError
	_, err := follower.replica.Submit(ctx, c.f.batch(1000, 1), nil)
	if !errors.As(err, &notLeader) || notLeader.Leader != leader.id || notLeader.API != "http://"+leader.id+".test" {
		t.Errorf("a follower refuses with %v", err)
	}
	if err := follower.replica.Barrier(ctx); !errors.As(err, &notLeader) {
		t.Errorf("a barrier on a follower: %v", err)
	}
	if peer, err := follower.replica.WaitLeader(ctx); err != nil || peer.ID != leader.id || peer.Address != leader.address {
		t.Errorf("leader %+v, %v", peer, err)
	}
	ended, cancel := context.WithCancel(ctx)
	cancel()
	if err := follower.replica.WaitApplied(ended, 1<<40); !errors.Is(err, context.Canceled) {
		t.Errorf("waiting for what never comes: %v", err)
	}
	select {
	case <-follower.replica.AppliedSince(0):
	default:
		t.Error("something was applied since 0")
	}
}
