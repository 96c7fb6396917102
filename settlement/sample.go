package settlement

import (
	"math/big"
	"sort"
)

// How many draws an audit needs (docs/formats/sampling.md section 1): with
// confidence c and tolerated bad share f, both in ppm and in 1..999,999, the smallest
// n with (1-f)^n <= 1-c. It is decided exactly, without floats.

// exactDraws is the largest n for which the powers are written out. Equality is
// possible up to n = 6 only: (1-f)^n in lowest terms has the n-th power of a divisor
// of 10^6 below, and 1-c has a divisor of 10^6.
const exactDraws = 16

// EnoughDraws says whether n draws reach the confidence.
func EnoughDraws(n, confPPM, faultPPM uint64) bool {
	if n <= exactDraws {
		return enoughExact(n, confPPM, faultPPM)
	}
	for precision := uint(256); ; precision *= 2 {
		if enough, decided := enoughBounds(n, confPPM, faultPPM, precision); decided {
			return enough
		}
	}
}

// Draws returns the smallest n that is enough. It is below 2^24 for all c and f.
func Draws(confPPM, faultPPM uint64) uint64 {
	return uint64(sort.Search(1<<24, func(n int) bool { return EnoughDraws(uint64(n), confPPM, faultPPM) }))
}

// enoughExact compares (10^6-f)^n * 10^6 with (10^6-c) * (10^6)^n.
func enoughExact(n, confPPM, faultPPM uint64) bool {
	exponent, one := new(big.Int).SetUint64(n), big.NewInt(million)
	left := new(big.Int).Exp(new(big.Int).SetUint64(million-faultPPM), exponent, nil)
	right := new(big.Int).Exp(one, exponent, nil)
	left.Mul(left, one)
	right.Mul(right, new(big.Int).SetUint64(million-confPPM))
	return left.Cmp(right) <= 0
}

// enoughBounds encloses (1-f)^n between two multiples of 2^-precision and compares
// both with 1-c; it is undecided if 1-c lies between them.
func enoughBounds(n, confPPM, faultPPM uint64, precision uint) (enough, decided bool) {
	low := fraction(million-faultPPM, precision)
	high := new(big.Int).Add(low, big.NewInt(1))
	lowest, highest := power(low, n, precision, false), power(high, n, precision, true)
	bound := fraction(million-confPPM, precision)
	switch {
	case highest.Cmp(bound) <= 0:
		return true, true
	case lowest.Cmp(bound) > 0:
		return false, true
	}
	return false, false
}

// fraction returns ppm/10^6 in units of 2^-precision, rounded down.
func fraction(ppm uint64, precision uint) *big.Int {
	x := new(big.Int).Lsh(new(big.Int).SetUint64(ppm), precision)
	return x.Quo(x, big.NewInt(million))
}

// power returns x^n in units of 2^-precision, every product rounded down or up.
func power(x *big.Int, n uint64, precision uint, up bool) *big.Int {
	result, square := new(big.Int).Lsh(big.NewInt(1), precision), new(big.Int).Set(x)
	for ; n > 0; n >>= 1 {
		if n&1 == 1 {
			roundedProduct(result, square, precision, up)
		}
		roundedProduct(square, square, precision, up)
	}
	return result
}

// roundedProduct sets x to x*y in units of 2^-precision.
func roundedProduct(x, y *big.Int, precision uint, up bool) {
	x.Mul(x, y)
	if up {
		x.Add(x, new(big.Int).Sub(new(big.Int).Lsh(big.NewInt(1), precision), big.NewInt(1)))
	}
	x.Rsh(x, precision)
}
