package consensus

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hashicorp/raft"
)

// maxEntry bounds one stored entry: a full command.
const maxEntry = maxCommand

// logStore is the raft log as raft sees it: raft-wal behind the disk guard, with a
// cache of the newest entries, the backlog limit, and the rules about what may be
// deleted.
type logStore struct {
	wal interface {
		raft.LogStore
		Close() error
	}
	guard   *diskGuard
	cache   *entryCache
	backlog *backlog
	ahead   *preparer
	observe func(elapsed time.Duration, entries, bytes int)
	written atomic.Pointer[func(bytes int)] // tells the retention how much was written

	// Bounds of what raft may delete; written by the state machine.
	applied  atomic.Uint64 // last raft index the state has applied
	durable  atomic.Uint64 // last raft index whose effects are on disk
	replaced atomic.Bool   // a snapshot replaced the state; the whole log goes next
	leading  atomic.Bool   // this replica leads, so the backlog limit is the proposer's
	running  atomic.Bool   // raft has started

	appends struct {
		sync.Mutex
		AppendStats
	}
}

// AppendStats counts writes of the raft log since the start.
type AppendStats struct {
	Appends uint64        // synced writes
	Entries uint64        // entries in them
	Bytes   uint64        // their data
	Total   time.Duration // time spent
	Longest time.Duration // longest single write
}

// IsMonotonic tells raft that the log has no gaps.
func (s *logStore) IsMonotonic() bool { return true }

// FirstIndex implements raft.LogStore.
func (s *logStore) FirstIndex() (uint64, error) { return s.wal.FirstIndex() }

// LastIndex implements raft.LogStore.
func (s *logStore) LastIndex() (uint64, error) { return s.wal.LastIndex() }

// GetLog implements raft.LogStore. An entry that is not what was written stops the
// replica.
func (s *logStore) GetLog(index uint64, l *raft.Log) error {
	if cached := s.cache.get(index); cached != nil {
		*l = *cached
		return nil
	}
	first, err := s.wal.FirstIndex()
	if err == nil {
		err = s.wal.GetLog(index, l)
	}
	switch {
	case errors.Is(err, raft.ErrLogNotFound), err == nil && index < first:
		// The library still finds entries that were deleted from its newest file.
		return raft.ErrLogNotFound
	case err != nil:
		return s.guard.fail(fmt.Errorf("read log entry %d: %w", index, err))
	case l.Index != index:
		return s.guard.fail(fmt.Errorf("read log entry %d: %w: it is entry %d", index, errEntryDamaged, l.Index))
	}
	if s.running.Load() && index > s.applied.Load() && !s.leading.Load() {
		s.backlog.wait()
		s.backlog.add(index, len(l.Data))
	}
	return nil
}

// StoreLog implements raft.LogStore.
func (s *logStore) StoreLog(l *raft.Log) error { return s.StoreLogs([]*raft.Log{l}) }

// StoreLogs implements raft.LogStore: when it returns nil, the entries are on disk.
func (s *logStore) StoreLogs(logs []*raft.Log) error {
	size := 0
	for _, l := range logs {
		if len(l.Data) > maxEntry {
			return s.guard.fail(fmt.Errorf("log entry %d has %d bytes, more than %d", l.Index, len(l.Data), maxEntry))
		}
		size += len(l.Data)
	}
	if !s.leading.Load() {
		s.backlog.wait()
	}
	start := time.Now()
	if err := s.guard.write("append to log", func() error { return s.wal.StoreLogs(logs) }); err != nil {
		return err
	}
	s.count(time.Since(start), len(logs), size)
	s.cache.add(logs)
	for _, l := range logs {
		s.backlog.add(l.Index, len(l.Data))
		s.ahead.start(l)
	}
	return nil
}

func (s *logStore) count(elapsed time.Duration, entries, bytes int) {
	s.appends.Lock()
	s.appends.Appends++
	s.appends.Entries += uint64(entries)
	s.appends.Bytes += uint64(bytes)
	s.appends.Total += elapsed
	s.appends.Longest = max(s.appends.Longest, elapsed)
	s.appends.Unlock()
	s.observe(elapsed, entries, bytes)
	if written := s.written.Load(); written != nil {
		(*written)(bytes)
	}
}

func (s *logStore) stats() AppendStats {
	s.appends.Lock()
	defer s.appends.Unlock()
	return s.appends.AppendStats
}

// DeleteRange implements raft.LogStore under two rules of our own: compaction never
// passes what the state has on disk, and an applied entry is never replaced, except
// when a snapshot has just replaced the state.
func (s *logStore) DeleteRange(first, last uint64) error {
	end, err := s.wal.LastIndex()
	if err != nil {
		return s.guard.fail(fmt.Errorf("last index of log: %w", err))
	}
	switch {
	case last < end:
		last = min(last, s.durable.Load())
	case s.replaced.Swap(false):
	case first <= s.applied.Load():
		return s.guard.stopWith(fatalf(ExitIntegrity, "entries %d to %d were to be deleted, but the state has applied %d", first, last, s.applied.Load()))
	}
	if first > last {
		return nil
	}
	if err := s.guard.write("truncate log", func() error { return s.wal.DeleteRange(first, last) }); err != nil {
		return err
	}
	if last < end {
		s.cache.trim(last)
		return nil
	}
	s.cache.clear()
	s.backlog.cut(first)
	return nil
}
