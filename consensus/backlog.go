package consensus

import (
	"sync"
	"time"
)

// maxBacklogWait bounds one wait. It stays below the leader's lease: a follower that
// pauses longer than that would look dead.
const maxBacklogWait = 400 * time.Millisecond

// backlog counts the bytes of entries that raft holds in memory because the state
// machine has not applied them yet. Raft itself bounds that number only by entries
// (128 groups of MaxAppendEntries), which is gigabytes for large batches. A replica
// that is behind its limit takes new entries slowly.
type backlog struct {
	mu      sync.Mutex
	limit   int
	bytes   int
	waiting []backlogEntry // ascending by index
	applied uint64
	drained chan struct{} // closed and replaced when bytes falls
}

type backlogEntry struct {
	index uint64
	size  int
}

func newBacklog(limit int, applied uint64) *backlog {
	return &backlog{limit: limit, applied: applied, drained: make(chan struct{})}
}

// add counts an entry, unless it is counted or applied already.
func (b *backlog) add(index uint64, size int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if n := len(b.waiting); index <= b.applied || (n > 0 && index <= b.waiting[n-1].index) {
		return
	}
	b.waiting = append(b.waiting, backlogEntry{index, size})
	b.bytes += size
}

// done forgets everything up to index.
func (b *backlog) done(index uint64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.applied = max(b.applied, index)
	for len(b.waiting) > 0 && b.waiting[0].index <= index {
		b.bytes -= b.waiting[0].size
		b.waiting = b.waiting[1:]
	}
	b.notify()
}

// cut forgets everything from index on: the tail of the log was replaced.
func (b *backlog) cut(index uint64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for n := len(b.waiting); n > 0 && b.waiting[n-1].index >= index; n-- {
		b.bytes -= b.waiting[n-1].size
		b.waiting = b.waiting[:n-1]
	}
	b.notify()
}

func (b *backlog) notify() {
	close(b.drained)
	b.drained = make(chan struct{})
}

// wait returns when the backlog is below its limit, or after maxBacklogWait.
func (b *backlog) wait() {
	var deadline <-chan time.Time
	for {
		b.mu.Lock()
		full, drained := b.bytes > b.limit, b.drained
		b.mu.Unlock()
		if !full {
			return
		}
		if deadline == nil {
			timer := time.NewTimer(maxBacklogWait)
			defer timer.Stop()
			deadline = timer.C
		}
		select {
		case <-drained:
		case <-deadline:
			return
		}
	}
}

// size returns the bytes that wait.
func (b *backlog) size() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.bytes
}
