package ledger

import (
	"runtime"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/bloom"
	"github.com/cockroachdb/pebble/v2/sstable"
	"github.com/cockroachdb/pebble/v2/vfs"
)

// Options tune a ledger. They change speed and memory, never what is stored or
// answered. The zero value of each field means its default.
type Options struct {
	// FS is the file system; tests break it. Default: the operating system's.
	FS vfs.FS
	// MemTableBytes is the size of one memtable; three of them may be in memory while
	// flushes are behind. Default: 32 MiB.
	MemTableBytes uint64
	// CacheBytes is the size of Pebble's block cache, beside the memtables. Default:
	// 16 MiB.
	CacheBytes int64
	// StateEntries bounds each cache of decoded state values, of which there are
	// eight. Default: 32,768 entries.
	StateEntries int
	// FilterBytes is the memory of the filter that spares look-ups of new ids.
	// Default: 32 MiB, good for three million
	// workloads; with more it helps less.
	FilterBytes int
	// Compactions is how many compactions may run at once. Default: 1.
	Compactions int
	// Events receives what happens in the store. Default: nobody. It is called on
	// Pebble's goroutines and must not call the ledger.
	Events func(Event)
	// SkipScrub leaves out the check of all records at Open even after an unclean
	// stop. Only for tools that check themselves.
	SkipScrub bool

	readOnly bool
	fatal    func() // told before a failed storage stops the process; tests only
}

func (o Options) withDefaults() Options {
	if o.FS == nil {
		o.FS = vfs.Default
	}
	if o.MemTableBytes == 0 {
		o.MemTableBytes = 32 << 20
	}
	if o.CacheBytes == 0 {
		o.CacheBytes = 16 << 20
	}
	if o.StateEntries == 0 {
		o.StateEntries = 32 << 10
	}
	if o.FilterBytes == 0 {
		o.FilterBytes = 32 << 20
	}
	if o.Compactions == 0 {
		o.Compactions = 1
	}
	if o.Events == nil {
		o.Events = func(Event) {}
	}
	return o
}

// Values from this size on are kept in blob files, which compactions do not copy:
// records, attachments and tiles are, state values are not.
const separateValues = 4 << 10

// pebbleOptions returns the options of the store. Pebble takes the memtables out of the
// size of the cache, so the usual two are added to it.
func (o Options) pebbleOptions() *pebble.Options {
	p := &pebble.Options{
		FS:                          o.FS,
		DisableWAL:                  true,
		ReadOnly:                    o.readOnly,
		FormatMajorVersion:          pebble.FormatValueSeparation,
		CacheSize:                   o.CacheBytes + 2*int64(o.MemTableBytes),
		MemTableSize:                o.MemTableBytes,
		MemTableStopWritesThreshold: 3,
		L0CompactionThreshold:       8,
		L0StopWritesThreshold:       32,
		LBaseMaxBytes:               1 << 30, // random keys: each level more rewrites them once more
		MaxOpenFiles:                1000,
		CompactionConcurrencyRange:  func() (int, int) { return 1, o.Compactions },
		EventListener:               o.listener(),
		Logger:                      silent{o.fatal},
	}
	p.Experimental.ValueSeparationPolicy = func() pebble.ValueSeparationPolicy {
		return pebble.ValueSeparationPolicy{
			Enabled:               true,
			MinimumSize:           separateValues,
			MaxBlobReferenceDepth: 10,
			TargetGarbageRatio:    1,
		}
	}
	for i := range p.Levels {
		l := &p.Levels[i]
		l.BlockSize = 16 << 10
		l.FilterPolicy = bloom.FilterPolicy(10)
		l.FilterType = pebble.TableFilter
		l.Compression = func() *sstable.CompressionProfile { return sstable.NoCompression }
	}
	return p
}

// workers is how many goroutines hash records at once.
func workers() int { return runtime.GOMAXPROCS(0) }
