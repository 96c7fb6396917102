package ledger

import (
	"github.com/forgepool/settle/codec"
	"github.com/forgepool/settle/proof"
	"github.com/forgepool/settle/settlement"
)

// The leaves of a cycle's sum trees (docs/formats/sum-trees.md section 1), for whoever
// proves with them. They are as many as there are records, parties or postings.

// JournalLeaves returns the leaves of sum tree type 4 of a cycle that was cut: one for each
// record with postings.
func (s *Snapshot) JournalLeaves(c *settlement.Cycle) ([]proof.SumLeaf, error) {
	var leaves []proof.SumLeaf
	err := scan(s.snap, numberKey(spacePosted, c.First), numberKey(spacePosted, c.Cut.Index+1), func(key, value []byte) (bool, error) {
		v := values{b: key[1:]}
		p, ok := decodePosted(v.u64(), value)
		if !ok {
			return false, damaged(NoIndex, nil, "postings %x", key[1:])
		}
		leaf, err := s.r.leaf(s.r.a, p.Index)
		if err != nil {
			return false, err
		}
		leaves = append(leaves, journalLeaf(p, leaf))
		return true, nil
	})
	return leaves, err
}

// journalLeaf is the leaf of a record in sum tree type 4.
func journalLeaf(p *settlement.Posted, leaf codec.Hash) proof.SumLeaf {
	key := proof.JournalKey(p.Index)
	entry := proof.SumLeaf{Key: key[:], Count: uint64(len(p.Lines)), Payload: leaf}
	for i := range p.Lines {
		entry.Sums[p.Lines[i].Side-codec.Credit] += p.Lines[i].Amount
	}
	return entry
}

// PartyLeaves returns the leaves of sum tree type 1 of a cycle: one for each account with
// postings. The tree is the one of the close once the cycle was cut.
func (s *Snapshot) PartyLeaves(cycle uint64) ([]proof.SumLeaf, error) {
	var leaves []proof.SumLeaf
	err := scanAccounts(s.snap, cycle, func(a *account) {
		if a.Postings > 0 {
			leaves = append(leaves, partyLeaf(a))
		}
	})
	return leaves, err
}

// PostingLeaves returns the leaves of sum tree type 2 of an account: one for each posting.
func (s *Snapshot) PostingLeaves(a settlement.Account) ([]proof.SumLeaf, error) {
	var leaves []proof.SumLeaf
	for page := (Page{Oldest: true}); ; {
		part, err := s.StatementLines(a, page)
		if err != nil {
			return nil, err
		}
		for i := range part.Items {
			e := &part.Items[i]
			for n := range e.Lines {
				l := &e.Lines[n]
				key := proof.PostingKey(e.Posted.Index, uint16(l.Number))
				leaf := proof.SumLeaf{Key: key[:], Count: 1, Payload: l.Hash}
				leaf.Sums[l.Side-codec.Credit] = l.Amount
				leaves = append(leaves, leaf)
			}
		}
		if page.From = part.Next; part.Next == 0 {
			return leaves, nil
		}
	}
}
