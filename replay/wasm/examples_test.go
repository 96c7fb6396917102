package wasm

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"os"
	"testing"

	"github.com/forgepool/settle/codec"
	"github.com/forgepool/settle/replay"
	"github.com/zeebo/blake3"
)

// examples are the modules that docs/formats/wasm.md section 10 tells of, with the
// built-in that each must equal.
var examples = []struct{ file, family, profile string }{
	{"mc-c", "mc", "path.v1"}, {"mc-rust", "mc", "path.v1"},
	{"pagerank-c", "graph", "pagerank.v1"}, {"pagerank-rust", "graph", "pagerank.v1"},
}

func example(t testing.TB, name string) []byte {
	code, err := os.ReadFile("testdata/examples/" + name + ".wasm")
	if err != nil {
		t.Fatal(err)
	}
	return code
}

// familyCase is a case of the built-ins' vectors. Inputs that are only named by a
// generator are left out.
type familyCase struct {
	name, family string
	args, input  hexBytes
}

// families reads the vectors of the built-ins, good and bad ones.
func families(t testing.TB) (cases []familyCase) {
	data, err := os.ReadFile("../testdata/vectors/replay-families.json")
	if err != nil {
		t.Fatal(err)
	}
	var v struct {
		Cases []struct {
			Name, Family string
			Args         hexBytes                `json:"args_hex"`
			Input        struct{ Hex *hexBytes } `json:"input"`
		}
		Invalid []struct {
			Family, Why string
			Args        hexBytes `json:"args_hex"`
			Input       hexBytes `json:"input_hex"`
		}
	}
	if err := json.Unmarshal(data, &v); err != nil {
		t.Fatal(err)
	}
	for _, c := range v.Cases {
		if c.Input.Hex != nil {
			cases = append(cases, familyCase{c.Name, c.Family, c.Args, *c.Input.Hex})
		}
	}
	for _, c := range v.Invalid {
		cases = append(cases, familyCase{c.Why, c.Family, c.Args, c.Input})
	}
	return append(cases, ownCases()...)
}

// ownCases reach what the vectors do not: trees of hashes of every shape, and enough
// vertices for a full ranking.
func ownCases() (cases []familyCase) {
	for _, n := range []uint32{1, 127, 128, 129, 255, 257, 1000, 5000} {
		args, _ := hex.DecodeString("a4010302" + "19d999" + "0381000418c8")
		cases = append(cases, familyCase{"graph", "graph", args, ring(n, 5)})
	}
	for _, kind := range []int{0, 1} {
		cases = append(cases, familyCase{"mc", "mc", mcArgs(300, 53, kind), nil})
	}
	return cases
}

// ring is a graph whose vertex u points to up to degree others, spread over the ring.
func ring(n, degree uint32) []byte {
	off, dst := []byte{0, 0, 0, 0}, []byte(nil)
	edges := uint32(0)
	for u := range n {
		hash := blake3.Sum256(binary.LittleEndian.AppendUint32(nil, u))
		last := int64(-1)
		for i := range degree * (u % 7) / 3 {
			step := n/(degree*3) + 1 + uint32(hash[i%32])%3
			if last += int64(step); last >= int64(n) {
				break
			}
			dst = binary.LittleEndian.AppendUint32(dst, uint32(last))
			edges++
		}
		off = binary.LittleEndian.AppendUint32(off, edges)
	}
	b := binary.LittleEndian.AppendUint32(nil, n)
	b = binary.LittleEndian.AppendUint32(b, edges)
	return append(append(b, off...), dst...)
}

// mcArgs are the arguments of a simulation, those of the built-in's own benchmark.
func mcArgs(paths, steps uint64, kind int) []byte {
	b := codec.AppendMap(nil, 9)
	for key, v := range []int64{int64(paths), int64(steps), 6_553_600, 100, 211_366, int64(kind), 6_553_600, 7} {
		b = codec.AppendInt(codec.AppendUint(b, uint64(key+1)), v)
	}
	b = codec.AppendArray(codec.AppendUint(b, 9), 3)
	for _, v := range []int64{3_276_800, 327_680, 20} {
		b = codec.AppendInt(b, v)
	}
	return b
}

// TestExamples compares the examples in C and Rust with the built-ins, on both engines:
// the same bytes, or invalid where the built-in says so.
func TestExamples(t *testing.T) {
	seed := vectors(t).Seed
	for _, x := range examples {
		builtin, ok := replay.BuiltinNamed(replay.ProgramName{Family: x.family, Version: 1, Profile: x.profile})
		if !ok {
			t.Fatal(x.family)
		}
		both := compiled(t, example(t, x.file), codec.MaxPages)
		ran, refused := 0, 0
		for _, c := range families(t) {
			if c.family != x.family {
				continue
			}
			task := replay.Task{Seed: seed, Args: c.args, Input: c.input}
			want := builtin.Run(task)
			fuel := [2]uint64{}
			for i, run := range both {
				got := run.Run(1e10, task)
				if got.Status != want.Status || !bytes.Equal(got.Output, want.Output) {
					t.Errorf("%s, %s, %s: %v %s %x, want %v %s %x", x.file, engines[i], c.name, got.Status, got.Field, got.Output, want.Status, want.Field, want.Output)
				}
				fuel[i] = got.Fuel
			}
			if fuel[0] != fuel[1] {
				t.Errorf("%s, %s: the compiler takes %d fuel, the interpreter %d", x.file, c.name, fuel[0], fuel[1])
			}
			if want.Status == replay.OK {
				ran++
			} else {
				refused++
			}
		}
		if ran < 4 || refused < 4 {
			t.Errorf("%s: %d good and %d bad cases", x.file, ran, refused)
		}
	}
}

// BenchmarkExamples reports millions of the built-ins' units per second in the column
// MB/s, for the built-in and for the modules.
func BenchmarkExamples(b *testing.B) {
	work := map[string]replay.Task{
		"mc":    {Args: mcArgs(20_000, 252, 1)},
		"graph": {Args: []byte{0xa4, 1, 20, 2, 0x19, 0xd9, 0x99, 3, 0x80, 4, 0x18, 100}, Input: ring65536()},
	}
	for _, x := range examples {
		builtin, _ := replay.BuiltinNamed(replay.ProgramName{Family: x.family, Version: 1, Profile: x.profile})
		task := work[x.family]
		units := builtin.Run(task).Units
		if x.file == "mc-c" || x.file == "pagerank-c" {
			b.Run(x.family+"-builtin", func(b *testing.B) {
				b.SetBytes(int64(units))
				for b.Loop() {
					builtin.Run(task)
				}
			})
		}
		run := compiled(b, example(b, x.file), codec.MaxPages)[0]
		b.Run(x.file, func(b *testing.B) {
			b.SetBytes(int64(units))
			var fuel uint64
			for b.Loop() {
				got := run.Run(1<<60, task)
				if got.Status != replay.OK {
					b.Fatalf("%+v", got)
				}
				fuel += got.Fuel
			}
			b.ReportMetric(float64(fuel)/1e6/b.Elapsed().Seconds(), "Mfuel/s")
		})
	}
}

// ring65536 has 65,536 vertices and 16 random edges from each.
func ring65536() []byte {
	const n, degree = 1 << 16, 16
	b := binary.LittleEndian.AppendUint32(binary.LittleEndian.AppendUint32(nil, n), n*degree)
	for u := range uint32(n + 1) {
		b = binary.LittleEndian.AppendUint32(b, u*degree)
	}
	digest := blake3.New().Digest()
	var random [2 * degree]byte
	for range n {
		_, _ = digest.Read(random[:])
		for i := range uint32(degree) { // one in each sixteenth, so that they ascend
			b = binary.LittleEndian.AppendUint32(b, i<<12|uint32(binary.LittleEndian.Uint16(random[2*i:]))>>4)
		}
	}
	return b
}
