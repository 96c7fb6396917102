package settlement

import "github.com/forgepool/settle/codec"

// PreparedAudit is an audit record with the checks made that need no state.
type PreparedAudit struct {
	Body codec.Audit
}

func (r *PreparedRecord) prepareAudit(p *Prepared) *codec.Refusal {
	x := new(PreparedAudit)
	if err := codec.Decode(r.Body, &x.Body); err != nil {
		return undecodable(err)
	}
	if x.Body.Items != nil {
		r.name(p, x.Body.Items)
	}
	if fault := r.setHeader(x.Body.Header()); fault != nil {
		return fault
	}
	if fault := checkAuditForm(&x.Body); fault != nil {
		return fault
	}
	r.Audit = x
	return nil
}

// checkAuditForm checks that exactly the keys of the operation are present, and ranges.
func checkAuditForm(b *codec.Audit) *codec.Refusal {
	if b.Op != codec.AuditIntent && b.Op != codec.AuditAttestation {
		return malformed("unknown operation of an audit")
	}
	opens := b.Op == codec.AuditAttestation
	for _, present := range [...]bool{
		b.Intent != nil, b.Close != nil, b.Checkpoint != nil, b.Secret != nil, b.Frame != nil, b.Draws != nil,
		b.Result != nil, b.Bounds != nil, b.Items != nil, b.Env != nil, b.Span != nil, b.Opinion != nil, b.Findings != nil,
		b.Commit == nil, b.Method == nil, b.Target == nil, b.Audited == nil,
	} {
		if present != opens {
			return malformed("keys missing, or not of this operation")
		}
	}
	if b.Beacon != nil && !opens {
		return malformed("a beacon is not of this operation")
	}
	if opens && attestationOutOfRange(b) || !opens && intentOutOfRange(b) {
		return codec.Refuse(codec.CodeOutOfRange, "a value of the audit of 2^63 or more")
	}
	return nil
}

func intentOutOfRange(b *codec.Audit) bool {
	t := b.Target
	return outOfRange(*b.Method, *b.Audited, t.ConfPPM, t.FaultPPM, t.Draws, t.TracingPPM)
}

func attestationOutOfRange(b *codec.Audit) bool {
	out := outOfRange(*b.Intent, b.Close.Index, b.Checkpoint.Size, b.Frame.Value, b.Frame.Parties, b.Frame.Postings) ||
		outOfRange(b.Frame.Basis, b.Draws.Vouching, b.Draws.Tracing) ||
		outOfRange(b.Result.Distinct, b.Result.Passed, b.Result.Failed, b.Result.Unavailable, b.Result.Documentary) ||
		outOfRange(b.Bounds.K, b.Bounds.TaintPPM, b.Bounds.Upper, b.Span.Start, b.Span.End) ||
		outOfRange(*b.Findings...)
	return out || b.Beacon != nil && outOfRange(b.Beacon.Round)
}
