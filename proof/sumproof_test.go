package proof

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"testing"
)

var sumTypes = []SumType{SumParties, SumPartyPostings, SumPostings, SumJournal, SumShards}

// eachSumTree runs f for every type and every number of leaves.
func eachSumTree(t *testing.T, f func(t *testing.T, tt SumType, leaves []SumLeaf, tree *SumTree)) {
	for _, tt := range sumTypes {
		t.Run(fmt.Sprintf("tt %d", tt), func(t *testing.T) {
			for n := range sumExhaustive + 1 {
				leaves := sumLeaves(tt, n)
				f(t, tt, leaves, must2(BuildSumTree(tt, leaves))(t))
			}
		})
	}
}

func TestSumRootAndTreeAgree(t *testing.T) {
	eachSumTree(t, func(t *testing.T, tt SumType, leaves []SumLeaf, tree *SumTree) {
		root, totals, err := SumRoot(tt, leaves)
		if err != nil || root != tree.Root() || totals != tree.Totals() {
			t.Fatalf("%d leaves: %x %+v %v", len(leaves), root, totals, err)
		}
		var want SumTotals
		for _, l := range leaves {
			want.Leaves++
			want.Count += l.Count
			want.Sums[0] += l.Sums[0]
			want.Sums[1] += l.Sums[1]
		}
		if totals != want {
			t.Fatalf("%d leaves: %+v instead of %+v", len(leaves), totals, want)
		}
	})
}

func TestMembershipOfEveryKey(t *testing.T) {
	eachSumTree(t, func(t *testing.T, tt SumType, leaves []SumLeaf, tree *SumTree) {
		st := stated(tt, tree)
		for i := range leaves {
			p := must2(tree.Prove(i))(t)
			for j := range leaves {
				leaf, err := CheckMember(st, leaves[j].Key, p)
				if (err == nil) != (i == j) {
					t.Fatalf("%d leaves: proof of %d for %d: %v", len(leaves), i, j, err)
				}
				if i == j && (!bytes.Equal(leaf.Key, leaves[i].Key) || leaf.Sums != leaves[i].Sums || leaf.Payload != leaves[i].Payload) {
					t.Fatalf("%d leaves: leaf %d changed", len(leaves), i)
				}
			}
		}
	})
}

func TestAbsenceOfEveryKey(t *testing.T) {
	eachSumTree(t, func(t *testing.T, tt SumType, leaves []SumLeaf, tree *SumTree) {
		st := stated(tt, tree)
		// Leaf i has number 2i+2; every number around them is asked for.
		for number := range 2*len(leaves) + 4 {
			key := sumKey(tree.shape, number)
			i, found := tree.Find(key)
			isMember := number > 0 && number%2 == 0 && number <= 2*len(leaves)
			if found != isMember {
				t.Fatalf("%d leaves: key %d found: %v", len(leaves), number, found)
			}
			for j := range leaves {
				err := CheckAbsent(st, key, must2(tree.Prove(j))(t))
				if right := !isMember && i == j; (err == nil) != right {
					t.Fatalf("%d leaves: leaf %d about absence of %d: %v", len(leaves), j, number, err)
				}
			}
			if err := CheckAbsent(st, key, nil); (err == nil) != (len(leaves) == 0) {
				t.Fatalf("%d leaves: absence without proof: %v", len(leaves), err)
			}
		}
	})
}

func TestLocateEveryUnit(t *testing.T) {
	eachSumTree(t, func(t *testing.T, tt SumType, leaves []SumLeaf, tree *SumTree) {
		st := stated(tt, tree)
		for column := range tree.shape.columns {
			total := tree.Totals().Sums[column]
			step := max(1, total/50)
			for u := uint64(0); u < total; u += step {
				i, below := linearLocate(leaves, u, column)
				if got := must2(tree.Locate(u, column))(t); got != i {
					t.Fatalf("%d leaves: unit %d is in leaf %d, not %d", len(leaves), u, i, got)
				}
				for j := range leaves {
					leaf, prefix, err := CheckLocate(st, u, column, must2(tree.Prove(j))(t))
					if (err == nil) != (i == j) {
						t.Fatalf("%d leaves: leaf %d for unit %d: %v", len(leaves), j, u, err)
					}
					if i == j && (prefix != below || !bytes.Equal(leaf.Key, leaves[i].Key)) {
						t.Fatalf("%d leaves: unit %d: prefix %d instead of %d", len(leaves), u, prefix, below)
					}
				}
			}
			if _, err := tree.Locate(total, column); err == nil {
				t.Fatalf("%d leaves: the unit behind the last", len(leaves))
			}
		}
	})
}

// linearLocate is the definition of Locate.
func linearLocate(leaves []SumLeaf, u uint64, column int) (i int, below uint64) {
	for ; u >= below+leaves[i].Sums[column]; i++ {
		below += leaves[i].Sums[column]
	}
	return i, below
}

func TestSubtotalBelowEveryBorder(t *testing.T) {
	eachSumTree(t, func(t *testing.T, tt SumType, leaves []SumLeaf, tree *SumTree) {
		st := stated(tt, tree)
		if len(leaves) == 0 {
			if sums, err := SumBelow(st, sumKey(tree.shape, 1), nil); err != nil || sums != [2]uint64{} {
				t.Fatalf("empty tree: %d, %v", sums, err)
			}
			return
		}
		for number := range 2*len(leaves) + 4 {
			border := sumKey(tree.shape, number)
			var want [2]uint64
			for _, l := range leaves {
				if bytes.Compare(l.Key, border) < 0 {
					want[0] += l.Sums[0]
					want[1] += l.Sums[1]
				}
			}
			i, _ := tree.Find(border)
			for j := range leaves {
				sums, err := SumBelow(st, border, must2(tree.Prove(j))(t))
				if (err == nil) != (i == j) || i == j && sums != want {
					t.Fatalf("%d leaves: leaf %d, border %d: %d instead of %d, %v", len(leaves), j, number, sums, want, err)
				}
			}
		}
	})
}

// sumLie is a corrupted proof with the name of what was done to it.
type sumLie struct {
	name string
	p    *SumProof
}

// sumLies returns every named way to spoil a proof.
func sumLies(p *SumProof) []sumLie {
	var lies []sumLie
	add := func(name string, change func(*SumProof)) {
		q := *p
		q.Leaf.Key = bytes.Clone(p.Leaf.Key)
		q.Siblings = slices.Clone(p.Siblings)
		for i := range q.Siblings {
			q.Siblings[i].Min = bytes.Clone(p.Siblings[i].Min)
		}
		change(&q)
		lies = append(lies, sumLie{name, &q})
	}
	add("leaf payload", func(q *SumProof) { q.Leaf.Payload[3] ^= 1 })
	add("leaf sum", func(q *SumProof) { q.Leaf.Sums[0]++ })
	add("leaf count", func(q *SumProof) { q.Leaf.Count++ })
	add("leaf sum out of range", func(q *SumProof) { q.Leaf.Sums[0] |= 1 << 63 })
	add("second column", func(q *SumProof) { q.Leaf.Sums[1]++ })
	add("short key", func(q *SumProof) { q.Leaf.Key = q.Leaf.Key[1:] })
	add("next index", func(q *SumProof) { q.Index++ })
	add("index of the number of leaves", func(q *SumProof) { q.Index = q.Leaves })
	add("one leaf more", func(q *SumProof) { q.Leaves++ })
	add("one leaf fewer", func(q *SumProof) { q.Leaves-- })
	add("2^63 leaves", func(q *SumProof) { q.Leaves = 1 << 63 })
	add("extra sibling", func(q *SumProof) { q.Siblings = append(q.Siblings, SumNode{Min: q.Leaf.Key}) })
	for i := range p.Siblings {
		sibling := func(name string, change func(*SumNode)) {
			add(fmt.Sprintf("%s of sibling %d", name, i), func(q *SumProof) { change(&q.Siblings[i]) })
		}
		sibling("hash", func(n *SumNode) { n.Hash[i] ^= 1 })
		sibling("sum", func(n *SumNode) { n.Sums[0]++ })
		sibling("sum out of range", func(n *SumNode) { n.Sums[0] = 1 << 63 })
		sibling("second column", func(n *SumNode) { n.Sums[1]++ })
		sibling("count", func(n *SumNode) { n.Count++ })
		sibling("leaves", func(n *SumNode) { n.Leaves++ })
		sibling("smallest key", func(n *SumNode) { n.Min[1] ^= 1 })
		sibling("short smallest key", func(n *SumNode) { n.Min = n.Min[1:] })
		add(fmt.Sprintf("missing sibling %d", i), func(q *SumProof) { q.Siblings = slices.Delete(q.Siblings, i, i+1) })
		add(fmt.Sprintf("moved value to sibling %d", i), func(q *SumProof) {
			q.Leaf.Sums[0]++ // the total stays what is stated
			q.Siblings[i].Sums[0]--
		})
	}
	return lies
}

func TestEverySumProofAndEveryLie(t *testing.T) {
	eachSumTree(t, func(t *testing.T, tt SumType, leaves []SumLeaf, tree *SumTree) {
		st := stated(tt, tree)
		for i := range leaves {
			p := must2(tree.Prove(i))(t)
			for _, lie := range sumLies(p) {
				if _, err := CheckMember(st, leaves[i].Key, lie.p); err == nil {
					t.Fatalf("%d leaves, leaf %d: %s is accepted", len(leaves), i, lie.name)
				}
			}
		}
	})
}

func TestStatementMustBeTheTrees(t *testing.T) {
	tree := must2(BuildSumTree(SumJournal, sumLeaves(SumJournal, 7)))(t)
	p, good := must2(tree.Prove(3))(t), stated(SumJournal, tree)
	for name, c := range map[string]struct {
		change func(*SumStatement)
		want   error
	}{
		"root":      {func(s *SumStatement) { s.Root[0] ^= 1 }, ErrRootMismatch},
		"leaves":    {func(s *SumStatement) { s.Leaves++ }, ErrStatement},
		"count":     {func(s *SumStatement) { s.Count++ }, ErrStatement},
		"credit":    {func(s *SumStatement) { s.Sums[Credit]++ }, ErrStatement},
		"debit":     {func(s *SumStatement) { s.Sums[Debit]-- }, ErrStatement},
		"type":      {func(s *SumStatement) { s.Type = SumParties }, ErrSumLeaf},
		"no type":   {func(s *SumStatement) { s.Type = 6 }, ErrSumType},
		"zero type": {func(s *SumStatement) { s.Type = 0 }, ErrSumType},
		"unstated leaves": {func(s *SumStatement) { s.Leaves, s.Unstated = 0, SumLeavesUnstated },
			nil},
		"unstated count": {func(s *SumStatement) { s.Count, s.Unstated = 0, SumCountUnstated }, nil},
	} {
		st := good
		c.change(&st)
		_, err := CheckMember(st, p.Leaf.Key, p)
		if c.want == nil && err != nil || c.want != nil && !errors.Is(err, c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestTypesDoNotMix(t *testing.T) {
	// A tree of one type never proves anything about another one.
	for _, tt := range sumTypes {
		tree := must2(BuildSumTree(tt, sumLeaves(tt, 5)))(t)
		p := must2(tree.Prove(2))(t)
		for _, other := range sumTypes {
			st := stated(other, tree)
			if _, err := CheckMember(st, p.Leaf.Key, p); (err == nil) != (other == tt) {
				t.Errorf("tt %d as %d: %v", tt, other, err)
			}
		}
	}
}

func TestSumRefusalsHaveNames(t *testing.T) {
	tree := must2(BuildSumTree(SumParties, sumLeaves(SumParties, 6)))(t)
	empty := must2(BuildSumTree(SumParties, nil))(t)
	st, none := stated(SumParties, tree), stated(SumParties, empty)
	p := must2(tree.Prove(2))(t)
	_, err := CheckMember(st, p.Leaf.Key[1:], p)
	wantRejection(t, "short key", err, ErrSumLeaf)
	_, err = CheckMember(st, p.Leaf.Key, nil)
	wantRejection(t, "no proof", err, ErrIndex)
	_, err = CheckMember(st, sumKey(tree.shape, 7), p)
	wantRejection(t, "another key", err, ErrWrongLeaf)
	wantRejection(t, "absence of a member", CheckAbsent(st, p.Leaf.Key, p), ErrWrongLeaf)
	wantRejection(t, "successor", CheckAbsent(st, sumKey(tree.shape, 5), p), ErrWrongLeaf)
	wantRejection(t, "predecessor far away", CheckAbsent(st, sumKey(tree.shape, 11), p), ErrUnreachable)
	wantRejection(t, "not empty", CheckAbsent(st, p.Leaf.Key, nil), ErrRootMismatch)
	wantRejection(t, "short key, empty tree", CheckAbsent(none, nil, nil), ErrSumLeaf)
	_, _, err = CheckLocate(st, 0, 2, p)
	wantRejection(t, "third column", err, ErrSumType)
	_, _, err = CheckLocate(st, 0, -1, p)
	wantRejection(t, "column before the first", err, ErrSumType)
	_, _, err = CheckLocate(st, 0, Credit, p)
	wantRejection(t, "unit of another leaf", err, ErrWrongLeaf)
	_, err = SumBelow(st, sumKey(tree.shape, 3), p)
	wantRejection(t, "border before the leaf", err, ErrWrongLeaf)
	_, err = SumBelow(st, sumKey(tree.shape, 12), p)
	wantRejection(t, "border far behind the leaf", err, ErrUnreachable)
	none.Sums[Credit] = 1
	wantRejection(t, "value in an empty tree", CheckAbsent(none, p.Leaf.Key, nil), ErrStatement)
	_, err = tree.Prove(6)
	wantRejection(t, "leaf behind the last", err, ErrIndex)
	_, err = empty.Prove(0)
	wantRejection(t, "leaf of the empty tree", err, ErrIndex)
	_, err = tree.Locate(0, 2)
	wantRejection(t, "column to locate", err, ErrIndex)
}

func TestBuildRefusals(t *testing.T) {
	largest := uint64(sumLimit - 1)
	for name, c := range map[string]struct {
		t      SumType
		change func([]SumLeaf)
		want   Rejection
	}{
		"unsorted":           {SumShards, func(l []SumLeaf) { l[1], l[2] = l[2], l[1] }, ErrSumOrder},
		"key twice":          {SumShards, func(l []SumLeaf) { l[2].Key = l[1].Key }, ErrSumOrder},
		"short key":          {SumShards, func(l []SumLeaf) { l[2].Key = l[2].Key[1:] }, ErrSumLeaf},
		"long key":           {SumShards, func(l []SumLeaf) { l[2].Key = append(l[2].Key, 0) }, ErrSumLeaf},
		"count 2 of a shard": {SumShards, func(l []SumLeaf) { l[2].Count = 2 }, ErrSumLeaf},
		"count 0 of a line":  {SumPostings, func(l []SumLeaf) { l[2].Count = 0 }, ErrSumLeaf},
		"second column":      {SumShards, func(l []SumLeaf) { l[2].Sums[1] = 1 }, ErrSumLeaf},
		"sum of 2^63":        {SumJournal, func(l []SumLeaf) { l[2].Sums[0] = sumLimit }, ErrSumRange},
		"count of 2^63":      {SumJournal, func(l []SumLeaf) { l[2].Count = sumLimit }, ErrSumRange},
		"sums adding up":     {SumJournal, func(l []SumLeaf) { l[0].Sums[1], l[4].Sums[1] = largest, 1 }, ErrSumRange},
		"counts adding up":   {SumParties, func(l []SumLeaf) { l[3].Count, l[4].Count = largest, 1 }, ErrSumRange},
		"no such type":       {9, func([]SumLeaf) {}, ErrSumType},
	} {
		base := c.t
		if base == 9 {
			base = SumShards
		}
		leaves := sumLeaves(base, 5)
		c.change(leaves)
		_, _, err := SumRoot(c.t, leaves)
		wantRejection(t, name, err, c.want)
		_, err = BuildSumTree(c.t, leaves)
		wantRejection(t, name+", built", err, c.want)
	}
	for i, column := range []int{Credit, Debit} {
		leaves := sumLeaves(SumJournal, 1)
		leaves[0].Sums[column] = largest
		if _, totals, err := SumRoot(SumJournal, leaves); err != nil || totals.Sums[i] != largest {
			t.Errorf("the largest sum: %v", err)
		}
	}
}

func TestTreeKeepsNothingOfItsInput(t *testing.T) {
	leaves := sumLeaves(SumShards, 4)
	tree := must2(BuildSumTree(SumShards, leaves))(t)
	st := stated(SumShards, tree)
	leaves[1].Key[0] ^= 0xff
	leaves[1].Sums[0] = 77
	p := must2(tree.Prove(1))(t)
	if _, err := CheckMember(st, p.Leaf.Key, p); err != nil {
		t.Error(err)
	}
}

func TestSumProofBytes(t *testing.T) {
	eachSumTree(t, func(t *testing.T, tt SumType, leaves []SumLeaf, tree *SumTree) {
		for i := range leaves {
			p := must2(tree.Prove(i))(t)
			data := must2(EncodeSumProof(tt, p))(t)
			q := must2(DecodeSumProof(tt, data))(t)
			if !bytes.Equal(must2(EncodeSumProof(tt, q))(t), data) {
				t.Fatal("decode then encode")
			}
			if _, err := CheckMember(stated(tt, tree), leaves[i].Key, q); err != nil {
				t.Fatal(err)
			}
			for cut := range data {
				if _, err := DecodeSumProof(tt, data[:cut]); err == nil {
					t.Fatalf("%d of %d bytes are accepted", cut, len(data))
				}
			}
			_, err := DecodeSumProof(tt, append(data, 0))
			wantRejection(t, "a byte more", err, ErrMalformed)
		}
	})
}

func TestSumProofBytesRefusals(t *testing.T) {
	tree := must2(BuildSumTree(SumShards, sumLeaves(SumShards, 5)))(t)
	p := must2(tree.Prove(2))(t)
	data := must2(EncodeSumProof(SumShards, p))(t)
	for name, i := range map[string]int{"index": 7, "leaves": 15, "key length": 16, "columns": 46, "sibling's key length": 87, "2^63 leaves": 8} {
		bad := bytes.Clone(data)
		bad[i] ^= 0x84
		_, err := DecodeSumProof(SumShards, bad)
		wantRejection(t, name, err, ErrMalformed)
	}
	_, err := DecodeSumProof(SumParties, data)
	wantRejection(t, "another type", err, ErrMalformed)
	_, err = DecodeSumProof(0, data)
	wantRejection(t, "no type", err, ErrSumType)
	_, err = DecodeSumProof(SumShards, make([]byte, MaxSumProof+1))
	wantRejection(t, "too large", err, ErrTooLarge)
	for _, lie := range []func(q *SumProof){
		func(q *SumProof) { q.Index = q.Leaves },
		func(q *SumProof) { q.Siblings = q.Siblings[1:] },
		func(q *SumProof) { q.Leaf.Key = nil },
		func(q *SumProof) { q.Leaf.Sums[1] = 1 },
		func(q *SumProof) { q.Siblings = slices.Clone(q.Siblings); q.Siblings[0].Min = nil },
	} {
		q := *p
		lie(&q)
		_, err := EncodeSumProof(SumShards, &q)
		wantRejection(t, "proof of no tree", err, ErrMalformed)
	}
	_, err = EncodeSumProof(0, p)
	wantRejection(t, "no type to encode", err, ErrSumType)
}

func TestLargestSumProofFits(t *testing.T) {
	p := &SumProof{Leaf: SumLeaf{Key: make([]byte, 21)}, Leaves: sumLimit - 1}
	for range steps(0, p.Leaves) {
		p.Siblings = append(p.Siblings, SumNode{Min: make([]byte, 21)})
	}
	data := must2(EncodeSumProof(SumShards, p))(t)
	if len(p.Siblings) != MaxPath || len(data) > MaxSumProof {
		t.Errorf("%d siblings, %d bytes", len(p.Siblings), len(data))
	}
}
