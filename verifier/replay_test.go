package verifier

import (
	"context"
	"errors"
	"testing"

	"github.com/forgepool/settle/codec"
)

func (w *world) replay(index uint64, shard *uint64) *ReplayReport {
	w.t.Helper()
	r, err := Replay(context.Background(), w, ReplayOptions{Policy: w.trust, Index: index, Shard: shard, Workers: 2})
	if err != nil {
		w.t.Fatal(err)
	}
	return r
}

func TestReplayWholeSettlement(t *testing.T) {
	w := newWorld(t, 3)
	index := w.settle(job{name: "one", shards: []shardSpec{{2, 5}, {1, 3}, {0, 9}}})
	r := w.replay(index, nil)
	if r.Verdict != Match || len(r.Shards) != 3 || r.Result == nil || r.Result.Verdict != Match {
		t.Fatalf("%+v", r)
	}
	shard := uint64(1)
	if one := w.replay(index, &shard); one.Verdict != Match || len(one.Shards) != 1 || one.Result != nil {
		t.Errorf("%+v", one)
	}
}

func TestReplayFindsFalseResults(t *testing.T) {
	w := newWorld(t, 2)
	shards := []shardSpec{{0, 5}, {1, 3}}
	output := w.settle(job{name: "output", shards: shards, entry: func(i int, e *codec.ShardEntry) { e.Output.Size += uint64(i) }})
	if r := w.replay(output, nil); r.Verdict != Mismatch || r.Result.Verdict != Match || r.Shards[0].Verdict == r.Shards[1].Verdict {
		t.Errorf("output: %+v", r)
	}
	result := w.settle(job{name: "result", shards: shards, body: func(s *codec.Settlement) { s.Result.Hash[0] ^= 1 }})
	if r := w.replay(result, nil); r.Verdict != Mismatch || r.Result.Verdict != Mismatch || r.Shards[0].Verdict != Match {
		t.Errorf("result: %+v", r)
	}
	missing := w.settle(job{name: "missing", shards: shards})
	_, e := w.body(missing)
	delete(w.blobs, e.Args)
	if r := w.replay(missing, nil); r.Verdict != Inconclusive || r.Result.Verdict != Inconclusive {
		t.Errorf("missing arguments: %+v", r)
	}
	program := w.settle(job{name: "program", shards: shards, body: func(s *codec.Settlement) { s.Program.Version = 2 }})
	if r := w.replay(program, nil); r.Verdict != Inconclusive {
		t.Errorf("unknown program: %+v", r)
	}
}

func TestReplayRefuses(t *testing.T) {
	w := newWorld(t, 1)
	index := w.settle(job{name: "one", shards: []shardSpec{{0, 5}}})
	o := ReplayOptions{Policy: w.trust, Index: index - 1}
	if _, err := Replay(context.Background(), w, o); !errors.Is(err, LieRecord) {
		t.Errorf("an event: %v", err)
	}
	shard := uint64(1)
	o.Index, o.Shard = index, &shard
	if _, err := Replay(context.Background(), w, o); err == nil {
		t.Error("a shard that is not there")
	}
	o.Index = index + 1
	if _, err := Replay(context.Background(), w, o); !errors.Is(err, ErrUnavailable) {
		t.Errorf("behind the end: %v", err)
	}
}
