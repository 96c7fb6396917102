package verifier

import (
	"context"
	"crypto/ed25519"
	"fmt"
	"math/bits"

	"github.com/forgepool/settle/codec"
	"github.com/forgepool/settle/proof"
	"github.com/forgepool/settle/settlement"
	"github.com/transparency-dev/merkle/compact"
	merkle "github.com/transparency-dev/merkle/proof"
)

// BatchProof shows who submitted a record: the header of its batch, the submitter's
// signature, and the path of the record's leaf hash in the batch root (records.md
// section 2).
type BatchProof struct {
	_         struct{} `cbor:",toarray"`
	ID        codec.ID
	Submitter codec.ID
	Key       codec.Hash
	Sent      uint64 // ms
	Atomic    bool
	N         uint64 // records in the batch
	Root      codec.Hash
	Signature codec.Sig
	Position  uint64       // of the record in the batch
	Path      []codec.Hash // leaf sibling first
}

// digest returns what the submitter signed.
func (b *BatchProof) digest(origin string) codec.Hash {
	batch := codec.Batch{ID: b.ID, Submitter: b.Submitter, Sent: b.Sent}
	if b.Atomic {
		one := uint64(1)
		batch.Atomic = &one
	}
	return codec.BatchDigest(origin, &batch, int(b.N), b.Root)
}

// Check checks that the submitter signed a batch with this record in it, which stands
// at index in the log, by a submit key of its own that was valid when the batch was
// judged. Errors: LieBatch, LieKey.
func (b *BatchProof) Check(origin string, key *settlement.Key, index uint64, leaf codec.Hash) error {
	if b.N == 0 || b.N > codec.MaxBatchRecords || b.Position >= b.N {
		return lie(LieBatch, "record %d of %d", b.Position, b.N)
	}
	inner := bits.Len64(b.Position ^ (b.N - 1))
	if want := inner + bits.OnesCount64(b.Position>>inner); len(b.Path) != want {
		return lie(LieBatch, "%d hashes instead of %d", len(b.Path), want)
	}
	path := make([][]byte, len(b.Path))
	for i := range b.Path {
		path[i] = b.Path[i][:]
	}
	if err := merkle.VerifyInclusion(proof.TreeA, b.Position, b.N, leaf[:], path, b.Root[:]); err != nil {
		return lie(LieBatch, "the record is not in the batch: %v", err)
	}
	if key == nil || key.ID != b.Key || key.Party != b.Submitter || key.Use != codec.UseSubmit {
		return lie(LieKey, "%s is no submit key of %s", b.Key, b.Submitter)
	}
	if !b.metValid(key, index) {
		return lie(LieKey, "submit key %s is not valid at index %d", b.Key, index)
	}
	digest := b.digest(origin)
	if !ed25519.Verify(key.Pub[:], digest[:], b.Signature[:]) {
		return lie(LieBatch, "signature of the submitter")
	}
	return nil
}

// metValid says whether the key was valid at a size of the log that the batch can have
// met: the record stands at most its position in the batch behind that size.
func (b *BatchProof) metValid(key *settlement.Key, index uint64) bool {
	least := index - min(index, b.Position)
	return key.ValidFrom <= index && least <= key.ValidTo && least < key.RevokedAt
}

// proveBatch fetches the batch of a record and proves that its submitter wrote it.
// What a node says about a batch is not in the log, so nothing that is wrong with it
// can be held against the submitter: every error wraps ErrUnavailable.
func proveBatch(ctx context.Context, src Source, log *Log, rec *Record, leaf codec.Hash) (*BatchProof, error) {
	b, err := src.Batch(ctx, rec.Submitter, rec.Batch)
	if err != nil {
		return nil, unavailable(err, "batch %s", rec.Batch)
	}
	n := uint64(len(b.Leaves))
	if n == 0 || n > codec.MaxBatchRecords || rec.Position >= n || b.Submitter != rec.Submitter || b.ID != rec.Batch {
		return nil, unavailable(lie(LieBatch, "position %d of %d", rec.Position, n), "batch %s", rec.Batch)
	}
	path, err := proof.ProveInclusion(leafHashes(b.Leaves), proof.TreeA, rec.Position, n)
	if err != nil {
		return nil, fmt.Errorf("path in batch %s: %w", rec.Batch, err)
	}
	out := &BatchProof{
		ID: b.ID, Submitter: b.Submitter, Key: b.Key, Sent: b.Sent, Atomic: b.Atomic,
		N: n, Root: proof.MTH(b.Leaves), Signature: b.Signature, Position: rec.Position, Path: hashes(path),
	}
	if err := out.Check(log.Pair.A.Origin(), log.registry.keys[b.Key], rec.Index, leaf); err != nil {
		return nil, unavailable(err, "batch %s", rec.Batch)
	}
	return out, nil
}

// leafHashes computes the nodes of a batch's tree from its leaf hashes.
type leafHashes []codec.Hash

// ReadHashes folds the leaves under each node.
func (l leafHashes) ReadHashes(ids []compact.NodeID) ([][32]byte, error) {
	out := make([][32]byte, len(ids))
	for i, id := range ids {
		begin, end := id.Coverage()
		if end > uint64(len(l)) || begin >= end {
			return nil, fmt.Errorf("no leaves %d to %d", begin, end)
		}
		out[i] = proof.MTH(l[begin:end])
	}
	return out, nil
}

// hashes gives a path the codec's type.
func hashes(path [][32]byte) []codec.Hash {
	out := make([]codec.Hash, len(path))
	for i := range path {
		out[i] = path[i]
	}
	return out
}

// arrays gives a path the type of package proof.
func arrays(path []codec.Hash) [][32]byte {
	out := make([][32]byte, len(path))
	for i := range path {
		out[i] = path[i]
	}
	return out
}
