package replay

import (
	"math/bits"

	"github.com/forgepool/settle/codec"
)

// Million is the number of parts in which levels are counted: P95 is the level 950,000.
const Million = 1_000_000

// A Distribution is a finished distribution of outcomes, such as losses or times of
// arrival. Outcomes are Q16: a unit of money or a second is 65,536.
type Distribution struct {
	outcomes
	buckets []bucket // ascending
}

// An Interval holds a number for certain: Low and High are the smallest and the largest
// that it can be. They lie within 1/1024 of each other, relative to the number, plus one.
// Where one number is shown, it is High.
type Interval struct{ Low, High uint64 }

// Count returns the number of outcomes, 1 to 2^38.
func (d *Distribution) Count() uint64 { return d.n }

// Min returns the smallest outcome, exactly.
func (d *Distribution) Min() uint64 { return d.min }

// Max returns the largest outcome, exactly, at most 2^52, which is also where outcomes
// without limits end.
func (d *Distribution) Max() uint64 { return d.max }

// Mean returns the mean outcome, exactly but for the rounding down to Q16.
func (d *Distribution) Mean() uint64 {
	mean, _ := bits.Div64(d.sum.hi, d.sum.lo, d.n) // at most Max, as ReadDistribution has checked
	return mean
}

// Quantile returns the outcome of the rank that belongs to a level in parts per million,
// 1 to Million; other levels count as the nearest of these. It is also the value at risk
// (docs/determinism.md section 8).
func (d *Distribution) Quantile(level uint64) Interval {
	rank, seen := d.rank(level), uint64(0)
	for _, b := range d.buckets {
		if seen += b.count; seen >= rank {
			low, high := d.bounds(b)
			return Interval{low, high}
		}
	}
	panic("replay: counts of a distribution do not add up") // ReadDistribution has checked
}

// TailMean returns the mean of the outcomes beyond Quantile(level), of the largest one if
// there is none beyond: the tail value at risk (docs/determinism.md section 8).
func (d *Distribution) TailMean(level uint64) Interval {
	size := max(d.n-d.rank(level), 1)
	var low, high wide
	left := size
	for i := len(d.buckets) - 1; left > 0; i-- {
		b := d.buckets[i]
		taken := min(left, b.count)
		l, h := d.bounds(b)
		low.addTimes(wide{lo: l}, taken)
		high.addTimes(wide{lo: h}, taken)
		left -= taken
	}
	var mean Interval
	mean.Low, _ = bits.Div64(low.hi, low.lo, size)
	high.add(0, size-1)
	mean.High, _ = bits.Div64(high.hi, high.lo, size)
	return mean
}

// AtMost returns how many outcomes are at most x. With x the seconds to a deadline in Q16,
// divided by Count, that is the probability of arriving in time.
func (d *Distribution) AtMost(x uint64) Interval {
	var n Interval
	for _, b := range d.buckets {
		low, high := d.bounds(b)
		if high <= x {
			n.Low += b.count
		}
		if low <= x {
			n.High += b.count
		}
	}
	return n
}

// rank returns the rank, from 1, of the outcome at a level. The product is below 2^58.
func (d *Distribution) rank(level uint64) uint64 {
	level = min(max(level, 1), Million)
	return (level*d.n + Million - 1) / Million
}

// bounds returns the smallest and the largest outcome that a bucket can hold.
func (d *Distribution) bounds(b bucket) (low, high uint64) {
	low, high = bucketBounds(int(b.number))
	return max(low, d.min), min(high, d.max)
}

// ResultDistribution returns the distribution in the result of a workload, as MergeResult
// made it. ok is false for a result of any program but mc@1 insurance.v1 and eta.v1.
func ResultDistribution(result []byte) (d *Distribution, ok bool) {
	var id codec.Hash
	r := codec.NewReader(result)
	if n := r.Array(2); n != 2 {
		return nil, false
	}
	if r.Fixed(id[:]); r.Err() != nil || id != (insurance{}).Name().ID() && id != (eta{}).Name().ID() {
		return nil, false
	}
	d, err := ReadDistribution(result[r.Offset():])
	return d, err == nil
}
