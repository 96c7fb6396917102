package ledger

import (
	"fmt"

	"github.com/cockroachdb/pebble/v2"

	"github.com/forgepool/settle/codec"
	"github.com/forgepool/settle/proof"
)

// Record returns the bytes of the record at index.
func (s *Snapshot) Record(index uint64) ([]byte, error) {
	data, _, err := s.r.record(index)
	return data, err
}

// LeafHashes returns the leaf hashes of the record at index in both trees.
func (s *Snapshot) LeafHashes(index uint64) (a, b codec.Hash, err error) {
	if a, err = s.r.leaf(s.r.a, index); err != nil {
		return a, b, err
	}
	b, err = s.r.leaf(s.r.b, index)
	return a, b, err
}

// BatchOf returns which batch brought the record at index, and which of its records
// it was. The genesis came with no batch: its number is 0.
func (s *Snapshot) BatchOf(index uint64) (BatchRef, error) {
	var ref BatchRef
	err := s.r.at(index, func(c *chunk, row int) error {
		ref = c.ref(row)
		return nil
	})
	return ref, err
}

// Records returns consecutive records from an index on: at most limit, and after the
// first one at most maxBytes together.
func (s *Snapshot) Records(from uint64, limit, maxBytes int) ([][]byte, error) {
	if from > s.Size() {
		return nil, fmt.Errorf("record %d: %w", from, ErrNotFound)
	}
	if from == s.Size() || limit <= 0 {
		return nil, nil
	}
	it, err := s.snap.NewIter(&pebble.IterOptions{LowerBound: []byte{spaceRecords}, UpperBound: []byte{spaceRecords + 1}})
	if err != nil {
		return nil, damaged(from, err, "reading records")
	}
	defer it.Close()
	var list [][]byte
	total := 0
	for ok := it.SeekLT(numberKey(spaceRecords, from+1)); ok; ok = it.Next() {
		value, err := it.ValueAndErr()
		if err != nil {
			return nil, damaged(from, err, "reading records")
		}
		c, err := parseChunk(it.Key(), append([]byte{}, value...))
		if err != nil {
			return nil, err
		}
		for next := from + uint64(len(list)); next < c.first+uint64(c.count); next++ {
			if next < c.first {
				return nil, damaged(next, nil, "record is missing")
			}
			data := c.bytes(int(next - c.first))
			if total += len(data); len(list) == limit || len(list) > 0 && total > maxBytes {
				return list, nil
			}
			if !c.fits(int(next-c.first), proof.LeafA(data)) {
				return nil, damaged(next, nil, "stored record does not have its leaf hash")
			}
			list = append(list, data)
		}
	}
	if from+uint64(len(list)) < s.Size() && len(list) < limit {
		return nil, damaged(from+uint64(len(list)), it.Error(), "record is missing")
	}
	return list, nil
}

// RecordByID returns the index of the author's record with an id.
func (s *Snapshot) RecordByID(author, id codec.ID) (uint64, error) {
	return found(recordIDs.load(s.snap, pair{author, id}))
}

// Batch returns the stored header and outcomes of a batch.
func (s *Snapshot) Batch(submitter, id codec.ID) (*StoredBatch, error) {
	number, err := found(batchIDs.load(s.snap, pair{submitter, id}))
	if err != nil {
		return nil, err
	}
	return s.BatchByNumber(number)
}

// BatchByNumber returns the stored header and outcomes of a batch; they are numbered
// from 1 to Applied().Batches in the order of application.
func (s *Snapshot) BatchByNumber(number uint64) (*StoredBatch, error) {
	b, err := loadBatch(s.snap, number)
	if err != nil {
		return nil, err
	}
	return s.r.batchLeaves(b)
}

// Blob returns an attachment, or nil if it was not replicated or was pruned. It
// panics on a damaged store; use Attachment where that must be an error.
func (s *Snapshot) Blob(hash codec.Hash) []byte {
	data, err := s.Attachment(hash)
	if isNotFound(err) {
		return nil
	}
	if err != nil {
		panic(err)
	}
	return data
}

// Attachment returns a replicated attachment.
func (s *Snapshot) Attachment(hash codec.Hash) ([]byte, error) { return s.r.blob(hash) }

// Settlement returns the index of the settlement of a workload.
func (s *Snapshot) Settlement(author, id codec.ID) (uint64, error) {
	w, err := found(workloads.load(s.snap, pair{author, id}))
	if err != nil {
		return 0, err
	}
	if w.SettledAt == 0 {
		return 0, ErrNotFound
	}
	return w.SettledAt, nil
}

// History returns the indexes of a workload's events, first one first. A settlement is
// no event: see Settlement. It fails if there are more than limit events.
func (s *Snapshot) History(author, id codec.ID, limit int) ([]uint64, error) {
	w, err := found(workloads.load(s.snap, pair{author, id}))
	if err != nil {
		return nil, err
	}
	if w.Seq >= uint64(limit) {
		return nil, fmt.Errorf("workload %s has %d events, more than %d", id, w.Seq+1, limit)
	}
	list := make([]uint64, w.Seq+1)
	at := w.lastAt
	for i := len(list) - 1; i >= 0; i-- {
		list[i] = at
		var link uint64
		err := s.r.at(at, func(c *chunk, row int) error {
			link = c.link(row)
			return nil
		})
		if err != nil {
			return nil, err
		}
		if (i > 0) == (link == NoIndex) || i > 0 && link >= at {
			return nil, damaged(at, nil, "chain of events of workload %s", id)
		}
		at = link
	}
	return list, nil
}
