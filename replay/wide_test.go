package replay

import (
	"math"
	"math/big"
	"testing"

	"pgregory.net/rapid"
)

// big returns the value of a sum, as two's complement if signed.
func (w wide) big(signed bool) *big.Int {
	b := w.bytes()
	x := new(big.Int).SetBytes(b[:])
	if signed && w.hi>>63 == 1 {
		x.Sub(x, new(big.Int).Lsh(big.NewInt(1), 128))
	}
	return x
}

func wideGen() *rapid.Generator[wide] {
	edge := rapid.SampledFrom([]uint64{0, 1, math.MaxInt64, 1 << 63, math.MaxUint64})
	part := rapid.OneOf(edge, rapid.Uint64())
	return rapid.Custom(func(t *rapid.T) wide { return wide{part.Draw(t, "hi"), part.Draw(t, "lo")} })
}

func TestWideMerge(t *testing.T) {
	lowest := new(big.Int).Neg(new(big.Int).Lsh(big.NewInt(1), 127))
	highest := new(big.Int).Not(lowest)
	largest := new(big.Int).Sub(new(big.Int).Lsh(big.NewInt(1), 128), big.NewInt(1))
	rapid.Check(t, func(t *rapid.T) {
		a, b := wideGen().Draw(t, "a"), wideGen().Draw(t, "b")
		u, s := a, a
		fits, fitsInt := u.merge(b), s.mergeInt(b)
		want := new(big.Int).Add(a.big(false), b.big(false))
		if fits != (want.Cmp(largest) <= 0) || fits && want.Cmp(u.big(false)) != 0 {
			t.Fatalf("unsigned: %v, %v, want %v", fits, u, want)
		}
		want.Add(a.big(true), b.big(true))
		if fitsInt != (want.Cmp(lowest) >= 0 && want.Cmp(highest) <= 0) || fitsInt && want.Cmp(s.big(true)) != 0 {
			t.Fatalf("signed: %v, %v, want %v", fitsInt, s, want)
		}
		if wideFrom(a.bytes()) != a {
			t.Fatal("bytes do not read back")
		}
	})
}

func TestWideAddInt(t *testing.T) {
	var w wide
	sum := new(big.Int)
	for _, v := range []int64{-1, math.MinInt64, math.MinInt64, 5, math.MaxInt64, math.MaxInt64, math.MaxInt64, -7, 0} {
		w.addInt(v)
		if sum.Add(sum, big.NewInt(v)); w.big(true).Cmp(sum) != 0 {
			t.Fatalf("after %d: %v, want %v", v, w.big(true), sum)
		}
	}
}
