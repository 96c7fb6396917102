package settlement

import (
	"testing"

	"github.com/forgepool/settle/codec"
)

// benchWorld has n whole workloads in one batch: two events and a settlement with 8
// shards by 3 providers each.
func benchWorld(t testing.TB, n int) (*world, []byte) {
	w := newWorld(t, func(p *codec.Policy) { p.Receipts = 0 })
	var records, blobs [][]byte
	for range n {
		j := w.newJob(8)
		records = append(records, j.next(j.event(codec.StatePlanned)), j.next(j.event(codec.StateAggregating)))
		r, more := j.settle(lie{})
		records, blobs = append(records, r), append(append(blobs, j.sealed), more...)
	}
	return w, w.hub.signed(w.batch(w.hub, blobs, records...))
}

// perWorkload reports the time of one workload of n in each iteration.
func perWorkload(b *testing.B, n int) {
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*n), "ns/workload")
}

func BenchmarkPrepare(b *testing.B) {
	const n = 256
	_, data := benchWorld(b, n)
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		if p := Prepare(data); p.Fault != nil {
			b.Fatal(p.Fault)
		}
	}
	perWorkload(b, n)
}

// benchJudge judges one record of the second workload over and over, on the state that
// it meets: the accounts of its parties have postings.
func benchJudge(b *testing.B, record int) {
	w, data := benchWorld(b, 2)
	p := Prepare(data)
	w.moment.Stamp = w.now
	record += len(p.Records) / 2
	for i := range record {
		var c Change
		if v := Judge(w, p, i, &c); v.Refusal != nil {
			b.Fatal(v.Refusal)
		}
		w.append(p.Records[i].Author, p.Records[i].ID, p.Records[i].Bytes, &c)
	}
	b.ReportAllocs()
	for b.Loop() {
		var c Change
		if v := Judge(w, p, record, &c); v.Refusal != nil {
			b.Fatal(v.Refusal)
		}
	}
}

func BenchmarkJudge(b *testing.B) {
	b.Run("planned", func(b *testing.B) { benchJudge(b, 0) })
	b.Run("aggregating", func(b *testing.B) { benchJudge(b, 1) })
	b.Run("settlement", func(b *testing.B) { benchJudge(b, 2) })
}

func BenchmarkSplitPool(b *testing.B) {
	weights := []uint64{7_000_000, 9_000_000, 11_000_001}
	b.ReportAllocs()
	for b.Loop() {
		SplitPool(1_000_003, weights)
	}
}
