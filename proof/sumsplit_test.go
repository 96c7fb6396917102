package proof

import (
	"bytes"
	"errors"
	"reflect"
	"testing"
)

// descend leads down a tree to the parent of node index of a level, and to the leaf at
// index if level is 0 and leaf is set.
func descend(tree *SumTree, level, index int, leaf bool) *SumDescent {
	d := &SumDescent{Top: *tree.top(), Pairs: []SumPair{}}
	for h := len(tree.levels) - 2; h >= level; h-- {
		left := index >> (h - level) &^ 1
		if left+1 < len(tree.levels[h]) {
			d.Pairs = append(d.Pairs, SumPair{tree.levels[h][left], tree.levels[h][left+1]})
		}
	}
	if leaf {
		d.Leaf = &tree.leaves[index]
	}
	return d
}

// TestEveryLieSplits misdescribes every node of small trees and shows each at its parent
// or its children.
func TestEveryLieSplits(t *testing.T) {
	shape, _ := SumJournal.shape()
	for name, change := range nodeLies {
		if name == "hash" {
			continue // a hash of nothing known leads nowhere
		}
		for n := 2; n <= 7; n++ {
			for level := 0; 1<<level < n; level++ {
				for index := range (n + 1<<level - 1) >> level {
					tree := liar{shape, level, index, change}.build(lyingLeaves(n))
					if got := splits(t, tree, SumJournal); got == 0 {
						t.Errorf("%s at level %d, index %d of %d leaves: nothing is shown", name, level, index, n)
					}
				}
			}
		}
	}
}

// splits returns how many descents into a tree show something wrong.
func splits(t *testing.T, tree *SumTree, kind SumType) (wrong int) {
	t.Helper()
	st := stated(kind, tree)
	try := func(d *SumDescent) {
		data, err := EncodeSumDescent(kind, d)
		if err != nil {
			t.Fatal(err)
		}
		again, err := DecodeSumDescent(kind, data)
		if err != nil || !reflect.DeepEqual(again, d) {
			t.Fatalf("%v: changed on its way", err)
		}
		field, err := again.CheckSplit(st)
		if err != nil {
			t.Fatal(err)
		}
		if field != "" {
			wrong++
		}
	}
	try(&SumDescent{Top: *tree.top(), Pairs: []SumPair{}})
	for level := 0; level < len(tree.levels)-1; level++ {
		for index := range tree.levels[level] {
			try(descend(tree, level, index, false))
			if level == 0 {
				try(descend(tree, level, index, true))
			}
		}
	}
	return wrong
}

// TestHonestTreesDoNotSplit looks at every node of honest trees of every type.
func TestHonestTreesDoNotSplit(t *testing.T) {
	eachSumTree(t, func(t *testing.T, tt SumType, leaves []SumLeaf, tree *SumTree) {
		if len(leaves) > 0 && len(leaves) < 20 && splits(t, tree, tt) > 0 {
			t.Errorf("type %d, %d leaves", tt, len(leaves))
		}
	})
}

// TestSplitFields names what is wrong, and refuses what leads nowhere.
func TestSplitFields(t *testing.T) {
	shape, _ := SumJournal.shape()
	for field, change := range map[string]func(*SumNode){
		SplitMin:    func(n *SumNode) { n.Min[7]-- },
		SplitLeaves: func(n *SumNode) { n.Leaves-- },
		SplitCount:  func(n *SumNode) { n.Count++ },
		SplitSums:   func(n *SumNode) { n.Sums[Debit]++ },
	} {
		tree := liar{shape, 1, 1, change}.build(lyingLeaves(7))
		if got, err := descend(tree, 0, 2, false).CheckSplit(stated(SumJournal, tree)); got != field || err != nil {
			t.Errorf("%s: %q, %v", field, got, err)
		}
	}
	tree := liar{shape, 0, 3, func(n *SumNode) { n.Sums[Credit]++ }}.build(lyingLeaves(7))
	st := stated(SumJournal, tree)
	if got, err := descend(tree, 0, 3, true).CheckSplit(st); got != SplitLeaf || err != nil {
		t.Errorf("leaf: %q, %v", got, err)
	}
	swapped := lyingLeaves(4)
	swapped[0], swapped[1] = swapped[1], swapped[0]
	order := liar{shape: shape}.build(swapped)
	if got, err := descend(order, 0, 0, false).CheckSplit(stated(SumJournal, order)); got != SplitOrder || err != nil {
		t.Errorf("order: %q, %v", got, err)
	}
	high := st
	high.Sums[0]++
	if got, err := (&SumDescent{Top: *tree.top()}).CheckSplit(high); got != SplitTotals || err != nil {
		t.Errorf("totals: %q, %v", got, err)
	}
	for name, c := range map[string]struct {
		want error
		bend func(d *SumDescent, st *SumStatement)
	}{
		"root":   {ErrRootMismatch, func(_ *SumDescent, st *SumStatement) { st.Root[0] ^= 1 }},
		"top":    {ErrRootMismatch, func(d *SumDescent, _ *SumStatement) { d.Top.Count++ }},
		"pair":   {ErrSumPath, func(d *SumDescent, _ *SumStatement) { d.Pairs[1].Left.Count++ }},
		"leaf":   {ErrSumPath, func(d *SumDescent, _ *SumStatement) { d.Leaf.Count++ }},
		"short":  {ErrSumPath, func(d *SumDescent, _ *SumStatement) { d.Pairs = d.Pairs[1:] }},
		"type":   {ErrSumType, func(_ *SumDescent, st *SumStatement) { st.Type = 9 }},
		"key":    {ErrSumLeaf, func(d *SumDescent, _ *SumStatement) { d.Leaf.Key = d.Leaf.Key[1:] }},
		"column": {ErrSumLeaf, func(d *SumDescent, _ *SumStatement) { d.Pairs[0].Left.Min = nil }},
	} {
		d, stated := descend(tree, 0, 3, true), st
		leaf := *d.Leaf
		d.Leaf = &leaf
		c.bend(d, &stated)
		if _, err := d.CheckSplit(stated); !errors.Is(err, c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestSumDescentBytes refuses every other length, and one pair beyond the limit.
func TestSumDescentBytes(t *testing.T) {
	tree, err := BuildSumTree(SumJournal, lyingLeaves(5))
	if err != nil {
		t.Fatal(err)
	}
	data, err := EncodeSumDescent(SumJournal, descend(tree, 0, 3, true))
	if err != nil {
		t.Fatal(err)
	}
	for n := range data {
		d, err := DecodeSumDescent(SumJournal, data[:n])
		if err == nil {
			if again, err := EncodeSumDescent(SumJournal, d); err != nil || !bytes.Equal(again, data[:n]) {
				t.Fatalf("%d bytes have two forms", n)
			}
		}
	}
	d := &SumDescent{Top: *tree.top(), Pairs: make([]SumPair, MaxPath)}
	for i := range d.Pairs {
		d.Pairs[i] = SumPair{*tree.top(), *tree.top()}
	}
	if data, err = EncodeSumDescent(SumJournal, d); err != nil {
		t.Fatal(err)
	}
	if _, err := DecodeSumDescent(SumJournal, data); err != nil {
		t.Errorf("at the limit: %v", err)
	}
	d.Pairs = append(d.Pairs, d.Pairs[0])
	if _, err := EncodeSumDescent(SumJournal, d); !errors.Is(err, ErrMalformed) {
		t.Errorf("beyond: %v", err)
	}
	data[len(tree.shape.appendNode(nil, tree.top()))]++
	if _, err := DecodeSumDescent(SumJournal, data); !errors.Is(err, ErrMalformed) {
		t.Errorf("beyond, read: %v", err)
	}
}
