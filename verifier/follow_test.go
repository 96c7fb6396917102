package verifier

import (
	"bytes"
	"context"
	"errors"
	"testing"

	"github.com/forgepool/settle/proof"
)

// grown returns a ledger and the size it had before its last batch.
func grown(t *testing.T) (*world, uint64) {
	w := newWorld(t, 2)
	honest2(w, "first")
	size := uint64(len(w.records))
	honest2(w, "second")
	return w, size
}

func honest2(w *world, name string) {
	w.settle(job{name: name, shards: []shardSpec{{0, 5}, {1, 3}}})
}

func follower(t *testing.T, w *world, size uint64) *Follower {
	t.Helper()
	f, err := NewFollower(w.trust, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Follow(context.Background(), w, size); err != nil {
		t.Fatal(err)
	}
	return f
}

func TestFollow(t *testing.T) {
	w, size := grown(t)
	f := follower(t, w, size)
	pair, err := f.Follow(context.Background(), w, 0)
	if err != nil {
		t.Fatal(err)
	}
	if pair.Size() != uint64(len(w.records)) || f.Last() != pair {
		t.Errorf("size %d", pair.Size())
	}
	if _, err := f.Follow(context.Background(), w, 0); err != nil {
		t.Errorf("the same checkpoint again: %v", err)
	}
}

func TestFollowerState(t *testing.T) {
	w, size := grown(t)
	f := follower(t, w, size)
	state := f.State()
	again, err := NewFollower(w.trust, state)
	if err != nil {
		t.Fatal(err)
	}
	if again.Last().Size() != size || !bytes.Equal(again.State(), state) {
		t.Error("the state changed on its way")
	}
	empty, err := NewFollower(w.trust, nil)
	if err != nil || empty.State() != nil || empty.Last() != nil {
		t.Errorf("a new follower has a state: %v", err)
	}
	for i := range state {
		spoiled := bytes.Clone(state)
		spoiled[i] ^= 1
		if _, err := NewFollower(w.trust, spoiled); err == nil {
			t.Errorf("byte %d of the state is not looked at", i)
		}
	}
}

// TestLyingCheckpoints names each way to lie about checkpoints. The follower must stay
// where it was.
func TestLyingCheckpoints(t *testing.T) {
	other := newWorld(t, 2)
	honest2(other, "other")
	honest2(other, "another")
	inconsistent := func(err error) bool {
		_, ok := errors.AsType[*InconsistentError](err)
		return ok
	}
	is := func(target error) func(error) bool { return func(err error) bool { return errors.Is(err, target) } }
	fork := func(err error) bool { _, ok := errors.AsType[*proof.ForkError](err); return ok }
	for name, lie := range map[string]struct {
		tamper func(w *world, size uint64) tamper
		want   func(error) bool
	}{
		"smaller":       {func(w *world, size uint64) tamper { return swap(w.notes(size - 1)) }, is(proof.ErrShrunk)},
		"fork":          {func(w *world, size uint64) tamper { return swap(other.notes(size)) }, fork},
		"other history": {func(*world, uint64) tamper { return swap(other.notes(uint64(len(other.records)))) }, inconsistent},
		"A and B mixed": {func(w *world, size uint64) tamper {
			n := w.notes(size + 1)
			n.B = w.notes(size).B
			return swap(n)
		}, is(proof.ErrTwin)},
		"A twice": {func(w *world, size uint64) tamper {
			n := w.notes(size + 1)
			n.B = n.A
			return swap(n)
		}, is(proof.ErrTwin)},
		"unsigned": {func(*world, uint64) tamper {
			return tamper{checkpoint: func(n *Notes) { n.A = bytes.Replace(n.A, []byte("— "), []byte("— x"), 2) }}
		}, is(proof.ErrUnsigned)},
		"root changed": {func(*world, uint64) tamper {
			return tamper{checkpoint: func(n *Notes) { n.A[len(testOrigin)+8] ^= 1 }}
		}, func(err error) bool { return err != nil }},
		"path changed": {func(*world, uint64) tamper {
			return tamper{consistency: func(p [][32]byte) [][32]byte { p[0][0] ^= 1; return p }}
		}, inconsistent},
		"path cut": {func(*world, uint64) tamper {
			return tamper{consistency: func(p [][32]byte) [][32]byte { return p[1:] }}
		}, inconsistent},
	} {
		t.Run(name, func(t *testing.T) {
			w, size := grown(t)
			f := follower(t, w, size)
			w.tamper = lie.tamper(w, size)
			if _, err := f.Follow(context.Background(), w, 0); !lie.want(err) {
				t.Errorf("not named: %v", err)
			}
			if f.Last().Size() != size {
				t.Errorf("the follower moved to %d", f.Last().Size())
			}
		})
	}
}

// swap hands out other notes.
func swap(n *Notes) tamper {
	return tamper{checkpoint: func(out *Notes) { *out = *n }}
}

func TestFollowAskedSize(t *testing.T) {
	w, size := grown(t)
	f, _ := NewFollower(w.trust, nil)
	w.tamper = swap(w.notes(size - 1))
	if _, err := f.Follow(context.Background(), w, size); !errors.Is(err, LieOrder) {
		t.Errorf("another size than asked for: %v", err)
	}
}

func TestForkFile(t *testing.T) {
	w, size := grown(t)
	other := newWorld(t, 2)
	honest2(other, "other")
	honest2(other, "another")
	f := follower(t, w, size)
	w.tamper = swap(other.notes(size))
	_, err := f.Follow(context.Background(), w, 0)
	fork, ok := errors.AsType[*proof.ForkError](err)
	if !ok {
		t.Fatal(err)
	}
	file := FormatFork(fork)
	got, err := CheckFork(w.trust, file)
	if err != nil || got.Size != size {
		t.Fatalf("fork at %v: %v", got, err)
	}
	for i := range file {
		spoiled := bytes.Clone(file)
		spoiled[i] ^= 1
		if _, err := CheckFork(w.trust, spoiled); err == nil {
			t.Errorf("byte %d of the fork file is not looked at", i)
		}
	}
	honestPair := FormatFork(&proof.ForkError{First: w.notes(size).A, Second: w.notes(size + 1).A})
	if _, err := CheckFork(w.trust, honestPair); !errors.Is(err, LieNoFork) {
		t.Errorf("no fork: %v", err)
	}
}
