package ledger

import (
	"fmt"

	"github.com/cockroachdb/pebble/v2"
)

// EventKind says what happened in the store.
type EventKind uint8

// The kinds of events.
const (
	// EventBackgroundError: a flush or compaction failed. The process must exit (70):
	// Pebble would retry without end while writes stall.
	EventBackgroundError EventKind = 1
	// EventCorruption: a block on disk fails its checksum. The process must exit (73).
	EventCorruption EventKind = 2
	// EventStall: writes wait for a flush or compaction; Detail says why.
	EventStall EventKind = 3
	// EventStallEnd: writes go on.
	EventStallEnd EventKind = 4
	// EventSlowDisk: one disk operation takes very long.
	EventSlowDisk EventKind = 5
	// EventFlush: a memtable reached the disk; Detail has the sizes.
	EventFlush EventKind = 6
)

// Event is something in the store that an operator wants to know.
type Event struct {
	Kind   EventKind
	Detail string
	Err    error // kinds EventBackgroundError and EventCorruption
}

// listener turns Pebble's events into ours.
func (o Options) listener() *pebble.EventListener {
	return &pebble.EventListener{
		BackgroundError: func(err error) {
			o.Events(Event{Kind: EventBackgroundError, Detail: "flush or compaction failed", Err: err})
		},
		DataCorruption: func(i pebble.DataCorruptionInfo) {
			o.Events(Event{Kind: EventCorruption, Detail: i.String(), Err: i.Details})
		},
		DiskSlow:        func(i pebble.DiskSlowInfo) { o.Events(Event{Kind: EventSlowDisk, Detail: i.String()}) },
		WriteStallBegin: func(i pebble.WriteStallBeginInfo) { o.Events(Event{Kind: EventStall, Detail: i.Reason}) },
		WriteStallEnd:   func() { o.Events(Event{Kind: EventStallEnd}) },
		FlushEnd: func(i pebble.FlushInfo) {
			if i.Err == nil {
				o.Events(Event{Kind: EventFlush, Detail: i.String()})
			}
		},
	}
}

// silent drops Pebble's log lines: what matters arrives as an event. A fatal error
// means that a write failed; the memory no longer matches the disk.
type silent struct{ fatal func() }

// Infof drops the line.
func (silent) Infof(string, ...any) {}

// Errorf drops the line.
func (silent) Errorf(string, ...any) {}

// Fatalf stops the process by a panic that says what failed.
func (s silent) Fatalf(format string, args ...any) {
	if s.fatal != nil {
		s.fatal()
	}
	panic("ledger: storage failed: " + fmt.Sprintf(format, args...))
}
