package node

import (
	"context"
	"sync/atomic"
	"syscall"
	"time"
)

// spaceInterval is the pause between looks at the free space of the disk.
const spaceInterval = 5 * time.Second

// space watches the free space of the disk with the data. A full disk stops the store
// in the middle of a write, so a node refuses work before that.
type space struct {
	dir   string
	least uint64 // bytes
	low   atomic.Bool
	free  atomic.Uint64
}

// short says whether there is less than the least space.
func (s *space) short() bool { return s.low.Load() }

// watch looks until ctx ends, and calls yield while even half of the least is gone.
func (s *space) watch(ctx context.Context, yield func()) {
	for {
		if free, err := freeBytes(s.dir); err == nil {
			s.free.Store(free)
			s.low.Store(free < s.least)
			if free < s.least/2 {
				yield()
			}
		}
		if !pauseFor(ctx, spaceInterval) {
			return
		}
	}
}

// freeBytes returns what a process without privileges may still write.
func freeBytes(dir string) (uint64, error) {
	var s syscall.Statfs_t
	if err := syscall.Statfs(dir, &s); err != nil {
		return 0, err
	}
	return s.Bavail * uint64(s.Bsize), nil
}
