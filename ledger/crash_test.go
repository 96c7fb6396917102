package ledger

import (
	"math/rand/v2"
	"sync"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/forgepool/settle/codec"
)

// TestCrash stops a ledger at many moments, each time losing any part of what was not
// synced, and checks that it comes back with the state of some prefix of the entries
// and, the rest applied again, ends like one that never stopped.
func TestCrash(t *testing.T) {
	w := newWorld(t)
	entries := []Entry{w.batches(w.parties())}
	zero := uint64(0)
	for i := range 40 {
		_, records, blobs := w.workload(2)
		entries = append(entries, w.batches(w.batch(blobs, records...)))
		if i%7 == 3 {
			entries = append(entries, w.entry(&codec.Command{Kind: codec.CommandCheckpointIntent, Size: &zero}))
		}
	}
	states := map[uint64]Applied{}
	fs := vfs.NewCrashableMem()
	l, err := Create("db", w.genesis, Options{FS: fs, MemTableBytes: 256 << 10})
	if err != nil {
		t.Fatal(err)
	}
	states[0] = l.Applied()
	rnd := rand.New(rand.NewPCG(1, 2))
	var clones []*vfs.MemFS
	flushed := []uint64{}
	durable := uint64(0)
	for i := range entries {
		l.Apply(entries[i : i+1])
		states[l.Applied().Index] = l.Applied()
		if i%5 == 4 {
			if err := l.Flush(); err != nil {
				t.Fatal(err)
			}
			durable = l.Applied().Index
		}
		for _, kept := range []int{0, 50, 100} {
			clones = append(clones, fs.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: kept, RNG: rnd}))
			flushed = append(flushed, durable)
		}
	}
	want := l.Applied()
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	c := crashes{t: t, clones: clones, flushed: flushed, states: states, entries: entries, want: want}
	c.check()
}

// crashes are what was left on disk at many moments, and what must come of it.
type crashes struct {
	t       *testing.T
	clones  []*vfs.MemFS
	flushed []uint64           // applied index that was durable at each moment
	states  map[uint64]Applied // after each entry
	entries []Entry
	want    Applied // after all of them
}

func (c *crashes) check() {
	t := c.t
	prefixes := map[uint64]bool{}
	for i, clone := range c.clones {
		l, err := Open("db", Options{FS: clone, MemTableBytes: 256 << 10})
		if err != nil {
			t.Fatalf("crash %d: %v", i, err)
		}
		got := l.Applied()
		if got != c.states[got.Index] || got.Index < c.flushed[i] {
			t.Fatalf("crash %d: %+v is no prefix, or older than the flushed %d", i, got, c.flushed[i])
		}
		prefixes[got.Index] = true
		if i%9 == 0 {
			l.Apply(c.entries)
			if l.Applied() != c.want {
				t.Fatalf("crash %d: ends with %+v, want %+v", i, l.Applied(), c.want)
			}
		}
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if len(prefixes) < 3 {
		t.Fatalf("only the prefixes %v were met", prefixes)
	}
}

// snapFS keeps, at one file operation that changes a directory, what a crash at that
// moment would leave.
type snapFS struct {
	vfs.FS
	*snapshotAt
}

type snapshotAt struct {
	mu    sync.Mutex
	mem   *vfs.MemFS
	left  int // operations until then
	crash *vfs.MemFS
}

func (f *snapshotAt) step() {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.left--; f.left == 0 {
		f.crash = f.mem.CrashClone(vfs.CrashCloneCfg{})
	}
}

func (f snapFS) Create(name string, c vfs.DiskWriteCategory) (vfs.File, error) {
	f.step()
	return f.FS.Create(name, c)
}

func (f snapFS) Rename(a, b string) error {
	f.step()
	return f.FS.Rename(a, b)
}

func (f snapFS) Remove(name string) error {
	f.step()
	return f.FS.Remove(name)
}

func (f snapFS) RemoveAll(name string) error {
	f.step()
	return f.FS.RemoveAll(name)
}

func (f snapFS) OpenDir(name string) (vfs.File, error) {
	f.step()
	return f.FS.OpenDir(name)
}

// TestCrashInInstall dies at every operation on directories during an install and
// finds the old state or the new one, never a mix.
func TestCrashInInstall(t *testing.T) {
	w, ahead, behind := pairOf(t)
	behind.Close()
	defer ahead.Close()
	data, _ := stream(t, ahead)
	var old, now int
	for at := 1; ; at++ {
		mem := vfs.NewCrashableMem()
		l, err := Create("db", w.genesis, Options{FS: mem})
		if err != nil {
			t.Fatal(err)
		}
		snap := &snapshotAt{mem: mem, left: at}
		l.o.FS = snapFS{mem, snap}
		if err = install(l, data, 1<<20); err != nil {
			t.Fatal(err)
		}
		l.Close()
		if snap.crash == nil {
			break
		}
		l, err = Open("db", Options{FS: snap.crash})
		if err != nil {
			t.Fatalf("operation %d: %v", at, err)
		}
		switch {
		case l.Applied().RootA == ahead.Applied().RootA && l.Applied().Installed == ahead.Applied().Index:
			now++
		case l.Applied().Size == 1:
			old++
		default:
			t.Fatalf("operation %d: %+v", at, l.Applied())
		}
		l.Close()
	}
	if old < 5 || now < 1 {
		t.Fatalf("%d times the old state, %d times the new one", old, now)
	}
	t.Logf("%d times the old state, %d times the new one", old, now)
}
