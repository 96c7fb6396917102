package consensus

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/forgepool/settle/codec"
	"github.com/forgepool/settle/ledger"
	"github.com/forgepool/settle/settlement"
	"github.com/hashicorp/raft"
)

// watchLeadership keeps readyTerm: the term in which this replica leads and has applied
// everything that earlier leaders committed.
func (r *Replica) watchLeadership() {
	defer r.tasks.Done()
	for {
		select {
		case <-r.ctx.Done():
			return
		case leads := <-r.raft.LeaderCh():
			r.log.leading.Store(leads)
			r.readyTerm.Store(0)
			if leads {
				r.becomeReady()
			}
		}
	}
}

func (r *Replica) becomeReady() {
	term := r.raft.CurrentTerm()
	if err := r.raft.Barrier(r.o.RPCTimeout).Error(); err != nil {
		r.o.Logger.Warn("leadership ended before it began", "error", err)
		return
	}
	r.readyTerm.Store(term)
	r.o.Logger.Info("leading", "term", term)
}

// IsLeader says whether raft believes that this replica leads.
func (r *Replica) IsLeader() bool { return r.raft.State() == raft.Leader }

// LeaderReady says whether this replica leads and has applied everything committed
// before its term, so that what it reads is complete and it may accept batches.
func (r *Replica) LeaderReady() bool {
	return r.IsLeader() && r.readyTerm.Load() == r.raft.CurrentTerm()
}

// Leader returns who leads as far as this replica knows; empty if nobody is known.
func (r *Replica) Leader() Peer {
	address, id := r.raft.LeaderWithID()
	if id == "" {
		return Peer{}
	}
	return Peer{ID: string(id), Address: string(address), API: r.node(string(id)).API, Voter: true}
}

func (r *Replica) notLeader() error {
	leader := r.Leader()
	if leader.ID == r.o.ID {
		return &NotLeaderError{} // leads, but is not ready or is giving the leadership away
	}
	return &NotLeaderError{Leader: leader.ID, API: leader.API}
}

// Submit proposes a batch, grouped with others, and returns its result when it is
// committed and applied here. prepared is what settlement.Prepare returned for the same
// bytes, or nil.
//
// Certainly nothing was committed if the error is a *NotLeaderError, ErrOverloaded,
// ErrTooLarge, or that of a ctx that ended in time. If it wraps ErrUnknown, the batch
// may be committed now or later. A *codec.Refusal is the ledger's answer to the whole
// command.
func (r *Replica) Submit(ctx context.Context, batch []byte, prepared *settlement.Prepared) (ledger.BatchResult, error) {
	if !r.LeaderReady() {
		return ledger.BatchResult{}, r.notLeader()
	}
	if prepared == nil {
		prepared = settlement.Prepare(batch)
	}
	return r.proposer.submit(ctx, batch, prepared)
}

// Propose proposes any other command, stamped here, and returns its result. Errors as
// for Submit.
func (r *Replica) Propose(ctx context.Context, c *codec.Command) (ledger.Result, error) {
	if !r.IsLeader() {
		return ledger.Result{}, r.notLeader()
	}
	stamped := *c
	stamped.Stamp = milliseconds(r.o.Clock())
	data := codec.EncodeCommand(&stamped)
	if len(data) > maxCommand {
		return ledger.Result{}, ErrTooLarge
	}
	type answer struct {
		result ledger.Result
		err    error
	}
	answered := make(chan answer, 1)
	go func() {
		result, err := commandResult(r.raft.Apply(data, r.o.RPCTimeout), r.refused)
		answered <- answer{result, err}
	}()
	select {
	case a := <-answered:
		return a.result, a.err
	case <-ctx.Done():
		return ledger.Result{}, fmt.Errorf("%w: %w", ErrUnknown, context.Cause(ctx))
	}
}

// proposeBatches hands a command to raft with what is known of it.
func (r *Replica) proposeBatches(data []byte, c *codec.Command, prepared []*settlement.Prepared) raft.ApplyFuture {
	r.ahead.put(data, c, prepared)
	return r.raft.Apply(data, r.o.RPCTimeout)
}

// refused translates raft's errors. Those of the first two cases come before anything
// is stored; every other one leaves it open whether the entry survives.
func (r *Replica) refused(err error) error {
	switch {
	case errors.Is(err, raft.ErrNotLeader), errors.Is(err, raft.ErrLeadershipTransferInProgress):
		return r.notLeader()
	case errors.Is(err, raft.ErrEnqueueTimeout):
		return ErrOverloaded
	default:
		return fmt.Errorf("%w: %w", ErrUnknown, err)
	}
}

// Barrier returns when everything committed before it is applied here. Only a leader
// can do it; a read after it sees the newest state.
func (r *Replica) Barrier(ctx context.Context) error {
	future := r.raft.Barrier(r.o.RPCTimeout)
	return r.await(ctx, future)
}

// await waits for a future of raft, or for ctx.
func (r *Replica) await(ctx context.Context, future raft.Future) error {
	done := make(chan error, 1)
	go func() { done <- future.Error() }()
	select {
	case err := <-done:
		if err != nil {
			return r.refused(err)
		}
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// WaitApplied returns when this replica has applied the raft entry with this index, or
// a later one that reached the ledger.
func (r *Replica) WaitApplied(ctx context.Context, index uint64) error {
	for {
		applied, moved := r.fsm.progress()
		if applied >= index {
			return nil
		}
		select {
		case <-moved:
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-r.ctx.Done():
			return errClosed
		}
	}
}

// term returns the raft term, 0 before raft has started.
func (r *Replica) term() uint64 {
	if !r.log.running.Load() {
		return 0
	}
	return r.raft.CurrentTerm()
}

// AppliedSince returns a channel that is closed when the ledger has applied something
// beyond index; it is closed already if it has.
func (r *Replica) AppliedSince(index uint64) <-chan struct{} {
	applied, moved := r.fsm.progress()
	if applied > index {
		done := make(chan struct{})
		close(done)
		return done
	}
	return moved
}

// leadershipRetry is the pause between attempts to find a leader.
const leadershipRetry = 10 * time.Millisecond

// WaitLeader returns who leads as soon as somebody does.
func (r *Replica) WaitLeader(ctx context.Context) (Peer, error) {
	for {
		if leader := r.Leader(); leader.ID != "" && (leader.ID != r.o.ID || r.LeaderReady()) {
			return leader, nil
		}
		select {
		case <-ctx.Done():
			return Peer{}, context.Cause(ctx)
		case <-r.ctx.Done():
			return Peer{}, errClosed
		case <-time.After(leadershipRetry):
		}
	}
}
