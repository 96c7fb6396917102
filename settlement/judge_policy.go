package settlement

import (
	"bytes"
	"slices"

	"github.com/forgepool/settle/codec"
)

// policyRecord decides on a policy record (docs/formats/records.md section 6.3).
func (j *judgement) policyRecord() *codec.Refusal {
	b := &j.rec.Policy.Body
	signers, r := j.signed(&signerRule{hub: true, gov: true}, nil) // A5
	if r != nil {
		return r
	}
	if !slices.Contains(signers, b.Author) {
		return codec.Refuse(codec.CodeWrongAuthor, "the author is not who signs this")
	}
	if r := j.inTime(); r != nil { // A3
		return r
	}
	if r := j.openCycle(); r != nil { // A4
		return r
	}
	sealed, r := j.policyBlobs(b) // A7
	if r != nil {
		return r
	}
	last := j.v.LastPolicy()
	rules := policyRules{
		version: last.Body.Version + 1, prev: last.Hash, party: j.v.Party, sealed: sealed,
		earliest: max(j.at.Cycle+1, last.Body.EffectiveFrom),
	}
	if r := rules.check(b); r != nil {
		return r
	}
	body := bytes.Clone(j.rec.Body) // policies live long, batches do not
	policy := &Policy{Body: b, Bytes: body, Hash: codec.BlobHash(body), Index: j.at.Index}
	policy.index()
	if b.Discounts != nil {
		policy.setDiscounts(rules.discounts)
		j.open(*b.Discounts, sealed)
	}
	j.change.Policy = policy
	return nil
}

// policyBlobs is A7; it returns the blob of the discounts, if there are any.
func (j *judgement) policyBlobs(b *codec.Policy) (discounts []byte, r *codec.Refusal) {
	if b.Discounts != nil {
		if discounts, r = j.blob(*b.Discounts); r != nil {
			return nil, r
		}
	}
	for i := range b.Programs {
		if hash, ok := programCode(&b.Programs[i]); ok {
			if _, r := j.blob(hash); r != nil {
				return nil, r
			}
		}
	}
	return discounts, nil
}

// policyRules is what a policy is checked against.
type policyRules struct {
	version   uint64
	earliest  uint64 // cycle
	prev      codec.Hash
	party     func(codec.ID) *Party
	sealed    []byte           // blob of the discounts
	discounts []codec.Discount // opened by check
}

func badPolicy(why string) *codec.Refusal { return codec.Refuse(codec.CodeBadPolicy, why) }

// check runs the rows of the table from top to bottom.
func (p *policyRules) check(b *codec.Policy) *codec.Refusal {
	switch {
	case b.Version != p.version: // 10
		return badPolicy("version is not the next one")
	case b.EffectiveFrom < p.earliest: // 11
		return badPolicy("effective too early")
	case b.Scale != scale: // 12
		return badPolicy("scale is not the ledger's")
	}
	for _, check := range [...]func(*codec.Policy) *codec.Refusal{
		checkRates,         // 13
		checkShares,        // 14
		p.checkAdapters,    // 15
		p.checkDiscounts,   // 16
		checkWeights,       // 17
		checkFloors,        // 18
		checkAudit,         // 19
		checkPeriods,       // 20-22
		checkPrograms,      // 23
		checkLimits,        // 24
		p.checkChain,       // 26-28
		checkPolicyWindows, // 29-33
		checkPrices,        // 34
	} {
		if r := check(b); r != nil {
			return r
		}
	}
	return nil
}

// checkAdapters is row 15.
func (p *policyRules) checkAdapters(b *codec.Policy) *codec.Refusal {
	for i := range b.AdapterShares {
		row := &b.AdapterShares[i]
		party := p.party(row.Adapter)
		switch {
		case party == nil:
			return codec.Refuse(codec.CodeUnknownParty, "no party "+row.Adapter.String())
		case party.Role != codec.RoleAdapter:
			return codec.Refuse(codec.CodeWrongRole, "not an adapter: "+row.Adapter.String())
		case row.PPM > million || b.Shares.Provider+row.PPM > million:
			return badPolicy("shares of providers and an adapter exceed the whole")
		case i > 0 && bytes.Compare(b.AdapterShares[i-1].Adapter[:], row.Adapter[:]) >= 0:
			return badPolicy("adapters not ascending")
		}
	}
	return nil
}

// checkDiscounts is row 16.
func (p *policyRules) checkDiscounts(b *codec.Policy) *codec.Refusal {
	if b.Discounts == nil {
		return nil
	}
	rows, err := codec.Unseal[[]codec.Discount](p.sealed)
	if err != nil {
		return badPolicy(err.Error())
	}
	for i := range rows {
		if rows[i].PPM > million {
			return badPolicy("a discount above the whole")
		}
		if i > 0 && bytes.Compare(rows[i-1].Customer[:], rows[i].Customer[:]) >= 0 {
			return badPolicy("discounts not ascending")
		}
	}
	p.discounts = rows
	return nil
}

// checkChain is rows 26 and 28.
func (p *policyRules) checkChain(b *codec.Policy) *codec.Refusal {
	switch {
	case b.PayReplicas > 1:
		return badPolicy("pay_replicas is neither 0 nor 1")
	case b.Prev != p.prev:
		return codec.Refuse(codec.CodeWrongPrev, "prev is not the previous policy")
	}
	return nil
}
