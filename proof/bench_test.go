package proof

import (
	"fmt"
	"testing"
)

// sink keeps results alive.
var sink [32]byte

func BenchmarkLeafA(b *testing.B) {
	for _, size := range []int{64, 512} {
		record := make([]byte, size)
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(size))
			for b.Loop() {
				sink = LeafA(record)
			}
		})
	}
}

func BenchmarkLeafB512(b *testing.B) {
	record := make([]byte, 512)
	b.ReportAllocs()
	for b.Loop() {
		sink = LeafB(record)
	}
}

func BenchmarkNodeA(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		sink = NodeA(sink, sink)
	}
}

func BenchmarkNodeB(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		sink = NodeB(sink, sink)
	}
}

// BenchmarkSumRoot is what every replica does for every settlement: a manifest of
// 8 shards, and 5 postings.
func BenchmarkSumRoot(b *testing.B) {
	for _, c := range []struct {
		name string
		t    SumType
		n    int
	}{{"shards8", SumShards, 8}, {"postings5", SumPostings, 5}} {
		leaves := sumLeaves(c.t, c.n)
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				var err error
				if sink, _, err = SumRoot(c.t, leaves); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkCheckInclusion(b *testing.B) {
	records := testRecords(1000)
	c := testCheckpoint(b, TreeA, records)
	path := must2(ProveInclusion(memoryLog{TreeA, records}, TreeA, 777, 1000))(b)
	b.ReportAllocs()
	for b.Loop() {
		if err := c.CheckInclusion(777, records[777], path); err != nil {
			b.Fatal(err)
		}
	}
}
