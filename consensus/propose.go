package consensus

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/forgepool/settle/codec"
	"github.com/forgepool/settle/ledger"
	"github.com/forgepool/settle/settlement"
	"github.com/hashicorp/raft"
)

// How batches become raft entries.
//
// One entry per batch would cost a synced write each; waiting for a full entry would
// cost latency when the load is low. So one goroutine, the proposer, keeps a window of
// commands that are under way, bounded in number and bytes. While the window is empty,
// whatever has arrived is proposed at once. While it is not, batches gather for at most
// Options.Linger (or until they fill half an entry), which is less than the synced write
// that they would otherwise cost; and while the window is full they gather until it
// opens. So the group grows with the load by itself, and memory is bounded by window and
// queue. A submission that finds the queue full is refused at once.
//
// Invariants: a submission is answered exactly once. Its place in the queue is free
// again when it was proposed or given up. Only the proposer calls raft.Apply, so
// batches are proposed in the order in which they came.

// proposer groups submissions into commands.
type proposer struct {
	env   proposerEnv
	limit proposerLimits

	queue  chan *submission
	queued atomic.Int64 // bytes of submissions in queue and pending
	finish chan int     // size of a command that is no longer under way
	closed chan struct{}
	done   sync.WaitGroup // the loop

	inFlight      atomic.Int64
	inFlightBytes atomic.Int64
}

// proposerEnv is all that the proposer needs from the replica.
type proposerEnv struct {
	propose func(data []byte, command *codec.Command, prepared []*settlement.Prepared) raft.ApplyFuture
	refused func(err error) error // maps raft's error to ours
	now     func() time.Time
}

type proposerLimits struct {
	linger           time.Duration
	maxInFlight      int
	maxInFlightBytes int
	maxQueue         int
	maxQueueBytes    int
}

// perBatch is more than a command adds to the bytes of one batch.
const perBatch = 16

// commandOverhead is more than a command without batches takes.
const commandOverhead = 64

// submission is one batch that waits for its result.
type submission struct {
	batch    []byte
	prepared *settlement.Prepared
	state    atomic.Int32 // one of the states below
	result   chan submitResult
}

// States of a submission: the proposer moves it from waiting to proposed, its submitter
// from waiting to abandoned; whoever comes second leaves it.
const (
	waiting int32 = iota
	proposed
	abandoned
)

type submitResult struct {
	batch ledger.BatchResult
	err   error
}

func newProposer(env proposerEnv, limit proposerLimits) *proposer {
	p := &proposer{
		env: env, limit: limit,
		queue:  make(chan *submission, limit.maxQueue),
		finish: make(chan int, limit.maxInFlight),
		closed: make(chan struct{}),
	}
	p.done.Add(1)
	go p.run()
	return p
}

// submit queues a batch and waits for its result. If ctx ends before the batch is
// proposed, nothing happens and the error is ctx's; afterwards it wraps ErrUnknown.
func (p *proposer) submit(ctx context.Context, batch []byte, prepared *settlement.Prepared) (ledger.BatchResult, error) {
	size := int64(len(batch))
	if size+perBatch+commandOverhead > maxCommand {
		return ledger.BatchResult{}, ErrTooLarge
	}
	if p.queued.Add(size) > int64(p.limit.maxQueueBytes) {
		p.queued.Add(-size)
		return ledger.BatchResult{}, ErrOverloaded
	}
	s := &submission{batch: batch, prepared: prepared, result: make(chan submitResult, 1)}
	select {
	case <-p.closed:
		p.queued.Add(-size)
		return ledger.BatchResult{}, &NotLeaderError{}
	case p.queue <- s:
	default:
		p.queued.Add(-size)
		return ledger.BatchResult{}, ErrOverloaded
	}
	return s.wait(ctx, p.closed)
}

func (s *submission) wait(ctx context.Context, closed <-chan struct{}) (ledger.BatchResult, error) {
	var cause error
	select {
	case r := <-s.result:
		return r.batch, r.err
	case <-ctx.Done():
		cause = context.Cause(ctx)
	case <-closed:
		cause = errors.New("replica is closing")
	}
	if s.state.CompareAndSwap(waiting, abandoned) {
		return ledger.BatchResult{}, cause
	}
	select {
	case r := <-s.result:
		return r.batch, r.err
	default:
		return ledger.BatchResult{}, fmt.Errorf("%w: %w", ErrUnknown, cause)
	}
}

// run is the proposer's loop.
func (p *proposer) run() {
	defer p.done.Done()
	var group group
	linger := time.NewTimer(0)
	<-linger.C
	lingering, due := false, false
	for {
		queue := p.queue
		if group.full() {
			queue = nil
		}
		select {
		case <-p.closed:
			return
		case s := <-queue:
			p.gather(&group, s)
		case size := <-p.finish:
			p.inFlight.Add(-1)
			p.inFlightBytes.Add(-int64(size))
		case <-linger.C:
			lingering, due = false, true
		}
		idle := p.inFlight.Load() == 0
		for group.any() && p.open(&group) && (idle || due || group.heavy()) {
			p.propose(&group)
			due, idle = false, false
		}
		if group.any() && !lingering && !due {
			linger.Reset(p.limit.linger)
			lingering = true
		}
	}
}

// gather adds s and whatever else is in the queue and fits.
func (p *proposer) gather(g *group, s *submission) {
	for {
		g.add(s)
		if g.full() {
			return
		}
		select {
		case s = <-p.queue:
		default:
			return
		}
	}
}

// open says whether the window has room for the next command.
func (p *proposer) open(g *group) bool {
	n := p.inFlight.Load()
	return n == 0 || (n < int64(p.limit.maxInFlight) && p.inFlightBytes.Load()+int64(g.nextSize()) <= int64(p.limit.maxInFlightBytes))
}

// propose takes one command's worth of submissions from the group and proposes it.
func (p *proposer) propose(g *group) {
	taken := g.take()
	live := taken[:0]
	for _, s := range taken {
		p.queued.Add(-int64(len(s.batch)))
		if s.state.CompareAndSwap(waiting, proposed) {
			live = append(live, s)
		}
	}
	if len(live) == 0 {
		return
	}
	command := codec.Command{Version: 1, Kind: codec.CommandBatches, Stamp: milliseconds(p.env.now())}
	prepared := make([]*settlement.Prepared, len(live))
	for i, s := range live {
		command.Batches = append(command.Batches, s.batch)
		prepared[i] = s.prepared
	}
	data := codec.EncodeCommand(&command)
	p.inFlight.Add(1)
	p.inFlightBytes.Add(int64(len(data)))
	future := p.env.propose(data, &command, prepared)
	go p.await(future, live, len(data))
}

// await hands the results of one command to its submitters.
func (p *proposer) await(future raft.ApplyFuture, live []*submission, size int) {
	result, err := commandResult(future, p.env.refused)
	if err == nil && result.Refusal == nil && len(result.Batches) != len(live) {
		panic(fmt.Sprintf("consensus: %d results for %d batches", len(result.Batches), len(live)))
	}
	for i, s := range live {
		switch {
		case err != nil:
			s.result <- submitResult{err: err}
		case result.Refusal != nil:
			s.result <- submitResult{err: result.Refusal}
		default:
			s.result <- submitResult{batch: result.Batches[i]}
		}
	}
	select {
	case p.finish <- size:
	case <-p.closed:
	}
}

// close stops proposing. Raft must be shut down, which answers what is under way.
func (p *proposer) close() {
	close(p.closed)
	p.done.Wait()
}

// commandResult waits for a command and returns what the ledger said.
func commandResult(future raft.ApplyFuture, refused func(error) error) (ledger.Result, error) {
	if err := future.Error(); err != nil {
		return ledger.Result{}, refused(err)
	}
	result, ok := future.Response().(ledger.Result)
	if !ok {
		return ledger.Result{}, fmt.Errorf("%w: the state machine gave no result", ErrUnknown)
	}
	return result, nil
}

func milliseconds(t time.Time) uint64 { return uint64(max(t.UnixMilli(), 0)) }
