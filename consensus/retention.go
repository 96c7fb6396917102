package consensus

import (
	"errors"
	"math"
	"sync/atomic"
	"time"

	"github.com/hashicorp/raft"
)

// retention decides when the state is flushed and the log truncated. Raft counts
// entries; entries here are anything from a hundred bytes to four megabytes, so both
// the moment and what is kept are bounded in bytes and translated with the mean size of
// the entries written since the start (or, before any, of those found in the log).
type retention struct {
	raft     *raft.Raft
	o        Options
	mean     int // of the entries found at the start
	stats    func() AppendStats
	due      chan struct{}
	written  atomic.Int64 // bytes since the last truncation
	warnings func(msg string, err error)
}

// note counts bytes written to the log.
func (t *retention) note(bytes int) {
	if t.written.Add(int64(bytes)) < int64(t.o.SnapshotBytes) {
		return
	}
	select {
	case t.due <- struct{}{}:
	default:
	}
}

// run truncates when it is time, until done.
func (t *retention) run(done <-chan struct{}) {
	ticker := time.NewTicker(t.o.SnapshotInterval)
	defer ticker.Stop()
	for {
		select {
		case <-done:
			return
		case <-ticker.C:
		case <-t.due:
		}
		if t.written.Load() == 0 {
			continue
		}
		if err := t.truncate(); err != nil && !errors.Is(err, raft.ErrRaftShutdown) {
			t.warnings("the log was not truncated; the next attempt may", err)
		}
	}
}

// truncate flushes the state and drops the log's oldest entries.
func (t *retention) truncate() error {
	before := t.written.Load()
	config := t.raft.ReloadableConfig()
	config.TrailingLogs = t.trailing()
	if err := t.raft.ReloadConfig(config); err != nil {
		return err
	}
	if err := t.raft.Snapshot().Error(); err != nil && !errors.Is(err, raft.ErrNothingNewToSnapshot) {
		return err
	}
	t.written.Add(-before)
	return nil
}

// trailing returns how many entries are worth TrailingBytes.
func (t *retention) trailing() uint64 {
	mean := uint64(max(t.mean, 1))
	if s := t.stats(); s.Entries > 0 {
		mean = max(s.Bytes/s.Entries, 1)
	}
	return max(uint64(t.o.TrailingBytes)/mean, uint64(t.o.TrailingEntries))
}

// noSnapshots keeps raft from taking snapshots by its own count.
const noSnapshots = math.MaxUint64
