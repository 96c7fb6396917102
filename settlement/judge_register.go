package settlement

import "github.com/forgepool/settle/codec"

// register decides on op 1 of a party record.
func (j *judgement) register(b *codec.Party) *codec.Refusal {
	fresh, r := j.registerSigned(b) // A5
	if r != nil {
		return r
	}
	sealed, r := j.partyTime(b) // A3, A4, A7
	if r != nil {
		return r
	}
	if r := checkPartyID(b); r != nil { // 10
		return r
	}
	if j.v.Party(b.Party) != nil {
		return codec.Refuse(codec.CodePartyExists, "party "+b.Party.String())
	}
	if *b.Role == codec.RoleGovernance || *b.Role == codec.RolePlatform { // 12
		return codec.Refuse(codec.CodeBadParty, "governance and platform come with the genesis only")
	}
	keys, r := j.registerKeys(b, fresh) // 13
	if r != nil {
		return r
	}
	p, r := newParty(b, keys, sealed, j.policy.Body) // 14-18, 23
	if r != nil {
		return r
	}
	if b.Prev != (codec.Hash{}) { // 20
		return codec.Refuse(codec.CodeWrongPrev, "a registration has no previous record")
	}
	if fault := j.rec.Party.popFault; fault != nil { // 21
		return fault
	}
	if r := setThreshold(p, b.Threshold, keys, j.at.Index); r != nil { // 22
		return r
	}
	p.Prev, p.History = j.rec.LeafA, []StatusChange{{Index: j.at.Index, Status: Active}}
	j.change.Parties, j.change.Keys = []*Party{p}, keys
	j.openBudget(b, sealed)
	return nil
}

// registerSigned is A5: one of the new owner keys, and hub or governance; the batch
// is a hub's. It returns the new keys as far as they can sign.
func (j *judgement) registerSigned(b *codec.Party) ([]*Key, *codec.Refusal) {
	if j.v.Party(j.batch.Batch.Submitter).Role != codec.RoleHub {
		return nil, codec.Refuse(codec.CodeWrongRole, "a registration comes in a hub's batch")
	}
	var fresh []*Key
	for i := range b.Keys {
		k := &b.Keys[i]
		if codec.KeyID(k.Pub[:]) == k.ID {
			fresh = append(fresh, &Key{ID: k.ID, Party: b.Party, Role: *b.Role, Pub: *k.Pub, Use: *k.Use})
		}
	}
	rule := signerRule{self: &Party{ID: b.Party}, selfMin: 1, selfExact: true, isNew: true}
	rule.hub = isTrader(*b.Role)
	rule.gov = !rule.hub
	if _, r := j.signed(&rule, fresh); r != nil {
		return nil, r
	}
	if b.Author != b.Party {
		return nil, codec.Refuse(codec.CodeWrongAuthor, "a party registers itself")
	}
	return fresh, nil
}

// registerKeys is row 13 for a registration.
func (j *judgement) registerKeys(b *codec.Party, fresh []*Key) ([]*Key, *codec.Refusal) {
	if fault := j.rec.Party.keysFault; fault != nil {
		return nil, fault
	}
	for _, k := range fresh {
		if j.v.Key(k.ID) != nil {
			return nil, codec.Refuse(codec.CodeKeyExists, "key "+k.ID.String())
		}
	}
	return newKeys(b.Party, *b.Role, b.Keys, j.at.Index+1)
}

// checkPartyID is row 10 for a registration: role and id belong together.
func checkPartyID(b *codec.Party) *codec.Refusal {
	if *b.Role < codec.RoleProvider || *b.Role > codec.RoleOperator {
		return codec.Refuse(codec.CodeBadParty, "unknown role")
	}
	for i := range b.Keys {
		if *b.Keys[i].Use != codec.UseOwner {
			continue
		}
		if b.Party != codec.PartyID(*b.Role, *b.Keys[i].Pub) {
			return codec.Refuse(codec.CodeBadParty, "party is not the hash of role and first owner key")
		}
		return nil
	}
	return codec.Refuse(codec.CodeBadParty, "no owner key")
}

// newParty makes the state of a party that is being registered, and is rows 14 to 18
// and 23.
func newParty(b *codec.Party, keys []*Key, sealed budgetBlobs, policy *codec.Policy) (*Party, *codec.Refusal) {
	p := &Party{
		ID: b.Party, Role: *b.Role, Payee: b.Payee, Threshold: 1,
		Weight: startWeight, WeightBefore: startWeight,
	}
	for _, k := range keys {
		p.Keys = append(p.Keys, k.ID)
	}
	if r := changePayee(b, p); r != nil {
		return nil, r
	}
	if r := changeBudget(b, p, sealed); r != nil {
		return nil, r
	}
	if b.Stake != nil {
		p.Stake = *b.Stake
	}
	return p, checkStake(p.Role, p.Stake, policy)
}

// setThreshold is row 22; keys are all keys of the party after the record, and
// without a new threshold the old one must still be possible to meet.
func setThreshold(p *Party, threshold *uint64, keys []*Key, index uint64) *codec.Refusal {
	several := p.Role == codec.RoleHub || p.Role == codec.RoleGovernance
	if threshold != nil {
		if !several {
			return codec.Refuse(codec.CodeBadParty, "only hubs and governance have a threshold")
		}
		p.Threshold = *threshold
	}
	if _, owners := liveKeys(keys, index); several && (p.Threshold == 0 || p.Threshold > uint64(owners)) {
		return codec.Refuse(codec.CodeBadParty, "threshold is not 1 up to the number of owner keys")
	}
	return nil
}
