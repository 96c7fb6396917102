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

// mergeDistributions joins the distributions of shards whose iterations follow one another
// without a gap. parse reads arguments into the iterations and all the rest, which must
// be the same in each shard.
func mergeDistributions[M comparable](shards []ShardOutput, parse func(args []byte) (iterations, M, string)) ([]byte, error) {
	var before iterations
	var common M
	total := newHistogram()
	for i := range shards {
		it, model, bad := parse(shards[i].Args)
		switch {
		case bad != "":
			return nil, noResult(i, "argument "+bad)
		case i > 0 && (model != common || !it.follows(before)):
			return nil, noResult(i, "arguments do not continue the shard before")
		}
		before, common = it, model
		d, err := ReadDistribution(shards[i].Output)
		switch {
		case err != nil:
			return nil, noResult(i, err.Error())
		case d.n != it.n:
			return nil, noResult(i, "number of outcomes is not that of the arguments")
		}
		total.merge(d)
	}
	return total.encode(), nil
}
