package replay

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"math/big"
	"testing"

	"github.com/zeebo/blake3"
)

// icdfBits is the fixed-point precision of the regeneration. No entry of the table lies
// nearer than 2^-13 to a rounding tie, so anything above 40 bits would do.
const icdfBits = 160

func fixedMul(a, b *big.Int) *big.Int {
	p := new(big.Int).Mul(a, b)
	return p.Rsh(p, icdfBits)
}

func fixedDiv(a, b *big.Int) *big.Int {
	q := new(big.Int).Lsh(a, icdfBits)
	return q.Quo(q, b)
}

// fixedExpNeg returns exp(-x) for x >= 0: x is halved eight times, the series is
// summed and the sum squared eight times.
func fixedExpNeg(x *big.Int) *big.Int {
	const halvings = 8
	y := new(big.Int).Rsh(x, halvings)
	term := new(big.Int).Lsh(big.NewInt(1), icdfBits)
	sum := new(big.Int).Set(term)
	for k := int64(1); term.Sign() != 0; k++ {
		term = fixedMul(term, y)
		term.Quo(term, big.NewInt(-k))
		sum.Add(sum, term)
	}
	for range halvings {
		sum = fixedMul(sum, sum)
	}
	return sum
}

// upperTail returns the density and the upper tail probability of the standard normal at
// z >= 0: tail = 1/2 - density (z + z^3/3 + z^5/(3*5) + ...).
func upperTail(z, rootTwoPi *big.Int) (density, tail *big.Int) {
	square := fixedMul(z, z)
	density = fixedDiv(fixedExpNeg(new(big.Int).Rsh(square, 1)), rootTwoPi)
	term := new(big.Int).Set(z)
	sum := new(big.Int)
	for k := int64(3); term.Sign() > 0; k += 2 {
		sum.Add(sum, term)
		term = fixedMul(term, square)
		term.Quo(term, big.NewInt(k))
	}
	tail = new(big.Int).Lsh(big.NewInt(1), icdfBits-1)
	return density, tail.Sub(tail, fixedMul(density, sum))
}

// fixedPi returns pi by Machin's formula, 16 atan(1/5) - 4 atan(1/239).
func fixedPi() *big.Int {
	atanInv := func(n int64) *big.Int {
		term := new(big.Int).Lsh(big.NewInt(1), icdfBits)
		term.Quo(term, big.NewInt(n))
		sum := new(big.Int)
		for k := int64(1); term.Sign() != 0; k += 2 {
			sum.Add(sum, new(big.Int).Quo(term, big.NewInt(k)))
			term.Quo(term, big.NewInt(-n*n))
		}
		return sum
	}
	a := new(big.Int).Lsh(atanInv(5), 4)
	return a.Sub(a, new(big.Int).Lsh(atanInv(239), 2))
}

// regenerateICDF computes the table from its definition, by Newton's method.
func regenerateICDF() []byte {
	rootTwoPi := new(big.Int).Lsh(fixedPi(), icdfBits+1)
	rootTwoPi.Sqrt(rootTwoPi)
	var out []byte
	for e := range uint(32) {
		for s := range int64(32) {
			p := new(big.Int).Lsh(big.NewInt(32+s), icdfBits-5-2-e)
			z := new(big.Int) // the tail is convex for z > 0: from 0 the steps never overshoot
			for range 200 {
				density, tail := upperTail(z, rootTwoPi)
				step := fixedDiv(tail.Sub(tail, p), density)
				z.Add(z, step)
				if step.BitLen() < icdfBits/2 {
					break
				}
			}
			half := new(big.Int).Lsh(big.NewInt(1), icdfBits-24-1)
			z.Rsh(z.Add(z, half), icdfBits-24)
			out = binary.LittleEndian.AppendUint32(out, uint32(z.Int64()))
		}
	}
	return binary.LittleEndian.AppendUint32(out, 0)
}

func TestICDFTable(t *testing.T) {
	const want = "ec09756283b0163fac4729e489a6c5978172f561131bbc57c853e82e807a79c7"
	sum := blake3.Sum256(icdfBytes)
	if got := hex.EncodeToString(sum[:]); got != want {
		t.Errorf("BLAKE3 of the embedded table is %s, want %s", got, want)
	}
	if got := regenerateICDF(); !bytes.Equal(got, icdfBytes) {
		t.Error("the table regenerated from its definition differs from the embedded one")
	}
}
