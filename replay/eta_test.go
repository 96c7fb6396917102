package replay

import (
	"math"
	"math/big"
	"testing"

	"pgregory.net/rapid"
)

func etaArgsOf(it iterations, m etaModel) []byte {
	return profileArgsOf(it.n, m.base, m.traffic.mean, m.traffic.sigma, m.weather.probability, m.weather.mean, m.weather.sigma,
		m.incident.probability, m.incident.mean, m.incident.sigma, it.first)
}

func bigDelay(d delay, lo, hi uint32) *big.Int {
	x := new(big.Int).Mul(big.NewInt(d.sigma), big.NewInt(normal(uint64(lo)|uint64(hi)<<32)))
	return new(big.Int).Add(bigShift(x, 24), big.NewInt(d.mean))
}

func twinETA(seed [32]byte, it iterations, m etaModel) []byte {
	k0, k1 := workloadKey(seed)
	var times []*big.Int
	for i := range it.n {
		g := it.first + i
		x0, x1, x2, x3 := philox(uint32(g%(1<<32)), uint32(g>>32), 0, 0x6D630003, k0, k1)
		y0, y1, y2, y3 := philox(uint32(g%(1<<32)), uint32(g>>32), 1, 0x6D630003, k0, k1)
		total := new(big.Int).Add(big.NewInt(m.base), bigDelay(m.traffic, x0, x1))
		if uint64(x2) < m.weather.probability {
			total.Add(total, bigDelay(m.weather, y0, y1))
		}
		if uint64(x3) < m.incident.probability {
			total.Add(total, bigDelay(m.incident, y2, y3))
		}
		times = append(times, smaller(total, math.MaxUint64))
	}
	return twinDistribution(times)
}

func etaGen() *rapid.Generator[etaModel] {
	return rapid.Custom(func(t *rapid.T) etaModel {
		size := func(name string) delay {
			return delay{
				probability: rapid.OneOf(rapid.Uint64Range(0, certain), rapid.Just(uint64(certain))).Draw(t, name),
				mean:        rapid.OneOf(rapid.Int64Range(-maxDelayMean, maxDelayMean), rapid.Int64Range(0, 1000<<16)).Draw(t, name),
				sigma:       rapid.OneOf(rapid.Int64Range(0, maxDelayDeviation), rapid.Int64Range(0, 100<<16)).Draw(t, name),
			}
		}
		m := etaModel{base: rapid.Int64Range(0, maxDelayMean).Draw(t, "base"), traffic: size("traffic"), weather: size("weather"), incident: size("incident")}
		m.traffic.probability = certain
		return m
	})
}

func TestTwinETA(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		it, m := iterationsGen(t, 6), etaGen().Draw(t, "model")
		seed := [32]byte{rapid.Byte().Draw(t, "seed")}
		mustRun(t, eta{}, Task{Seed: seed, Args: etaArgsOf(it, m)}, twinETA(seed, it, m), 3*it.n)
	})
}

func TestShardingETA(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		it, m := iterationsGen(t, 6), etaGen().Draw(t, "model")
		var shards []Task
		from := 0
		for _, to := range cut(t, int(it.n)) {
			part := iterations{n: uint64(to - from), first: it.first + uint64(from)}
			shards = append(shards, Task{Args: etaArgsOf(part, m)})
			from = to
		}
		mustMerge(t, eta{}, Task{Args: etaArgsOf(it, m)}, shards)
	})
}

// etaPlain is the published example.
var etaPlain = etaModel{
	base: 3600 << 16, traffic: delay{certain, 120 << 16, 60 << 16},
	weather: delay{858_993_459, 300 << 16, 120 << 16}, incident: delay{214_748_365, 600 << 16, 200 << 16},
}

// TestETAEdges changes one argument at a time to its edge and one beyond.
func TestETAEdges(t *testing.T) {
	for i, c := range []struct {
		name     string
		low, top int64
	}{
		{"iterations", 1, 1 << 26}, {"base_eta", 0, 1 << 40}, {"traffic_mean", -1 << 40, 1 << 40}, {"traffic_std", 0, 1 << 36},
		{"weather_prob", 0, 1 << 32}, {"weather_mean", -1 << 40, 1 << 40}, {"weather_std", 0, 1 << 36},
		{"incident_prob", 0, 1 << 32}, {"incident_mean", -1 << 40, 1 << 40}, {"incident_std", 0, 1 << 36},
	} {
		for v, bad := range map[int64]string{c.low: "", c.top: "", c.low - 1: c.name, c.top + 1: c.name} {
			values := []any{int64(2), int64(1), int64(1), int64(1), int64(1), int64(1), int64(1), int64(1), int64(1), int64(1), uint64(0)}
			values[i] = v
			checkArgs(t, eta{}, c.name, profileArgsOf(values...), nil, bad)
		}
	}
	checkArgs(t, eta{}, "last", etaArgsOf(iterations{2, math.MaxUint64 - 1}, etaPlain), nil, "")
	checkArgs(t, eta{}, "beyond the last", etaArgsOf(iterations{2, math.MaxUint64}, etaPlain), nil, "first")
	if got := (eta{}).Run(Task{Args: etaArgsOf(iterations{2, 0}, etaPlain), Input: []byte{0}}); got.Field != "input" {
		t.Errorf("an input: %v %q", got.Status, got.Field)
	}
}

func TestMergeRefusesETA(t *testing.T) {
	p := eta{}
	shard := func(it iterations, change func(m *etaModel)) ShardOutput {
		m := etaPlain
		change(&m)
		args := etaArgsOf(it, m)
		return ShardOutput{args, p.Run(Task{Args: args}).Output}
	}
	same := func(*etaModel) {}
	first := shard(iterations{2, 0}, same)
	corrupt(t, p, first)
	refuse(t, p, "gap", first, shard(iterations{2, 3}, same))
	refuse(t, p, "overlap", first, shard(iterations{2, 1}, same))
	refuse(t, p, "wraps around", shard(iterations{2, math.MaxUint64 - 1}, same), first)
	refuse(t, p, "output of other arguments", ShardOutput{etaArgsOf(iterations{3, 0}, etaPlain), first.Output})
	for name, change := range map[string]func(m *etaModel){
		"base":                 func(m *etaModel) { m.base++ },
		"traffic mean":         func(m *etaModel) { m.traffic.mean++ },
		"traffic sigma":        func(m *etaModel) { m.traffic.sigma++ },
		"weather probability":  func(m *etaModel) { m.weather.probability++ },
		"weather mean":         func(m *etaModel) { m.weather.mean++ },
		"weather sigma":        func(m *etaModel) { m.weather.sigma++ },
		"incident probability": func(m *etaModel) { m.incident.probability++ },
		"incident mean":        func(m *etaModel) { m.incident.mean++ },
		"incident sigma":       func(m *etaModel) { m.incident.sigma++ },
	} {
		refuse(t, p, "other "+name, first, shard(iterations{2, 2}, change))
	}
}
