package verifier

import (
	"math/big"
	"slices"

	"github.com/forgepool/settle/codec"
)

// The bound on what is wrong in the whole population (docs/formats/sampling.md section
// 6), decided in integers of any size so that it is the same for everybody.

// boundSteps is how finely a factor is told: in millionths.
const boundSteps = million

// boundFactor returns R_k(c) in millionths, rounded up: the least x for which a Poisson
// count with mean x/10^6 is k or less with a chance of at most 1-c. Conf is 1..999,999
// ppm.
func boundFactor(k, confPPM uint64) uint64 {
	// 0 is too little, and k + 20·sqrt(k) + 20 far beyond any c below certainty.
	low, high := uint64(0), k*boundSteps+(20*sqrtUp(k)+20)*boundSteps
	for low+1 < high {
		middle := low + (high-low)/2
		if poissonAtMost(k, middle, confPPM) {
			high = middle
		} else {
			low = middle
		}
	}
	return high
}

// sqrtUp returns a number whose square is at least n.
func sqrtUp(n uint64) uint64 {
	root := new(big.Int).Sqrt(new(big.Int).SetUint64(n)).Uint64()
	return root + 1
}

// poissonAtMost says whether sum_{i<=k} x^i/i! <= (1-c)·e^x for x = millionths/10^6. Both
// sides are enclosed in multiples of 2^-precision. They are never equal, because e^x is
// transcendental, so some precision decides.
func poissonAtMost(k, millionths, confPPM uint64) bool {
	for precision := uint(192); ; precision *= 2 {
		head, whole, slack := poissonSums(k, millionths, precision)
		left := new(big.Int).Mul(head, big.NewInt(million))
		rest := new(big.Int).SetUint64(million - confPPM)
		right := new(big.Int).Mul(whole, rest)
		// head and whole are too small by slack at most.
		if over := new(big.Int).Mul(slack, big.NewInt(million)); over.Add(over, left).Cmp(right) <= 0 {
			return true
		}
		if right.Add(right, new(big.Int).Mul(slack, rest)).Cmp(left) < 0 {
			return false
		}
	}
}

// poissonSums returns lower bounds of sum_{i<=k} x^i/i! and of e^x, and by how much they
// may be too small at most, in units of 2^-precision.
func poissonSums(k, millionths uint64, precision uint) (head, whole, slack *big.Int) {
	term := new(big.Int).Lsh(big.NewInt(1), precision)
	x, divisor := new(big.Int).SetUint64(millionths), new(big.Int)
	head, whole = new(big.Int), new(big.Int)
	i := uint64(0)
	for ; i <= k || term.Sign() > 0; i++ {
		if whole.Add(whole, term); i <= k {
			head.Set(whole)
		}
		term.Mul(term, x)
		term.Quo(term, divisor.SetUint64((i+1)*million))
	}
	// What rounding takes off a term goes on like the series itself, so all terms after
	// it lack less than e^x together: the number of terms times e^x bounds everything.
	slack = new(big.Int).Rsh(whole, precision)
	slack.Add(slack, big.NewInt(2))
	slack.Mul(slack, new(big.Int).SetUint64(2*(i+2)))
	return head, whole, slack
}

// upperBound returns the Stringer bound on bad value in micro-Credits, rounded up and at
// most value: value/n · (R_0 + sum_i (R_i − R_{i−1})·t_i), t the taints in ppm from the
// largest on. Draws is n; without draws nothing is known and all may be bad.
func upperBound(value, draws, confPPM uint64, taints []uint64) uint64 {
	if draws == 0 {
		return value
	}
	taints = slices.Clone(taints)
	slices.SortFunc(taints, func(a, b uint64) int {
		if a > b {
			return -1
		}
		if a < b {
			return 1
		}
		return 0
	})
	// Equal taints stand together, so only the factors at their ends are needed.
	before := boundFactor(0, confPPM)
	sum := new(big.Int).Mul(new(big.Int).SetUint64(before), big.NewInt(million))
	for i := 0; i < len(taints); {
		end := i
		for end < len(taints) && taints[end] == taints[i] {
			end++
		}
		factor := boundFactor(uint64(end), confPPM)
		step := new(big.Int).SetUint64(factor - before)
		sum.Add(sum, step.Mul(step, new(big.Int).SetUint64(taints[i])))
		before, i = factor, end
	}
	sum.Mul(sum, new(big.Int).SetUint64(value))
	unit := new(big.Int).SetUint64(draws)
	unit.Mul(unit, big.NewInt(million*boundSteps))
	upper, rest := sum.QuoRem(sum, unit, new(big.Int))
	if rest.Sign() > 0 {
		upper.Add(upper, big.NewInt(1))
	}
	if !upper.IsUint64() || upper.Uint64() > value {
		return value
	}
	return upper.Uint64()
}

// tolerable says whether an upper bound is at most f of value.
func tolerable(upper, value, faultPPM uint64) bool {
	left := new(big.Int).SetUint64(upper)
	right := new(big.Int).SetUint64(value)
	return left.Mul(left, big.NewInt(million)).Cmp(right.Mul(right, new(big.Int).SetUint64(faultPPM))) <= 0
}

// drawsFor returns how many vouching draws an audit begins with: n, or as many more as
// bring the bound of a sample without errors below f·V, but at most limit.
func drawsFor(value, n, confPPM, faultPPM, limit uint64) uint64 {
	for n < limit && !tolerable(upperBound(value, n, confPPM, nil), value, faultPPM) {
		n++
	}
	return n
}

// tracingDraws returns ceil(n · ppm / 10^6).
func tracingDraws(n, ppm uint64) uint64 {
	x := new(big.Int).Mul(new(big.Int).SetUint64(n), new(big.Int).SetUint64(ppm))
	x.Add(x, big.NewInt(million-1))
	return x.Quo(x, big.NewInt(million)).Uint64()
}

// taintOf returns the overstated part of a draw's item in ppm, rounded up: all of it,
// unless the number of units is too high and that is the only reason.
func taintOf(verdict Verdict, fault Fault, reasons int, claimed uint64, r *Recomputed) uint64 {
	switch {
	case verdict == Match:
		return 0
	case verdict == Mismatch && fault == FaultUnits && reasons == 1 && r != nil && r.Units > 0 && r.Units < claimed:
		x := new(big.Int).SetUint64(claimed - r.Units)
		x.Mul(x, big.NewInt(million)).Add(x, new(big.Int).SetUint64(claimed-1))
		return x.Quo(x, new(big.Int).SetUint64(claimed)).Uint64()
	}
	return million
}

// opinionOf returns the opinion that docs/formats/sampling.md section 6 gives.
func opinionOf(value, faultPPM uint64, result *codec.AuditResult, upper uint64) codec.Opinion {
	switch {
	case value == 0:
		return codec.OpinionPass
	case tolerable(upper, value, faultPPM) && result.Failed+result.Unavailable == 0:
		return codec.OpinionPass
	case tolerable(upper, value, faultPPM):
		return codec.OpinionWithFindings
	case result.Failed > 0:
		return codec.OpinionFail
	}
	return codec.OpinionIncomplete
}
