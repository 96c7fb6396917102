package replay

import (
	"encoding/binary"
	"math/bits"
	"slices"

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

// group is what the output says of one key.
type group struct {
	key         []byte // aliases the input
	count       uint64
	sum, square wide // sum in two's complement, square unsigned
	min, max    int64
}

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
	groups, bad := reduce(rows, task.Input[4:])
	if bad != "" {
		return invalid(bad)
	}
	slices.SortFunc(groups, compareKeys)
	b, bad := encodeGroups(rows, groups)
	if bad != "" {
		return invalid(bad)
	}
	return finish(b, rows)
}

// encodeGroups returns the output, whose size it compares with the limit first.
func encodeGroups(rows uint64, groups []group) (b []byte, bad string) {
	head := codec.AppendUint(codec.AppendArray(nil, 2), rows)
	head = codec.AppendArray(head, len(groups))
	size := len(head)
	for i := range groups {
		size += groups[i].size()
	}
	if size > MaxOutput {
		return nil, "output"
	}
	b = append(make([]byte, 0, size), head...)
	for i := range groups {
		b = groups[i].append(b)
	}
	return b, ""
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

// reduce reads all rows. It stops early when the groups cannot fit an output.
func reduce(rows uint64, rest []byte) ([]group, string) {
	t := newGroupTable()
	for range rows {
		if len(rest) < groupMinRow {
			return nil, "rows"
		}
		n := int(binary.LittleEndian.Uint16(rest))
		if len(rest) < groupMinRow+n {
			return nil, "rows"
		}
		key := rest[2 : 2+n]
		v := int64(binary.LittleEndian.Uint64(rest[2+n:]))
		if v <= -groupMaxValue || v >= groupMaxValue {
			return nil, "value"
		}
		rest = rest[groupMinRow+n:]
		t.find(key).add(v)
		if len(t.groups) > MaxOutput/groupMinLine {
			return nil, "output"
		}
	}
	if len(rest) != 0 {
		return nil, "input"
	}
	return t.groups, ""
}

// add counts one value. It is below 2^47 in size, its square below 2^94.
func (g *group) add(v int64) {
	g.count++
	g.sum.addInt(v)
	size := uint64(max(v, -v))
	g.square.add(bits.Mul64(size, size))
	g.min, g.max = min(g.min, v), max(g.max, v)
}

// size returns how many bytes append adds.
func (g *group) size() int {
	var b [4 * 9]byte // room for four heads
	heads := codec.AppendUint(b[:0], uint64(len(g.key)))
	heads = codec.AppendUint(heads, g.count)
	heads = codec.AppendInt(codec.AppendInt(heads, g.min), g.max)
	return 1 + len(heads) + len(g.key) + 2*(1+wideSize)
}

// append appends the group as the output has it.
func (g *group) append(b []byte) []byte {
	sum, square := g.sum.bytes(), g.square.bytes()
	b = codec.AppendBytes(codec.AppendArray(b, 6), g.key)
	b = codec.AppendBytes(codec.AppendUint(b, g.count), sum[:])
	return codec.AppendBytes(codec.AppendInt(codec.AppendInt(b, g.min), g.max), square[:])
}
