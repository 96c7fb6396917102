package proof

import "fmt"

// Rejection is a stable, comparable reason for refusing a proof, a note, a file
// or a tree. Errors of this package wrap one of the constants below, so that a
// caller can branch with errors.Is and print the code itself.
type Rejection string

// Error returns the code with the package's name.
func (r Rejection) Error() string { return "proof: " + string(r) }

// The reasons. Each test of a corrupted proof names the one it expects.
const (
	// ErrMalformed: text or bytes are not in the one form that this package writes.
	ErrMalformed Rejection = "malformed"
	// ErrTooLarge: a text, note, record or list is over its documented limit.
	ErrTooLarge Rejection = "too_large"
	// ErrIndex: the index or size asked for does not exist in the tree.
	ErrIndex Rejection = "index_out_of_range"
	// ErrPathLength: the number of hashes is not what index and size demand.
	ErrPathLength Rejection = "path_length"
	// ErrRootMismatch: the hashes do not lead to the root.
	ErrRootMismatch Rejection = "root_mismatch"
	// ErrReader: a HashReader answered with another number of hashes.
	ErrReader Rejection = "hash_reader"

	// ErrKey: a key, its name or its text form is not valid.
	ErrKey Rejection = "key"
	// ErrOrigin: a note or proof belongs to another log or tree.
	ErrOrigin Rejection = "origin"
	// ErrUnsigned: no signature by a checkpoint key that the policy trusts.
	ErrUnsigned Rejection = "unsigned"
	// ErrSignature: a known key's signature does not verify.
	ErrSignature Rejection = "signature"
	// ErrAttestations: fewer replicas attest the checkpoint than the policy asks.
	ErrAttestations Rejection = "attestations"
	// ErrWitnesses: fewer witnesses cosigned than the policy's quorum.
	ErrWitnesses Rejection = "witnesses"
	// ErrShrunk: the newer checkpoint is smaller than the older one.
	ErrShrunk Rejection = "shrunk"
	// ErrTime: ledger time of the newer checkpoint is before that of the older one.
	ErrTime Rejection = "time_backwards"
	// ErrTwin: two checkpoints are not the pair of one size.
	ErrTwin Rejection = "twin"

	// ErrSumType: no such type of sum tree.
	ErrSumType Rejection = "sum_type"
	// ErrSumLeaf: key length, count or number of columns is not that of the tree's type.
	ErrSumLeaf Rejection = "sum_leaf"
	// ErrSumOrder: keys are not strictly ascending.
	ErrSumOrder Rejection = "sum_order"
	// ErrSumRange: a count or sum is not below 2^63, before or after adding.
	ErrSumRange Rejection = "sum_range"
	// ErrSumPath: a sibling does not cover the leaves that index and leaves demand.
	ErrSumPath Rejection = "sum_path"
	// ErrStatement: leaves, count or sums are not those that the record states.
	ErrStatement Rejection = "sum_statement"
	// ErrUnreachable: the search for the key does not lead to this leaf.
	ErrUnreachable Rejection = "sum_unreachable"
	// ErrWrongLeaf: the leaf does not show what was asked: another key, the key
	// itself instead of its absence, or a range without the value.
	ErrWrongLeaf Rejection = "sum_wrong_leaf"
)

// reject wraps a reason with what was being looked at.
func reject(r Rejection, format string, args ...any) error {
	return fmt.Errorf("%w: %s", r, fmt.Sprintf(format, args...))
}

// ForkError says that two checkpoints, both accepted by one trust policy, have
// one size and different roots. It carries both notes: they are all a third
// party needs to see the fork too.
type ForkError struct {
	Origin string // origin of the tree that forked
	Size   uint64 // the size both notes state
	First  []byte // one signed note, verbatim
	Second []byte // the other one, verbatim
}

// Error names the log and the size; the evidence is in the fields.
func (e *ForkError) Error() string {
	return fmt.Sprintf("proof: fork: %s has two roots at size %d", e.Origin, e.Size)
}

// DivergenceError says that replicas attested different trees, states or times
// for one checkpoint, each with its own valid signature. It carries the note.
type DivergenceError struct {
	First  string // name of one node key
	Second string // name of a node key that attests something else
	Note   []byte // the signed note, verbatim
}

// Error names the two replicas.
func (e *DivergenceError) Error() string {
	return fmt.Sprintf("proof: divergence: %s and %s attest different states", e.First, e.Second)
}
