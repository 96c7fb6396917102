package verifier

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"slices"
	"testing"

	"github.com/forgepool/settle/codec"
	"github.com/forgepool/settle/proof"
)

var testSecret = [32]byte{7}

// promise appends the auditor's intent to audit the cycle.
func (w *world) promise(confPPM, faultPPM, tracingPPM uint64) uint64 {
	w.t.Helper()
	a := w.actors["auditor"]
	n, err := SampleSize(confPPM, faultPPM, MaxDraws)
	if err != nil {
		w.t.Fatal(err)
	}
	commit, method, cycle := codec.AuditCommitment(a.id, testCycle, testSecret), uint64(1), uint64(testCycle)
	body := &codec.Audit{ID: testID("intent"), At: testTime, Cycle: testCycle, Author: a.id, Auditor: a.id, Op: codec.AuditIntent,
		Commit: &commit, Method: &method, Audited: &cycle, Target: &codec.AuditTarget{ConfPPM: confPPM, FaultPPM: faultPPM, Draws: n, TracingPPM: tracingPPM}}
	w.append("intent", [][]byte{w.signed(codec.KindAudit, codec.EncodeAudit(body), a)})
	return uint64(len(w.records) - 1)
}

// adjust appends an adjustment by a hub, goodwill unless change makes something else of
// it, signed by the actors named.
func (w *world) adjust(name string, target uint64, postings []codec.Posting, change func(*codec.Adjustment), signers ...string) uint64 {
	w.t.Helper()
	var total uint64
	var leaves []proof.SumLeaf
	for i := range postings {
		p := &postings[i]
		p.Line, p.Salt = uint64(i), testID(fmt.Sprint(name, i))
		if p.Side == codec.Credit {
			total += p.Amount
		}
		key := proof.LineKey(uint16(i))
		leaves = append(leaves, proof.SumLeaf{Key: key[:], Count: 1, Sums: sides(p), Payload: codec.PostingHash(p)})
	}
	root, _, err := proof.SumRoot(proof.SumPostings, leaves)
	if err != nil {
		w.t.Fatal(err)
	}
	a := &codec.Adjustment{ID: testID(name), At: testTime, Cycle: testCycle, Author: w.actors["hub"].id, Cause: codec.CauseGoodwill,
		Target: codec.RecordRef{Index: target, Leaf: proof.LeafA(w.records[target].Bytes)}, ServiceCycle: testCycle,
		Postings: codec.PostingsRef{N: uint64(len(postings)), Root: root}, Totals: codec.Totals{Credit: total, Debit: total},
		Detail: w.put(codec.EncodeCorrection(&codec.Correction{Postings: postings, Salt: testHash(name)}))}
	if change != nil {
		change(a)
	}
	var actors []*actor
	for _, s := range signers {
		actors = append(actors, w.actors[s])
	}
	w.append(name, [][]byte{w.signed(codec.KindAdjustment, codec.EncodeAdjustment(a), actors...)})
	return uint64(len(w.records) - 1)
}

// plainBooks is everything that a close states about postings, computed by the book.
type plainBooks struct {
	counts     [codec.Kinds]uint64
	journal    []proof.SumLeaf
	postings   map[[17]byte][]proof.SumLeaf
	unfinished uint64
}

// add takes in the postings of a record.
func (b *plainBooks) add(index uint64, leaf codec.Hash, amount uint64, postings []codec.Posting) {
	key := proof.JournalKey(index)
	b.journal = append(b.journal, proof.SumLeaf{Key: key[:], Count: uint64(len(postings)), Sums: [2]uint64{amount, amount}, Payload: leaf})
	for i := range postings {
		p := &postings[i]
		key := proof.PostingKey(index, uint16(p.Line))
		party := proof.PartyKey(uint8(p.Role), p.Party)
		b.postings[party] = append(b.postings[party], proof.SumLeaf{Key: key[:], Count: 1, Sums: sides(p), Payload: codec.PostingHash(p)})
	}
}

// plain adds up all records from the first on.
func (w *world) plain() *plainBooks {
	b := &plainBooks{postings: map[[17]byte][]proof.SumLeaf{}}
	for i := 1; i < len(w.records); i++ {
		rec, err := codec.DecodeRecord(w.records[i].Bytes)
		if err != nil {
			w.t.Fatal(err)
		}
		b.counts[rec.Kind]++
		e := codec.Event{}
		switch rec.Kind {
		case codec.KindEvent:
			if codec.DecodeEvent(rec.Body, &e) == nil && e.Seq == 0 {
				b.unfinished++
			}
		case codec.KindSettlement:
			b.unfinished--
			s := codec.Settlement{}
			if err := codec.DecodeSettlement(rec.Body, &s); err != nil {
				w.t.Fatal(err)
			}
			d, err := codec.DecodeDetail(w.blobs[s.Detail])
			if err != nil {
				w.t.Fatal(err)
			}
			b.add(uint64(i), proof.LeafA(w.records[i].Bytes), s.Charge, d.Postings)
		case codec.KindAdjustment:
			a := codec.Adjustment{}
			if err := codec.DecodeAdjustment(rec.Body, &a); err != nil {
				w.t.Fatal(err)
			}
			c, err := codec.DecodeCorrection(w.blobs[a.Detail])
			if err != nil {
				w.t.Fatal(err)
			}
			b.add(uint64(i), proof.LeafA(w.records[i].Bytes), a.Totals.Credit, c.Postings)
		}
	}
	return b
}

// state fills what a close states.
func (b *plainBooks) state(t testing.TB, c *codec.Cycle) {
	root, totals, err := proof.SumRoot(proof.SumJournal, b.journal)
	if err != nil {
		t.Fatal(err)
	}
	c.Counts = b.counts[:]
	c.Journal = &codec.Journal{N: totals.Leaves, Credit: totals.Sums[0], Debit: totals.Sums[1], Root: root}
	var leaves []proof.SumLeaf
	subtotals := []codec.Subtotal{}
	for key, lines := range b.postings {
		root, totals, err := proof.SumRoot(proof.SumPartyPostings, lines)
		if err != nil {
			t.Fatal(err)
		}
		leaves = append(leaves, proof.SumLeaf{Key: key[:], Count: totals.Leaves, Sums: totals.Sums, Payload: root})
		i := slices.IndexFunc(subtotals, func(s codec.Subtotal) bool { return s.Role == codec.Role(key[0]) })
		if i < 0 {
			i, subtotals = len(subtotals), append(subtotals, codec.Subtotal{Role: codec.Role(key[0])})
		}
		subtotals[i].N, subtotals[i].Credit, subtotals[i].Debit = subtotals[i].N+1, subtotals[i].Credit+totals.Sums[0], subtotals[i].Debit+totals.Sums[1]
	}
	slices.SortFunc(leaves, func(a, b proof.SumLeaf) int { return bytes.Compare(a.Key, b.Key) })
	slices.SortFunc(subtotals, func(a, b codec.Subtotal) int { return cmp.Compare(a.Role, b.Role) })
	if root, totals, err = proof.SumRoot(proof.SumParties, leaves); err != nil {
		t.Fatal(err)
	}
	c.Parties = &codec.PartyTotals{N: totals.Leaves, Postings: totals.Count, Credit: totals.Sums[0], Debit: totals.Sums[1], Root: root}
	c.Subtotals, c.Unfinished = &subtotals, &b.unfinished
}

// closeCycle cuts and closes the cycle, and appends a record after it. Change may make the close
// a lie.
func (w *world) closeCycle(change func(*codec.Cycle)) uint64 {
	w.t.Helper()
	hub, next := w.actors["hub"], uint64(testCycle+1)
	cut := &codec.Cycle{ID: testID("cut"), At: testTime, Cycle: testCycle, Author: hub.id, Op: codec.CycleCut, Next: &next}
	w.append("cut", [][]byte{w.signed(codec.KindCycle, codec.EncodeCycle(cut), hub)})
	at, policy := uint64(len(w.records)-1), codec.BlobHash(w.policy)
	c := &codec.Cycle{ID: testID("close"), At: testTime, Cycle: testCycle, Author: hub.id, Op: codec.CycleClose,
		Range: &codec.Range{Min: 1, Max: at}, Prev: &codec.RecordRef{}, Held: &codec.Held{}, Policy: &policy,
		Log: &codec.LogRef{Size: at + 1, Root: w.leaves(proof.TreeA, at+1).root()}, Batches: &codec.BatchesRef{},
		Cut: &codec.RecordRef{Index: at, Leaf: proof.LeafA(w.records[at].Bytes)}}
	w.plain().state(w.t, c)
	c.Batches = w.batchesRef()
	if change != nil {
		change(c)
	}
	w.append("close", [][]byte{w.signed(codec.KindCycle, codec.EncodeCycle(c), hub)})
	w.append("later", [][]byte{w.register("later", codec.RoleCustomer)})
	return at + 1
}

// batchesRef is key 22 of a close after all batches so far.
func (w *world) batchesRef() *codec.BatchesRef {
	var leaves []codec.Hash
	for _, b := range w.applied {
		digest := codec.BatchDigest(testOrigin, &codec.Batch{ID: b.ID, Submitter: b.Submitter, Sent: b.Sent}, len(b.Leaves), proof.MTH(b.Leaves))
		leaves = append(leaves, codec.BatchCommitment(digest, b.Signature, b.Stamp, codec.OutcomeHash(codec.EncodeOutcomes(b.Outcomes))))
	}
	return &codec.BatchesRef{N: uint64(len(leaves)), Root: proof.MTH(leaves)}
}

func (w *world) cycleOptions(dir string) CycleOptions {
	return CycleOptions{Policy: w.trust, Auditor: w.actors["auditor"].id, Key: w.actors["auditor"].ownerK.ID, Cycle: testCycle,
		Secret: testSecret, Dir: dir, Workers: 2, Now: func() uint64 { return testTime + 1 },
		Build: Build{Platform: "test/test", Module: "test", Revision: "test"}}
}

func (w *world) auditCycle(o CycleOptions) *CycleReport {
	w.t.Helper()
	got, err := AuditCycle(context.Background(), w, o)
	if err != nil {
		w.t.Fatal(err)
	}
	return got.Report
}

// goodwill is the postings of a present to the customer.
func (w *world) goodwill(amount uint64) []codec.Posting {
	return []codec.Posting{
		{Role: codec.RolePlatform, Party: w.actors["platform"].id, Side: codec.Debit, Amount: amount},
		{Role: codec.RoleCustomer, Party: w.actors["customer"].id, Side: codec.Credit, Amount: amount},
	}
}
