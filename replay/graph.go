package replay

import (
	"encoding/binary"

	"github.com/forgepool/settle/codec"
	"github.com/zeebo/blake3"
)

// Limits of docs/formats/replay.md section 7.2.
const (
	graphMaxSteps    = 256
	graphMaxDamp     = 65_535
	graphMaxSeeds    = 4096
	graphMaxVertices = 1 << 24
	graphMass        = 1 << 46 // what all ranks add up to
)

// pageRank is graph@1 pagerank.v1: personalised PageRank that loses no mass.
type pageRank struct{}

type graphArgs struct {
	steps uint64
	damp  uint64   // Q16
	seeds []uint32 // strictly ascending, empty = all vertices
	top   int
}

// graph is a directed graph in compressed rows, read in place.
type graph struct {
	n, m     uint64
	off, dst []byte // u32[n+1], u32[m], little-endian
}

// Name implements Program.
func (pageRank) Name() ProgramName { return ProgramName{"graph", 1, "pagerank.v1"} }

// Units implements Program: steps times vertices and edges.
func (pageRank) Units(args, input []byte) (uint64, bool) {
	a, bad := parseGraphArgs(args)
	g, badInput := parseGraphHead(input)
	return a.steps * (g.n + g.m), bad == "" && badInput == ""
}

// Run implements Program.
func (pageRank) Run(task Task) Result {
	a, bad := parseGraphArgs(task.Args)
	if bad != "" {
		return invalid(bad)
	}
	g, bad := parseGraphHead(task.Input)
	if bad != "" {
		return invalid(bad)
	}
	if len(a.seeds) > 0 && uint64(a.seeds[len(a.seeds)-1]) >= g.n {
		return invalid("seeds")
	}
	units := a.steps * (g.n + g.m)
	if task.overLimit(units) {
		return Result{Status: OverLimit}
	}
	if bad := g.check(); bad != "" {
		return invalid(bad)
	}
	return finish(a.encode(g.propagate(&a)), units)
}

// Merge implements Program: shards differ in their seeds, each output stands for itself.
func (pageRank) Merge(shards []ShardOutput) ([]byte, error) { return MergeHashes(shards), nil }

// NewMerger implements Program.
func (pageRank) NewMerger() Merger { return NewHashMerger() }

func parseGraphArgs(args []byte) (a graphArgs, bad string) {
	r := readArgs(args, 4)
	a.steps = r.uint(1, "steps", 1, graphMaxSteps)
	a.damp = r.uint(2, "damp", 0, graphMaxDamp)
	n := r.array(3, "seeds", graphMaxSeeds)
	a.seeds = make([]uint32, n)
	for i := range a.seeds {
		v := r.r.Uint()
		r.check("seeds", v < graphMaxVertices && (i == 0 || v > uint64(a.seeds[i-1])))
		a.seeds[i] = uint32(v)
	}
	a.top = int(r.uint(4, "topk", 0, maxTop))
	return a, r.done()
}

// parseGraphHead reads the sizes and requires the input to have exactly that length.
func parseGraphHead(input []byte) (g graph, bad string) {
	if len(input) < 8 || len(input) > MaxInput {
		return g, "input"
	}
	g.n = uint64(binary.LittleEndian.Uint32(input))
	g.m = uint64(binary.LittleEndian.Uint32(input[4:]))
	if g.n == 0 || g.n > graphMaxVertices {
		return g, "vertices"
	}
	if uint64(len(input)) != 8+4*(g.n+1)+4*g.m {
		return g, "input"
	}
	g.off = input[8 : 8+4*(g.n+1)]
	g.dst = input[8+4*(g.n+1):]
	return g, ""
}

// check walks all rows: offsets do not fall, targets exist and ascend within a row.
func (g *graph) check() string {
	from := u32At(g.off, 0)
	if from != 0 || uint64(u32At(g.off, g.n)) != g.m {
		return "offsets"
	}
	for u := range g.n {
		to := u32At(g.off, u+1)
		if to < from || uint64(to) > g.m {
			return "offsets"
		}
		next := uint64(0) // smallest target that may follow
		for row := g.dst[4*uint64(from) : 4*uint64(to)]; len(row) >= 4; row = row[4:] {
			v := uint64(binary.LittleEndian.Uint32(row))
			if v < next || v >= g.n {
				return "targets"
			}
			next = v + 1
		}
		from = to
	}
	return ""
}

// propagate returns the ranks after all steps. g has passed check.
func (g *graph) propagate(a *graphArgs) []uint64 {
	rank := make([]uint64, g.n)
	in := make([]uint64, g.n)
	a.spread(rank, graphMass)
	for range a.steps {
		clear(in)
		g.push(rank, in)
		left := uint64(graphMass)
		for v, x := range in {
			x = (x * a.damp) >> 16
			rank[v] = x
			left -= x
		}
		a.spread(rank, left)
	}
	var sum uint64
	for _, x := range rank {
		sum += x
	}
	if sum != graphMass {
		panic("replay: ranks do not add up to the mass")
	}
	return rank
}

// push adds to in what every vertex gives its neighbours.
func (g *graph) push(rank, in []uint64) {
	from := u32At(g.off, 0)
	for u, x := range rank {
		to := u32At(g.off, uint64(u)+1)
		if to == from {
			continue
		}
		share := x / uint64(to-from)
		for row := g.dst[4*uint64(from) : 4*uint64(to)]; len(row) >= 4; row = row[4:] {
			in[binary.LittleEndian.Uint32(row)] += share
		}
		from = to
	}
}

// spread gives x to the seeds in equal parts, the remainder to the first of them.
func (a *graphArgs) spread(rank []uint64, x uint64) {
	count := uint64(len(a.seeds))
	if count == 0 {
		count = uint64(len(rank))
	}
	part, extra := x/count, x%count
	for i := range count {
		v := i
		if len(a.seeds) > 0 {
			v = uint64(a.seeds[i])
		}
		rank[v] += part
		if i < extra {
			rank[v]++
		}
	}
}

// encode returns the output: size, hash of all ranks, and the highest of them.
func (a *graphArgs) encode(rank []uint64) []byte {
	h := blake3.New()
	var buf [8192]byte
	for chunk := rank; len(chunk) > 0; {
		n := min(len(chunk), len(buf)/8)
		for i, x := range chunk[:n] {
			binary.LittleEndian.PutUint64(buf[8*i:], x)
		}
		h.Write(buf[:8*n])
		chunk = chunk[n:]
	}
	top := ranking{limit: a.top}
	for v, x := range rank {
		top.offer(ranked{id: uint64(v), score: x})
	}
	b := codec.AppendUint(codec.AppendArray(nil, 3), uint64(len(rank)))
	return top.append(codec.AppendBytes(b, h.Sum(nil)))
}

// u32At returns element i of a little-endian u32 array.
func u32At(b []byte, i uint64) uint32 { return binary.LittleEndian.Uint32(b[4*i:]) }
