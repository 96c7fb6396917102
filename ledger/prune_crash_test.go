package ledger

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/forgepool/settle/codec"
	"github.com/forgepool/settle/settlement"
)

// prunedEntries makes the entries of a ledger of which much is pruned in the end.
func prunedEntries(t *testing.T) (w *world, entries []Entry) {
	t.Helper()
	w = newWorld(t)
	first := newWorld(t)
	l := w.create(Options{})
	defer l.Close()
	entries = append(entries, first.batches(first.parties()))
	entries = append(entries, w.story(l, 2, func(*Ledger) {})...)
	for range 4 {
		w.now += 12 * testDay
		entries = append(entries, w.idle(l)...)
	}
	return w, entries
}

// TestPruneCrash loses what was not synced at every entry while much is pruned.
func TestPruneCrash(t *testing.T) {
	w, entries := prunedEntries(t)
	fs := vfs.NewCrashableMem()
	l, err := Create("db", w.genesis, Options{FS: fs, MemTableBytes: 256 << 10})
	if err != nil {
		t.Fatal(err)
	}
	c := crashes{t: t, states: map[uint64]Applied{0: l.Applied()}, entries: entries}
	rnd, durable := rand.New(rand.NewPCG(3, 4)), uint64(0)
	for i := range entries {
		l.Apply(entries[i : i+1])
		c.states[l.Applied().Index] = l.Applied()
		if i%4 == 3 {
			if err := l.Flush(); err != nil {
				t.Fatal(err)
			}
			durable = l.Applied().Index
		}
		c.clones = append(c.clones, fs.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: 50, RNG: rnd}))
		c.flushed = append(c.flushed, durable)
	}
	c.want = l.Applied()
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	c.check()
}

// TestPruneInstall installs a ledger of which much is pruned, and lets fsck look at it.
func TestPruneInstall(t *testing.T) {
	w, entries := prunedEntries(t)
	ahead, err := Create("db", w.genesis, Options{FS: vfs.NewMem()})
	if err != nil {
		t.Fatal(err)
	}
	defer ahead.Close()
	ahead.Apply(entries)
	data, _ := stream(t, ahead)
	fs := vfs.NewMem()
	behind, err := Create("db", w.genesis, Options{FS: fs})
	if err != nil {
		t.Fatal(err)
	}
	if err := install(behind, data, 1<<20); err != nil {
		t.Fatal(err)
	}
	if got, want := behind.Applied(), ahead.Applied(); got.StateSum != want.StateSum || got.RootA != want.RootA {
		t.Fatalf("installed %+v, sent %+v", got, want)
	}
	more := w.idle(ahead)
	behind.Apply(more)
	if behind.Applied().StateSum != ahead.Applied().StateSum {
		t.Fatal("they prune differently")
	}
	if err := behind.Close(); err != nil {
		t.Fatal(err)
	}
	checkFsckPruned(t, fs)
}

// TestFsckKeptValues changes what is left of a pruned settlement.
func TestFsckKeptValues(t *testing.T) {
	w, entries := prunedEntries(t)
	for name, c := range map[string]struct {
		what string
		harm func(p *settlement.Posted)
	}{
		"work key": {"state sum", func(p *settlement.Posted) { p.WorkKey[0] ^= 1 }},
		"token":    {"state sum", func(p *settlement.Posted) { p.Token[0] ^= 1 }},
		"units":    {"record", func(p *settlement.Posted) { p.Lines[1].Units++ }},
		"amount":   {"record", func(p *settlement.Posted) { p.Lines[1].Amount++ }},
	} {
		fs := vfs.NewMem()
		l, err := Create("db", w.genesis, Options{FS: fs})
		if err != nil {
			t.Fatal(err)
		}
		l.Apply(entries)
		index := firstPosted(t, l)
		p, _, err := postings.load(l.store.db, index)
		if err != nil {
			t.Fatal(err)
		}
		c.harm(p)
		if err := l.store.db.Set(numberKey(spacePosted, index), encodePosted(nil, p), pebble.NoSync); err != nil {
			t.Fatal(err)
		}
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
		r, err := Fsck("db", FsckOptions{FS: fs})
		if err != nil || !slices.ContainsFunc(r.Findings, func(f Finding) bool { return f.What == c.what }) {
			t.Errorf("%s: %+v %v", name, r, err)
		}
	}
}

// firstPosted returns the first settlement, and requires that its manifest is pruned.
func firstPosted(t *testing.T, l *Ledger) uint64 {
	t.Helper()
	s := l.Read()
	defer s.Close()
	for i := uint64(1); i < s.Size(); i++ {
		if p := s.Posted(i); p != nil && p.Kind == codec.KindSettlement {
			if _, err := s.Attachment(s.Logged(i).Namings()[0].Hash); err == nil {
				t.Fatal("nothing was pruned of it")
			}
			return i
		}
	}
	t.Fatal("no settlement")
	return 0
}

// TestAttachmentsDecode reads what was written, and nothing that is cut off.
func TestAttachmentsDecode(t *testing.T) {
	list := []attachment{
		{size: 3, data: []byte{1, 2, 3}}, {gone: true, size: 9, hash: codec.Hash{7}}, {data: []byte{}}, {size: 1, data: []byte{4}},
	}
	data := encodeAttachments(nil, list)
	got, ok := decodeAttachments(data)
	if !ok || string(encodeAttachments(nil, got)) != string(data) || !got[1].gone || got[2].gone || got[3].data[0] != 4 {
		t.Fatalf("%+v", got)
	}
	for n := range data {
		if _, ok := decodeAttachments(data[:n]); ok {
			t.Fatalf("decodes cut off at %d", n)
		}
	}
	if _, ok := decodeAttachments(append(data, 0)); ok {
		t.Error("decodes with a byte too many")
	}
}
