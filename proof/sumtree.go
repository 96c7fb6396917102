package proof

import (
	"bytes"
	"math/bits"
	"slices"
	"sort"
)

// MaxSumLeaves is the largest number of leaves of a tree that is built here. A
// proof may be of a larger one.
const MaxSumLeaves = 1 << 32

// SumRoot returns root and totals of the tree over leaves, which must be strictly
// ascending by key. It keeps no nodes and does not allocate, because every replica
// runs it for every settlement. Errors: ErrSumType, ErrSumLeaf, ErrSumOrder,
// ErrSumRange, ErrTooLarge.
func SumRoot(t SumType, leaves []SumLeaf) (root [32]byte, totals SumTotals, err error) {
	shape, err := t.shape()
	if err != nil {
		return root, totals, err
	}
	return shape.root(leaves)
}

// root is SumRoot for a shape.
func (s sumShape) root(leaves []SumLeaf) (root [32]byte, totals SumTotals, err error) {
	if len(leaves) == 0 {
		return s.emptyRoot(), SumTotals{}, nil
	}
	if err := s.validLeaves(leaves); err != nil {
		return root, totals, err
	}
	top, err := s.fold(leaves)
	if err != nil {
		return root, totals, err
	}
	return s.rootOf(&top), top.totals(), nil
}

// totals returns what a top node says about the whole tree.
func (n *SumNode) totals() SumTotals {
	return SumTotals{Leaves: n.Leaves, Count: n.Count, Sums: n.Sums}
}

// validLeaves checks each leaf and that the keys ascend.
func (s sumShape) validLeaves(leaves []SumLeaf) error {
	if uint64(len(leaves)) > MaxSumLeaves {
		return reject(ErrTooLarge, "%d leaves", len(leaves))
	}
	for i := range leaves {
		if err := s.validLeaf(&leaves[i]); err != nil {
			return err
		}
		if i > 0 && bytes.Compare(leaves[i-1].Key, leaves[i].Key) >= 0 {
			return reject(ErrSumOrder, "leaf %d, key %x", i, leaves[i].Key)
		}
	}
	return nil
}

// fold returns the top node over one or more valid leaves. The left part is the
// largest power of two below their number.
func (s sumShape) fold(leaves []SumLeaf) (SumNode, error) {
	if len(leaves) == 1 {
		return s.leafNode(&leaves[0]), nil
	}
	if len(leaves) <= maxSumLevel {
		return s.foldLevels(leaves)
	}
	split := 1 << (bits.Len(uint(len(leaves)-1)) - 1)
	left, err := s.fold(leaves[:split])
	if err != nil {
		return SumNode{}, err
	}
	right, err := s.fold(leaves[split:])
	if err != nil {
		return SumNode{}, err
	}
	return s.join(&left, &right)
}

// SumTree is a sum tree that can prove. It is immutable and shares nothing with
// the leaves it was built from.
type SumTree struct {
	shape  sumShape
	leaves []SumLeaf
	levels [][]SumNode // levels[0] describes the leaves; a node without partner moves up as it is
}

// BuildSumTree builds the tree over leaves, which must be strictly ascending by
// key. Errors: as SumRoot.
func BuildSumTree(t SumType, leaves []SumLeaf) (*SumTree, error) {
	shape, err := t.shape()
	if err != nil {
		return nil, err
	}
	return shape.build(leaves)
}

// build is BuildSumTree for a shape.
func (s sumShape) build(leaves []SumLeaf) (*SumTree, error) {
	if err := s.validLeaves(leaves); err != nil {
		return nil, err
	}
	t := &SumTree{shape: s, leaves: slices.Clone(leaves)}
	level := make([]SumNode, len(leaves))
	for i := range t.leaves {
		t.leaves[i].Key = bytes.Clone(leaves[i].Key)
	}
	hashes := make([][32]byte, len(leaves))
	s.leafLevel(level, hashes, t.leaves)
	t.levels = append(t.levels, level)
	for len(level) > 1 {
		next, err := s.joinLevel(make([]SumNode, (len(level)+1)/2), hashes, level)
		if err != nil {
			return nil, err
		}
		level = next
		t.levels = append(t.levels, level)
	}
	return t, nil
}

// top returns the top node, nil for an empty tree.
func (t *SumTree) top() *SumNode {
	if len(t.leaves) == 0 {
		return nil
	}
	return &t.levels[len(t.levels)-1][0]
}

// Root returns the tree's root.
func (t *SumTree) Root() [32]byte {
	top := t.top()
	if top == nil {
		return t.shape.emptyRoot()
	}
	return t.shape.rootOf(top)
}

// Totals returns what the tree adds up to.
func (t *SumTree) Totals() SumTotals {
	top := t.top()
	if top == nil {
		return SumTotals{}
	}
	return top.totals()
}

// Prove returns the proof of the leaf at index i. It shares keys with the tree.
// Errors: ErrIndex.
func (t *SumTree) Prove(i int) (*SumProof, error) {
	if i < 0 || i >= len(t.leaves) {
		return nil, reject(ErrIndex, "leaf %d of %d", i, len(t.leaves))
	}
	p := &SumProof{Leaf: t.leaves[i], Index: uint64(i), Leaves: uint64(len(t.leaves))}
	for _, level := range t.levels[:len(t.levels)-1] {
		if partner := i ^ 1; partner < len(level) {
			p.Siblings = append(p.Siblings, level[partner])
		}
		i /= 2
	}
	return p, nil
}

// Find returns the index of the leaf with a key. Without one, it returns the index
// of the leaf whose proof shows the key's absence: the key's predecessor, or the
// first leaf. In an empty tree, where nothing needs to be proved, it returns 0.
func (t *SumTree) Find(key []byte) (i int, found bool) {
	i, found = sort.Find(len(t.leaves), func(i int) int { return bytes.Compare(key, t.leaves[i].Key) })
	if !found && i > 0 {
		i--
	}
	return i, found
}

// Locate returns the index of the leaf that covers unit u of a column: the sums of
// the leaves before it are at most u, with its own they are more. Errors: ErrIndex
// when the column's total is not above u or there is no such column.
func (t *SumTree) Locate(u uint64, column int) (int, error) {
	if column < 0 || column >= t.shape.columns || u >= t.Totals().Sums[column] {
		return 0, reject(ErrIndex, "unit %d of column %d", u, column)
	}
	i := 0
	for level := len(t.levels) - 2; level >= 0; level-- {
		i *= 2
		if left := t.levels[level][i].Sums[column]; u >= left {
			u -= left
			i++
		}
	}
	return i, nil
}
