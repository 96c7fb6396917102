package node

import (
	"context"
	"errors"

	"github.com/forgepool/settle/api"
	"github.com/forgepool/settle/codec"
	"github.com/forgepool/settle/ledger"
	"github.com/forgepool/settle/proof"
)

// Batch returns the header, stamp and outcomes of a batch that was applied.
func (s *reads) Batch(_ context.Context, submitter, id codec.ID) (*api.Batch, error) {
	return from(s, func(v *ledger.Snapshot) (*api.Batch, error) {
		b, err := v.Batch(submitter, id)
		if err != nil {
			return nil, err
		}
		return batch(v, b), nil
	})
}

// Batches returns the batches that were applied, in their order from a number on.
func (s *reads) Batches(_ context.Context, first uint64, limit int) ([]api.Batch, error) {
	return from(s, func(v *ledger.Snapshot) ([]api.Batch, error) {
		list, room := []api.Batch{}, api.MaxBatchBytes
		for number := max(first, 1); number <= v.Applied().Batches && len(list) < limit; number++ {
			b, err := v.BatchByNumber(number)
			if err != nil {
				return nil, err
			}
			if room -= batchBytes(b); room < 0 && len(list) > 0 {
				break
			}
			list = append(list, *batch(v, b))
		}
		return list, nil
	})
}

// batchBytes is about the size of a batch in an answer.
func batchBytes(b *ledger.StoredBatch) int { return 512 + 80*len(b.Outcomes) }

// batch is a stored batch as it is answered.
func batch(v *ledger.Snapshot, b *ledger.StoredBatch) *api.Batch {
	return &api.Batch{
		Origin: v.Facts().OriginA, ID: b.ID, Submitter: b.Submitter, Key: b.Key, Sent: b.Sent,
		Atomic: b.Atomic != nil && *b.Atomic == 1, N: uint64(len(b.Outcomes)), Root: b.Root, Digest: b.Digest,
		Signature: b.Signature, Stamp: b.Stamp, Leaves: b.Leaves, Outcomes: b.Outcomes, Number: b.Number,
	}
}

// record returns one record with the batch it came with.
func record(v *ledger.Snapshot, index uint64) (*api.Record, error) {
	data, err := v.Record(index)
	if err != nil {
		return nil, err
	}
	ref, err := v.BatchOf(index)
	if err != nil {
		return nil, err
	}
	return &api.Record{
		Index: index, Bytes: data, Leaf: proof.LeafA(data), Submitter: ref.Submitter, Batch: ref.Batch, Position: uint64(ref.Position),
	}, nil
}

// Record returns one record.
func (s *reads) Record(_ context.Context, index uint64) (*api.Record, error) {
	return from(s, func(v *ledger.Snapshot) (*api.Record, error) { return record(v, index) })
}

// RecordByID returns the record that an author appended under an id.
func (s *reads) RecordByID(_ context.Context, author, id codec.ID) (*api.Record, error) {
	return from(s, func(v *ledger.Snapshot) (*api.Record, error) {
		index, err := v.RecordByID(author, id)
		if err != nil {
			return nil, err
		}
		return record(v, index)
	})
}

// Records returns records from an index on.
func (s *reads) Records(_ context.Context, first uint64, limit int) ([]api.Record, error) {
	return from(s, func(v *ledger.Snapshot) ([]api.Record, error) {
		list := []api.Record{}
		if first >= v.Size() {
			return list, nil
		}
		all, err := v.Records(first, limit, api.MaxRecordBytes)
		if err != nil {
			return nil, err
		}
		var at origins
		for i, data := range all {
			index := first + uint64(i)
			if err := at.find(v, index); err != nil {
				return nil, err
			}
			list = append(list, api.Record{
				Index: index, Bytes: data, Leaf: proof.LeafA(data),
				Submitter: at.ref.Submitter, Batch: at.ref.Batch, Position: at.positions[index],
			})
		}
		return list, nil
	})
}

// origins knows which records the batch at hand brought, so that a list of records
// reads each batch once.
type origins struct {
	ref       ledger.BatchRef
	positions map[uint64]uint64 // in the batch, by index
}

// find makes the batch of a record the one at hand.
func (o *origins) find(v *ledger.Snapshot, index uint64) error {
	if _, ok := o.positions[index]; ok {
		return nil
	}
	ref, err := v.BatchOf(index)
	if err != nil {
		return err
	}
	o.ref, o.positions = ref, map[uint64]uint64{index: uint64(ref.Position)}
	if ref.Number == 0 {
		return nil
	}
	b, err := v.BatchByNumber(ref.Number)
	if err != nil {
		return err
	}
	for i := range b.Outcomes {
		if b.Outcomes[i].Kind == codec.Appended {
			o.positions[b.Outcomes[i].Index] = uint64(i)
		}
	}
	return nil
}

// Checkpoint returns the published checkpoint of a size, 0 = the newest.
func (s *reads) Checkpoint(_ context.Context, size uint64) (*api.Checkpoint, error) {
	return from(s, func(v *ledger.Snapshot) (*api.Checkpoint, error) {
		if size != 0 {
			c, err := v.Checkpoint(size)
			return checkpoint(c), err
		}
		c, err := v.LatestCheckpoint()
		if errors.Is(err, ledger.ErrNotFound) {
			return nil, api.Fail(codec.CodeNotYetPublished, "no checkpoint is published yet")
		}
		return checkpoint(c), err
	})
}

func checkpoint(c *codec.CheckpointCommit) *api.Checkpoint {
	if c == nil {
		return nil
	}
	return &api.Checkpoint{Size: c.Size, NoteA: c.NoteA, NoteB: c.NoteB}
}

// Checkpoints returns published checkpoints of a size of at least from, ascending.
func (s *reads) Checkpoints(_ context.Context, first uint64, limit int) ([]api.Checkpoint, error) {
	return from(s, func(v *ledger.Snapshot) ([]api.Checkpoint, error) {
		all, err := v.Checkpoints(first, limit)
		list := make([]api.Checkpoint, len(all))
		for i := range all {
			list[i] = *checkpoint(&all[i])
		}
		return list, err
	})
}

// Inclusion returns the path of a record in the tree of a size.
func (s *reads) Inclusion(_ context.Context, tree api.Tree, index, size uint64) (*api.Path, error) {
	return s.prove(tree, size, func(r proof.HashReader, h proof.Hasher) ([][32]byte, error) {
		return proof.ProveInclusion(r, h, index, size)
	})
}

// Consistency returns the proof that the tree of size first is a prefix of the tree
// of size second.
func (s *reads) Consistency(_ context.Context, tree api.Tree, first, second uint64) (*api.Path, error) {
	return s.prove(tree, second, func(r proof.HashReader, h proof.Hasher) ([][32]byte, error) {
		return proof.ProveConsistency(r, h, first, second)
	})
}

// prove makes a proof about a tree of a size that the log has reached.
func (s *reads) prove(tree api.Tree, size uint64, prove func(proof.HashReader, proof.Hasher) ([][32]byte, error)) (*api.Path, error) {
	return from(s, func(v *ledger.Snapshot) (*api.Path, error) {
		if size > v.Size() {
			return nil, api.Fail(codec.CodeNotFound, "the log has %d records", v.Size())
		}
		reader, hasher := v.TreeA(), proof.TreeA
		if tree == api.TreeB {
			reader, hasher = v.TreeB(), proof.TreeB
		}
		hashes, err := prove(reader, hasher)
		path := &api.Path{Hashes: make([]codec.Hash, len(hashes))}
		for i := range hashes {
			path.Hashes[i] = hashes[i]
		}
		return path, err
	})
}
