package verifier

import (
	"context"
	"slices"

	"github.com/forgepool/settle/codec"
	"github.com/forgepool/settle/proof"
)

// A draw that hits an adjustment pays for no work: there is nothing to execute, but
// documents to look at (docs/formats/records.md section 6.7).

// signers are the parties that signed a record, by role.
func (r *registry) signers(rec *codec.Record) map[codec.Role][]codec.ID {
	out := map[codec.Role][]codec.ID{}
	for i := range rec.Signatures {
		if k := r.keys[rec.Signatures[i].Key]; k != nil && !slices.Contains(out[k.Role], k.Party) {
			out[k.Role] = append(out[k.Role], k.Party)
		}
	}
	return out
}

// document examines an adjustment: signers, cause, reference and what it reverses.
// Errors: LieAdjustment, LieDetail, ErrUnavailable.
func (x *examiner) document(ctx context.Context, rec *codec.Record, at entry, postings []codec.Posting) error {
	var a codec.Adjustment
	if err := codec.DecodeAdjustment(rec.Body, &a); err != nil {
		return lie(LieRecord, "adjustment %d: %v", at.index, err)
	}
	wrong := func(what string) error { return lie(LieAdjustment, "adjustment %d: %s", at.index, what) }
	if !x.signedFor(rec, &a, postings) {
		return wrong("not signed by those whom its cause asks for")
	}
	if a.Target.Index >= at.index {
		return wrong("its target does not stand before it")
	}
	_, target, err := fetchReceipt(ctx, x.src, x.log.Pair.A, a.Target.Index)
	if err != nil {
		return err
	}
	if proof.LeafA(target.Bytes) != a.Target.Leaf {
		return wrong("its target is another record")
	}
	if err := x.caused(ctx, &a, at.index); err != nil {
		return err
	}
	if !kindsFit(a.Cause, postings) {
		return wrong("postings that its cause does not allow")
	}
	return x.reverses(ctx, &a, at.index, postings)
}

// signedFor says whether the signers are those of the table of causes.
func (x *examiner) signedFor(rec *codec.Record, a *codec.Adjustment, postings []codec.Posting) bool {
	by := x.log.registry.signers(rec)
	hub, arbiters, auditors := len(by[codec.RoleHub]) == 1, len(by[codec.RoleArbiter]), len(by[codec.RoleAuditor])
	switch a.Cause {
	case codec.CauseDispute:
		return len(rec.Signatures) == 2 && arbiters == 2
	case codec.CauseAudit:
		return len(rec.Signatures) == 3 && hub && arbiters == 1 && auditors == 1
	case codec.CauseBillingError:
		for i := range postings {
			p := &postings[i]
			if p.Side == codec.Debit && p.Role != codec.RolePlatform && arbiters == 0 && !slices.Contains(by[p.Role], p.Party) {
				return false
			}
		}
		return hub
	case codec.CauseGoodwill, codec.CauseCarryForward:
		return len(rec.Signatures) == 1 && hub
	case codec.CausePenalty:
		return len(rec.Signatures) == 2 && hub && arbiters == 1
	}
	return false
}

// caused checks the ruling or attestation that an adjustment refers to.
func (x *examiner) caused(ctx context.Context, a *codec.Adjustment, index uint64) error {
	if a.CauseRef == nil {
		return nil
	}
	wrong := lie(LieAdjustment, "adjustment %d: record %d is no cause of it", index, *a.CauseRef)
	if *a.CauseRef >= index {
		return wrong
	}
	_, rec, err := fetchReceipt(ctx, x.src, x.log.Pair.A, *a.CauseRef)
	if err != nil {
		return err
	}
	env, err := codec.DecodeRecord(rec.Bytes)
	if err != nil {
		return lie(LieRecord, "record %d: %v", *a.CauseRef, err)
	}
	switch {
	case env.Kind == codec.KindDispute && a.Cause != codec.CauseAudit:
		var d codec.Dispute
		if err := codec.DecodeDispute(env.Body, &d); err == nil && d.Op == codec.DisputeAccept {
			return nil
		}
	case env.Kind == codec.KindAudit && a.Cause != codec.CauseDispute:
		var b codec.Audit
		if err := codec.DecodeAudit(env.Body, &b); err == nil && b.Op == codec.AuditAttestation && b.Opinion != nil &&
			(*b.Opinion == codec.OpinionFail || a.Cause == codec.CauseAudit && *b.Opinion == codec.OpinionWithFindings) {
			return nil
		}
	}
	return wrong
}

// kindsFit says whether postings are of the roles and sides that a cause allows.
func kindsFit(cause codec.Cause, postings []codec.Posting) bool {
	for i := range postings {
		p := &postings[i]
		debit := p.Side == codec.Debit
		switch cause {
		case codec.CauseBillingError:
			if p.RefIndex == nil {
				return false
			}
		case codec.CauseGoodwill:
			if debit && p.Role != codec.RolePlatform || !debit && p.Role != codec.RoleCustomer {
				return false
			}
		case codec.CausePenalty:
			if debit && p.Role != codec.RoleProvider {
				return false
			}
		}
	}
	return true
}

// reverses checks the reversing postings against the lines that they take back. What
// several adjustments take back of a line is added up for the cycle as a whole.
func (x *examiner) reverses(ctx context.Context, a *codec.Adjustment, index uint64, postings []codec.Posting) error {
	type place struct{ index, line uint64 }
	taken, records := map[place]uint64{}, map[uint64][]codec.Posting{}
	for i := range postings {
		p := &postings[i]
		if p.RefIndex == nil || p.RefLine == nil {
			continue
		}
		wrong := lie(LieAdjustment, "adjustment %d: line %d does not take back line %d of record %d", index, i, *p.RefLine, *p.RefIndex)
		if *p.RefIndex >= index || a.Cause == codec.CauseBillingError && *p.RefIndex != a.Target.Index {
			return wrong
		}
		lines, ok := records[*p.RefIndex]
		if !ok {
			var err error
			if lines, err = x.postingsOf(ctx, *p.RefIndex); err != nil {
				return err
			}
			records[*p.RefIndex] = lines
		}
		if *p.RefLine >= uint64(len(lines)) {
			return wrong
		}
		line, at := &lines[*p.RefLine], place{*p.RefIndex, *p.RefLine}
		if line.Party != p.Party || line.Role != p.Role || line.Side == p.Side || p.Amount > line.Amount-taken[at] {
			return wrong
		}
		taken[at] += p.Amount
	}
	return nil
}

// postingsOf fetches the postings of any settlement or adjustment of the log.
func (x *examiner) postingsOf(ctx context.Context, index uint64) ([]codec.Posting, error) {
	_, rec, err := fetchReceipt(ctx, x.src, x.log.Pair.A, index)
	if err != nil {
		return nil, err
	}
	e, err := entryIn(rec.Bytes, index)
	if err != nil {
		return nil, err
	}
	return fetchPostings(ctx, x.src, &e)
}

// entryIn reads the entry of the journal out of its record.
func entryIn(data []byte, index uint64) (entry, error) {
	rec, err := codec.DecodeRecord(data)
	if err != nil {
		return entry{}, lie(LieRecord, "record %d: %v", index, err)
	}
	e := entry{index: index, leaf: proof.LeafA(data), kind: rec.Kind}
	switch rec.Kind {
	case codec.KindSettlement:
		var s codec.Settlement
		err = codec.DecodeSettlement(rec.Body, &s)
		e.detail, e.root, e.n, e.amount = s.Detail, s.Postings.Root, s.Postings.N, s.Charge
	case codec.KindAdjustment:
		var a codec.Adjustment
		err = codec.DecodeAdjustment(rec.Body, &a)
		e.detail, e.root, e.n, e.amount = a.Detail, a.Postings.Root, a.Postings.N, a.Totals.Credit
	default:
		return e, lie(LieRecord, "record %d has no postings", index)
	}
	if err != nil {
		return e, lie(LieRecord, "record %d: %v", index, err)
	}
	return e, nil
}
