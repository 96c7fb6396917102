package ledger

import (
	"github.com/forgepool/settle/codec"
	"github.com/forgepool/settle/proof"
	"github.com/forgepool/settle/settlement"
)

// checkCloses builds the trees of every closed cycle from its stored postings, all leaves
// at once, and compares them with what the close on the log states. Replaying extends the
// same trees leaf by leaf as the ledger did; this does not.
func (k *checker) checkCloses() {
	s := &Snapshot{snap: k.db.NewSnapshot(), view: &view{applied: k.l.applied}}
	defer s.snap.Close()
	s.r = reader{db: s.snap, a: k.l.treeA.freeze()}
	err := s.scanCycles(0, func(c *settlement.Cycle) bool {
		if c.Close != nil {
			k.checkClose(s, c)
		}
		return true
	})
	if err != nil {
		k.found("cycle", NoIndex, nil, "%v", err)
	}
}

// checkClose compares the journal and the party ledger of one close.
func (k *checker) checkClose(s *Snapshot, c *settlement.Cycle) {
	body, ok := closeAt(s, c.Close.Index)
	if !ok {
		k.found("close", c.Close.Index, nil, "there is no such record")
		return
	}
	journal, err := s.JournalLeaves(c)
	if err != nil {
		k.found("close", c.Close.Index, nil, "its postings cannot be read: %v", err)
		return
	}
	root, totals, err := proof.SumRoot(proof.SumJournal, journal)
	want := codec.Journal{N: totals.Leaves, Credit: totals.Sums[proof.Credit], Debit: totals.Sums[proof.Debit], Root: root}
	if err != nil || want != *body.Journal {
		k.found("close", c.Close.Index, nil, "its journal is not that of the stored postings (%v)", err)
	}
	parties, err := s.plainPartyLeaves(c)
	if err == nil {
		root, totals, err = proof.SumRoot(proof.SumParties, parties)
	}
	sums := codec.PartyTotals{N: totals.Leaves, Postings: totals.Count, Credit: totals.Sums[proof.Credit],
		Debit: totals.Sums[proof.Debit], Root: root}
	if err != nil || sums != *body.Parties {
		k.found("close", c.Close.Index, nil, "its party ledger is not that of the stored postings (%v)", err)
	}
}

// closeAt reads the body of a close.
func closeAt(s *Snapshot, index uint64) (body codec.Cycle, ok bool) {
	data, err := s.Record(index)
	if err != nil {
		return body, false
	}
	rec, err := codec.DecodeRecord(data)
	if err != nil || rec.Kind != codec.KindCycle || codec.DecodeCycle(rec.Body, &body) != nil {
		return body, false
	}
	return body, body.Op == codec.CycleClose
}

// plainPartyLeaves returns the leaves of sum tree type 1 of a cycle that was cut, each with
// the root over all postings that the account's list leads to.
func (s *Snapshot) plainPartyLeaves(c *settlement.Cycle) ([]proof.SumLeaf, error) {
	balances, err := s.Balances(c.Number)
	if err != nil {
		return nil, err
	}
	var leaves []proof.SumLeaf
	for i := range balances {
		if balances[i].Postings == 0 {
			continue
		}
		a := balances[i].Account
		lines, err := s.PostingLeaves(a)
		if err != nil {
			return nil, err
		}
		root, totals, err := proof.SumRoot(proof.SumPartyPostings, lines)
		if err != nil {
			return nil, err
		}
		key := proof.PartyKey(uint8(a.Role), a.Party)
		leaves = append(leaves, proof.SumLeaf{Key: key[:], Count: totals.Leaves, Sums: totals.Sums, Payload: root})
	}
	return leaves, nil
}
