package settlement

import (
	"cmp"
	"math/bits"
	"slices"

	"github.com/forgepool/settle/codec"
)

// SplitCharge divides a charge below 2^63: adapter and providers get their shares
// rounded down, the platform everything else (docs/formats/accounting.md section 1).
// The two shares together are at most one million.
func SplitCharge(charge, providerPPM, adapterPPM uint64) codec.Split {
	s := codec.Split{Providers: share(charge, providerPPM), Adapter: share(charge, adapterPPM)}
	s.Platform = charge - s.Adapter - s.Providers
	return s
}

// SplitPool divides a pool in proportion to weights by largest remainder: every
// party gets its quota rounded down, and what is left goes one micro-Credit each to
// the largest remainders, the earlier party first among equal ones. Providers stand
// in order of their ids.
//
// The weights must add up to at least 1 and less than 2^64; SplitPool panics
// otherwise, because its callers bound units and weights before.
func SplitPool(pool uint64, weights []uint64) []uint64 {
	return appendSplit(make([]uint64, 0, len(weights)), pool, weights)
}

// appendSplit is SplitPool with room for the result.
func appendSplit(parts []uint64, pool uint64, weights []uint64) []uint64 {
	total := uint64(0)
	for _, w := range weights {
		s, carry := bits.Add64(total, w, 0)
		if carry != 0 {
			panic("settlement: weights add up to 2^64 or more")
		}
		total = s
	}
	if total == 0 {
		panic("settlement: nobody to pay")
	}
	var small [16]remainder
	rest, left := append(small[:0], make([]remainder, len(weights))...), pool
	for i, w := range weights {
		hi, lo := bits.Mul64(pool, w)
		q, r := bits.Div64(hi, lo, total) // w <= total, so the quotient fits
		parts, rest[i] = append(parts, q), remainder{r, i}
		left -= q
	}
	payRemainders(parts, rest, left)
	return parts
}

// remainder is what rounding down took from the party at index i.
type remainder struct {
	r uint64
	i int
}

// payRemainders gives one micro-Credit to each of the left largest remainders.
func payRemainders(parts []uint64, rest []remainder, left uint64) {
	slices.SortFunc(rest, func(a, b remainder) int {
		if c := cmp.Compare(b.r, a.r); c != 0 {
			return c
		}
		return cmp.Compare(a.i, b.i)
	})
	for _, x := range rest[:left] {
		parts[x.i]++
	}
}
