package proof

import (
	"crypto/sha256"
	"hash"
	"sync"

	"github.com/transparency-dev/merkle"
	"github.com/zeebo/blake3"

	"github.com/forgepool/settle/internal/lanes"
)

// Hasher is the hash of one log tree. The zero value is tree A. It implements
// merkle.LogHasher for the tree arithmetic, and has methods on arrays that do
// not allocate for everything else.
type Hasher struct {
	twin bool
}

var _ merkle.LogHasher = Hasher{}

// The two trees of every ledger.
var (
	// TreeA is keyed BLAKE3, the ledger's own commitment.
	TreeA = Hasher{twin: false}
	// TreeB is SHA-256 with the prefixes of RFC 6962 section 2.1, for public tools.
	TreeB = Hasher{twin: true}
)

// Leaf returns the leaf hash of a record's bytes.
func (h Hasher) Leaf(record []byte) [32]byte {
	if h.twin {
		return LeafB(record)
	}
	return LeafA(record)
}

// Node returns the hash of an inner node.
func (h Hasher) Node(left, right [32]byte) [32]byte {
	if h.twin {
		return NodeB(left, right)
	}
	return NodeA(left, right)
}

// Empty returns the root of the tree without leaves.
func (h Hasher) Empty() [32]byte {
	if h.twin {
		return EmptyB()
	}
	return EmptyA()
}

// EmptyRoot is Empty as merkle.LogHasher wants it.
func (h Hasher) EmptyRoot() []byte { s := h.Empty(); return s[:] }

// HashLeaf is Leaf as merkle.LogHasher wants it.
func (h Hasher) HashLeaf(leaf []byte) []byte { s := h.Leaf(leaf); return s[:] }

// HashChildren is Node as merkle.LogHasher wants it. Both arguments must have
// Size bytes; the tree arithmetic never passes anything else.
func (h Hasher) HashChildren(l, r []byte) []byte {
	s := h.Node([32]byte(l), [32]byte(r))
	return s[:]
}

// Size returns the number of bytes of a hash, 32.
func (h Hasher) Size() int { return 32 }

// Contexts of tree A (docs/formats/transparency.md). The keys are their plain
// BLAKE3, so that leaves, nodes and the empty tree can never be confused.
const (
	leafContext  = "settle/v1 record leaf"
	nodeContext  = "settle/v1 tree node"
	emptyContext = "settle/v1 empty tree"
)

var (
	leavesA = lanes.NewKey(blake3.Sum256([]byte(leafContext)))
	nodesA  = lanes.NewKey(blake3.Sum256([]byte(nodeContext)))
	emptyA  = blake3.Sum256([]byte(emptyContext))
)

// EmptyA returns the root of the empty tree A.
func EmptyA() [32]byte { return emptyA }

// LeafA returns the leaf hash of a record in tree A. It does not allocate.
func LeafA(record []byte) [32]byte { return leavesA.Sum(record) }

// LeavesA writes the leaf hashes of many records in tree A, several times as fast as one
// by one. Record i is what build appends to b; what b holds already is not build's.
func LeavesA[H ~[32]byte](leaves []H, build func(b []byte, i int) []byte) {
	lanes.Sums(leavesA, leaves, build)
}

// NodeA returns the hash of an inner node of tree A: one keyed compression of
// the 64 bytes left || right. It does not allocate.
func NodeA(left, right [32]byte) [32]byte { return nodesA.Pair(left, right) }

// leafPrefixB is the first byte of every leaf input of tree B (RFC 6962 section 2.1).
var leafPrefixB = []byte{0x00}

// twinLeaf is a SHA-256 state with room for its sum; pooled as keyed is.
type twinLeaf struct {
	h   hash.Hash
	sum [32]byte
}

var leavesB = sync.Pool{New: func() any { return &twinLeaf{h: sha256.New()} }}

// EmptyB returns the root of the empty tree B, SHA-256 of nothing.
func EmptyB() [32]byte { return sha256.Sum256(nil) }

// LeafB returns the leaf hash of a record in tree B: SHA-256(0x00 || record).
// It does not allocate.
func LeafB(record []byte) [32]byte {
	k := leavesB.Get().(*twinLeaf)
	k.h.Reset()
	k.h.Write(leafPrefixB)
	k.h.Write(record)
	k.h.Sum(k.sum[:0])
	sum := k.sum
	leavesB.Put(k)
	return sum
}

// NodeB returns the hash of an inner node of tree B:
// SHA-256(0x01 || left || right). It does not allocate.
func NodeB(left, right [32]byte) [32]byte {
	var block [65]byte
	block[0] = 0x01
	copy(block[1:33], left[:])
	copy(block[33:], right[:])
	return sha256.Sum256(block[:])
}
