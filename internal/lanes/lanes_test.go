package lanes

import (
	"bytes"
	"testing"

	"github.com/zeebo/blake3"
)

// messages of every length around the edges of blocks and chunks, in groups of all sizes.
func lengths() (all []int) {
	for n := range chunkSize + 2*blockSize {
		all = append(all, n)
	}
	for n := 2; n <= maxChunks+1; n++ {
		all = append(all, n*chunkSize-1, n*chunkSize, n*chunkSize+1)
	}
	return append(all, 0, 1, 63, 64, 65, 1023, 1024, 1025, 50_000)
}

func message(n int) []byte {
	m := make([]byte, n)
	for i := range m {
		m[i] = byte(i*7 + n)
	}
	return m
}

func check(t *testing.T, messages [][]byte) {
	t.Helper()
	build := func(b []byte, i int) []byte { return append(b, messages[i]...) }
	sums := make([][32]byte, len(messages))
	Plain(sums, build)
	whole := make([][32]byte, len(messages))
	Whole(whole, messages)
	key := blake3.Sum256([]byte("key"))
	k := NewKey(key)
	keyedSums := make([][32]byte, len(messages))
	Sums(k, keyedSums, build)
	for i, m := range messages {
		if want := blake3.Sum256(m); sums[i] != want {
			t.Fatalf("message %d of %d, %d bytes: %x, want %x", i, len(messages), len(m), sums[i], want)
		}
		if whole[i] != sums[i] {
			t.Fatalf("message %d of %d, %d bytes, has another hash where it stands", i, len(messages), len(m))
		}
		h, err := blake3.NewKeyed(key[:])
		if err != nil {
			t.Fatal(err)
		}
		h.Write(m)
		if want := [32]byte(h.Sum(nil)); keyedSums[i] != want {
			t.Fatalf("message %d of %d, %d bytes, keyed: %x, want %x", i, len(messages), len(m), keyedSums[i], want)
		}
		if k.Sum(m) != keyedSums[i] {
			t.Fatalf("message %d alone has another hash", i)
		}
	}
}

func TestSums(t *testing.T) {
	var all [][]byte
	for _, n := range lengths() {
		all = append(all, message(n))
	}
	check(t, all)
	for n := range 3 * Lanes {
		check(t, all[100:100+n])
		var uneven [][]byte
		for i := range n {
			uneven = append(uneven, all[(i*311)%len(all)])
		}
		check(t, uneven)
	}
}

func TestSumsAllocateNothing(t *testing.T) {
	messages := [][]byte{message(3), message(100), message(1024), message(64), message(2000)}
	sums := make([][32]byte, len(messages))
	if n := testing.AllocsPerRun(100, func() { Plain(sums, func(b []byte, i int) []byte { return append(b, messages[i]...) }) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func FuzzSums(f *testing.F) {
	f.Add([]byte("some bytes"), uint8(3))
	f.Add(bytes.Repeat([]byte{1}, 3000), uint8(17))
	f.Fuzz(func(t *testing.T, data []byte, cut uint8) {
		var messages [][]byte
		for i := 0; len(data) > 0; i++ {
			n := min(len(data), int(cut)*(i%7)+i%65)
			messages = append(messages, data[:n])
			if n == 0 {
				n = 1
			}
			data = data[n:]
		}
		check(t, messages)
	})
}

func BenchmarkSums(b *testing.B) {
	for _, c := range []struct {
		name string
		size int
	}{{"node-64", 64}, {"leaf-130", 130}, {"entry-260", 260}, {"record-500", 500}, {"manifest-1800", 1800}} {
		var messages [][]byte
		for range 64 {
			messages = append(messages, message(c.size))
		}
		sums := make([][32]byte, len(messages))
		b.Run(c.name+"/lanes", func(b *testing.B) {
			for b.Loop() {
				Plain(sums, func(b []byte, i int) []byte { return append(b, messages[i]...) })
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*64), "ns/hash")
		})
		b.Run(c.name+"/single", func(b *testing.B) {
			for b.Loop() {
				for i := range messages {
					sums[i] = blake3.Sum256(messages[i])
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*64), "ns/hash")
		})
	}
}
