package replay

import (
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/forgepool/settle/codec"
)

// dice throws the args and inputs that both implementations are asked about. The same
// seed gives the same ones, so that a difference can be had again.
type dice struct{ *rand.Rand }

// between returns a number from low to high.
func (d dice) between(low, high int64) int64 {
	span := uint64(high) - uint64(low) + 1
	if span == 0 {
		return int64(d.Uint64())
	}
	return int64(uint64(low) + d.Uint64N(span))
}

// edge is like between, but likes the ends of the range.
func (d dice) edge(low, high int64) int64 {
	switch d.IntN(5) {
	case 0:
		return low
	case 1:
		return high
	default:
		return d.between(low, high)
	}
}

func (d dice) bytes(n int64) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(d.Uint32())
	}
	return b
}

func (d dice) key() []byte { return []byte(d.pick("", "a", "ab", "b", "\x00", "\xff")) }

func (d dice) pick(from ...string) string { return from[d.IntN(len(from))] }

// ints appends numbers with the keys from first on.
func ints(b []byte, first uint64, values ...int64) []byte {
	for i, v := range values {
		b = codec.AppendInt(codec.AppendUint(b, first+uint64(i)), v)
	}
	return b
}

// throws are valid args and inputs of each program; few of them are not valid.
// The start of an iteration comes from the caller, so that shards can follow each other.
var throws = map[string]func(d dice, n, first int64) (args, input []byte){
	"mc@1 path.v1": func(d dice, n, first int64) ([]byte, []byte) {
		kind, start := d.between(0, 1), d.edge(0, 1<<36)
		if kind == 0 && d.IntN(2) == 0 {
			start = -start
		}
		b := ints(codec.AppendMap(nil, 9), 1, n, d.edge(1, 12), start, d.edge(-1<<23, 1<<23), d.edge(0, 1<<23), kind, d.edge(-1<<36, 1<<36), first)
		b = codec.AppendArray(codec.AppendUint(b, 9), 3)
		for _, v := range []int64{d.edge(-1<<36, 1<<36), d.edge(1, 1<<37), d.edge(1, 40)} {
			b = codec.AppendInt(b, v)
		}
		return b, nil
	},
	"mc@1 insurance.v1": func(d dice, n, first int64) ([]byte, []byte) {
		freq := d.between(0, 1<<36)
		return ints(codec.AppendMap(nil, 10), 1, n, freq, d.edge(-1<<29, 1<<29), d.edge(0, 1<<27), d.edge(0, 1<<32),
			d.between(-1<<27, 1<<28), d.edge(0, 1<<27), d.edge(1, 1<<52), d.edge(1, 1<<52), first), nil
	},
	"mc@1 eta.v1": func(d dice, n, first int64) ([]byte, []byte) {
		mean := func() int64 { return d.edge(-1<<40, 1<<40) }
		deviation := func() int64 { return d.edge(0, 1<<36) }
		return ints(codec.AppendMap(nil, 11), 1, n, d.edge(0, 1<<40), mean(), deviation(), d.edge(0, 1<<32), mean(), deviation(),
			d.edge(0, 1<<32), mean(), deviation(), first), nil
	},
	"graph@1 pagerank.v1":  throwGraph,
	"media@1 raster.v1":    throwMedia,
	"search@1 rank.v1":     throwSearch,
	"aggregate@1 group.v1": throwAggregate,
	"memory@1 kv.v1":       throwMemory,
}

func throwGraph(d dice, n, _ int64) ([]byte, []byte) {
	off, dst := []byte{0, 0, 0, 0}, []byte(nil)
	for range n {
		for v := int64(0); v < n; v++ {
			if d.IntN(4) == 0 {
				dst = binary.LittleEndian.AppendUint32(dst, uint32(v))
			}
		}
		off = binary.LittleEndian.AppendUint32(off, uint32(len(dst)/4))
	}
	input := binary.LittleEndian.AppendUint32(binary.LittleEndian.AppendUint32(nil, uint32(n)), uint32(len(dst)/4))
	args := ints(codec.AppendMap(nil, 4), 1, d.edge(1, 9), d.edge(0, 65535))
	seeds := d.between(0, min(n, 3))
	args = codec.AppendArray(codec.AppendUint(args, 3), int(seeds))
	for v := range seeds {
		args = codec.AppendInt(args, n-seeds+v)
	}
	return ints(args, 4, d.between(0, 12)), slices.Concat(input, off, dst)
}

func throwSearch(d dice, n, first int64) ([]byte, []byte) {
	words := []string{"a", "A1", "bé", "BÉ", "c", "zz", "\xff\x80", "7"}
	input := binary.LittleEndian.AppendUint32(nil, uint32(n))
	for range n {
		var text []byte
		for range d.IntN(12) {
			text = append(text, d.pick(words...)+d.pick(" ", ", ", "", "-")...)
		}
		input = append(binary.LittleEndian.AppendUint32(input, uint32(len(text))), text...)
	}
	asked := []string{"a", "a1", "bé", "c", "none", "\xff\x80"}[:1+d.IntN(6)]
	args := codec.AppendArray(codec.AppendUint(codec.AppendMap(nil, 6), 1), len(asked))
	for _, token := range asked {
		args = codec.AppendInt(codec.AppendBytes(codec.AppendArray(args, 2), []byte(token)), d.edge(0, 1<<20))
	}
	return ints(args, 2, d.edge(0, 1<<19), d.edge(0, 65536), d.edge(256, 1<<32), d.between(0, 9), first), input
}

func throwAggregate(d dice, n, _ int64) ([]byte, []byte) {
	input := binary.LittleEndian.AppendUint32(nil, uint32(n))
	for range n {
		key := d.key()
		input = append(binary.LittleEndian.AppendUint16(input, uint16(len(key))), key...)
		input = binary.LittleEndian.AppendUint64(input, uint64(d.edge(1-1<<47, 1<<47-1)))
	}
	return codec.AppendMap(nil, 0), input
}

func throwMemory(d dice, n, _ int64) ([]byte, []byte) {
	short := func(b []byte, x []byte) []byte {
		return append(binary.LittleEndian.AppendUint16(b, uint16(len(x))), x...)
	}
	long := func(b []byte, x []byte) []byte {
		return append(binary.LittleEndian.AppendUint32(b, uint32(len(x))), x...)
	}
	input := binary.LittleEndian.AppendUint32(nil, 2)
	input = long(short(input, []byte("a")), make([]byte, 8))
	input = long(short(input, []byte("b")), []byte("value"))
	input = binary.LittleEndian.AppendUint32(input, uint32(n))
	for range n {
		number := byte(1 + d.IntN(6))
		input = short(append(input, number), d.key())
		switch number {
		case 1:
			input = long(input, d.bytes(d.between(0, 130)))
		case 4:
			input = append(input, d.bytes(8)...)
		case 5:
			input = long(long(input, []byte(d.pick("", "value", "\x00"))), d.bytes(d.between(0, 9)))
		case 6:
			input = binary.LittleEndian.AppendUint32(short(input, d.key()), uint32(d.edge(0, 5)))
		}
	}
	return codec.AppendMap(nil, 0), input
}

func throwMedia(d dice, _, _ int64) ([]byte, []byte) {
	w, h, c := d.between(1, 12), d.between(1, 12), 1+2*d.between(0, 1)
	var input []byte
	for _, v := range []int64{w, h, c} {
		input = binary.LittleEndian.AppendUint32(input, uint32(v))
	}
	input = append(input, d.bytes(w*h*c)...)
	count := 1 + d.IntN(5)
	args := codec.AppendArray(codec.AppendUint(codec.AppendMap(nil, 1), 1), count)
	op := func(values ...int64) {
		args = codec.AppendArray(args, len(values))
		for _, v := range values {
			args = codec.AppendInt(args, v)
		}
	}
	for range count {
		switch d.between(1, 8) {
		case 1:
			op(1)
		case 2:
			op(2, d.between(0, 2), d.between(0, 2), d.between(1, 4), d.between(1, 4))
		case 3:
			op(3, d.between(1, 3), d.between(1, 3))
		case 4:
			args = codec.AppendArray(codec.AppendInt(codec.AppendArray(args, 4), 4), 9)
			for range 9 {
				args = codec.AppendInt(args, d.edge(-1<<15, 1<<15))
			}
			args = codec.AppendInt(codec.AppendInt(args, d.edge(1, 1<<17)), d.edge(-255, 255))
		case 5:
			args = codec.AppendBytes(codec.AppendInt(codec.AppendArray(args, 2), 5), d.bytes(256))
		case 6:
			op(6, d.between(1, 20), d.between(1, 20))
		case 7:
			op(7, d.edge(0, 255))
		case 8:
			op(8)
		}
	}
	return args, input
}

// spoil changes a byte, cuts or extends, half of the time.
func (d dice) spoil(b []byte) []byte {
	b = slices.Clone(b)
	switch at := d.IntN(len(b) + 1); d.IntN(6) {
	case 0:
		if at < len(b) {
			b[at] ^= 1 << d.IntN(8)
		}
	case 1:
		b = b[:at]
	case 2:
		b = slices.Insert(b, at, byte(d.Uint32()))
	}
	return b
}

func text(b []byte) *string {
	s := hex.EncodeToString(b)
	return &s
}

// ask lets the reference answer questions and compares.
func ask(t *testing.T, questions []*question) {
	t.Helper()
	data, err := json.Marshal(questions)
	if err != nil {
		t.Fatal(err)
	}
	var want []any
	decode(t, python(t, data, "answers.py"), &want)
	if len(want) != len(questions) {
		t.Fatalf("%d answers to %d questions", len(want), len(questions))
	}
	for i, q := range questions {
		compare(t, q.Ask, q, want[i])
	}
}

const (
	randomCases = 100    // of each program, with those that are spoilt
	randomLimit = 20_000 // units, so that a spoilt count of paths does not keep anybody busy
)

// TestReferenceRandom executes shards with both implementations.
func TestReferenceRandom(t *testing.T) {
	seen := map[string]map[string]bool{}
	for program, throw := range throws {
		t.Run(program, func(t *testing.T) {
			d := dice{rand.New(rand.NewPCG(0x7365747472, uint64(len(program))))}
			var questions []*question
			for range randomCases {
				args, input := throw(d, d.between(1, 9), d.between(0, 1<<40))
				if d.IntN(2) == 0 {
					args, input = d.spoil(args), d.spoil(input)
				}
				q := &question{Ask: "run", Program: program, Seed: *text(d.bytes(32)), Args: text(args), Input: text(input), Limit: randomLimit}
				if units := answerRun(t, q)["units"].(uint64); units > 1 && d.IntN(3) == 0 {
					q.Limit = units - uint64(d.IntN(2)) // at the limit, or one beyond
				}
				questions = append(questions, q)
			}
			ask(t, questions)
			seen[program] = map[string]bool{}
			for _, q := range questions {
				seen[program][answerRun(t, q)["status"].(string)] = true
			}
		})
		if len(seen[program]) != 3 {
			t.Errorf("%s: only %v", program, seen[program])
		}
	}
}

// TestReferenceRandomMerges joins outputs as they are and spoilt.
func TestReferenceRandomMerges(t *testing.T) {
	for program, throw := range throws {
		t.Run(program, func(t *testing.T) {
			d := dice{rand.New(rand.NewPCG(0x6d65726765, uint64(len(program))))}
			var questions []*question
			for range randomCases {
				if q := throwMerge(t, d, program, throw); q != nil {
					questions = append(questions, q)
				}
			}
			ask(t, questions)
			merged := 0
			for _, q := range questions {
				if answerResult(t, q)["output"].(map[string]any)["bytes"].(int) > 0 {
					merged++
				}
			}
			if merged < 20 {
				t.Errorf("%d of %d merge", merged, len(questions))
			}
		})
	}
}

// throwMerge executes one to three shards that follow each other and spoils some of them.
func throwMerge(t *testing.T, d dice, program string, throw func(dice, int64, int64) ([]byte, []byte)) *question {
	p, err := ParseProgramName(program)
	if err != nil {
		t.Fatal(err)
	}
	built, _ := BuiltinNamed(p)
	s1, s2 := d.Uint64(), d.Uint64()
	var shards [][2]string
	next := d.between(0, 1000)
	for range 1 + d.IntN(3) {
		n := d.between(1, 9)
		args, input := throw(dice{rand.New(rand.NewPCG(s1, s2))}, n, next) // equal but for n and first
		r := built.Run(Task{Args: args, Input: input})
		if r.Status != OK {
			return nil
		}
		if d.IntN(4) == 0 {
			r.Output = d.spoil(r.Output)
		}
		if d.IntN(12) == 0 {
			args = d.spoil(args)
		}
		shards = append(shards, [2]string{*text(args), *text(r.Output)})
		next += n
		if d.IntN(10) == 0 {
			next++
		}
	}
	return &question{Ask: "result", Program: program, Shards: &shards}
}

// TestReferenceStatistics asks both for percentiles of distributions, and spoilt ones.
func TestReferenceStatistics(t *testing.T) {
	d := dice{rand.New(rand.NewPCG(0x737461, 1))}
	var questions []*question
	for range 40 {
		h, n := newHistogram(), d.between(1, 60)
		for range n {
			h.add(uint64(d.edge(0, int64(1)<<d.IntN(53))))
		}
		output := h.encode()
		if d.IntN(3) == 0 {
			output = d.spoil(output)
		}
		questions = append(questions, &question{Ask: "statistics", Output: text(output), N: uint64(n),
			Levels: []uint64{1, uint64(d.between(1, Million)), 950_000, Million},
			Values: []uint64{0, uint64(d.between(0, 1<<52)), 1 << 52}})
	}
	ask(t, questions)
}
