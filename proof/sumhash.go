package proof

import (
	"bytes"
	"encoding/binary"

	"github.com/zeebo/blake3"
)

// Domain bytes of the sum trees' hashes (docs/formats/records.md section 8).
const (
	domainSumLeaf  = 0x20
	domainSumNode  = 0x21
	domainSumEmpty = 0x22
	domainSumRoot  = 0x23
)

// sumLimit bounds every count and sum from above, exclusively.
const sumLimit = 1 << 63

// sumBuffer holds the longest hash input: two descriptions with the longest key.
type sumBuffer [2 + 2*(1+21+8+8+1+16+32)]byte

// SumLeaf is one leaf of a sum tree. Columns that the type does not have are 0.
type SumLeaf struct {
	Key     []byte    // exactly as long as the type says
	Count   uint64    // what the leaf counts; 1 but for SumParties and SumJournal
	Sums    [2]uint64 // columns, each below 2^63
	Payload [32]byte  // hash of what the leaf stands for
}

// SumNode describes a subtree: desc of docs/formats/sum-trees.md section 1.
type SumNode struct {
	Min    []byte    // smallest key
	Leaves uint64    // leaves below
	Count  uint64    // sum of their counts
	Sums   [2]uint64 // sums of their columns
	Hash   [32]byte
}

// SumTotals is what a whole tree adds up to.
type SumTotals struct {
	Leaves uint64
	Count  uint64
	Sums   [2]uint64
}

// appendValues appends count, number of columns and sums.
func (s sumShape) appendValues(b []byte, count uint64, sums *[2]uint64) []byte {
	b = binary.BigEndian.AppendUint64(b, count)
	b = append(b, byte(s.columns))
	for _, sum := range sums[:s.columns] {
		b = binary.BigEndian.AppendUint64(b, sum)
	}
	return b
}

// appendLeaf appends a leaf: its hash input after the domain and type bytes.
func (s sumShape) appendLeaf(b []byte, l *SumLeaf) []byte {
	b = append(b, byte(len(l.Key)))
	b = append(b, l.Key...)
	b = s.appendValues(b, l.Count, &l.Sums)
	return append(b, l.Payload[:]...)
}

// appendNode appends the description of a subtree.
func (s sumShape) appendNode(b []byte, n *SumNode) []byte {
	b = append(b, byte(len(n.Min)))
	b = append(b, n.Min...)
	b = binary.BigEndian.AppendUint64(b, n.Leaves)
	b = s.appendValues(b, n.Count, &n.Sums)
	return append(b, n.Hash[:]...)
}

// fits reports whether key and sums can be written as the type says.
func (s sumShape) fits(key []byte, sums [2]uint64) bool {
	return len(key) == s.keyLen && (s.columns == 2 || sums[1] == 0)
}

// validLeaf checks one leaf against its type. Errors: ErrSumLeaf, ErrSumRange.
func (s sumShape) validLeaf(l *SumLeaf) error {
	if !s.fits(l.Key, l.Sums) || s.unitCount && l.Count != 1 {
		return reject(ErrSumLeaf, "key of %d bytes, count %d", len(l.Key), l.Count)
	}
	if l.Count >= sumLimit || l.Sums[0] >= sumLimit || l.Sums[1] >= sumLimit {
		return reject(ErrSumRange, "leaf %x", l.Key)
	}
	return nil
}

// leafNode returns the description of a valid leaf.
func (s sumShape) leafNode(l *SumLeaf) SumNode {
	var buf sumBuffer
	n := s.leafBare(l)
	n.Hash = blake3.Sum256(s.appendLeafInput(buf[:0], l))
	return n
}

// leafBare is leafNode without its hash.
func (s sumShape) leafBare(l *SumLeaf) SumNode {
	return SumNode{Min: l.Key, Leaves: 1, Count: l.Count, Sums: l.Sums}
}

// appendLeafInput appends what the hash of a leaf is over.
func (s sumShape) appendLeafInput(b []byte, l *SumLeaf) []byte {
	return s.appendLeaf(append(b, domainSumLeaf, s.tag), l)
}

// join returns the description of the node over two valid subtrees. Errors:
// ErrSumOrder, ErrSumRange.
func (s sumShape) join(left, right *SumNode) (SumNode, error) {
	n, err := s.joinBare(left, right)
	if err != nil {
		return SumNode{}, err
	}
	var buf sumBuffer
	n.Hash = blake3.Sum256(s.appendJoinInput(buf[:0], left, right))
	return n, nil
}

// joinBare is join without the hash.
func (s sumShape) joinBare(left, right *SumNode) (SumNode, error) {
	if bytes.Compare(left.Min, right.Min) >= 0 {
		return SumNode{}, reject(ErrSumOrder, "%x before %x", left.Min, right.Min)
	}
	n := SumNode{
		Min:    left.Min,
		Leaves: left.Leaves + right.Leaves,
		Count:  left.Count + right.Count,
		Sums:   [2]uint64{left.Sums[0] + right.Sums[0], left.Sums[1] + right.Sums[1]},
	}
	// Both operands are below 2^63, so the additions cannot wrap around.
	if n.Leaves >= sumLimit || n.Count >= sumLimit || n.Sums[0] >= sumLimit || n.Sums[1] >= sumLimit {
		return SumNode{}, reject(ErrSumRange, "sum of %x and %x", left.Min, right.Min)
	}
	return n, nil
}

// appendJoinInput appends what the hash of a node over two others is over.
func (s sumShape) appendJoinInput(b []byte, left, right *SumNode) []byte {
	b = append(b, domainSumNode, s.tag)
	return s.appendNode(s.appendNode(b, left), right)
}

// rootOf returns the root of the tree with this top node.
func (s sumShape) rootOf(top *SumNode) [32]byte {
	var buf sumBuffer
	b := append(buf[:0], domainSumRoot, s.tag)
	return blake3.Sum256(s.appendNode(b, top))
}

// emptyRoot returns the root of the tree without leaves.
func (s sumShape) emptyRoot() [32]byte {
	return blake3.Sum256([]byte{domainSumEmpty, s.tag})
}
