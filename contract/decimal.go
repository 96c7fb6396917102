package contract

import (
	"encoding/json"
	"math/big"
	"strconv"
	"strings"

	"github.com/forgepool/settle/codec"
)

// Limits on decimals (docs/formats/import.md section 4): they bound the integers that a
// decimal becomes on its way.
const (
	maxDecimal  = 64 // characters
	maxExponent = 99
)

// fixedPoint returns the decimal of a JSON number times 2^bits, to the nearest, ties away
// from zero. ok is false beyond the limits, and where the result does not fit.
func fixedPoint(text string, bits uint) (v int64, ok bool) {
	if len(text) > maxDecimal {
		return 0, false
	}
	digits, negative := strings.CutPrefix(text, "-")
	exponent := 0
	if at := strings.IndexAny(digits, "eE"); at >= 0 {
		e, err := strconv.Atoi(digits[at+1:])
		if err != nil || e > maxExponent || e < -maxExponent {
			return 0, false
		}
		digits, exponent = digits[:at], e
	}
	whole, fraction, _ := strings.Cut(digits, ".")
	digits, exponent = whole+fraction, exponent-len(fraction)
	n, ok := new(big.Int).SetString(digits, 10)
	if !ok || strings.Trim(digits, "0123456789") != "" {
		return 0, false
	}
	n.Lsh(n, bits+1) // twice the result, for the rounding
	power := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(max(exponent, -exponent))), nil)
	if exponent >= 0 {
		n.Mul(n, power)
	} else {
		n.Add(n, power).Quo(n, power)
	}
	if n.Rsh(n, 1); !n.IsInt64() {
		return 0, false
	}
	if v = n.Int64(); negative {
		v = -v
	}
	return v, true
}

// decimal returns a field times 2^bits.
func (o *object) decimal(name string, bits uint) int64 {
	n := typed[json.Number](o, name, "a number")
	v, ok := fixedPoint(string(n), bits)
	if !ok {
		o.fail(CodeBadValue, name, "a decimal of at most %d characters, exponent within ±%d and size below 2^%d expected, got %.80s",
			maxDecimal, maxExponent, 63-bits, n)
	}
	return v
}

// appendDecimal makes a parameter of a decimal.
func appendDecimal(bits uint) func(b []byte, o *object, name string) []byte {
	return func(b []byte, o *object, name string) []byte { return codec.AppendInt(b, o.decimal(name, bits)) }
}
