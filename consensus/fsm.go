package consensus

import (
	"errors"
	"fmt"
	"io"
	"sync"

	"github.com/forgepool/settle/ledger"
	"github.com/hashicorp/raft"
)

// fsm is the thin layer between raft and the ledger. Raft calls Apply, Snapshot and
// Restore from one goroutine, Persist from another. Nothing here decides anything
// about a command; this is the only file with an untyped result.
type fsm struct {
	machine Machine
	log     *logStore
	ahead   *preparer
	guard   *diskGuard
	changed func() // a membership entry was applied

	mu      sync.Mutex
	applied uint64
	moved   chan struct{} // closed and replaced when applied rises
}

var _ raft.BatchingFSM = (*fsm)(nil)

// Apply implements raft.FSM.
func (f *fsm) Apply(l *raft.Log) any { return f.ApplyBatch([]*raft.Log{l})[0] }

// ApplyBatch implements raft.BatchingFSM. Membership entries come this way too, and
// are kept in the same write as the applied index.
func (f *fsm) ApplyBatch(logs []*raft.Log) []any {
	entries := make([]ledger.Entry, len(logs))
	membership := false
	for i, l := range logs {
		entries[i] = ledger.Entry{Index: l.Index, Term: l.Term}
		switch l.Type {
		case raft.LogConfiguration:
			entries[i].Configuration = l.Data
			membership = true
		case raft.LogCommand:
			entries[i].Command = l.Data
			entries[i].Decoded, entries[i].Prepared = f.ahead.take(l.Data)
		default:
			panic(fmt.Sprintf("consensus: raft applies an entry of type %v", l.Type))
		}
	}
	results := f.apply(entries)
	f.note(logs[len(logs)-1].Index)
	if membership {
		f.changed()
	}
	responses := make([]any, len(results))
	for i := range results {
		if d := results[i].Divergence; d != nil {
			_ = f.guard.stopWith(&FatalError{Code: ExitDivergence, Err: &DivergenceError{Divergence: d}})
		}
		responses[i] = results[i]
	}
	return responses
}

// apply hands entries to the ledger. A store that contradicts itself ends the process
// with its own code; any other panic is a fault in the program and goes on.
func (f *fsm) apply(entries []ledger.Entry) []ledger.Result {
	defer func() {
		r := recover()
		if r == nil {
			return
		}
		var broken *ledger.IntegrityError
		if err, ok := r.(error); ok && errors.As(err, &broken) {
			_ = f.guard.stopWith(&FatalError{Code: ExitIntegrity, Err: err})
		}
		panic(r)
	}()
	return f.machine.Apply(entries)
}

// note tells everybody who counts that the state has applied up to index.
func (f *fsm) note(index uint64) {
	f.log.applied.Store(index)
	f.log.backlog.done(index)
	f.mu.Lock()
	defer f.mu.Unlock()
	f.applied = index
	close(f.moved)
	f.moved = make(chan struct{})
}

// progress returns the applied index and a channel that is closed when it rises.
func (f *fsm) progress() (uint64, <-chan struct{}) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.applied, f.moved
}

// Snapshot implements raft.FSM. The state on disk is the snapshot, so there is nothing
// to capture.
func (f *fsm) Snapshot() (raft.FSMSnapshot, error) { return flushed{f}, nil }

// flushed makes the state durable; raft truncates its log afterwards.
type flushed struct{ fsm *fsm }

// Persist implements raft.FSMSnapshot.
func (s flushed) Persist(sink raft.SnapshotSink) error {
	local, ok := sink.(*snapshotSink)
	if !ok {
		return fmt.Errorf("snapshot sink is a %T", sink)
	}
	local.local = true
	return s.fsm.flush()
}

// Release implements raft.FSMSnapshot.
func (flushed) Release() {}

// flush makes everything applied so far durable, and notes how far that is.
func (f *fsm) flush() error {
	index := f.machine.Applied().Index
	if err := f.guard.write("flush the state", f.machine.Flush); err != nil {
		return err
	}
	f.log.durable.Store(max(index, f.log.durable.Load()))
	return nil
}

// Restore implements raft.FSM: it puts a verified incoming snapshot in the place of
// the state. An error leaves the old state.
func (f *fsm) Restore(source io.ReadCloser) error {
	if wrapped, ok := source.(raft.ReadCloserWrapper); ok {
		source = wrapped.WrappedReadCloser()
	}
	incoming, ok := source.(*verifiedSnapshot)
	if !ok {
		return fmt.Errorf("restore from a %T: only a snapshot from the leader can replace the state", source)
	}
	if applied := f.machine.Applied().Index; incoming.meta.Index <= applied {
		return fmt.Errorf("%w: it is at %d, the state at %d", ErrStale, incoming.meta.Index, applied)
	}
	if err := incoming.swap(); err != nil {
		var torn *ledger.SwapError
		if errors.As(err, &torn) {
			return f.guard.fail(err)
		}
		return err
	}
	f.log.replaced.Store(true)
	f.log.durable.Store(incoming.meta.Index)
	f.note(incoming.meta.Index)
	f.changed()
	return nil
}
