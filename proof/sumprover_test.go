package proof

import (
	"errors"
	"reflect"
	"testing"
)

// TestSumProverProvesLikeTheTree proves every second leaf of trees of all small sizes,
// and all leaves of one.
func TestSumProverProvesLikeTheTree(t *testing.T) {
	for _, typ := range []SumType{SumParties, SumPartyPostings, SumShards} {
		for n := range 40 {
			leaves := sumLeaves(typ, n)
			tree := must2(BuildSumTree(typ, leaves))(t)
			var chosen []uint64
			for i := range n {
				if n == 33 || i%2 == n%2 {
					chosen = append(chosen, uint64(i))
				}
			}
			p := must2(NewSumProver(typ, chosen))(t)
			for i := range leaves {
				if err := p.Append(&leaves[i]); err != nil {
					t.Fatal(err)
				}
			}
			proofs := must2(p.Finish())(t)
			for k, i := range chosen {
				if want := must2(tree.Prove(int(i)))(t); !reflect.DeepEqual(proofs[k], want) {
					t.Fatalf("type %d, leaf %d of %d: %+v, want %+v", typ, i, n, proofs[k], want)
				}
			}
		}
	}
}

func TestSumProverRefuses(t *testing.T) {
	if _, err := NewSumProver(SumType(9), nil); !errors.Is(err, ErrSumType) {
		t.Errorf("unknown type: %v", err)
	}
	if _, err := NewSumProver(SumShards, []uint64{2, 2}); !errors.Is(err, ErrIndex) {
		t.Errorf("an index twice: %v", err)
	}
	leaves := sumLeaves(SumShards, 3)
	p := must2(NewSumProver(SumShards, []uint64{3}))(t)
	for i := range leaves {
		if err := p.Append(&leaves[i]); err != nil {
			t.Fatal(err)
		}
	}
	if err := p.Append(&leaves[0]); !errors.Is(err, ErrSumOrder) {
		t.Errorf("a key again: %v", err)
	}
	if _, err := p.Finish(); !errors.Is(err, ErrIndex) {
		t.Errorf("a leaf that did not come: %v", err)
	}
}
