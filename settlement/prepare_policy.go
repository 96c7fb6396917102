package settlement

import "github.com/forgepool/settle/codec"

// PreparedPolicy is a decoded policy record.
type PreparedPolicy struct {
	Body codec.Policy
}

func (r *PreparedRecord) preparePolicy(p *Prepared) *codec.Refusal {
	policy := new(PreparedPolicy)
	if err := codec.Decode(r.Body, &policy.Body); err != nil {
		return undecodable(err)
	}
	b := &policy.Body
	if b.Discounts != nil {
		r.name(p, b.Discounts)
	}
	for i := range b.Programs {
		if hash, ok := programCode(&b.Programs[i]); ok {
			r.name(p, &hash)
		}
	}
	if fault := r.setHeader(b.Header()); fault != nil {
		return fault
	}
	if fault := checkPolicyForm(b); fault != nil {
		return fault
	}
	r.Policy = policy
	return nil
}

// programCode returns the hash of the module of an allowed program, if it has one.
func programCode(a *codec.Allowed) (hash codec.Hash, ok bool) {
	return hash, copy(hash[:], a.Code) == len(hash)
}

// checkPolicyForm checks the ranges of the values themselves.
func checkPolicyForm(b *codec.Policy) *codec.Refusal {
	for i := range b.Rates {
		if r := &b.Rates[i]; outOfRange(r.Unit, r.Num, r.Den, r.MinCharge) {
			return codec.Refuse(codec.CodeOutOfRange, "a rate or its unit of 2^63 or more")
		}
	}
	for i := range b.Floors {
		if outOfRange(b.Floors[i].Replicas) {
			return codec.Refuse(codec.CodeOutOfRange, "2^63 replicas or more")
		}
	}
	if a := &b.Audit; outOfRange(a.MaxDraws, a.MinAuditors, a.Beacon.Genesis, a.Beacon.Period) {
		return codec.Refuse(codec.CodeOutOfRange, "a number of the audit of 2^63 or more")
	}
	if b.Prices != nil {
		for i := range *b.Prices {
			if p := &(*b.Prices)[i]; outOfRange(p.Num, p.Den) {
				return codec.Refuse(codec.CodeOutOfRange, "a price of a Credit of 2^63 or more")
			}
		}
	}
	if outOfRange(b.Audit.Deadline, b.DisputeWindow, b.Retention, b.Windows.Near, b.Windows.Older, b.AckSLA, b.Grace) {
		return codec.Refuse(codec.CodeOutOfRange, "a time of 2^63 or more")
	}
	if outOfRange(b.Version, b.EffectiveFrom, b.Penalties.ClawbackCycles, b.Penalties.StakeMin, b.Limits.MaxInput) {
		return codec.Refuse(codec.CodeOutOfRange, "a number of 2^63 or more")
	}
	return nil
}
