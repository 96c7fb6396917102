package replay

import (
	"encoding/binary"
	"maps"
	"math"
	"slices"
	"testing"

	"github.com/forgepool/settle/codec"
	"github.com/zeebo/blake3"
	"pgregory.net/rapid"
)

type edge struct{ from, to uint32 }

// csr returns the input of graph@1 for a set of edges.
func csr(n uint32, edges map[edge]bool) []byte {
	list := slices.SortedFunc(maps.Keys(edges), func(a, b edge) int {
		if a.from != b.from {
			return int(a.from) - int(b.from)
		}
		return int(a.to) - int(b.to)
	})
	b := binary.LittleEndian.AppendUint32(nil, n)
	b = binary.LittleEndian.AppendUint32(b, uint32(len(list)))
	for v, i := uint32(0), 0; v <= n; v++ {
		for i < len(list) && list[i].from < v {
			i++
		}
		b = binary.LittleEndian.AppendUint32(b, uint32(i))
	}
	for _, e := range list {
		b = binary.LittleEndian.AppendUint32(b, e.to)
	}
	return b
}

func graph200() []byte {
	r := rnd(1, 12_800)
	edges := make(map[edge]bool)
	for i := range 1600 {
		x, y := u32At(r, uint64(2*i)), u32At(r, uint64(2*i+1))
		if u := x % 200; u%11 != 0 {
			edges[edge{u, (y % 200) * (y%7 + 1) / 7}] = true
		}
	}
	return csr(200, edges)
}

// graphArgsOf encodes arguments of graph@1.
func graphArgsOf(a graphArgs) []byte {
	b := codec.AppendUint(codec.AppendUint(codec.AppendMap(nil, 4), 1), a.steps)
	b = codec.AppendUint(codec.AppendUint(b, 2), a.damp)
	b = codec.AppendArray(codec.AppendUint(b, 3), len(a.seeds))
	for _, s := range a.seeds {
		b = codec.AppendUint(b, uint64(s))
	}
	return codec.AppendUint(codec.AppendUint(b, 4), uint64(a.top))
}

func twinGraph(a graphArgs, n int, out [][]int) []byte {
	seeds := a.seeds
	if len(seeds) == 0 {
		for v := range n {
			seeds = append(seeds, uint32(v))
		}
	}
	r := make([]uint64, n)
	spread := func(x uint64) {
		for i, v := range seeds {
			r[v] += x / uint64(len(seeds))
			if uint64(i) < x%uint64(len(seeds)) {
				r[v]++
			}
		}
	}
	spread(1 << 46)
	for range a.steps {
		in := make([]uint64, n)
		for u := range out {
			for _, v := range out[u] {
				in[v] += r[u] / uint64(len(out[u]))
			}
		}
		left := uint64(1 << 46)
		for v := range r {
			r[v] = in[v] * a.damp / 65_536
			left -= r[v]
		}
		spread(left)
	}
	var le []byte
	var top []ranked
	for v, x := range r {
		le = binary.LittleEndian.AppendUint64(le, x)
		if x > 0 {
			top = append(top, ranked{uint64(v), x})
		}
	}
	sum := blake3.Sum256(le)
	return appendTwinRanking(codec.AppendBytes(codec.AppendUint([]byte{0x83}, uint64(n)), sum[:]), top, a.top)
}

func TestTwinGraph(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 12).Draw(t, "vertices")
		edges, out := make(map[edge]bool), make([][]int, n)
		for range rapid.IntRange(0, 30).Draw(t, "edges") {
			edges[edge{uint32(rapid.IntRange(0, n-1).Draw(t, "from")), uint32(rapid.IntRange(0, n-1).Draw(t, "to"))}] = true
		}
		for e := range edges {
			out[e.from] = append(out[e.from], int(e.to))
		}
		a := graphArgs{
			steps: rapid.Uint64Range(1, 6).Draw(t, "steps"),
			damp:  rapid.Uint64Range(0, graphMaxDamp).Draw(t, "damp"),
			top:   rapid.IntRange(0, 15).Draw(t, "top"),
		}
		for v := range uint32(n) {
			if rapid.Bool().Draw(t, "seed") {
				a.seeds = append(a.seeds, v)
			}
		}
		units := a.steps * uint64(n+len(edges))
		mustRun(t, pageRank{}, Task{Args: graphArgsOf(a), Input: csr(uint32(n), edges)}, twinGraph(a, n, out), units)
	})
}

func upTo(n int) []uint32 {
	s := make([]uint32, n)
	for i := range s {
		s[i] = uint32(i)
	}
	return s
}

func TestGraphEdges(t *testing.T) {
	plain := graphArgs{steps: 1, top: 1}
	set := func(change func(a *graphArgs)) graphArgs { a := plain; change(&a); return a }
	input := csr(5000, map[edge]bool{{0, 4999}: true, {0, 0}: true})
	for _, c := range []struct {
		name string
		args graphArgs
		bad  string
	}{
		{"plain", plain, ""},
		{"no step", set(func(a *graphArgs) { a.steps = 0 }), "steps"},
		{"most steps", set(func(a *graphArgs) { a.steps = 256 }), ""},
		{"too many steps", set(func(a *graphArgs) { a.steps = 257 }), "steps"},
		{"highest damp", set(func(a *graphArgs) { a.damp = 65_535 }), ""},
		{"damp too high", set(func(a *graphArgs) { a.damp = 65_536 }), "damp"},
		{"most seeds", set(func(a *graphArgs) { a.seeds = upTo(4096) }), ""},
		{"too many seeds", set(func(a *graphArgs) { a.seeds = upTo(4097) }), "seeds"},
		{"seed twice", set(func(a *graphArgs) { a.seeds = []uint32{7, 7} }), "seeds"},
		{"longest ranking", set(func(a *graphArgs) { a.top = 4096 }), ""},
		{"ranking too long", set(func(a *graphArgs) { a.top = 4097 }), "topk"},
		{"seed beyond any graph", set(func(a *graphArgs) { a.seeds = []uint32{1 << 24} }), "seeds"},
	} {
		checkArgs(t, pageRank{}, c.name, graphArgsOf(c.args), input, c.bad)
	}
	last := graphArgsOf(set(func(a *graphArgs) { a.seeds = []uint32{4999} }))
	checkArgs(t, pageRank{}, "seed is the last vertex", last, input, "")
	beyond := graphArgsOf(set(func(a *graphArgs) { a.seeds = []uint32{5000} }))
	if got := (pageRank{}).Run(Task{Args: beyond, Input: input}); got.Field != "seeds" {
		t.Errorf("seed beyond the last vertex: %v %q", got.Status, got.Field)
	}
}

// TestGraphInputs has a name for each way in which an input can be wrong.
func TestGraphInputs(t *testing.T) {
	u32s := func(x ...uint32) (b []byte) {
		for _, v := range x {
			b = binary.LittleEndian.AppendUint32(b, v)
		}
		return b
	}
	args := graphArgsOf(graphArgs{steps: 1})
	for name, c := range map[string]struct {
		input []byte
		bad   string
	}{
		"one vertex":              {u32s(1, 0, 0, 0), ""},
		"self-loops":              {u32s(2, 2, 0, 1, 2, 0, 1), ""},
		"empty":                   {nil, "input"},
		"half a head":             {u32s(1), "input"},
		"no vertex":               {u32s(0, 0, 0), "vertices"},
		"too many vertices":       {u32s(1<<24+1, 0), "vertices"},
		"edges beyond the input":  {u32s(1, math.MaxUint32, 0, 0), "input"},
		"one byte short":          {u32s(1, 0, 0, 0)[:15], "input"},
		"one word over":           {u32s(1, 0, 0, 0, 0), "input"},
		"first offset not 0":      {u32s(1, 1, 1, 1, 0), "offsets"},
		"last offset not m":       {u32s(1, 1, 0, 0, 0), "offsets"},
		"offsets fall":            {u32s(3, 2, 0, 2, 1, 2, 0, 1), "offsets"},
		"offset beyond the edges": {u32s(2, 1, 0, 9, 1, 0), "offsets"},
		"target is n":             {u32s(1, 1, 0, 1, 1), "targets"},
		"target twice":            {u32s(2, 2, 0, 2, 2, 1, 1), "targets"},
		"targets fall":            {u32s(2, 2, 0, 2, 2, 1, 0), "targets"},
	} {
		got := pageRank{}.Run(Task{Args: args, Input: c.input})
		if (got.Status == OK) != (c.bad == "") || got.Field != c.bad {
			t.Errorf("%s: %v %q, want field %q", name, got.Status, got.Field, c.bad)
		}
	}
}
