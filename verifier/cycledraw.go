package verifier

import (
	"bytes"
	"cmp"
	"fmt"
	"math/bits"
	"slices"

	"github.com/forgepool/settle/codec"
	"github.com/forgepool/settle/proof"
)

// DrawKind says which way a draw of an audit of a cycle goes.
type DrawKind uint64

// The kinds of draws.
const (
	// Vouching draws a micro-Credit paid to a provider, to see that it was earned.
	Vouching DrawKind = 1
	// Tracing draws a micro-Credit charged, to see that it arrived.
	Tracing DrawKind = 2
)

// String returns the kind as reports write it.
func (k DrawKind) String() string {
	switch k {
	case Vouching:
		return "vouching"
	case Tracing:
		return "tracing"
	}
	return fmt.Sprintf("kind %d", uint64(k))
}

// hit is a draw that was led to a posting by the trees of the cycle.
type hit struct {
	kind DrawKind
	i, u uint64
	line bookLine
	unit uint64 // vouching: work unit of the settlement, if the posting pays for units

	partyAt, lineAt uint64 // rows of the files, leaves of the trees: lineAt counts from the party's first
	journalAt       uint64 // tracing
	rest            uint64 // offset of u: vouching in the posting, tracing in the record
	entry           entry  // of the journal
}

// drawVouching draws and locates vouching draws from..to-1 (sampling.md section 3): all
// of them in one pass over the providers and one over the lines of those hit.
func (f *cycleFrame) drawVouching(seed Seed, from, to uint64) ([]*hit, error) {
	hits := make([]*hit, 0, to-from)
	for i := from; i < to; i++ {
		hits = append(hits, &hit{kind: Vouching, i: i, u: seed.Draw(i, f.value)})
	}
	sorted := byAmount(hits)
	below := uint64(0)
	err := f.parties.scan(0, f.parties.n, func(at uint64, row []byte) error {
		p := readParty(row)
		if len(sorted) == 0 || p.role != codec.RoleProvider {
			return nil
		}
		n := 0
		for n < len(sorted) && sorted[n].u-below < p.credit {
			sorted[n].partyAt, sorted[n].rest = at, sorted[n].u-below
			n++
		}
		below += p.credit
		mine := sorted[:n]
		sorted = sorted[n:]
		return f.locateLines(seed, &p, mine)
	})
	if err == nil && len(sorted) > 0 {
		err = lie(LieClose, "draw %d of %d leads nowhere", sorted[0].u, f.value)
	}
	return hits, err
}

// byAmount returns the draws in the order of their micro-Credits.
func byAmount(hits []*hit) []*hit {
	sorted := slices.Clone(hits)
	slices.SortFunc(sorted, func(a, b *hit) int { return cmp.Compare(a.u, b.u) })
	return sorted
}

// locateLines leads draws, ascending, that hit one party to its lines.
func (f *cycleFrame) locateLines(seed Seed, p *bookParty, hits []*hit) error {
	if len(hits) == 0 {
		return nil
	}
	below := uint64(0)
	return f.lines.scan(p.first, p.lines, func(at uint64, row []byte) error {
		l := readLine(row)
		if l.side != codec.Credit {
			return nil
		}
		for len(hits) > 0 && hits[0].rest-below < l.amount {
			h := hits[0]
			h.line, h.lineAt, h.rest = l, at-p.first, h.rest-below
			if l.units > 0 {
				h.unit = l.base + seed.Unit(h.i, h.rest, l.amount, l.units)
			}
			hits = hits[1:]
		}
		below += l.amount
		return nil
	})
}

// drawTracing draws and locates tracing draws from..to-1 in the journal by debit.
func (f *cycleFrame) drawTracing(seed Seed, from, to uint64) ([]*hit, error) {
	hits := make([]*hit, 0, to-from)
	for i := from; i < to; i++ {
		hits = append(hits, &hit{kind: Tracing, i: i, u: seed.Trace(i, f.journal.Debit)})
	}
	sorted := byAmount(hits)
	below := uint64(0)
	err := f.books.journal.scan(0, f.books.journal.n, func(at uint64, row []byte) error {
		e := readEntry(row)
		for len(sorted) > 0 && sorted[0].u-below < e.amount {
			h := sorted[0]
			h.journalAt, h.entry, h.rest = at, e, sorted[0].u-below
			sorted = sorted[1:]
		}
		below += e.amount
		return nil
	})
	return hits, err
}

// entryOf finds the journal's entry of a record.
func (f *cycleFrame) entryOf(index uint64) (entry, error) {
	j := f.books.journal
	at, err := j.search(0, j.n, func(row []byte) bool { return readUint64(row) >= index })
	if err != nil || at == j.n {
		return entry{}, cmp.Or(err, lie(LieClose, "record %d is not in the journal", index))
	}
	row := make([]byte, journalRow)
	err = j.at(at, row)
	return readEntry(row), err
}

// find looks a posting up in the tree of its party. Errors: LieClose if it is not there.
func (f *cycleFrame) find(want *bookLine) (partyAt, lineAt uint64, err error) {
	missing := lie(LieClose, "line %d of record %d is not in the account of %s %s", want.line, want.index, want.role, want.party)
	key := proof.PartyKey(uint8(want.role), want.party)
	partyAt, err = f.parties.search(0, f.parties.n, func(row []byte) bool { return bytes.Compare(row[:len(key)], key[:]) >= 0 })
	if err != nil || partyAt == f.parties.n {
		return 0, 0, cmp.Or(err, missing)
	}
	row := make([]byte, partyRow)
	if err := f.parties.at(partyAt, row); err != nil {
		return 0, 0, err
	}
	p, wanted := readParty(row), want.row()
	at, err := f.lines.search(p.first, p.lines, func(row []byte) bool { return bytes.Compare(row[:lineKey], wanted[:lineKey]) >= 0 })
	if err != nil || at == p.first+p.lines {
		return 0, 0, cmp.Or(err, missing)
	}
	got := make([]byte, lineRow)
	if err := f.lines.at(at, got); err != nil {
		return 0, 0, err
	}
	if !bytes.Equal(got, wanted[:]) {
		return 0, 0, missing
	}
	return partyAt, at - p.first, nil
}

// treeProofs are the proofs of some leaves of the cycle's trees, by row.
type treeProofs struct {
	parties map[uint64]*proof.SumProof
	lines   map[[2]uint64]*proof.SumProof // by row of the party and position in its lines
	journal map[uint64]*proof.SumProof
}

// prove proves the leaves of some hits, with one pass over each tree that they are in.
func (f *cycleFrame) prove(hits []*hit) (*treeProofs, error) {
	t := &treeProofs{lines: map[[2]uint64]*proof.SumProof{}}
	lines := map[uint64][]uint64{}
	var parties, journal []uint64
	for _, h := range hits {
		parties = append(parties, h.partyAt)
		lines[h.partyAt] = append(lines[h.partyAt], h.lineAt)
		if h.kind == Tracing {
			journal = append(journal, h.journalAt)
		}
	}
	var err error
	if t.parties, err = proveRows(f.parties, proof.SumParties, 0, f.parties.n, parties, func(row []byte) proof.SumLeaf {
		p := readParty(row)
		return p.sumLeaf()
	}); err != nil {
		return nil, err
	}
	if t.journal, err = proveRows(f.books.journal, proof.SumJournal, 0, f.books.journal.n, journal, func(row []byte) proof.SumLeaf {
		e := readEntry(row)
		return e.sumLeaf()
	}); err != nil {
		return nil, err
	}
	row := make([]byte, partyRow)
	for at, chosen := range lines {
		if err := f.parties.at(at, row); err != nil {
			return nil, err
		}
		p := readParty(row)
		proofs, err := proveRows(f.lines, proof.SumPartyPostings, p.first, p.lines, chosen, func(row []byte) proof.SumLeaf {
			l := readLine(row)
			return l.sumLeaf()
		})
		if err != nil {
			return nil, err
		}
		for line, p := range proofs {
			t.lines[[2]uint64{at, line}] = p
		}
	}
	return t, nil
}

// proveRows proves chosen leaves of the tree over n rows from the given one on.
func proveRows(r *rows, t proof.SumType, from, n uint64, chosen []uint64, leaf func([]byte) proof.SumLeaf) (map[uint64]*proof.SumProof, error) {
	if len(chosen) == 0 {
		return nil, nil
	}
	chosen = slices.Clone(chosen)
	slices.Sort(chosen)
	chosen = slices.Compact(chosen)
	p, err := proof.NewSumProver(t, chosen)
	if err != nil {
		return nil, err
	}
	if err := r.scan(from, n, func(_ uint64, row []byte) error {
		l := leaf(row)
		return p.Append(&l)
	}); err != nil {
		return nil, err
	}
	proofs, err := p.Finish()
	if err != nil {
		return nil, err
	}
	out := make(map[uint64]*proof.SumProof, len(proofs))
	for i, at := range chosen {
		out[at] = proofs[i]
	}
	return out, nil
}

// unitOf repeats the step from a micro-Credit within a posting to a work unit.
func unitOf(seed Seed, i, rest uint64, p *codec.Posting) (uint64, error) {
	if p.Units == nil || p.UnitBase == nil || *p.Units == 0 || rest >= p.Amount {
		return 0, lie(LieReport, "draw %d hits a posting without work units", i)
	}
	unit, carry := bits.Add64(*p.UnitBase, seed.Unit(i, rest, p.Amount, *p.Units), 0)
	if carry > 0 {
		return 0, lie(LieReport, "draw %d", i)
	}
	return unit, nil
}
