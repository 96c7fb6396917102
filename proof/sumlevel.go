package proof

import (
	"sync"

	"github.com/forgepool/settle/internal/lanes"
)

// maxSumLevel is how many leaves are folded level by level, which hashes in lanes but
// keeps the nodes of a level, rather than node by node.
const maxSumLevel = 256

// sumScratch holds a level of a tree while it is folded.
type sumScratch struct {
	nodes  [maxSumLevel]SumNode
	hashes [maxSumLevel][32]byte
}

var sumScratches = sync.Pool{New: func() any { return new(sumScratch) }}

// foldLevels is fold for 1 to maxSumLevel leaves.
func (s sumShape) foldLevels(leaves []SumLeaf) (SumNode, error) {
	scratch := sumScratches.Get().(*sumScratch)
	level := scratch.nodes[:len(leaves)]
	s.leafLevel(level, scratch.hashes[:len(leaves)], leaves)
	var err error
	for err == nil && len(level) > 1 {
		level, err = s.joinLevel(level, scratch.hashes[:], level)
	}
	top := scratch.nodes[0]
	clear(scratch.nodes[:len(leaves)]) // the keys are the caller's
	sumScratches.Put(scratch)
	if err != nil {
		return SumNode{}, err
	}
	return top, nil
}

// leafLevel describes valid leaves. All three have one length.
func (s sumShape) leafLevel(level []SumNode, hashes [][32]byte, leaves []SumLeaf) {
	lanes.Plain(hashes, func(b []byte, i int) []byte { return s.appendLeafInput(b, &leaves[i]) })
	for i := range leaves {
		level[i] = s.leafBare(&leaves[i])
		level[i].Hash = hashes[i]
	}
}

// joinLevel writes the level above into next, which has room for it and may be the level
// itself, and returns it. Joining neighbours and moving an odd last node up gives the same
// tree as splitting at the largest power of two.
func (s sumShape) joinLevel(next []SumNode, hashes [][32]byte, level []SumNode) ([]SumNode, error) {
	pairs, odd := len(level)/2, len(level)%2
	var last SumNode
	if odd == 1 {
		last = level[len(level)-1]
	}
	var failed error
	lanes.Plain(hashes[:pairs], func(b []byte, i int) []byte {
		left, right := &level[2*i], &level[2*i+1]
		n, err := s.joinBare(left, right)
		if err != nil {
			failed = err
			return b
		}
		b = s.appendJoinInput(b, left, right)
		next[i] = n // only now: it may be in the place of an earlier pair
		return b
	})
	if failed != nil {
		return nil, failed
	}
	for i := range pairs {
		next[i].Hash = hashes[i]
	}
	if odd == 1 {
		next[pairs] = last
	}
	return next[:pairs+odd], nil
}
