package replay

import (
	_ "embed"
	"encoding/binary"
)

// Constants of docs/determinism.md section 4.
const (
	expLimit     = 1 << 29        // arguments are clamped to it, Q24
	expPerLn2    = 12_392_656_037 // round(2^33 / ln 2)
	expLn2       = 2_977_044_472  // round(2^32 ln 2)
	maxOutcome   = 1 << 52        // Q16; the largest value of exp, and of an outcome
	expTop       = 36             // 2^36 is maxOutcome
	expBottom    = -17            // below 2^-17 nothing is left in Q16
	expTableBits = 8
)

// exp2Bytes is the table E of docs/determinism.md section 4: 256 little-endian u32,
// E[i] = round(2^31 2^(i/256)).
//
//go:embed fixed_exp2.bin
var exp2Bytes []byte

// exp2Table is the table in the order of the lookup. It is written once, here.
var exp2Table = makeExp2Table()

func makeExp2Table() (table [1 << expTableBits]uint32) {
	for i := range table {
		table[i] = binary.LittleEndian.Uint32(exp2Bytes[4*i:])
	}
	return table
}

// expFixed returns e^y in Q16 for y in Q24, at most maxOutcome, within 2^-27 of the value
// and 2^-16 (docs/determinism.md section 4). The largest product is 2^29 expPerLn2 < 2^63.
func expFixed(y int64) uint64 {
	t := (min(max(y, -expLimit), expLimit) * expPerLn2) >> 25
	e, f := t>>32, uint64(t)&(1<<32-1)
	if e >= expTop {
		return maxOutcome
	}
	if e < expBottom {
		return 0
	}
	m := uint64(exp2Table[f>>(32-expTableBits)])
	x := ((f & (1<<(32-expTableBits) - 1)) * expLn2) >> 32
	x += (x * x) >> 33
	m += (m * x) >> 32
	if e >= 15 {
		return m << (e - 15)
	}
	return m >> (15 - e)
}

// lognormal returns exp(mu + sigma z) in Q16, z being the normal number of u; mu and
// sigma are Q24 and at most 2^29 in size, so that sigma z stays below 2^56.
func lognormal(mu, sigma int64, u uint64) uint64 { return expFixed(mu + (sigma*normal(u))>>24) }
