package replay

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"maps"
	"runtime"
	"slices"
	"strconv"
	"testing"

	"github.com/forgepool/settle/codec"
	"github.com/zeebo/blake3"
	"pgregory.net/rapid"
)

var noArgs = codec.AppendMap(nil, 0)

// kvOp is an operation as a test writes it.
type kvOp struct {
	kind            byte
	key, value, old string // old is what CAS expects, or the end of a scan
	delta           int64
	limit           uint32
}

func appendShort(b []byte, s string) []byte {
	return append(binary.LittleEndian.AppendUint16(b, uint16(len(s))), s...)
}

func appendLong(b []byte, s string) []byte {
	return append(binary.LittleEndian.AppendUint32(b, uint32(len(s))), s...)
}

// snapshotOf returns a snapshot, keys in order.
func snapshotOf(m map[string]string) []byte {
	b := binary.LittleEndian.AppendUint32(nil, uint32(len(m)))
	for _, k := range slices.Sorted(maps.Keys(m)) {
		b = appendLong(appendShort(b, k), m[k])
	}
	return b
}

// kvInput returns an input of memory@1.
func kvInput(m map[string]string, ops ...kvOp) []byte {
	b := binary.LittleEndian.AppendUint32(snapshotOf(m), uint32(len(ops)))
	for _, o := range ops {
		b = appendShort(append(b, o.kind), o.key)
		switch o.kind {
		case memoryPut:
			b = appendLong(b, o.value)
		case memoryAdd:
			b = binary.LittleEndian.AppendUint64(b, uint64(o.delta))
		case memoryCAS:
			b = appendLong(appendLong(b, o.old), o.value)
		case memoryScan:
			b = binary.LittleEndian.AppendUint32(appendShort(b, o.old), o.limit)
		}
	}
	return b
}

// memory800 is the input of the vector.
func memory800() []byte {
	r := rnd(5, 12_800)
	var ops []kvOp
	for ; len(r) > 0; r = r[16:] {
		o := kvOp{kind: r[1]%6 + 1, key: "a" + strconv.Itoa(int(r[0]%40))}
		switch o.kind {
		case memoryPut:
			if o.value = string(r[2 : 2+r[3]%12]); r[2]%2 == 1 {
				o.value = string(r[2:10])
			}
		case memoryAdd:
			o.delta = int64(binary.LittleEndian.Uint64(r[4:]))
		case memoryCAS:
			o.old, o.value = string(make([]byte, r[5]%3)), string(r[8:12])
		case memoryScan:
			if o.limit = uint32(r[8] % 9); r[7]%2 == 1 {
				o.old = "a" + strconv.Itoa(int(r[6]%40))
			}
		}
		ops = append(ops, o)
	}
	return kvInput(map[string]string{"a1": "\x01\x00\x00\x00\x00\x00\x00\x00", "zz": "end"}, ops...)
}

// twinMemory keeps a plain map and sorts it for every scan.
func twinMemory(m map[string]string, ops []kvOp) (output []byte, units uint64) {
	m = maps.Clone(m)
	var fold [32]byte
	for _, o := range ops {
		status, out, touched := twinOp(m, o)
		b := append(append([]byte{0x52}, fold[:]...), status)
		fold = blake3.Sum256(appendLong(b, out))
		units++
		for ; touched > 0; touched -= min(touched, 64) {
			units++
		}
	}
	size := 0
	for _, v := range m {
		size += len(v)
	}
	final := blake3.Sum256(snapshotOf(m))
	b := codec.AppendBytes(codec.AppendUint([]byte{0x85}, uint64(len(ops))), fold[:])
	b = codec.AppendUint(codec.AppendUint(b, uint64(len(m))), uint64(size))
	return codec.AppendBytes(b, final[:]), units
}

func twinOp(m map[string]string, o kvOp) (status byte, out string, touched int) {
	value, exists := m[o.key]
	switch {
	case o.kind == memoryPut:
		m[o.key] = o.value
		return 0, "", len(o.value)
	case o.kind == memoryScan:
		var keys []string
		for k := range m {
			if k >= o.key && (o.old == "" || k < o.old) {
				keys = append(keys, k)
			}
		}
		slices.Sort(keys)
		var b []byte
		for _, k := range keys[:min(len(keys), int(o.limit))] {
			b = appendLong(appendShort(b, k), m[k])
		}
		return 0, string(b), len(b)
	case o.kind == memoryAdd && !exists:
		value = string(make([]byte, 8))
	case !exists:
		return 1, "", 0
	}
	switch o.kind {
	case memoryGet:
		return 0, value, len(value)
	case memoryDel:
		delete(m, o.key)
		return 0, "", 0
	case memoryAdd:
		if len(value) != 8 {
			return 3, "", 0
		}
		sum := binary.LittleEndian.Uint64([]byte(value)) + uint64(o.delta)
		m[o.key] = string(binary.LittleEndian.AppendUint64(nil, sum))
		return 0, m[o.key], 8
	}
	if value != o.old {
		return 2, value, len(value)
	}
	m[o.key] = o.value
	return 0, "", len(o.value)
}

// drawKey draws from keys that share beginnings of every length that matters to a sort by
// heads of seven bytes, and differ in zeros at their ends.
func drawKey(t *rapid.T, name string) string {
	return rapid.SampledFrom([]string{
		"", "\x00", "\x00\x00", "a", "a\x00", "abcdef", "abcdefg", "abcdefg\x00", "abcdefgh", "abcdefghijklmn",
		"abcdefghijklmn\x00", "abcdefghijklmno", "abcdefghijklmp", "b", "\xff", "\xff\xff\xff\xff\xff\xff\xff\xff",
	}).Draw(t, name)
}

func drawValue(t *rapid.T, name string) string {
	n := rapid.SampledFrom([]int{0, 1, 7, 8, 9, 63, 64, 65, 4095, 4096, 5000}).Draw(t, name)
	return string(bytes.Repeat([]byte{byte(n)}, n))
}

func TestTwinMemory(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := make(map[string]string)
		for range rapid.IntRange(0, 10).Draw(t, "entries") {
			m[drawKey(t, "key")] = drawValue(t, "value")
		}
		var ops []kvOp
		for range rapid.IntRange(1, 40).Draw(t, "ops") {
			o := kvOp{kind: rapid.ByteRange(1, 6).Draw(t, "kind"), key: drawKey(t, "key")}
			switch o.kind {
			case memoryPut:
				o.value = drawValue(t, "value")
			case memoryAdd:
				o.delta = rapid.Int64().Draw(t, "delta")
			case memoryCAS:
				o.old, o.value = drawValue(t, "expected"), drawValue(t, "value")
			case memoryScan:
				o.old, o.limit = drawKey(t, "end"), rapid.Uint32Range(0, 12).Draw(t, "limit")
			}
			ops = append(ops, o)
		}
		output, units := twinMemory(m, ops)
		mustRun(t, orderedMemory{}, Task{Args: noArgs, Input: kvInput(m, ops...)}, output, units)
	})
}

// TestMemoryAnswers writes out what a twin could get wrong in the same way: the chain over
// a handful of answers, and units at the edges of 64 bytes.
func TestMemoryAnswers(t *testing.T) {
	x := string(make([]byte, 64))
	one := "\x01\x00\x00\x00\x00\x00\x00\x00"
	for _, c := range []struct {
		name  string
		op    kvOp
		want  string // status and answer, in hex
		units uint64
	}{
		{"put of 64", kvOp{kind: memoryPut, key: "p", value: x}, "00", 2},
		{"put of 65", kvOp{kind: memoryPut, key: "p", value: x + "1"}, "00", 3},
		{"put of nothing", kvOp{kind: memoryPut, key: "p"}, "00", 1},
		{"get", kvOp{kind: memoryGet, key: "v"}, "00" + "766c", 2},
		{"get of none", kvOp{kind: memoryGet, key: "p"}, "01", 1},
		{"del", kvOp{kind: memoryDel, key: "v"}, "00", 1},
		{"del of none", kvOp{kind: memoryDel, key: "p"}, "01", 1},
		{"add", kvOp{kind: memoryAdd, key: "n", delta: -2}, "00" + "ffffffffffffffff", 2},
		{"add to none", kvOp{kind: memoryAdd, key: "p", delta: 258}, "00" + "0201000000000000", 2},
		{"add to text", kvOp{kind: memoryAdd, key: "v", delta: 1}, "03", 1},
		{"cas", kvOp{kind: memoryCAS, key: "v", old: "vl", value: x}, "00", 2},
		{"cas of another", kvOp{kind: memoryCAS, key: "v", old: "", value: x}, "02" + "766c", 2},
		{"cas of none", kvOp{kind: memoryCAS, key: "p", old: "", value: x}, "01", 1},
		{"scan", kvOp{kind: memoryScan, key: "", old: "v", limit: 9}, "00" + "01006e080000000100000000000000", 2},
		{"scan from the end", kvOp{kind: memoryScan, key: "v", limit: 1}, "00" + "01007602000000766c", 2},
		{"scan of none", kvOp{kind: memoryScan, key: "v", old: "v", limit: 9}, "00", 1},
		{"scan backwards", kvOp{kind: memoryScan, key: "v", old: "n", limit: 9}, "00", 1},
		{"scan of limit 0", kvOp{kind: memoryScan, key: ""}, "00", 1},
	} {
		answer, _ := hex.DecodeString(c.want)
		b := append(append([]byte{0x52}, make([]byte, 32)...), answer[0])
		fold := blake3.Sum256(appendLong(b, string(answer[1:])))
		got := orderedMemory{}.Run(Task{Args: noArgs, Input: kvInput(map[string]string{"n": one, "v": "vl"}, c.op)})
		r := codec.NewReader(got.Output)
		r.Array(5)
		r.Uint()
		if r.Bytes(32); got.Units != c.units || !bytes.Contains(got.Output, fold[:]) {
			t.Errorf("%s: %v, %d units, %x; want %d units and %x", c.name, got.Status, got.Units, got.Output, c.units, fold)
		}
	}
}

func TestMemoryInputs(t *testing.T) {
	get := kvInput(nil, kvOp{kind: memoryGet, key: "k"})
	two := kvInput(map[string]string{"a": "", "b": ""}, kvOp{kind: memoryGet})
	swapped, twice := slices.Clone(two), slices.Clone(two)
	swapped[6], twice[6] = 'c', 'b'
	u32 := binary.LittleEndian.AppendUint32
	for _, c := range []struct {
		name  string
		input []byte
		bad   string
	}{
		{"none", nil, "input"},
		{"three bytes", make([]byte, 3), "input"},
		{"a count alone", make([]byte, 4), "ops"},
		{"more entries than fit", u32(u32(nil, 1), 0), "entries"},
		{"key cut off", append(u32(nil, 1), 1, 0, 0, 0, 0, 0), "entries"},
		{"value cut off", append(u32(nil, 1), 0, 0, 1, 0, 0, 0), "entries"},
		{"keys descending", swapped, "keys"},
		{"a key twice", twice, "keys"},
		{"more operations than fit", append(u32(u32(nil, 0), 1), memoryGet, 0), "ops"},
		{"operation 0", append(u32(u32(nil, 0), 1), 0, 0, 0), "ops"},
		{"operation 7", append(u32(u32(nil, 0), 1), 7, 0, 0), "ops"},
		{"operation cut off", get[:len(get)-1], "ops"},
		{"a byte left", append(slices.Clone(get), 0), "input"},
		{"no operation, a byte left", make([]byte, 9), "input"},
		{"no operation", make([]byte, 8), "units"},
		{"good", get, ""},
		{"two entries", two, ""},
	} {
		got := orderedMemory{}.Run(Task{Args: noArgs, Input: c.input})
		if got.Field != c.bad || (got.Status == Invalid) != (c.bad != "") {
			t.Errorf("%s: %v %q, want %q", c.name, got.Status, got.Field, c.bad)
		}
	}
	for _, o := range []kvOp{{kind: memoryPut, value: "v"}, {kind: memoryAdd}, {kind: memoryCAS, old: "o", value: "v"}, {kind: memoryScan, old: "e"}} {
		input := kvInput(nil, o)
		for n := 8; n < len(input); n++ {
			if got := (orderedMemory{}).Run(Task{Args: noArgs, Input: input[:n]}); got.Field != "ops" {
				t.Errorf("%+v cut to %d bytes: %v %q, want ops", o, n, got.Status, got.Field)
			}
		}
	}
	if got := (orderedMemory{}).Run(Task{Args: []byte{0xa1, 1, 1}, Input: get}); got.Field != "args" {
		t.Errorf("an argument: %v %q", got.Status, got.Field)
	}
}

// TestMemoryLimit: operations beyond the limit are refused before they are looked at, units
// while they are counted.
func TestMemoryLimit(t *testing.T) {
	input := kvInput(nil, kvOp{kind: memoryPut, value: string(make([]byte, 65))}, kvOp{kind: memoryGet, key: "-"})
	for limit, want := range map[uint64]Status{1: OverLimit, 2: OverLimit, 3: OverLimit, 4: OK, 0: OK} {
		if got := (orderedMemory{}).Run(Task{Args: noArgs, Input: input, MaxUnits: limit}); got.Status != want {
			t.Errorf("limit %d: %v, want %v", limit, got.Status, want)
		}
	}
	broken := append(input[:8:8], bytes.Repeat([]byte{9}, 12)...)
	if got := (orderedMemory{}).Run(Task{Args: noArgs, Input: broken, MaxUnits: 1}); got.Status != OverLimit {
		t.Errorf("broken operations over the limit: %v %q", got.Status, got.Field)
	}
}

// allocated returns the bytes that f takes from the heap, freed or not.
func allocated(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

// costlyMemory returns the inputs of size bytes that need most memory: the shortest
// mentions of one key, and of as many keys as there can be, with an addition so that all
// have a counter. One longer key fills them up.
func costlyMemory(size int) map[string][]byte {
	one := binary.LittleEndian.AppendUint32(make([]byte, 4, size), uint32(size-8)/3)
	for len(one)+6 <= size {
		one = append(one, memoryGet, 0, 0)
	}
	one = appendShort(append(one, memoryGet), string(make([]byte, size-len(one)-3)))
	count := uint32(size-8-11) / 6
	many := binary.LittleEndian.AppendUint32(make([]byte, 4, size), count+1)
	for i := range count {
		i *= 40_503 // spreads the keys
		many = append(many, memoryGet, 3, 0, byte(i), byte(i>>8), byte(i>>16))
	}
	many = appendShort(append(many, memoryAdd), string(make([]byte, size-len(many)-11)))
	return map[string][]byte{"one key": one, "many keys": append(many, 1, 0, 0, 0, 0, 0, 0, 0)}
}

// TestMemoryBound runs the inputs that need most.
func TestMemoryBound(t *testing.T) {
	const size = 1 << 21
	for name, input := range costlyMemory(size) {
		memoryBound(t, name, input)
		var got Result
		used := allocated(func() { got = orderedMemory{}.Run(Task{Args: noArgs, Input: input, MaxUnits: size/6 - 4}) })
		if got.Status != OverLimit || used > 1<<16 {
			t.Errorf("%s, over the limit: %v, %d bytes", name, got.Status, used)
		}
	}
}

// memoryBound runs an input and checks that it takes at most seven times its size.
func memoryBound(t *testing.T, name string, input []byte) {
	t.Helper()
	var got Result
	used := allocated(func() { got = orderedMemory{}.Run(Task{Args: noArgs, Input: input}) })
	if got.Status != OK || used > 7*uint64(len(input))+1<<16 {
		t.Errorf("%s: %v %q, %d bytes for an input of %d, want at most seven times that", name, got.Status, got.Field, used, len(input))
	}
	t.Logf("%s: %d bytes for an input of %d", name, used, len(input))
}

// TestMemoryLongKeys sorts keys that differ in their last byte only, the longest there are.
func TestMemoryLongKeys(t *testing.T) {
	m := make(map[string]string)
	var ops []kvOp
	prefix := string(bytes.Repeat([]byte{'k'}, 65_534))
	for i := range 8 {
		m[prefix+string(rune('a'+i))] = "v"
		ops = append(ops, kvOp{kind: memoryPut, key: prefix + string(rune('h'-i)), value: "w"})
	}
	ops = append(ops, kvOp{kind: memoryScan, key: prefix, limit: 3})
	output, units := twinMemory(m, ops)
	got := orderedMemory{}.Run(Task{Args: noArgs, Input: kvInput(m, ops...)})
	if got.Units != units || !bytes.Equal(got.Output, output) {
		t.Errorf("%+v, want %d units, %x", got, units, output)
	}
}

// TestRankSet compares the set with a plain one, across the edges of its words.
func TestRankSet(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.SampledFrom([]int{1, 2, 63, 64, 65, 4096, 4097, 300_000}).Draw(t, "bound")
		s, plain := newRankSet(n), make(map[uint32]bool)
		number := rapid.Custom(func(t *rapid.T) uint32 {
			edge := rapid.SampledFrom([]int{0, 1, 63, 64, 65, 127, 128, 4095, 4096, 4097, n - 1, n / 2}).Draw(t, "edge")
			return uint32(edge % n)
		})
		for range rapid.IntRange(0, 30).Draw(t, "changes") {
			if i := number.Draw(t, "i"); rapid.Bool().Draw(t, "add") {
				s.add(i)
				plain[i] = true
			} else {
				s.remove(i)
				delete(plain, i)
			}
		}
		from := number.Draw(t, "from")
		want, found := uint32(0), false
		for i := range plain {
			if i >= from && (!found || i < want) {
				want, found = i, true
			}
		}
		if got, ok := s.next(from); got != want || ok != found || s.has(from) != plain[from] {
			t.Fatalf("next(%d) = %d, %v, want %d, %v; has %v", from, got, ok, want, found, s.has(from))
		}
	})
}
