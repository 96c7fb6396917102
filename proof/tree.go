package proof

import (
	"errors"

	"github.com/transparency-dev/merkle/compact"
	"github.com/transparency-dev/merkle/proof"
)

// Limits of the log trees.
const (
	// MaxPath is the largest number of hashes in any path: sizes are below 2^63.
	MaxPath = 63
	// MaxSize is the largest size of a log.
	MaxSize = 1<<63 - 1
	// MaxRecord is the largest record in bytes, the limit of an entry bundle
	// (docs/formats/records.md section 1).
	MaxRecord = 65_535
	// MaxPlan is the largest number of plan leaves (docs/formats/records.md section 6.5).
	MaxPlan = 4_096
)

// HashReader reads hashes of a log tree. ReadHashes returns, in the order of ids
// and exactly one for each, the hashes of complete subtrees of the log: level 0
// are the leaves, and node (level, index) covers the leaves from index<<level.
// A proof needs one call, so that an implementation can batch its reads.
type HashReader interface {
	ReadHashes(ids []compact.NodeID) ([][32]byte, error)
}

// Root returns the root at a size of the log that r reads. Errors: ErrIndex for
// a size over MaxSize, ErrReader, and whatever r returns.
func Root(r HashReader, h Hasher, size uint64) ([32]byte, error) {
	if size > MaxSize {
		return [32]byte{}, reject(ErrIndex, "size %d", size)
	}
	if size == 0 {
		return h.Empty(), nil
	}
	hashes, err := read(r, compact.RangeNodes(0, size, nil))
	if err != nil {
		return [32]byte{}, err
	}
	root := hashes[len(hashes)-1]
	for i := len(hashes) - 2; i >= 0; i-- {
		root = h.Node(hashes[i], root)
	}
	return root, nil
}

// ProveInclusion returns the path of the leaf at index in the tree of the given
// size, leaf sibling first (RFC 9162 section 2.1.3). Errors: ErrIndex,
// ErrReader, and whatever r returns.
func ProveInclusion(r HashReader, h Hasher, index, size uint64) ([][32]byte, error) {
	if size > MaxSize || index >= size {
		return nil, reject(ErrIndex, "index %d of size %d", index, size)
	}
	nodes, err := proof.Inclusion(index, size)
	if err != nil {
		return nil, reject(ErrIndex, "%v", err)
	}
	return prove(r, h, nodes)
}

// ProveConsistency returns the path between two sizes of one log (RFC 9162
// section 2.1.4). It is empty when first is 0 or equal to second. Errors:
// ErrIndex when first > second, ErrReader, and whatever r returns.
func ProveConsistency(r HashReader, h Hasher, first, second uint64) ([][32]byte, error) {
	if second > MaxSize || first > second {
		return nil, reject(ErrIndex, "sizes %d and %d", first, second)
	}
	nodes, err := proof.Consistency(first, second)
	if err != nil {
		return nil, reject(ErrIndex, "%v", err)
	}
	return prove(r, h, nodes)
}

// prove reads the nodes of a path and folds those that make up its one node
// that is not a complete subtree.
func prove(r HashReader, h Hasher, nodes proof.Nodes) ([][32]byte, error) {
	hashes, err := read(r, nodes.IDs)
	if err != nil {
		return nil, err
	}
	folded, err := nodes.Rehash(slices32(hashes), h.HashChildren)
	if err != nil {
		return nil, reject(ErrReader, "%v", err)
	}
	path := make([][32]byte, len(folded))
	for i, f := range folded {
		path[i] = [32]byte(f)
	}
	return path, nil
}

// read asks for all ids at once; an empty list is not asked for.
func read(r HashReader, ids []compact.NodeID) ([][32]byte, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	hashes, err := r.ReadHashes(ids)
	if err != nil {
		return nil, err
	}
	if len(hashes) != len(ids) {
		return nil, reject(ErrReader, "%d hashes for %d nodes", len(hashes), len(ids))
	}
	return hashes, nil
}

// slices32 views arrays as the slices that the merkle package takes.
func slices32[H ~[32]byte](hashes []H) [][]byte {
	out := make([][]byte, len(hashes))
	for i := range hashes {
		out[i] = hashes[i][:]
	}
	return out
}

// checkInclusion checks that a leaf hash stands at index under root.
func checkInclusion(h Hasher, index, size uint64, leaf [32]byte, path [][32]byte, root [32]byte) error {
	if index >= size {
		return reject(ErrIndex, "index %d of size %d", index, size)
	}
	if len(path) > MaxPath {
		return reject(ErrPathLength, "%d hashes", len(path))
	}
	return mismatch(proof.VerifyInclusion(h, index, size, leaf[:], slices32(path), root[:]))
}

// checkConsistency checks that the tree of size second with root newRoot begins
// with the tree of size first with root oldRoot.
func checkConsistency[H ~[32]byte](h Hasher, first, second uint64, oldRoot, newRoot [32]byte, path []H) error {
	if first > second {
		return reject(ErrShrunk, "size %d after %d", second, first)
	}
	if len(path) > MaxPath {
		return reject(ErrPathLength, "%d hashes", len(path))
	}
	return mismatch(proof.VerifyConsistency(h, first, second, slices32(path), oldRoot[:], newRoot[:]))
}

// mismatch gives the errors of the merkle package this package's names. Indexes,
// sizes and the lengths of hashes were checked before, so a path of the wrong
// length is all that is left.
func mismatch(err error) error {
	if err == nil {
		return nil
	}
	if _, ok := errors.AsType[proof.RootMismatchError](err); ok {
		return ErrRootMismatch
	}
	return reject(ErrPathLength, "%v", err)
}
