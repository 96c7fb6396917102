package proof

import (
	"bytes"
	"encoding/binary"
	"math/bits"
)

// MaxSumProof is the largest encoded proof in bytes: a leaf and 63 siblings of the
// widest type.
const MaxSumProof = 16 + (1 + 21 + 8 + 1 + 16 + 32) + MaxPath*(1+21+8+8+1+16+32)

// SumStatement is what a record states about a sum tree that it commits to. It
// comes from the record, never from the proof or its sender.
type SumStatement struct {
	Type     SumType
	Root     [32]byte
	Sums     [2]uint64 // total of each column
	Leaves   uint64    // number of leaves, 0 for the empty tree
	Count    uint64    // total count
	Unstated SumFields // fields that the record does not state; the root binds them all the same
}

// SumFields is a set of fields of a SumStatement.
type SumFields uint8

// The fields that a record may leave unstated.
const (
	SumLeavesUnstated SumFields = 1 << iota
	SumCountUnstated
)

// SumProof is the path of one leaf to the top of a sum tree. What it proves is for
// the Check functions to say.
type SumProof struct {
	Leaf     SumLeaf
	Index    uint64    // of the leaf in key order
	Leaves   uint64    // of the tree
	Siblings []SumNode // leaf side first
}

// climb is what following a proof to the top has shown.
type climb struct {
	below [2]uint64 // sums of all leaves before this one
	bound []byte    // smallest key of the subtrees to the right, nil if there is none
}

// step is one sibling as index and number of leaves demand it.
type step struct {
	left   bool   // the sibling stands to the left
	leaves uint64 // leaves it covers
}

// steps returns the siblings of a leaf, bottom up.
func steps(index, leaves uint64) []step {
	path := make([]step, 0, bits.Len64(leaves))
	for level := 0; (leaves-1)>>level > 0; level++ {
		sibling := index>>level ^ 1
		begin := sibling << level
		if begin >= leaves {
			continue // no partner at this level
		}
		path = append(path, step{left: index>>level&1 == 1, leaves: min(1<<level, leaves-begin)})
	}
	return path
}

// check follows a proof to the top and compares it with the statement: forms,
// ranges and order on the way up, root and totals at the end.
func (st *SumStatement) check(shape sumShape, p *SumProof) (climb, error) {
	var c climb
	if p == nil || p.Index >= p.Leaves || p.Leaves >= sumLimit {
		return c, reject(ErrIndex, "no leaf")
	}
	path := steps(p.Index, p.Leaves)
	if len(path) != len(p.Siblings) {
		return c, reject(ErrPathLength, "%d siblings instead of %d", len(p.Siblings), len(path))
	}
	if err := shape.validLeaf(&p.Leaf); err != nil {
		return c, err
	}
	top := shape.leafNode(&p.Leaf)
	for i := range path {
		var err error
		if top, err = c.join(shape, path[i], &top, &p.Siblings[i]); err != nil {
			return c, err
		}
	}
	if shape.rootOf(&top) != st.Root {
		return c, ErrRootMismatch
	}
	return c, st.checkTotals(top.totals())
}

// join goes up by one sibling.
func (c *climb) join(shape sumShape, s step, node, sibling *SumNode) (SumNode, error) {
	if err := shape.validNode(sibling, s.leaves); err != nil {
		return SumNode{}, err
	}
	if !s.left {
		if c.bound == nil || bytes.Compare(sibling.Min, c.bound) < 0 {
			c.bound = sibling.Min
		}
		return shape.join(node, sibling)
	}
	joined, err := shape.join(sibling, node)
	if err != nil {
		return SumNode{}, err
	}
	c.below[0] += sibling.Sums[0]
	c.below[1] += sibling.Sums[1]
	return joined, nil
}

// validNode checks a sibling that must cover a number of leaves.
func (s sumShape) validNode(n *SumNode, leaves uint64) error {
	if n.Leaves != leaves {
		return reject(ErrSumPath, "sibling of %d leaves instead of %d", n.Leaves, leaves)
	}
	if !s.fits(n.Min, n.Sums) || s.unitCount && n.Count != n.Leaves {
		return reject(ErrSumLeaf, "sibling with a key of %d bytes, count %d", len(n.Min), n.Count)
	}
	if n.Count >= sumLimit || n.Sums[0] >= sumLimit || n.Sums[1] >= sumLimit {
		return reject(ErrSumRange, "sibling %x", n.Min)
	}
	return nil
}

// checkTotals compares the totals of the tree with those stated.
func (st *SumStatement) checkTotals(have SumTotals) error {
	if have.Sums != st.Sums ||
		st.Unstated&SumLeavesUnstated == 0 && have.Leaves != st.Leaves ||
		st.Unstated&SumCountUnstated == 0 && have.Count != st.Count {
		return reject(ErrStatement, "%d leaves, count %d, sums %d", have.Leaves, have.Count, have.Sums)
	}
	return nil
}

// EncodeSumProof returns the bytes of a proof; the package comment describes them.
// Errors: ErrSumType, and ErrMalformed for a proof that no tree of this type gives.
func EncodeSumProof(t SumType, p *SumProof) ([]byte, error) {
	shape, err := t.shape()
	if err != nil {
		return nil, err
	}
	if p.Index >= p.Leaves || p.Leaves >= sumLimit || len(p.Siblings) != len(steps(p.Index, p.Leaves)) ||
		!shape.fits(p.Leaf.Key, p.Leaf.Sums) {
		return nil, reject(ErrMalformed, "sum proof of leaf %d of %d", p.Index, p.Leaves)
	}
	b := binary.BigEndian.AppendUint64(nil, p.Index)
	b = binary.BigEndian.AppendUint64(b, p.Leaves)
	b = shape.appendLeaf(b, &p.Leaf)
	for i := range p.Siblings {
		if !shape.fits(p.Siblings[i].Min, p.Siblings[i].Sums) {
			return nil, reject(ErrMalformed, "sibling %d", i)
		}
		b = shape.appendNode(b, &p.Siblings[i])
	}
	return b, nil
}

// DecodeSumProof reads a proof of a tree of the type that was asked for. It accepts
// only what EncodeSumProof writes and shares no memory with data. Errors:
// ErrSumType, ErrTooLarge, ErrMalformed.
func DecodeSumProof(t SumType, data []byte) (*SumProof, error) {
	shape, err := t.shape()
	if err != nil {
		return nil, err
	}
	if len(data) > MaxSumProof {
		return nil, reject(ErrTooLarge, "sum proof of %d bytes", len(data))
	}
	r := &sumReader{shape: shape, data: bytes.Clone(data)}
	p := &SumProof{Index: r.number(), Leaves: r.number()}
	p.Leaf = r.leaf()
	if r.failed || p.Index >= p.Leaves || p.Leaves >= sumLimit {
		return nil, reject(ErrMalformed, "sum proof of %d bytes", len(data))
	}
	p.Siblings = make([]SumNode, len(steps(p.Index, p.Leaves)))
	for i := range p.Siblings {
		p.Siblings[i] = r.node()
	}
	if r.failed || len(r.data) != 0 {
		return nil, reject(ErrMalformed, "sum proof of %d bytes", len(data))
	}
	return p, nil
}

// sumReader takes fields off the front of data. After a failure it gives zeros.
type sumReader struct {
	shape  sumShape
	data   []byte
	failed bool
}

// take returns the next n bytes.
func (r *sumReader) take(n int) []byte {
	if r.failed || len(r.data) < n {
		r.failed = true
		return make([]byte, n)
	}
	b := r.data[:n:n]
	r.data = r.data[n:]
	return b
}

func (r *sumReader) number() uint64 { return binary.BigEndian.Uint64(r.take(8)) }

// key reads a length, which must be the type's, and a key.
func (r *sumReader) key() []byte {
	if int(r.take(1)[0]) != r.shape.keyLen {
		r.failed = true
	}
	return r.take(r.shape.keyLen)
}

// values reads a count, the number of columns, which must be the type's, and sums.
func (r *sumReader) values() (count uint64, sums [2]uint64) {
	count = r.number()
	if int(r.take(1)[0]) != r.shape.columns {
		r.failed = true
	}
	for i := range r.shape.columns {
		sums[i] = r.number()
	}
	return count, sums
}

func (r *sumReader) leaf() SumLeaf {
	var l SumLeaf
	l.Key = r.key()
	l.Count, l.Sums = r.values()
	l.Payload = [32]byte(r.take(32))
	return l
}

func (r *sumReader) node() SumNode {
	var n SumNode
	n.Min = r.key()
	n.Leaves = r.number()
	n.Count, n.Sums = r.values()
	n.Hash = [32]byte(r.take(32))
	return n
}
