package proof

import (
	"bytes"
	"math/bits"

	"github.com/zeebo/blake3"
)

// SumPair is the two children of an inner node, as the node's hash commits to them.
type SumPair struct{ Left, Right SumNode }

// SumDescent leads from the root of a sum tree down to one node of it, by descriptions
// alone: what each node says of itself is not added up on the way, so it leads also into a
// tree that does not add up. What it shows is for CheckSplit to say.
type SumDescent struct {
	Top   SumNode
	Pairs []SumPair // children of the top, then of one of them, and so on
	Leaf  *SumLeaf  // the leaf that is described last; nil: the last pair is what it ends with
}

// What a description in a sum tree may have wrong, in the order in which it is looked for.
const (
	SplitTotals = "totals" // the top is not what the record states
	SplitLeaf   = "leaf"   // a leaf is described otherwise than it is
	SplitOrder  = "order"  // the children do not ascend
	SplitMin    = "min"    // the smallest key is not the left child's
	SplitLeaves = "leaves" // numbers of leaves do not add up, or the left child has not its share
	SplitCount  = "count"  // counts do not add up
	SplitSums   = "sums"   // sums do not add up
)

// CheckSplit checks that a descent leads down from the root that a record states, and
// returns what the description of the node at its end has wrong: one of the constants
// above, "" if nothing. Without pairs and leaf it is the top itself, compared with what
// the record states. Errors: ErrSumType, ErrRootMismatch, ErrSumPath for a child that is
// not its parent's, ErrSumLeaf for a key or column that the type has not.
func (d *SumDescent) CheckSplit(st SumStatement) (string, error) {
	shape, err := st.Type.shape()
	if err != nil {
		return "", err
	}
	if !shape.fits(d.Top.Min, d.Top.Sums) || shape.rootOf(&d.Top) != st.Root {
		return "", ErrRootMismatch
	}
	at := &d.Top
	for i := range d.Pairs {
		pair := &d.Pairs[i]
		if !shape.fits(pair.Left.Min, pair.Left.Sums) || !shape.fits(pair.Right.Min, pair.Right.Sums) {
			return "", reject(ErrSumLeaf, "pair %d", i)
		}
		if at = d.above(i, shape.overPair(pair)); at == nil {
			return "", reject(ErrSumPath, "pair %d is below no node of the one before", i)
		}
	}
	switch {
	case d.Leaf != nil:
		return d.splitLeaf(shape)
	case len(d.Pairs) > 0:
		return shape.splitOf(at, &d.Pairs[len(d.Pairs)-1]), nil
	case st.checkTotals(d.Top.totals()) != nil:
		return SplitTotals, nil
	}
	return "", nil
}

// overPair returns the hash of the node over two children, whatever they are.
func (s sumShape) overPair(pair *SumPair) [32]byte {
	var buf sumBuffer
	b := append(buf[:0], domainSumNode, s.tag)
	b = s.appendNode(b, &pair.Left)
	return blake3.Sum256(s.appendNode(b, &pair.Right))
}

// above returns the node before pair i that has a hash, nil if there is none.
func (d *SumDescent) above(i int, hash [32]byte) *SumNode {
	nodes := []*SumNode{&d.Top}
	if i > 0 {
		nodes = []*SumNode{&d.Pairs[i-1].Left, &d.Pairs[i-1].Right}
	}
	for _, n := range nodes {
		if n.Hash == hash {
			return n
		}
	}
	return nil
}

// splitLeaf compares a leaf with its description.
func (d *SumDescent) splitLeaf(shape sumShape) (string, error) {
	if !shape.fits(d.Leaf.Key, d.Leaf.Sums) {
		return "", reject(ErrSumLeaf, "key of %d bytes", len(d.Leaf.Key))
	}
	is := shape.leafNode(d.Leaf)
	n := d.above(len(d.Pairs), is.Hash)
	switch {
	case n == nil:
		return "", reject(ErrSumPath, "the leaf is below no node of the last pair")
	case !bytes.Equal(n.Min, is.Min) || n.Leaves != 1 || n.Count != is.Count || n.Sums != is.Sums:
		return SplitLeaf, nil
	}
	return "", nil
}

// splitOf compares a node with its children. Sums that leave 63 bits do not add up.
func (s sumShape) splitOf(n *SumNode, pair *SumPair) string {
	l, r := &pair.Left, &pair.Right
	adds := func(sum, a, b uint64) bool { return a < sumLimit && b < sumLimit && a+b < sumLimit && sum == a+b }
	switch {
	case bytes.Compare(l.Min, r.Min) >= 0:
		return SplitOrder
	case !bytes.Equal(n.Min, l.Min):
		return SplitMin
	case l.Leaves == 0 || r.Leaves == 0 || !adds(n.Leaves, l.Leaves, r.Leaves) || l.Leaves != 1<<(bits.Len64(n.Leaves-1)-1):
		return SplitLeaves
	case !adds(n.Count, l.Count, r.Count) || s.unitCount && n.Count != n.Leaves:
		return SplitCount
	case !adds(n.Sums[0], l.Sums[0], r.Sums[0]) || !adds(n.Sums[1], l.Sums[1], r.Sums[1]):
		return SplitSums
	}
	return ""
}

// EncodeSumDescent returns the bytes of a descent (docs/formats/sum-trees.md section 4).
// Errors: ErrSumType, and ErrMalformed for one with more than 63 pairs or with keys or
// columns that the type has not.
func EncodeSumDescent(t SumType, d *SumDescent) ([]byte, error) {
	shape, err := t.shape()
	if err != nil {
		return nil, err
	}
	fits := len(d.Pairs) <= MaxPath && shape.fits(d.Top.Min, d.Top.Sums)
	b := append(shape.appendNode(nil, &d.Top), byte(len(d.Pairs)))
	for i := range d.Pairs {
		pair := &d.Pairs[i]
		fits = fits && shape.fits(pair.Left.Min, pair.Left.Sums) && shape.fits(pair.Right.Min, pair.Right.Sums)
		b = shape.appendNode(shape.appendNode(b, &pair.Left), &pair.Right)
	}
	if d.Leaf != nil {
		fits = fits && shape.fits(d.Leaf.Key, d.Leaf.Sums)
		b = shape.appendLeaf(b, d.Leaf)
	}
	if !fits {
		return nil, reject(ErrMalformed, "descent of %d pairs", len(d.Pairs))
	}
	return b, nil
}

// DecodeSumDescent reads a descent in a tree of the type that was asked for. It accepts
// only what EncodeSumDescent writes and shares no memory with data. Errors: ErrSumType,
// ErrMalformed.
func DecodeSumDescent(t SumType, data []byte) (*SumDescent, error) {
	shape, err := t.shape()
	if err != nil {
		return nil, err
	}
	if len(data) > 2*MaxSumProof {
		return nil, reject(ErrMalformed, "descent of %d bytes", len(data))
	}
	r := &sumReader{shape: shape, data: bytes.Clone(data)}
	d := &SumDescent{Top: r.node()}
	n := int(r.take(1)[0])
	if r.failed || n > MaxPath {
		return nil, reject(ErrMalformed, "descent of %d bytes", len(data))
	}
	d.Pairs = make([]SumPair, n)
	for i := range d.Pairs {
		d.Pairs[i] = SumPair{Left: r.node(), Right: r.node()}
	}
	if len(r.data) > 0 {
		leaf := r.leaf()
		d.Leaf = &leaf
	}
	if r.failed || len(r.data) != 0 {
		return nil, reject(ErrMalformed, "descent of %d bytes", len(data))
	}
	return d, nil
}
