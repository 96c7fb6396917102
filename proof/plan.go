package proof

import (
	"math/bits"

	"github.com/transparency-dev/merkle/compact"

	"github.com/forgepool/settle/internal/lanes"
)

// MTH returns the root of tree A's shape over hashes that are leaves already and
// are not hashed again (docs/formats/records.md, notation); EmptyA for none. It
// does not allocate.
func MTH[H ~[32]byte](hashes []H) [32]byte {
	switch len(hashes) {
	case 0:
		return EmptyA()
	case 1:
		return hashes[0]
	}
	split := 1 << (bits.Len(uint(len(hashes)-1)) - 1)
	if len(hashes) <= maxLevel {
		return byLevels(hashes)
	}
	return NodeA(MTH(hashes[:split]), MTH(hashes[split:]))
}

// maxLevel is how many hashes are joined level by level, in lanes, rather than node by
// node.
const maxLevel = 256

// byLevels is MTH for 2 to maxLevel hashes: neighbours are joined, and an odd last one
// moves up as it is.
func byLevels[H ~[32]byte](hashes []H) [32]byte {
	var nodes [maxLevel / 2][32]byte
	n := joinLevel(nodes[:], hashes)
	for n > 1 {
		n = joinLevel(nodes[:], nodes[:n])
	}
	return nodes[0]
}

// joinLevel writes the level above into nodes, which may be the level itself, and
// returns its length.
func joinLevel[H ~[32]byte](nodes [][32]byte, level []H) int {
	pairs := len(level) / 2
	odd := len(level)%2 == 1
	var last H
	if odd {
		last = level[len(level)-1]
	}
	lanes.Sums(nodesA, nodes[:pairs], func(b []byte, i int) []byte {
		return append(append(b, level[2*i][:]...), level[2*i+1][:]...)
	})
	if odd {
		nodes[pairs] = last
		pairs++
	}
	return pairs
}

// ProvePlan returns the plan proof of a settlement that stopped early: the
// consistency proof from the first count of these plan leaves to all of them
// (docs/formats/records.md section 6.1 key 32). It is empty when count is their
// number. Errors: ErrIndex when count is 0 or more than there are, ErrTooLarge
// for more than MaxPlan leaves.
func ProvePlan[H ~[32]byte](count uint64, leaves []H) ([][32]byte, error) {
	if len(leaves) > MaxPlan {
		return nil, reject(ErrTooLarge, "%d plan leaves", len(leaves))
	}
	if count == 0 {
		return nil, reject(ErrIndex, "an empty plan")
	}
	return ProveConsistency(planReader[H](leaves), TreeA, count, uint64(len(leaves)))
}

// CheckPlan checks that leaves, the plan leaves of a manifest in idx order, are
// the first count of the planCount leaves under planRoot, the plan root of the
// workload's Planned event. It does not allocate when the whole plan was
// executed. Errors: ErrIndex, ErrPathLength, ErrRootMismatch.
func CheckPlan[H ~[32]byte](count, planCount uint64, planRoot [32]byte, leaves, path []H) error {
	if count == 0 || count > planCount || planCount > MaxPlan || uint64(len(leaves)) != count {
		return reject(ErrIndex, "%d leaves for %d of %d planned shards", len(leaves), count, planCount)
	}
	root := MTH(leaves)
	if count < planCount {
		return checkConsistency(TreeA, count, planCount, root, planRoot, path)
	}
	if len(path) != 0 {
		return reject(ErrPathLength, "%d hashes instead of 0", len(path))
	}
	if root != planRoot {
		return ErrRootMismatch
	}
	return nil
}

// planReader computes the nodes of a small tree from its leaf hashes.
type planReader[H ~[32]byte] []H

// ReadHashes folds the leaves under each node; the ids are complete subtrees of
// the plan by construction of the proof.
func (p planReader[H]) ReadHashes(ids []compact.NodeID) ([][32]byte, error) {
	out := make([][32]byte, len(ids))
	for i, id := range ids {
		begin, end := id.Coverage()
		out[i] = MTH(p[begin:end])
	}
	return out, nil
}
