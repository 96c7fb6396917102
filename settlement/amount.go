package settlement

import (
	"math/bits"

	"github.com/forgepool/settle/codec"
)

// million is the denominator of every share in parts per million.
const million = 1_000_000

// sum adds amounts. It reports false when the sum leaves 63 bits.
func sum(a, b uint64) (uint64, bool) {
	s, carry := bits.Add64(a, b, 0)
	return s, carry == 0 && s <= codec.MaxAmount
}

// mulDiv returns a*b/d rounded down, with a 128-bit product. It reports false when
// d is 0 or the quotient leaves 63 bits.
func mulDiv(a, b, d uint64) (uint64, bool) {
	hi, lo := bits.Mul64(a, b)
	if hi >= d {
		return 0, false
	}
	q, _ := bits.Div64(hi, lo, d)
	return q, q <= codec.MaxAmount
}

// share returns the part of an amount that ppm says, rounded down; ppm is at most
// one million and amount below 2^63, so it always fits.
func share(amount, ppm uint64) uint64 {
	q, _ := mulDiv(amount, ppm, million)
	return q
}

// overflow is the refusal of a sum that leaves 63 bits.
func overflow(what string) *codec.Refusal { return codec.Refuse(codec.CodeOverflow, what) }
