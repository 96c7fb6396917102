package ledger

import (
	"flag"
	"fmt"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	"pgregory.net/rapid"

	"github.com/forgepool/settle/codec"
	"github.com/forgepool/settle/proof"
)

// wholeLedgers lowers the number of checks of a property whose every check is a whole
// ledger, unless the command line says how many.
func wholeLedgers(t *testing.T, checks string) {
	f := flag.Lookup("rapid.checks")
	if before := f.Value.String(); before == f.DefValue {
		if err := f.Value.Set(checks); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := f.Value.Set(before); err != nil {
				t.Error(err)
			}
		})
	}
}

// Whatever is submitted, of all kinds and in whatever order: what becomes of it is known
// in advance; value is conserved, nothing is paid or taken back twice, holds never exceed
// postings; a refusal moves neither a balance nor an index nor a root; a batch sent again
// gets its old outcomes; and ledgers with other batches, caches, memtables and runs, that
// were stopped, crashed or installed half-way, have the same roots and state sums.
func TestRandomLedgers(t *testing.T) {
	wholeLedgers(t, "16")
	total := map[string]int{}
	rapid.Check(t, func(rt *rapid.T) {
		x := newLife(t, rt)
		defer func() { x.l.Close() }()
		steps := rapid.IntRange(60, 200).Draw(rt, "steps")
		half := rapid.IntRange(1, steps).Draw(rt, "half-way")
		f := follower{life: x}
		for n := range steps {
			x.step()
			if n+1 == half {
				f.stream, _ = stream(x.world.t, x.l)
				f.half = len(x.entries)
			}
		}
		x.roots(x.l)
		x.read(func(s *Snapshot) { auditBooks(rt, s, x.blobs) })
		x.everythingAgain(x.l)
		f.grouped()
		f.crashed()
		f.installed()
		for what, n := range x.done {
			total[what] += n
		}
	})
	for _, what := range []string{ // what is so frequent that its absence is a mistake
		"settlement", "plan", "failure", "dispute", "cut", "close", "intent", "party record", "policy", "weight", "budget", "goodwill",
		"refused: already_settled", "refused: wrong_state", "refused: bad_close", "refused: bad_cut", "refused: not_open",
	} {
		if total[what] == 0 {
			t.Errorf("never: %s", what)
		}
	}
	t.Log(total)
}

// roots compares both trees and ledger time with the twin's.
func (x *life) roots(l *Ledger) {
	a, b := make([]codec.Hash, len(x.m.log)), make([]codec.Hash, len(x.m.log))
	for i, r := range x.m.log {
		a[i], b[i] = proof.LeafA(r), proof.LeafB(r)
	}
	got := l.Applied()
	if got.Size != uint64(len(x.m.log)) || got.RootA != naive(proof.TreeA, a) || got.RootB != naive(proof.TreeB, b) ||
		got.Time != x.m.time || got.Batches != uint64(len(x.m.batches)) {
		x.t.Fatalf("%+v; the twin has %d records, %d batches, time %d", got, len(x.m.log), len(x.m.batches), x.m.time)
	}
}

// everythingAgain sends every batch once more, late: each gets its outcomes, refusals
// included, and nothing moves.
func (x *life) everythingAgain(l *Ledger) {
	before, index := l.Applied(), x.index
	for _, b := range x.sent {
		index++
		c := &codec.Command{Version: 1, Kind: codec.CommandBatches, Stamp: x.now + 400*testDay, Batches: [][]byte{codec.EncodeBatch(b)}}
		r := l.Apply([]Entry{{Index: index, Term: 2, Command: codec.EncodeCommand(c)}})[0].Batches[0]
		if !r.Known || r.Fault != nil {
			x.t.Fatalf("%+v", r)
		}
		equalOutcomes(x.t, r.Outcomes, x.m.batches[b.ID])
	}
	after := l.Applied()
	if before.Index, before.Term = after.Index, after.Term; after != before {
		x.t.Fatalf("sending everything again made %+v of %+v", after, before)
	}
}

// follower gives the entries of a life to other ledgers.
type follower struct {
	*life
	half   int    // entries
	stream []byte // snapshot of the leading ledger by then
}

// options draws ones that leave nothing as it is by default.
func (f *follower) options(fs vfs.FS) Options {
	return Options{
		FS: fs, StateEntries: rapid.SampledFrom([]int{2, 50, 10_000}).Draw(f.t, "cache"),
		MemTableBytes: rapid.SampledFrom([]uint64{256 << 10, 4 << 20}).Draw(f.t, "memtable"),
		FilterBytes:   rapid.SampledFrom([]int{64, 1 << 20}).Draw(f.t, "filter"),
	}
}

// feed applies entries in runs of random length and compares what they give.
func (f *follower) feed(l *Ledger, from, to int) {
	for from < to {
		n := rapid.IntRange(1, min(to-from, 40)).Draw(f.t, "run")
		for i, r := range l.Apply(f.entries[from : from+n]) {
			f.same(from+i, r)
		}
		from += n
	}
}

// same compares what an entry gave with what the leading ledger said.
func (f *follower) same(at int, r Result) {
	for i, got := range r.Batches {
		want := f.results[at].Batches[i]
		switch {
		case want.Fault != nil && got.Fault == nil, want.Fault == nil && got.Fault != nil:
			f.t.Fatalf("entry %d: %+v instead of %+v", at, got, want)
		case want.Fault != nil && got.Fault.Code != want.Fault.Code && got.Fault.Code != codec.CodeUnknownOutcome:
			f.t.Fatalf("entry %d: %v instead of %v", at, got.Fault, want.Fault)
		}
		equalOutcomes(f.t, got.Outcomes, want.Outcomes)
	}
}

// arrived compares a ledger that has applied everything with the leading one as it was
// then.
func (f *follower) arrived(what string, l *Ledger) {
	got, want := l.Applied(), f.l.Applied()
	got.Installed, want.Index, want.Term = 0, f.index, 1
	if got != want {
		f.t.Fatalf("%s: %+v instead of %+v", what, got, want)
	}
	if err := l.Close(); err != nil {
		f.t.Fatal(err)
	}
}

// grouped restarts a ledger half-way, cleanly or not.
func (f *follower) grouped() {
	l := f.create(vfs.NewMem())
	f.feed(l, 0, f.half)
	d := driver{w: f.world, m: f.m}
	l = d.reopen(f.t, l, rapid.Bool().Draw(f.t, "clean"))
	f.feed(l, f.half, len(f.entries))
	f.everythingAgainIn(l)
	f.arrived("grouped", l)
}

// everythingAgainIn gives a ledger all entries that it has: it answers from what is stored.
func (f *follower) everythingAgainIn(l *Ledger) {
	for i, r := range l.Apply(f.entries) {
		f.same(i, r)
	}
}

func (f *follower) create(fs vfs.FS) *Ledger {
	l, err := Create("db", f.genesis, f.options(fs))
	if err != nil {
		f.t.Fatal(err)
	}
	return l
}

// crashed loses some of what was not synced half-way, and gets all entries again.
func (f *follower) crashed() {
	fs := vfs.NewCrashableMem()
	l := f.create(fs)
	f.feed(l, 0, f.half/2)
	if rapid.Bool().Draw(f.t, "flushed") {
		if err := l.Flush(); err != nil {
			f.t.Fatal(err)
		}
	}
	f.feed(l, f.half/2, f.half)
	clone := fs.CrashClone(vfs.CrashCloneCfg{})
	if err := l.Close(); err != nil {
		f.t.Fatal(err)
	}
	l, err := Open("db", f.options(clone))
	if err != nil {
		f.t.Fatal(err)
	}
	f.feed(l, 0, len(f.entries))
	f.arrived("crashed", l)
}

// installed takes over a snapshot of half the life, and lives the rest.
func (f *follower) installed() {
	l := f.create(vfs.NewMem())
	f.feed(l, 0, f.half/3)
	if err := install(l, f.stream, 1<<16); err != nil {
		f.t.Fatal(fmt.Errorf("half-way at %d: %w", f.half, err))
	}
	f.feed(l, 0, len(f.entries))
	f.arrived("installed", l)
}
