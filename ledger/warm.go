package ledger

import (
	"errors"
	"sync/atomic"

	"github.com/cockroachdb/pebble/v2"
)

// warming fills a filter with all keys of a store in the background, so that Apply
// spares look-ups again some time after a start.
type warming struct {
	stop  atomic.Bool
	ended chan struct{}
	ready atomic.Pointer[filter]
}

// filtered are the spaces whose keys the filter knows.
var filtered = []byte{spaceBlobRef, spaceBatchID, spaceRecordID, spaceOpening, spaceWorkload, spaceWorkUse, spaceToken}

// errStopped ends a scan whose result nobody needs any more.
var errStopped = errors.New("stopped")

func (l *Ledger) warmUp() {
	if l.state.known.complete {
		return
	}
	w := &warming{ended: make(chan struct{})}
	l.warm = w
	snap := l.Read()
	go func() {
		defer close(w.ended)
		defer snap.Close()
		f := newFilter(l.o.FilterBytes)
		if fillFilter(snap.snap, f, &w.stop) == nil {
			w.ready.Store(f)
		}
	}()
}

func fillFilter(r pebble.Reader, f *filter, stop *atomic.Bool) error {
	for _, space := range filtered {
		err := scanKeys(r, space, func(key []byte) error {
			f.add(locate(key))
			if stop.Load() {
				return errStopped
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// cancel waits until the background has let go of the store.
func (w *warming) cancel() {
	if w != nil {
		w.stop.Store(true)
		<-w.ended
	}
}

// mergeWarm takes over a filter that is ready: together with the keys written since
// it knows all.
func (l *Ledger) mergeWarm() {
	if l.warm == nil {
		return
	}
	f := l.warm.ready.Load()
	if f == nil {
		return
	}
	<-l.warm.ended
	for i, w := range f.words {
		l.state.known.words[i] |= w
	}
	l.state.known.complete, l.warm = true, nil
}
