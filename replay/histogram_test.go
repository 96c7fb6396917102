package replay

import (
	"math"
	"slices"
	"testing"

	"github.com/forgepool/settle/codec"
	"pgregory.net/rapid"
)

func outcomeGen() *rapid.Generator[uint64] {
	return rapid.OneOf(rapid.Uint64Range(0, maxOutcome), rapid.Uint64Range(0, 5_000),
		rapid.Custom(func(t *rapid.T) uint64 {
			return min(1<<rapid.IntRange(0, 52).Draw(t, "octave")+rapid.Uint64Range(0, 2).Draw(t, "more")-1, maxOutcome)
		}))
}

// TestBuckets: buckets follow one another without a gap, hold their bounds, and are narrow.
func TestBuckets(t *testing.T) {
	next := uint64(0)
	for b := range bucketCount {
		low, high := bucketBounds(b)
		if low != next || high < low || (high-low)*1024 > low {
			t.Fatalf("bucket %d is %d..%d, want it to start at %d", b, low, high, next)
		}
		if bucketOf(low) != b || bucketOf(high) != b {
			t.Fatalf("bucket %d holds %d..%d, which belong to %d and %d", b, low, high, bucketOf(low), bucketOf(high))
		}
		next = high + 1
	}
	if bucketOf(maxOutcome) != bucketCount-1 {
		t.Errorf("the largest outcome is in bucket %d", bucketOf(maxOutcome))
	}
}

// TestStatistics holds everything that a distribution says against the outcomes themselves.
func TestStatistics(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		list := rapid.SliceOfN(outcomeGen(), 1, 60).Draw(t, "outcomes")
		h := newHistogram()
		for _, x := range list {
			h.add(x)
		}
		d, err := ReadDistribution(h.encode())
		if err != nil {
			t.Fatal(err)
		}
		slices.Sort(list)
		n := uint64(len(list))
		level := rapid.Uint64Range(1, Million).Draw(t, "level")
		rank := (level*n + Million - 1) / Million
		within := func(what string, i Interval, x, rounding float64) {
			if x < float64(i.Low)-rounding || x > float64(i.High)+rounding || float64(i.High-i.Low) > x/1000+2 {
				t.Fatalf("%s at %d: %v, but it is %v", what, level, i, x)
			}
		}
		within("quantile", d.Quantile(level), float64(list[rank-1]), 0)
		tail, sum := list[min(rank, n-1):], 0.0
		for _, x := range tail {
			sum += float64(x)
		}
		mean := sum / float64(len(tail))
		within("tail", d.TailMean(level), mean, mean*1e-12)
		if q, tail := d.Quantile(level), d.TailMean(level); tail.High < q.High {
			t.Fatalf("tail %v below quantile %v", tail, q)
		}
		x := outcomeGen().Draw(t, "x")
		i, found := slices.BinarySearch(list, x)
		for found && i < len(list) && list[i] == x {
			i++
		}
		if at := d.AtMost(x); uint64(i) < at.Low || uint64(i) > at.High {
			t.Fatalf("at most %d: %v, but it is %d", x, at, i)
		}
		if d.Count() != n || d.Min() != list[0] || d.Max() != list[n-1] || d.Mean() < d.Min() || d.Mean() > d.Max() {
			t.Fatalf("%d outcomes of %d..%d, mean %d", d.Count(), d.Min(), d.Max(), d.Mean())
		}
	})
}

// distributionOf encodes parts that need not belong together.
func distributionOf(n uint64, sum, squares wide, low, high uint64, pairs ...uint64) []byte {
	s, q := sum.bytes(), squares.bytes()
	b := codec.AppendUint(codec.AppendArray(nil, 6), n)
	b = codec.AppendBytes(codec.AppendBytes(b, s[:]), q[:])
	b = codec.AppendArray(codec.AppendUint(codec.AppendUint(b, low), high), len(pairs)/2)
	for i := 0; i < len(pairs); i += 2 {
		b = codec.AppendUint(codec.AppendUint(codec.AppendArray(b, 2), pairs[i]), pairs[i+1])
	}
	return b
}

// TestDistributionShape changes one part of a good distribution at a time. It has the
// outcomes 3, 4096, 4097, which give squares of 0, 256 and 256.
func TestDistributionShape(t *testing.T) {
	sum, squares := wide{lo: 8_196}, wide{lo: 512}
	if _, err := ReadDistribution(distributionOf(3, sum, squares, 3, 4_097, 3, 1, 3_072, 2)); err != nil {
		t.Fatalf("the good one: %v", err)
	}
	for name, output := range map[string][]byte{
		"nothing":               nil,
		"no outcome":            distributionOf(0, wide{}, wide{}, 0, 0),
		"no bucket":             distributionOf(3, sum, squares, 3, 4_097),
		"another number":        distributionOf(4, sum, squares, 3, 4_097, 3, 1, 3_072, 2),
		"too many outcomes":     distributionOf(maxOutcomes+1, wide{}, wide{}, 0, 0, 0, maxOutcomes+1),
		"counts wrap around":    distributionOf(3, sum, squares, 3, 4_097, 3, math.MaxUint64, 3_072, 4),
		"an empty bucket":       distributionOf(3, sum, squares, 3, 4_097, 3, 1, 4, 0, 3_072, 2),
		"buckets fall":          distributionOf(3, sum, squares, 3, 4_097, 3, 1, 4_000, 1, 3_072, 1),
		"a bucket twice":        distributionOf(3, sum, squares, 3, 4_097, 3, 1, 3_072, 1, 3_072, 1),
		"a bucket beyond all":   distributionOf(3, sum, squares, 3, 4_097, 3, 1, bucketCount, 2),
		"least is elsewhere":    distributionOf(3, sum, squares, 2, 4_097, 3, 1, 3_072, 2),
		"largest is elsewhere":  distributionOf(3, sum, squares, 3, 4_100, 3, 1, 3_072, 2),
		"largest below least":   distributionOf(1, wide{lo: 4_097}, wide{lo: 256}, 4_097, 4_096, 3_072, 1),
		"largest out of range":  distributionOf(1, wide{lo: maxOutcome}, square(maxOutcome), maxOutcome+1, maxOutcome+1, bucketCount-1, 1),
		"sum too small":         distributionOf(3, wide{lo: 8_194}, squares, 3, 4_097, 3, 1, 3_072, 2),
		"sum too large":         distributionOf(3, wide{lo: 8_198}, squares, 3, 4_097, 3, 1, 3_072, 2),
		"sum of 65 bits":        distributionOf(3, wide{1, 8_196}, squares, 3, 4_097, 3, 1, 3_072, 2),
		"squares too small":     distributionOf(3, sum, wide{lo: 511}, 3, 4_097, 3, 1, 3_072, 2),
		"squares too large":     distributionOf(3, sum, wide{lo: 513}, 3, 4_097, 3, 1, 3_072, 2),
		"buckets without count": append(distributionOf(3, sum, squares, 3, 4_097), 0)[:44],
	} {
		if d, err := ReadDistribution(output); err == nil {
			t.Errorf("%s: accepted as %+v", name, d)
		}
	}
	most := distributionOf(maxOutcomes, wide{hi: maxOutcome >> 26}, wide{hi: maxOutcome << 10}, maxOutcome, maxOutcome, bucketCount-1, maxOutcomes)
	if d, err := ReadDistribution(most); err != nil || d.Mean() != maxOutcome || d.TailMean(1) != (Interval{maxOutcome, maxOutcome}) {
		t.Errorf("2^38 largest outcomes: %v, %v", d, err)
	}
}

// TestLevels: levels out of range count as the nearest.
func TestLevels(t *testing.T) {
	h := newHistogram()
	for x := range uint64(10) {
		h.add(x)
	}
	d, err := ReadDistribution(h.encode())
	if err != nil {
		t.Fatal(err)
	}
	for level, want := range map[uint64]uint64{0: 0, 1: 0, 100_000: 0, 100_001: 1, 950_000: 9, Million: 9, math.MaxUint64: 9} {
		if got := d.Quantile(level); got != (Interval{want, want}) {
			t.Errorf("level %d: %v, want %d", level, got, want)
		}
	}
	if got := d.TailMean(800_000); got != (Interval{8, 9}) { // of 8 and 9
		t.Errorf("tail of 0.8: %v", got)
	}
	if got := d.TailMean(Million); got != (Interval{9, 9}) {
		t.Errorf("tail of 1: %v", got)
	}
}
