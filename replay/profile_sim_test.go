package replay

import (
	"math"
	"math/rand/v2"
	"runtime"
	"testing"
)

// All comparisons here allow sigmas standard errors: an honest difference exceeds that
// once in 150,000 times, and the seeds are fixed.
const (
	sigmas    = 4.5
	simulated = 1 << 20
)

// moments are what a distribution says about its outcomes, in units instead of Q16.
type moments struct{ n, mean, variance float64 }

func (w wide) float() float64 { return math.Ldexp(float64(w.hi), 64) + float64(w.lo) }

func simulate(t *testing.T, p Program, args []byte) (*Distribution, moments) {
	t.Helper()
	r := p.Run(Task{Seed: [32]byte{7: 9}, Args: args})
	if r.Status != OK {
		t.Fatalf("%v %s", r.Status, r.Field)
	}
	d, err := ReadDistribution(r.Output)
	if err != nil {
		t.Fatal(err)
	}
	n := float64(d.n)
	mean := math.Ldexp(d.sum.float(), -16) / n
	return d, moments{n, mean, math.Ldexp(d.squares.float(), -16)/n - mean*mean}
}

func near(t *testing.T, what string, got, want, standardError float64) {
	t.Helper()
	z := (got - want) / standardError
	t.Logf("%s: %.6g, want %.6g, standard error %.3g: %+.2f of them", what, got, want, standardError, z)
	if math.Abs(z) > sigmas {
		t.Errorf("%s: %.8g, want %.8g: %.1f standard errors", what, got, want, z)
	}
}

// limited returns the first two moments of a lognormal number, at most limit.
func limited(mu, sigma, limit float64) (first, second float64) {
	above := func(k float64) float64 { // the part of the k-th moment that is not cut
		return math.Exp(k*mu+k*k*sigma*sigma/2) * 0.5 * math.Erfc(-(math.Log(limit)-mu-k*sigma*sigma)/sigma/math.Sqrt2)
	}
	cut := 0.5 * math.Erfc((math.Log(limit)-mu)/sigma/math.Sqrt2)
	return above(1) + limit*cut, above(2) + limit*limit*cut
}

// TestPoissonMoments: claims of exactly one unit count the claims.
func TestPoissonMoments(t *testing.T) {
	for _, frequency := range []float64{0.3, 2, 50, 1000} {
		n := uint64(simulated)
		if frequency > 50 {
			n >>= 5
		}
		_, m := simulate(t, insurance{}, insuranceArgsOf(iterations{n: n}, insuranceModel{
			frequency: uint64(math.Ldexp(frequency, 32)), claimLimit: maxOutcome, totalLimit: maxOutcome}))
		near(t, "mean", m.mean, frequency, math.Sqrt(frequency/m.n))
		near(t, "variance", m.variance, frequency, math.Sqrt((frequency+2*frequency*frequency)/m.n))
	}
}

// TestLognormalMoments: a catastrophe in each iteration is one lognormal number.
func TestLognormalMoments(t *testing.T) {
	for _, c := range []struct{ mu, sigma, limit float64 }{{6, 1, 1 << 36}, {10, 1.5, 50_000}, {0, 0.5, 1 << 36}, {3, 2, 1_000}} {
		_, m := simulate(t, insurance{}, insuranceArgsOf(iterations{n: simulated}, insuranceModel{
			catProbability: certain, catMean: int64(math.Ldexp(c.mu, 24)), catSigma: int64(math.Ldexp(c.sigma, 24)),
			claimLimit: uint64(math.Ldexp(c.limit, 16)), totalLimit: maxOutcome}))
		first, second := limited(c.mu, c.sigma, c.limit)
		near(t, "limited expected value", m.mean, first, math.Sqrt((second-first*first)/m.n))
	}
}

// floatLoss is an iteration of the published example in floating point, by other methods.
func floatLoss(r *rand.Rand, totalLimit float64) float64 {
	total := 0.0
	for p := r.Float64(); p > math.Exp(-2); p *= r.Float64() {
		total += min(math.Exp(6+r.NormFloat64()), 50_000)
	}
	if r.Float64() < 0.02 {
		total += min(math.Exp(10+1.5*r.NormFloat64()), 50_000)
	}
	return min(total, totalLimit)
}

// sameDistribution compares the shares of outcomes up to some points with a sample.
func sameDistribution(t *testing.T, d *Distribution, sample, points []float64) {
	t.Helper()
	for _, x := range points {
		below := 0
		for _, s := range sample {
			if s <= x {
				below++
			}
		}
		want := float64(below) / float64(len(sample))
		in := d.AtMost(uint64(math.Ldexp(x, 16)))
		standardError := math.Sqrt(want * (1 - want) * (1/float64(len(sample)) + 1/float64(d.n)))
		low, high := float64(in.Low)/float64(d.n), float64(in.High)/float64(d.n)
		t.Logf("up to %v: %.6f to %.6f, in floating point %.6f ± %.6f", x, low, high, want, standardError)
		if low > want+sigmas*standardError || high < want-sigmas*standardError {
			t.Errorf("up to %v: %.6f to %.6f, in floating point %.6f ± %.6f", x, low, high, want, standardError)
		}
	}
}

// TestInsuranceMoments holds the published example against closed forms, and against a
// simulation in floating point with another generator.
func TestInsuranceMoments(t *testing.T) {
	model := insurancePlain
	model.totalLimit = maxOutcome
	d, m := simulate(t, insurance{}, insuranceArgsOf(iterations{n: simulated}, model))
	claim, claim2 := limited(6, 1, 50_000)
	cat, cat2 := limited(10, 1.5, 50_000)
	variance := 2*claim2 + 0.02*cat2 - 0.02*0.02*cat*cat
	near(t, "compound mean", m.mean, 2*claim+0.02*cat, math.Sqrt(variance/m.n))

	r := rand.New(rand.NewPCG(1, 2))
	sample, fourth := make([]float64, simulated), 0.0
	for i := range sample {
		sample[i] = floatLoss(r, math.Inf(1))
		fourth += math.Pow(sample[i]-m.mean, 4) / simulated
	}
	near(t, "compound variance", m.variance, variance, math.Sqrt((fourth-variance*variance)/m.n))
	sameDistribution(t, d, sample, []float64{0, 100, 500, 1_000, 2_000, 5_000, 20_000, 50_000, 60_000})
}

// TestInsuranceAggregateLimit holds the limit on an iteration against a simulation.
func TestInsuranceAggregateLimit(t *testing.T) {
	model := insurancePlain
	model.totalLimit = 3_000 << 16
	d, m := simulate(t, insurance{}, insuranceArgsOf(iterations{n: simulated}, model))
	r := rand.New(rand.NewPCG(3, 4))
	sample, mean, square := make([]float64, simulated), 0.0, 0.0
	for i := range sample {
		sample[i] = floatLoss(r, 3_000)
		mean += sample[i] / simulated
		square += sample[i] * sample[i] / simulated
	}
	near(t, "mean under the limit", m.mean, mean, math.Sqrt((m.variance+square-mean*mean)/m.n))
	sameDistribution(t, d, sample, []float64{100, 1_000, 2_000, 2_990, 3_000})
	if d.Max() != 3_000<<16 {
		t.Errorf("largest loss %d", d.Max())
	}
}

// TestETAMoments holds the published example against closed forms and a simulation.
func TestETAMoments(t *testing.T) {
	d, m := simulate(t, eta{}, etaArgsOf(iterations{n: simulated}, etaPlain))
	mean, variance := 3600+120+0.2*300+0.05*600, 60.0*60
	variance += 0.2*(120*120+300*300) - 60*60 + 0.05*(200*200+600*600) - 30*30
	near(t, "mean", m.mean, mean, math.Sqrt(variance/m.n))

	r := rand.New(rand.NewPCG(5, 6))
	sample, fourth := make([]float64, simulated), 0.0
	for i := range sample {
		x := 3720 + 60*r.NormFloat64()
		if r.Float64() < 0.2 {
			x += 300 + 120*r.NormFloat64()
		}
		if r.Float64() < 0.05 {
			x += 600 + 200*r.NormFloat64()
		}
		sample[i] = max(x, 0)
		fourth += math.Pow(x-mean, 4) / simulated
	}
	near(t, "variance", m.variance, variance, math.Sqrt((fourth-variance*variance)/m.n))
	sameDistribution(t, d, sample, []float64{3_550, 3_650, 3_720, 3_800, 4_000, 4_300, 4_800})
}

func BenchmarkInsurance(b *testing.B) {
	for name, frequency := range map[string]uint64{"2 claims": 2 << 32, "100 claims": 100 << 32} {
		b.Run(name, func(b *testing.B) {
			m := insurancePlain
			m.frequency = frequency
			benchmarkRun(b, insurance{}, insuranceArgsOf(iterations{n: 100_000}, m), nil)
		})
	}
}

func BenchmarkETA(b *testing.B) {
	benchmarkRun(b, eta{}, etaArgsOf(iterations{n: 200_000}, etaPlain), nil)
}

// TestProfileMemory holds runs and merges under the bound of docs/formats/replay.md section
// 7.1.1, on outcomes that are spread over as many buckets as possible.
func TestProfileMemory(t *testing.T) {
	args := insuranceArgsOf(iterations{n: 300_000}, insuranceModel{
		frequency: 1 << 32, claimMean: 7 << 24, claimSigma: 8 << 24, catProbability: certain, catMean: 7 << 24, catSigma: 8 << 24,
		claimLimit: maxOutcome, totalLimit: maxOutcome})
	allocated := func(f func()) uint64 {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		f()
		runtime.ReadMemStats(&after)
		return after.TotalAlloc - before.TotalAlloc
	}
	var shard ShardOutput
	used := allocated(func() { shard = ShardOutput{args, insurance{}.Run(Task{Args: args}).Output} })
	merging := allocated(func() {
		if _, err := (insurance{}).Merge([]ShardOutput{shard}); err != nil {
			t.Fatal(err)
		}
	})
	t.Logf("%d bytes of output; %d allocated by the run, %d by the merge", len(shard.Output), used, merging)
	if len(shard.Output) < 150_000 || used > 4<<20 || merging > 8<<20 {
		t.Errorf("%d bytes of output; %d allocated by the run, %d by the merge", len(shard.Output), used, merging)
	}
}
