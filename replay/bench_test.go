package replay

import (
	"encoding/binary"
	"fmt"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/forgepool/settle/codec"
)

// benchmarkRun reports the throughput of a program in its own units: by the clock as if
// each were a byte, so that the column MB/s is millions of units per second, and by the
// user time that the process takes, however busy the machine is.
func benchmarkRun(b *testing.B, p Program, args, input []byte) {
	units := p.Run(Task{Args: args, Input: input}).Units
	b.SetBytes(int64(units))
	cpu, runs := -userTime(b), uint64(0)
	for ; b.Loop(); runs++ {
		if got := p.Run(Task{Args: args, Input: input}); got.Status != OK {
			b.Fatalf("%v %s", got.Status, got.Field)
		}
	}
	cpu += userTime(b)
	b.ReportMetric(float64(units*runs)/cpu.Seconds()/1e6, "M/user-s")
}

// userTime is the processor time of this process so far, without that of the kernel.
func userTime(b *testing.B) time.Duration {
	b.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano())
}

// BenchmarkMC counts path-steps.
func BenchmarkMC(b *testing.B) {
	for name, kind := range map[string]uint64{"arithmetic": mcArithmetic, "geometric": mcGeometric} {
		b.Run(name, func(b *testing.B) {
			benchmarkRun(b, monteCarlo{}, mcArgsOf(mcArgs{
				paths: 20_000, steps: 252, start: 6_553_600, drift: 100, vol: 211_366, kind: kind,
				strike: 6_553_600, lo: 3_276_800, width: 327_680, bins: 20,
			}), nil)
		})
	}
}

// BenchmarkGraph counts visits of vertices and edges: 65,536 vertices, about 1 M edges.
func BenchmarkGraph(b *testing.B) {
	r := rnd(9, 8<<20)
	edges := make(map[edge]bool)
	for i := range uint64(1 << 20) {
		edges[edge{u32At(r, 2*i) % 65_536, u32At(r, 2*i+1) % 65_536}] = true
	}
	input := csr(65_536, edges)
	args := graphArgsOf(graphArgs{steps: 20, damp: 55_705, top: 100})
	benchmarkRun(b, pageRank{}, args, input)
}

// BenchmarkSearch counts bytes: documents of common words, eight of them asked for.
func BenchmarkSearch(b *testing.B) {
	words := strings.Fields("the settlement of Every shard is, verifiable; by a stranger who can RUN it again and credits (see naïve x1)")
	r := rnd(10, 4<<20)
	var docs []string
	for len(r) > 2000 {
		var d strings.Builder
		for _, x := range r[:2000] {
			d.WriteString(words[int(x)%len(words)])
			d.WriteByte(' ')
		}
		docs, r = append(docs, d.String()), r[2000:]
	}
	a := searchArgs{k1: 78_643, b: 49_152, avg: 2000 << 8, top: 100, first: 1}
	for _, w := range strings.Fields("settlement shard stranger credits naïve absent again x1") {
		a.tokens = append(a.tokens, queryToken{text: []byte(w), idf: 70_000})
	}
	benchmarkRun(b, rankSearch{}, searchArgsOf(a), documents(docs))
}

// BenchmarkAggregate counts rows, for few and for many groups.
func BenchmarkAggregate(b *testing.B) {
	for name, groups := range map[string]uint32{"97": 97, "10000": 10_000, "1000000": 1_000_000} {
		b.Run(name, func(b *testing.B) {
			const count = 1 << 20
			r := rnd(11, 12*count)
			input := binary.LittleEndian.AppendUint32(nil, count)
			for i := range uint64(count) {
				key := binary.BigEndian.AppendUint32([]byte("key"), u32At(r, 3*i)%groups)
				input = append(binary.LittleEndian.AppendUint16(input, uint16(len(key))), key...)
				v := int64(binary.LittleEndian.Uint64(r[12*i+4:])) >> 17
				input = binary.LittleEndian.AppendUint64(input, uint64(v))
			}
			benchmarkRun(b, groupReduce{}, codec.AppendMap(nil, 0), input)
		})
	}
}

// BenchmarkMedia counts samples by their weights: one pipeline of all operations, and each
// operation alone, on an image of three channels.
func BenchmarkMedia(b *testing.B) {
	input := imageOf(1920, 1080, 3, rnd(12, 1920*1080*3))
	blur := &correlate{kernel: [9]int{1, 2, 1, 2, 4, 2, 1, 2, 1}, div: 16}
	for _, c := range []struct {
		name string
		ops  []rasterOp
	}{
		{"pipeline", []rasterOp{resize{1280, 720}, blur, crop{40, 20, 1200, 680}, rotate{}, luma{}, boxReduce{2, 2}, threshold(127)}},
		{"luma", []rasterOp{luma{}}},
		{"crop", []rasterOp{crop{40, 20, 1800, 1000}}},
		{"box", []rasterOp{boxReduce{2, 2}}},
		{"correlation", []rasterOp{blur}},
		{"table", []rasterOp{threshold(127)}},
		{"resize", []rasterOp{resize{2560, 1440}}},
		{"rotate", []rasterOp{rotate{}}},
	} {
		b.Run(c.name, func(b *testing.B) {
			benchmarkRun(b, rasterPipeline{}, rasterArgsOf(c.ops...), input)
		})
	}
}

// BenchmarkMemory counts units: operations of all kinds on few, on many and on very many keys.
func BenchmarkMemory(b *testing.B) {
	for _, keys := range []uint32{40, 10_000, 1_000_000} {
		b.Run(fmt.Sprint(keys), func(b *testing.B) {
			const count = 400_000
			r := rnd(13, 16*count)
			ops := make([]kvOp, count)
			for i := range uint64(count) {
				o := kvOp{kind: r[16*i]%6 + 1, key: fmt.Sprintf("user:%08d", u32At(r, 4*i+1)%keys)}
				o.value = string(r[16*i+8 : 16*i+8+uint64(r[16*i+15]%9)])
				o.delta, o.limit = 1, uint32(r[16*i+1]%4)
				ops[i] = o
			}
			benchmarkRun(b, orderedMemory{}, noArgs, kvInput(nil, ops...))
		})
	}
}
