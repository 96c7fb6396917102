package replay

import (
	"math"
	"math/bits"
)

// iterations says which iterations of a workload a shard has: n of them from first on.
type iterations struct{ n, first uint64 }

// readFirst reads the last argument of a profile and checks that first + n fits.
func (it *iterations) readFirst(r *argReader, key uint64) {
	it.first = r.uint(key, "first", 0, math.MaxUint64)
	r.check("first", it.n-1 <= math.MaxUint64-it.first)
}

// follows tells whether the iterations begin where prev ends.
func (it iterations) follows(prev iterations) bool {
	next, carry := bits.Add64(prev.first, prev.n, 0)
	return carry == 0 && it.first == next
}

// distributionMerger joins the distributions of shards whose iterations follow one another
// without a gap. parse reads arguments into the iterations and all the rest, which must
// be the same in each shard.
type distributionMerger[M comparable] struct {
	parse  func(args []byte) (iterations, M, string)
	shards int
	before iterations // of the shard before
	common M
	total  *histogram
}

// newDistributionMerger returns a merger without shards.
func newDistributionMerger[M comparable](parse func(args []byte) (iterations, M, string)) Merger {
	return &distributionMerger[M]{parse: parse, total: newHistogram()}
}

// Add implements Merger.
func (m *distributionMerger[M]) Add(shard ShardOutput) error {
	i := m.shards
	m.shards++
	it, model, bad := m.parse(shard.Args)
	switch {
	case bad != "":
		return noResult(i, "argument "+bad)
	case i > 0 && (model != m.common || !it.follows(m.before)):
		return noResult(i, "arguments do not continue the shard before")
	}
	m.before, m.common = it, model
	d, err := ReadDistribution(shard.Output)
	switch {
	case err != nil:
		return noResult(i, err.Error())
	case d.n != it.n:
		return noResult(i, "number of outcomes is not that of the arguments")
	}
	m.total.merge(d)
	return nil
}

// Merged implements Merger.
func (m *distributionMerger[M]) Merged() ([]byte, error) {
	if m.shards == 0 {
		return nil, noShards()
	}
	return m.total.encode(), nil
}

// Held implements Merger: 352 KiB of counters, whatever is merged.
func (m *distributionMerger[M]) Held() uint64 { return 8 * bucketCount }
