package proof

import (
	"bytes"
	"encoding/binary"
	"math/bits"
)

// SumRange is a sum tree while it grows at its right edge: the complete subtrees that
// the leaves so far make up. It knows root and totals at any time in memory of the order
// of the logarithm of the leaves; it cannot prove. Package ledger keeps one per journal
// and per party and cycle. The zero value is of no use: see NewSumRange.
type SumRange struct {
	shape  sumShape
	totals SumTotals
	last   [longestSumKey]byte // key of the last leaf
	nodes  []rangeNode         // largest first; which sizes there are follows from totals.Leaves
}

// longestSumKey is the length of the longest key of any type, that of SumShards.
const longestSumKey = 21

// rangeNode is a SumNode that owns its key.
type rangeNode struct {
	min    [longestSumKey]byte
	leaves uint64
	count  uint64
	sums   [2]uint64
	hash   [32]byte
}

// NewSumRange returns a tree without leaves. Errors: ErrSumType.
func NewSumRange(t SumType) (*SumRange, error) {
	shape, err := t.shape()
	if err != nil {
		return nil, err
	}
	return &SumRange{shape: shape}, nil
}

// Append adds a leaf, whose key must be above those of all before; it keeps no part of
// it. After an error the tree is as before. Errors: ErrSumLeaf, ErrSumOrder, ErrSumRange.
func (r *SumRange) Append(leaf *SumLeaf) error {
	if err := r.shape.validLeaf(leaf); err != nil {
		return err
	}
	if r.totals.Leaves > 0 && bytes.Compare(r.last[:r.shape.keyLen], leaf.Key) >= 0 {
		return reject(ErrSumOrder, "%x after %x", leaf.Key, r.last[:r.shape.keyLen])
	}
	// What fits the totals fits every subtree.
	totals, ok := r.totals.plus(&SumTotals{Leaves: 1, Count: leaf.Count, Sums: leaf.Sums})
	if !ok {
		return reject(ErrSumRange, "total with %x", leaf.Key)
	}
	top := r.shape.leafNode(leaf)
	at := len(r.nodes)
	for n := r.totals.Leaves; n&1 == 1; n >>= 1 {
		at--
		left := r.nodes[at].describe(r.shape.keyLen)
		joined, err := r.shape.join(&left, &top)
		if err != nil {
			return err // checked above: it cannot be
		}
		top = joined
	}
	// The nodes joined stand where the new one goes, and it begins with the first of them.
	r.nodes = append(r.nodes[:at], rangeNodeOf(&top))
	copy(r.last[:], leaf.Key)
	r.totals = totals
	return nil
}

// AppendAll is Append for many leaves, hashed side by side. After an error none of them
// is there.
func (r *SumRange) AppendAll(leaves []SumLeaf) error {
	totals, last := r.totals, r.last[:r.shape.keyLen]
	for i := range leaves {
		leaf := &leaves[i]
		if err := r.shape.validLeaf(leaf); err != nil {
			return err
		}
		if totals.Leaves > 0 && bytes.Compare(last, leaf.Key) >= 0 {
			return reject(ErrSumOrder, "%x after %x", leaf.Key, last)
		}
		var ok bool
		if totals, ok = totals.plus(&SumTotals{Leaves: 1, Count: leaf.Count, Sums: leaf.Sums}); !ok {
			return reject(ErrSumRange, "total with %x", leaf.Key)
		}
		last = leaf.Key
	}
	for from := 0; from < len(leaves); from += maxSumLevel - 1 {
		piece := leaves[from:min(from+maxSumLevel-1, len(leaves))]
		if err := r.appendLevels(piece); err != nil {
			return err // checked above: it cannot be
		}
		copy(r.last[:], piece[len(piece)-1].Key)
	}
	r.totals = totals
	return nil
}

// appendLevels adds fewer than maxSumLevel valid leaves, level by level: to the new nodes
// of a level comes, in front, the one that the tree has there, neighbours are joined, and
// an odd last node stays in the tree.
func (r *SumRange) appendLevels(leaves []SumLeaf) error {
	scratch := sumScratches.Get().(*sumScratch)
	defer func() {
		clear(scratch.nodes[:len(leaves)+1]) // the keys are the caller's
		sumScratches.Put(scratch)
	}()
	level := scratch.nodes[1 : 1+len(leaves)]
	r.shape.leafLevel(level, scratch.hashes[:len(leaves)], leaves)
	var stay [64]rangeNode // from the leaves up
	kept, at := 0, len(r.nodes)
	for n := r.size(); ; n >>= 1 {
		front := 1
		if n&1 == 1 {
			at--
			front, scratch.nodes[0] = 0, r.nodes[at].describe(r.shape.keyLen)
		}
		all := scratch.nodes[front : 1+len(level)]
		if odd := len(all) - 1; len(all)%2 == 1 {
			stay[kept] = rangeNodeOf(&all[odd])
			kept, all = kept+1, all[:odd]
		}
		if len(all) == 0 {
			break
		}
		var err error
		if level, err = r.shape.joinLevel(scratch.nodes[1:], scratch.hashes[:], all); err != nil {
			return err
		}
	}
	r.nodes = r.nodes[:at]
	for kept--; kept >= 0; kept-- {
		r.nodes = append(r.nodes, stay[kept])
	}
	return nil
}

// size returns how many leaves the nodes stand for.
func (r *SumRange) size() (n uint64) {
	for i := range r.nodes {
		n += r.nodes[i].leaves
	}
	return n
}

func rangeNodeOf(n *SumNode) rangeNode {
	node := rangeNode{leaves: n.Leaves, count: n.Count, sums: n.Sums, hash: n.Hash}
	copy(node.min[:], n.Min)
	return node
}

// plus adds totals and says whether all of them stay below 2^63.
func (t SumTotals) plus(x *SumTotals) (SumTotals, bool) {
	t.Leaves, t.Count = t.Leaves+x.Leaves, t.Count+x.Count
	t.Sums = [2]uint64{t.Sums[0] + x.Sums[0], t.Sums[1] + x.Sums[1]}
	return t, t.Leaves < sumLimit && t.Count < sumLimit && t.Sums[0] < sumLimit && t.Sums[1] < sumLimit
}

// describe returns the node as the hashes see it. It shares the key.
func (n *rangeNode) describe(keyLen int) SumNode {
	return SumNode{Min: n.min[:keyLen], Leaves: n.leaves, Count: n.count, Sums: n.sums, Hash: n.hash}
}

// Totals returns what the leaves so far add up to.
func (r *SumRange) Totals() SumTotals { return r.totals }

// Root returns the root of the tree over the leaves so far.
func (r *SumRange) Root() [32]byte {
	if len(r.nodes) == 0 {
		return r.shape.emptyRoot()
	}
	at := len(r.nodes) - 1
	top := r.nodes[at].describe(r.shape.keyLen)
	for at--; at >= 0; at-- {
		left := r.nodes[at].describe(r.shape.keyLen)
		joined, err := r.shape.join(&left, &top)
		if err != nil {
			panic(err) // order and range were checked leaf by leaf
		}
		top = joined
	}
	return r.shape.rootOf(&top)
}

// CopyFrom makes r equal to another tree; they share nothing.
func (r *SumRange) CopyFrom(x *SumRange) {
	r.shape, r.totals, r.last = x.shape, x.totals, x.last
	r.nodes = append(r.nodes[:0], x.nodes...)
}

// AppendSumRange appends the one encoding of the tree, which is what DecodeSumRange
// reads. Lengths follow from the type:
//
//	uvarint leaves | last key | node ...
//	node = smallest key | uvarint count | uvarint sum ... | hash 32
//
// There is one node for each bit of the number of leaves, the highest one first. Types
// in which each leaf counts 1 have no counts; without leaves nothing follows.
func AppendSumRange(b []byte, r *SumRange) []byte {
	b = binary.AppendUvarint(b, r.totals.Leaves)
	if r.totals.Leaves == 0 {
		return b
	}
	b = append(b, r.last[:r.shape.keyLen]...)
	for i := range r.nodes {
		n := &r.nodes[i]
		b = append(b, n.min[:r.shape.keyLen]...)
		if !r.shape.unitCount {
			b = binary.AppendUvarint(b, n.count)
		}
		for _, sum := range n.sums[:r.shape.columns] {
			b = binary.AppendUvarint(b, sum)
		}
		b = append(b, n.hash[:]...)
	}
	return b
}

// DecodeSumRange reads what AppendSumRange wrote, all of data. It cannot see whether
// the hashes are those of any leaves. Errors: ErrSumType, ErrMalformed, ErrSumOrder,
// ErrSumRange.
func DecodeSumRange(t SumType, data []byte) (*SumRange, error) {
	r, err := NewSumRange(t)
	if err != nil {
		return nil, err
	}
	in := rangeReader{b: data}
	leaves := in.uvarint()
	if leaves >= sumLimit {
		return nil, reject(ErrSumRange, "%d leaves", leaves)
	}
	if leaves > 0 {
		in.bytes(r.last[:r.shape.keyLen])
		r.nodes = make([]rangeNode, 0, bits.OnesCount64(leaves))
	}
	for rest := leaves; rest > 0 && !in.bad; {
		size := uint64(1) << (bits.Len64(rest) - 1)
		if err := r.readNode(&in, size); err != nil {
			return nil, err
		}
		rest -= size
	}
	if in.bad || len(in.b) > 0 {
		return nil, reject(ErrMalformed, "growing sum tree")
	}
	return r, r.checkLast()
}

// readNode reads the next subtree, of size leaves.
func (r *SumRange) readNode(in *rangeReader, size uint64) error {
	n := rangeNode{leaves: size, count: size}
	in.bytes(n.min[:r.shape.keyLen])
	if !r.shape.unitCount {
		n.count = in.uvarint()
	}
	for column := range r.shape.columns {
		n.sums[column] = in.uvarint()
	}
	in.bytes(n.hash[:])
	if in.bad {
		return reject(ErrMalformed, "growing sum tree")
	}
	if n.count >= sumLimit || n.sums[0] >= sumLimit || n.sums[1] >= sumLimit {
		return reject(ErrSumRange, "subtree %x", n.min)
	}
	totals, ok := r.totals.plus(&SumTotals{Leaves: size, Count: n.count, Sums: n.sums})
	if !ok {
		return reject(ErrSumRange, "total with %x", n.min)
	}
	if k := len(r.nodes); k > 0 && bytes.Compare(r.nodes[k-1].min[:], n.min[:]) >= 0 {
		return reject(ErrSumOrder, "subtree %x", n.min)
	}
	r.totals, r.nodes = totals, append(r.nodes, n)
	return nil
}

// checkLast checks the last key against the last subtree: it is its smallest key exactly
// if that is a leaf.
func (r *SumRange) checkLast() error {
	if len(r.nodes) == 0 {
		return nil
	}
	n := &r.nodes[len(r.nodes)-1]
	order := bytes.Compare(n.min[:], r.last[:])
	if order > 0 || (order == 0) != (n.leaves == 1) {
		return reject(ErrSumOrder, "last key %x", r.last)
	}
	return nil
}

// rangeReader reads an encoding. The first fault sticks.
type rangeReader struct {
	b   []byte
	bad bool
}

func (in *rangeReader) bytes(to []byte) {
	if in.bad = in.bad || len(in.b) < len(to); in.bad {
		return
	}
	in.b = in.b[copy(to, in.b):]
}

// uvarint reads a number in its shortest form.
func (in *rangeReader) uvarint() uint64 {
	x, n := binary.Uvarint(in.b)
	if in.bad = in.bad || n <= 0 || n > 1 && in.b[n-1] == 0; in.bad {
		return 0
	}
	in.b = in.b[n:]
	return x
}
