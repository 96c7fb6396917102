package proof

import (
	"fmt"
	"slices"
	"testing"
)

// pathLie is a corrupted path with the name of what was done to it.
type pathLie struct {
	name string
	path [][32]byte
}

// pathLies returns every named way to spoil a path. Other is a path of another
// tree over the same records.
func pathLies(path, other [][32]byte) []pathLie {
	lies := []pathLie{
		{"extra hash first", append([][32]byte{{}}, path...)},
		{"extra hash last", append(slices.Clone(path), [32]byte{})},
		{"64 hashes", make([][32]byte, MaxPath+1)},
		{"63 hashes", make([][32]byte, MaxPath)},
	}
	if len(path) > 0 {
		lies = append(lies,
			pathLie{"no hash", nil},
			pathLie{"missing first hash", path[1:]},
			pathLie{"missing last hash", path[:len(path)-1]},
			pathLie{"first hash twice", append([][32]byte{path[0]}, path...)},
			pathLie{"path of the other tree", other},
			pathLie{"zeros", make([][32]byte, len(path))},
		)
	}
	for i := range path {
		flipped := slices.Clone(path)
		flipped[i][i%32] ^= 1 << (i % 8)
		lies = append(lies, pathLie{fmt.Sprintf("flipped bit in hash %d", i), flipped})
		if i > 0 {
			swapped := slices.Clone(path)
			swapped[i-1], swapped[i] = swapped[i], swapped[i-1]
			lies = append(lies, pathLie{fmt.Sprintf("swapped hashes %d and %d", i-1, i), swapped})
		}
	}
	return lies
}

// bareCheckpoint is a checkpoint as if a policy had accepted it, for tests that are
// about trees only.
func bareCheckpoint(h Hasher, size int, root [32]byte) *Checkpoint {
	origin := originA
	if h == TreeB {
		origin = originB
	}
	return &Checkpoint{text: checkpointText{origin, uint64(size), root}, hasher: h}
}

// grown is a log with its root at each size, computed once.
type grown struct {
	h       Hasher
	records [][]byte
	roots   [][32]byte
}

func grow(h Hasher, n int) grown {
	g := grown{h: h, records: testRecords(n)}
	for size := range n + 1 {
		g.roots = append(g.roots, definition(h, g.records[:size]))
	}
	return g
}

func (g grown) at(size int) *Checkpoint { return bareCheckpoint(g.h, size, g.roots[size]) }

func TestEveryInclusionProofAndEveryLie(t *testing.T) {
	for name, h := range hashers {
		t.Run(name, func(t *testing.T) {
			g, twin := grow(h, exhaustive), Hasher{twin: !h.twin}
			for size := 1; size <= exhaustive; size++ {
				for index := range size {
					path := inclusionByDefinition(h, index, g.records[:size])
					other := inclusionByDefinition(twin, index, g.records[:size])
					g.checkInclusionLies(t, index, size, path, other)
				}
			}
		})
	}
}

// checkInclusionLies checks one true proof and everything false around it.
func (g grown) checkInclusionLies(t *testing.T, index, size int, path, other [][32]byte) {
	c, record := g.at(size), g.records[index]
	refused := func(lie string, err error) {
		t.Helper()
		if err == nil {
			t.Fatalf("index %d size %d: %s is accepted", index, size, lie)
		}
	}
	if err := c.CheckInclusion(uint64(index), record, path); err != nil {
		t.Fatalf("index %d size %d: %v", index, size, err)
	}
	for _, lie := range pathLies(path, other) {
		refused(lie.name, c.CheckInclusion(uint64(index), record, lie.path))
	}
	for wrong := range size + 1 {
		if wrong != index {
			refused("wrong index", c.CheckInclusion(uint64(wrong), record, path))
		}
	}
	for wrong := range exhaustive + 1 {
		if wrong != size {
			refused("wrong size", g.at(wrong).CheckInclusion(uint64(index), record, path))
		}
	}
	refused("another record", c.CheckInclusion(uint64(index), append([]byte("x"), record...), path))
	refused("an empty record", c.CheckInclusion(uint64(index), nil, path))
	refused("the other tree's hash", bareCheckpoint(Hasher{twin: !g.h.twin}, size, g.roots[size]).CheckInclusion(uint64(index), record, path))
}

func TestInclusionRefusalsHaveNames(t *testing.T) {
	g := grow(TreeA, 7)
	c := g.at(7)
	path := inclusionByDefinition(TreeA, 2, g.records)
	wantRejection(t, "index = size", c.CheckInclusion(7, g.records[2], path), ErrIndex)
	wantRejection(t, "size 0", g.at(0).CheckInclusion(0, g.records[0], nil), ErrIndex)
	wantRejection(t, "zero value", new(Checkpoint).CheckInclusion(0, g.records[0], nil), ErrIndex)
	wantRejection(t, "64 hashes", c.CheckInclusion(2, g.records[2], make([][32]byte, 64)), ErrPathLength)
	wantRejection(t, "missing hash", c.CheckInclusion(2, g.records[2], path[1:]), ErrPathLength)
	wantRejection(t, "other record", c.CheckInclusion(2, g.records[3], path), ErrRootMismatch)
	wantRejection(t, "large record", c.CheckInclusion(2, make([]byte, MaxRecord+1), path), ErrTooLarge)
	wantRejection(t, "largest record", c.CheckInclusion(2, make([]byte, MaxRecord), path), ErrRootMismatch)
}

func TestNodeIsNoLeaf(t *testing.T) {
	// The second preimage of RFC 6962: the two children of a node as a record.
	for name, h := range hashers {
		g := grow(h, 4)
		left, right := h.Leaf(g.records[0]), h.Leaf(g.records[1])
		other := h.Node(h.Leaf(g.records[2]), h.Leaf(g.records[3]))
		shrunk := bareCheckpoint(h, 2, g.roots[4])
		record := append(left[:], right[:]...)
		wantRejection(t, "tree "+name, shrunk.CheckInclusion(0, record, [][32]byte{other}), ErrRootMismatch)
	}
}

func TestEveryConsistencyProofAndEveryLie(t *testing.T) {
	for name, h := range hashers {
		t.Run(name, func(t *testing.T) {
			g, twin := grow(h, exhaustive), grow(Hasher{twin: !h.twin}, exhaustive)
			for second := range exhaustive + 1 {
				for first := range second + 1 {
					var path, other [][32]byte
					if first > 0 {
						path = consistencyByDefinition(h, first, g.records[:second], true)
						other = consistencyByDefinition(twin.h, first, g.records[:second], true)
					}
					g.checkConsistencyLies(t, first, second, path, other)
				}
			}
		})
	}
}

// checkConsistencyLies checks one true proof and everything false around it.
func (g grown) checkConsistencyLies(t *testing.T, first, second int, path, other [][32]byte) {
	older, newer := g.at(first), g.at(second)
	if err := older.CheckConsistency(newer, path); err != nil {
		t.Fatalf("sizes %d, %d: %v", first, second, err)
	}
	for _, lie := range pathLies(path, other) {
		if older.CheckConsistency(newer, lie.path) == nil {
			t.Fatalf("sizes %d, %d: %s is accepted", first, second, lie.name)
		}
	}
	if first < second {
		wantRejection(t, "shrinking", newer.CheckConsistency(older, path), ErrShrunk)
	}
	if first == 0 {
		return // every tree continues the empty one
	}
	for size := range exhaustive + 1 {
		otherNewer := bareCheckpoint(g.h, second, g.roots[size])
		if size != second && older.CheckConsistency(otherNewer, path) == nil {
			t.Fatalf("sizes %d, %d: the root of size %d is accepted as newer", first, second, size)
		}
		otherOlder := bareCheckpoint(g.h, first, g.roots[size])
		if size != first && otherOlder.CheckConsistency(newer, path) == nil {
			t.Fatalf("sizes %d, %d: the root of size %d is accepted as older", first, second, size)
		}
	}
}

func TestEveryPlanProofAndEveryLie(t *testing.T) {
	var leaves [][32]byte
	for _, record := range testRecords(33) {
		leaves = append(leaves, LeafA(record))
	}
	for planned := 1; planned <= len(leaves); planned++ {
		root := MTH(leaves[:planned])
		for count := 1; count <= planned; count++ {
			path := must2(ProvePlan(uint64(count), leaves[:planned]))(t)
			check := func(path [][32]byte) error {
				return CheckPlan(uint64(count), uint64(planned), root, leaves[:count], path)
			}
			if err := check(path); err != nil {
				t.Fatalf("%d of %d: %v", count, planned, err)
			}
			for _, lie := range pathLies(path, make([][32]byte, len(path))) {
				if check(lie.path) == nil {
					t.Fatalf("%d of %d: %s is accepted", count, planned, lie.name)
				}
			}
			for i := range count {
				forged := slices.Clone(leaves[:count])
				forged[i][0] ^= 1
				if CheckPlan(uint64(count), uint64(planned), root, forged, path) == nil {
					t.Fatalf("%d of %d: forged leaf %d is accepted", count, planned, i)
				}
			}
		}
	}
}

func TestPlanLimits(t *testing.T) {
	leaves := make([][32]byte, MaxPlan+1)
	root := MTH(leaves[:MaxPlan])
	if err := CheckPlan(MaxPlan, MaxPlan, root, leaves[:MaxPlan], nil); err != nil {
		t.Errorf("the largest plan: %v", err)
	}
	wantRejection(t, "one more", CheckPlan(MaxPlan+1, MaxPlan+1, MTH(leaves), leaves, nil), ErrIndex)
	wantRejection(t, "more than planned", CheckPlan(3, 2, MTH(leaves[:3]), leaves[:3], nil), ErrIndex)
	wantRejection(t, "no shard", CheckPlan(0, 2, root, leaves[:0], nil), ErrIndex)
	wantRejection(t, "other number of leaves", CheckPlan(2, 2, MTH(leaves[:2]), leaves[:3], nil), ErrIndex)
	wantRejection(t, "needless proof", CheckPlan(2, 2, MTH(leaves[:2]), leaves[:2], leaves[:1]), ErrPathLength)
	wantRejection(t, "other root", CheckPlan(2, 2, root, leaves[:2], nil), ErrRootMismatch)
	_, err := ProvePlan(1, leaves)
	wantRejection(t, "a plan too large", err, ErrTooLarge)
	_, err = ProvePlan(0, leaves[:2])
	wantRejection(t, "nothing of a plan", err, ErrIndex)
	_, err = ProvePlan(3, leaves[:2])
	wantRejection(t, "more than the plan", err, ErrIndex)
}
