package consensus

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/forgepool/settle/codec"
	"github.com/forgepool/settle/ledger"
	"github.com/forgepool/settle/settlement"
	"github.com/hashicorp/raft"
)

// heldFuture is a command that the test completes by hand.
type heldFuture struct {
	raft.ApplyFuture
	batches [][]byte
	stamp   uint64
	done    chan struct{}
	err     error
	result  ledger.Result
}

func (f *heldFuture) Error() error  { <-f.done; return f.err }
func (f *heldFuture) Response() any { return f.result }

// finish completes the command; without an error each batch gets outcomes that tell its
// length, up to 100.
func (f *heldFuture) finish(err error) {
	f.err = err
	for _, b := range f.batches {
		f.result.Batches = append(f.result.Batches, ledger.BatchResult{Outcomes: make([]codec.Outcome, min(len(b), 100))})
	}
	close(f.done)
}

// heldRaft collects what is proposed.
type heldRaft struct {
	commands chan *heldFuture
	sizes    []int // of the encoded commands; written by the proposer only
}

func (h *heldRaft) propose(data []byte, c *codec.Command, prepared []*settlement.Prepared) raft.ApplyFuture {
	if len(prepared) != len(c.Batches) {
		panic("batches and what is prepared differ")
	}
	h.sizes = append(h.sizes, len(data))
	f := &heldFuture{batches: c.Batches, stamp: c.Stamp, done: make(chan struct{})}
	h.commands <- f
	return f
}

func newHeldProposer(limit proposerLimits) (*proposer, *heldRaft) {
	h := &heldRaft{commands: make(chan *heldFuture, 1000)}
	limit.linger = time.Millisecond
	p := newProposer(proposerEnv{
		propose: h.propose,
		refused: (&Replica{}).refusedForTest,
		now:     func() time.Time { return time.UnixMilli(4711) },
	}, limit)
	return p, h
}

// refusedForTest is refused without the question who leads instead.
func (r *Replica) refusedForTest(err error) error {
	if errors.Is(err, raft.ErrNotLeader) {
		return &NotLeaderError{}
	}
	return r.refused(err)
}

func smallLimits() proposerLimits {
	return proposerLimits{maxInFlight: 2, maxInFlightBytes: 1 << 20, maxQueue: 8, maxQueueBytes: 1000}
}

// submission in the background; the error and the number of outcomes arrive on the
// channel.
type submitted struct {
	outcomes int
	err      error
}

func submitLater(ctx context.Context, p *proposer, size int) <-chan submitted {
	done := make(chan submitted, 1)
	go func() {
		r, err := p.submit(ctx, make([]byte, size), nil)
		done <- submitted{len(r.Outcomes), err}
	}()
	return done
}

func TestProposerAnswersEach(t *testing.T) {
	p, h := newHeldProposer(smallLimits())
	defer p.close()
	first := submitLater(context.Background(), p, 3)
	one := <-h.commands
	if len(one.batches) != 1 || one.stamp != 4711 {
		t.Fatalf("%d batches, stamp %d", len(one.batches), one.stamp)
	}
	one.finish(nil)
	if got := <-first; got.err != nil || got.outcomes != 3 {
		t.Fatalf("%+v", got)
	}
}

// TestProposerGroups fills the window and checks that what comes meanwhile shares one
// command, in order, and gets its own outcomes.
func TestProposerGroups(t *testing.T) {
	p, h := newHeldProposer(smallLimits())
	defer p.close()
	held := []<-chan submitted{submitLater(context.Background(), p, 1)}
	one := <-h.commands
	held = append(held, submitLater(context.Background(), p, 2))
	two := <-h.commands
	for size := 3; size < 9; size++ {
		held = append(held, submitLater(context.Background(), p, size))
		for p.queued.Load() != int64((size+3)*(size-2)/2) {
			time.Sleep(time.Millisecond)
		}
	}
	select {
	case <-h.commands:
		t.Fatal("the window was exceeded")
	case <-time.After(10 * time.Millisecond):
	}
	one.finish(nil)
	three := <-h.commands
	if len(three.batches) != 6 || len(three.batches[0]) != 3 || len(three.batches[5]) != 8 {
		t.Fatalf("%d batches in one command", len(three.batches))
	}
	two.finish(nil)
	three.finish(nil)
	for i, done := range held {
		if got := <-done; got.err != nil || got.outcomes != i+1 {
			t.Errorf("submission %d: %+v", i, got)
		}
	}
}

func TestProposerRefusesWhenFull(t *testing.T) {
	p, h := newHeldProposer(smallLimits())
	defer p.close()
	ctx, cancel := context.WithCancel(context.Background())
	a := submitLater(ctx, p, 10)
	one := <-h.commands
	b := submitLater(ctx, p, 10)
	two := <-h.commands // the window is full now
	big := submitLater(ctx, p, 1000)
	for p.queued.Load() != 1000 {
		time.Sleep(time.Millisecond)
	}
	if _, err := p.submit(ctx, []byte{1}, nil); !errors.Is(err, ErrOverloaded) {
		t.Errorf("one byte beyond the queue: %v", err)
	}
	if _, err := p.submit(ctx, make([]byte, maxCommand), nil); !errors.Is(err, ErrTooLarge) {
		t.Errorf("too large: %v", err)
	}
	cancel()
	if got := <-big; !errors.Is(got.err, context.Canceled) || errors.Is(got.err, ErrUnknown) {
		t.Errorf("given up in the queue: %v", got.err)
	}
	for _, proposed := range []<-chan submitted{a, b} {
		if got := <-proposed; !errors.Is(got.err, ErrUnknown) {
			t.Errorf("given up after it was proposed: %v", got.err)
		}
	}
	one.finish(nil)
	two.finish(nil)
	for p.queued.Load() != 0 {
		time.Sleep(time.Millisecond)
	}
	select {
	case c := <-h.commands:
		t.Errorf("a batch that was given up is proposed: %d", len(c.batches))
	case <-time.After(10 * time.Millisecond):
	}
}

// TestProposerErrors is the table of what raft's errors mean for a client.
func TestProposerErrors(t *testing.T) {
	var notLeader *NotLeaderError
	cases := []struct {
		raft error
		want func(error) bool
	}{
		{raft.ErrNotLeader, func(err error) bool { return errors.As(err, &notLeader) }},
		{raft.ErrEnqueueTimeout, func(err error) bool { return errors.Is(err, ErrOverloaded) }},
		{raft.ErrLeadershipLost, func(err error) bool { return errors.Is(err, ErrUnknown) }},
		{raft.ErrRaftShutdown, func(err error) bool { return errors.Is(err, ErrUnknown) }},
		{errors.New("store failed"), func(err error) bool { return errors.Is(err, ErrUnknown) }},
	}
	p, h := newHeldProposer(smallLimits())
	defer p.close()
	for _, tc := range cases {
		done := submitLater(context.Background(), p, 1)
		(<-h.commands).finish(tc.raft)
		if got := <-done; !tc.want(got.err) {
			t.Errorf("%v became %v", tc.raft, got.err)
		}
	}
}

// TestProposerCommandSize submits batches of every kind of size at once: no command may
// exceed what a raft entry holds.
func TestProposerCommandSize(t *testing.T) {
	limit := smallLimits()
	limit.maxQueue, limit.maxQueueBytes = 1000, 64<<20
	p, h := newHeldProposer(limit)
	var wg sync.WaitGroup
	sizes := []int{maxCommand - perBatch - commandOverhead, 1, 2 << 20, 2<<20 + 40<<10, 24, 300, 70_000, 1 << 20, 3 << 20}
	for _, size := range append(sizes, sizes...) {
		wg.Go(func() {
			if _, err := p.submit(context.Background(), make([]byte, size), nil); err != nil {
				t.Error(err)
			}
		})
	}
	all := make(chan struct{})
	go func() { wg.Wait(); close(all) }()
	for over := false; !over; {
		select {
		case c := <-h.commands:
			c.finish(nil)
		case <-all:
			over = true
		}
	}
	p.close()
	for _, size := range h.sizes {
		if size > maxCommand {
			t.Errorf("a command has %d bytes, more than %d", size, maxCommand)
		}
	}
}
