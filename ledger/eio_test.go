package ledger

import (
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"
)

// errDisk is what the broken disk says.
var errDisk = errors.New("input/output error")

// failOnce fails one operation that writes: the n-th from 0.
type failOnce struct {
	left atomic.Int64
	hit  atomic.Pointer[string]
}

func (f *failOnce) String() string { return "fail once" }

func (f *failOnce) MaybeError(op errorfs.Op) error {
	if op.Kind.ReadOrWrite() != errorfs.OpIsWrite || endsAtOnce(op) || f.left.Add(-1) != -1 {
		return nil
	}
	what := fmt.Sprint(op)
	f.hit.Store(&what)
	return errDisk
}

// endsAtOnce tells the operations after which Pebble 2.1.7 follows a nil pointer, on a
// goroutine of its own: it cannot finish a blob file. The process is gone then like in a
// crash, which TestCrash covers; here it would take the test with it.
func endsAtOnce(op errorfs.Op) bool {
	return strings.HasSuffix(op.Path, ".blob") && op.Kind != errorfs.OpCreate && op.Kind != errorfs.OpRemove
}

// eioRun is a life of a ledger on a disk that fails once.
type eioRun struct {
	w       *world
	entries []Entry
	states  map[uint64]Applied // after each entry, on a disk that does not fail
	fs      *vfs.MemFS
	created bool   // Create returned a ledger
	durable uint64 // applied index at the last Flush that was told to have worked
}

// TestDiskFailures fails each creation, write, sync, rename and removal in turn. Wherever
// it strikes, the process may end; but the store opens again with a state that was, not
// older than what was flushed, fsck finds it sound, and it ends like any other.
func TestDiskFailures(t *testing.T) {
	if !InOwnProcess(t) {
		return
	}
	w := newWorld(t)
	entries := []Entry{w.batches(w.parties())}
	for range 6 {
		_, records, blobs := w.workload(3)
		entries = append(entries, w.batches(w.batch(blobs, records...)))
	}
	r := &eioRun{w: w, entries: entries, states: map[uint64]Applied{}}
	r.record(t)
	ended, went := 0, 0
	for n := int64(0); ; n++ {
		fail := new(failOnce)
		fail.left.Store(n)
		done := r.live(fail)
		if fail.hit.Load() == nil {
			if n < 50 {
				t.Fatalf("only %d operations write", n)
			}
			t.Logf("%d operations: %d ended the process, %d did not", n, ended, went)
			return
		}
		if done {
			went++
		} else {
			ended++
		}
		r.recover(t, *fail.hit.Load())
	}
}

func eioOptions(fs vfs.FS) Options {
	return Options{FS: fs, MemTableBytes: 256 << 10, FilterBytes: 64 << 10}
}

// record notes the states of a life without failures.
func (r *eioRun) record(t *testing.T) {
	l, err := Create("db", r.w.genesis, eioOptions(vfs.NewMem()))
	if err != nil {
		t.Fatal(err)
	}
	r.states[0] = l.Applied()
	for i := range r.entries {
		l.Apply(r.entries[i : i+1])
		r.states[l.Applied().Index] = l.Applied()
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
}

// live runs until the failure would end the process, and says whether it did not.
func (r *eioRun) live(fail *failOnce) (done bool) {
	r.fs, r.created, r.durable = vfs.NewCrashableMem(), false, 0
	over := make(chan bool, 4)
	o := eioOptions(errorfs.Wrap(r.fs, fail))
	o.fatal = func() {
		over <- false
		select {} // the process is gone; what it held stays as it is
	}
	go func() {
		defer func() {
			if recover() != nil {
				over <- false
			}
		}()
		over <- r.run(o)
	}()
	select {
	case done = <-over:
	case <-time.After(20 * time.Second):
		panic("stuck at: " + *fail.hit.Load())
	}
	return done
}

// run returns false at the first error, as a node does.
func (r *eioRun) run(o Options) bool {
	l, err := Create("db", r.w.genesis, o)
	if err != nil {
		return false
	}
	r.created = true
	for i := range r.entries {
		l.Apply(r.entries[i : i+1])
		if i%2 == 1 {
			if l.Flush() != nil {
				return false
			}
			r.durable = l.Applied().Index
		}
	}
	return l.Close() == nil
}

// recover opens what is on the disk after a loss of power.
func (r *eioRun) recover(t *testing.T, op string) {
	t.Helper()
	disk := r.fs.CrashClone(vfs.CrashCloneCfg{})
	l, err := Open("db", eioOptions(disk))
	if errors.Is(err, ErrNoLedger) && !r.created {
		return
	}
	if err != nil {
		t.Fatalf("%s: %v", op, err)
	}
	got := l.Applied()
	if got != r.states[got.Index] || got.Index < r.durable {
		t.Fatalf("%s: %+v, flushed were %d", op, got, r.durable)
	}
	l.Apply(r.entries)
	last := r.states[r.entries[len(r.entries)-1].Index]
	if l.Applied() != last {
		t.Fatalf("%s: ends with %+v instead of %+v", op, l.Applied(), last)
	}
	if err := l.Close(); err != nil {
		t.Fatalf("%s: %v", op, err)
	}
	report, err := Fsck("db", FsckOptions{FS: disk})
	if err != nil || !report.OK() {
		t.Fatalf("%s: %+v %v", op, report, err)
	}
}
