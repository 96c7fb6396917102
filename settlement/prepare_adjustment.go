package settlement

import "github.com/forgepool/settle/codec"

// PreparedAdjustment is an adjustment with its detail read, if that travels with the
// batch; else Judge reads it from the state.
type PreparedAdjustment struct {
	Body codec.Adjustment

	loaded        bool
	postings      []codec.Posting
	hashes        []codec.Hash // of the postings
	credit, debit uint64       // sums of the postings, micro-Credits

	detailFault   *codec.Refusal
	postingsFault *codec.Refusal
}

func (r *PreparedRecord) prepareAdjustment(p *Prepared) *codec.Refusal {
	a := new(PreparedAdjustment)
	if err := codec.DecodeAdjustment(r.Body, &a.Body); err != nil {
		return undecodable(err)
	}
	detail := r.name(p, &a.Body.Detail)
	if fault := r.setHeader(a.Body.Header()); fault != nil {
		return fault
	}
	if fault := checkAdjustmentForm(&a.Body); fault != nil {
		return fault
	}
	if detail != nil {
		a.load(detail)
	}
	r.Adjustment = a
	return nil
}

// checkAdjustmentForm checks that the cause is known, that key 12 is present exactly
// with the causes that need it, and ranges.
func checkAdjustmentForm(b *codec.Adjustment) *codec.Refusal {
	if b.Cause < codec.CauseDispute || b.Cause > codec.CausePenalty {
		return malformed("unknown cause")
	}
	needs := b.Cause == codec.CauseDispute || b.Cause == codec.CauseAudit || b.Cause == codec.CausePenalty
	if (b.CauseRef != nil) != needs {
		return malformed("cause_ref belongs to the causes 1, 2 and 6")
	}
	if b.CauseRef != nil && outOfRange(*b.CauseRef) ||
		outOfRange(b.Target.Index, b.Postings.N, b.Totals.Credit, b.Totals.Debit, b.ServiceCycle) {
		return codec.Refuse(codec.CodeOutOfRange, "a number of 2^63 or more")
	}
	return nil
}

// load reads the detail and does all checks on it that need no state.
func (a *PreparedAdjustment) load(data []byte) {
	a.loaded = true
	detail, err := codec.DecodeCorrection(data)
	if err != nil {
		a.detailFault = codec.Refuse(codec.CodeBadDetail, err.Error())
		return
	}
	a.postings = detail.Postings
	a.hashes = make([]codec.Hash, len(a.postings))
	root, credit, debit, err := postingsRoot(a.postings, a.hashes)
	a.credit, a.debit = credit, debit
	switch {
	case err != nil:
		a.postingsFault = badPostings(err.Error())
	case a.Body.Postings.N != uint64(len(a.postings)):
		a.postingsFault = badPostings("number of postings differs")
	case a.Body.Postings.Root != root:
		a.postingsFault = badPostings("root is not that of the postings")
	}
}

func badPostings(why string) *codec.Refusal { return codec.Refuse(codec.CodeBadPostings, why) }
