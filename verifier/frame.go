package verifier

import (
	"bytes"
	"cmp"
	"context"
	"slices"

	"github.com/forgepool/settle/codec"
	"github.com/forgepool/settle/proof"
)

// Frame is what an audit draws from: all postings of a range of the log, by party
// and by record, in the trees that a cycle close would carry (sum-trees.md section 1).
// The auditor builds it, so no proof of it is needed.
type Frame struct {
	First, Last uint64     // range of the log, inclusive
	Value       uint64     // V: credit of all providers, micro-Credits
	Settlements uint64     //
	Postings    uint64     //
	Credit      uint64     // micro-Credits; equals Debit
	Debit       uint64     // micro-Credits
	PartiesRoot codec.Hash // sum tree 1
	JournalRoot codec.Hash // sum tree 4

	parties []frameParty // ascending by role and id, as in the tree
	tree    *proof.SumTree
	details map[uint64]*codec.Detail // by index of the settlement
}

// frameParty is the postings of one party, in order of the log.
type frameParty struct {
	role  codec.Role
	id    codec.ID
	lines []frameLine
	tree  *proof.SumTree
}

type frameLine struct {
	index   uint64 // of the settlement
	posting *codec.Posting
}

// Parties returns the number of parties with postings.
func (f *Frame) Parties() int { return len(f.parties) }

// BuildFrame fetches the detail of every settlement in a range of the log, inclusive,
// checks it against the settlement, and builds the trees. Progress may be nil.
// Errors: ErrUnavailable, LieDetail.
func BuildFrame(ctx context.Context, src Source, log *Log, first, last uint64, workers int, progress func(done, total uint64)) (*Frame, error) {
	var chosen []*settled
	for i := range log.settled {
		if s := &log.settled[i]; first <= s.index && s.index <= last {
			chosen = append(chosen, s)
		}
	}
	details := make([]*codec.Detail, len(chosen))
	err := parallel(ctx, workers, len(chosen), progress, func(ctx context.Context, i int) error {
		var err error
		details[i], err = fetchDetail(ctx, src, chosen[i])
		return err
	})
	if err != nil {
		return nil, err
	}
	f := &Frame{First: first, Last: last, Settlements: uint64(len(chosen)), details: map[uint64]*codec.Detail{}}
	for i, s := range chosen {
		f.details[s.index] = details[i]
	}
	if err := f.buildJournal(chosen, details); err != nil {
		return nil, err
	}
	return f, f.buildParties(chosen, details)
}

// fetchDetail fetches the detail of a settlement and checks that it rebuilds what the
// settlement states: postings root, number of lines and charge on both sides.
func fetchDetail(ctx context.Context, src Source, s *settled) (*codec.Detail, error) {
	blob, err := fetchBlob(ctx, src, "detail", s.detail, codec.MaxAttachment)
	if err != nil {
		return nil, err
	}
	d, err := codec.DecodeDetail(blob)
	if err != nil {
		return nil, lie(LieDetail, "settlement %d: %v", s.index, err)
	}
	leaves, err := postingLeaves(d.Postings)
	if err != nil {
		return nil, lie(LieDetail, "settlement %d: %v", s.index, err)
	}
	root, totals, err := proof.SumRoot(proof.SumPostings, leaves)
	if err != nil || root != s.postings.Root || totals.Leaves != s.postings.N {
		return nil, lie(LieDetail, "settlement %d: the postings do not rebuild their root", s.index)
	}
	if totals.Sums != [2]uint64{s.charge, s.charge} {
		return nil, lie(LieDetail, "settlement %d: credit and debit are %d, charge %d", s.index, totals.Sums, s.charge)
	}
	return d, nil
}

// postingLeaves returns the leaves of sum tree 3 over the postings of one record.
func postingLeaves(postings []codec.Posting) ([]proof.SumLeaf, error) {
	leaves := make([]proof.SumLeaf, len(postings))
	for i := range postings {
		p := &postings[i]
		if p.Line != uint64(i) || p.Line > 0xffff || (p.Side != codec.Credit && p.Side != codec.Debit) {
			return nil, lie(LieDetail, "line %d", i)
		}
		if p.Role == codec.RoleProvider && p.Side == codec.Credit && p.Amount > 0 &&
			(p.Units == nil || *p.Units == 0 || p.UnitBase == nil) {
			return nil, lie(LieDetail, "line %d pays for no work units", i)
		}
		key := proof.LineKey(uint16(p.Line))
		leaves[i] = proof.SumLeaf{Key: key[:], Count: 1, Sums: sides(p), Payload: codec.PostingHash(p)}
	}
	return leaves, nil
}

// sides puts a posting's amount into the column of its side.
func sides(p *codec.Posting) (sums [2]uint64) {
	if p.Side == codec.Credit {
		sums[proof.Credit] = p.Amount
	} else {
		sums[proof.Debit] = p.Amount
	}
	return sums
}

// buildJournal builds sum tree 4.
func (f *Frame) buildJournal(chosen []*settled, details []*codec.Detail) error {
	leaves := make([]proof.SumLeaf, len(chosen))
	for i, s := range chosen {
		key := proof.JournalKey(s.index)
		leaves[i] = proof.SumLeaf{Key: key[:], Count: uint64(len(details[i].Postings)),
			Sums: [2]uint64{s.charge, s.charge}, Payload: s.leaf}
	}
	root, totals, err := proof.SumRoot(proof.SumJournal, leaves)
	if err != nil {
		return lie(LieDetail, "journal: %v", err)
	}
	f.JournalRoot, f.Postings = root, totals.Count
	f.Credit, f.Debit = totals.Sums[proof.Credit], totals.Sums[proof.Debit]
	return nil
}

// buildParties builds sum tree 1 over a sum tree 2 for each party.
func (f *Frame) buildParties(chosen []*settled, details []*codec.Detail) error {
	type account struct {
		role codec.Role
		id   codec.ID
	}
	lines := map[account][]frameLine{}
	for i, s := range chosen {
		for j := range details[i].Postings {
			p := &details[i].Postings[j]
			a := account{p.Role, p.Party}
			lines[a] = append(lines[a], frameLine{s.index, p})
		}
	}
	for a, list := range lines {
		f.parties = append(f.parties, frameParty{role: a.role, id: a.id, lines: list})
	}
	slices.SortFunc(f.parties, func(x, y frameParty) int {
		return cmp.Or(cmp.Compare(x.role, y.role), bytes.Compare(x.id[:], y.id[:]))
	})
	leaves := make([]proof.SumLeaf, len(f.parties))
	for i := range f.parties {
		var err error
		if leaves[i], err = f.parties[i].build(); err != nil {
			return lie(LieDetail, "postings of %s %s: %v", f.parties[i].role, f.parties[i].id, err)
		}
		if f.parties[i].role == codec.RoleProvider {
			f.Value += leaves[i].Sums[proof.Credit]
		}
	}
	tree, err := proof.BuildSumTree(proof.SumParties, leaves)
	if err != nil {
		return lie(LieDetail, "party ledger: %v", err)
	}
	f.tree, f.PartiesRoot = tree, tree.Root()
	return nil
}

// build builds the party's sum tree 2 and returns its leaf in sum tree 1.
func (p *frameParty) build() (proof.SumLeaf, error) {
	leaves := make([]proof.SumLeaf, len(p.lines))
	for i, line := range p.lines {
		key := proof.PostingKey(line.index, uint16(line.posting.Line))
		leaves[i] = proof.SumLeaf{Key: key[:], Count: 1, Sums: sides(line.posting), Payload: codec.PostingHash(line.posting)}
	}
	tree, err := proof.BuildSumTree(proof.SumPartyPostings, leaves)
	if err != nil {
		return proof.SumLeaf{}, err
	}
	p.tree = tree
	key := proof.PartyKey(uint8(p.role), p.id)
	return proof.SumLeaf{Key: key[:], Count: uint64(len(leaves)), Sums: tree.Totals().Sums, Payload: tree.Root()}, nil
}

// Drawn is one draw, led to the work unit that it pays for.
type Drawn struct {
	I          uint64   // number of the draw
	U          uint64   // the drawn micro-Credit of V
	Party      codec.ID // the provider it was paid to
	Settlement uint64   // index in the log
	Line       uint64   // of the posting
	Unit       uint64   // work unit of the settlement, in manifest order
}

// Draw leads draw i from a micro-Credit to a party, a posting and a work unit
// (sampling.md section 3 steps 1 to 3). The frame must have value. Both locations
// are checked as anybody else would check them.
func (f *Frame) Draw(seed Seed, i uint64) (Drawn, error) {
	d := Drawn{I: i, U: seed.Draw(i, f.Value)}
	n, residual, err := locate(proof.SumParties, f.tree, d.U)
	if err != nil {
		return d, err
	}
	party := &f.parties[n]
	d.Party = party.id
	if n, residual, err = locate(proof.SumPartyPostings, party.tree, residual); err != nil {
		return d, err
	}
	line := party.lines[n]
	d.Settlement, d.Line = line.index, line.posting.Line
	d.Unit = *line.posting.UnitBase + seed.Unit(i, residual, line.posting.Amount, *line.posting.Units)
	return d, nil
}

// locate returns the leaf of a tree that covers unit u of the first column, and the
// unit's offset in it.
func locate(t proof.SumType, tree *proof.SumTree, u uint64) (leaf int, offset uint64, err error) {
	if leaf, err = tree.Locate(u, 0); err != nil {
		return 0, 0, err
	}
	p, err := tree.Prove(leaf)
	if err != nil {
		return 0, 0, err
	}
	_, below, err := proof.CheckLocate(statement(t, tree), u, 0, p)
	return leaf, u - below, err
}

// statement states what a tree that was built here adds up to.
func statement(t proof.SumType, tree *proof.SumTree) proof.SumStatement {
	totals := tree.Totals()
	return proof.SumStatement{Type: t, Root: tree.Root(), Sums: totals.Sums, Leaves: totals.Leaves, Count: totals.Count}
}
