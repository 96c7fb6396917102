package verifier

import (
	"crypto/ed25519"

	"github.com/forgepool/settle/codec"
	"github.com/forgepool/settle/settlement"
)

// registry is what the proven records say about parties, keys and policies. Keys
// and parties are never removed: a revocation is an index from which on they count
// no more.
type registry struct {
	origin   string
	keys     map[codec.Hash]*settlement.Key
	source   map[codec.Hash]uint64 // key id: index of the record that registers it
	parties  map[codec.ID]*settlement.Party
	policies []policyRecord // in order of version
	trails   map[codec.ID][]trail
}

// policyRecord is a policy with the place where it stands.
type policyRecord struct {
	index uint64 // of its record; 0: inside the genesis
	body  []byte
	hash  codec.Hash
	from  uint64      // first cycle it governs
	seal  *codec.Hash // of its discounts, nil: none
}

func newRegistry(origin string) *registry {
	return &registry{
		origin:  origin,
		keys:    map[codec.Hash]*settlement.Key{},
		source:  map[codec.Hash]uint64{},
		parties: map[codec.ID]*settlement.Party{},
		trails:  map[codec.ID][]trail{},
	}
}

// genesis takes the founders and policy 1 from the record at index 0.
func (r *registry) genesis(rec *codec.Record) (*codec.Genesis, error) {
	g := new(codec.Genesis)
	if rec.Kind != codec.KindGenesis {
		return nil, lie(LieRecord, "record 0 is a %s", rec.Kind)
	}
	if err := codec.Decode(rec.Body, g); err != nil {
		return nil, lie(LieRecord, "genesis: %v", err)
	}
	if g.OriginA != r.origin {
		return nil, lie(LieOrigin, "genesis of %q", g.OriginA)
	}
	for _, body := range g.Parties {
		if err := r.party(body, 0, codec.Hash{}); err != nil {
			return nil, err
		}
	}
	if err := r.policy(g.Policy, 0); err != nil {
		return nil, err
	}
	return g, r.signatures(rec, 0)
}

// apply takes in a record at index: policies and parties, and the signatures of all
// kinds that owners sign.
func (r *registry) apply(rec *codec.Record, index uint64, leaf codec.Hash) error {
	var err error
	switch rec.Kind {
	case codec.KindPolicy:
		err = r.policy(rec.Body, index)
	case codec.KindParty:
		err = r.party(rec.Body, index, leaf)
	case codec.KindDispute, codec.KindAdjustment, codec.KindCycle, codec.KindAudit:
	default:
		return nil
	}
	if err != nil {
		return err
	}
	return r.signatures(rec, index)
}

// signatures checks every signature on a record by the key that stands in the log.
// Which signers a kind asks for is the replicas' rule and not repeated here.
func (r *registry) signatures(rec *codec.Record, index uint64) error {
	if len(rec.Signatures) == 0 {
		return lie(LieSignature, "record %d carries none", index)
	}
	digest := codec.RecordDigest(r.origin, rec.Kind, rec.Body)
	for i := range rec.Signatures {
		s := &rec.Signatures[i]
		k := r.keys[s.Key]
		if k == nil || k.Use != codec.UseOwner || k.ValidTo < index || k.RevokedAt < index {
			return lie(LieSignature, "record %d: %s is no owner key there", index, s.Key)
		}
		if s.Alg != codec.AlgEd25519 || !ed25519.Verify(k.Pub[:], digest[:], s.Sig[:]) {
			return lie(LieSignature, "record %d: signature by %s", index, s.Key)
		}
	}
	return nil
}

// policy adds a policy.
func (r *registry) policy(body []byte, index uint64) error {
	p := new(codec.Policy)
	if err := codec.Decode(body, p); err != nil {
		return lie(LieRecord, "policy in record %d: %v", index, err)
	}
	r.policies = append(r.policies, policyRecord{
		index: index, body: body, hash: codec.BlobHash(body), from: p.EffectiveFrom, seal: p.Discounts,
	})
	return nil
}

// inForce returns the policy of a cycle just before the record at index: the last
// one that governs it.
func (r *registry) inForce(cycle, index uint64) *policyRecord {
	for i := len(r.policies) - 1; i >= 0; i-- {
		if p := &r.policies[i]; p.from <= cycle && (p.index < index || p.index == 0) {
			return p
		}
	}
	return nil
}

// party takes in one operation on a party.
func (r *registry) party(body []byte, index uint64, leaf codec.Hash) error {
	op := new(codec.Party)
	if err := codec.Decode(body, op); err != nil {
		return lie(LieRecord, "party in record %d: %v", index, err)
	}
	p := r.parties[op.Party]
	if op.Op == codec.PartyRegister {
		if p != nil || op.Role == nil {
			return lie(LieRecord, "record %d registers party %s again", index, op.Party)
		}
		p = &settlement.Party{ID: op.Party, Role: *op.Role,
			History: []settlement.StatusChange{{Index: index, Status: settlement.Active}}}
		r.parties[op.Party] = p
	}
	if p == nil {
		return lie(LieRecord, "record %d: unknown party %s", index, op.Party)
	}
	p.Prev = leaf
	t := trail{index: index, cycle: op.Cycle}
	if op.Op == codec.PartyWeight && op.Weight != nil {
		t.weight, t.sets = *op.Weight, true
	}
	r.trails[op.Party] = append(r.trails[op.Party], t)
	return r.partyOp(p, op, index)
}

// partyOp applies the operation to the party.
func (r *registry) partyOp(p *settlement.Party, op *codec.Party, index uint64) error {
	switch op.Op {
	case codec.PartyRegister, codec.PartyAddKey:
		return r.addKeys(p, op.Keys, index)
	case codec.PartyRevokeKey:
		for i := range op.Keys {
			k := r.keys[op.Keys[i].ID]
			if k == nil || k.Party != p.ID {
				return lie(LieRecord, "record %d revokes an unknown key", index)
			}
			k.RevokedAt = index
		}
	case codec.PartySuspend:
		p.History = append(p.History, settlement.StatusChange{Index: index, Status: settlement.Suspended})
	case codec.PartyReinstate:
		p.History = append(p.History, settlement.StatusChange{Index: index, Status: settlement.Active})
	case codec.PartyExit:
		p.History = append(p.History, settlement.StatusChange{Index: index, Status: settlement.Exited})
	}
	return nil
}

// addKeys registers keys of a party.
func (r *registry) addKeys(p *settlement.Party, keys []codec.Key, index uint64) error {
	for i := range keys {
		k, err := registered(&keys[i], p, index)
		if err != nil {
			return err
		}
		if r.keys[k.ID] != nil {
			return lie(LieRecord, "record %d registers key %s again", index, k.ID)
		}
		r.keys[k.ID], r.source[k.ID] = k, index
		p.Keys = append(p.Keys, k.ID)
	}
	return nil
}

// registered reads one key out of the record at index that registers it.
func registered(k *codec.Key, p *settlement.Party, index uint64) (*settlement.Key, error) {
	if k.Pub == nil || k.Use == nil || codec.KeyID(k.Pub[:]) != k.ID {
		return nil, lie(LieRecord, "record %d: key %s", index, k.ID)
	}
	out := &settlement.Key{ID: k.ID, Party: p.ID, Role: p.Role, Pub: *k.Pub, Use: *k.Use,
		ValidTo: settlement.Forever, RevokedAt: settlement.Forever}
	if index > 0 {
		out.ValidFrom = index + 1
	}
	if k.ValidFrom != nil && *k.ValidFrom > out.ValidFrom {
		out.ValidFrom = *k.ValidFrom
	}
	if k.ValidTo != nil {
		out.ValidTo = *k.ValidTo
	}
	return out, nil
}

// registrations returns the keys that one record registers: what its reader can know
// without the rest of the log. Role is 0 where keys were added to a party.
func registrations(rec *codec.Record, index uint64) (map[codec.Hash]*settlement.Key, error) {
	bodies := [][]byte{rec.Body}
	if rec.Kind == codec.KindGenesis {
		g := new(codec.Genesis)
		if err := codec.Decode(rec.Body, g); err != nil {
			return nil, lie(LieRecord, "genesis: %v", err)
		}
		bodies = g.Parties
	} else if rec.Kind != codec.KindParty {
		return nil, lie(LieKey, "record %d is a %s", index, rec.Kind)
	}
	keys := map[codec.Hash]*settlement.Key{}
	for _, body := range bodies {
		op := new(codec.Party)
		if err := codec.Decode(body, op); err != nil {
			return nil, lie(LieRecord, "party in record %d: %v", index, err)
		}
		if op.Op != codec.PartyRegister && op.Op != codec.PartyAddKey {
			return nil, lie(LieKey, "record %d registers no key", index)
		}
		p := &settlement.Party{ID: op.Party}
		if op.Role != nil {
			p.Role = *op.Role
		}
		for i := range op.Keys {
			k, err := registered(&op.Keys[i], p, index)
			if err != nil {
				return nil, err
			}
			keys[k.ID] = k
		}
	}
	return keys, nil
}
