package lanes

import (
	"encoding/binary"
	"sync"
)

// each hashes messages. Single hashes one that does not go into lanes.
func each(sums [][32]byte, messages [][]byte, start *chains, flags uint32, single func([]byte) [32]byte) {
	if len(sums) != len(messages) {
		panic("lanes: as many hashes as messages")
	}
	g := groups.Get().(*group)
	g.start, g.base = start, flags
	for i, m := range messages {
		switch {
		case !available || len(m) > maxChunks*chunkSize:
			sums[i] = single(m)
		case len(m) <= chunkSize:
			g.add(job{data: m, first: chunkStart, last: chunkEnd | root, sum: &sums[i]})
		default:
			g.split(m, &sums[i])
		}
	}
	g.finish(single)
	g.empty()
	groups.Put(g)
}

// job is one chunk, or one pair of chaining values, that gets a chaining value or, with
// the flag root, a hash.
type job struct {
	data        []byte
	counter     uint32 // number of the chunk
	first, last uint32 // flags of its first and its last block
	sum         *[32]byte
}

// tree is a message of several chunks: the chaining values of one level.
type tree struct {
	n      int
	values [maxChunks][32]byte
	sum    *[32]byte
}

// maxTrees is how many messages of several chunks are joined together.
const maxTrees = 4 * Lanes

// group is up to Lanes jobs that run side by side, and the trees whose chunks they are.
type group struct {
	start *chains
	base  uint32 // flags of every block

	n     int
	jobs  [Lanes]job
	final [Lanes]int // number of the last block

	chain    chains
	blocks   [Lanes]*[blockSize]byte
	lengths  [Lanes]uint32
	flags    [Lanes]uint32
	counters [Lanes]uint32
	tails    [Lanes][blockSize]byte // last blocks that are not full

	open  int // trees
	trees [maxTrees]tree
}

var groups = sync.Pool{New: func() any { return new(group) }}

// add adds a job and runs the group when it is full.
func (g *group) add(j job) {
	g.jobs[g.n] = j
	if g.n++; g.n == Lanes {
		g.run()
	}
}

// split adds the chunks of a message.
func (g *group) split(m []byte, sum *[32]byte) {
	if g.open == maxTrees {
		g.join()
	}
	t := &g.trees[g.open]
	g.open++
	t.n, t.sum = 0, sum
	for at := 0; at < len(m); at += chunkSize {
		g.add(job{
			data: m[at:min(at+chunkSize, len(m))], counter: uint32(t.n),
			first: chunkStart, last: chunkEnd, sum: &t.values[t.n],
		})
		t.n++
	}
}

// join joins all trees level by level: neighbours become one, and an odd last value moves
// up as it is, which is the shape of the BLAKE3 paper, section 2.1.
func (g *group) join() {
	for again := true; again; {
		g.flush() // before the level above reads it
		again = false
		for i := range g.open {
			t := &g.trees[i]
			if t.n > 1 {
				g.pairs(t)
				again = true
			}
		}
	}
	g.open = 0
}

// pairs adds the joins of a level. Pair i is read before value i is written: it runs in
// the same group as pair i/2 or in a later one, and a group takes its blocks first.
func (g *group) pairs(t *tree) {
	var flag uint32
	if t.n == 2 {
		flag = root
	}
	pairs := t.n / 2
	for i := range pairs {
		to := &t.values[i]
		if flag == root {
			to = t.sum
		}
		var block [blockSize]byte
		copy(block[:32], t.values[2*i][:])
		copy(block[32:], t.values[2*i+1][:])
		g.tails[g.n] = block
		g.add(job{data: g.tails[g.n][:], first: parent, last: flag, sum: to})
	}
	if t.n%2 == 1 {
		t.values[pairs] = t.values[t.n-1]
		pairs++
	}
	t.n = pairs
}

// flush runs what there is, however little.
func (g *group) flush() {
	if g.n > 0 {
		g.run()
	}
}

// finish completes all hashes.
func (g *group) finish(single func([]byte) [32]byte) {
	if g.open > 0 {
		g.join()
		return
	}
	if g.n >= fewest {
		g.run()
	}
	for i := range g.n {
		*g.jobs[i].sum = single(g.jobs[i].data)
	}
}

// empty forgets what was hashed.
func (g *group) empty() {
	g.n, g.open, g.start = 0, 0, nil
	clear(g.jobs[:])
	clear(g.blocks[:])
	for i := range g.trees {
		g.trees[i].sum = nil
	}
}

// run hashes the group and empties it. A lane that is done, or was never used, goes on
// with whatever its last block was; nobody looks.
func (g *group) run() {
	most := 0
	for lane := range Lanes {
		g.blocks[lane], g.final[lane] = &g.tails[lane], -1
		if lane < g.n {
			g.final[lane] = max(0, (len(g.jobs[lane].data)-1)/blockSize)
			g.counters[lane] = g.jobs[lane].counter
			most = max(most, g.final[lane])
		}
	}
	g.chain = *g.start
	for step := range most + 1 {
		for lane := range g.n {
			if step <= g.final[lane] {
				g.take(lane, step)
			}
		}
		compress(&g.chain, &g.blocks, &g.lengths, &g.flags, &g.counters)
		for lane := range g.n {
			if step == g.final[lane] {
				g.give(lane)
			}
		}
	}
	g.n = 0
}

// take points a lane at a block of its job.
func (g *group) take(lane, step int) {
	j := &g.jobs[lane]
	flags := g.base
	if step == 0 {
		flags |= j.first
	}
	if step == g.final[lane] {
		flags |= j.last
	}
	g.flags[lane] = flags
	rest := j.data[step*blockSize:]
	if len(rest) >= blockSize {
		g.blocks[lane], g.lengths[lane] = (*[blockSize]byte)(rest), blockSize
		return
	}
	tail := &g.tails[lane]
	clear(tail[copy(tail[:], rest):])
	g.blocks[lane], g.lengths[lane] = tail, uint32(len(rest))
}

// give writes the chaining value of a lane.
func (g *group) give(lane int) {
	sum := g.jobs[lane].sum
	for word := range g.chain {
		binary.LittleEndian.PutUint32(sum[4*word:], g.chain[word][lane])
	}
}
