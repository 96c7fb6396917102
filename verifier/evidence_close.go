package verifier

import (
	"crypto/ed25519"
	"fmt"

	"github.com/forgepool/settle/codec"
	"github.com/forgepool/settle/proof"
)

// What contradicts a close, in the order in which it is looked for: the fields of
// docs/formats/evidence.md section 2 for faults 7 to 11.
const (
	fieldAbsent    = "absent"    // there is no such leaf
	fieldLeaf      = "leaf"      // the journal has another leaf hash, count or amounts
	fieldParty     = "party"     // the party has no postings at all; the posting is another party's
	fieldRange     = "range"     // the index is not in the range of the close
	fieldRecord    = "record"    // the record has no postings
	fieldLine      = "line"      // the record has no such line
	fieldPosting   = "posting"   // the record has another posting there
	fieldAmount    = "amount"    // credit or debit differ
	fieldJournal   = "journal"   // credits and debits of the journal differ
	fieldParties   = "parties"   // the parties' credits or debits are not the journal's
	fieldSubtotals = "subtotals" // the roles do not add up to the parties
)

// posted is a record of the log as its postings go into a cycle.
type posted struct {
	index         uint64
	leaf          codec.Hash
	ref           codec.PostingsRef
	credit, debit uint64 // micro-Credits
}

// statement is what the record states about its postings.
func (p *posted) statement() proof.SumStatement {
	return proof.SumStatement{Type: proof.SumPostings, Root: p.ref.Root, Leaves: p.ref.N, Count: p.ref.N,
		Sums: [2]uint64{p.credit, p.debit}}
}

// postedOf reads a settlement or an adjustment; nil for a record of another kind.
func postedOf(rec *codec.Record, bytes []byte, index uint64) (*posted, error) {
	p := &posted{index: index, leaf: proof.LeafA(bytes)}
	var err error
	switch rec.Kind {
	case codec.KindSettlement:
		s := new(codec.Settlement)
		err = codec.DecodeSettlement(rec.Body, s)
		p.ref, p.credit, p.debit = s.Postings, s.Charge, s.Charge
	case codec.KindAdjustment:
		a := new(codec.Adjustment)
		err = codec.DecodeAdjustment(rec.Body, a)
		p.ref, p.credit, p.debit = a.Postings, a.Totals.Credit, a.Totals.Debit
	default:
		return nil, nil
	}
	if err != nil {
		return nil, lie(LieRecord, "%s %d: %v", rec.Kind, index, err)
	}
	return p, nil
}

// closeOf reads the close of a cycle out of a record. Errors: LieRecord.
func closeOf(rec *codec.Record, index uint64) (*codec.Cycle, error) {
	body := new(codec.Cycle)
	if rec.Kind != codec.KindCycle {
		return nil, lie(LieRecord, "record %d is a %s", index, rec.Kind)
	}
	if err := codec.DecodeCycle(rec.Body, body); err != nil {
		return nil, lie(LieRecord, "close %d: %v", index, err)
	}
	if body.Op != codec.CycleClose || body.Range == nil || body.Journal == nil || body.Parties == nil || body.Subtotals == nil {
		return nil, lie(LieRecord, "record %d is no close", index)
	}
	return body, nil
}

// partiesStatement is what a close states about sum tree 1.
func partiesStatement(c *codec.Cycle) proof.SumStatement {
	p := c.Parties
	return proof.SumStatement{Type: proof.SumParties, Root: p.Root, Leaves: p.N, Count: p.Postings, Sums: [2]uint64{p.Credit, p.Debit}}
}

// journalStatement is what a close states about sum tree 4.
func journalStatement(c *codec.Cycle) proof.SumStatement {
	j := c.Journal
	return proof.SumStatement{Type: proof.SumJournal, Root: j.Root, Leaves: j.N, Sums: [2]uint64{j.Credit, j.Debit},
		Unstated: proof.SumCountUnstated}
}

// accountStatement is what a leaf of sum tree 1 states about the party's sum tree 2.
func accountStatement(leaf *proof.SumLeaf) proof.SumStatement {
	return proof.SumStatement{Type: proof.SumPartyPostings, Root: leaf.Payload, Leaves: leaf.Count, Count: leaf.Count, Sums: leaf.Sums}
}

// closeCheck is evidence against a close under way.
type closeCheck struct {
	*Evidence
	c      *Confirmed
	body   *codec.Cycle
	record *posted // nil: a record without postings
	bundle *Bundle
}

// checkClose confirms faults 7 to 12.
func (e *Evidence) checkClose(policy *proof.TrustPolicy, bundle *Bundle) (*Confirmed, error) {
	x, err := e.openClose(policy, bundle)
	if err != nil {
		return nil, err
	}
	field, err := x.find()
	if err != nil {
		return nil, err
	}
	if got := (Recomputed{Field: field}); field == "" || got != e.Recomputed {
		return nil, lie(LieClaim, "%s: found %q, the evidence says %q", e.Fault, field, e.Recomputed.Field)
	}
	return x.c, nil
}

// openClose opens the close, who signed it, and the record to compare it with.
func (e *Evidence) openClose(policy *proof.TrustPolicy, bundle *Bundle) (*closeCheck, error) {
	rec, checkpoint, err := e.open(e.Close, policy)
	if err != nil {
		return nil, fmt.Errorf("close: %w", err)
	}
	body, err := closeOf(rec, e.Close.Index)
	if err != nil {
		return nil, err
	}
	signer, _, err := e.open(e.CloseKey, policy)
	if err != nil {
		return nil, fmt.Errorf("key of the close: %w", err)
	}
	if err := checkCloseSigned(e.Origin, rec, body, e.Close.Index, signer, e.CloseKey.Index); err != nil {
		return nil, err
	}
	other, _, err := e.open(&e.Settlement, policy)
	if err != nil {
		return nil, fmt.Errorf("record: %w", err)
	}
	x := &closeCheck{Evidence: e, body: body, bundle: bundle, c: &Confirmed{
		Fault: e.Fault, Origin: e.Origin, Settlement: e.Settlement.Index, Size: checkpoint.Size(), Attested: attested(checkpoint),
		Hub: body.Author, Recomputed: e.Recomputed, Signed: true, Close: &e.Close.Index, Cycle: body.Cycle,
	}}
	x.record, err = postedOf(other, e.Settlement.Record, e.Settlement.Index)
	return x, err
}

// checkCloseSigned checks that its author signed the close at index, by an owner key that
// the record signer at index from registers and that had not expired.
func checkCloseSigned(origin string, rec *codec.Record, body *codec.Cycle, index uint64, signer *codec.Record, from uint64) error {
	keys, err := registrations(signer, from)
	if err != nil {
		return err
	}
	digest := codec.RecordDigest(origin, rec.Kind, rec.Body)
	for i := range rec.Signatures {
		s := &rec.Signatures[i]
		k := keys[s.Key]
		if k == nil || k.Party != body.Author || k.Use != codec.UseOwner || !k.ValidAt(index) {
			continue
		}
		if s.Alg != codec.AlgEd25519 || !ed25519.Verify(k.Pub[:], digest[:], s.Sig[:]) {
			return lie(LieSignature, "close %d: signature by %s", index, s.Key)
		}
		return nil
	}
	return lie(LieKey, "record %d registers no key of %s that signed the close", from, body.Author)
}

// find returns the field that contradicts the close as the fault says, "" if none does.
func (x *closeCheck) find() (field string, err error) {
	switch x.Fault {
	case FaultOmittedRecord:
		field, err = x.omittedRecord()
	case FaultOmittedPosting:
		if len(x.bundle.Blobs) != 1 {
			return "", lie(LieBundle, "%d blobs instead of 1", len(x.bundle.Blobs))
		}
		return x.omittedPosting()
	case FaultUnbalanced:
		if x.Settlement.Index != x.Close.Index {
			return "", lie(LieRecord, "record %d is not the close", x.Settlement.Index)
		}
		field = unbalanced(x.body)
	case FaultTree:
		field, err = x.brokenTree()
	default:
		field, err = x.listed()
	}
	want := 0
	if x.Fault == FaultPhantomPosting && field == fieldParty {
		want = 1
	}
	if err == nil && field != "" && len(x.bundle.Blobs) != want {
		return "", lie(LieBundle, "%d blobs instead of %d", len(x.bundle.Blobs), want)
	}
	return field, err
}

// inRange says whether an index is in the range of the close.
func (x *closeCheck) inRange(index uint64) bool {
	return x.body.Range.Min <= index && index <= x.body.Range.Max
}

// needRecord checks that the record has postings and belongs into the close.
func (x *closeCheck) needRecord() error {
	if x.record == nil || !x.inRange(x.record.index) {
		return lie(LieClaim, "record %d posts nothing in the range from %d to %d", x.Settlement.Index, x.body.Range.Min, x.body.Range.Max)
	}
	return nil
}

// omittedRecord looks for the record in the journal.
func (x *closeCheck) omittedRecord() (string, error) {
	if err := x.needRecord(); err != nil {
		return "", err
	}
	key := proof.JournalKey(x.record.index)
	leaf, err := lookup(journalStatement(x.body), key[:], x.Journal)
	switch {
	case err != nil:
		return "", fmt.Errorf("journal: %w", err)
	case leaf == nil:
		return fieldAbsent, nil
	case leaf.Payload != x.record.leaf || leaf.Count != x.record.ref.N || leaf.Sums != [2]uint64{x.record.credit, x.record.debit}:
		return fieldLeaf, nil
	}
	return "", nil
}

// unbalanced names the totals of a close that contradict the others, "" if none do.
func unbalanced(c *codec.Cycle) string {
	switch {
	case c.Journal.Credit != c.Journal.Debit:
		return fieldJournal
	case c.Parties.Credit != c.Journal.Credit || c.Parties.Debit != c.Journal.Debit:
		return fieldParties
	}
	rest := *c.Parties
	for _, s := range *c.Subtotals {
		if s.N > rest.N || s.Credit > rest.Credit || s.Debit > rest.Debit {
			return fieldSubtotals
		}
		rest.N, rest.Credit, rest.Debit = rest.N-s.N, rest.Credit-s.Credit, rest.Debit-s.Debit
	}
	if rest.N != 0 || rest.Credit != 0 || rest.Debit != 0 {
		return fieldSubtotals
	}
	return ""
}
