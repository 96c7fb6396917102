package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os"
	"runtime"
	"sync"
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

func (m *measured) text(s *spool, ledger *export.Ledger, out io.Writer) error {
	format, err := export.NewFormat(m.Format, ledger)
	if err != nil {
		return err
	}
	if _, err := out.Write(format.Head()); err != nil {
		return err
	}
	return eachPage(s, func(r *export.Record, one *stored) ([]byte, error) { return format.Append(nil, r, one.get) }, func(rows []byte) error {
		m.Records, m.Rows = m.Records+1, m.Rows+uint64(bytes.Count(rows, []byte{'\n'}))
		_, err := out.Write(rows)
		return err
	})
}

// eachPage works on the records of a page at once and hands the results on in order,
// while the next page is read.
func eachPage[T any](s *spool, work func(*export.Record, *stored) (T, error), use func(T) error) error {
	for {
		page, err := s.page(pageSize)
		if err != nil || len(page) == 0 {
			return err
		}
		results, errs := make([]T, len(page)), make([]error, len(page))
		var wg sync.WaitGroup
		workers := runtime.NumCPU()
		for w := range workers {
			wg.Go(func() {
				for i := w; i < len(page); i += workers {
					r, err := export.NewRecord(page[i].index, page[i].record)
					if err == nil {
						results[i], err = work(r, &page[i])
					}
					errs[i] = err
				}
			})
		}
		wg.Wait()
		if err := errors.Join(errs...); err != nil {
			return err
		}
		for _, r := range results {
			if err := use(r); err != nil {
				return err
			}
		}
	}
}
