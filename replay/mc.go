package replay

import (
	"math"
	"math/bits"

	"github.com/forgepool/settle/codec"
)

// Limits of docs/formats/replay.md section 7.1.
const (
	mcMaxPaths = 1 << 26
	mcMaxSteps = 4096
	mcMaxPrice = 1 << 36 // Q16; |S| and |K| stay within it
	mcMaxRate  = 1 << 23 // drift and vol per step
	mcMaxWidth = 1 << 37
	mcMaxBins  = 1024
	mcStream   = 0x6D630001 // fourth counter word of the path numbers
)

// Kinds of steps.
const (
	mcArithmetic = 0 // S += inc
	mcGeometric  = 1 // S += S inc
)

// monteCarlo is mc@1 path.v1: paths of a random walk, priced at their end.
type monteCarlo struct{}

// mcArgs are the arguments, in key order.
type mcArgs struct {
	paths, steps      uint64
	start, drift, vol int64
	kind              uint64
	strike            int64
	first             uint64
	lo                int64
	width             uint64
	bins              int
}

// mcSums is what the output of a shard holds.
type mcSums struct {
	paths       uint64
	pay, square wide
	min, max    int64
	counts      []uint64
}

// Name implements Program.
func (monteCarlo) Name() ProgramName { return ProgramName{"mc", 1, "path.v1"} }

// Units implements Program: paths times steps.
func (monteCarlo) Units(args, _ []byte) (uint64, bool) {
	a, bad := parseMC(args)
	return a.paths * a.steps, bad == ""
}

// Run implements Program.
func (monteCarlo) Run(task Task) Result {
	a, bad := parseMC(task.Args)
	switch {
	case bad != "":
		return invalid(bad)
	case len(task.Input) != 0:
		return invalid("input")
	}
	units := a.paths * a.steps
	if task.overLimit(units) {
		return Result{Status: OverLimit}
	}
	k0, k1 := workloadKey(task.Seed)
	sums := newMCSums(a.bins)
	for p := range a.paths {
		sums.addEnd(&a, a.walk(a.first+p, k0, k1))
	}
	return finish(sums.encode(), units)
}

func parseMC(args []byte) (a mcArgs, bad string) {
	r := readArgs(args, 9)
	a.paths = r.uint(1, "paths", 1, mcMaxPaths)
	a.steps = r.uint(2, "steps", 1, mcMaxSteps)
	a.start = r.int(3, "start", -mcMaxPrice, mcMaxPrice)
	a.drift = r.int(4, "drift", -mcMaxRate, mcMaxRate)
	a.vol = r.int(5, "vol", 0, mcMaxRate)
	a.kind = r.uint(6, "kind", mcArithmetic, mcGeometric)
	r.check("start", a.kind == mcArithmetic || a.start >= 0)
	a.strike = r.int(7, "strike", -mcMaxPrice, mcMaxPrice)
	a.first = r.uint(8, "first", 0, math.MaxUint64)
	r.check("first", a.paths-1 <= math.MaxUint64-a.first)
	n := r.array(9, "bins", 3)
	a.lo = r.r.Int()
	a.width = r.r.Uint()
	bins := r.r.Uint()
	r.check("bins", n == 3 && a.lo >= -mcMaxPrice && a.lo <= mcMaxPrice &&
		a.width >= 1 && a.width <= mcMaxWidth && bins >= 1 && bins <= mcMaxBins)
	a.bins = int(bins)
	return a, r.done()
}

// walk returns where path g ends. Two steps share a block of random numbers.
func (a *mcArgs) walk(g uint64, k0, k1 uint32) int64 {
	if a.kind == mcArithmetic {
		return a.walkArithmetic(g, k0, k1)
	}
	return a.walkGeometric(g, k0, k1)
}

func (a *mcArgs) walkArithmetic(g uint64, k0, k1 uint32) int64 {
	s := a.start
	c0, c1 := uint32(g), uint32(g>>32)
	for t := uint32(0); t < uint32(a.steps); t += 2 {
		x0, x1, x2, x3 := philox(c0, c1, t>>1, mcStream, k0, k1)
		s = clamp(s+a.increment(x0, x1), -mcMaxPrice)
		if t+1 < uint32(a.steps) {
			s = clamp(s+a.increment(x2, x3), -mcMaxPrice)
		}
	}
	return s
}

func (a *mcArgs) walkGeometric(g uint64, k0, k1 uint32) int64 {
	s := a.start
	c0, c1 := uint32(g), uint32(g>>32)
	for t := uint32(0); t < uint32(a.steps); t += 2 {
		x0, x1, x2, x3 := philox(c0, c1, t>>1, mcStream, k0, k1)
		s = clamp(s+(s*a.increment(x0, x1))>>24, 0)
		if t+1 < uint32(a.steps) {
			s = clamp(s+(s*a.increment(x2, x3))>>24, 0)
		}
	}
	return s
}

// increment is below 2^26 in size, so that its product with a price fits 64 bits.
func (a *mcArgs) increment(lo, hi uint32) int64 {
	return a.drift + (a.vol*normal(uint64(lo)|uint64(hi)<<32))>>24
}

func clamp(s, floor int64) int64 { return min(max(s, floor), mcMaxPrice) }

func newMCSums(bins int) *mcSums {
	return &mcSums{min: math.MaxInt64, max: math.MinInt64, counts: make([]uint64, bins+2)}
}

// addEnd counts a path that ends at s.
func (m *mcSums) addEnd(a *mcArgs, s int64) {
	m.paths++
	pay := uint64(max(s-a.strike, 0))
	m.pay.add(0, pay)
	m.square.add(bits.Mul64(pay, pay))
	m.min, m.max = min(m.min, s), max(m.max, s)
	bin := uint64(0)
	if s >= a.lo {
		bin = min(uint64(s-a.lo)/a.width, uint64(a.bins)) + 1
	}
	m.counts[bin]++
}

func (m *mcSums) encode() []byte {
	pay, square := m.pay.bytes(), m.square.bytes()
	b := codec.AppendUint(codec.AppendArray(nil, 6), m.paths)
	b = codec.AppendBytes(codec.AppendBytes(b, pay[:]), square[:])
	b = codec.AppendInt(codec.AppendInt(b, m.min), m.max)
	b = codec.AppendArray(b, len(m.counts))
	for _, c := range m.counts {
		b = codec.AppendUint(b, c)
	}
	return b
}
