package replay

import "math/bits"

const (
	maxPoissonMean = 1 << 42 // 1,024 in Q32
	poissonMode    = 1 << 56 // weight of the mode
	poissonGuides  = 256
)

// poissonTable draws Poisson numbers of one mean: docs/determinism.md section 5.
type poissonTable struct {
	base  uint64   // the number of the first weight
	sums  []uint64 // weights so far, in order of their numbers; the last is their sum
	guide [poissonGuides]uint16
}

// newPoissonTable makes the table of a mean in Q32, at most maxPoissonMean. It has at most
// 556 entries.
func newPoissonTable(mean uint64) *poissonTable {
	mode := mean >> 32
	var below []uint64 // weights under the mode, downwards
	for w, k := uint64(poissonMode), mode; k > 0; k-- {
		hi, lo := bits.Mul64(w, k<<32)
		if w, _ = bits.Div64(hi, lo, mean); w == 0 { // k ≤ mode, so the quotient is at most w
			break
		}
		below = append(below, w)
	}
	t := &poissonTable{base: mode - uint64(len(below))}
	sum := uint64(0)
	for i := range below {
		sum += below[len(below)-1-i]
		t.sums = append(t.sums, sum)
	}
	for w, k := uint64(poissonMode), mode; w > 0; k++ {
		sum += w
		t.sums = append(t.sums, sum)
		hi, lo := bits.Mul64(w, mean)
		w, _ = bits.Div64(hi, lo, (k+1)<<32)
	}
	t.setGuide()
	return t
}

// setGuide notes for each value of the top byte of u where the search may start.
func (t *poissonTable) setGuide() {
	i := uint16(0)
	for j := range t.guide {
		v, _ := bits.Mul64(uint64(j)<<56, t.total())
		for t.sums[i] <= v {
			i++
		}
		t.guide[j] = i
	}
}

// total is the sum of the weights, below 2^63.
func (t *poissonTable) total() uint64 { return t.sums[len(t.sums)-1] }

// draw returns the number that belongs to 64 random bits.
func (t *poissonTable) draw(u uint64) uint64 {
	v, _ := bits.Mul64(u, t.total())
	i := int(t.guide[u>>56])
	for t.sums[i] <= v {
		i++
	}
	return t.base + uint64(i)
}
