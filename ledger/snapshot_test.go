package ledger

import (
	"errors"
	"testing"

	"github.com/transparency-dev/merkle/proof"

	"github.com/forgepool/settle/codec"
	sproof "github.com/forgepool/settle/proof"
)

// naive is the definition of RFC 9162 section 2.1, literally.
func naive(h sproof.Hasher, leaves []codec.Hash) [32]byte {
	switch len(leaves) {
	case 0:
		return h.Empty()
	case 1:
		return leaves[0]
	}
	k := 1
	for 2*k < len(leaves) {
		k *= 2
	}
	return h.Node(naive(h, leaves[:k]), naive(h, leaves[k:]))
}

// TestEveryPastSize compares roots at every size, and paths at many, with the naive
// tree, before and after a restart.
func TestEveryPastSize(t *testing.T) {
	w := newWorld(t)
	l := w.create(Options{})
	for range 9 {
		records, blobs := w.planned(67)
		w.apply(l, w.batch(blobs, records...))
	}
	checkPastSizes(t, l)
	l = reopen(t, l)
	defer l.Close()
	checkPastSizes(t, l)
}

// reopen closes a ledger and opens it again.
func reopen(t testing.TB, l *Ledger) *Ledger {
	t.Helper()
	before := l.Applied()
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	l, err := Open(l.dir, l.o)
	if err != nil {
		t.Fatal(err)
	}
	if l.Applied() != before {
		t.Fatalf("applied %+v, before %+v", l.Applied(), before)
	}
	return l
}

func checkPastSizes(t *testing.T, l *Ledger) {
	t.Helper()
	s := l.Read()
	defer s.Close()
	a, b := make([]codec.Hash, s.Size()), make([]codec.Hash, s.Size())
	for i := range a {
		data, err := s.Record(uint64(i))
		if err != nil {
			t.Fatal(err)
		}
		a[i], b[i] = sproof.LeafA(data), sproof.LeafB(data)
	}
	for size := uint64(0); size <= s.Size(); size++ {
		ra, rb, err := s.Roots(size)
		if err != nil || ra != naive(sproof.TreeA, a[:size]) || rb != naive(sproof.TreeB, b[:size]) {
			t.Fatalf("roots of size %d: %v", size, err)
		}
	}
	for size := uint64(1); size <= s.Size(); size += 13 {
		for index := uint64(0); index < size; index += 7 {
			pa, pb, err := s.Inclusion(index, size)
			if err != nil {
				t.Fatal(err)
			}
			checkPath(t, sproof.TreeA, a, index, size, pa)
			checkPath(t, sproof.TreeB, b, index, size, pb)
		}
		checkConsistent(t, s, size, a, b)
	}
	if _, _, err := s.Inclusion(0, s.Size()+1); err == nil {
		t.Fatal("a proof for a size that the log does not have")
	}
	if _, err := s.Record(s.Size()); !errors.Is(err, ErrNotFound) {
		t.Fatal(err)
	}
}

func checkPath(t *testing.T, h sproof.Hasher, leaves []codec.Hash, index, size uint64, path [][32]byte) {
	t.Helper()
	root := naive(h, leaves[:size])
	if err := proof.VerifyInclusion(h, index, size, leaves[index][:], views(path), root[:]); err != nil {
		t.Fatalf("record %d in size %d: %v", index, size, err)
	}
}

func checkConsistent(t *testing.T, s *Snapshot, size uint64, a, b []codec.Hash) {
	t.Helper()
	pa, pb, err := s.Consistency(size, s.Size())
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		h      sproof.Hasher
		leaves []codec.Hash
		path   [][32]byte
	}{{sproof.TreeA, a, pa}, {sproof.TreeB, b, pb}} {
		old, now := naive(c.h, c.leaves[:size]), naive(c.h, c.leaves)
		if err := proof.VerifyConsistency(c.h, size, s.Size(), views(c.path), old[:], now[:]); err != nil {
			t.Fatalf("from size %d: %v", size, err)
		}
	}
}

func views(path [][32]byte) [][]byte {
	out := make([][]byte, len(path))
	for i := range path {
		out[i] = path[i][:]
	}
	return out
}

// TestSnapshotStands checks that a snapshot does not see what comes after it.
func TestSnapshotStands(t *testing.T) {
	w := newWorld(t)
	l := w.create(Options{})
	defer l.Close()
	s := l.Read()
	defer s.Close()
	before := s.Applied()
	id, records, blobs := w.workload(3)
	w.apply(l, w.batch(blobs, records...))
	if s.Applied() != before || s.View(w.now).Workload(w.hub.id, id) != nil {
		t.Fatal("the snapshot changed")
	}
	a, b, err := s.Roots(s.Size())
	if err != nil || a != before.RootA || b != before.RootB {
		t.Fatal("roots of the snapshot's size", err)
	}
	now := l.Read()
	defer now.Close()
	if got := now.Workload(w.hub.id, id); got == nil || got.SettledAt != before.Size+2 {
		t.Fatalf("workload %+v", got)
	}
}

func TestRecordsRange(t *testing.T) {
	w := newWorld(t)
	l := w.create(Options{})
	defer l.Close()
	for range 3 {
		records, blobs := w.planned(500)
		w.apply(l, w.batch(blobs, records...))
	}
	s := l.Read()
	defer s.Close()
	for _, from := range []uint64{0, 1, 13, 14, 300, 512, 513, s.Size() - 1, s.Size()} {
		list, err := s.Records(from, 700, 1<<30)
		if err != nil || uint64(len(list)) != min(700, s.Size()-from) {
			t.Fatalf("%d records from %d: %v", len(list), from, err)
		}
		for i := range list {
			data, err := s.Record(from + uint64(i))
			if err != nil || string(data) != string(list[i]) {
				t.Fatalf("record %d: %v", from+uint64(i), err)
			}
		}
	}
	if list, err := s.Records(20, 700, 1); err != nil || len(list) != 1 {
		t.Fatalf("%d records under a limit of bytes: %v", len(list), err)
	}
	if _, err := s.Records(s.Size()+1, 1, 1); !errors.Is(err, ErrNotFound) {
		t.Fatal(err)
	}
}
