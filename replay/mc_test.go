package replay

import (
	"math"
	"math/big"
	"slices"
	"testing"

	"github.com/forgepool/settle/codec"
	"pgregory.net/rapid"
)

// mcArgsOf encodes arguments of mc@1.
func mcArgsOf(a mcArgs) []byte {
	b := codec.AppendMap(nil, 9)
	b = codec.AppendUint(codec.AppendUint(b, 1), a.paths)
	b = codec.AppendUint(codec.AppendUint(b, 2), a.steps)
	b = codec.AppendInt(codec.AppendUint(b, 3), a.start)
	b = codec.AppendInt(codec.AppendUint(b, 4), a.drift)
	b = codec.AppendInt(codec.AppendUint(b, 5), a.vol)
	b = codec.AppendUint(codec.AppendUint(b, 6), a.kind)
	b = codec.AppendInt(codec.AppendUint(b, 7), a.strike)
	b = codec.AppendUint(codec.AppendUint(b, 8), a.first)
	b = codec.AppendArray(codec.AppendUint(b, 9), 3)
	b = codec.AppendUint(codec.AppendInt(b, a.lo), a.width)
	return codec.AppendUint(b, uint64(a.bins))
}

func bigShift(x *big.Int, n uint) *big.Int { return new(big.Int).Rsh(x, n) } // floor, also below zero

func clampBig(x, lo, hi *big.Int) *big.Int {
	if x.Cmp(lo) < 0 {
		return lo
	}
	if x.Cmp(hi) > 0 {
		return hi
	}
	return x
}

func twinMC(seed [32]byte, a mcArgs) []byte {
	k0, k1 := workloadKey(seed)
	top := new(big.Int).Lsh(big.NewInt(1), 36)
	low := new(big.Int).Neg(top)
	if a.kind == mcGeometric {
		low = new(big.Int)
	}
	pay, square, counts := new(big.Int), new(big.Int), make([]uint64, a.bins+2)
	var ends []int64
	for p := range a.paths {
		g := a.first + p
		s := big.NewInt(a.start)
		for t := range a.steps {
			x0, x1, x2, x3 := philox(uint32(g%(1<<32)), uint32(g>>32), uint32(t>>1), 0x6D630001, k0, k1)
			u := uint64(x0) | uint64(x1)<<32
			if t%2 == 1 {
				u = uint64(x2) | uint64(x3)<<32
			}
			inc := new(big.Int).Mul(big.NewInt(a.vol), big.NewInt(normal(u)))
			inc = bigShift(inc, 24)
			inc.Add(inc, big.NewInt(a.drift))
			if a.kind == mcGeometric {
				inc = bigShift(inc.Mul(inc, s), 24)
			}
			s = clampBig(new(big.Int).Add(s, inc), low, top)
		}
		end := s.Int64()
		ends = append(ends, end)
		if end > a.strike {
			x := big.NewInt(end - a.strike)
			pay.Add(pay, x)
			square.Add(square, new(big.Int).Mul(x, x))
		}
		bin := 0
		if end >= a.lo {
			bin = min(int((end-a.lo)/int64(a.width)), a.bins) + 1
		}
		counts[bin]++
	}
	b := codec.AppendUint([]byte{0x86}, a.paths)
	b = codec.AppendBytes(b, pay.FillBytes(make([]byte, 16)))
	b = codec.AppendBytes(b, square.FillBytes(make([]byte, 16)))
	b = codec.AppendInt(codec.AppendInt(b, slices.Min(ends)), slices.Max(ends))
	b = codec.AppendArray(b, len(counts))
	for _, c := range counts {
		b = codec.AppendUint(b, c)
	}
	return b
}

func mcArgsGen() *rapid.Generator[mcArgs] {
	return rapid.Custom(func(t *rapid.T) mcArgs {
		price := func(name string, lo int64) int64 {
			return rapid.OneOf(rapid.Int64Range(lo, mcMaxPrice), rapid.SampledFrom([]int64{lo, 0, mcMaxPrice})).Draw(t, name)
		}
		a := mcArgs{kind: rapid.Uint64Range(0, 1).Draw(t, "kind")}
		a.paths = rapid.Uint64Range(1, 9).Draw(t, "paths")
		a.steps = rapid.Uint64Range(1, 9).Draw(t, "steps")
		a.start = price("start", -mcMaxPrice*int64(1-a.kind))
		a.drift = rapid.Int64Range(-mcMaxRate, mcMaxRate).Draw(t, "drift")
		a.vol = rapid.Int64Range(0, mcMaxRate).Draw(t, "vol")
		a.strike = price("strike", -mcMaxPrice)
		a.first = rapid.OneOf(rapid.Uint64Max(1<<20), rapid.Uint64(), rapid.Just(-a.paths)).Draw(t, "first")
		a.first = min(a.first, -a.paths)
		a.lo = price("lo", -mcMaxPrice)
		a.width = rapid.Uint64Range(1, mcMaxWidth).Draw(t, "width")
		a.bins = rapid.IntRange(1, mcMaxBins).Draw(t, "bins")
		return a
	})
}

func TestTwinMC(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a := mcArgsGen().Draw(t, "args")
		seed := [32]byte{rapid.Byte().Draw(t, "seed")}
		mustRun(t, monteCarlo{}, Task{Seed: seed, Args: mcArgsOf(a)}, twinMC(seed, a), a.paths*a.steps)
	})
}

var mcPlain = mcArgs{paths: 1, steps: 1, width: 1, bins: 1}

// TestMCEdges changes one argument at a time to its edge and one beyond.
func TestMCEdges(t *testing.T) {
	set := func(change func(a *mcArgs)) mcArgs { a := mcPlain; change(&a); return a }
	for _, c := range []struct {
		name string
		args mcArgs
		bad  string
	}{
		{"plain", mcPlain, ""},
		{"no path", set(func(a *mcArgs) { a.paths = 0 }), "paths"},
		{"most paths", set(func(a *mcArgs) { a.paths = 1 << 26 }), ""},
		{"too many paths", set(func(a *mcArgs) { a.paths = 1<<26 + 1 }), "paths"},
		{"no step", set(func(a *mcArgs) { a.steps = 0 }), "steps"},
		{"most steps", set(func(a *mcArgs) { a.steps = 4096 }), ""},
		{"too many steps", set(func(a *mcArgs) { a.steps = 4097 }), "steps"},
		{"lowest start", set(func(a *mcArgs) { a.start = -1 << 36 }), ""},
		{"start too low", set(func(a *mcArgs) { a.start = -1<<36 - 1 }), "start"},
		{"highest start", set(func(a *mcArgs) { a.start = 1 << 36 }), ""},
		{"start too high", set(func(a *mcArgs) { a.start = 1<<36 + 1 }), "start"},
		{"start below zero, geometric", set(func(a *mcArgs) { a.start, a.kind = -1, 1 }), "start"},
		{"lowest drift", set(func(a *mcArgs) { a.drift = -1 << 23 }), ""},
		{"drift too low", set(func(a *mcArgs) { a.drift = -1<<23 - 1 }), "drift"},
		{"highest drift", set(func(a *mcArgs) { a.drift = 1 << 23 }), ""},
		{"drift too high", set(func(a *mcArgs) { a.drift = 1<<23 + 1 }), "drift"},
		{"vol below zero", set(func(a *mcArgs) { a.vol = -1 }), "vol"},
		{"highest vol", set(func(a *mcArgs) { a.vol = 1 << 23 }), ""},
		{"vol too high", set(func(a *mcArgs) { a.vol = 1<<23 + 1 }), "vol"},
		{"unknown kind", set(func(a *mcArgs) { a.kind = 2 }), "kind"},
		{"lowest strike", set(func(a *mcArgs) { a.strike = -1 << 36 }), ""},
		{"strike too low", set(func(a *mcArgs) { a.strike = -1<<36 - 1 }), "strike"},
		{"highest strike", set(func(a *mcArgs) { a.strike = 1 << 36 }), ""},
		{"strike too high", set(func(a *mcArgs) { a.strike = 1<<36 + 1 }), "strike"},
		{"last path is the last", set(func(a *mcArgs) { a.first = math.MaxUint64 }), ""},
		{"path beyond the last", set(func(a *mcArgs) { a.first, a.paths = math.MaxUint64, 2 }), "first"},
		{"lowest bin", set(func(a *mcArgs) { a.lo = -1 << 36 }), ""},
		{"bin too low", set(func(a *mcArgs) { a.lo = -1<<36 - 1 }), "bins"},
		{"highest bin", set(func(a *mcArgs) { a.lo = 1 << 36 }), ""},
		{"bin too high", set(func(a *mcArgs) { a.lo = 1<<36 + 1 }), "bins"},
		{"width 0", set(func(a *mcArgs) { a.width = 0 }), "bins"},
		{"widest", set(func(a *mcArgs) { a.width = 1 << 37 }), ""},
		{"too wide", set(func(a *mcArgs) { a.width = 1<<37 + 1 }), "bins"},
		{"no bin", set(func(a *mcArgs) { a.bins = 0 }), "bins"},
		{"most bins", set(func(a *mcArgs) { a.bins = 1024 }), ""},
		{"too many bins", set(func(a *mcArgs) { a.bins = 1025 }), "bins"},
	} {
		checkArgs(t, monteCarlo{}, c.name, mcArgsOf(c.args), nil, c.bad)
	}
}

func TestShardingMC(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a := mcArgsGen().Draw(t, "args")
		var shards []Task
		from := 0
		for _, to := range cut(t, int(a.paths)) {
			s := a
			s.first, s.paths = a.first+uint64(from), uint64(to-from)
			shards = append(shards, Task{Args: mcArgsOf(s)})
			from = to
		}
		mustMerge(t, monteCarlo{}, Task{Args: mcArgsOf(a)}, shards)
	})
}

func TestMergeRefusesMC(t *testing.T) {
	p := monteCarlo{}
	shard := func(change func(a *mcArgs)) ShardOutput {
		a := mcArgs{paths: 2, steps: 3, start: 100, vol: 9, kind: 0, width: 5, bins: 2}
		change(&a)
		return ShardOutput{mcArgsOf(a), p.Run(Task{Args: mcArgsOf(a)}).Output}
	}
	first := shard(func(*mcArgs) {})
	corrupt(t, p, first)
	for name, change := range map[string]func(a *mcArgs){
		"gap":           func(a *mcArgs) { a.first = 3 },
		"overlap":       func(a *mcArgs) { a.first = 1 },
		"other steps":   func(a *mcArgs) { a.steps++ },
		"other start":   func(a *mcArgs) { a.start++ },
		"other drift":   func(a *mcArgs) { a.drift++ },
		"other vol":     func(a *mcArgs) { a.vol++ },
		"other kind":    func(a *mcArgs) { a.kind = 1 },
		"other strike":  func(a *mcArgs) { a.strike++ },
		"other low bin": func(a *mcArgs) { a.lo++ },
		"other width":   func(a *mcArgs) { a.width++ },
		"other bins":    func(a *mcArgs) { a.bins++ },
	} {
		refuse(t, p, name, first, shard(func(a *mcArgs) { a.first = 2; change(a) }))
	}
	last := shard(func(a *mcArgs) { a.first = -a.paths })
	refuse(t, p, "paths wrap around", last, first)

	a, _ := parseMC(first.Args)
	for name, change := range map[string]func(m *mcSums){
		"other number of paths": func(m *mcSums) { m.paths = 3 },
		"counter missing":       func(m *mcSums) { m.counts = m.counts[1:] },
	} {
		m, err := decodeMC(first.Output, &a)
		if err != nil {
			t.Fatal(err)
		}
		change(m)
		refuse(t, p, name, ShardOutput{first.Args, m.encode()})
	}
	for name, change := range map[string]func(m *mcSums){
		"sum":     func(m *mcSums) { m.pay = wide{1 << 63, 0} },
		"squares": func(m *mcSums) { m.square = wide{1 << 63, 0} },
		"counter": func(m *mcSums) { m.counts[3] = 1 << 63 },
	} {
		m, _ := decodeMC(first.Output, &a)
		change(m)
		next := shard(func(a *mcArgs) { a.first = 2 })
		refuse(t, p, name+" overflows", ShardOutput{first.Args, m.encode()}, ShardOutput{next.Args, m.encode()})
	}
}
