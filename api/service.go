package api

import (
	"context"
	"io"

	"github.com/forgepool/settle/codec"
)

// Service is what a node answers. Errors are *Error, with a code of the table of
// refusals.
type Service interface {
	Queries
	// Submit applies a batch (docs/formats/records.md section 2) and returns one
	// outcome per record. A whole-batch fault is an *Error; so is unknown_outcome,
	// after which the same bytes must be sent again.
	Submit(ctx context.Context, batch []byte) (*Submission, error)
	// Batch returns the header, stamp and outcomes of a batch that was applied.
	Batch(ctx context.Context, submitter, id codec.ID) (*Batch, error)
	// Batches returns the batches that were applied, in their order from a number on, at
	// most limit and about MaxBatchBytes.
	Batches(ctx context.Context, from uint64, limit int) ([]Batch, error)

	// Record returns one record.
	Record(ctx context.Context, index uint64) (*Record, error)
	// RecordByID returns the record that an author appended under an id.
	RecordByID(ctx context.Context, author, id codec.ID) (*Record, error)
	// Records returns records from an index on, at most limit and at most 4 MiB.
	Records(ctx context.Context, from uint64, limit int) ([]Record, error)
	// Settlement returns the settlement of a workload.
	Settlement(ctx context.Context, author, workload codec.ID) (*Record, error)
	// History returns the state of a workload and the records that made it.
	History(ctx context.Context, author, workload codec.ID) (*History, error)
	// Party returns a party with its keys.
	Party(ctx context.Context, id codec.ID) (*Party, error)
	// Balance returns what was posted to a party in a cycle, 0 = the open one.
	Balance(ctx context.Context, party codec.ID, cycle uint64) (*Balance, error)
	// Policy returns the policy in force in a cycle, 0 = the open one.
	Policy(ctx context.Context, cycle uint64) (*Policy, error)

	// Checkpoint returns the published checkpoint of a size, 0 = the newest.
	Checkpoint(ctx context.Context, size uint64) (*Checkpoint, error)
	// Checkpoints returns published checkpoints of a size of at least from, ascending.
	Checkpoints(ctx context.Context, from uint64, limit int) ([]Checkpoint, error)
	// Inclusion returns the path of a record in the tree of a size.
	Inclusion(ctx context.Context, tree Tree, index, size uint64) (*Path, error)
	// Consistency returns the proof that the tree of size from is a prefix of the
	// tree of size to.
	Consistency(ctx context.Context, tree Tree, from, to uint64) (*Path, error)

	// Artifact opens the bytes with this BLAKE3: an attachment that was replicated,
	// or a file of the artifact store, fetched from another node when missing here. Index
	// is that of a record which names the bytes and concerns the asker, 0 = none.
	Artifact(ctx context.Context, hash codec.Hash, index uint64) (io.ReadCloser, int64, error)
	// Attachments returns attachments that were replicated, in the order of the hashes, with
	// a code of its own for each that is not served: not_found or forbidden. Fewer than
	// asked for come, at least one, where more would be over MaxAttachedBytes.
	Attachments(ctx context.Context, wanted []Wanted) ([]Attached, error)
	// PutArtifact stores bytes under their BLAKE3. The upload is signed by a key of
	// a registered party.
	PutArtifact(ctx context.Context, put *Upload, body io.Reader) error

	// Status describes the node, its replica and the cluster.
	Status(ctx context.Context) (*Status, error)
}

// Tree names one of the two log trees.
type Tree string

// The trees.
const (
	TreeA Tree = "a" // keyed BLAKE3
	TreeB Tree = "b" // RFC 6962, SHA-256
)
