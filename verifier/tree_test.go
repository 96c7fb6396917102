package verifier

import (
	"fmt"

	"github.com/forgepool/settle/proof"
	"github.com/transparency-dev/merkle/compact"
)

// treeLeaves computes nodes of a test log from its leaf hashes, as the definition says.
type treeLeaves struct {
	h      proof.Hasher
	leaves [][32]byte
}

// ReadHashes implements proof.HashReader.
func (l treeLeaves) ReadHashes(ids []compact.NodeID) ([][32]byte, error) {
	var out [][32]byte
	for _, id := range ids {
		begin, end := id.Coverage()
		if end > uint64(len(l.leaves)) {
			return nil, fmt.Errorf("node %v is not there", id)
		}
		out = append(out, treeLeaves{l.h, l.leaves[begin:end]}.root())
	}
	return out, nil
}

// root is MTH of RFC 9162 section 2.1.1, literally.
func (l treeLeaves) root() [32]byte {
	n := len(l.leaves)
	switch n {
	case 0:
		return l.h.Empty()
	case 1:
		return l.leaves[0]
	}
	k := 1
	for k*2 < n {
		k *= 2
	}
	return l.h.Node(treeLeaves{l.h, l.leaves[:k]}.root(), treeLeaves{l.h, l.leaves[k:]}.root())
}
