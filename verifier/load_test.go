package verifier

import (
	"context"
	"fmt"
	"runtime"
	"runtime/debug"
	"sync/atomic"
	"testing"
	"time"

	"github.com/forgepool/settle/codec"
	"github.com/forgepool/settle/proof"
	"github.com/transparency-dev/merkle/compact"
)

// BenchmarkCycleAudit audits a cycle of b.N settlements (-benchtime 100000x) and reports
// how much memory it took at most, beyond the ledger itself.
func BenchmarkCycleAudit(b *testing.B) {
	w := newWorld(b, 20)
	w.promise(950_000, 10_000, 250_000)
	for i := range b.N {
		w.settle(job{name: fmt.Sprint("load ", i), shards: []shardSpec{{i % 20, 2}, {(i + 7) % 20, uint64(1 + i%3)}}})
	}
	w.closeCycle(nil)
	source := newIndexed(w)
	defer debug.SetGCPercent(debug.SetGCPercent(10))
	runtime.GC()
	heap := func() uint64 {
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	before, stop := heap(), make(chan struct{})
	var peak atomic.Uint64
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			select {
			case <-stop:
				return
			case <-time.After(20 * time.Millisecond):
				peak.Store(max(peak.Load(), heap()))
			}
		}
	}()
	b.ResetTimer()
	start := time.Now()
	got, err := AuditCycle(context.Background(), source, w.cycleOptions(b.TempDir()))
	if err != nil {
		b.Fatal(err)
	}
	r := got.Report
	b.ReportMetric(time.Since(start).Seconds(), "s/audit")
	close(stop)
	<-done
	b.ReportMetric(float64(max(peak.Load(), before)-before)/(1<<20), "peak-MB")
	b.ReportMetric(float64(len(r.Encode()))/(1<<10), "report-KB")
	if r.Opinion != codec.OpinionPass {
		b.Errorf("opinion %d, %+v", r.Opinion, r.Result)
	}
}

// indexed is a world that keeps the nodes of tree A, so that paths cost nothing.
type indexed struct {
	*world
	levels [][][32]byte
	size   uint64
}

func newIndexed(w *world) *indexed {
	x := &indexed{world: w, size: uint64(len(w.records))}
	level := w.leaves(proof.TreeA, x.size).leaves
	for len(level) > 0 {
		x.levels = append(x.levels, level)
		var next [][32]byte
		for i := 0; i+1 < len(level); i += 2 {
			next = append(next, proof.TreeA.Node(level[i], level[i+1]))
		}
		level = next
	}
	return x
}

// ReadHashes implements proof.HashReader.
func (x *indexed) ReadHashes(ids []compact.NodeID) ([][32]byte, error) {
	out := make([][32]byte, len(ids))
	for i, id := range ids {
		out[i] = x.levels[id.Level][id.Index]
	}
	return out, nil
}

// Inclusion implements Source.
func (x *indexed) Inclusion(_ context.Context, index, size uint64) ([][32]byte, error) {
	return proof.ProveInclusion(x, proof.TreeA, index, size)
}

// Records implements Source with pages of any size.
func (x *indexed) Records(_ context.Context, from uint64, limit int) ([]Record, error) {
	return x.records[from:min(from+uint64(limit), x.size)], nil
}
