package verifier

import (
	"slices"

	"github.com/forgepool/settle/codec"
)

// What disputes hold of postings, followed through the log (docs/formats/records.md
// section 6.6) for key 16 of the close. What is open at one time is held in memory.

// place is a posting by where it stands.
type place struct{ index, line uint64 }

// heldLine is what is held of a posting now, and what was at the last cut.
type heldLine struct{ now, atCut uint64 } // micro-Credits

// openDispute is a dispute that has not ended.
type openDispute struct {
	target uint64
	lines  []codec.HeldLine
}

// holds is the open disputes and what they hold.
type holds struct {
	open    map[uint64]openDispute // by the index that opened it
	targets map[uint64][]uint64    // open disputes on a record
	lines   map[place]heldLine
}

func newHolds() *holds {
	return &holds{open: map[uint64]openDispute{}, targets: map[uint64][]uint64{}, lines: map[place]heldLine{}}
}

// keep takes in a dispute record. Errors: LieRecord if it does not decode, or ends what is
// not open.
func (h *holds) keep(body []byte, index uint64) error {
	var d codec.Dispute
	if err := readDispute(body, index, &d); err != nil {
		return err
	}
	switch d.Op {
	case codec.DisputeOpen:
		o := openDispute{target: d.Target.Index, lines: *d.Lines}
		h.open[index] = o
		h.targets[o.target] = append(h.targets[o.target], index)
		h.update(&o)
	case codec.DisputeAccept, codec.DisputeReject, codec.DisputeWithdraw:
		o, ok := h.open[*d.Opened]
		if !ok {
			return lie(LieRecord, "record %d ends a dispute that is not open", index)
		}
		delete(h.open, *d.Opened)
		h.targets[o.target] = slices.DeleteFunc(h.targets[o.target], func(i uint64) bool { return i == *d.Opened })
		if len(h.targets[o.target]) == 0 {
			delete(h.targets, o.target)
		}
		h.update(&o)
	}
	return nil
}

// update holds of each line of a dispute the largest claim that is open on it.
func (h *holds) update(o *openDispute) {
	for _, l := range o.lines {
		at := place{o.target, l.Line}
		x := h.lines[at]
		x.now = 0
		for _, opened := range h.targets[o.target] {
			for _, claim := range h.open[opened].lines {
				if claim.Line == l.Line {
					x.now = max(x.now, claim.Amount)
				}
			}
		}
		h.set(at, x)
	}
}

// set keeps a line as long as anything is or was held of it.
func (h *holds) set(at place, x heldLine) {
	if x == (heldLine{}) {
		delete(h.lines, at)
		return
	}
	h.lines[at] = x
}

// state returns what a close states of the holds as they are. Sums are modulo 2^64;
// replicas keep them below 2^63.
func (h *holds) state() codec.Held {
	s := codec.Held{Disputes: uint64(len(h.open))}
	for _, x := range h.lines {
		s.Held += x.now
		if x.now < x.atCut {
			s.Released += x.atCut - x.now
		}
	}
	return s
}

// cut begins the next cycle.
func (h *holds) cut() {
	for at, x := range h.lines {
		h.set(at, heldLine{now: x.now, atCut: x.now})
	}
}
