package replay

import (
	"bytes"
	"container/heap"
	"errors"
	"fmt"
	"math/bits"

	"github.com/forgepool/settle/codec"
)

// Merge implements Program: groups of the same key add up. The outputs are sorted, so
// they are read side by side, one group of each at a time.
func (groupReduce) Merge(shards []ShardOutput) ([]byte, error) {
	var rows uint64
	var open openOutputs
	for i := range shards {
		if bad := readArgs(shards[i].Args, 0).done(); bad != "" {
			return nil, noResult(i, "argument "+bad)
		}
		c, n, err := openOutput(i, shards[i].Output)
		if err != nil {
			return nil, noResult(i, err.Error())
		}
		rows += n // at most 4,096 shards of 2^23
		if c != nil {
			open = append(open, c)
		}
	}
	heap.Init(&open)
	groups, lines := 0, []byte(nil)
	for ; len(open) > 0; groups++ {
		key, total, err := open.nextGroup()
		if err != nil {
			return nil, err
		}
		if lines = total.append(lines, key); len(lines) > MaxResult {
			return nil, fmt.Errorf("%w: result over %d bytes", ErrNoResult, MaxResult)
		}
	}
	b := codec.AppendUint(codec.AppendArray(nil, 2), rows)
	return append(codec.AppendArray(b, groups), lines...), nil
}

// outputCursor stands on one group of a shard's output.
type outputCursor struct {
	shard int
	r     codec.Reader
	left  int // groups behind the current one
	key   []byte
	tally tally
}

// openOutput reads the head of an output and stands on its first group; the cursor is
// nil if there is none.
func openOutput(shard int, output []byte) (*outputCursor, uint64, error) {
	c := &outputCursor{shard: shard, r: codec.NewReader(output)}
	if c.r.Array(2) != 2 {
		c.r.Fail("output has not two parts")
	}
	rows := c.r.Uint()
	c.left = c.r.Array(MaxOutput / groupMinLine)
	if err := c.r.Err(); err != nil {
		return nil, 0, err
	}
	if rows > MaxInput/groupMinRow {
		return nil, 0, errors.New("number of rows out of range")
	}
	if c.left == 0 {
		return nil, rows, c.r.Done()
	}
	return c, rows, c.next()
}

// next reads the group behind the current one.
func (c *outputCursor) next() error {
	if c.r.Array(6) != 6 {
		c.r.Fail("group has not six parts")
	}
	g := &c.tally
	c.key, g.count = c.r.Bytes(groupMaxKey), c.r.Uint()
	g.sum = readWide(&c.r)
	g.min, g.max = c.r.Int(), c.r.Int()
	g.square = readWide(&c.r)
	if c.left--; c.left == 0 {
		return c.r.Done()
	}
	return c.r.Err()
}

// openOutputs is a heap of cursors, the smallest key on top, the earlier shard first.
type openOutputs []*outputCursor

// Len implements heap.Interface.
func (o openOutputs) Len() int { return len(o) }

// Less implements heap.Interface.
func (o openOutputs) Less(i, j int) bool {
	if c := bytes.Compare(o[i].key, o[j].key); c != 0 {
		return c < 0
	}
	return o[i].shard < o[j].shard
}

// Swap implements heap.Interface.
func (o openOutputs) Swap(i, j int) { o[i], o[j] = o[j], o[i] }

// Push implements heap.Interface.
func (o *openOutputs) Push(x any) { *o = append(*o, x.(*outputCursor)) }

// Pop implements heap.Interface.
func (o *openOutputs) Pop() any {
	old := *o
	last := old[len(old)-1]
	*o = old[:len(old)-1]
	return last
}

// nextGroup takes the smallest key off all outputs and adds up its groups.
func (o *openOutputs) nextGroup() (key []byte, total tally, err error) {
	key, total = (*o)[0].key, newTally()
	for len(*o) > 0 && bytes.Equal((*o)[0].key, key) {
		c := (*o)[0]
		if !total.merge(&c.tally) {
			return nil, total, noResult(c.shard, "a sum is too large")
		}
		if c.left == 0 {
			heap.Pop(o)
			continue
		}
		if err := c.next(); err != nil {
			return nil, total, noResult(c.shard, err.Error())
		}
		if bytes.Compare(c.key, key) <= 0 {
			return nil, total, noResult(c.shard, "keys do not ascend")
		}
		heap.Fix(o, 0)
	}
	return key, total, nil
}

// merge adds a group of the same key and reports whether all totals fit.
func (g *tally) merge(o *tally) bool {
	var carry uint64
	g.count, carry = bits.Add64(g.count, o.count, 0)
	g.min, g.max = min(g.min, o.min), max(g.max, o.max)
	return g.sum.mergeInt(o.sum) && g.square.merge(o.square) && carry == 0
}
