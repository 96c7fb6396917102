package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os"
	"runtime"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/forgepool/settle/export"
)

// pageSize is how many records `settle export` works on at once.
const pageSize = 1_000

// measured is what came out of one format.
type measured struct {
	Format  string `json:"format"`
	Records uint64 `json:"records"`
	Rows    uint64 `json:"rows"`
	Seconds string `json:"seconds"`
	Rate    uint64 `json:"rows_per_second"`
	CPU     string `json:"cpu_seconds"`
	Bytes   int64  `json:"bytes"`
	PeakMiB int64  `json:"peak_memory_mib"`
}

// measure exports a spool into a file and prints what it took as JSON.
func measure(format, from, to string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.Create(to)
	if err != nil {
		return err
	}
	start := time.Now()
	s, ledger, err := openSpool(in)
	if err != nil {
		return err
	}
	m := &measured{Format: format}
	if format == export.FormatParquet {
		err = m.parquet(s, ledger, out)
	} else {
		err = m.text(s, ledger, out)
	}
	if err = errors.Join(err, out.Sync()); err != nil {
		return err
	}
	elapsed := time.Since(start)
	info, err := out.Stat()
	if err != nil {
		return err
	}
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		return err
	}
	m.Seconds, m.Rate, m.Bytes, m.PeakMiB = elapsed.Round(time.Millisecond).String(), m.Rows*uint64(time.Second)/uint64(elapsed), info.Size(), used.Maxrss>>10
	m.CPU = time.Duration(used.Utime.Nano() + used.Stime.Nano()).Round(10 * time.Millisecond).String()
	return errors.Join(json.NewEncoder(os.Stdout).Encode(m), out.Close())
}

func (m *measured) parquet(s *spool, ledger *export.Ledger, out io.Writer) error {
	focus, err := export.NewFOCUS(ledger, "")
	if err != nil {
		return err
	}
	p := export.NewParquet(out, focus)
	err = eachPage(s, func(r *export.Record, one *stored) (export.Rows, error) { return focus.Rows(r, one.get) }, func(rows export.Rows) error {
		m.Records, m.Rows = m.Records+1, m.Rows+uint64(len(rows))
		return p.Write(rows)
	})
	return errors.Join(err, p.Close())
}

func (m *measured) text(s *spool, ledger *export.Ledger, file io.Writer) error {
	format, err := export.NewFormat(m.Format, ledger)
	if err != nil {
		return err
	}
	out := bufio.NewWriterSize(file, 1<<20)
	if _, err := out.Write(format.Head()); err != nil {
		return err
	}
	err = eachPage(s, func(r *export.Record, one *stored) ([]byte, error) { return format.Append(nil, r, one.get) }, func(rows []byte) error {
		m.Records, m.Rows = m.Records+1, m.Rows+uint64(bytes.Count(rows, []byte{'\n'}))
		_, err := out.Write(rows)
		return err
	})
	return errors.Join(err, out.Flush())
}

// eachPage works on the records of a page at once and hands the results on in order,
// while the next page is read.
func eachPage[T any](s *spool, work func(*export.Record, *stored) (T, error), use func(T) error) error {
	read, idle := make(chan *page, 1), make(chan *page, 2)
	idle <- new(page)
	idle <- new(page)
	go func() {
		for x := range idle {
			x.read(s)
			read <- x
		}
	}()
	defer close(idle)
	for {
		x := <-read
		if x.err != nil || len(x.records) == 0 {
			return x.err
		}
		results, err := workOn(x, work)
		if err != nil {
			return err
		}
		idle <- x
		for _, r := range results {
			if err := use(r); err != nil {
				return err
			}
		}
	}
}

// workOn works on the records of a page on all cores.
func workOn[T any](x *page, work func(*export.Record, *stored) (T, error)) ([]T, error) {
	results, errs := make([]T, len(x.records)), make([]error, len(x.records))
	var wg sync.WaitGroup
	var next atomic.Int64
	for range runtime.NumCPU() {
		wg.Go(func() {
			for {
				i := int(next.Add(1)) - 1
				if i >= len(x.records) {
					return
				}
				one := &x.records[i]
				r, err := export.NewRecord(one.index, one.record)
				if err == nil {
					results[i], err = work(r, one)
				}
				errs[i] = err
			}
		})
	}
	wg.Wait()
	return results, errors.Join(errs...)
}
