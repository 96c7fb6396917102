package settlement

import "github.com/forgepool/settle/codec"

// PreparedDispute is a decoded dispute record.
type PreparedDispute struct {
	Body codec.Dispute

	claimed   uint64 // op 1: sum of the contested lines, micro-Credits
	overflows bool   // the sum leaves 63 bits
}

func (r *PreparedRecord) prepareDispute(p *Prepared) *codec.Refusal {
	d := new(PreparedDispute)
	if err := codec.DecodeDispute(r.Body, &d.Body); err != nil {
		return undecodable(err)
	}
	if d.Body.Evidence != nil {
		for i := range *d.Body.Evidence {
			r.name(p, &(*d.Body.Evidence)[i].Hash)
		}
	}
	if fault := r.setHeader(d.Body.Header()); fault != nil {
		return fault
	}
	if fault := checkDisputeForm(&d.Body); fault != nil {
		return fault
	}
	d.addUp()
	r.Dispute = d
	return nil
}

// addUp makes the sum of the contested lines.
func (d *PreparedDispute) addUp() {
	if d.Body.Lines == nil {
		return
	}
	for _, line := range *d.Body.Lines {
		total, ok := sum(d.claimed, line.Amount)
		if !ok {
			d.overflows = true
			return
		}
		d.claimed = total
	}
}

// Optional keys of a dispute record, as bits.
const (
	hasTarget = 1 << iota
	hasClaimant
	hasClaim
	hasLines
	hasAmount
	hasEvidence
	hasShard
	hasVerdict
	hasOpened
	hasDeadline
)

// disputeForms says which optional keys an operation must and may have.
var disputeForms = [...]struct{ must, may uint }{
	codec.DisputeOpen:     {hasTarget | hasClaimant | hasClaim | hasLines | hasAmount | hasEvidence | hasDeadline, hasShard},
	codec.DisputeEvidence: {hasEvidence | hasOpened, 0},
	codec.DisputeAccept:   {hasAmount | hasEvidence | hasOpened, hasVerdict},
	codec.DisputeReject:   {hasEvidence | hasOpened, hasVerdict},
	codec.DisputeWithdraw: {hasOpened, 0},
	codec.DisputeEscalate: {hasOpened, 0},
}

// checkDisputeForm checks that exactly the keys of the operation are present, that
// the claim is known, and ranges.
func checkDisputeForm(b *codec.Dispute) *codec.Refusal {
	if b.Op < codec.DisputeOpen || b.Op > codec.DisputeEscalate {
		return malformed("unknown operation on a dispute")
	}
	form, has := disputeForms[b.Op], disputeKeys(b)
	if has&form.must != form.must || has&^(form.must|form.may) != 0 {
		return malformed("keys missing, or not of this operation")
	}
	if b.Claim != nil && (*b.Claim < codec.ClaimWrongOutput || *b.Claim > codec.ClaimBadReceipt) {
		return malformed("unknown claim")
	}
	if !disputeInRange(b) {
		return codec.Refuse(codec.CodeOutOfRange, "a number of 2^63 or more")
	}
	return nil
}

func disputeKeys(b *codec.Dispute) (has uint) {
	for _, key := range [...]struct {
		bit     uint
		present bool
	}{
		{hasTarget, b.Target != nil}, {hasClaimant, b.Claimant != nil}, {hasClaim, b.Claim != nil},
		{hasLines, b.Lines != nil}, {hasAmount, b.Amount != nil}, {hasEvidence, b.Evidence != nil},
		{hasShard, b.Shard != nil}, {hasVerdict, b.Verdict != nil}, {hasOpened, b.Opened != nil},
		{hasDeadline, b.Deadline != nil},
	} {
		if key.present {
			has |= key.bit
		}
	}
	return has
}

// disputeInRange says whether every number of the record is below 2^63.
func disputeInRange(b *codec.Dispute) bool {
	if b.Target != nil && outOfRange(b.Target.Index, *b.Deadline) { // both stand in op 1 only
		return false
	}
	if b.Opened != nil && outOfRange(*b.Opened) || b.Amount != nil && outOfRange(*b.Amount) {
		return false
	}
	if b.Shard != nil && outOfRange(b.Shard.Index, b.Shard.Replica) || b.Verdict != nil && outOfRange(b.Verdict.Units) {
		return false
	}
	if b.Lines != nil {
		for _, line := range *b.Lines {
			if outOfRange(line.Line, line.Amount) {
				return false
			}
		}
	}
	if b.Evidence != nil {
		for _, e := range *b.Evidence {
			if outOfRange(e.Kind, e.Size) {
				return false
			}
		}
	}
	return true
}
