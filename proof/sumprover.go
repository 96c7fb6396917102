package proof

import (
	"bytes"
	"sort"
)

// SumProver proves chosen leaves of a tree whose leaves stream past: it keeps the
// complete subtrees so far and the siblings of the chosen leaves, and nothing else.
type SumProver struct {
	shape  sumShape
	chosen []uint64
	proofs []*SumProof // one per chosen index; nil until its leaf came
	nodes  []proverNode
	last   []byte
	leaves uint64
}

// proverNode is a complete subtree with the index of its first leaf.
type proverNode struct {
	SumNode
	first uint64
}

// NewSumProver returns a prover of the leaves at these indexes, which must be strictly
// ascending. Errors: ErrSumType, ErrIndex.
func NewSumProver(t SumType, chosen []uint64) (*SumProver, error) {
	shape, err := t.shape()
	if err != nil {
		return nil, err
	}
	for i := 1; i < len(chosen); i++ {
		if chosen[i-1] >= chosen[i] {
			return nil, reject(ErrIndex, "%d after %d", chosen[i], chosen[i-1])
		}
	}
	return &SumProver{shape: shape, chosen: chosen, proofs: make([]*SumProof, len(chosen))}, nil
}

// Append adds the next leaf, whose key must be above those before; it keeps no part of
// it. Errors: ErrSumLeaf, ErrSumOrder, ErrSumRange; after one the prover is of no use.
func (p *SumProver) Append(leaf *SumLeaf) error {
	if err := p.shape.validLeaf(leaf); err != nil {
		return err
	}
	if p.leaves > 0 && bytes.Compare(p.last, leaf.Key) >= 0 {
		return reject(ErrSumOrder, "%x after %x", leaf.Key, p.last)
	}
	p.last = append(p.last[:0], leaf.Key...)
	own := *leaf
	own.Key = bytes.Clone(leaf.Key)
	if i := p.at(p.leaves); i < len(p.chosen) && p.chosen[i] == p.leaves {
		p.proofs[i] = &SumProof{Leaf: own, Index: p.leaves}
	}
	p.nodes = append(p.nodes, proverNode{p.shape.leafNode(&own), p.leaves})
	p.leaves++
	for n := p.leaves; n&1 == 0; n >>= 1 {
		if err := p.joinLast(); err != nil {
			return err
		}
	}
	return nil
}

// at returns the position of the first chosen index that is not below a leaf's.
func (p *SumProver) at(leaf uint64) int {
	return sort.Search(len(p.chosen), func(i int) bool { return p.chosen[i] >= leaf })
}

// joinLast joins the last two subtrees; each is a sibling of the other's chosen leaves.
func (p *SumProver) joinLast() error {
	k := len(p.nodes) - 2
	left, right := &p.nodes[k], &p.nodes[k+1]
	joined, err := p.shape.join(&left.SumNode, &right.SumNode)
	if err != nil {
		return err
	}
	middle := p.at(right.first)
	for i := p.at(left.first); i < middle; i++ {
		p.proofs[i].Siblings = append(p.proofs[i].Siblings, right.SumNode)
	}
	for i := middle; i < len(p.chosen) && p.proofs[i] != nil; i++ {
		p.proofs[i].Siblings = append(p.proofs[i].Siblings, left.SumNode)
	}
	p.nodes[k] = proverNode{joined, left.first}
	p.nodes = p.nodes[:k+1]
	return nil
}

// Finish ends the tree and returns the proofs in the order of the indexes. Errors:
// ErrIndex if a chosen leaf did not come, ErrSumRange.
func (p *SumProver) Finish() ([]*SumProof, error) {
	for len(p.nodes) > 1 {
		if err := p.joinLast(); err != nil {
			return nil, err
		}
	}
	for i := range p.proofs {
		if p.proofs[i] == nil {
			return nil, reject(ErrIndex, "leaf %d of %d", p.chosen[i], p.leaves)
		}
		p.proofs[i].Leaves = p.leaves
	}
	return p.proofs, nil
}
