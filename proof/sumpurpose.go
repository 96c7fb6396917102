package proof

import "bytes"

// Every check below returns, besides its own, the refusals of following the path:
// ErrSumType, ErrIndex, ErrPathLength, ErrSumLeaf, ErrSumRange, ErrSumOrder,
// ErrSumPath, ErrRootMismatch and ErrStatement.

// CheckMember checks that the tree has a leaf with this key, and returns it. There
// is at most one such leaf that any proof can show: the separators of the tree are
// committed, so the search for a key has one way down. Errors: ErrWrongLeaf,
// ErrUnreachable.
func CheckMember(st SumStatement, key []byte, p *SumProof) (SumLeaf, error) {
	c, err := st.follow(key, p)
	if err != nil {
		return SumLeaf{}, err
	}
	if !bytes.Equal(p.Leaf.Key, key) {
		return SumLeaf{}, reject(ErrWrongLeaf, "key %x instead of %x", p.Leaf.Key, key)
	}
	if err := c.reaches(key); err != nil {
		return SumLeaf{}, err
	}
	return p.Leaf, nil
}

// CheckAbsent checks that the tree has no leaf with this key. The proof is that of
// the key's predecessor, or of the first leaf if the key stands before it; nil for
// the empty tree, whose root says it all. Errors: ErrWrongLeaf, ErrUnreachable.
func CheckAbsent(st SumStatement, key []byte, p *SumProof) error {
	if p == nil {
		return st.checkEmpty(key)
	}
	c, err := st.follow(key, p)
	if err != nil {
		return err
	}
	if order := bytes.Compare(p.Leaf.Key, key); order == 0 || order > 0 && p.Index != 0 {
		return reject(ErrWrongLeaf, "key %x does not show the absence of %x", p.Leaf.Key, key)
	}
	return c.reaches(key)
}

// CheckLocate checks that the leaf covers unit u of a column, and returns it with
// the sum of that column over all leaves before it. The path conditions hold for
// its own key too: a dishonest tree cannot offer a leaf that its owner could not
// prove. Errors: ErrWrongLeaf, ErrUnreachable.
func CheckLocate(st SumStatement, u uint64, column int, p *SumProof) (leaf SumLeaf, below uint64, err error) {
	shape, err := st.Type.shape()
	if err != nil {
		return SumLeaf{}, 0, err
	}
	if column < 0 || column >= shape.columns {
		return SumLeaf{}, 0, reject(ErrSumType, "column %d", column)
	}
	c, err := st.check(shape, p)
	if err != nil {
		return SumLeaf{}, 0, err
	}
	below = c.below[column]
	if u < below || u-below >= p.Leaf.Sums[column] {
		return SumLeaf{}, 0, reject(ErrWrongLeaf, "unit %d is not in %d from %d", u, p.Leaf.Sums[column], below)
	}
	if err := c.reaches(p.Leaf.Key); err != nil {
		return SumLeaf{}, 0, err
	}
	return p.Leaf, below, nil
}

// SumBelow returns the sums of all leaves whose keys are below a border. The proof
// is that of the border's leaf or of its absence; nil for the empty tree. The
// subtotal of a range of keys is the difference of the sums below both its borders.
// Errors: ErrWrongLeaf, ErrUnreachable.
func SumBelow(st SumStatement, border []byte, p *SumProof) ([2]uint64, error) {
	if p == nil {
		return [2]uint64{}, st.checkEmpty(border)
	}
	c, err := st.follow(border, p)
	if err != nil {
		return [2]uint64{}, err
	}
	order := bytes.Compare(p.Leaf.Key, border)
	if order > 0 && p.Index != 0 {
		return [2]uint64{}, reject(ErrWrongLeaf, "key %x is behind the border %x", p.Leaf.Key, border)
	}
	if order < 0 {
		c.below[0] += p.Leaf.Sums[0]
		c.below[1] += p.Leaf.Sums[1]
	}
	if err := c.reaches(border); err != nil {
		return [2]uint64{}, err
	}
	return c.below, nil
}

// follow checks the length of the key that is asked for, and the path.
func (st *SumStatement) follow(key []byte, p *SumProof) (climb, error) {
	shape, err := st.Type.shape()
	if err != nil {
		return climb{}, err
	}
	if len(key) != shape.keyLen {
		return climb{}, reject(ErrSumLeaf, "key of %d bytes", len(key))
	}
	return st.check(shape, p)
}

// reaches checks the path conditions: at every node where the leaf is to the left,
// the key is below the smallest key to the right, so that the search for it turns
// left there.
func (c *climb) reaches(key []byte) error {
	if c.bound != nil && bytes.Compare(key, c.bound) >= 0 {
		return reject(ErrUnreachable, "key %x is searched from %x on", key, c.bound)
	}
	return nil
}

// checkEmpty checks that the statement is that of the empty tree.
func (st *SumStatement) checkEmpty(key []byte) error {
	shape, err := st.Type.shape()
	if err != nil {
		return err
	}
	if len(key) != shape.keyLen {
		return reject(ErrSumLeaf, "key of %d bytes", len(key))
	}
	if st.Root != shape.emptyRoot() {
		return reject(ErrRootMismatch, "the tree is not empty")
	}
	return st.checkTotals(SumTotals{})
}
