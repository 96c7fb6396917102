package replay

import (
	"math"
	"math/big"
	"testing"

	"github.com/forgepool/settle/codec"
	"pgregory.net/rapid"
)

// profileArgsOf encodes the integers at keys 1, 2, 3, ...
func profileArgsOf(values ...any) []byte {
	b := codec.AppendMap(nil, len(values))
	for i, v := range values {
		b = codec.AppendUint(b, uint64(i+1))
		switch x := v.(type) {
		case uint64:
			b = codec.AppendUint(b, x)
		case int64:
			b = codec.AppendInt(b, x)
		}
	}
	return b
}

func insuranceArgsOf(it iterations, m insuranceModel) []byte {
	return profileArgsOf(it.n, m.frequency, m.claimMean, m.claimSigma, m.catProbability, m.catMean, m.catSigma,
		m.claimLimit, m.totalLimit, it.first)
}

// bigExp is exp of docs/determinism.md section 4, step by step.
func bigExp(y *big.Int) *big.Int {
	limit := big.NewInt(expLimit)
	y = clampBig(y, new(big.Int).Neg(limit), limit)
	t := bigShift(new(big.Int).Mul(y, big.NewInt(12_392_656_037)), 25)
	e := bigShift(t, 32).Int64()
	switch {
	case e >= 36:
		return new(big.Int).Lsh(big.NewInt(1), 52)
	case e < -17:
		return new(big.Int)
	}
	f := new(big.Int).Sub(t, new(big.Int).Lsh(big.NewInt(e), 32)).Int64()
	m := big.NewInt(int64(exp2Table[f>>24]))
	x := bigShift(new(big.Int).Mul(big.NewInt(f%(1<<24)), big.NewInt(2_977_044_472)), 32)
	x = new(big.Int).Add(x, bigShift(new(big.Int).Mul(x, x), 33))
	m = new(big.Int).Add(m, bigShift(new(big.Int).Mul(m, x), 32))
	if e >= 15 {
		return m.Lsh(m, uint(e-15))
	}
	return bigShift(m, uint(15-e))
}

// bigPoisson is poisson of docs/determinism.md section 5, without a table.
func bigPoisson(mean, u uint64) int {
	lambda := new(big.Int).SetUint64(mean)
	one, mode := new(big.Int).Lsh(big.NewInt(1), 32), int(mean>>32)
	weights := map[int]*big.Int{mode: new(big.Int).Lsh(big.NewInt(1), 56)}
	for k := mode; weights[k].Sign() > 0; k++ {
		w := new(big.Int).Mul(weights[k], lambda)
		weights[k+1] = w.Div(w, new(big.Int).Mul(big.NewInt(int64(k+1)), one))
	}
	for k := mode; k > 0 && weights[k].Sign() > 0; k-- {
		w := new(big.Int).Mul(weights[k], new(big.Int).Mul(big.NewInt(int64(k)), one))
		weights[k-1] = w.Div(w, lambda)
	}
	v := new(big.Int)
	for _, w := range weights {
		v.Add(v, w)
	}
	v = bigShift(v.Mul(v, new(big.Int).SetUint64(u)), 64)
	for k := 0; ; k++ {
		if w, ok := weights[k]; ok {
			if v.Sub(v, w).Sign() < 0 {
				return k
			}
		}
	}
}

func bigLognormal(mean, sigma int64, lo, hi uint32) *big.Int {
	y := new(big.Int).Mul(big.NewInt(sigma), big.NewInt(normal(uint64(lo)|uint64(hi)<<32)))
	return bigExp(new(big.Int).Add(big.NewInt(mean), bigShift(y, 24)))
}

func smaller(x *big.Int, limit uint64) *big.Int {
	return clampBig(x, new(big.Int), new(big.Int).SetUint64(limit))
}

// twinDistribution is the distribution of outcomes, from its definition.
func twinDistribution(list []*big.Int) []byte {
	sum, squares, counts := new(big.Int), new(big.Int), map[int]uint64{}
	low, high := list[0], list[0]
	for _, x := range list {
		sum.Add(sum, x)
		squares.Add(squares, bigShift(new(big.Int).Mul(x, x), 16))
		s := max(x.BitLen()-11, 0)
		counts[1024*s+int(bigShift(x, uint(s)).Int64())]++
		if x.Cmp(low) < 0 {
			low = x
		}
		if x.Cmp(high) > 0 {
			high = x
		}
	}
	b := codec.AppendUint([]byte{0x86}, uint64(len(list)))
	b = codec.AppendBytes(b, sum.FillBytes(make([]byte, 16)))
	b = codec.AppendBytes(b, squares.FillBytes(make([]byte, 16)))
	b = codec.AppendUint(codec.AppendUint(b, low.Uint64()), high.Uint64())
	b = codec.AppendArray(b, len(counts))
	for i := range bucketCount {
		if c := counts[i]; c > 0 {
			b = codec.AppendUint(codec.AppendUint(append(b, 0x82), uint64(i)), c)
		}
	}
	return b
}

func twinInsurance(seed [32]byte, it iterations, m insuranceModel) []byte {
	k0, k1 := workloadKey(seed)
	var losses []*big.Int
	for i := range it.n {
		g := it.first + i
		block := func(j int) [4]uint32 {
			x0, x1, x2, x3 := philox(uint32(g%(1<<32)), uint32(g>>32), uint32(j), 0x6D630002, k0, k1)
			return [4]uint32{x0, x1, x2, x3}
		}
		x, total := block(0), new(big.Int)
		if uint64(x[2]) < m.catProbability {
			y := block(1)
			total.Add(total, smaller(bigLognormal(m.catMean, m.catSigma, y[0], y[1]), m.claimLimit))
		}
		for c := range bigPoisson(m.frequency, uint64(x[0])|uint64(x[1])<<32) {
			z := block(2 + c/2)
			h := c % 2 * 2
			total.Add(total, smaller(bigLognormal(m.claimMean, m.claimSigma, z[h], z[h+1]), m.claimLimit))
		}
		losses = append(losses, smaller(total, m.totalLimit))
	}
	return twinDistribution(losses)
}

func iterationsGen(t *rapid.T, most uint64) iterations {
	it := iterations{n: rapid.Uint64Range(1, most).Draw(t, "n")}
	it.first = rapid.OneOf(rapid.Uint64Max(1<<20), rapid.Uint64(), rapid.Just(-it.n)).Draw(t, "first")
	it.first = min(it.first, -it.n)
	return it
}

func insuranceGen() *rapid.Generator[insuranceModel] {
	return rapid.Custom(func(t *rapid.T) insuranceModel {
		mean := func(name string) int64 {
			return rapid.OneOf(rapid.Int64Range(-maxLogMean, maxLogMean), rapid.Int64Range(0, 12<<24)).Draw(t, name)
		}
		sigma := func(name string) int64 { return rapid.Int64Range(0, maxLogDeviation).Draw(t, name) }
		limit := func(name string) uint64 {
			return rapid.OneOf(rapid.Uint64Range(1, maxOutcome), rapid.Just(uint64(maxOutcome))).Draw(t, name)
		}
		return insuranceModel{
			frequency: rapid.OneOf(rapid.Uint64Range(0, 6<<32), rapid.Uint64Range(0, maxPoissonMean)).Draw(t, "frequency"),
			claimMean: mean("claim mean"), claimSigma: sigma("claim sigma"),
			catProbability: rapid.Uint64Range(0, certain).Draw(t, "probability"),
			catMean:        mean("cat mean"), catSigma: sigma("cat sigma"),
			claimLimit: limit("claim limit"), totalLimit: limit("total limit"),
		}
	})
}

func TestTwinInsurance(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		it, m := iterationsGen(t, 4), insuranceGen().Draw(t, "model")
		seed := [32]byte{rapid.Byte().Draw(t, "seed")}
		units := it.n * (2 + (m.frequency+1<<32-1)/(1<<32))
		mustRun(t, insurance{}, Task{Seed: seed, Args: insuranceArgsOf(it, m)}, twinInsurance(seed, it, m), units)
	})
}

func TestShardingInsurance(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		it, m := iterationsGen(t, 6), insuranceGen().Draw(t, "model")
		var shards []Task
		from := 0
		for _, to := range cut(t, int(it.n)) {
			part := iterations{n: uint64(to - from), first: it.first + uint64(from)}
			shards = append(shards, Task{Args: insuranceArgsOf(part, m)})
			from = to
		}
		mustMerge(t, insurance{}, Task{Args: insuranceArgsOf(it, m)}, shards)
	})
}

// insurancePlain is the published example.
var insurancePlain = insuranceModel{
	frequency: 2 << 32, claimMean: 6 << 24, claimSigma: 1 << 24, catProbability: 85_899_346, catMean: 10 << 24, catSigma: 3 << 23,
	claimLimit: 50_000 << 16, totalLimit: 250_000 << 16,
}

// TestInsuranceEdges changes one argument at a time to its edge and one beyond.
func TestInsuranceEdges(t *testing.T) {
	for i, c := range []struct {
		name     string
		low, top int64
	}{
		{"iterations", 1, 1 << 26}, {"claim_freq", 0, 1 << 42}, {"claim_severity_mu", -1 << 29, 1 << 29}, {"claim_severity_sig", 0, 1 << 27},
		{"cat_prob", 0, 1 << 32}, {"cat_mu", -1 << 29, 1 << 29}, {"cat_sig", 0, 1 << 27}, {"policy_limit", 1, 1 << 52}, {"aggregate_limit", 1, 1 << 52},
	} {
		for v, bad := range map[int64]string{c.low: "", c.top: "", c.low - 1: c.name, c.top + 1: c.name} {
			values := []any{int64(2), int64(1), int64(1), int64(1), int64(1), int64(1), int64(1), int64(1), int64(1), uint64(0)}
			values[i] = v
			checkArgs(t, insurance{}, c.name, profileArgsOf(values...), nil, bad)
		}
	}
	checkArgs(t, insurance{}, "last", insuranceArgsOf(iterations{2, math.MaxUint64 - 1}, insurancePlain), nil, "")
	checkArgs(t, insurance{}, "beyond the last", insuranceArgsOf(iterations{2, math.MaxUint64}, insurancePlain), nil, "first")
	if got := (insurance{}).Run(Task{Args: insuranceArgsOf(iterations{2, 0}, insurancePlain), Input: []byte{0}}); got.Field != "input" {
		t.Errorf("an input: %v %q", got.Status, got.Field)
	}
}

func TestMergeRefusesInsurance(t *testing.T) {
	p := insurance{}
	shard := func(it iterations, change func(m *insuranceModel)) ShardOutput {
		m := insurancePlain
		change(&m)
		args := insuranceArgsOf(it, m)
		return ShardOutput{args, p.Run(Task{Args: args}).Output}
	}
	same := func(*insuranceModel) {}
	first := shard(iterations{2, 0}, same)
	corrupt(t, p, first)
	refuse(t, p, "gap", first, shard(iterations{2, 3}, same))
	refuse(t, p, "overlap", first, shard(iterations{2, 1}, same))
	refuse(t, p, "wraps around", shard(iterations{2, math.MaxUint64 - 1}, same), first)
	refuse(t, p, "output of other arguments", ShardOutput{insuranceArgsOf(iterations{3, 0}, insurancePlain), first.Output})
	for name, change := range map[string]func(m *insuranceModel){
		"frequency":       func(m *insuranceModel) { m.frequency++ },
		"claim mean":      func(m *insuranceModel) { m.claimMean++ },
		"claim sigma":     func(m *insuranceModel) { m.claimSigma++ },
		"cat probability": func(m *insuranceModel) { m.catProbability++ },
		"cat mean":        func(m *insuranceModel) { m.catMean++ },
		"cat sigma":       func(m *insuranceModel) { m.catSigma++ },
		"claim limit":     func(m *insuranceModel) { m.claimLimit++ },
		"total limit":     func(m *insuranceModel) { m.totalLimit++ },
	} {
		refuse(t, p, "other "+name, first, shard(iterations{2, 2}, change))
	}
}
