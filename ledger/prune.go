package ledger

import (
	"bytes"
	"encoding/binary"
	"maps"
	"slices"

	"github.com/forgepool/settle/codec"
	"github.com/forgepool/settle/settlement"
)

// Pruning removes attachments by the rule of docs/formats/records.md section 2. What is
// there decides whether a batch is complete, so pruning is part of applying: it follows
// from the batches alone and is in the state sum.
//
// Attachments are looked at batch by batch. When the cycle of a batch is due (its close
// is old enough) the batch is visited, in order of the log: what nothing keeps any more
// is pruned. What is still named by a later cycle, or is to be retained longer, leaves a
// mark (markWaiting, markRetained) by which the batch is found again.
//
// Each applied batch pays for its share of the work, so that no entry takes long: it may
// visit about twice what it brings itself.

// sweep is how far pruning has come.
type sweep struct {
	cycle uint64 // whose batches are visited now or next; 0: no cycle has ended
	batch uint64 // last one visited in order
	next  uint64 // at most the earliest time of a markRetained, ms; Forever: there is none
	debt  uint64 // cost of what was visited beyond what was paid for
}

// What a visit costs, about in bytes read: of a batch, of each of its attachments beside
// its size, and what every applied batch pays at least.
const (
	visitCost = 4 << 10
	blobCost  = 1 << 10
	leastPay  = 8 << 10
)

// retainedFor is what a time to be visited at is rounded up to, so that the attachments
// of one batch, which are retained for about as long, do not cost a visit each.
const retainedFor = 24 * 3600 * 1000

// prune makes visits that the batch at hand pays for. brought is what a visit of it costs
// beside visitCost.
func (l *Ledger) prune(brought uint64) {
	s := l.state
	w := &s.now.sweep
	undue := s.undue()
	if w.cycle >= undue && s.moment.Time <= w.next {
		w.debt = 0
		return
	}
	pay := 2*(visitCost+brought) + leastPay
	for v := (visitor{l: l, undue: undue}); w.debt < pay; {
		batch, ok := v.next()
		if !ok {
			w.debt = 0
			return
		}
		if batch > 0 {
			w.debt += v.visit(batch)
		}
	}
	w.debt -= pay
}

// cycleEnd is where a cycle ended.
type cycleEnd struct {
	batch uint64 // number of that of the cut
	next  uint64 // number of the cycle after it
}

func encodeEnd(b []byte, e cycleEnd) []byte { return appendUvarints(b, e.batch, e.next) }

func decodeEnd(_ uint64, data []byte) (cycleEnd, bool) {
	v := values{b: data}
	e := cycleEnd{v.uvarint(), v.uvarint()}
	return e, v.done()
}

// endCycle notes the last batch of a cycle.
func (s *state) endCycle(cycle, batch uint64) {
	s.ends.put(s.db, cycle, cycleEnd{batch, s.begun})
	if s.now.sweep.cycle == 0 {
		s.now.sweep.cycle = cycle
	}
}

// undue returns the first cycle, from the one that is swept on, whose attachments are
// kept because of its age alone. Cycles become due in their order.
func (s *state) undue() uint64 {
	cycle := s.now.sweep.cycle
	for cycle > 0 {
		c := s.Cycle(cycle)
		if c == nil || c.Close == nil {
			return cycle
		}
		p := s.PolicyFor(cycle).Body
		if s.moment.Time <= later(c.Close.Time, p.DisputeWindow, p.Audit.Deadline) {
			return cycle
		}
		end, _ := s.ends.get(s.db, cycle)
		cycle = end.next
	}
	return 0
}

// later adds periods to a time; what leaves 63 bits never comes.
func later(time uint64, periods ...uint64) uint64 {
	for _, p := range periods {
		time = min(time+p, settlement.Forever)
	}
	return time
}

func encodeGuard(b []byte, disputes uint64) []byte { return binary.AppendUvarint(b, disputes) }

func decodeGuard(_ codec.Hash, data []byte) (uint64, bool) { return decodeIndex(0, data) }

// guardBlobs counts the open disputes that list lines of a record for each blob that the
// record names, when such a dispute begins or ends.
func (s *state) guardBlobs(before, now *settlement.Dispute) {
	was := before != nil && before.Status == settlement.StatusOpen
	is := now.Status == settlement.StatusOpen
	if was == is || len(now.Lines) == 0 {
		return
	}
	named := map[codec.Hash]bool{}
	for _, n := range s.Logged(now.Target.Index).Namings() {
		named[n.Hash] = true
	}
	for _, hash := range slices.SortedFunc(maps.Keys(named), func(a, b codec.Hash) int { return bytes.Compare(a[:], b[:]) }) {
		disputes, _ := s.guards.get(s.db, hash)
		if is {
			disputes++
		} else {
			disputes--
		}
		s.guards.put(s.db, hash, disputes)
		if p, there := s.blobRefs.get(s.db, hash); there && !p.pruned() && disputes == 0 {
			s.retain(s.moment.Time, p.batch)
		}
	}
}
