package consensus

import (
	"sync"

	"github.com/hashicorp/raft"
)

// entryCache keeps the newest entries of the log up to a number of bytes, so that a
// replica replicates and applies what it just stored without reading it back. It holds
// the very bytes that raft holds, so it costs memory only for entries that are done.
type entryCache struct {
	mu      sync.RWMutex
	limit   int
	bytes   int
	entries []*raft.Log // contiguous indexes
}

// get returns the entry, or nil.
func (c *entryCache) get(index uint64) *raft.Log {
	c.mu.RLock()
	defer c.mu.RUnlock()
	if len(c.entries) == 0 || index < c.entries[0].Index || index > c.entries[len(c.entries)-1].Index {
		return nil
	}
	return c.entries[index-c.entries[0].Index]
}

// add appends entries; what does not follow the newest entry replaces everything.
func (c *entryCache) add(logs []*raft.Log) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, l := range logs {
		if n := len(c.entries); n > 0 && c.entries[n-1].Index+1 != l.Index {
			c.entries, c.bytes = nil, 0
		}
		c.entries = append(c.entries, l)
		c.bytes += len(l.Data)
	}
	drop := 0
	for c.bytes > c.limit && drop < len(c.entries)-1 {
		c.bytes -= len(c.entries[drop].Data)
		c.entries[drop] = nil
		drop++
	}
	c.entries = c.entries[drop:]
}

// trim forgets everything up to index.
func (c *entryCache) trim(index uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for len(c.entries) > 0 && c.entries[0].Index <= index {
		c.bytes -= len(c.entries[0].Data)
		c.entries[0] = nil
		c.entries = c.entries[1:]
	}
}

// clear forgets everything.
func (c *entryCache) clear() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.entries, c.bytes = nil, 0
}
