package ledger

import (
	"math/bits"

	"github.com/forgepool/settle/codec"
	"github.com/forgepool/settle/proof"
)

// mth is a tree of tree A's shape while it grows: its complete subtrees, largest first.
// Its leaves are hashes already.
type mth struct {
	size  uint64
	nodes []codec.Hash
}

// append adds a leaf. It changes nodes beyond the length of an older copy only, or puts
// them into a new array.
func (x *mth) append(leaf codec.Hash) {
	keep := len(x.nodes)
	for n := x.size; n&1 == 1; n >>= 1 {
		keep--
		leaf = proof.NodeA(x.nodes[keep], leaf)
	}
	x.nodes = append(x.nodes[:keep:keep], leaf)
	x.size++
}

// root returns the root of the leaves so far.
func (x *mth) root() codec.Hash {
	if x.size == 0 {
		return proof.EmptyA()
	}
	last := len(x.nodes) - 1
	root := x.nodes[last]
	for i := last - 1; i >= 0; i-- {
		root = proof.NodeA(x.nodes[i], root)
	}
	return root
}

// fits says whether the number of subtrees is the one that the size demands.
func (x *mth) fits() bool { return bits.OnesCount64(x.size) == len(x.nodes) }
