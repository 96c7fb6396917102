package verifier

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/forgepool/settle/codec"
	"github.com/forgepool/settle/proof"
)

// What is held at once while the postings of a cycle are sorted.
const (
	windowLines   = 1 << 16 // postings, but for a single record that has more
	windowEntries = 1 << 13
	// maxRuns bounds the sorted files that are merged at once: 2^28 postings.
	maxRuns = 1 << 12
)

// cycleFrame is what an audit of a cycle draws from: its postings by party and by
// record. The trees were rebuilt from the files and are those of the close.
type cycleFrame struct {
	books   *books
	lines   *rows // in the order of the trees
	parties *rows

	value     uint64 // V: credit of providers, micro-Credits
	subtotals []codec.Subtotal
	journal   codec.Journal
	totals    codec.PartyTotals
}

// buildCycleFrame fetches the details of the cycle, checks them against their records,
// sorts the postings by party and rebuilds the trees. Sorted runs that an earlier run
// left in the directory are taken over. Errors: ErrUnavailable, LieDetail, LieClose.
func buildCycleFrame(ctx context.Context, src Source, b *books, dir string, workers int, progress func(done, total uint64)) (*cycleFrame, error) {
	w := &windows{src: src, books: b, dir: dir, workers: workers, progress: progress}
	if err := w.make(ctx); err != nil {
		return nil, err
	}
	f, err := mergeRuns(b, dir, w.runs)
	if err == nil {
		err = f.compare()
	}
	if err != nil && w.taken {
		// What was left by an earlier run may be damaged: once more from the source.
		for _, name := range w.runs {
			if err := os.Remove(name); err != nil {
				return nil, err
			}
		}
		return buildCycleFrame(ctx, src, b, dir, workers, progress)
	}
	return f, err
}

// windows cuts the journal into windows of some postings, whose sorted lines make a run.
type windows struct {
	src      Source
	books    *books
	dir      string
	workers  int
	progress func(done, total uint64)
	runs     []string
	taken    bool // a run of an earlier audit was taken over
}

// make makes the runs of all windows.
func (w *windows) make(ctx context.Context) error {
	return inWindows(w.books.journal, 0, w.books.journal.n, func(window []entry, done uint64) error {
		return w.run(ctx, window, done)
	})
}

// inWindows calls f with n entries from a row on, as many at once as may be held. Done is
// the row after them.
func inWindows(r *rows, from, n uint64, f func(window []entry, done uint64) error) error {
	var window []entry
	lines := uint64(0)
	err := r.scan(from, n, func(i uint64, row []byte) error {
		e := readEntry(row)
		if len(window) > 0 && (lines+e.n > windowLines || len(window) == windowEntries) {
			if err := f(window, i); err != nil {
				return err
			}
			window, lines = window[:0], 0
		}
		window, lines = append(window, e), lines+e.n
		return nil
	})
	if err != nil || len(window) == 0 {
		return err
	}
	return f(window, from+n)
}

// run makes the sorted run of one window, unless it is there. Done is how many entries
// of the journal it ends at.
func (w *windows) run(ctx context.Context, window []entry, done uint64) error {
	name := filepath.Join(w.dir, fmt.Sprintf("run-%d", window[0].index))
	w.runs = append(w.runs, name)
	if len(w.runs) > maxRuns {
		return fmt.Errorf("cycle %d has more postings than an audit takes", w.books.cycle)
	}
	want := uint64(0)
	for i := range window {
		want += window[i].n
	}
	if info, err := os.Stat(name); err == nil && uint64(info.Size()) == want*lineRow {
		w.taken = true
	} else if err := w.fetch(ctx, name, window); err != nil {
		return err
	}
	if w.progress != nil {
		w.progress(done, w.books.journal.n)
	}
	return nil
}

// fetch fetches the details of a window and writes its run.
func (w *windows) fetch(ctx context.Context, name string, window []entry) error {
	parts := make([][][lineRow]byte, len(window))
	err := parallel(ctx, w.workers, len(window), nil, func(ctx context.Context, i int) error {
		postings, err := fetchPostings(ctx, w.src, &window[i])
		if err != nil {
			return err
		}
		for k := range postings {
			l := lineOf(window[i].index, &postings[k])
			parts[i] = append(parts[i], l.row())
		}
		return nil
	})
	if err != nil {
		return err
	}
	return writeRun(name, slices.Concat(parts...))
}

// writeRun sorts lines and writes them to a file.
func writeRun(name string, all [][lineRow]byte) error {
	slices.SortFunc(all, func(a, b [lineRow]byte) int { return compareLines(&a, &b) })
	data := make([]byte, 0, len(all)*lineRow)
	for i := range all {
		data = append(data, all[i][:]...)
	}
	return writeWhole(name, data)
}

// writeWhole writes a file that is there whole or not at all.
func writeWhole(name string, data []byte) error {
	if err := os.WriteFile(name+".part", data, 0o600); err != nil {
		return err
	}
	return os.Rename(name+".part", name)
}

// fetchPostings fetches the postings of a settlement or an adjustment, checked against
// what the record states.
func fetchPostings(ctx context.Context, src Source, e *entry) ([]codec.Posting, error) {
	s := &settled{index: e.index, detail: e.detail, postings: codec.PostingsRef{N: e.n, Root: e.root}, charge: e.amount}
	if e.kind == codec.KindSettlement {
		d, err := fetchDetail(ctx, src, s)
		if err != nil {
			return nil, err
		}
		return d.Postings, nil
	}
	blob, err := fetchBlob(ctx, src, "correction", e.detail, codec.MaxAttachment)
	if err != nil {
		return nil, err
	}
	c, err := codec.DecodeCorrection(blob)
	if err != nil {
		return nil, lie(LieDetail, "adjustment %d: %v", e.index, err)
	}
	return c.Postings, checkCorrection(s, c.Postings)
}

// checkCorrection checks the postings of an adjustment like those of a settlement.
func checkCorrection(s *settled, postings []codec.Posting) error {
	leaves := make([]proof.SumLeaf, len(postings))
	for i := range postings {
		p := &postings[i]
		if p.Line != uint64(i) || p.Line > 0xffff || (p.Side != codec.Credit && p.Side != codec.Debit) || p.Units != nil {
			return lie(LieDetail, "adjustment %d: line %d", s.index, i)
		}
		key := proof.LineKey(uint16(p.Line))
		leaves[i] = proof.SumLeaf{Key: key[:], Count: 1, Sums: sides(p), Payload: codec.PostingHash(p)}
	}
	root, totals, err := proof.SumRoot(proof.SumPostings, leaves)
	if err != nil || root != s.postings.Root || totals.Leaves != s.postings.N || totals.Sums != [2]uint64{s.charge, s.charge} {
		return lie(LieDetail, "adjustment %d: the postings are not what it states", s.index)
	}
	return nil
}

// run is a sorted file being merged.
type run struct {
	file *os.File
	in   *bufio.Reader
	head [lineRow]byte
}

// next reads the next line; false at the end.
func (r *run) next() (bool, error) {
	n, err := readFull(r.in, r.head[:])
	if err != nil || n == 0 {
		return false, err
	}
	return true, nil
}

// openRuns opens all runs that have a line.
func openRuns(names []string) (open []*run, err error) {
	for _, name := range names {
		f, err := os.Open(name)
		if err != nil {
			return open, err
		}
		r := &run{file: f, in: bufio.NewReaderSize(f, rowsBuffer/4)}
		more, err := r.next()
		if err != nil || !more {
			if err = errors.Join(err, f.Close()); err != nil {
				return open, err
			}
			continue
		}
		open = append(open, r)
	}
	return open, nil
}

// compare compares the rebuilt trees with the close, and checks that nothing was made
// or lost. Errors: LieClose.
func (f *cycleFrame) compare() error {
	c := &f.books.close.body
	wrong := func(what string) error { return lie(LieClose, "close %d: %s", f.books.close.Index, what) }
	switch {
	case *c.Journal != f.journal:
		return wrong("journal")
	case *c.Parties != f.totals:
		return wrong("parties")
	case !slices.Equal(*c.Subtotals, f.subtotals):
		return wrong("subtotals")
	case f.journal.Credit != f.journal.Debit || f.totals.Credit != f.journal.Credit || f.totals.Debit != f.journal.Debit:
		return wrong("credit and debit")
	}
	owed, due := uint64(0), uint64(0) // modulo 2^64
	for _, s := range f.subtotals {
		if s.Role == codec.RoleCustomer {
			owed += s.Debit - s.Credit
		} else {
			due += s.Credit - s.Debit
		}
	}
	if owed != due {
		return wrong("what customers owe is not what the others are due")
	}
	return nil
}

// closeFiles closes what the frame opened.
func (f *cycleFrame) closeFiles() error { return errors.Join(f.lines.close(), f.parties.close()) }
