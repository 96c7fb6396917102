package node

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/forgepool/settle/client"
	"github.com/forgepool/settle/codec"
)

// TestExactlyOnceAcrossFailovers stops the leader while clients submit over HTTP to any
// node, twice. Every batch must take effect once, and be told the same wherever and
// whenever it is sent again.
func TestExactlyOnceAcrossFailovers(t *testing.T) {
	c := start(t, 3)
	ctx, cancel := context.WithTimeout(t.Context(), 4*patient)
	defer cancel()
	const clients, each = 3, 12
	s := &senders{cluster: c, told: map[*client.Batch][]codec.Outcome{}}
	// a restarted node has another address, so the addresses are fixed first
	for i := range c.nodes {
		c.configs[i].API = c.nodes[i].Address("api")
	}
	var wg sync.WaitGroup
	for range clients {
		wg.Go(func() { s.send(ctx, each) })
	}
	for round := range int64(2) {
		for s.done.Load() < 4+12*round {
			if !pauseFor(ctx, checkpointPause/100) {
				t.Fatal("nothing gets through")
			}
		}
		old := c.leader()
		c.stop(old)
		c.leader()
		c.start(old)
	}
	wg.Wait()
	c.await()
	s.check(ctx, 1+2*clients*each)
	c.checkSameRoots(ctx)
}

// senders submit batches of two registrations each.
type senders struct {
	*cluster
	done atomic.Int64
	mu   sync.Mutex
	told map[*client.Batch][]codec.Outcome
}

// send submits n batches, one after the other, through whichever node answers.
func (s *senders) send(ctx context.Context, n int) {
	var urls []string
	for i := range s.configs {
		urls = append(urls, "http://"+s.configs[i].API)
	}
	sdk, err := client.Dial(s.trust, urls...)
	if err != nil {
		s.t.Error(err)
		return
	}
	defer sdk.Close()
	for range n {
		b := s.batch(s.registration(party(codec.RoleCustomer)), s.registration(party(codec.RoleCustomer)))
		answer, err := sdk.Submit(ctx, b.Bytes)
		if err != nil {
			s.t.Error(err)
			return
		}
		s.mu.Lock()
		s.told[b] = answer.Outcomes
		s.mu.Unlock()
		s.done.Add(1)
	}
}

// check sends every batch again, through each node, and counts the records.
func (s *senders) check(ctx context.Context, size uint64) {
	s.t.Helper()
	seen := map[uint64]bool{}
	for b, told := range s.told {
		for i := range s.nodes {
			again, err := s.client(i).Submit(ctx, b.Bytes)
			if err != nil || !again.Known || !slices.Equal(again.Outcomes, told) {
				s.t.Errorf("told %+v, then %+v (%v)", told, again, err)
			}
		}
		for _, o := range told {
			if o.Kind != codec.Appended || seen[o.Index] {
				s.t.Errorf("outcome %+v", o)
			}
			seen[o.Index] = true
		}
	}
	status, err := s.client(0).Service().Status(ctx)
	if err != nil || status.Size != size {
		s.t.Errorf("size %+v (%v), want %d", status, err, size)
	}
}
