package settlement

import (
	"bytes"
	"cmp"
	"slices"
	"testing"

	"github.com/forgepool/settle/codec"
	"github.com/forgepool/settle/proof"
)

// endBatch notes a batch that was not refused as a whole. If it ended in a cut, the
// present state is the one that the close must state.
func (m *memory) endBatch(t testing.TB, p *Prepared, verdicts []Verdict) {
	outcomes := make([]codec.Outcome, len(verdicts))
	for i := range verdicts {
		outcomes[i] = verdicts[i].Outcome()
	}
	hash := codec.OutcomeHash(codec.EncodeOutcomes(outcomes))
	m.batches = append(m.batches[:len(m.batches):len(m.batches)],
		codec.BatchCommitment(p.Digest, p.Batch.Signature, m.moment.Stamp, hash))
	if c := m.Unclosed(); c != nil && (m.closing == nil || m.closing.Cycle != c.Number) {
		m.closing = m.close(t, c)
		m.batches = nil
		for ref, h := range m.holds {
			m.heldAtCut[ref] = h.Now
		}
	}
}

func (m *memory) Closing() *Closing {
	if m.Unclosed() == nil {
		return nil
	}
	return m.closing
}

// close computes what the close of a cycle states from the log and the postings, the
// plainest way.
func (m *memory) close(t testing.TB, c *Cycle) *Closing {
	x := &Closing{Cycle: c.Number, Range: codec.Range{Min: c.First, Max: c.Cut.Index}}
	var journal []proof.SumLeaf
	lines := map[Account][]proof.SumLeaf{}
	for i := c.First; i <= c.Cut.Index; i++ {
		rec, err := codec.DecodeRecord(m.logged[i].Bytes)
		if err != nil {
			t.Fatal(err)
		}
		x.Counts[rec.Kind]++
		p := m.posted[i]
		if p == nil {
			continue
		}
		key := proof.JournalKey(i)
		entry := proof.SumLeaf{Key: key[:], Count: uint64(len(p.Lines)), Payload: m.logged[i].Leaf}
		for n, l := range p.Lines {
			k := proof.PostingKey(i, uint16(n))
			leaf := proof.SumLeaf{Key: k[:], Count: 1, Payload: l.Hash}
			leaf.Sums[l.Side-codec.Credit] = l.Amount
			entry.Sums[l.Side-codec.Credit] += l.Amount
			a := Account{c.Number, l.Role, l.Party}
			lines[a] = append(lines[a], leaf)
		}
		journal = append(journal, entry)
	}
	root, totals := sumRoot(t, proof.SumJournal, journal)
	x.Journal = codec.Journal{N: totals.Leaves, Credit: totals.Sums[0], Debit: totals.Sums[1], Root: root}
	m.closeParties(t, x, lines)
	x.Held = m.heldSince(c.Number)
	x.Log.Size = c.Cut.Index + 1
	x.Log.Root, _ = m.RootAt(x.Log.Size)
	for _, w := range m.workloads {
		if w.State >= codec.StatePending && w.State <= codec.StateAggregating {
			x.Unfinished++
		}
	}
	x.Batches = codec.BatchesRef{N: uint64(len(m.batches)), Root: proof.MTH(m.batches)}
	return x
}

func sumRoot(t testing.TB, kind proof.SumType, leaves []proof.SumLeaf) (codec.Hash, proof.SumTotals) {
	t.Helper()
	root, totals, err := proof.SumRoot(kind, leaves)
	if err != nil {
		t.Fatal(err)
	}
	return root, totals
}

func (m *memory) closeParties(t testing.TB, x *Closing, lines map[Account][]proof.SumLeaf) {
	var accounts []Account
	for a := range lines {
		accounts = append(accounts, a)
	}
	slices.SortFunc(accounts, func(a, b Account) int {
		return cmp.Or(cmp.Compare(a.Role, b.Role), bytes.Compare(a.Party[:], b.Party[:]))
	})
	var parties []proof.SumLeaf
	for _, a := range accounts {
		root, totals := sumRoot(t, proof.SumPartyPostings, lines[a])
		key := proof.PartyKey(uint8(a.Role), a.Party)
		parties = append(parties, proof.SumLeaf{Key: key[:], Count: totals.Leaves, Sums: totals.Sums, Payload: root})
		if n := len(x.Subtotals); n == 0 || x.Subtotals[n-1].Role != a.Role {
			x.Subtotals = append(x.Subtotals, codec.Subtotal{Role: a.Role})
		}
		s := &x.Subtotals[len(x.Subtotals)-1]
		s.N, s.Credit, s.Debit = s.N+1, s.Credit+totals.Sums[0], s.Debit+totals.Sums[1]
	}
	root, totals := sumRoot(t, proof.SumParties, parties)
	x.Parties = codec.PartyTotals{
		N: totals.Leaves, Postings: totals.Count, Credit: totals.Sums[0], Debit: totals.Sums[1], Root: root,
	}
}

// heldSince compares every hold with what it was at the cut before.
func (m *memory) heldSince(cycle uint64) (held codec.Held) {
	for _, d := range m.disputes {
		if d.Status == StatusOpen {
			held.Disputes++
		}
	}
	for ref, h := range m.holds {
		held.Held += h.Now
		if before := m.heldAtCut[ref]; before > h.Now {
			held.Released += before - h.Now
		}
	}
	return held
}

// Debts nets the accounts of a closed cycle.
func (m *memory) Debts(cycle uint64) []Debt {
	var debts []Debt
	for a, b := range m.balances {
		if a.Cycle != cycle || a.Role != codec.RoleProvider && a.Role != codec.RoleAdapter {
			continue
		}
		if amount, negative := b.Net(); negative {
			debts = append(debts, Debt{a, amount})
		}
	}
	slices.SortFunc(debts, func(a, b Debt) int {
		return cmp.Or(cmp.Compare(a.Role, b.Role), bytes.Compare(a.Party[:], b.Party[:]))
	})
	return debts
}
