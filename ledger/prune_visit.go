package ledger

import (
	"encoding/binary"
	"slices"

	"github.com/cockroachdb/pebble/v2"

	"github.com/forgepool/settle/codec"
	"github.com/forgepool/settle/settlement"
)

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
