package verifier

import (
	"context"
	"errors"
	"maps"
	"slices"
	"testing"

	"github.com/forgepool/settle/codec"
	"pgregory.net/rapid"
)

// disputeBody opens a dispute about some lines, or ends one.
func disputeBody(op codec.DisputeOp, target uint64, opened uint64, lines ...codec.HeldLine) []byte {
	d := &codec.Dispute{Op: op, At: testTime, Cycle: testCycle}
	if op == codec.DisputeOpen {
		if lines == nil {
			lines = []codec.HeldLine{}
		}
		d.Target, d.Lines = &codec.RecordRef{Index: target}, &lines
	} else {
		d.Opened = &opened
	}
	return codec.Encode(d)
}

// dispute appends a dispute record; it returns where.
func (w *world) dispute(name string, op codec.DisputeOp, target, opened uint64, lines ...codec.HeldLine) uint64 {
	w.append(name, [][]byte{w.signed(codec.KindDispute, disputeBody(op, target, opened, lines...), w.actors["customer"])})
	return uint64(len(w.records) - 1)
}

// TestHeldAmountsOfAClose has two disputes about one line open at the cut and one that
// ended, and states each number of key 16 wrongly.
func TestHeldAmountsOfAClose(t *testing.T) {
	for name, want := range map[string]struct {
		held  codec.Held
		false bool
	}{
		"as they are": {codec.Held{Disputes: 2, Held: 9}, false},
		"disputes":    {codec.Held{Disputes: 3, Held: 9}, true},
		"held":        {codec.Held{Disputes: 2, Held: 14}, true},
		"released":    {codec.Held{Disputes: 2, Held: 9, Released: 1}, true},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, 2)
			w.promise(800_000, 100_000, 0)
			target := w.settle(job{name: "one", shards: []shardSpec{{0, 3}, {1, 4}}})
			w.dispute("a", codec.DisputeOpen, target, 0, codec.HeldLine{Line: 0, Amount: 5}, codec.HeldLine{Line: 1, Amount: 2})
			b := w.dispute("b", codec.DisputeOpen, target, 0, codec.HeldLine{Line: 0, Amount: 9})
			w.dispute("c", codec.DisputeOpen, target, 0, codec.HeldLine{Line: 0, Amount: 7})
			w.dispute("b again", codec.DisputeEvidence, 0, b)
			w.dispute("b ends", codec.DisputeWithdraw, 0, b)
			w.closeCycle(func(c *codec.Cycle) { c.Held = &want.held })
			w.dispute("after the cut", codec.DisputeOpen, target, 0, codec.HeldLine{Line: 2, Amount: 1})
			_, err := AuditCycle(context.Background(), w, w.cycleOptions(t.TempDir()))
			if errors.Is(err, LieClose) != want.false || !want.false && err != nil {
				t.Errorf("got %v", err)
			}
		})
	}
}

// TestBadDisputeRecords reads records that no replica admits; none of them panics.
func TestBadDisputeRecords(t *testing.T) {
	for name, body := range map[string][]byte{
		"not open": disputeBody(codec.DisputeReject, 0, 7),
		"no lines": codec.Encode(&codec.Dispute{Op: codec.DisputeOpen, Target: &codec.RecordRef{}}),
		"no index": codec.Encode(&codec.Dispute{Op: codec.DisputeAccept}),
		"bytes":    {0xff},
	} {
		if err := newHolds().keep(body, 9); !errors.Is(err, LieRecord) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// plainHeld adds up key 16 from the lists of all disputes and of the amounts held at the
// last cut.
func plainHeld(open map[uint64]openDispute, atCut map[place]uint64) (s codec.Held, now map[place]uint64) {
	now = map[place]uint64{}
	for _, d := range open {
		for _, l := range d.lines {
			at := place{d.target, l.Line}
			now[at] = max(now[at], l.Amount)
		}
	}
	s.Disputes = uint64(len(open))
	for _, amount := range now {
		s.Held += amount
	}
	for at, amount := range atCut {
		s.Released += amount - min(amount, now[at])
	}
	return s, now
}

// TestHoldsAgreeWithPlainOnes lets disputes come and go over several cycles.
func TestHoldsAgreeWithPlainOnes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		h, open, atCut := newHolds(), map[uint64]openDispute{}, map[place]uint64{}
		for index := range uint64(rapid.IntRange(1, 60).Draw(t, "records")) {
			switch ended := slices.Sorted(maps.Keys(open)); {
			case rapid.IntRange(0, 9).Draw(t, "cut") == 0:
				h.cut()
				_, atCut = plainHeld(open, nil)
			case len(ended) > 0 && rapid.Bool().Draw(t, "end"):
				opened := rapid.SampledFrom(ended).Draw(t, "opened")
				delete(open, opened)
				if err := h.keep(disputeBody(codec.DisputeReject, 0, opened), index); err != nil {
					t.Fatal(err)
				}
			default:
				d := openDispute{target: rapid.Uint64Range(1, 2).Draw(t, "target")}
				for line := range uint64(3) {
					if rapid.Bool().Draw(t, "contested") {
						d.lines = append(d.lines, codec.HeldLine{Line: line, Amount: rapid.Uint64Range(0, 9).Draw(t, "amount")})
					}
				}
				open[index] = d
				if err := h.keep(disputeBody(codec.DisputeOpen, d.target, 0, d.lines...), index); err != nil {
					t.Fatal(err)
				}
			}
			if want, _ := plainHeld(open, atCut); h.state() != want {
				t.Fatalf("after record %d: %+v, want %+v", index, h.state(), want)
			}
		}
		if len(open) == 0 {
			h.cut()
			if h.cut(); len(h.lines)+len(h.open)+len(h.targets) > 0 {
				t.Fatalf("something is left: %+v", h)
			}
		}
	})
}
