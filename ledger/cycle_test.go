package ledger

import (
	"reflect"
	"slices"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/forgepool/settle/codec"
	"github.com/forgepool/settle/proof"
	"github.com/forgepool/settle/settlement"
)

// customerLine returns the line of the customer in a settlement.
func customerLine(p *settlement.Posted) (line uint64) {
	return uint64(slices.IndexFunc(p.Lines, func(l settlement.Line) bool { return l.Role == codec.RoleCustomer }))
}

// story drives a ledger through cycles with everything that moves money, and returns
// the entries. After each cut check is called.
func (w *world) story(l *Ledger, cycles int, check func(l *Ledger)) (entries []Entry) {
	w.t.Helper()
	do := func(blobs [][]byte, records ...[]byte) uint64 {
		w.t.Helper()
		e := w.batches(w.batch(blobs, records...))
		entries = append(entries, e)
		r := l.Apply([]Entry{e})[0].Batches[0]
		if r.Fault != nil {
			w.t.Fatal(r.Fault)
		}
		for i, o := range r.Outcomes {
			if o.Kind != codec.Appended {
				w.t.Fatalf("record %d: %+v", i, o)
			}
		}
		return l.Applied().Size - 1
	}
	posted := func(index uint64) *settlement.Posted {
		s := l.Read()
		defer s.Close()
		return s.Posted(index)
	}
	var open, left uint64 // disputes of the cycle before
	for n := range cycles {
		var last uint64
		for range 3 {
			_, records, blobs := w.workload(8)
			last = do(blobs, records...)
		}
		records, blobs := w.planned(n + 1)
		do(blobs, records...)
		p, target := posted(last), refAt(w.t, l, last)
		line := customerLine(p)
		opened := do(nil, w.dispute(target, line, 1_000))
		second := do(nil, w.dispute(target, line, 700))
		if n > 0 {
			do(nil, w.rule(codec.DisputeReject, open, 0))
			do(nil, w.rule(codec.DisputeAccept, left, 500))
		}
		ruling := do(nil, w.rule(codec.DisputeAccept, opened, 900))
		refund, blobs := w.refund(target, p, ruling, 900)
		do(blobs, refund)
		do(nil, w.auditIntent(w.cycle))
		open, left = second, do(nil, w.dispute(refAt(w.t, l, last), line, 600))
		w.now += testDay / 2
		records, blobs = w.planned(1)
		do(blobs, records[0], w.cut())
		check(l)
		_, records, blobs = w.workload(4)
		do(blobs, records...) // belongs to the next cycle
		do(nil, w.closeOf(l))
	}
	return entries
}

// TestCycles checks what a close must state against a plain computation, for several
// cycles with disputes, holds and refunds, and that the rules accept it.
func TestCycles(t *testing.T) {
	w := newWorld(t)
	l := w.create(Options{})
	defer l.Close()
	held := map[settlement.LineRef]uint64{}
	w.story(l, 3, func(l *Ledger) {
		s := l.Read()
		defer s.Close()
		got, want := s.Closing(), plainClosing(t, s, s.Unclosed(), held)
		if !reflect.DeepEqual(got, want) {
			t.Fatalf("closing\n%+v, plain\n%+v", got, want)
		}
		if got.Held.Disputes != 2 || got.Held.Held == 0 || got.Unfinished == 0 || got.Journal.N < 4 {
			t.Fatalf("not much happened: %+v", got)
		}
	})
	s := l.Read()
	defer s.Close()
	c := s.CycleOf(testCycle + 1)
	body, ok := closeAt(s, c.Close.Index)
	journal, err1 := s.JournalLeaves(c)
	parties, err2 := s.PartyLeaves(c.Number)
	if !ok || err1 != nil || err2 != nil {
		t.Fatal(ok, err1, err2)
	}
	j, _ := sumRootOf(t, proof.SumJournal, journal)
	p, _ := sumRootOf(t, proof.SumParties, parties)
	if j != body.Journal.Root || p != body.Parties.Root {
		t.Error("the leaves of a closed cycle are not those of its close")
	}
	if got := l.Applied().Cycle; got != 202612 {
		t.Fatal("open cycle", got)
	}
}

// TestCyclesGrouped checks that cycles leave the same bytes however entries are grouped,
// after restarts, an install and in fsck.
func TestCyclesGrouped(t *testing.T) {
	w := newWorld(t)
	l := w.create(Options{})
	defer l.Close()
	entries := w.story(l, 2, func(*Ledger) {})
	first := newWorld(t)
	setup := first.batches(first.parties())
	want := l.Applied()
	for _, size := range []int{1, 3, len(entries)} {
		fs := vfs.NewMem()
		again, err := Create("db", w.genesis, Options{FS: fs, StateEntries: 2})
		if err != nil {
			t.Fatal(err)
		}
		again.Apply([]Entry{setup})
		for group := range slices.Chunk(entries, size) {
			again.Apply(group)
			if size == 3 {
				again = reopened(t, again)
			}
		}
		if got := again.Applied(); got != want {
			t.Fatalf("groups of %d: %+v instead of %+v", size, got, want)
		}
		if err := again.Close(); err != nil {
			t.Fatal(err)
		}
		r, err := Fsck("db", FsckOptions{FS: fs})
		if err != nil || !r.OK() || !r.Rebuilt {
			t.Fatalf("fsck: %+v %v", r, err)
		}
	}
}

// reopened stops a ledger without marking it clean and opens it again, which recomputes
// the state sum.
func reopened(t *testing.T, l *Ledger) *Ledger {
	t.Helper()
	if err := join(l.Flush(), l.discard()); err != nil {
		t.Fatal(err)
	}
	l, err := Open("db", l.o)
	if err != nil {
		t.Fatal(err)
	}
	return l
}
