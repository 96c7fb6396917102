//go:build !race

package proof

import "testing"

// The race detector makes pools forget and everything slow, so this file is left out
// there and race_test.go takes its place.

// exhaustive is the size up to which every tree, leaf and lie is tried.
const exhaustive = 64

// sumExhaustive is the same for the leaves of sum trees.
const sumExhaustive = 20

func TestHotPathsDoNotAllocate(t *testing.T) {
	record, hash := make([]byte, 500), [32]byte{1}
	hashes := [][32]byte{{1}, {2}, {3}, {4}, {5}}
	plan := MTH(hashes)
	shards, postings := sumLeaves(SumShards, 8), sumLeaves(SumPostings, 5)
	for name, f := range map[string]func(){
		"LeafA":     func() { sink = LeafA(record) },
		"NodeA":     func() { sink = NodeA(hash, hash) },
		"LeafB":     func() { sink = LeafB(record) },
		"NodeB":     func() { sink = NodeB(hash, hash) },
		"MTH":       func() { sink = MTH(hashes) },
		"CheckPlan": func() { _ = CheckPlan(5, 5, plan, hashes, nil) },
		"shards":    func() { sink, _, _ = SumRoot(SumShards, shards) },
		"postings":  func() { sink, _, _ = SumRoot(SumPostings, postings) },
	} {
		if n := testing.AllocsPerRun(200, f); n >= 1 {
			t.Errorf("%s: %v allocations", name, n)
		}
	}
}
