package ledger

import (
	"flag"
	"testing"
	"time"

	"github.com/forgepool/settle/codec"
	"github.com/forgepool/settle/settlement"
)

// settlements is how many there are in the ledger of BenchmarkStatement.
var settlements = flag.Int("settlements", 20_000, "settlements in the ledger that statements are read from")

// settledLedger makes a ledger with n settlements in the directory of the benchmark.
func settledLedger(b *testing.B, w *world, n int) *Ledger {
	const perBatch = 512
	l, err := Create(b.TempDir(), w.genesis, Options{})
	if err != nil {
		b.Fatal(err)
	}
	w.apply(l, w.parties())
	for done := 0; done < n; {
		var records, blobs [][]byte
		for range min(perBatch, n-done) {
			_, r, more := w.workload(8)
			records, blobs, done = append(records, r...), append(blobs, more...), done+1
		}
		w.apply(l, w.batch(blobs, records...))
	}
	return l
}

// BenchmarkStatement reads the totals and the first page of lines of the party that all
// settlements post to, as of now and as of sizes all over the log.
func BenchmarkStatement(b *testing.B) {
	w := newWorld(b)
	start := time.Now()
	l := settledLedger(b, w, *settlements)
	defer l.Close()
	b.Logf("%d settlements in %s", *settlements, time.Since(start).Round(time.Second))
	a := settlement.Account{Cycle: testCycle, Role: codec.RolePlatform, Party: w.all["platform"].id}
	b.Run("now", func(b *testing.B) { benchStatement(b, l, a, func(size uint64) uint64 { return 0 }) })
	b.Run("anywhere", func(b *testing.B) {
		at := uint64(1)
		benchStatement(b, l, a, func(size uint64) uint64 {
			at = at*6364136223846793005 + 1442695040888963407
			return size/2 + at>>11%(size/2)
		})
	})
}

// benchStatement reads statements as of the sizes that pick chooses, and reports the
// slowest one beside the mean.
func benchStatement(b *testing.B, l *Ledger, a settlement.Account, pick func(size uint64) uint64) {
	b.ReportAllocs()
	slowest := time.Duration(0)
	for b.Loop() {
		start := time.Now()
		s := l.Read()
		size := pick(s.Size())
		total, err := s.Statement(a, size)
		if err != nil || total.Postings == 0 {
			b.Fatal(total, err)
		}
		page, err := s.StatementLines(a, Page{Size: size})
		if err != nil || len(page.Items) == 0 {
			b.Fatal(len(page.Items), err)
		}
		s.Close()
		slowest = max(slowest, time.Since(start))
	}
	b.ReportMetric(float64(slowest.Nanoseconds()), "slowest-ns")
}
