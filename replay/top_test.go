package replay

import (
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// TestRanking compares the heap with sorting everything.
func TestRanking(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		scores := rapid.SliceOfN(rapid.Uint64Range(0, 5), 0, 60).Draw(t, "scores")
		top := ranking{limit: rapid.IntRange(0, 20).Draw(t, "limit")}
		var all []ranked
		for i, s := range scores {
			x := ranked{id: uint64(i*7) % 61, score: s}
			top.offer(x)
			if s > 0 {
				all = append(all, x)
			}
		}
		slices.SortFunc(all, func(a, b ranked) int {
			if a.score != b.score {
				return int(b.score) - int(a.score)
			}
			return int(a.id) - int(b.id)
		})
		all = all[:min(len(all), top.limit)]
		top.append(nil)
		if !slices.Equal(top.lines, all) {
			t.Fatalf("%v, want %v", top.lines, all)
		}
	})
}
