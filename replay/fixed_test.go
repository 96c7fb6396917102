package replay

import (
	"bytes"
	"encoding/binary"
	"math"
	"math/big"
	"testing"

	"pgregory.net/rapid"
)

// regenerateExp2 computes the table from its definition: square roots of two, multiplied.
func regenerateExp2() (out []byte) {
	var roots [expTableBits]*big.Int // 2^(1/2), 2^(1/4), ...
	x := new(big.Int).Lsh(big.NewInt(2), icdfBits)
	for i := range roots {
		x = new(big.Int).Sqrt(new(big.Int).Lsh(x, icdfBits))
		roots[i] = x
	}
	half := new(big.Int).Lsh(big.NewInt(1), icdfBits-31-1)
	for i := range 1 << expTableBits {
		v := new(big.Int).Lsh(big.NewInt(1), icdfBits)
		for k, root := range roots {
			if i>>(expTableBits-1-k)&1 == 1 {
				v = fixedMul(v, root)
			}
		}
		v.Rsh(v.Add(v, half), icdfBits-31)
		out = binary.LittleEndian.AppendUint32(out, uint32(v.Uint64()))
	}
	return out
}

func TestExp2Table(t *testing.T) {
	if !bytes.Equal(regenerateExp2(), exp2Bytes) {
		t.Error("the table regenerated from its definition differs from the embedded one")
	}
	if got := math.Round(math.Ldexp(1/math.Ln2, 33)); got != expPerLn2 {
		t.Errorf("2^33 / ln 2 is %.0f", got)
	}
	if got := math.Round(math.Ldexp(math.Ln2, 32)); got != expLn2 {
		t.Errorf("2^32 ln 2 is %.0f", got)
	}
}

// expPoints are arguments at and beside all pieces of the table, and between them.
func expPoints() (points []int64) {
	for piece := expBottom * 256; piece <= expTop*256; piece++ {
		y := int64(float64(piece) / 256 * math.Ln2 * (1 << 24))
		for d := int64(-2); d <= 2; d++ {
			points = append(points, y+d)
		}
		points = append(points, y+11_111, y+22_222, y+44_000)
	}
	return points
}

// TestExpError holds exp against math.Exp, within the bound of docs/determinism.md section 4.
func TestExpError(t *testing.T) {
	last := uint64(0)
	for _, y := range expPoints() {
		got := expFixed(y)
		want := math.Ldexp(math.Exp(math.Ldexp(float64(y), -24)), 16)
		if want >= maxOutcome {
			want = maxOutcome
		}
		if diff := math.Abs(float64(got) - want); diff > math.Ldexp(want, -27)+1 {
			t.Fatalf("exp(%d) = %d, want %.3f", y, got, want)
		}
		if got < last {
			t.Fatalf("exp(%d) = %d is less than that of a smaller argument", y, got)
		}
		last = got
	}
	for y, want := range map[int64]uint64{math.MinInt32: 0, -expLimit - 1: 0, -expLimit: 0, expLimit: maxOutcome, expLimit + 1: maxOutcome, math.MaxInt32: maxOutcome} {
		if got := expFixed(y); got != want {
			t.Errorf("exp(%d) = %d, want %d", y, got, want)
		}
	}
}

func TestExpNeverFalls(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		y := rapid.Int64Range(-expLimit-2, expLimit+2).Draw(t, "y")
		if a, b := expFixed(y), expFixed(y+1); a > b {
			t.Fatalf("exp(%d) = %d, exp(%d) = %d", y, a, y+1, b)
		}
	})
}

// TestNormalMoments integrates the normal numbers piece by piece, without sampling.
func TestNormalMoments(t *testing.T) {
	variance := 0.0
	means := map[float64]float64{} // of exp(sigma z)
	sigmas := []float64{0.25, 0.5, 1, 1.5, 2, 2.5}
	for i, s := range normalSteps {
		a, b := math.Ldexp(float64(s.a), -24), math.Ldexp(float64(s.a+s.d), -24)
		mass := math.Ldexp(1, -7-i/32) // of both tails is twice that
		variance += 2 * mass * (a*a + a*b + b*b) / 3
		for _, sigma := range sigmas {
			for _, k := range []float64{sigma, -sigma} {
				means[sigma] += mass * (math.Exp(k*b) - math.Exp(k*a)) / (k * (b - a))
			}
		}
	}
	rest, z := math.Ldexp(1, -33), math.Ldexp(float64(normalSteps[992].a), -24) // where the table ends
	variance += 2 * rest * z * z
	for _, sigma := range sigmas {
		means[sigma] += rest * (math.Exp(sigma*z) + math.Exp(-sigma*z))
	}
	if math.Abs(variance-1.0000271) > 1e-7 {
		t.Errorf("variance %.9f", variance)
	}
	for _, sigma := range sigmas {
		if off := means[sigma]/math.Exp(sigma*sigma/2) - 1; math.Abs(off) > 2.7e-5 {
			t.Errorf("sigma %v: the mean of the lognormal is off by %.2g", sigma, off)
		}
	}
}

// poissonDistance is the total variation between a table and the distribution, in 200 bits.
func poissonDistance(mean uint64) *big.Float {
	number := func(x uint64) *big.Float { return new(big.Float).SetPrec(200).SetUint64(x) }
	lambda := new(big.Float).Quo(number(mean), number(1<<32))
	table := newPoissonTable(mean)
	mode := mean >> 32
	exact := map[uint64]*big.Float{mode: number(1)}
	for k := mode; k < mode+800; k++ {
		p := new(big.Float).Mul(exact[k], lambda)
		exact[k+1] = p.Quo(p, number(k+1))
	}
	for k := mode; k > 0; k-- {
		p := new(big.Float).Mul(exact[k], number(k))
		exact[k-1] = p.Quo(p, lambda)
	}
	total := number(0)
	for k := range uint64(len(exact)) {
		total.Add(total, exact[k])
	}
	distance, before := number(0), uint64(0)
	for k := range uint64(len(exact)) {
		p := new(big.Float).Quo(exact[k], total)
		if i := int(k) - int(table.base); i >= 0 && i < len(table.sums) {
			share := new(big.Float).Quo(number(table.sums[i]-before), number(table.total()))
			p.Sub(p, share)
			before = table.sums[i]
		}
		distance.Add(distance, p.Abs(p))
	}
	return distance.Quo(distance, number(2))
}

func TestPoissonError(t *testing.T) {
	bound := big.NewFloat(math.Ldexp(1, -50))
	for _, mean := range []uint64{1, 1 << 20, 1 << 31, 1<<32 - 1, 1 << 32, 1 << 33, 5 << 31, 100 << 32, 700<<32 + 12_345, 1<<42 - 1, 1 << 42} {
		if got := poissonDistance(mean); got.Cmp(bound) > 0 {
			t.Errorf("mean %d: distance %.3g", mean, got)
		}
	}
}

// TestPoissonGuide holds the search that starts in the middle against one from the start.
func TestPoissonGuide(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		table := newPoissonTable(rapid.OneOf(rapid.Uint64Range(0, maxPoissonMean), rapid.Uint64Range(0, 8<<32)).Draw(t, "mean"))
		u := rapid.OneOf(rapid.Uint64(), rapid.Map(rapid.Uint64Range(0, 255), func(x uint64) uint64 { return x << 56 })).Draw(t, "u")
		v := new(big.Int).Mul(new(big.Int).SetUint64(u), new(big.Int).SetUint64(table.total()))
		v.Rsh(v, 64)
		want := 0
		for new(big.Int).SetUint64(table.sums[want]).Cmp(v) <= 0 {
			want++
		}
		if got := table.draw(u); got != table.base+uint64(want) {
			t.Fatalf("%d, want %d", got, table.base+uint64(want))
		}
	})
}
