package ledger

import (
	"slices"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/forgepool/settle/codec"
	"github.com/forgepool/settle/settlement"
)

// naming is what plainNamings knows of a blob.
type naming struct {
	cycle, until uint64
	batch        uint64
}

// plainNamings reads from all records who names which blob, and for how long. It is the
// rule of docs/formats/records.md section 2 said once more, over the whole log.
func plainNamings(t testing.TB, s *Snapshot) (named map[codec.Hash]*naming, disputed map[codec.Hash]bool) {
	t.Helper()
	named, disputed = map[codec.Hash]*naming{}, map[codec.Hash]bool{}
	cycle := uint64(testCycle)
	cycles := map[uint64]uint64{} // of a batch
	for i := uint64(1); i < s.Size(); i++ {
		_, ref, err := s.r.record(i)
		if err != nil {
			t.Fatal(err)
		}
		cycles[ref.Number] = cycle
		for _, n := range s.Logged(i).Namings() {
			x := named[n.Hash]
			if x == nil {
				x = new(naming)
				named[n.Hash] = x
			}
			x.cycle, x.until = max(x.cycle, cycle), max(x.until, n.Until)
		}
		if d := s.Dispute(i); d != nil && d.Status == settlement.StatusOpen && len(d.Lines) > 0 {
			for _, n := range s.Logged(d.Target.Index).Namings() {
				disputed[n.Hash] = true
			}
		}
		if c := s.CycleOf(cycle); c.Cut != nil && c.Cut.Index == i {
			cycle, _ = settlement.NextCycle(codec.CyclesMonths, cycle)
		}
	}
	for number := uint64(1); number <= s.Applied().Batches; number++ {
		list, err := loadAttachments(s.snap, number)
		if err != nil {
			t.Fatal(err)
		}
		for _, a := range list {
			hash := a.hash
			if !a.gone {
				hash = codec.BlobHash(a.data)
			}
			x := named[hash]
			if x == nil {
				x = new(naming)
				named[hash] = x
			}
			x.cycle, x.batch = max(x.cycle, cycles[number]), number
		}
	}
	return named, disputed
}

// checkPruned compares what is there with the plain rule. Retention is rounded up to
// days: in between both is right. It returns how many blobs there are and are not.
func checkPruned(t testing.TB, l *Ledger, code map[codec.Hash]bool) (present, absent int) {
	t.Helper()
	s := l.Read()
	defer s.Close()
	now := s.Applied().Time
	due := func(cycle uint64) bool {
		c := s.CycleOf(cycle)
		return c != nil && c.Close != nil && now > c.Close.Time+10*testDay // window and deadline of testPolicy
	}
	named, disputed := plainNamings(t, s)
	for hash, x := range named {
		if x.batch == 0 {
			continue // of an opened value
		}
		keep := s.Opening(hash) != nil || !due(x.cycle) || disputed[hash] || code[hash]
		rounded := (x.until + testDay - 1) / testDay * testDay
		_, err := s.Attachment(hash)
		switch there := err == nil; {
		case !there && !isNotFound(err):
			t.Fatal(err)
		case !there && (keep || now <= x.until):
			t.Fatalf("%s is pruned at %d: %+v disputed %v", hash, now, *x, disputed[hash])
		case there && !keep && now > rounded:
			t.Fatalf("%s is not pruned at %d: %+v", hash, now, *x)
		case there:
			present++
		default:
			absent++
		}
	}
	return present, absent
}

// idle applies batches that bring little until pruning has nothing left to do, and
// returns their entries.
func (w *world) idle(l *Ledger) (entries []Entry) {
	w.t.Helper()
	for range 200 {
		records, blobs := w.planned(1)
		e := w.batches(w.batch(blobs, records...))
		entries = append(entries, e)
		if r := l.Apply([]Entry{e})[0].Batches[0]; r.Fault != nil || r.Outcomes[0].Kind != codec.Appended {
			w.t.Fatalf("%+v", r)
		}
		sweep := &l.state.now.sweep
		if sweep.debt == 0 && sweep.cycle >= l.state.undue() && l.state.moment.Time <= sweep.next {
			return entries
		}
	}
	w.t.Fatal("pruning does not come to an end")
	return nil
}

// TestPrune drives a ledger through cycles and the time after them and compares what is
// there with the plain rule; then everything must be the same for other groups of
// entries, after restarts, in fsck and behind a snapshot.
func TestPrune(t *testing.T) {
	w := newWorld(t)
	l := w.create(Options{})
	defer l.Close()
	entries := w.story(l, 2, func(l *Ledger) { checkPruned(t, l, nil) })
	var counts []int
	for range 12 {
		w.now += 4*testDay - 1000
		entries = append(entries, w.idle(l)...)
		present, absent := checkPruned(t, l, nil)
		counts = append(counts, absent)
		if present == 0 {
			t.Fatal("nothing is there")
		}
	}
	if counts[0] != 0 || counts[4] < 2 || counts[11] <= counts[4] {
		t.Fatalf("pruned in the course of time: %v", counts)
	}
	s := l.Read()
	for i := uint64(1); i < s.Size(); i++ { // what disputes hold is there
		if d := s.Dispute(i); d != nil && d.Status == settlement.StatusOpen {
			if _, err := s.Attachment(s.Logged(d.Target.Index).Namings()[0].Hash); err != nil {
				t.Error(err)
			}
		}
	}
	s.Close()
	comparePruned(t, w, l, entries)
}

// comparePruned applies entries in other groups, and lets fsck look at the result.
func comparePruned(t *testing.T, w *world, l *Ledger, entries []Entry) {
	t.Helper()
	first := newWorld(t)
	setup := first.batches(first.parties())
	want := l.Applied()
	for _, size := range []int{1, 7, len(entries)} {
		fs := vfs.NewMem()
		again, err := Create("db", w.genesis, Options{FS: fs, StateEntries: 2})
		if err != nil {
			t.Fatal(err)
		}
		again.Apply([]Entry{setup})
		for group := range slices.Chunk(entries, size) {
			again.Apply(group)
			if size == 7 {
				again = reopened(t, again)
			}
		}
		if got := again.Applied(); got != want {
			t.Fatalf("groups of %d: %+v instead of %+v", size, got, want)
		}
		if err := again.Close(); err != nil {
			t.Fatal(err)
		}
		checkFsckPruned(t, fs)
	}
}

func checkFsckPruned(t *testing.T, fs vfs.FS) {
	t.Helper()
	r, err := Fsck("db", FsckOptions{FS: fs})
	if err != nil || !r.OK() || !r.Rebuilt {
		t.Fatalf("fsck: %+v %v", r, err)
	}
	rebuilt, taken := 0, 0
	for _, p := range r.Pruned {
		if p.Rebuilt {
			rebuilt++
		} else {
			taken++
		}
	}
	if rebuilt == 0 || taken == 0 {
		t.Errorf("pruned: %v", r.Pruned)
	}
	t.Log(r.Pruned)
}
