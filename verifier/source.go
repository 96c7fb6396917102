package verifier

import (
	"context"
	"errors"
	"fmt"

	"github.com/forgepool/settle/codec"
	"github.com/forgepool/settle/proof"
)

// Source is a ledger node as the verifier sees it: somebody who hands out bytes and
// is not believed. Methods may be called concurrently. Any error means that the
// answer could not be had; a false answer is found out here.
type Source interface {
	// Checkpoint returns the published notes of a size, 0 = the newest.
	Checkpoint(ctx context.Context, size uint64) (*Notes, error)
	// Consistency returns the path from one size to a larger one in a tree.
	Consistency(ctx context.Context, tree proof.Hasher, from, to uint64) ([][32]byte, error)
	// Records returns records from an index on, one at least unless the log ends
	// before it, and no more than limit.
	Records(ctx context.Context, from uint64, limit int) ([]Record, error)
	// Inclusion returns the path of a record in tree A of a size.
	Inclusion(ctx context.Context, index, size uint64) ([][32]byte, error)
	// Batch returns what is kept of a batch for ever.
	Batch(ctx context.Context, submitter, id codec.ID) (*Batch, error)
	// Batches returns batches in the order of their application from a number on, one at
	// least unless there are no more, and no more than limit.
	Batches(ctx context.Context, from uint64, limit int) ([]Batch, error)
	// Artifact returns the bytes with this BLAKE3, or an error if there are more
	// than limit of them.
	Artifact(ctx context.Context, hash codec.Hash, limit int64) ([]byte, error)
}

// Notes is a published pair of signed notes of one size.
type Notes struct {
	A, B []byte
}

// Record is one log entry and the batch that it came with.
type Record struct {
	Index     uint64
	Bytes     []byte
	Submitter codec.ID // of its batch, zero for the genesis
	Batch     codec.ID
	Position  uint64 // in its batch
}

// Batch is the header of a batch, the leaf hashes of its records and what became of them.
type Batch struct {
	ID        codec.ID
	Submitter codec.ID
	Key       codec.Hash
	Sent      uint64 // ms
	Atomic    bool
	Signature codec.Sig
	Leaves    []codec.Hash // in tree A, one per record, in order
	Number    uint64       // in the order of application, from 1
	Stamp     uint64       // leader's clock, ms
	Outcomes  []codec.Outcome
}

// ErrUnavailable is wrapped by every error that leaves a question open: bytes could
// not be fetched, or this program cannot execute the shard.
var ErrUnavailable = errors.New("could not tell")

// unavailable wraps an error of the source.
func unavailable(err error, format string, args ...any) error {
	return fmt.Errorf("%w: %s: %w", ErrUnavailable, fmt.Sprintf(format, args...), err)
}

// A Lie is a stable reason why something shown to the verifier is false. Errors
// wrap one of the constants below, or a proof.Rejection.
type Lie string

// Error returns the reason with the package's name.
func (l Lie) Error() string { return "verifier: " + string(l) }

// The reasons.
const (
	// LieRoot: the records do not rebuild the roots of the checkpoint.
	LieRoot Lie = "records_do_not_give_the_root"
	// LieOrder: records were handed out under other indexes than asked for.
	LieOrder Lie = "records_out_of_order"
	// LieRecord: a record under the root cannot be read, or breaks a rule of its kind.
	LieRecord Lie = "bad_record"
	// LieSignature: a record carries a signature that does not verify.
	LieSignature Lie = "bad_record_signature"
	// LieOrigin: something belongs to another ledger.
	LieOrigin Lie = "wrong_origin"
	// LieBlob: bytes do not have the hash or the size they are named by.
	LieBlob Lie = "blob_hash"
	// LieManifest: a manifest does not rebuild what its settlement states.
	LieManifest Lie = "bad_manifest"
	// LieDetail: a detail does not rebuild what its settlement states.
	LieDetail Lie = "bad_detail"
	// LieClose: the close of a cycle is not what the log adds up to.
	LieClose Lie = "bad_close"
	// LieAdjustment: an adjustment breaks the rules of its cause.
	LieAdjustment Lie = "bad_adjustment"
	// LieBeacon: a beacon round is not the one that the cycle names, or is not signed.
	LieBeacon Lie = "bad_beacon"
	// LieReport: an audit's report does not follow from what it names.
	LieReport Lie = "bad_report"
	// LieBatch: header, signature or path do not show who submitted a record.
	LieBatch Lie = "bad_batch"
	// LieKey: a key is not what the record that should register it says.
	LieKey Lie = "bad_key"
	// LieMalformed: a file is not in the one form that this package writes.
	LieMalformed Lie = "malformed"
	// LieSum: the bytes of a file were changed after it was written.
	LieSum Lie = "checksum"
	// LieBundle: the bundle is not the one that the evidence names.
	LieBundle Lie = "bundle"
	// LieClaim: executing the shard again gives something else than the evidence says.
	LieClaim Lie = "claim_not_confirmed"
	// LieNoFork: two checkpoints do not contradict each other.
	LieNoFork Lie = "no_fork"
)

// lie wraps a reason with what was being looked at.
func lie(l Lie, format string, args ...any) error {
	return fmt.Errorf("%w: %s", l, fmt.Sprintf(format, args...))
}

// fetchBlob returns the bytes with a hash, at most limit of them.
func fetchBlob(ctx context.Context, src Source, what string, hash codec.Hash, limit int64) ([]byte, error) {
	data, err := src.Artifact(ctx, hash, limit)
	if err != nil {
		return nil, unavailable(err, "%s %s", what, hash)
	}
	if int64(len(data)) > limit || codec.BlobHash(data) != hash {
		return nil, unavailable(lie(LieBlob, "%d bytes", len(data)), "%s %s", what, hash)
	}
	return data, nil
}
