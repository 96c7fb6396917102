package verifier

import (
	"slices"
	"testing"

	"github.com/forgepool/settle/codec"
	"github.com/forgepool/settle/proof"
	"github.com/zeebo/blake3"
)

// brokenTop returns the root of a tree whose top is described otherwise than its children
// give, and the descent that shows it. The domain bytes are those of
// docs/formats/sum-trees.md section 1.
func brokenTop(t *testing.T, kind proof.SumType, leaves []proof.SumLeaf, change func(*proof.SumNode)) (codec.Hash, *Descent) {
	t.Helper()
	tree, err := proof.BuildSumTree(kind, leaves)
	if err != nil {
		t.Fatal(err)
	}
	first, err := tree.Prove(0)
	if err != nil {
		t.Fatal(err)
	}
	last, err := tree.Prove(len(leaves) - 1)
	if err != nil {
		t.Fatal(err)
	}
	pair := proof.SumPair{Left: last.Siblings[len(last.Siblings)-1], Right: first.Siblings[len(first.Siblings)-1]}
	desc := func(n *proof.SumNode) []byte {
		data, err := proof.EncodeSumDescent(kind, &proof.SumDescent{Top: *n})
		if err != nil {
			t.Fatal(err)
		}
		return data[:len(data)-1] // without the number of pairs
	}
	totals := tree.Totals()
	top := proof.SumNode{Min: slices.Clone(leaves[0].Key), Leaves: totals.Leaves, Count: totals.Count, Sums: totals.Sums}
	top.Hash = blake3.Sum256(slices.Concat([]byte{0x21, byte(kind)}, desc(&pair.Left), desc(&pair.Right)))
	change(&top)
	data, err := proof.EncodeSumDescent(kind, &proof.SumDescent{Top: top, Pairs: []proof.SumPair{pair}})
	if err != nil {
		t.Fatal(err)
	}
	return blake3.Sum256(slices.Concat([]byte{0x23, byte(kind)}, desc(&top))), &Descent{Type: kind, Path: data}
}

// more hides an amount that no leaf has.
func more(n *proof.SumNode) { n.Sums[proof.Credit] += 5 }

// broken closes a cycle with a tree of a type that does not add up, and drafts the
// evidence of it.
func broken(t *testing.T, kind proof.SumType, change func(*proof.SumNode)) (*falseBooks, *Evidence) {
	t.Helper()
	var descent *Descent
	var party []byte
	x := closeWith(t, nil, func(*codec.Cycle) {})
	y := closeWith(t, nil, func(c *codec.Cycle) {
		switch parties := x.parties(); kind {
		case proof.SumJournal:
			c.Journal.Root, descent = brokenTop(t, kind, x.books.journal, change)
		case proof.SumParties:
			c.Parties.Root, descent = brokenTop(t, kind, parties, change)
		default:
			key := x.key("provider 0")
			at := slices.IndexFunc(parties, func(l proof.SumLeaf) bool { return string(l.Key) == string(key[:]) })
			parties[at].Payload, descent = brokenTop(t, kind, x.books.postings[key], change)
			root, _, err := proof.SumRoot(proof.SumParties, parties)
			if err != nil {
				t.Fatal(err)
			}
			c.Parties.Root, party = root, x.path(proof.SumParties, parties, key[:])
		}
	})
	e := y.unbalancedDraft()
	e.Fault, e.Descent, e.Party = FaultTree, descent, party
	return y, e
}

// TestBrokenTree shows trees of a close that do not add up.
func TestBrokenTree(t *testing.T) {
	for kind, fields := range map[proof.SumType]map[string]func(*proof.SumNode){
		proof.SumJournal: {
			proof.SplitSums:   more,
			proof.SplitCount:  func(n *proof.SumNode) { n.Count-- },
			proof.SplitLeaves: func(n *proof.SumNode) { n.Leaves++ },
			proof.SplitMin:    func(n *proof.SumNode) { n.Min[7]++ },
		},
		proof.SumParties:       {proof.SplitSums: more},
		proof.SumPartyPostings: {proof.SplitSums: more},
	} {
		for field, change := range fields {
			x, e := broken(t, kind, change)
			f, err := AccuseClose(x.trust, e, &Bundle{})
			if err != nil {
				t.Fatalf("type %d, %s: %v", kind, field, err)
			}
			got := confirm(t, x.world, f)
			if got.Recomputed.Field != field || got.Tree != kind || (got.Party != nil) != (kind == proof.SumPartyPostings) {
				t.Errorf("type %d, %s: %+v", kind, field, got)
			}
		}
	}
}

// TestTreesThatAddUp accuses right trees, and trees that a close has not.
func TestTreesThatAddUp(t *testing.T) {
	for _, kind := range []proof.SumType{proof.SumParties, proof.SumPartyPostings, proof.SumJournal} {
		x, e := broken(t, kind, func(*proof.SumNode) {})
		if _, err := AccuseClose(x.trust, e, &Bundle{}); err != ErrAgrees {
			t.Errorf("type %d: %v", kind, err)
		}
		for _, other := range []proof.SumType{0, proof.SumParties, proof.SumPartyPostings, proof.SumPostings, proof.SumJournal, proof.SumShards} {
			if other == kind {
				continue
			}
			wrong := *e
			wrong.Descent = &Descent{Type: other, Path: e.Descent.Path}
			if _, err := AccuseClose(x.trust, &wrong, &Bundle{}); err == nil || err == ErrAgrees {
				t.Errorf("type %d as %d: %v", kind, other, err)
			}
		}
	}
}
