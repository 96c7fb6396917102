//go:build linux

package ledger

import (
	"runtime"
	"syscall"
	"testing"
	"time"

	"github.com/forgepool/settle/codec"
)

// prepared prepares a batch as consensus does before Apply.
func prepared(b *testing.B, e Entry) Entry {
	b.Helper()
	var err error
	if e.Decoded, e.Prepared, err = PrepareCommand(e.Command); err != nil {
		b.Fatal(err)
	}
	if f := e.Prepared[0].Fault; f != nil {
		b.Fatal(f)
	}
	return e
}

// benchApply applies the entries that make returns, prepared, to ledgers on disk; only
// Apply is timed.
func benchApply(b *testing.B, perEntry int, unit string, entry func(w *world) Entry) {
	w := newWorld(b)
	l, err := Create(b.TempDir(), w.genesis, Options{})
	if err != nil {
		b.Fatal(err)
	}
	defer l.Close()
	w.apply(l, w.parties())
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	b.ReportAllocs()
	b.ResetTimer()
	var cpu time.Duration
	for range b.N {
		b.StopTimer()
		e := prepared(b, entry(w))
		b.StartTimer()
		cpu -= threadCPU(b)
		if r := l.Apply([]Entry{e})[0]; r.Batches[0].Fault != nil || r.Batches[0].Outcomes[0].Kind != codec.Appended {
			b.Fatal(r.Batches[0])
		}
		cpu += threadCPU(b)
	}
	b.ReportMetric(float64(cpu.Nanoseconds())/float64(perEntry*b.N), "cpu-ns/"+unit[:len(unit)-1])
	b.ReportMetric(float64(perEntry*b.N)/b.Elapsed().Seconds(), unit+"/s")
}

// threadCPU is the processor time of this thread: what the applying goroutine itself
// costs, however busy the machine is.
func threadCPU(b *testing.B) time.Duration {
	b.Helper()
	const thread = 1 // RUSAGE_THREAD
	var u syscall.Rusage
	if err := syscall.Getrusage(thread, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func BenchmarkApplyEvents(b *testing.B) {
	benchApply(b, 8192, "events", func(w *world) Entry {
		records, blobs := w.planned(8192)
		return w.batches(w.batch(blobs, records...))
	})
}

func BenchmarkApplyWorkloads(b *testing.B) {
	const n = 512
	benchApply(b, n, "workloads", func(w *world) Entry {
		var records, blobs [][]byte
		for range n {
			_, r, more := w.workload(8)
			records, blobs = append(records, r...), append(blobs, more...)
		}
		return w.batches(w.batch(blobs, records...))
	})
}

func BenchmarkPrepareCommand(b *testing.B) {
	w := newWorld(b)
	w.create(Options{}).Close()
	records, blobs := w.planned(8192)
	e := w.batches(w.batch(blobs, records...))
	b.SetBytes(int64(len(e.Command)))
	for b.Loop() {
		if _, p, err := PrepareCommand(e.Command); err != nil || p[0].Fault != nil {
			b.Fatal(err)
		}
	}
}
