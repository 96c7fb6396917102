package settlement

import (
	"crypto/ed25519"

	"github.com/forgepool/settle/codec"
)

// PreparedParty is a party record with the checks made that need no state.
type PreparedParty struct {
	Body codec.Party

	keysFault *codec.Refusal // order, ids and points of new keys
	popFault  *codec.Refusal // proofs of possession
}

func (r *PreparedRecord) prepareParty(p *Prepared) *codec.Refusal {
	party := new(PreparedParty)
	if err := codec.Decode(r.Body, &party.Body); err != nil {
		return undecodable(err)
	}
	if party.Body.Cap != nil {
		r.name(p, party.Body.Cap)
	}
	if party.Body.Quotas != nil {
		r.name(p, party.Body.Quotas)
	}
	if fault := r.setHeader(party.Body.Header()); fault != nil {
		return fault
	}
	if fault := party.check(p.Batch.Origin); fault != nil {
		return fault
	}
	r.Party = party
	return nil
}

// check does the pure checks; the origin is that of the batch, which is compared
// with the ledger's before any verdict counts.
func (p *PreparedParty) check(origin string) *codec.Refusal {
	b := &p.Body
	if r := checkPartyForm(b); r != nil {
		return r
	}
	switch b.Op {
	case codec.PartyRegister, codec.PartyAddKey:
		if p.keysFault = checkNewKeys(b.Keys); p.keysFault == nil {
			p.popFault = checkPossession(origin, b)
		}
	case codec.PartyRevokeKey:
		p.keysFault = checkKeyOrder(b.Keys)
	}
	return nil
}

// Optional keys of a party record, as bits.
const (
	hasRole = 1 << iota
	hasKeys
	hasCapabilities
	hasPayee
	hasWeight
	hasCap
	hasStake
	hasReason
	hasPop
	hasThreshold
	hasQuotas
)

// partyForms says which optional keys an operation must and may have.
var partyForms = [...]struct{ must, may uint }{
	codec.PartyRegister:  {hasRole | hasKeys | hasPop, hasCapabilities | hasPayee | hasCap | hasQuotas | hasStake | hasThreshold},
	codec.PartyAddKey:    {hasKeys | hasPop, hasThreshold},
	codec.PartyRevokeKey: {hasKeys | hasReason, hasThreshold},
	codec.PartySuspend:   {hasReason, 0},
	codec.PartyReinstate: {hasReason, 0},
	codec.PartyExit:      {hasReason, 0},
	codec.PartyPayee:     {0, hasCapabilities | hasPayee},
	codec.PartyWeight:    {hasReason, hasWeight | hasStake},
	codec.PartyCap:       {0, hasCap | hasQuotas},
}

// checkPartyForm checks that exactly the keys of the operation are present, and
// ranges.
func checkPartyForm(b *codec.Party) *codec.Refusal {
	if b.Op < codec.PartyRegister || b.Op > codec.PartyCap {
		return malformed("unknown operation on a party")
	}
	form, has := partyForms[b.Op], presentKeys(b)
	if has&form.must != form.must || has&^(form.must|form.may) != 0 {
		return malformed("keys missing, or not of this operation")
	}
	for i := range b.Keys {
		k := &b.Keys[i]
		full := k.Alg != nil && k.Pub != nil && k.Use != nil
		bare := k.Alg == nil && k.Pub == nil && k.Use == nil && k.ValidFrom == nil && k.ValidTo == nil
		if revoked := b.Op == codec.PartyRevokeKey; revoked && !bare || !revoked && !full {
			return malformed("a key with fields missing, or not of this operation")
		}
	}
	if b.Weight != nil && *b.Weight > codec.MaxPPM || b.Stake != nil && *b.Stake > codec.MaxAmount {
		return codec.Refuse(codec.CodeOutOfRange, "weight or stake")
	}
	if b.Reason != nil && *b.Reason > codec.MaxAmount {
		return codec.Refuse(codec.CodeOutOfRange, "a reason of 2^63 or more")
	}
	return nil
}

func presentKeys(b *codec.Party) (has uint) {
	for _, key := range [...]struct {
		bit     uint
		present bool
	}{
		{hasRole, b.Role != nil}, {hasKeys, len(b.Keys) > 0}, {hasCapabilities, b.Capabilities != nil},
		{hasPayee, b.Payee != nil}, {hasWeight, b.Weight != nil}, {hasCap, b.Cap != nil},
		{hasStake, b.Stake != nil}, {hasReason, b.Reason != nil}, {hasPop, len(b.Pop) > 0},
		{hasThreshold, b.Threshold != nil}, {hasQuotas, b.Quotas != nil},
	} {
		if key.present {
			has |= key.bit
		}
	}
	return has
}

// checkPossession checks that every new key signed the body.
func checkPossession(origin string, b *codec.Party) *codec.Refusal {
	if len(b.Pop) != len(b.Keys) {
		return codec.Refuse(codec.CodeBadPossession, "as many proofs as keys are needed")
	}
	digest := codec.PossessionDigest(origin, b)
	for i := range b.Keys {
		if !ed25519.Verify(b.Keys[i].Pub[:], digest[:], b.Pop[i][:]) {
			return codec.Refuse(codec.CodeBadPossession, "proof of key "+b.Keys[i].ID.String())
		}
	}
	return nil
}
