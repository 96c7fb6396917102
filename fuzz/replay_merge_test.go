package fuzz

import (
	"bytes"
	"errors"
	"testing"

	"github.com/forgepool/settle/codec"
	"github.com/forgepool/settle/replay"
)

// FuzzReplayMerge merges outputs that nobody computed. What is accepted as the only shard
// of a workload is the result as it stands, since there is one encoding of every output, or
// the list of its hash; two shards either merge or leave an error, and never a panic.
func FuzzReplayMerge(f *testing.F) {
	programs := replay.Builtins()
	for i, p := range programs {
		for _, pair := range replaySeeds(f, p.Name().Family) {
			got := p.Run(replay.Task{Args: pair[0], Input: pair[1], MaxUnits: replayMaxUnits})
			f.Add(uint8(i), pair[0], got.Output, pair[0], got.Output)
		}
	}
	f.Fuzz(func(t *testing.T, which uint8, args1, output1, args2, output2 []byte) {
		p := programs[int(which)%len(programs)]
		one := replay.ShardOutput{Args: args1, Output: output1}
		merged, err := p.Merge([]replay.ShardOutput{one})
		want := output1
		if f := p.Name().Family; f == "graph" || f == "media" || f == "memory" {
			want = replay.MergeHashes([]replay.ShardOutput{one})
		}
		if err == nil && !bytes.Equal(merged, want) {
			t.Fatalf("%v: merged alone: %x, want %x", p.Name(), merged, want)
		}
		result, err := replay.MergeResult(p, []replay.ShardOutput{one, {Args: args2, Output: output2}})
		switch {
		case err != nil && (!errors.Is(err, replay.ErrNoResult) || result != nil):
			t.Fatalf("%v: %x, %v", p.Name(), result, err)
		case err == nil:
			replayCheckResult(t, p, result)
		}
	})
}

// replayCheckResult reads the head of a workload's result.
func replayCheckResult(t *testing.T, p replay.Program, result []byte) {
	r := codec.NewReader(result)
	var id codec.Hash
	n := r.Array(2)
	if r.Fixed(id[:]); r.Err() != nil || n != 2 || id != p.Name().ID() {
		t.Fatalf("%v: result %x, %v", p.Name(), result, r.Err())
	}
}

// FuzzReplayName parses names; what is accepted is written back as it was.
func FuzzReplayName(f *testing.F) {
	for _, p := range replay.Builtins() {
		f.Add(p.Name().String())
	}
	f.Add("mc@01 path.v1")
	f.Fuzz(func(t *testing.T, s string) {
		name, err := replay.ParseProgramName(s)
		if err == nil && name.String() != s {
			t.Fatalf("%q written back as %q", s, name)
		}
	})
}
