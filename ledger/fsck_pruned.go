package ledger

import (
	"fmt"

	"github.com/forgepool/settle/codec"
	"github.com/forgepool/settle/settlement"
)

// Pruned says what Fsck made of the records of one cycle whose attachments were pruned.
// Whatever was taken from the store instead of being made again is covered by the state
// sum: the rebuilt state has it, and has the state sums that were recorded.
type Pruned struct {
	Cycle       uint64 // whose records they are; it is closed
	First, Last uint64 // indexes of the first and the last one
	Records     uint64 // how many of those between them
	What        string // in words
	Rebuilt     bool   // false: taken from the store
}

// String says it to a person.
func (p Pruned) String() string {
	how := "rebuilt"
	if !p.Rebuilt {
		how = "not rebuilt"
	}
	return fmt.Sprintf("cycle %d, %d records in %d to %d: %s: %s", p.Cycle, p.Records, p.First, p.Last, how, p.What)
}

// What becomes of pruned records, in the order of the report.
var prunedKinds = [...]struct {
	what    string
	rebuilt bool
}{
	prunedLines: {"settlements, from their kept lines, which have the root in the record and are in the trees of the close", true},
	prunedWork:  {"work keys and replay tokens of settlements", false},
	prunedMoney: {"adjustments, judged by their kept lines, which have the root in the record", true},
	prunedNamed: {"records that name what was pruned, judged by its presence and size", true},
	prunedShard: {"provider, output and units of disputed shards", false},
}

const (
	prunedLines = iota
	prunedWork
	prunedMoney
	prunedNamed
	prunedShard
)

// notePruned adds a record to the report. Cycles and kinds are few.
func (k *checker) notePruned(index uint64, kind int) {
	cycle, list := k.twin.state.moment.Cycle, k.report.Pruned
	for i := len(list) - 1; i >= 0 && list[i].Cycle == cycle; i-- {
		if list[i].What == prunedKinds[kind].what {
			list[i].Last, list[i].Records = index, list[i].Records+1
			return
		}
	}
	k.report.Pruned = append(list, Pruned{cycle, index, index, 1, prunedKinds[kind].what, prunedKinds[kind].rebuilt})
}

// splitLost returns the stored attachments of a batch that are there, and the sizes of
// the others.
func splitLost(blobs []attachment) (there [][]byte, lost map[codec.Hash]uint32) {
	lost = map[codec.Hash]uint32{}
	for i := range blobs {
		if a := &blobs[i]; a.gone {
			lost[a.hash] = a.size
		} else {
			there = append(there, a.data)
		}
	}
	return there, lost
}

// joinLost puts the pruned attachments back between those that are there: all stand as
// the batch brought them.
func joinLost(blobs []attachment, there []settlement.Attachment) []settlement.Attachment {
	if len(there) == len(blobs) {
		return there
	}
	all := make([]settlement.Attachment, len(blobs))
	for i := range blobs {
		if blobs[i].gone {
			all[i].Hash = blobs[i].hash
		} else {
			all[i], there = there[0], there[1:]
		}
	}
	return all
}

// judgeRecord judges a record again, with what the state keeps of it if its content was
// pruned. ok is false if the store does not have even that.
func (k *checker) judgeRecord(p *settlement.Prepared, i int, c *settlement.Change) (v settlement.Verdict, ok bool) {
	l, rec := k.twin, &p.Records[i]
	index := l.state.moment.Index
	if rec.Fault != nil {
		return settlement.Judge(l.state, p, i, c), true
	}
	content, lost := k.contents(rec), false
	for _, hash := range content {
		lost = lost || !k.there(p, hash)
	}
	if !lost {
		for _, n := range rec.AppendNamings(nil) {
			if !k.there(p, n.Hash) {
				k.notePruned(index, prunedNamed)
				break
			}
		}
		return settlement.Judge(l.state, p, i, c), true
	}
	var kept settlement.Kept
	if kept, ok = k.keptOf(rec.Kind, index); !ok {
		return v, false
	}
	return settlement.JudgePruned(l.state, p, i, kept, c), true
}

// contents returns the blobs that a record cannot be judged without reading.
func (k *checker) contents(rec *settlement.PreparedRecord) []codec.Hash {
	switch rec.Kind {
	case codec.KindSettlement:
		b := &rec.Settlement.Body
		return []codec.Hash{b.Shards.Blob, b.Detail}
	case codec.KindAdjustment:
		return []codec.Hash{rec.Adjustment.Body.Detail}
	case codec.KindDispute:
		b := &rec.Dispute.Body
		if b.Shard == nil || b.Target.Index >= k.twin.state.moment.Index {
			return nil
		}
		if p := k.twin.state.Posted(b.Target.Index); p == nil || p.Kind != codec.KindSettlement {
			return nil
		}
		named := k.twin.state.Logged(b.Target.Index).Namings()
		return []codec.Hash{named[0].Hash}
	}
	return nil
}

// there says whether the bytes of a blob that was present when a record was judged are
// there still.
func (k *checker) there(p *settlement.Prepared, hash codec.Hash) bool {
	s := k.twin.state
	if p.Attachment(hash) != nil || s.Opening(hash) != nil {
		return true
	}
	data := s.Blob(hash)
	return data != nil && codec.BlobHash(data) == hash
}

// keptOf reads what the checked store keeps of a record, and notes it in the report.
func (k *checker) keptOf(kind codec.Kind, index uint64) (kept settlement.Kept, ok bool) {
	what, key := "postings", numberKey(spacePosted, index)
	var err error
	if kind == codec.KindDispute {
		what, key = "dispute", numberKey(spaceDispute, index)
		kept.Dispute, ok, err = disputes.load(k.db, index)
	} else {
		kept.Posted, ok, err = postings.load(k.db, index)
	}
	if err != nil || !ok || kept.Posted != nil && kept.Posted.Kind != kind {
		k.found(what, index, key, "of this record nothing else is left, and they cannot be read (%v)", err)
		return kept, false
	}
	switch kind {
	case codec.KindSettlement:
		k.notePruned(index, prunedLines)
		k.notePruned(index, prunedWork)
	case codec.KindAdjustment:
		k.notePruned(index, prunedMoney)
	default:
		k.notePruned(index, prunedShard)
	}
	return kept, true
}
