package verifier

import (
	"context"
	"errors"
	"testing"

	"github.com/forgepool/settle/codec"
)

// TestBatchesOfAClose has batches of which nothing was appended, or again, in the cycle,
// and then lies about them: nodes in their answers, and the close with their help.
func TestBatchesOfAClose(t *testing.T) {
	for name, test := range map[string]struct {
		before func(w *world) // the close is made
		after  func(w *world)
		want   error
	}{
		"as they are": {},
		"stamp":       {after: func(w *world) { w.applied[1].Stamp++ }, want: ErrUnavailable},
		"one is kept back": {after: func(w *world) {
			w.applied = append(w.applied[:2:2], w.applied[3:]...)
			for i := range w.applied {
				w.applied[i].Number = uint64(i + 1)
			}
		}, want: ErrUnavailable},
		"number":        {after: func(w *world) { w.applied[1].Number++ }, want: ErrUnavailable},
		"leaf":          {after: func(w *world) { w.applied[3].Leaves[0][0] ^= 1 }, want: ErrUnavailable},
		"outcome":       {after: func(w *world) { w.applied[3].Outcomes[0].Index++ }, want: ErrUnavailable},
		"nothing":       {after: func(w *world) { w.applied[3].Leaves, w.applied[3].Outcomes = nil, nil }, want: ErrUnavailable},
		"ends too soon": {after: func(w *world) { w.applied = w.applied[:4] }, want: ErrUnavailable},
		"not signed":    {before: func(w *world) { w.applied[3].Signature[0] ^= 1 }, want: LieBatch},
		"another key":   {before: func(w *world) { w.applied[3].Key[0] ^= 1 }},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, 2)
			w.promise(800_000, 100_000, 0)
			leaf := codec.Hash{1}
			w.apply(&Batch{ID: testID("refused"), Submitter: w.actors["hub"].id, Number: 3, Stamp: testTime,
				Leaves: []codec.Hash{leaf}, Outcomes: []codec.Outcome{{Kind: codec.Refused, Code: codec.CodeBadDetail}}})
			w.settle(job{name: "one", shards: []shardSpec{{0, 3}, {1, 4}}})
			again := w.applied[0].Outcomes[0]
			again.Kind = codec.Repeated
			w.apply(&Batch{ID: testID("again"), Submitter: w.actors["hub"].id, Number: 5, Stamp: testTime,
				Leaves: []codec.Hash{again.Leaf}, Outcomes: []codec.Outcome{again}})
			if test.before != nil {
				test.before(w)
			}
			w.closeCycle(nil)
			if test.after != nil {
				test.after(w)
			}
			_, err := AuditCycle(context.Background(), w, w.cycleOptions(t.TempDir()))
			if !errors.Is(err, test.want) {
				t.Errorf("got %v", err)
			}
		})
	}
}

// TestCloseOfOtherBatches states key 22 wrongly.
func TestCloseOfOtherBatches(t *testing.T) {
	w := newWorld(t, 2)
	w.promise(800_000, 100_000, 0)
	w.closeCycle(func(c *codec.Cycle) { c.Batches.N++ })
	if _, err := AuditCycle(context.Background(), w, w.cycleOptions(t.TempDir())); !errors.Is(err, ErrUnavailable) {
		t.Errorf("got %v", err)
	}
}
