package replay

import (
	"encoding/binary"
	"math"
	"math/bits"

	"github.com/forgepool/settle/codec"
)

// Limits of docs/formats/replay.md section 7.5.
const (
	groupMaxKey   = 65_535  // bytes, by the width of its length
	groupMaxValue = 1 << 47 // values lie strictly between the negative and this
	groupMinRow   = 10      // bytes of a row with an empty key
)

// groupMinLine is the least that a group takes in an output: heads, count, two sums,
// minimum and maximum.
const groupMinLine = 1 + 1 + 1 + (1 + wideSize) + 1 + 1 + (1 + wideSize)

// groupReduce is aggregate@1 group.v1: count, sum, minimum, maximum and sum of squares
// of the values under each key.
type groupReduce struct{}

// tally is what the output says of the values under one key.
type tally struct {
	count       uint64
	sum, square wide // sum in two's complement, square unsigned
	min, max    int64
}

func newTally() tally { return tally{min: math.MaxInt64, max: math.MinInt64} }

// Name implements Program.
func (groupReduce) Name() ProgramName { return ProgramName{"aggregate", 1, "group.v1"} }

// Units implements Program: the rows.
func (groupReduce) Units(args, input []byte) (uint64, bool) {
	bad := readArgs(args, 0).done()
	rows, badInput := parseRows(input)
	return rows, bad == "" && badInput == ""
}

// Run implements Program.
func (groupReduce) Run(task Task) Result {
	if bad := readArgs(task.Args, 0).done(); bad != "" {
		return invalid(bad)
	}
	rows, bad := parseRows(task.Input)
	if bad != "" {
		return invalid(bad)
	}
	if task.overLimit(rows) {
		return Result{Status: OverLimit}
	}
	groups, bad := reduce(rows, task.Input)
	if bad != "" {
		return invalid(bad)
	}
	if groups.many() {
		output, bad := reduceSorted(rows, task.Input, groups)
		if bad != "" {
			return invalid(bad)
		}
		return finish(output, rows)
	}
	output, ok := groups.encode(rows, MaxOutput)
	if !ok {
		return invalid("output")
	}
	return finish(output, rows)
}

// parseRows returns the number of rows, which is at least 1 and not more than fit.
func parseRows(input []byte) (rows uint64, bad string) {
	if len(input) < 4 || len(input) > MaxInput {
		return 0, "input"
	}
	rows = uint64(binary.LittleEndian.Uint32(input))
	switch {
	case rows > uint64(len(input)-4)/groupMinRow:
		return 0, "rows"
	case rows == 0 && len(input) > 4:
		return 0, "input"
	case rows == 0:
		return 0, "units"
	}
	return rows, ""
}

// aggregateRow is a row in place.
type aggregateRow struct {
	key   uint32 // offset of its length
	size  int
	value int64
	next  int // offset of the next row
}

// readRow reads the row at an offset.
func readRow(input []byte, at int) (r aggregateRow, bad string) {
	if len(input)-at < groupMinRow {
		return r, "rows"
	}
	size := int(binary.LittleEndian.Uint16(input[at:]))
	if len(input)-at < groupMinRow+size {
		return r, "rows"
	}
	v := int64(binary.LittleEndian.Uint64(input[at+2+size:]))
	if v <= -groupMaxValue || v >= groupMaxValue {
		return r, "value"
	}
	return aggregateRow{key: uint32(at), size: size, value: v, next: at + 2 + size + 8}, ""
}

// reduce reads all rows, or stops when there are many groups.
func reduce(rows uint64, input []byte) (*groupTable, string) {
	t := newGroupTable(input)
	at := 4
	for range rows {
		r, bad := readRow(input, at)
		if bad != "" {
			return nil, bad
		}
		t.find(int(r.key)+2, r.size).add(r.value)
		at = r.next
		if t.many() {
			return t, ""
		}
	}
	if at != len(input) {
		return nil, "input"
	}
	return t, ""
}

// encode returns the groups as an output has them, and false if that is more than limit
// bytes.
func (t *groupTable) encode(rows uint64, limit int) (b []byte, ok bool) {
	head := codec.AppendUint(codec.AppendArray(nil, 2), rows)
	head = codec.AppendArray(head, len(t.groups))
	size := len(head)
	for i := range t.groups {
		size += t.groups[i].lineSize(int(t.groups[i].size))
	}
	if size > limit {
		return nil, false
	}
	b = append(make([]byte, 0, size), head...)
	for _, m := range t.sorted() {
		b = t.groups[m.seq].append(b, keyAt(t.input, m.key))
	}
	return b, true
}

// add counts one value. It is below 2^47 in size, its square below 2^94.
func (g *tally) add(v int64) {
	g.count++
	g.sum.addInt(v)
	size := uint64(max(v, -v))
	g.square.add(bits.Mul64(size, size))
	g.min, g.max = min(g.min, v), max(g.max, v)
}

// lineSize returns how many bytes append adds for a key of keySize bytes.
func (g *tally) lineSize(keySize int) int {
	var b [4 * 9]byte // room for four heads
	heads := codec.AppendUint(b[:0], uint64(keySize))
	heads = codec.AppendUint(heads, g.count)
	heads = codec.AppendInt(codec.AppendInt(heads, g.min), g.max)
	return 1 + len(heads) + keySize + 2*(1+wideSize)
}

// append appends a group as the output has it.
func (g *tally) append(b, key []byte) []byte {
	sum, square := g.sum.bytes(), g.square.bytes()
	b = codec.AppendBytes(codec.AppendArray(b, 6), key)
	b = codec.AppendBytes(codec.AppendUint(b, g.count), sum[:])
	return codec.AppendBytes(codec.AppendInt(codec.AppendInt(b, g.min), g.max), square[:])
}
