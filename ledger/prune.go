package ledger

import (
	"bytes"
	"encoding/binary"
	"maps"
	"slices"

	"github.com/cockroachdb/pebble/v2"

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

// visitor makes the visits of one applied batch.
type visitor struct {
	l     *Ledger
	undue uint64
	code  map[codec.Hash]bool // of the policies that keep it; nil: not looked up yet
}

// next returns the batch to be visited next. It is 0 if there is nothing to visit at this
// step, and ok is false if there is nothing at all.
func (v *visitor) next() (batch uint64, ok bool) {
	s := v.l.state
	w := &s.now.sweep
	if s.moment.Time > w.next {
		k, there := s.firstMark([]byte{markRetained})
		if w.next = settlement.Forever; there {
			w.next = binary.BigEndian.Uint64([]byte(k[1:]))
		}
		if s.moment.Time <= w.next {
			return 0, true
		}
		return v.take(k), true
	}
	if w.cycle >= v.undue {
		return 0, false
	}
	end, _ := s.ends.get(s.db, w.cycle)
	if w.batch < end.batch {
		w.batch++
		return w.batch, true
	}
	if k, there := s.firstMark(mark(markWaiting, w.cycle)); there {
		return v.take(k), true
	}
	w.cycle = end.next
	return 0, true
}

// take removes a mark and returns the batch that it leads to.
func (v *visitor) take(k string) (batch uint64) {
	v.l.state.mark([]byte(k), false)
	return binary.BigEndian.Uint64([]byte(k[len(k)-8:]))
}

// firstMark returns the first mark that begins like this, those of this run counted.
func (s *state) firstMark(prefix []byte) (first string, ok bool) {
	for i := range s.marks.dirty {
		d := &s.marks.dirty[i]
		if d.value && len(d.key) >= len(prefix) && d.key[:len(prefix)] == string(prefix) && (!ok || d.key < first) {
			first, ok = d.key, true
		}
	}
	from := append([]byte{spaceMark}, prefix...)
	err := scan(s.db, from, append(slices.Clone(from), 0xff), func(key, _ []byte) (bool, error) {
		k := string(key[1:])
		if ok && first <= k {
			return false, nil
		}
		if there, _ := s.marks.get(s.db, k); !there {
			return true, nil // this run removed it
		}
		first, ok = k, true
		return false, nil
	})
	if err != nil {
		panic(err)
	}
	return first, ok
}

// visit prunes what nothing keeps of a batch, and marks when to look at the rest again.
func (v *visitor) visit(number uint64) (cost uint64) {
	s, pruned := v.l.state, false
	day, cycle := uint64(settlement.Forever), uint64(settlement.Forever)
	list := v.l.attachments(number)
	cost = visitCost
	for i := range list {
		a := &list[i]
		cost += blobCost + uint64(a.size)
		if a.hash == (codec.Hash{}) {
			a.hash = codec.BlobHash(a.data)
		}
		p, there := s.blobRefs.get(s.db, a.hash)
		if !there || p.batch != number || int(p.at) != i {
			continue // pruned before; it may have come again with another batch
		}
		switch keep, until, named := v.keeps(a.hash, &p); {
		case !keep:
			s.blobRefs.put(s.db, a.hash, place{})
			delete(s.blobs, a.hash)
			*a, pruned = attachment{gone: true, size: a.size, hash: a.hash}, true
		case named > 0:
			cycle = min(cycle, named)
		case until > 0:
			day = min(day, until)
		}
	}
	if pruned {
		v.l.writeAttachments(number, list)
		s.visited[number] = list
	}
	if cycle < settlement.Forever {
		s.mark(mark(markWaiting, cycle, number), true)
	}
	if day < settlement.Forever {
		s.retain(later((day+retainedFor-1)/retainedFor*retainedFor), number)
	}
	return cost
}

// retain lets a batch be visited after a time.
func (s *state) retain(time, number uint64) {
	s.mark(mark(markRetained, time, number), true)
	s.now.sweep.next = min(s.now.sweep.next, time)
}

// keeps says whether something keeps an attachment, and what it waits for: a time, or
// that a cycle becomes due. If neither, it is kept for ever, or until disputes end.
func (v *visitor) keeps(hash codec.Hash, p *place) (keep bool, until, cycle uint64) {
	s := v.l.state
	if _, opened := s.openings.get(s.db, hash); opened {
		return true, 0, 0
	}
	if p.cycle >= v.undue {
		return true, 0, p.cycle
	}
	if v.code == nil {
		v.code = s.codeFrom(v.undue)
	}
	if v.code[hash] {
		return true, 0, v.undue
	}
	if s.moment.Time <= p.until {
		return true, p.until, 0
	}
	disputes, _ := s.guards.get(s.db, hash)
	return disputes > 0, 0, 0
}

// codeFrom returns the modules that the policy in force in a cycle or a later policy
// allows.
func (s *state) codeFrom(cycle uint64) map[codec.Hash]bool {
	code, first := map[codec.Hash]bool{}, s.PolicyFor(cycle)
	for _, p := range s.policies {
		if p.Body.Version < first.Body.Version {
			continue
		}
		for _, hash := range p.Code() {
			code[hash] = true
		}
	}
	return code
}

// attachments returns those of a batch as this run left them, to be changed.
func (l *Ledger) attachments(number uint64) []attachment {
	if list, ok := l.state.visited[number]; ok {
		return list
	}
	list, err := loadAttachments(l.store.db, number)
	if number > l.view.applied.Batches {
		list, err = pendingAttachments(l.w.batch, number)
	}
	if err != nil {
		panic(err)
	}
	return list
}

// pendingAttachments finds the attachments of a batch of this run in what is to be
// written. Few cycles begin and become due in one run.
func pendingAttachments(b *pebble.Batch, number uint64) (list []attachment, err error) {
	want := string(numberKey(spaceBlobs, number))
	r := b.Reader()
	for {
		_, key, value, ok, err := r.Next()
		if err != nil || !ok {
			return list, err
		}
		if string(key) != want {
			continue
		}
		if list, ok = decodeAttachments(slices.Clone(value)); !ok {
			return nil, damaged(NoIndex, nil, "attachments of batch %d do not decode", number)
		}
	}
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
