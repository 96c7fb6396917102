package client

import (
	"bytes"
	"errors"
	"slices"

	"github.com/forgepool/settle/codec"
)

// Registration is what a new party says of itself.
type Registration struct {
	At           uint64 // ms
	Cycle        uint64
	Role         codec.Role
	Keys         []*Key // at least one owner key
	Threshold    uint64 // owner keys that must sign, for hub and governance; 0 = 1
	Capabilities []codec.Hash
	Payee        *codec.Hash
	Cap          *uint64 // customer's budget per cycle in micro-Credits, nil = none
	Stake        uint64  // micro-Credits
}

// sorted returns the keys ascending by id.
func sorted(keys []*Key) []*Key {
	keys = slices.Clone(keys)
	slices.SortFunc(keys, func(a, b *Key) int { return bytes.Compare(a.id[:], b.id[:]) })
	return keys
}

// Owner returns the first owner key in the order of ids: the one that names the
// party and signs its registration. It is nil if there is none.
func (r *Registration) Owner() *Key {
	for _, k := range sorted(r.Keys) {
		if k.use == codec.UseOwner {
			return k
		}
	}
	return nil
}

// Party returns the id that the party gets.
func (r *Registration) Party() codec.ID {
	owner := r.Owner()
	if owner == nil {
		return codec.ID{}
	}
	return codec.PartyID(r.Role, owner.public)
}

// body returns the record's body and the blobs it names.
func (r *Registration) body(origin string) (*codec.Party, [][]byte, error) {
	if r.Owner() == nil {
		return nil, nil, errors.New("a party needs an owner key")
	}
	id := r.Party()
	p := &codec.Party{
		ID: NewID(), At: r.At, Cycle: r.Cycle, Author: id, Party: id,
		Op: codec.PartyRegister, Role: &r.Role, Payee: r.Payee,
	}
	if len(r.Capabilities) > 0 {
		list := slices.Clone(r.Capabilities)
		slices.SortFunc(list, func(a, b codec.Hash) int { return bytes.Compare(a[:], b[:]) })
		p.Capabilities = &list
	}
	if r.Threshold > 0 {
		p.Threshold = &r.Threshold
	}
	if r.Stake > 0 {
		p.Stake = &r.Stake
	}
	var blobs [][]byte
	if r.Cap != nil {
		blob, hash := codec.Seal(NewSalt(), *r.Cap)
		p.Cap, blobs = &hash, [][]byte{blob}
	}
	Possess(origin, p, r.Keys...)
	return p, blobs, nil
}

// Draft returns the registration, signed by the party's own owner key. For roles 1
// to 3 an owner key of a hub must sign too, for the others governance.
func (r *Registration) Draft(origin string) (*Draft, error) {
	p, blobs, err := r.body(origin)
	if err != nil {
		return nil, err
	}
	d := &Draft{Kind: codec.KindParty, Body: codec.Encode(p), Attachments: blobs}
	return d.Sign(origin, r.Owner()), nil
}

// Possess puts new keys into a party's body (operations 1 and 2) and signs the body
// with each of them; all other fields must be final.
func Possess(origin string, p *codec.Party, keys ...*Key) {
	keys = sorted(keys)
	p.Keys, p.Pop = nil, nil
	for _, k := range keys {
		alg := uint64(codec.AlgEd25519)
		p.Keys = append(p.Keys, codec.Key{ID: k.id, Alg: &alg, Pub: &k.public, Use: &k.use})
	}
	digest := codec.PossessionDigest(origin, p)
	for _, k := range keys {
		p.Pop = append(p.Pop, k.Sign(digest))
	}
}

// DraftParty returns the draft of any other operation on a party. The body must be
// complete; blobs are those it names.
func DraftParty(body *codec.Party, blobs ...[]byte) *Draft {
	return &Draft{Kind: codec.KindParty, Body: codec.Encode(body), Attachments: blobs}
}
