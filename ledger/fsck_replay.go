package ledger

import (
	"crypto/ed25519"

	"github.com/cockroachdb/pebble/v2"

	"github.com/forgepool/settle/codec"
	"github.com/forgepool/settle/proof"
	"github.com/forgepool/settle/settlement"
)

// replay judges every stored batch again on the twin, which began with the same
// genesis. Refused records are not stored, so what is judged again are the records
// that were appended; that the refused ones were part of the batch follows from its
// signature over all leaf hashes. Checkpoints whose state comes by are removed from
// marks. It returns false if the twin could not follow.
func (k *checker) replay(marks map[uint64]Roots) bool {
	it, err := k.db.NewIter(recordBounds())
	if err != nil {
		k.found("records", NoIndex, nil, "%v", err)
		return false
	}
	defer it.Close()
	chunks := &chunkStream{it: it}
	chunks.next() // the genesis
	chunks.next()
	k.passCheckpoint(marks)
	for number := uint64(1); number <= k.l.applied.Batches; number++ {
		b, err := loadBatch(k.db, number)
		if err != nil {
			k.found("outcomes", NoIndex, numberKey(spaceBatch, number), "%v", err)
			return false
		}
		if !k.replayBatch(b, chunks) {
			return false
		}
		k.passCheckpoint(marks)
		k.o.Progress(k.l.applied.Size+k.twin.treeA.size, 2*k.l.applied.Size)
	}
	if chunks.c != nil {
		k.found("record", chunks.c.first, nil, "no batch brought it")
	}
	k.twin.commit()
	return true
}

func recordBounds() *pebble.IterOptions {
	return &pebble.IterOptions{LowerBound: []byte{spaceRecords}, UpperBound: []byte{spaceRecords + 1}}
}

// chunkStream walks through the chunks of a store whose records were checked.
type chunkStream struct {
	it    *pebble.Iterator
	begun bool
	c     *chunk // nil at the end
}

func (s *chunkStream) next() {
	ok := false
	if s.begun {
		ok = s.it.Next()
	} else {
		ok, s.begun = s.it.First(), true
	}
	if s.c = nil; !ok {
		return
	}
	if c, err := parseChunk(s.it.Key(), append([]byte{}, s.it.Value()...)); err == nil {
		s.c = c
	}
}

// passCheckpoint compares the twin with the roots recorded at its size.
func (k *checker) passCheckpoint(marks map[uint64]Roots) {
	roots, ok := marks[k.twin.treeA.size]
	if !ok {
		return
	}
	k.twin.changed = true
	k.twin.commit()
	if k.twin.applied.roots() == roots {
		delete(marks, roots.Size)
	}
}

// replayBatch judges the appended records of a batch and stores it in the twin.
func (k *checker) replayBatch(b *StoredBatch, chunks *chunkStream) bool {
	l := k.twin
	batch := &codec.Batch{Version: 1, Origin: l.state.facts.OriginA, ID: b.ID, Submitter: b.Submitter, Key: b.Key,
		Sent: b.Sent, Atomic: b.Atomic, Signature: b.Signature}
	var positions []int
	first := l.treeA.size
	for ; chunks.c != nil && chunks.c.ref(0).Number == b.Number; chunks.next() {
		for i := range chunks.c.count {
			batch.Records = append(batch.Records, chunks.c.bytes(i))
			positions = append(positions, chunks.c.position(i))
		}
	}
	blobs, err := loadAttachments(k.db, b.Number)
	if err != nil {
		k.found("attachments", NoIndex, numberKey(spaceBlobs, b.Number), "%v", err)
		return false
	}
	batch.Attachments, l.state.lost = splitLost(blobs)
	p := settlement.Prepare(codec.EncodeBatch(batch))
	if len(batch.Records) > 0 && p.Fault != nil {
		k.found("record", first, nil, "batch %d is refused: %v", b.Number, p.Fault)
		return false
	}
	l.state.moment = settlement.Moment{Index: first, Stamp: b.Stamp, Time: max(l.applied.Time, b.Stamp), Cycle: l.applied.Cycle}
	if !k.judgeAgain(b, p, positions) {
		return false
	}
	p.Batch, p.Root, p.Digest = batch, b.Root, b.Digest
	p.Attachments = joinLost(blobs, p.Attachments)
	return k.storeAgain(b, p)
}

// judgeAgain judges the appended records of a batch; each must be appended again, where
// the outcomes say.
func (k *checker) judgeAgain(b *StoredBatch, p *settlement.Prepared, positions []int) bool {
	l := k.twin
	l.records, l.namings = l.records[:0], l.namings[:0]
	for i, at := range positions {
		index := l.state.moment.Index
		if at >= len(b.Outcomes) || b.Outcomes[at].Kind != codec.Appended || b.Outcomes[at].Index != index {
			k.found("outcomes", index, numberKey(spaceBatch, b.Number), "record %d of the batch is stored, its outcome says otherwise", at)
			return false
		}
		var c settlement.Change
		rec := &p.Records[i]
		v, ok := k.judgeRecord(p, i, &c)
		if !ok {
			return false
		}
		if v.Kind != codec.Appended || v.BatchFault {
			k.found("record", index, nil, "judged again it is not appended: %v", v.Refusal)
			return false
		}
		link := l.state.accept(arrivalOf(rec, index), &c)
		l.records = append(l.records, record{rec.Bytes, at, link, rec.LeafA, rec.LeafB})
		l.namings = rec.AppendNamings(l.namings)
		b.Leaves[at], b.Outcomes[at].Leaf = rec.LeafA, rec.LeafA
		l.state.moment.Index++
	}
	return true
}

// storeAgain checks digest and signature of the batch and stores it in the twin.
func (k *checker) storeAgain(b *StoredBatch, p *settlement.Prepared) bool {
	l := k.twin
	for i := range b.Outcomes {
		if o := &b.Outcomes[i]; o.Kind == codec.Repeated {
			if o.Index >= l.state.moment.Index {
				k.found("outcomes", o.Index, numberKey(spaceBatch, b.Number), "record %d repeats one that does not exist", i)
				return false
			}
			b.Leaves[i] = l.state.leaf(o.Index)
			o.Leaf = b.Leaves[i]
		}
	}
	root := codec.Hash(proof.MTH(b.Leaves))
	digest := codec.BatchDigest(p.Batch.Origin, p.Batch, len(b.Leaves), root)
	key := l.state.Key(b.Key)
	if root != b.Root || digest != b.Digest || key == nil || !ed25519.Verify(key.Pub[:], digest[:], b.Signature[:]) {
		k.found("outcomes", NoIndex, numberKey(spaceBatch, b.Number), "the submitter did not sign this batch")
		return false
	}
	l.keepStored(b, p.Attachments)
	return true
}
