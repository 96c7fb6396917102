package verifier

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/forgepool/settle/codec"
)

// boundary is a cut or a close in the log.
type boundary struct {
	codec.RecordRef
	record []byte
	body   codec.Cycle
	root   codec.Hash // of tree A at Index+1
}

// books is what one pass over the log says of a billing cycle, with what is large in
// files: entries of the journal, and where workloads were planned.
type books struct {
	cycle   uint64
	auditor codec.ID

	first      uint64
	counts     [codec.Kinds]uint64
	unfinished uint64          // workloads begun and not ended
	holds      *holds          // until the cut
	held       codec.Held      // at the cut
	prev       codec.RecordRef // close before
	cut, close *boundary       // of the cycle, nil until they came
	intent     *codec.Audit    // the auditor's for the cycle, nil if there is none
	intentAt   codec.RecordRef
	attested   uint64 // index of the attestation that opened the intent, 0 = none

	journal *rows
	// adjustments has the entries of all adjustments up to the cut, also of cycles before:
	// what they took back counts.
	adjustments *rows
	planned     *rows
	leaves      *rows // leaf hashes of the cycle's records, in order
}

// openBooks makes the files of an audit in a directory.
func openBooks(dir string, cycle uint64, auditor codec.ID) (*books, error) {
	b := &books{cycle: cycle, auditor: auditor, first: 1, holds: newHolds()}
	var err error
	if b.journal, err = createRows(dir, "journal", journalRow); err != nil {
		return nil, err
	}
	if b.adjustments, err = createRows(dir, "adjustments", journalRow); err != nil {
		return nil, errors.Join(err, b.closeFiles())
	}
	if b.planned, err = createRows(dir, "planned", plannedRow); err != nil {
		return nil, errors.Join(err, b.closeFiles())
	}
	if b.leaves, err = createRows(dir, "leaves", leafRow); err != nil {
		return nil, errors.Join(err, b.closeFiles())
	}
	return b, nil
}

// keep takes in a record. Root returns that of tree A with the record in it.
func (b *books) keep(rec *codec.Record, data []byte, at codec.RecordRef, root func() (codec.Hash, error)) error {
	if b.cut == nil {
		if rec.Kind < codec.Kinds {
			b.counts[rec.Kind]++
		}
		if err := b.leaves.add(at.Leaf[:]); err != nil {
			return err
		}
	}
	switch rec.Kind {
	case codec.KindSettlement:
		return b.settlement(rec.Body, at)
	case codec.KindAdjustment:
		return b.adjustment(rec.Body, at)
	case codec.KindEvent:
		return b.event(rec.Body, at.Index)
	case codec.KindDispute:
		if b.holds != nil {
			return b.holds.keep(rec.Body, at.Index)
		}
	case codec.KindCycle:
		r, err := root()
		if err != nil {
			return err
		}
		return b.boundary(&boundary{RecordRef: at, record: data, root: r}, rec.Body)
	case codec.KindAudit:
		return b.audit(rec.Body, at)
	}
	return nil
}

func (b *books) settlement(body []byte, at codec.RecordRef) error {
	if b.cut != nil {
		return nil
	}
	var s codec.Settlement
	if err := codec.DecodeSettlement(body, &s); err != nil {
		return lie(LieRecord, "settlement in record %d: %v", at.Index, err)
	}
	b.unfinished--
	e := entry{at.Index, at.Leaf, s.Detail, s.Postings.Root, s.Postings.N, s.Charge, codec.KindSettlement}
	return b.journal.add(e.row())
}

func (b *books) adjustment(body []byte, at codec.RecordRef) error {
	if b.cut != nil {
		return nil
	}
	var a codec.Adjustment
	if err := codec.DecodeAdjustment(body, &a); err != nil {
		return lie(LieRecord, "adjustment in record %d: %v", at.Index, err)
	}
	if a.Totals.Credit != a.Totals.Debit {
		return lie(LieRecord, "adjustment %d does not balance", at.Index)
	}
	e := entry{at.Index, at.Leaf, a.Detail, a.Postings.Root, a.Postings.N, a.Totals.Credit, codec.KindAdjustment}
	return errors.Join(b.journal.add(e.row()), b.adjustments.add(e.row()))
}

func (b *books) event(body []byte, index uint64) error {
	if b.cut != nil {
		return nil
	}
	var e codec.Event
	if err := codec.DecodeEvent(body, &e); err != nil {
		return lie(LieRecord, "event in record %d: %v", index, err)
	}
	switch {
	case e.Seq == 0:
		b.unfinished++
	case e.State == codec.StateFailed:
		b.unfinished--
	}
	if e.State != codec.StatePlanned {
		return nil
	}
	return b.planned.add(appendPlanned(nil, workloadKey{e.Author, e.Workload}, index))
}

// boundary takes in a cut or a close.
func (b *books) boundary(x *boundary, body []byte) error {
	if err := readCycle(body, x.Index, &x.body); err != nil {
		return err
	}
	cut := x.body.Op == codec.CycleCut
	switch {
	case cut && b.cut == nil && x.body.Cycle == b.cycle:
		b.cut, b.held = x, b.holds.state()
		b.holds = nil // what comes later changes nothing that the close states
	case cut && b.cut == nil:
		b.first, b.counts = x.Index+1, [codec.Kinds]uint64{}
		b.holds.cut()
		return errors.Join(b.journal.reset(), b.leaves.reset())
	case !cut && x.body.Cycle == b.cycle:
		b.close = x
	case !cut && b.close == nil:
		b.prev = x.RecordRef
	}
	return nil
}

// audit looks for the auditor's intent and whether it was opened.
func (b *books) audit(body []byte, at codec.RecordRef) error {
	var a codec.Audit
	if err := readAudit(body, at.Index, &a); err != nil {
		return err
	}
	switch {
	case a.Auditor != b.auditor:
	case a.Op == codec.AuditIntent && *a.Audited == b.cycle:
		b.intent, b.intentAt = &a, at
	case a.Op == codec.AuditAttestation && b.intent != nil && *a.Intent == b.intentAt.Index:
		b.attested = at.Index
	}
	return nil
}

// flush makes the files readable.
func (b *books) flush() error {
	return errors.Join(b.journal.flush(), b.adjustments.flush(), b.planned.flush(), b.leaves.flush())
}

func (b *books) closeFiles() error {
	return errors.Join(b.journal.close(), b.adjustments.close(), b.planned.close(), b.leaves.close())
}

// ErrNotReady is wrapped by errors that say what an audit of a cycle waits for.
var ErrNotReady = errors.New("nothing to audit yet")

// ready checks that there is a close and an intent that the secret opens.
func (b *books) ready(secret [32]byte) error {
	switch {
	case b.intent == nil:
		return fmt.Errorf("%w: the log has no intent of auditor %s for cycle %d", ErrNotReady, b.auditor, b.cycle)
	case codec.AuditCommitment(b.auditor, b.cycle, secret) != *b.intent.Commit:
		return fmt.Errorf("the secret is not the one that intent %d commits to", b.intentAt.Index)
	case b.close == nil:
		return fmt.Errorf("%w: cycle %d is not closed", ErrNotReady, b.cycle)
	}
	return nil
}

// compare compares what the log says with the close, as far as no postings are needed.
// Errors: LieClose.
func (b *books) compare(policy *policyRecord) error {
	c := &b.close.body
	wrong := func(what string) error { return lie(LieClose, "close %d: %s", b.close.Index, what) }
	if b.cut == nil {
		return wrong("no cut before it")
	}
	cut := b.cut.RecordRef
	switch {
	case *c.Cut != cut:
		return wrong("cut")
	case *c.Range != codec.Range{Min: b.first, Max: cut.Index}:
		return wrong("range")
	case *c.Prev != b.prev:
		return wrong("prev")
	case !slices.Equal(c.Counts, b.counts[:]):
		return wrong("counts")
	case *c.Log != codec.LogRef{Size: cut.Index + 1, Root: b.cut.root}:
		return wrong("log")
	case *c.Unfinished != b.unfinished:
		return wrong("unfinished")
	case *c.Held != b.held:
		return wrong("held")
	case policy == nil || *c.Policy != policy.hash:
		return wrong("policy")
	}
	return nil
}

// beacon returns the round that counts, nil if there is none.
func (b *books) beacon() *codec.BeaconRound {
	if b.close.body.Beacon != nil {
		return b.close.body.Beacon
	}
	return b.cut.body.Beacon
}

// appendPlanned appends a row of the file of planned workloads.
func appendPlanned(row []byte, key workloadKey, index uint64) []byte {
	row = append(append(row, key.author[:]...), key.workload[:]...)
	return appendUint64(row, index)
}

// plannedOf returns where some workloads were planned, by one pass over the file.
func (b *books) plannedOf(wanted map[workloadKey]bool) (map[workloadKey]uint64, error) {
	found := map[workloadKey]uint64{}
	err := b.planned.scan(0, b.planned.n, func(_ uint64, row []byte) error {
		key := workloadKey{codec.ID(row[:16]), codec.ID(row[16:32])}
		if wanted[key] {
			found[key] = readUint64(row[32:])
		}
		return nil
	})
	return found, err
}

// readBooks reads the log with the books of a cycle.
func readBooks(ctx context.Context, src Source, pair *Pair, b *books, progress func(done, total uint64)) (*Log, error) {
	log, err := readLog(ctx, src, pair, b, progress)
	if err != nil {
		return nil, err
	}
	return log, b.flush()
}
