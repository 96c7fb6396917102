package ledger

import (
	"bytes"
	"cmp"
	"slices"
	"testing"

	"github.com/forgepool/settle/codec"
	"github.com/forgepool/settle/proof"
	"github.com/forgepool/settle/settlement"
)

// drafts are made from what a ledger holds, read at the time.

func refAt(t testing.TB, l *Ledger, index uint64) codec.RecordRef {
	t.Helper()
	s := l.Read()
	defer s.Close()
	leaf, _, err := s.LeafHashes(index)
	if err != nil {
		t.Fatal(err)
	}
	return codec.RecordRef{Index: index, Leaf: leaf}
}

// dispute opens an overcharge by the customer over some of its line of a settlement.
func (w *world) dispute(target codec.RecordRef, line, amount uint64) []byte {
	a := w.all["customer"]
	return signRecord(codec.KindDispute, codec.EncodeDispute(&codec.Dispute{
		ID: w.draw(), At: w.now, Cycle: w.cycle, Author: a.id, Op: codec.DisputeOpen, Target: &target,
		Claimant: &codec.Claimant{Role: a.role, Party: a.id}, Claim: ref(codec.ClaimOvercharge),
		Lines: &[]codec.HeldLine{{Line: line, Amount: amount}}, Amount: &amount, Evidence: &[]codec.Artifact{},
		Deadline: ref(w.now + testDay),
	}), a)
}

// rule ends a dispute.
func (w *world) rule(op codec.DisputeOp, opened uint64, accepted uint64) []byte {
	a := w.all["arbiter 1"]
	d := &codec.Dispute{ID: w.draw(), At: w.now, Cycle: w.cycle, Author: a.id, Op: op, Opened: &opened, Evidence: &[]codec.Artifact{}}
	if op == codec.DisputeAccept {
		d.Amount = &accepted
	}
	return signRecord(codec.KindDispute, codec.EncodeDispute(d), a)
}

// refund is an adjustment after a ruling: the platform pays the customer back.
func (w *world) refund(target codec.RecordRef, p *settlement.Posted, ruling, amount uint64) (record []byte, blobs [][]byte) {
	c := &codec.Correction{Salt: hashOf("correction")}
	for i := range p.Lines {
		l := &p.Lines[i]
		if l.Role != codec.RoleCustomer && l.Role != codec.RolePlatform {
			continue
		}
		c.Postings = append(c.Postings, codec.Posting{Line: uint64(len(c.Postings)), Role: l.Role, Party: l.Party,
			Side: 3 - l.Side, Amount: amount, RefIndex: &p.Index, RefLine: ref(uint64(i)), Salt: codec.ID{byte(i)}})
	}
	root, credit, debit, err := settlement.PostingsRoot(c.Postings)
	if err != nil {
		w.t.Fatal(err)
	}
	blob := codec.EncodeCorrection(c)
	one, two := w.all["arbiter 1"], w.all["arbiter 2"]
	return signRecord(codec.KindAdjustment, codec.EncodeAdjustment(&codec.Adjustment{
		ID: w.draw(), At: w.now, Cycle: w.cycle, Author: one.id, Target: target, Cause: codec.CauseDispute, CauseRef: &ruling,
		Postings: codec.PostingsRef{N: uint64(len(c.Postings)), Root: root}, Totals: codec.Totals{Credit: credit, Debit: debit},
		Detail: codec.BlobHash(blob), ServiceCycle: w.cycle,
	}), one, two), [][]byte{blob}
}

// auditIntent announces an audit.
func (w *world) auditIntent(cycle uint64) []byte {
	a := w.all["auditor"]
	return signRecord(codec.KindAudit, codec.Encode(&codec.Audit{
		ID: w.draw(), At: w.now, Cycle: w.cycle, Author: a.id, Auditor: a.id, Op: codec.AuditIntent,
		Commit: ref(hashOf("commit " + w.draw().String())), Method: ref(uint64(1)),
		Target: &codec.AuditTarget{ConfPPM: 950_000, FaultPPM: 10_000, Draws: 299, TracingPPM: 250_000}, Audited: &cycle,
	}), a)
}

// cut ends the open cycle, with governance's signature, and closeOf closes it as a
// snapshot says.
func (w *world) cut() []byte {
	next, ok := settlement.NextCycle(codec.CyclesMonths, w.cycle)
	if !ok {
		w.t.Fatal("no next cycle")
	}
	c := &codec.Cycle{ID: w.draw(), At: w.now, Cycle: w.cycle, Author: w.hub.id, Op: codec.CycleCut, Next: &next}
	w.cycle = next
	return signRecord(codec.KindCycle, codec.EncodeCycle(c), w.hub, w.all["governance"])
}

func (w *world) closeOf(l *Ledger) []byte {
	s := l.Read()
	defer s.Close()
	c, x := s.Unclosed(), s.Closing()
	if x == nil {
		w.t.Fatal("nothing to close")
	}
	prev := codec.RecordRef{}
	if c.First > 1 {
		prev = s.CycleOf(c.Before).Close.RecordRef
	}
	return signRecord(codec.KindCycle, codec.EncodeCycle(&codec.Cycle{
		ID: w.draw(), At: w.now, Cycle: x.Cycle, Author: w.hub.id, Op: codec.CycleClose, Range: &x.Range, Prev: &prev,
		Counts: x.Counts[:], Journal: &x.Journal, Parties: &x.Parties, Subtotals: &x.Subtotals, Held: &x.Held,
		Policy: &s.View(w.now).PolicyFor(x.Cycle).Hash, Log: &x.Log, Unfinished: &x.Unfinished, Batches: &x.Batches, Cut: &c.Cut.RecordRef,
	}), w.hub)
}

// plainClosing computes what a close must state from records and postings, the plainest
// way: every tree from all its leaves.
func plainClosing(t testing.TB, s *Snapshot, c *settlement.Cycle, heldBefore map[settlement.LineRef]uint64) *settlement.Closing {
	t.Helper()
	x := &settlement.Closing{Cycle: c.Number, Range: codec.Range{Min: c.First, Max: c.Cut.Index}}
	var journal []proof.SumLeaf
	lines := map[settlement.Account][]proof.SumLeaf{}
	for i := c.First; i <= c.Cut.Index; i++ {
		logged := s.Logged(i)
		rec, err := codec.DecodeRecord(logged.Bytes)
		if err != nil {
			t.Fatal(err)
		}
		x.Counts[rec.Kind]++
		p := s.Posted(i)
		if p == nil {
			continue
		}
		key := proof.JournalKey(i)
		entry := proof.SumLeaf{Key: key[:], Count: uint64(len(p.Lines)), Payload: logged.Leaf}
		for n, l := range p.Lines {
			k := proof.PostingKey(i, uint16(n))
			leaf := proof.SumLeaf{Key: k[:], Count: 1, Payload: l.Hash}
			leaf.Sums[l.Side-codec.Credit] = l.Amount
			entry.Sums[l.Side-codec.Credit] += l.Amount
			a := settlement.Account{Cycle: c.Number, Role: l.Role, Party: l.Party}
			lines[a] = append(lines[a], leaf)
		}
		journal = append(journal, entry)
	}
	root, totals := sumRootOf(t, proof.SumJournal, journal)
	x.Journal = codec.Journal{N: totals.Leaves, Credit: totals.Sums[0], Debit: totals.Sums[1], Root: root}
	plainParties(t, x, lines)
	plainRest(t, s, x, heldBefore)
	return x
}

func sumRootOf(t testing.TB, kind proof.SumType, leaves []proof.SumLeaf) (codec.Hash, proof.SumTotals) {
	t.Helper()
	root, totals, err := proof.SumRoot(kind, leaves)
	if err != nil {
		t.Fatal(err)
	}
	return root, totals
}

func plainParties(t testing.TB, x *settlement.Closing, lines map[settlement.Account][]proof.SumLeaf) {
	var accounts []settlement.Account
	for a := range lines {
		accounts = append(accounts, a)
	}
	slices.SortFunc(accounts, func(a, b settlement.Account) int {
		return cmp.Or(cmp.Compare(a.Role, b.Role), bytes.Compare(a.Party[:], b.Party[:]))
	})
	var leaves []proof.SumLeaf
	for _, a := range accounts {
		root, totals := sumRootOf(t, proof.SumPartyPostings, lines[a])
		key := proof.PartyKey(uint8(a.Role), a.Party)
		leaves = append(leaves, proof.SumLeaf{Key: key[:], Count: totals.Leaves, Sums: totals.Sums, Payload: root})
		if n := len(x.Subtotals); n == 0 || x.Subtotals[n-1].Role != a.Role {
			x.Subtotals = append(x.Subtotals, codec.Subtotal{Role: a.Role})
		}
		s := &x.Subtotals[len(x.Subtotals)-1]
		s.N, s.Credit, s.Debit = s.N+1, s.Credit+totals.Sums[0], s.Debit+totals.Sums[1]
	}
	root, totals := sumRootOf(t, proof.SumParties, leaves)
	x.Parties = codec.PartyTotals{N: totals.Leaves, Postings: totals.Count, Credit: totals.Sums[0], Debit: totals.Sums[1], Root: root}
}

// plainRest adds disputes, holds, log, workloads and batches as they are in a snapshot
// whose last record is the cut. heldBefore is what was held at the cut before; it becomes
// what is held now.
func plainRest(t testing.TB, s *Snapshot, x *settlement.Closing, heldBefore map[settlement.LineRef]uint64) {
	first := uint64(1)
	for number := s.Applied().Batches; number > 0; number-- {
		b, err := s.BatchByNumber(number)
		if err != nil {
			t.Fatal(err)
		}
		if n := len(b.Outcomes); b.Outcomes[n-1].Kind == codec.Appended && b.Outcomes[n-1].Index+1 == x.Range.Min && x.Range.Min > 1 {
			first = number + 1
			break
		}
	}
	var commitments []codec.Hash
	for number := first; number <= s.Applied().Batches; number++ {
		b, err := s.BatchByNumber(number)
		if err != nil {
			t.Fatal(err)
		}
		commitments = append(commitments, b.Commitment())
	}
	x.Batches = codec.BatchesRef{N: uint64(len(commitments)), Root: proof.MTH(commitments)}
	x.Log.Size = s.Size()
	x.Log.Root, _, _ = s.Roots(s.Size())
	err := scan(s.snap, []byte{spaceWorkload}, []byte{spaceWorkload + 1}, func(key, value []byte) (bool, error) {
		if state := codec.State(value[0]); state >= codec.StatePending && state <= codec.StateAggregating {
			x.Unfinished++
		}
		return true, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for i := uint64(1); i < s.Size(); i++ {
		if d := s.Dispute(i); d != nil && d.Status == settlement.StatusOpen {
			x.Held.Disputes++
		}
		p := s.Posted(i)
		for n := 0; p != nil && n < len(p.Lines); n++ {
			r, now := settlement.LineRef{Index: i, Line: uint64(n)}, uint64(0)
			if h := s.Hold(r); h != nil {
				now = h.Now
			}
			x.Held.Held += now
			if was := heldBefore[r]; was > now {
				x.Held.Released += was - now
			}
			heldBefore[r] = now
		}
	}
}
