package verifier

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"math/bits"
	"os"
	"path/filepath"
	"slices"
	"sync"

	"github.com/forgepool/settle/codec"
)

// What adjustments take back of a line is added up over all of them, of this cycle and
// of those before it (docs/formats/records.md section 6.7). A row of a reversal has the
// key of the line that it takes back, so that both sort to the same place: one pass over
// the lines of the cycle and the sorted reversals shows all sums.

// reversed marks the side of a row that takes a line back. Such a row has the index of
// its adjustment in the place of the unit base.
const reversed = 0x80

// windowRecords is how many records before the cycle are held at once.
const windowRecords = 1 << 10

// reversals adds up what the adjustments of a cycle take back.
type reversals struct {
	x       *examiner
	src     Source // does not keep what it fetches
	books   *books
	dir     string
	workers int

	runs    []string
	earlier map[uint64]bool // records before the cycle of which it takes something back
	lost    map[uint64]bool // of those, the ones whose postings could not be had
	unread  map[uint64]bool // adjustments whose postings could not be had
}

// newReversals makes the work on the reversals of a cycle whose lines are in a directory.
func newReversals(x *examiner, src Source, b *books, dir string, workers int) *reversals {
	return &reversals{x: x, src: src, books: b, dir: dir, workers: workers,
		earlier: map[uint64]bool{}, lost: map[uint64]bool{}, unread: map[uint64]bool{}}
}

// check adds up the reversals of the cycle with those before it. Errors: LieAdjustment
// when more is taken back of a line than its amount, or what is no such line. What could
// not be added up, because details are not there any more, is stated in the deviations.
func (r *reversals) check(ctx context.Context) (deviations []string, err error) {
	defer func() { err = errors.Join(err, r.remove()) }()
	all := r.books.adjustments
	start, err := r.firstFrom(r.books.first)
	if err != nil {
		return nil, err
	}
	if err := r.collect(ctx, start, all.n-start); err != nil {
		return nil, err
	}
	if len(r.runs) == 0 {
		return r.deviations(), nil
	}
	if err := r.addEarlier(ctx, start); err != nil {
		return nil, err
	}
	return r.deviations(), r.compare()
}

// addEarlier adds the lines of records before the cycle, and what the adjustments before
// it, which end at a row, took back of them.
func (r *reversals) addEarlier(ctx context.Context, end uint64) error {
	if len(r.earlier) == 0 {
		return nil
	}
	records := slices.Sorted(maps.Keys(r.earlier))
	from, err := r.firstFrom(records[0] + 1) // an adjustment stands after what it takes back
	if err != nil {
		return err
	}
	if err := r.collect(ctx, from, end-from); err != nil {
		return err
	}
	for some := range slices.Chunk(records, windowRecords) {
		window := make([]entry, len(some))
		for i, index := range some {
			window[i].index = index
		}
		if err := r.run(ctx, window, r.lines, r.lost); err != nil {
			return err
		}
	}
	return nil
}

// lines returns the rows of a record's own postings.
func (r *reversals) lines(ctx context.Context, e *entry) ([][lineRow]byte, error) {
	postings, err := r.x.postingsOf(ctx, e.index)
	if errors.Is(err, LieRecord) {
		return nil, lie(LieAdjustment, "a line of record %d is taken back: %v", e.index, err)
	}
	if err != nil {
		return nil, err
	}
	out := make([][lineRow]byte, len(postings))
	for i := range postings {
		l := lineOf(e.index, &postings[i])
		out[i] = l.row()
	}
	return out, nil
}

// firstFrom returns the row of the first adjustment with this index or a larger one.
func (r *reversals) firstFrom(index uint64) (uint64, error) {
	all := r.books.adjustments
	return all.search(0, all.n, func(row []byte) bool { return readUint64(row) >= index })
}

// collect makes sorted runs of what n adjustments from the given row on take back.
func (r *reversals) collect(ctx context.Context, from, n uint64) error {
	return inWindows(r.books.adjustments, from, n, func(window []entry, _ uint64) error {
		return r.run(ctx, window, r.taken, r.unread)
	})
}

// run makes a sorted run of the rows of some records. A record that cannot be had is
// noted as missing and has none.
func (r *reversals) run(ctx context.Context, window []entry, rowsOf func(context.Context, *entry) ([][lineRow]byte, error), missing map[uint64]bool) error {
	parts := make([][][lineRow]byte, len(window))
	var mu sync.Mutex
	err := parallel(ctx, r.workers, len(window), nil, func(ctx context.Context, i int) (err error) {
		parts[i], err = rowsOf(ctx, &window[i])
		if !errors.Is(err, ErrUnavailable) || ctx.Err() != nil {
			return err
		}
		mu.Lock()
		defer mu.Unlock()
		missing[window[i].index] = true
		return nil
	})
	if err != nil {
		return err
	}
	all := slices.Concat(parts...)
	if len(all) == 0 {
		return nil
	}
	if len(r.runs) == maxRuns {
		return fmt.Errorf("cycle %d has more reversals than an audit takes", r.books.cycle)
	}
	for i := range all {
		r.look(&all[i])
	}
	name := filepath.Join(r.dir, fmt.Sprintf("reversals-%d", len(r.runs)))
	r.runs = append(r.runs, name)
	return writeRun(name, all)
}

// look notes the record of a row if the cycle takes back some of one before it.
func (r *reversals) look(row *[lineRow]byte) {
	l := readLine(row[:])
	if l.side&reversed != 0 && l.base >= r.books.first && l.index < r.books.first {
		r.earlier[l.index] = true
	}
}

// taken returns the rows of an adjustment's reversing postings.
func (r *reversals) taken(ctx context.Context, e *entry) ([][lineRow]byte, error) {
	postings, err := fetchPostings(ctx, r.src, e)
	if err != nil {
		return nil, err
	}
	var out [][lineRow]byte
	for i := range postings {
		p := &postings[i]
		if p.RefIndex == nil || p.RefLine == nil {
			continue
		}
		if *p.RefIndex >= e.index || *p.RefLine > 0xffff {
			return nil, lie(LieAdjustment, "adjustment %d: line %d does not take back what stands before it", e.index, i)
		}
		l := bookLine{role: p.Role, party: p.Party, index: *p.RefIndex, line: *p.RefLine, side: p.Side | reversed, amount: p.Amount, base: e.index}
		out = append(out, l.row())
	}
	return out, nil
}

// compare goes through the lines of the cycle, of the records before it, and the
// reversals, all in one order.
func (r *reversals) compare() error {
	var sum *takenBack
	end := func() error {
		if sum == nil || sum.last < r.books.first || r.lost[sum.line.index] {
			return nil
		}
		return sum.check()
	}
	names := append([]string{filepath.Join(r.dir, linesFile)}, r.runs...)
	err := mergeRows(names, func(row *[lineRow]byte) error {
		if sum == nil || compareLines(&sum.key, row) != 0 {
			if err := end(); err != nil {
				return err
			}
			sum = &takenBack{key: *row, line: readLine(row[:])}
		}
		sum.add(row)
		return nil
	})
	return cmp.Or(err, end())
}

// deviations states what could not be added up.
func (r *reversals) deviations() []string {
	out := []string{}
	if n := len(r.unread); n > 0 {
		out = append(out, fmt.Sprintf("the postings of %d adjustments could not be had, of record %d first: what they take back was not added up", n, slices.Min(slices.Collect(maps.Keys(r.unread)))))
	}
	if n := len(r.lost); n > 0 {
		first := slices.Min(slices.Collect(maps.Keys(r.lost)))
		out = append(out, fmt.Sprintf("the postings of %d records before the cycle could not be had, of record %d first: what is taken back of them was not compared", n, first))
	}
	return out
}

// remove removes the runs: nothing says later that they are whole.
func (r *reversals) remove() error {
	var errs []error
	for _, name := range r.runs {
		errs = append(errs, os.Remove(name))
	}
	return errors.Join(errs...)
}

// takenBack is a line with everything that is taken back of it.
type takenBack struct {
	key    [lineRow]byte
	line   bookLine // role, party, index and line
	found  bool
	side   codec.Side // of the line itself
	amount uint64     // of the line itself, micro-Credits
	sums   [2]uint64  // taken back by credits and by debits, micro-Credits
	over   bool       // a sum does not fit
	last   uint64     // adjustment that takes something back, the last one
}

// add takes in the line, or something that is taken back of it.
func (t *takenBack) add(row *[lineRow]byte) {
	l := readLine(row[:])
	if l.side&reversed == 0 {
		t.found, t.side, t.amount = true, l.side, l.amount
		return
	}
	at := 0
	if l.side&^reversed == codec.Debit {
		at = 1
	}
	sum, carry := bits.Add64(t.sums[at], l.amount, 0)
	t.sums[at], t.over, t.last = sum, t.over || carry > 0, max(t.last, l.base)
}

// check compares the sums with the line. Errors: LieAdjustment.
func (t *takenBack) check() error {
	l := &t.line
	same, opposite := t.sums[0], t.sums[1]
	if t.side == codec.Debit {
		same, opposite = opposite, same
	}
	switch {
	case !t.found:
		return lie(LieAdjustment, "adjustment %d takes back line %d of record %d, which is none of %s %s", t.last, l.line, l.index, l.role, l.party)
	case same > 0:
		return lie(LieAdjustment, "an adjustment up to %d takes back line %d of record %d on its own side", t.last, l.line, l.index)
	case t.over || opposite > t.amount:
		return lie(LieAdjustment, "adjustments up to %d take back more than the %d of line %d of record %d", t.last, t.amount, l.line, l.index)
	}
	return nil
}
