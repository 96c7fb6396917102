package replay

import (
	"errors"
	"slices"
	"testing"

	"github.com/forgepool/settle/codec"
	"pgregory.net/rapid"
)

// cut draws where to split n things into shards of at least one thing each.
func cut(t *rapid.T, n int) (ends []int) {
	for i := 1; i < n; i++ {
		if rapid.Bool().Draw(t, "cut") {
			ends = append(ends, i)
		}
	}
	return append(ends, n)
}

// mustMerge runs the shards and compares their merge with the unsplit output.
func mustMerge(t *rapid.T, p Program, whole Task, shards []Task) {
	t.Helper()
	want := p.Run(whole)
	if want.Status != OK {
		t.Fatalf("whole: %v %s", want.Status, want.Field)
	}
	var outputs []ShardOutput
	var units uint64
	for _, s := range shards {
		got := p.Run(s)
		if got.Status != OK {
			t.Fatalf("shard: %v %s", got.Status, got.Field)
		}
		units += got.Units
		outputs = append(outputs, ShardOutput{Args: s.Args, Output: got.Output})
	}
	sameResult(t, p, outputs)
	merged, err := p.Merge(outputs)
	if err != nil || string(merged) != string(want.Output) {
		t.Fatalf("%v, merged\n%x, want\n%x", err, merged, want.Output)
	}
	if units != want.Units {
		t.Fatalf("%d units in shards, %d in one", units, want.Units)
	}
}

// refuse checks that shards have no result.
func refuse(t *testing.T, p Program, name string, shards ...ShardOutput) {
	t.Helper()
	if result, err := MergeResult(p, shards); !errors.Is(err, ErrNoResult) || result != nil {
		t.Errorf("%v, %s: %x, %v, want ErrNoResult", p.Name(), name, result, err)
	}
}

// corrupt checks that no merge takes an output that is cut short or longer by a byte.
func corrupt(t *testing.T, p Program, good ShardOutput) {
	t.Helper()
	for n := range good.Output {
		refuse(t, p, "output cut short", ShardOutput{good.Args, good.Output[:n]})
	}
	refuse(t, p, "byte after the output", ShardOutput{good.Args, append(slices.Clone(good.Output), 0)})
	refuse(t, p, "no arguments", ShardOutput{nil, good.Output})
	if _, err := MergeResult(p, []ShardOutput{good}); err != nil {
		t.Errorf("%v: the good shard alone: %v", p.Name(), err)
	}
}

func TestMergeNothing(t *testing.T) {
	for _, p := range Builtins() {
		refuse(t, p, "no shards")
		refuse(t, p, "too many shards", make([]ShardOutput, codec.MaxShards+1)...)
	}
}

// sameResult merges shard by shard, with a look at the result after each, and compares
// with the merge of all that came so far at once.
func sameResult(t rapid.TB, p Program, shards []ShardOutput) {
	t.Helper()
	m := NewResultMerger(p)
	for i, s := range shards {
		if err := m.Add(s); err != nil {
			t.Fatalf("shard %d: %v", i, err)
		}
		got, err := m.Result()
		merged, err2 := p.Merge(shards[:i+1])
		id := idOf(p)
		want := append(append([]byte{0x82, 0x58, 0x20}, id[:]...), merged...)
		if err != nil || err2 != nil || string(got) != string(want) {
			t.Fatalf("%v, after %d shards: %x, %v, want %x, %v", p.Name(), i+1, got, err, want, err2)
		}
	}
}

// TestResultMerger: every program gives the same result however its shards come, and an
// error stays.
func TestResultMerger(t *testing.T) {
	v := loadVectors(t)
	for _, c := range v.Cases {
		p := built()[c.Family]
		got := p.Run(Task{Seed: v.Seed, Args: c.Args, Input: c.Input.load(t)})
		shards := []ShardOutput{{c.Args, got.Output}, {c.Args, got.Output}}
		if c.Family == "mc" || c.Family == "search" { // cannot follow itself
			shards = shards[:1]
		}
		sameResult(t, p, shards)
	}
	m := NewResultMerger(monteCarlo{})
	if _, err := m.Result(); !errors.Is(err, ErrNoResult) {
		t.Errorf("no shards: %v", err)
	}
	c := &v.Cases[0]
	good := ShardOutput{c.Args, monteCarlo{}.Run(Task{Seed: v.Seed, Args: c.Args}).Output}
	first := m.Add(ShardOutput{})
	if again := m.Add(good); !errors.Is(first, ErrNoResult) || again != first {
		t.Errorf("%v, then %v, want the first error twice", first, again)
	}
	if got, err := m.Result(); got != nil || err != first {
		t.Errorf("%x, %v, want the first error", got, err)
	}
}
