package verifier

import (
	"container/heap"
	"errors"
	"io"
	"slices"

	"github.com/forgepool/settle/codec"
	"github.com/forgepool/settle/proof"
)

// runHeap orders runs by their heads.
type runHeap []*run

func (h runHeap) Len() int           { return len(h) }
func (h runHeap) Less(i, j int) bool { return compareLines(&h[i].head, &h[j].head) < 0 }
func (h runHeap) Swap(i, j int)      { h[i], h[j] = h[j], h[i] }
func (h *runHeap) Push(x any)        { *h = append(*h, x.(*run)) }
func (h *runHeap) Pop() any {
	old := *h
	last := old[len(old)-1]
	*h = old[:len(old)-1]
	return last
}

// readFull reads a whole row, or nothing at the end.
func readFull(in io.Reader, row []byte) (int, error) {
	n, err := io.ReadFull(in, row)
	if errors.Is(err, io.EOF) {
		return 0, nil
	}
	return n, err
}

// linesFile is the file of the lines of a cycle, in the order of the trees.
const linesFile = "lines"

// mergeRows calls f with the rows of sorted files, all in one order. It holds one row of
// each file; the row is valid during the call.
func mergeRows(names []string, f func(row *[lineRow]byte) error) error {
	open, err := openRuns(names)
	defer func() {
		for _, r := range open {
			_ = r.file.Close()
		}
	}()
	if err != nil {
		return err
	}
	h := runHeap(slices.Clone(open))
	heap.Init(&h)
	for len(h) > 0 {
		if err := f(&h[0].head); err != nil {
			return err
		}
		more, err := h[0].next()
		switch {
		case err != nil:
			return err
		case more:
			heap.Fix(&h, 0)
		default:
			heap.Pop(&h)
		}
	}
	return nil
}

// mergeRuns merges sorted runs into the lines and the parties of a cycle, and builds
// the trees on the way.
func mergeRuns(b *books, dir string, names []string) (*cycleFrame, error) {
	f := &cycleFrame{books: b}
	var err error
	if f.lines, err = createRows(dir, linesFile, lineRow); err != nil {
		return nil, err
	}
	if f.parties, err = createRows(dir, "parties", partyRow); err != nil {
		return nil, err
	}
	m := &merging{frame: f}
	if m.tree, err = proof.NewSumRange(proof.SumParties); err != nil {
		return nil, err
	}
	if err := mergeRows(names, m.add); err != nil {
		return nil, err
	}
	if err := m.endParty(); err != nil {
		return nil, err
	}
	return f, m.finish()
}

// merging adds up sorted lines party by party.
type merging struct {
	frame *cycleFrame
	tree  *proof.SumRange // of parties
	party bookParty       // whose lines come now; role 0 before the first
	lines *proof.SumRange // of that party
}

// add takes the next line.
func (m *merging) add(row *[lineRow]byte) error {
	l := readLine(row[:])
	if l.role != m.party.role || l.party != m.party.id {
		if err := m.endParty(); err != nil {
			return err
		}
		m.party = bookParty{role: l.role, id: l.party, first: m.frame.lines.n}
		var err error
		if m.lines, err = proof.NewSumRange(proof.SumPartyPostings); err != nil {
			return err
		}
	}
	leaf := l.sumLeaf()
	if err := m.lines.Append(&leaf); err != nil {
		return lie(LieDetail, "postings of %s %s: %v", l.role, l.party, err)
	}
	return m.frame.lines.add(row[:])
}

// endParty closes the tree of the party whose lines came.
func (m *merging) endParty() error {
	p := &m.party
	if p.role == 0 {
		return nil
	}
	totals := m.lines.Totals()
	p.lines, p.credit, p.debit, p.root = totals.Leaves, totals.Sums[proof.Credit], totals.Sums[proof.Debit], m.lines.Root()
	leaf := p.sumLeaf()
	if err := m.tree.Append(&leaf); err != nil {
		return lie(LieDetail, "party ledger: %v", err)
	}
	f := m.frame
	if n := len(f.subtotals); n == 0 || f.subtotals[n-1].Role != p.role {
		f.subtotals = append(f.subtotals, codec.Subtotal{Role: p.role})
	}
	s := &f.subtotals[len(f.subtotals)-1]
	s.N, s.Credit, s.Debit = s.N+1, s.Credit+p.credit, s.Debit+p.debit
	if p.role == codec.RoleProvider {
		f.value = s.Credit
	}
	return f.parties.add(p.row())
}

// finish builds the journal and states the totals.
func (m *merging) finish() error {
	f := m.frame
	if err := errors.Join(f.lines.flush(), f.parties.flush()); err != nil {
		return err
	}
	totals := m.tree.Totals()
	f.totals = codec.PartyTotals{N: totals.Leaves, Postings: totals.Count, Credit: totals.Sums[proof.Credit], Debit: totals.Sums[proof.Debit], Root: m.tree.Root()}
	journal, err := proof.NewSumRange(proof.SumJournal)
	if err != nil {
		return err
	}
	err = f.books.journal.scan(0, f.books.journal.n, func(_ uint64, row []byte) error {
		e := readEntry(row)
		leaf := e.sumLeaf()
		if err := journal.Append(&leaf); err != nil {
			return lie(LieDetail, "journal: %v", err)
		}
		return nil
	})
	totals = journal.Totals()
	f.journal = codec.Journal{N: totals.Leaves, Credit: totals.Sums[proof.Credit], Debit: totals.Sums[proof.Debit], Root: journal.Root()}
	return err
}
