package consensus

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/forgepool/settle/settlement"
)

// BenchmarkSubmit measures batches of events through one and three replicas in this
// process, over TLS, synced: records per second and the largest resident set.
//
//	go test -run '^$' -bench Submit -benchtime 3x ./consensus
func BenchmarkSubmit(b *testing.B) {
	for _, voters := range []int{1, 3} {
		for _, records := range []int{1, 100, 5000} {
			b.Run(fmt.Sprintf("voters=%d/records=%d", voters, records), func(b *testing.B) {
				benchmarkSubmit(b, voters, records)
			})
		}
	}
}

func benchmarkSubmit(b *testing.B, voters, records int) {
	c := newCluster(b, voters, func(o *Options) {
		o.SegmentBytes, o.CommitTimeout = 0, 0 // the defaults
		o.HeartbeatTimeout, o.ElectionTimeout, o.LeaseTimeout = 0, 0, 0
	})
	c.startAll()
	c.submit(c.f.first)
	leader := c.leader().replica
	count := max(40_000/records, 8)
	var seed atomic.Uint64
	bytes := 0
	for b.Loop() {
		b.StopTimer()
		batches := make([][]byte, count)
		prepared := make([]*settlement.Prepared, count)
		for i := range batches {
			batches[i] = c.f.batch(seed.Add(1), records)
			prepared[i] = settlement.Prepare(batches[i])
			bytes += len(batches[i])
		}
		b.StartTimer()
		var next atomic.Int64
		var wg sync.WaitGroup
		for range min(count, 256) {
			wg.Go(func() {
				for i := next.Add(1) - 1; i < int64(count); i = next.Add(1) - 1 {
					if _, err := leader.Submit(context.Background(), batches[i], prepared[i]); err != nil {
						b.Error(err)
					}
				}
			})
		}
		wg.Wait()
	}
	b.ReportMetric(float64(b.N*count*records)/b.Elapsed().Seconds(), "records/s")
	b.ReportMetric(float64(bytes)/float64(b.N*count*records), "B/record")
	b.ReportMetric(float64(peakResident(b)>>20), "peak-MiB")
}

// peakResident returns the largest resident set of this process so far.
func peakResident(b *testing.B) int {
	text, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0
	}
	var kib string
	for line := range strings.Lines(string(text)) {
		if _, err := fmt.Sscanf(line, "VmHWM: %s kB", &kib); err == nil {
			break
		}
	}
	n, _ := strconv.Atoi(kib)
	return n << 10
}
