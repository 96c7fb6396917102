package api

import (
	"context"
	"io"

	"github.com/forgepool/settle/codec"
)

// Service is what a node answers. Errors are *Error, with a code of the table of
// refusals.
type Service interface {
	// Submit applies a batch (docs/formats/records.md section 2) and returns one
	// outcome per record. A whole-batch fault is an *Error; so is unknown_outcome,
	// after which the same bytes must be sent again.
	Submit(ctx context.Context, batch []byte) (*Submission, error)
	// Batch returns the header, stamp and outcomes of a batch that was applied.
	Batch(ctx context.Context, submitter, id codec.ID) (*Batch, error)

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
	// or a file of the artifact store, fetched from another node when missing here.
	Artifact(ctx context.Context, hash codec.Hash) (io.ReadCloser, int64, error)
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

// Submission is what became of a batch.
type Submission struct {
	Outcomes []codec.Outcome `json:"outcomes"` // one per record, in order
	Known    bool            `json:"known"`    // the answer was stored by an earlier submission
	Size     uint64          `json:"size"`     // of the log when it was answered
}

// Batch is what is kept of a batch for ever.
type Batch struct {
	Origin    string          `json:"origin"`
	ID        codec.ID        `json:"id"`
	Submitter codec.ID        `json:"submitter"`
	Key       codec.Hash      `json:"key"`
	Sent      uint64          `json:"sent"`
	Atomic    bool            `json:"atomic"`
	N         uint64          `json:"n"`
	Root      codec.Hash      `json:"root"`
	Digest    codec.Hash      `json:"digest"`
	Signature codec.Sig       `json:"signature"`
	Stamp     uint64          `json:"stamp"`
	Leaves    []codec.Hash    `json:"leaves"` // leaf hash of every record, appended or not
	Outcomes  []codec.Outcome `json:"outcomes"`
}

// Record is one log entry and the batch it came with.
type Record struct {
	Index     uint64     `json:"index"`
	Bytes     []byte     `json:"bytes"`
	Leaf      codec.Hash `json:"leaf"`      // in tree A
	Submitter codec.ID   `json:"submitter"` // of its batch; zero for the genesis
	Batch     codec.ID   `json:"batch"`
	Position  uint64     `json:"position"` // in its batch
}

// History is the life of a workload so far.
type History struct {
	Author   codec.ID    `json:"author"`
	Workload codec.ID    `json:"workload"`
	State    codec.State `json:"state"`
	Records  []Record    `json:"records"` // its events and, at the end, its settlement
}

// Party is a registered party.
type Party struct {
	ID         codec.ID   `json:"id"`
	Role       codec.Role `json:"role"`
	Status     string     `json:"status"` // active, suspended, exited
	Registered uint64     `json:"registered"`
	Prev       codec.Hash `json:"prev"` // leaf hash of its last record
	Threshold  uint64     `json:"threshold"`
	Weight     uint64     `json:"weight_ppm"`
	Stake      uint64     `json:"stake"`
	Keys       []Key      `json:"keys"`
}

// Key is one key of a party.
type Key struct {
	ID        codec.Hash `json:"id"`
	Pub       codec.Hash `json:"pub"`
	Use       codec.Use  `json:"use"`
	ValidFrom uint64     `json:"valid_from"`
	ValidTo   *uint64    `json:"valid_to,omitempty"`
	RevokedAt *uint64    `json:"revoked_at,omitempty"`
}

// Balance is what was posted to a party in one cycle, in micro-Credits.
type Balance struct {
	Party    codec.ID   `json:"party"`
	Role     codec.Role `json:"role"`
	Cycle    uint64     `json:"cycle"`
	Credit   uint64     `json:"credit"`
	Debit    uint64     `json:"debit"`
	Postings uint64     `json:"postings"`
	Size     uint64     `json:"size"` // of the log that the figures are of
}

// Policy is a policy in force.
type Policy struct {
	Index uint64     `json:"index"`
	Hash  codec.Hash `json:"hash"`
	Body  []byte     `json:"body"`
}

// Checkpoint is a published pair of signed notes of one size.
type Checkpoint struct {
	Size  uint64 `json:"size"`
	NoteA []byte `json:"note_a"`
	NoteB []byte `json:"note_b"`
}

// Path is an inclusion path or a consistency proof.
type Path struct {
	Hashes []codec.Hash `json:"hashes"`
}

// Upload announces an artifact. The signature is Ed25519 by a valid key of any use
// of a registered, active party over UploadDigest.
type Upload struct {
	Hash      codec.Hash
	Size      uint64
	Party     codec.ID
	Key       codec.Hash
	Signature codec.Sig
}

// Status describes a node.
type Status struct {
	Server   string     `json:"server"`
	Role     string     `json:"role"`   // leader, follower, candidate
	Leader   string     `json:"leader"` // server id, empty if unknown
	Term     uint64     `json:"term"`
	Applied  uint64     `json:"applied"` // raft index
	Size     uint64     `json:"size"`
	RootA    codec.Hash `json:"root_a"`
	RootB    codec.Hash `json:"root_b"`
	StateSum codec.Hash `json:"state_sum"`
	Time     uint64     `json:"time"` // ledger time
	Cycle    uint64     `json:"cycle"`
	OriginA  string     `json:"origin_a"`
	OriginB  string     `json:"origin_b"`
	Ready    bool       `json:"ready"`
	Software string     `json:"software"`
}
