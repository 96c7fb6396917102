package verifier

import (
	"math"
	"testing"

	"github.com/forgepool/settle/codec"
	"pgregory.net/rapid"
)

// TestBoundFactors compares with the printed tables of the Poisson upper limits.
func TestBoundFactors(t *testing.T) {
	for conf, want := range map[uint64][]float64{
		900_000: {2.303, 3.890, 5.322, 6.681, 7.994, 9.275},
		950_000: {2.996, 4.744, 6.296, 7.754, 9.154, 10.513},
		990_000: {4.605, 6.638, 8.406, 10.045, 11.605, 13.108},
	} {
		for k, r := range want {
			if got := float64(boundFactor(uint64(k), conf)) / 1e6; math.Abs(got-r) > 0.0006 {
				t.Errorf("R_%d at %d ppm is %f, want %f", k, conf, got, r)
			}
		}
	}
	if got := boundFactor(0, 950_000); got != 2_995_733 { // -ln(0.05) = 2.9957322...
		t.Errorf("R_0 at 95 %% is %d", got)
	}
	if a, b := boundFactor(500, 950_000), boundFactor(0, 1); a < 538_000_000 || a > 540_000_000 || b != 2 {
		t.Errorf("R_500 at 95 %% is %d, R_0 at 1 ppm is %d", a, b)
	}
}

// TestBoundFactorIsTheLeast evaluates the sum in floats beside the factor.
func TestBoundFactorIsTheLeast(t *testing.T) {
	chance := func(k, millionths uint64) float64 {
		x, sum, term := float64(millionths)/1e6, 0.0, 1.0
		for i := uint64(0); i <= k; i++ {
			sum += term
			term *= x / float64(i+1)
		}
		return sum * math.Exp(-x)
	}
	rapid.Check(t, func(t *rapid.T) {
		k, conf := rapid.Uint64Range(0, 40).Draw(t, "k"), rapid.Uint64Range(1_000, 999_000).Draw(t, "conf")
		r, bad := boundFactor(k, conf), 1-float64(conf)/1e6
		if chance(k, r) > bad+1e-9 || chance(k, r-1) < bad-1e-9 {
			t.Errorf("R_%d at %d ppm is %d: %g and %g about %g", k, conf, r, chance(k, r), chance(k, r-1), bad)
		}
	})
}

func TestUpperBound(t *testing.T) {
	const v = 1_000_000_000
	for _, test := range []struct {
		draws  uint64
		taints []uint64
		want   uint64
	}{
		{299, nil, 10_019_175},                              // 2.995733 · V / 299
		{300, nil, 9_985_777},                               // below one percent
		{300, []uint64{million}, 15_812_884},                // 4.743865
		{300, []uint64{500_000}, 12_899_330},                // half of the step
		{300, []uint64{250_000, million}, 17_105_875},       // the largest first: 4.743865 + 1.551929/4
		{1, []uint64{million}, v}, {0, nil, v}, {2, nil, v}, // never more than there is
	} {
		got := upperBound(v, test.draws, 950_000, test.taints)
		if diff := int64(got) - int64(test.want); diff < -4000 || diff > 4000 {
			t.Errorf("%d draws, %v: %d, want about %d", test.draws, test.taints, got, test.want)
		}
	}
	if n := drawsFor(v, 299, 950_000, 10_000, MaxDraws); n != 300 {
		t.Errorf("a clean sample of 299 needs %d draws", n)
	}
	if n := drawsFor(v, 299, 950_000, 10_000, 299); n != 299 {
		t.Errorf("%d draws over the limit", n)
	}
}

// TestUpperBoundGrows checks that no error makes the bound smaller, and no draw larger.
func TestUpperBoundGrows(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		taints := rapid.SliceOfN(rapid.Uint64Range(0, million), 0, 8).Draw(t, "taints")
		n := rapid.Uint64Range(10, 1000).Draw(t, "n")
		const v = 123_456_789_012
		bound := upperBound(v, n, 950_000, taints)
		if upperBound(v, n, 950_000, append(taints, 1)) < bound || upperBound(v, n+1, 950_000, taints) > bound {
			t.Error("the bound moved the wrong way")
		}
	})
}

func TestTaint(t *testing.T) {
	for _, test := range []struct {
		verdict Verdict
		fault   Fault
		claimed uint64
		r       *Recomputed
		want    uint64
	}{
		{Match, 0, 5, nil, 0},
		{Inconclusive, 0, 5, nil, million},
		{Mismatch, FaultOutput, 5, &Recomputed{Units: 5}, million},
		{Mismatch, FaultUnits, 3, &Recomputed{Units: 2}, 333_334},
		{Mismatch, FaultUnits, 3, &Recomputed{}, million}, // over the limit: nobody knows
		{Mismatch, FaultPayout, 3, &Recomputed{Units: 2}, million},
	} {
		if got := taintOf(test.verdict, test.fault, 1, test.claimed, test.r); got != test.want {
			t.Errorf("%s %s of %d units: %d, want %d", test.verdict, test.fault, test.claimed, got, test.want)
		}
	}
}

func TestTaintOfSeveralReasons(t *testing.T) {
	if got := taintOf(Mismatch, FaultUnits, 2, 3, &Recomputed{Units: 2}); got != million {
		t.Errorf("too many units and something else: %d", got)
	}
}

func TestOpinion(t *testing.T) {
	r := func(failed, unavailable uint64) *codec.AuditResult {
		return &codec.AuditResult{Failed: failed, Unavailable: unavailable}
	}
	for _, test := range []struct {
		value, upper uint64
		result       *codec.AuditResult
		want         codec.Opinion
	}{
		{0, 0, r(0, 0), codec.OpinionPass},
		{1_000, 10, r(0, 0), codec.OpinionPass},
		{1_000, 10, r(0, 1), codec.OpinionWithFindings},
		{1_000, 11, r(1, 1), codec.OpinionFail},
		{1_000, 11, r(0, 1), codec.OpinionIncomplete},
		{1_000, 11, r(0, 0), codec.OpinionIncomplete},
	} {
		if got := opinionOf(test.value, 10_000, test.result, test.upper); got != test.want {
			t.Errorf("bound %d of %d, %+v: opinion %d, want %d", test.upper, test.value, test.result, got, test.want)
		}
	}
	if got := tracingDraws(299, 250_000); got != 75 {
		t.Errorf("%d tracing draws", got)
	}
}
