package settlement

import (
	"crypto/ed25519"
	"slices"

	"github.com/forgepool/settle/codec"
)

// signerRule says whose owner keys must sign a record, and that nobody else's may.
type signerRule struct {
	self      *Party // the party concerned, nil if it need not sign
	selfMin   int    // signatures of self
	selfExact bool   // no more than selfMin
	isNew     bool   // self is being registered: its keys are those of the record
	hub       bool   // one hub
	gov       bool   // the threshold of the governance party
}

// signed is A5 for kinds that owners sign: every signature is by an owner key valid
// at this index and verifies; together they are exactly those that the rule asks
// for; and all signing parties are active. It returns the parties that signed.
func (j *judgement) signed(rule *signerRule, fresh []*Key) ([]codec.ID, *codec.Refusal) {
	list := j.rec.Signatures
	if len(list) == 0 {
		return nil, codec.Refuse(codec.CodeUnsigned, "no signatures")
	}
	digest := codec.RecordDigest(j.facts.OriginA, j.rec.Kind, j.rec.Body)
	keys := make([]*Key, len(list))
	for i := range list {
		k, r := j.signingKey(list[i].Key, fresh)
		if r != nil {
			return nil, r
		}
		if !ed25519.Verify(k.Pub[:], digest[:], list[i].Sig[:]) {
			return nil, codec.Refuse(codec.CodeBadSignature, "by key "+k.ID.String())
		}
		keys[i] = k
	}
	return j.checkSigners(rule, keys)
}

// signingKey returns an owner key that may sign a record at this index: one of the
// state, or one of those that the record itself registers.
func (j *judgement) signingKey(id codec.Hash, fresh []*Key) (*Key, *codec.Refusal) {
	for _, k := range fresh {
		if k.ID == id && k.Use == codec.UseOwner {
			return k, nil
		}
	}
	k := j.v.Key(id)
	if k == nil || k.Use != codec.UseOwner {
		return nil, codec.Refuse(codec.CodeUnknownKey, "not an owner key: "+id.String())
	}
	return k, checkValidity(k, j.at.Index)
}

// checkSigners matches the signing keys with the rule.
func (j *judgement) checkSigners(rule *signerRule, keys []*Key) ([]codec.ID, *codec.Refusal) {
	var self, hub, gov int
	parties := make([]codec.ID, 0, len(keys))
	for _, k := range keys {
		switch {
		case rule.self != nil && k.Party == rule.self.ID:
			self++
		case rule.gov && k.Party == j.facts.Governance:
			gov++
		case rule.hub && k.Role == codec.RoleHub:
			hub++
		default:
			return nil, codec.Refuse(codec.CodeWrongSigners, "a signature that is not asked for, by key "+k.ID.String())
		}
		if !slices.Contains(parties, k.Party) {
			parties = append(parties, k.Party)
		}
	}
	if r := j.enough(rule, self, hub, gov); r != nil {
		return nil, r
	}
	for _, id := range parties {
		if rule.isNew && id == rule.self.ID {
			continue
		}
		if j.v.Party(id).Status() != Active {
			return nil, codec.Refuse(codec.CodeInactiveParty, "a signing party is suspended or has left")
		}
	}
	return parties, nil
}

// enough checks the numbers of signatures by each group.
func (j *judgement) enough(rule *signerRule, self, hub, gov int) *codec.Refusal {
	switch {
	case self < rule.selfMin:
		return codec.Refuse(codec.CodeUnsigned, "too few owner keys of the party")
	case rule.selfExact && self > rule.selfMin:
		return codec.Refuse(codec.CodeWrongSigners, "more owner keys of the party than asked for")
	case rule.hub && hub == 0:
		return codec.Refuse(codec.CodeUnsigned, "no hub")
	case hub > 1:
		return codec.Refuse(codec.CodeWrongSigners, "more than one hub key")
	case rule.gov && gov < int(j.v.Party(j.facts.Governance).Threshold):
		return codec.Refuse(codec.CodeUnsigned, "too few owner keys of governance")
	}
	return nil
}
