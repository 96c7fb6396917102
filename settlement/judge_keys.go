package settlement

import (
	"slices"

	"github.com/forgepool/settle/codec"
)

// changeKeys is ops 2 and 3: rows 13 and 20 to 22.
func (j *judgement) changeKeys(b *codec.Party, before, after *Party) *codec.Refusal {
	if fault := j.rec.Party.keysFault; fault != nil {
		return fault
	}
	all := make([]*Key, 0, len(before.Keys)+len(b.Keys))
	for _, id := range before.Keys {
		all = append(all, j.v.Key(id))
	}
	var changed []*Key
	var r *codec.Refusal
	if b.Op == codec.PartyAddKey {
		changed, r = j.addKeys(b, after)
		all = append(all, changed...)
	} else {
		changed, r = j.revokeKeys(b, all)
	}
	if r != nil {
		return r
	}
	// A revocation works from its index on, a new key is valid after it: both count.
	if live, _ := liveKeys(all, j.at.Index); live > codec.MaxPartyKeys {
		return badKeys("more active keys than a party may have")
	}
	if r := j.keepParty(b, before, after); r != nil { // 20
		return r
	}
	if fault := j.rec.Party.popFault; fault != nil { // 21
		return fault
	}
	if r := setThreshold(after, b.Threshold, all, j.at.Index); r != nil { // 22
		return r
	}
	j.change.Keys = changed
	return nil
}

// addKeys registers keys of a party.
func (j *judgement) addKeys(b *codec.Party, after *Party) ([]*Key, *codec.Refusal) {
	after.Keys = slices.Clone(after.Keys)
	for i := range b.Keys {
		if j.v.Key(b.Keys[i].ID) != nil {
			return nil, codec.Refuse(codec.CodeKeyExists, "key "+b.Keys[i].ID.String())
		}
		after.Keys = append(after.Keys, b.Keys[i].ID)
	}
	return newKeys(after.ID, after.Role, b.Keys, j.at.Index+1)
}

// revokeKeys revokes keys of a party, in all as well.
func (j *judgement) revokeKeys(b *codec.Party, all []*Key) ([]*Key, *codec.Refusal) {
	changed := make([]*Key, 0, len(b.Keys))
	for i := range b.Keys {
		at := slices.IndexFunc(all, func(k *Key) bool { return k.ID == b.Keys[i].ID })
		if at < 0 {
			return nil, badKeys("not a key of the party: " + b.Keys[i].ID.String())
		}
		if all[at].RevokedAt != Forever {
			return nil, badKeys("revoked before: " + b.Keys[i].ID.String())
		}
		k := *all[at]
		k.RevokedAt = j.at.Index
		all[at] = &k
		changed = append(changed, &k)
	}
	return changed, nil
}
