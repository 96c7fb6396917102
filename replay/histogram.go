package replay

import (
	"fmt"
	"math"
	"math/bits"

	"github.com/forgepool/settle/codec"
)

// Sizes of docs/determinism.md section 7.
const (
	bucketBits    = 10                    // an octave has 2^10 buckets
	linearBuckets = 1 << (bucketBits + 1) // below this, each number has its own bucket
	bucketCount   = 44_033
	maxIterations = 1 << 26             // of a shard
	maxOutcomes   = maxIterations << 12 // of codec.MaxShards shards
)

// bucketOf returns the bucket of an outcome, which is at most maxOutcome.
func bucketOf(x uint64) int {
	if x < linearBuckets {
		return int(x)
	}
	s := bits.Len64(x) - bucketBits - 1
	return s<<bucketBits + int(x>>s)
}

// bucketBounds returns the smallest and the largest number in a bucket.
func bucketBounds(b int) (low, high uint64) {
	if b < linearBuckets {
		return uint64(b), uint64(b)
	}
	s := b>>bucketBits - 1
	low = (1<<bucketBits + uint64(b)%(1<<bucketBits)) << s
	return low, low + (1<<s - 1)
}

// square returns (x x) >> 16.
func square(x uint64) wide {
	hi, lo := bits.Mul64(x, x)
	return wide{hi: hi >> 16, lo: hi<<48 | lo>>16}
}

// outcomes is what all distributions have: their sums, which are Q16.
type outcomes struct {
	n            uint64
	sum, squares wide
	min, max     uint64
}

// histogram collects outcomes. It takes 352 KiB.
type histogram struct {
	outcomes
	counts []uint64 // by bucket
}

func newHistogram() *histogram {
	return &histogram{outcomes: outcomes{min: math.MaxUint64}, counts: make([]uint64, bucketCount)}
}

// add counts an outcome, at most maxOutcome.
func (h *histogram) add(x uint64) {
	h.n++
	h.sum.add(0, x)
	sq := square(x)
	h.squares.add(sq.hi, sq.lo)
	h.min, h.max = min(h.min, x), max(h.max, x)
	h.counts[bucketOf(x)]++
}

// merge adds a distribution. Its parts are bounded, so that 4,096 of them fit.
func (h *histogram) merge(d *Distribution) {
	h.n += d.n
	h.sum.merge(d.sum)
	h.squares.merge(d.squares)
	h.min, h.max = min(h.min, d.min), max(h.max, d.max)
	for _, b := range d.buckets {
		h.counts[b.number] += b.count
	}
}

// encode returns the distribution as it stands in an output.
func (h *histogram) encode() []byte {
	used := 0
	for _, c := range h.counts {
		if c > 0 {
			used++
		}
	}
	sum, squares := h.sum.bytes(), h.squares.bytes()
	b := codec.AppendUint(codec.AppendArray(nil, 6), h.n)
	b = codec.AppendBytes(codec.AppendBytes(b, sum[:]), squares[:])
	b = codec.AppendUint(codec.AppendUint(b, h.min), h.max)
	b = codec.AppendArray(b, used)
	for i, c := range h.counts {
		if c > 0 {
			b = codec.AppendUint(codec.AppendUint(codec.AppendArray(b, 2), uint64(i)), c)
		}
	}
	return b
}

// bucket is a bucket with outcomes in it.
type bucket struct {
	number uint64
	count  uint64
}

// ReadDistribution reads the output of a shard of mc@1 insurance.v1 or eta.v1, or the
// merged value of a workload, which has the same form: docs/determinism.md section 7. The
// error says what is not of the form.
func ReadDistribution(output []byte) (*Distribution, error) {
	r := codec.NewReader(output)
	d := new(Distribution)
	if r.Array(6) != 6 {
		r.Fail("not six parts")
	}
	d.n = r.Uint()
	d.sum, d.squares = readWide(&r), readWide(&r)
	d.min, d.max = r.Uint(), r.Uint()
	for range r.Array(bucketCount) {
		if r.Array(2) != 2 {
			r.Fail("a bucket has not two parts")
		}
		d.buckets = append(d.buckets, bucket{r.Uint(), r.Uint()})
		if r.Err() != nil {
			break
		}
	}
	if err := r.Done(); err != nil {
		return nil, fmt.Errorf("distribution: %w", err)
	}
	if why := d.wrong(); why != "" {
		return nil, fmt.Errorf("distribution: %s", why)
	}
	return d, nil
}

// wrong returns what makes the parts impossible together, "" if nothing does.
func (d *Distribution) wrong() string {
	switch {
	case d.n == 0 || d.n > maxOutcomes:
		return "number of outcomes out of range"
	case d.min > d.max || d.max > maxOutcome:
		return "smallest and largest outcome out of range"
	case len(d.buckets) == 0 || d.buckets[0].number != uint64(bucketOf(d.min)) ||
		d.buckets[len(d.buckets)-1].number != uint64(bucketOf(d.max)):
		return "first and last bucket are not those of the smallest and the largest outcome"
	}
	left := d.n
	for i, b := range d.buckets {
		if i > 0 && b.number <= d.buckets[i-1].number {
			return "buckets do not ascend"
		}
		if b.count == 0 || b.count > left {
			return "counts do not add up"
		}
		left -= b.count
	}
	if left != 0 {
		return "counts do not add up"
	}
	return d.wrongSums()
}

// wrongSums compares the sums with what the buckets allow.
func (d *Distribution) wrongSums() string {
	var low, high, lowSquares, highSquares wide
	for _, b := range d.buckets {
		l, h := d.bounds(b)
		low.addTimes(wide{lo: l}, b.count)
		high.addTimes(wide{lo: h}, b.count)
		lowSquares.addTimes(square(l), b.count)
		highSquares.addTimes(square(h), b.count)
	}
	if d.sum.less(low) || high.less(d.sum) {
		return "sum is not possible with these buckets"
	}
	if d.squares.less(lowSquares) || highSquares.less(d.squares) {
		return "sum of squares is not possible with these buckets"
	}
	return ""
}

// addTimes adds x n times. x is below 2^88 and n at most 2^38 in all.
func (w *wide) addTimes(x wide, n uint64) {
	hi, lo := bits.Mul64(x.lo, n)
	w.add(hi+x.hi*n, lo)
}

// less compares unsigned sums.
func (w wide) less(o wide) bool { return w.hi < o.hi || w.hi == o.hi && w.lo < o.lo }
