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
	idle      bool   // self may be suspended or have left
	hub       bool   // one hub
	gov       bool   // the threshold of the governance party
	govMay    bool   // governance may sign too, then with its threshold
	groups    []group
}

// group asks parties of a role to sign, each with one key.
type group struct {
	role        codec.Role
	least, most int // parties
}

// most returns how many parties of a role may sign beside self and governance.
func (rule *signerRule) most(role codec.Role) int {
	if rule.hub && role == codec.RoleHub {
		return 1
	}
	for _, g := range rule.groups {
		if g.role == role {
			return g.most
		}
	}
	return 0
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

// tally counts the signatures under a record.
type tally struct {
	self, gov int
	keys      [codec.RoleOperator + 1]int // of the others, by role
	parties   [codec.RoleOperator + 1]int // that they belong to
}

// checkSigners matches the signing keys with the rule.
func (j *judgement) checkSigners(rule *signerRule, keys []*Key) ([]codec.ID, *codec.Refusal) {
	var n tally
	parties := make([]codec.ID, 0, len(keys))
	for _, k := range keys {
		known := slices.Contains(parties, k.Party)
		switch {
		case rule.self != nil && k.Party == rule.self.ID:
			n.self++
		case (rule.gov || rule.govMay) && k.Party == j.facts.Governance:
			n.gov++
		case rule.most(k.Role) > 0:
			n.keys[k.Role]++
			if !known {
				n.parties[k.Role]++
			}
		default:
			return nil, codec.Refuse(codec.CodeWrongSigners, "a signature that is not asked for, by key "+k.ID.String())
		}
		if !known {
			parties = append(parties, k.Party)
		}
	}
	if r := j.enough(rule, &n); r != nil {
		return nil, r
	}
	for _, id := range parties {
		if (rule.isNew || rule.idle) && id == rule.self.ID {
			continue
		}
		if j.v.Party(id).Status() != Active {
			return nil, codec.Refuse(codec.CodeInactiveParty, "a signing party is suspended or has left")
		}
	}
	return parties, nil
}

// enough checks the numbers of signatures by each group.
func (j *judgement) enough(rule *signerRule, n *tally) *codec.Refusal {
	switch {
	case n.self < rule.selfMin:
		return codec.Refuse(codec.CodeUnsigned, "too few owner keys of the party")
	case rule.selfExact && n.self > rule.selfMin:
		return codec.Refuse(codec.CodeWrongSigners, "more owner keys of the party than asked for")
	}
	if rule.hub {
		if r := n.within(group{codec.RoleHub, 1, 1}); r != nil {
			return r
		}
	}
	for _, g := range rule.groups {
		if r := n.within(g); r != nil {
			return r
		}
	}
	if (rule.gov || n.gov > 0) && n.gov < int(j.v.Party(j.facts.Governance).Threshold) {
		return codec.Refuse(codec.CodeUnsigned, "too few owner keys of governance")
	}
	return nil
}

// within checks that as many parties of a group signed as it asks for, each once.
func (n *tally) within(g group) *codec.Refusal {
	switch keys := n.keys[g.role]; {
	case keys < g.least:
		return codec.Refuse(codec.CodeUnsigned, "too few signatures of the role "+g.role.String())
	case keys > g.most:
		return codec.Refuse(codec.CodeWrongSigners, "more signatures of the role "+g.role.String()+" than asked for")
	case keys > n.parties[g.role]:
		return codec.Refuse(codec.CodeWrongSigners, "two keys of one "+g.role.String())
	}
	return nil
}
