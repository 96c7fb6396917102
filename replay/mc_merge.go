package replay

import (
	"math/bits"

	"github.com/forgepool/settle/codec"
)

// Merge implements Program: the paths of the shards follow one another without a gap.
func (p monteCarlo) Merge(shards []ShardOutput) ([]byte, error) {
	return mergeAll(p.NewMerger(), shards)
}

// NewMerger implements Program.
func (monteCarlo) NewMerger() Merger { return new(mcMerger) }

// mcMerger adds up.
type mcMerger struct {
	shards int
	before mcArgs  // arguments of the shard before
	total  *mcSums // nil before the first
}

// Add implements Merger.
func (m *mcMerger) Add(shard ShardOutput) error {
	i := m.shards
	m.shards++
	a, bad := parseMC(shard.Args)
	if bad != "" {
		return noResult(i, "argument "+bad)
	}
	if i == 0 {
		m.total = newMCSums(a.bins)
	} else if !a.follows(&m.before) {
		return noResult(i, "arguments do not continue the shard before")
	}
	m.before = a
	sums, err := decodeMC(shard.Output, &a)
	if err != nil {
		return noResult(i, err.Error())
	}
	if !m.total.merge(sums) {
		return noResult(i, "a sum is too large")
	}
	return nil
}

// Merged implements Merger.
func (m *mcMerger) Merged() ([]byte, error) {
	if m.total == nil {
		return nil, noShards()
	}
	return m.total.encode(), nil
}

// Held implements Merger: some kilobytes of counters.
func (m *mcMerger) Held() uint64 { return 0 }

// follows tells whether the arguments are those of the shard after prev.
func (a mcArgs) follows(prev *mcArgs) bool {
	next, carry := bits.Add64(prev.first, prev.paths, 0)
	if carry != 0 || a.first != next {
		return false
	}
	a.paths, a.first = prev.paths, prev.first
	return a == *prev
}

// decodeMC reads the output of a shard with arguments a.
func decodeMC(output []byte, a *mcArgs) (*mcSums, error) {
	r := codec.NewReader(output)
	m := newMCSums(a.bins)
	if r.Array(6) != 6 {
		r.Fail("output has not six parts")
	}
	if m.paths = r.Uint(); m.paths != a.paths {
		r.Fail("number of paths is not that of the arguments")
	}
	m.pay, m.square = readWide(&r), readWide(&r)
	m.min, m.max = r.Int(), r.Int()
	if r.Array(len(m.counts)) != len(m.counts) {
		r.Fail("wrong number of counters")
	}
	for i := range m.counts {
		m.counts[i] = r.Uint()
	}
	return m, r.Done()
}

// merge adds the sums of the next shard and reports whether all totals fit.
func (m *mcSums) merge(o *mcSums) bool {
	ok := m.pay.merge(o.pay) && m.square.merge(o.square)
	m.paths += o.paths // at most 4,096 shards of 2^26
	m.min, m.max = min(m.min, o.min), max(m.max, o.max)
	for i, c := range o.counts {
		var carry uint64
		m.counts[i], carry = bits.Add64(m.counts[i], c, 0)
		ok = ok && carry == 0
	}
	return ok
}

// readWide reads a 16-byte sum.
func readWide(r *codec.Reader) wide {
	var b [wideSize]byte
	r.Fixed(b[:])
	return wideFrom(b)
}
