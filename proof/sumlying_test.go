package proof

import (
	"bytes"
	"fmt"
	"slices"
	"testing"

	"github.com/zeebo/blake3"
)

// liar builds trees as a dishonest maker can: it checks nothing, and may describe
// one node to its parent as something else than it is.
type liar struct {
	shape        sumShape
	level, index int
	change       func(*SumNode) // nil for none
}

// build returns a tree that can prove whatever the lie leaves provable.
func (m liar) build(leaves []SumLeaf) *SumTree {
	level := make([]SumNode, len(leaves))
	for i := range leaves {
		level[i] = m.shape.leafNode(&leaves[i])
	}
	t := &SumTree{shape: m.shape, leaves: leaves}
	for height := 0; ; height++ {
		if height == m.level && m.change != nil {
			n := &level[m.index]
			n.Min = bytes.Clone(n.Min)
			m.change(n)
		}
		t.levels = append(t.levels, level)
		if len(level) == 1 {
			return t
		}
		level = m.joinPairs(level)
	}
}

// joinPairs is the honest arithmetic without any of the checks.
func (m liar) joinPairs(level []SumNode) []SumNode {
	var next []SumNode
	for i := 0; i < len(level); i += 2 {
		if i+1 == len(level) {
			next = append(next, level[i])
			break
		}
		left, right := &level[i], &level[i+1]
		n := SumNode{Min: left.Min, Leaves: left.Leaves + right.Leaves, Count: left.Count + right.Count}
		n.Sums = [2]uint64{left.Sums[0] + right.Sums[0], left.Sums[1] + right.Sums[1]}
		b := m.shape.appendNode([]byte{domainSumNode, m.shape.tag}, left)
		n.Hash = blake3.Sum256(m.shape.appendNode(b, right))
		next = append(next, n)
	}
	return next
}

// nodeLies are the ways to misdescribe a subtree.
var nodeLies = map[string]func(*SumNode){
	"sum too high":      func(n *SumNode) { n.Sums[0] += 5 },
	"sum too low":       func(n *SumNode) { n.Sums[0]-- },
	"hidden sum":        func(n *SumNode) { n.Sums[0] = 0 },
	"other column":      func(n *SumNode) { n.Sums[1] += 5 },
	"count too high":    func(n *SumNode) { n.Count++ },
	"smallest key low":  func(n *SumNode) { n.Min[1]-- },
	"smallest key high": func(n *SumNode) { n.Min[1]++ },
	"leaves":            func(n *SumNode) { n.Leaves++ },
	"hash":              func(n *SumNode) { n.Hash[0] ^= 1 },
}

// lyingLeaves are journal leaves whose sums are small and never 0.
func lyingLeaves(n int) []SumLeaf {
	leaves := sumLeaves(SumJournal, n)
	for i := range leaves {
		leaves[i].Sums = [2]uint64{uint64(i%3) + 2, uint64(i) + 1}
	}
	return leaves
}

func TestNothingBelowAMisdescribedNodeIsProvable(t *testing.T) {
	shape, _ := SumJournal.shape()
	for name, change := range nodeLies {
		t.Run(name, func(t *testing.T) {
			for n := 2; n <= 7; n++ {
				for level := 0; 1<<level < n; level++ {
					for index := range (n + 1<<level - 1) >> level {
						m := liar{shape, level, index, change}
						checkHidden(t, m.build(lyingLeaves(n)), index<<level, min((index+1)<<level, n))
					}
				}
			}
		})
	}
}

// checkHidden checks that no proof shows any leaf from begin to end, nor any unit,
// absence or subtotal by way of one.
func checkHidden(t *testing.T, tree *SumTree, begin, end int) {
	t.Helper()
	st := stated(SumJournal, tree)
	for i := begin; i < end; i++ {
		honest := must2(tree.Prove(i))(t)
		for _, p := range append(sumLies(honest), sumLie{"as built", honest}) {
			if _, err := CheckMember(st, honest.Leaf.Key, p.p); err == nil {
				t.Fatalf("%d leaves: leaf %d is a member, %s", len(tree.leaves), i, p.name)
			}
			absent := sumKey(tree.shape, 2*i+3)
			if CheckAbsent(st, absent, p.p) == nil {
				t.Fatalf("%d leaves: leaf %d shows an absence, %s", len(tree.leaves), i, p.name)
			}
			if _, err := SumBelow(st, absent, p.p); err == nil {
				t.Fatalf("%d leaves: leaf %d shows a subtotal, %s", len(tree.leaves), i, p.name)
			}
			for u := range st.Sums[Credit] {
				if _, _, err := CheckLocate(st, u, Credit, p.p); err == nil {
					t.Fatalf("%d leaves: leaf %d has unit %d, %s", len(tree.leaves), i, u, p.name)
				}
			}
		}
	}
}

func TestUnitsBelowAMisdescribedNodeBelongToNobody(t *testing.T) {
	// A draw that falls on invented value finds no leaf; outside it finds one at most.
	shape, _ := SumJournal.shape()
	m := liar{shape, 1, 1, func(n *SumNode) { n.Sums[Credit] += 5 }}
	tree := m.build(lyingLeaves(7))
	st := stated(SumJournal, tree)
	begin := tree.levels[1][0].Sums[Credit]
	end := begin + tree.levels[1][1].Sums[Credit]
	for u := range st.Sums[Credit] {
		owners := 0
		for i := range tree.leaves {
			if _, _, err := CheckLocate(st, u, Credit, must2(tree.Prove(i))(t)); err == nil {
				owners++
			}
		}
		want := 1
		if u >= begin && u < end {
			want = 0
		}
		if owners != want {
			t.Errorf("unit %d has %d leaves instead of %d", u, owners, want)
		}
	}
}

// eachOrder calls f with every sequence of n keys out of 1..keys.
func eachOrder(n, keys int, f func(order []int)) {
	order := make([]int, n)
	var next func(i int)
	next = func(i int) {
		if i == n {
			f(order)
			return
		}
		for order[i] = 1; order[i] <= keys; order[i]++ {
			next(i + 1)
		}
	}
	next(0)
}

func TestAnyKeyHasOneAnswerInAnyTree(t *testing.T) {
	// Every order of keys, twice the same included, and every answer to every question.
	for n, keys := range map[int]int{1: 3, 2: 4, 3: 4, 4: 5, 5: 4} {
		eachOrder(n, keys, func(order []int) {
			tree := orderedTree(order)
			for key := range keys + 2 {
				checkOneAnswer(t, tree, key, fmt.Sprint(order))
			}
		})
	}
}

// orderedTree returns a dishonest tree whose keys stand in the given order.
func orderedTree(order []int) *SumTree {
	shape, _ := SumJournal.shape()
	leaves := lyingLeaves(len(order))
	for i, number := range order {
		leaves[i].Key = sumKey(shape, number)
	}
	return liar{shape: shape}.build(leaves)
}

// checkOneAnswer asks a tree everything about a key with every proof it has.
func checkOneAnswer(t *testing.T, tree *SumTree, number int, order string) {
	t.Helper()
	st, key := stated(SumJournal, tree), sumKey(tree.shape, number)
	var members, absences int
	var below [][2]uint64
	for i := range tree.leaves {
		p := must2(tree.Prove(i))(t)
		if _, err := CheckMember(st, key, p); err == nil {
			members++
		}
		if CheckAbsent(st, key, p) == nil {
			absences++
		}
		if sums, err := SumBelow(st, key, p); err == nil && !slices.Contains(below, sums) {
			below = append(below, sums)
		}
	}
	if members > 1 || members == 1 && absences > 0 || absences > 1 || len(below) > 1 {
		t.Fatalf("keys %s: key %d is %d times a member, %d times absent, with subtotals %v", order, number, members, absences, below)
	}
}

func TestSwappedLeavesAreNamed(t *testing.T) {
	// Swapped neighbours break the order at their node; swapped across nodes, the
	// search for the key does not lead to the leaf.
	across := orderedTree([]int{1, 3, 2, 4})
	p := must2(across.Prove(1))(t)
	_, err := CheckMember(stated(SumJournal, across), p.Leaf.Key, p)
	wantRejection(t, "across nodes", err, ErrUnreachable)
	_, _, err = CheckLocate(stated(SumJournal, across), 2, Credit, p)
	wantRejection(t, "located across nodes", err, ErrUnreachable)
	beside := orderedTree([]int{2, 1, 3, 4})
	p = must2(beside.Prove(1))(t)
	_, err = CheckMember(stated(SumJournal, beside), p.Leaf.Key, p)
	wantRejection(t, "neighbours", err, ErrSumOrder)
	twice := orderedTree([]int{1, 2, 2, 3})
	p = must2(twice.Prove(1))(t)
	_, err = CheckMember(stated(SumJournal, twice), p.Leaf.Key, p)
	wantRejection(t, "one key twice", err, ErrUnreachable)
}

func TestOverflowInALyingTreeIsNamed(t *testing.T) {
	shape, _ := SumJournal.shape()
	leaves := lyingLeaves(4)
	leaves[0].Sums[Credit], leaves[3].Sums[Credit] = sumLimit-1, sumLimit-1
	tree := liar{shape: shape}.build(leaves)
	p := must2(tree.Prove(0))(t)
	_, err := CheckMember(stated(SumJournal, tree), p.Leaf.Key, p)
	wantRejection(t, "sums over 2^63", err, ErrSumRange)
}

func TestMiscountedShardsAreNamed(t *testing.T) {
	// Where every leaf counts 1, a subtree cannot count anything but its leaves.
	shape, _ := SumShards.shape()
	tree := liar{shape, 1, 1, func(n *SumNode) { n.Count++ }}.build(sumLeaves(SumShards, 4))
	p := must2(tree.Prove(0))(t)
	_, err := CheckMember(stated(SumShards, tree), p.Leaf.Key, p)
	wantRejection(t, "count of a sibling", err, ErrSumLeaf)
}
