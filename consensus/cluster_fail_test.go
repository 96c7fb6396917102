package consensus

import (
	"context"
	"errors"
	"os"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/forgepool/settle/codec"
)

// TestFailover kills the leader while clients submit, again and again, and checks that
// every batch is settled exactly once, whatever its client was told meanwhile.
func TestFailover(t *testing.T) {
	c := newCluster(t, 3, nil)
	c.startAll()
	appended(t, c, c.f.first)
	const clients, perClient = 4, 15
	var done atomic.Int64
	outcomes := make([][][]codec.Outcome, clients)
	var wg sync.WaitGroup
	for client := range clients {
		outcomes[client] = make([][]codec.Outcome, perClient)
		wg.Go(func() {
			for i := range perClient {
				outcomes[client][i] = c.retry(t, c.f.batch(uint64(client*100+i), 3))
				done.Add(1)
			}
		})
	}
	for round := range 2 {
		c.until("some batches are through", func() bool { return done.Load() > int64(10+20*round) })
		victim := c.leader()
		c.mu.Lock()
		victim.stop()
		c.mu.Unlock()
		c.leader()
		c.mu.Lock()
		must(t, victim.start())
		c.mu.Unlock()
	}
	wg.Wait()
	a := c.agree()
	if want := uint64(1 + 5 + clients*perClient*3); a.Size != want {
		t.Fatalf("%d records, want %d", a.Size, want)
	}
	c.checkOnce(t, outcomes)
}

// retry submits until the outcome is definite; it tolerates nodes that come and go.
func (c *cluster) retry(t *testing.T, batch []byte) []codec.Outcome {
	deadline := time.Now().Add(patience)
	for time.Now().Before(deadline) {
		for _, n := range c.nodes {
			c.mu.Lock()
			replica := n.replica
			c.mu.Unlock()
			if replica == nil || !replica.LeaderReady() {
				continue
			}
			ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
			result, err := replica.Submit(ctx, batch, nil)
			cancel()
			if err == nil {
				return result.Outcomes
			}
		}
		time.Sleep(time.Millisecond)
	}
	t.Error("a batch was never settled")
	return nil
}

// checkOnce checks that the indexes that clients were told are distinct, and that every
// replica has the record there.
func (c *cluster) checkOnce(t *testing.T, outcomes [][][]codec.Outcome) {
	seen := make(map[uint64]bool)
	for _, n := range c.nodes {
		view := n.machine.Read()
		for client := range outcomes {
			for i, batch := range outcomes[client] {
				for k, o := range batch {
					if seen[o.Index] && n == c.nodes[0] {
						t.Errorf("index %d was told twice", o.Index)
					}
					seen[o.Index] = true
					at, err := view.RecordByID(c.f.hub, number('e', uint64(client*100+i)<<16|uint64(k)))
					if err != nil || at != o.Index {
						t.Errorf("%s: record is at %d, client was told %d (%v)", n.id, at, o.Index, err)
					}
				}
			}
		}
		must(t, view.Close())
	}
}

// TestCatchUpByLog stops a follower, goes on, and starts it again.
func TestCatchUpByLog(t *testing.T) {
	c := newCluster(t, 3, nil)
	c.startAll()
	appended(t, c, c.f.first)
	late := c.follower()
	late.stop()
	for i := range 10 {
		appended(t, c, c.f.batch(uint64(i), 20))
	}
	must(t, late.start())
	late.waitJoined()
	if a := c.agree(); a.Size != 6+200 {
		t.Fatalf("size %d", a.Size)
	}
	if late.machine.Applied().Installed != 0 {
		t.Error("the follower got a snapshot; its log would have done")
	}
}

// TestCatchUpBySnapshot does the same after the leader has truncated its log.
func TestCatchUpBySnapshot(t *testing.T) {
	c := newCluster(t, 3, func(o *Options) { o.TrailingBytes, o.TrailingEntries = 1, 1 })
	c.startAll()
	appended(t, c, c.f.first)
	late := c.follower()
	late.stop()
	for i := range 10 {
		appended(t, c, c.f.batch(uint64(i), 20))
	}
	leader := c.leader()
	must(t, leader.replica.retention.truncate())
	if s := leader.replica.Stats(); s.FirstIndex < 5 {
		t.Fatalf("the log still begins at %d", s.FirstIndex)
	}
	must(t, late.start())
	late.waitJoined()
	appended(t, c, c.f.batch(100, 5))
	if a := c.agree(); a.Size != 6+205 {
		t.Fatalf("size %d", a.Size)
	}
	if late.machine.Applied().Installed == 0 {
		t.Errorf("the follower did not get a snapshot: %+v; leader %+v", late.replica.Stats(), leader.replica.Stats())
	}
	late.stop()
	must(t, late.start())
	late.waitJoined()
	c.agree()
}

// TestConflictingTail lets a leader store entries that nobody else gets; they must give
// way to what the others commit meanwhile.
func TestConflictingTail(t *testing.T) {
	c := newCluster(t, 3, func(o *Options) { o.LeaseTimeout = 290 * time.Millisecond })
	c.startAll()
	appended(t, c, c.f.first)
	old := c.leader()
	others := make([]*node, 0, 2)
	for _, n := range c.nodes {
		if n != old {
			others = append(others, n)
			n.stop()
		}
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	lost := c.f.batch(1, 3)
	_, err := old.replica.Submit(ctx, lost, nil)
	if !errors.Is(err, ErrUnknown) {
		t.Fatalf("a leader that lost its quorum said %v", err)
	}
	tail := old.replica.Stats().LastIndex
	old.stop()
	for _, n := range others {
		must(t, n.start())
	}
	for i := range 5 {
		appended(t, c, c.f.batch(uint64(10+i), 2))
	}
	must(t, old.start())
	old.waitJoined()
	a := c.agree()
	if a.Index <= tail {
		t.Fatalf("the others committed %d entries, the old tail reached %d", a.Index, tail)
	}
	if a.Size != 6+10 {
		t.Fatalf("size %d: the lost batch reappeared or another is missing", a.Size)
	}
	appended(t, c, lost)
	c.agree()
}

// TestRestoredDirectory puts an old copy of a node's directory back.
func TestRestoredDirectory(t *testing.T) {
	c := newCluster(t, 3, nil)
	c.startAll()
	appended(t, c, c.f.first)
	victim := c.follower()
	victim.stop()
	backup := t.TempDir()
	copyDir(t, victim.dir, backup)
	must(t, victim.start())
	victim.waitJoined()
	appended(t, c, c.f.batch(1, 10))
	c.agree()
	victim.stop()
	copyDir(t, backup, victim.dir)
	var fatal *FatalError
	if err := victim.start(); !errors.As(err, &fatal) || fatal.Code != ExitIncarnation {
		t.Fatalf("start from an old copy: %v", err)
	}
}

// TestRestoredDirectoryUnnoticed does it while no peer answers at the start: the
// announcement must find out.
func TestRestoredDirectoryUnnoticed(t *testing.T) {
	c := newCluster(t, 3, func(o *Options) { o.HelloTimeout = time.Nanosecond })
	c.startAll()
	victim := c.follower()
	victim.stop()
	backup := t.TempDir()
	copyDir(t, victim.dir, backup)
	must(t, victim.start())
	victim.waitJoined()
	victim.stop()
	copyDir(t, backup, victim.dir)
	must(t, victim.start())
	c.until("the rolled back node stops", func() bool { return victim.died() != nil })
	if victim.died().Code != ExitIncarnation {
		t.Fatal(victim.died())
	}
}

func copyDir(t testing.TB, from, to string) {
	t.Helper()
	must(t, os.RemoveAll(to))
	must(t, os.CopyFS(to, os.DirFS(from)))
}

func TestDoubleStart(t *testing.T) {
	c := newCluster(t, 1, nil)
	c.startAll()
	if _, err := c.nodes[0].options(); err == nil {
		t.Fatal("the port should be taken")
	}
	c.nodes[0].address = freeAddress(t)
	o, err := c.nodes[0].options()
	must(t, err)
	_, err = Open(o)
	if !errors.Is(err, ErrLocked) {
		t.Fatalf("second start: %v", err)
	}
}
