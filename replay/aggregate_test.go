package replay

import (
	"encoding/binary"
	"math"
	"math/big"
	"slices"
	"strconv"
	"testing"

	"github.com/forgepool/settle/codec"
	"pgregory.net/rapid"
)

type row struct {
	key   string
	value int64
}

// rows returns the input of aggregate@1.
func rows(list []row) []byte {
	b := binary.LittleEndian.AppendUint32(nil, uint32(len(list)))
	for _, r := range list {
		b = append(binary.LittleEndian.AppendUint16(b, uint16(len(r.key))), r.key...)
		b = binary.LittleEndian.AppendUint64(b, uint64(r.value))
	}
	return b
}

func aggregate3000() []row {
	r := rnd(4, 24_000)
	list := make([]row, 3000)
	for i := range list {
		x := int64(binary.LittleEndian.Uint64(r[8*i:]))
		if x%5 != 0 {
			list[i].key = "k" + strconv.FormatInt((x%97+97)%97, 10)
		}
		list[i].value = x >> 17
	}
	return list
}

func twinAggregate(list []row) []byte {
	groups := make(map[string][]int64)
	for _, r := range list {
		groups[r.key] = append(groups[r.key], r.value)
	}
	keys := make([]string, 0, len(groups))
	for k := range groups {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	b := codec.AppendArray(codec.AppendUint([]byte{0x82}, uint64(len(list))), len(keys))
	for _, k := range keys {
		sum, square := new(big.Int), new(big.Int)
		for _, v := range groups[k] {
			sum.Add(sum, big.NewInt(v))
			square.Add(square, new(big.Int).Mul(big.NewInt(v), big.NewInt(v)))
		}
		if sum.Sign() < 0 {
			sum.Add(sum, new(big.Int).Lsh(big.NewInt(1), 128))
		}
		b = codec.AppendUint(codec.AppendBytes(append(b, 0x86), []byte(k)), uint64(len(groups[k])))
		b = codec.AppendBytes(b, sum.FillBytes(make([]byte, 16)))
		b = codec.AppendInt(codec.AppendInt(b, slices.Min(groups[k])), slices.Max(groups[k]))
		b = codec.AppendBytes(b, square.FillBytes(make([]byte, 16)))
	}
	return b
}

func rowsGen() *rapid.Generator[[]row] {
	edge := rapid.SampledFrom([]int64{1 - groupMaxValue, -1, 0, groupMaxValue - 1})
	value := rapid.OneOf(edge, rapid.Int64Range(1-groupMaxValue, groupMaxValue-1))
	key := rapid.StringMatching("[ab\x00]{0,2}|samehead[ab\x00]{0,2}")
	return rapid.SliceOfN(rapid.Custom(func(t *rapid.T) row {
		return row{key.Draw(t, "key"), value.Draw(t, "value")}
	}), 1, 40)
}

// TestAggregateSorted compares the two ways: a table, and sorted rows.
func TestAggregateSorted(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		list := rowsGen().Draw(t, "rows")
		input := rows(list)
		if at := rapid.IntRange(4, 2*len(input)).Draw(t, "flip"); at < len(input) {
			input[at] ^= rapid.Byte().Draw(t, "by") // perhaps not rows any more
		}
		input = input[:len(input)-rapid.IntRange(0, 12).Draw(t, "cut")/10]
		few := newGroupTable(make([]byte, 16))
		few.find(0, rapid.IntRange(0, 8).Draw(t, "guess")).add(1)
		got, bad := reduceSorted(uint64(len(list)), input, few)
		table, wrong := reduce(uint64(len(list)), input)
		if bad != wrong {
			t.Fatalf("sorted %q, by a table %q", bad, wrong)
		}
		if bad != "" {
			return
		}
		if want, _ := table.encode(uint64(len(list)), MaxOutput); string(got) != string(want) {
			t.Fatalf("sorted\n%x, by a table\n%x", got, want)
		}
	})
}

// TestAggregateMany has as many groups as a table holds, and one more: the same groups but
// for that one.
func TestAggregateMany(t *testing.T) {
	list := make([]row, manyGroups+1)
	for i := range list {
		key := binary.LittleEndian.AppendUint32(nil, uint32(i)*40_503)
		list[i] = row{string(key[:1+i%4]) + strconv.Itoa(i), int64(i) - 1000}
	}
	for _, n := range []int{manyGroups, manyGroups + 1} {
		got := groupReduce{}.Run(Task{Args: noArgs, Input: rows(list[:n])})
		if want := twinAggregate(list[:n]); got.Status != OK || string(got.Output) != string(want) {
			t.Errorf("%d groups: %v %q, %d bytes, want %d", n, got.Status, got.Field, len(got.Output), len(want))
		}
	}
}

func TestTwinAggregate(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		list := rowsGen().Draw(t, "rows")
		mustRun(t, groupReduce{}, Task{Args: []byte{0xa0}, Input: rows(list)}, twinAggregate(list), uint64(len(list)))
	})
}

// TestAggregateOutputLimit has more groups than an output can hold, by number and by size.
func TestAggregateOutputLimit(t *testing.T) {
	for name, count := range map[string]uint32{"number": MaxOutput/groupMinLine + 1, "size": MaxOutput / groupMinLine * 9 / 10} {
		input := binary.LittleEndian.AppendUint32(make([]byte, 0, 4+14*int(count)), count)
		for i := range count {
			input = binary.LittleEndian.AppendUint32(append(input, 4, 0), i)
			input = binary.LittleEndian.AppendUint64(input, 1<<46)
		}
		if got := (groupReduce{}).Run(Task{Args: codec.AppendMap(nil, 0), Input: input}); got.Field != "output" {
			t.Errorf("%s: %v %q, want output", name, got.Status, got.Field)
		}
	}
}

func TestAggregateInputs(t *testing.T) {
	good := rows([]row{{"k", 1}, {"", -1}})
	claim := func(n byte) []byte { b := slices.Clone(good); b[0] = n; return b }
	for name, c := range map[string]struct {
		input []byte
		bad   string
	}{
		"good":                 {good, ""},
		"empty":                {nil, "input"},
		"no row":               {rows(nil), "units"},
		"no row, one byte":     {append(rows(nil), 0), "input"},
		"row short":            {good[:len(good)-1], "rows"},
		"byte over":            {append(slices.Clone(good), 0), "input"},
		"row fewer":            {claim(1), "input"},
		"row more":             {claim(3), "rows"},
		"key beyond the input": {append(rows([]row{{"", 0}})[:4], 1, 0, 0, 0, 0, 0, 0, 0, 0, 0), "rows"},
		"longest key":          {rows([]row{{string(make([]byte, groupMaxKey)), 0}}), ""},
		"highest value":        {rows([]row{{"", 1<<47 - 1}}), ""},
		"value too high":       {rows([]row{{"", 1 << 47}}), "value"},
		"lowest value":         {rows([]row{{"", 1 - 1<<47}}), ""},
		"value too low":        {rows([]row{{"", -1 << 47}}), "value"},
		"lowest of all":        {rows([]row{{"", math.MinInt64}}), "value"},
	} {
		got := groupReduce{}.Run(Task{Args: []byte{0xa0}, Input: c.input})
		if (got.Status == OK) != (c.bad == "") || got.Field != c.bad {
			t.Errorf("%s: %v %q, want field %q", name, got.Status, got.Field, c.bad)
		}
	}
}

func TestShardingAggregate(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		list := rowsGen().Draw(t, "rows")
		var shards []Task
		from := 0
		for _, to := range cut(t, len(list)) {
			shards = append(shards, Task{Args: []byte{0xa0}, Input: rows(list[from:to])})
			from = to
		}
		mustMerge(t, groupReduce{}, Task{Args: []byte{0xa0}, Input: rows(list)}, shards)
	})
}

func TestMergeRefusesAggregate(t *testing.T) {
	p, args := groupReduce{}, []byte{0xa0}
	output := func(rows uint64, keys ...string) []byte {
		b := codec.AppendArray(codec.AppendUint([]byte{0x82}, rows), len(keys))
		for _, k := range keys {
			x := tally{count: 1, sum: wide{1 << 62, 0}, square: wide{1 << 63, 0}}
			b = x.append(b, []byte(k))
		}
		return b
	}
	corrupt(t, p, ShardOutput{args, output(3, "", "a", "b")})
	refuse(t, p, "arguments", ShardOutput{[]byte{0xa1, 1, 0}, output(1, "a")})
	refuse(t, p, "keys fall", ShardOutput{args, output(2, "b", "a")})
	refuse(t, p, "key twice", ShardOutput{args, output(2, "a", "a")})
	refuse(t, p, "too many rows", ShardOutput{args, output(MaxInput/groupMinRow+1, "a")})
	one := ShardOutput{args, output(1, "a")}
	refuse(t, p, "squares overflow", one, one)
	sum := func(hi uint64) ShardOutput {
		x := tally{count: 1, sum: wide{hi, 0}}
		return ShardOutput{args, x.append([]byte{0x82, 1, 0x81}, []byte("a"))}
	}
	refuse(t, p, "sum overflows", sum(1<<62), sum(1<<62))
	refuse(t, p, "sum underflows", sum(1<<63), sum(1<<64-1))
	if _, err := MergeResult(p, []ShardOutput{sum(1 << 63), sum(1<<63 - 1)}); err != nil {
		t.Errorf("lowest and highest sum: %v", err)
	}
	count := func(n uint64) ShardOutput {
		x := tally{count: n}
		return ShardOutput{args, x.append([]byte{0x82, 1, 0x81}, []byte("a"))}
	}
	refuse(t, p, "count overflows", count(1<<63), count(1<<63))
}

// TestAggregateLikeKeys has keys that differ in length or behind the head alone. Where
// they fall in the table changes from run to run, so it takes many runs.
func TestAggregateLikeKeys(t *testing.T) {
	var list []row
	for n := range 12 {
		list = append(list, row{string(make([]byte, n)), int64(n)}, row{"samehead" + string(rune('a'+n)), int64(n)})
	}
	input, want := rows(list), string(twinAggregate(list))
	for range 200 {
		if got := (groupReduce{}).Run(Task{Args: []byte{0xa0}, Input: input}); string(got.Output) != want {
			t.Fatalf("%x, want %x", got.Output, want)
		}
	}
}
