package settlement

import (
	"bytes"
	"slices"

	"github.com/forgepool/settle/codec"
)

// smallOrder holds y of the points of order 1, 2, 4 and 8 of edwards25519, little
// endian with the sign of x cleared: 1, -1, 0 and the two of order 8. Anybody can
// make signatures that verify under such a key.
var smallOrder = [...]codec.Hash{
	{1},
	{
		0xec, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
		0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f,
	},
	{},
	{
		0x26, 0xe8, 0x95, 0x8f, 0xc2, 0xb2, 0x27, 0xb0, 0x45, 0xc3, 0xf4, 0x89, 0xf2, 0xef, 0x98, 0xf0,
		0xd5, 0xdf, 0xac, 0x05, 0xd3, 0xc6, 0x33, 0x39, 0xb1, 0x38, 0x02, 0x88, 0x6d, 0x53, 0xfc, 0x05,
	},
	{
		0xc7, 0x17, 0x6a, 0x70, 0x3d, 0x4d, 0xd8, 0x4f, 0xba, 0x3c, 0x0b, 0x76, 0x0d, 0x10, 0x67, 0x0f,
		0x2a, 0x20, 0x53, 0xfa, 0x2c, 0x39, 0xcc, 0xc6, 0x4e, 0xc7, 0xfd, 0x77, 0x92, 0xac, 0x03, 0x7a,
	},
}

// fieldPrime is p = 2^255 - 19, little endian.
var fieldPrime = codec.Hash{
	0xed, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
	0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f,
}

// usableKey says whether an Ed25519 public key has a canonical encoding (y < p) and
// is not of small order. Whether y belongs to a point shows when the key proves its
// possession: no signature verifies under one that does not.
func usableKey(pub codec.Hash) bool {
	pub[31] &= 0x7f
	return lessLittleEndian(&pub, &fieldPrime) && !slices.Contains(smallOrder[:], pub)
}

func lessLittleEndian(a, b *codec.Hash) bool {
	for i := len(a) - 1; i >= 0; i-- {
		if a[i] != b[i] {
			return a[i] < b[i]
		}
	}
	return false
}

func badKeys(why string) *codec.Refusal { return codec.Refuse(codec.CodeBadKeys, why) }

// checkNewKeys checks the keys that a record registers, as far as no state is
// needed: order, ids, points, uses.
func checkNewKeys(keys []codec.Key) *codec.Refusal {
	for i := range keys {
		k := &keys[i]
		switch {
		case *k.Alg != codec.AlgEd25519:
			return badKeys("unknown algorithm")
		case *k.Use < codec.UseOwner || *k.Use > codec.UseNode:
			return badKeys("unknown use")
		case k.ID != codec.KeyID(k.Pub[:]):
			return badKeys("id is not the hash of the key")
		case !usableKey(*k.Pub):
			return badKeys("not a canonical point encoding, or of small order")
		}
	}
	return checkKeyOrder(keys)
}

func checkKeyOrder(keys []codec.Key) *codec.Refusal {
	for i := 1; i < len(keys); i++ {
		if bytes.Compare(keys[i-1].ID[:], keys[i].ID[:]) >= 0 {
			return badKeys("not ascending by id")
		}
	}
	return nil
}

// newKeys makes the state of keys that a record of the party registers; earliest is
// the first index at which they may be valid.
func newKeys(party codec.ID, role codec.Role, keys []codec.Key, earliest uint64) ([]*Key, *codec.Refusal) {
	out := make([]*Key, len(keys))
	for i := range keys {
		k := &keys[i]
		n := &Key{
			ID: k.ID, Party: party, Role: role, Pub: *k.Pub, Use: *k.Use,
			ValidFrom: earliest, ValidTo: Forever, RevokedAt: Forever,
		}
		if k.ValidFrom != nil {
			n.ValidFrom = *k.ValidFrom
		}
		if k.ValidTo != nil {
			n.ValidTo = *k.ValidTo
		}
		switch {
		case n.Use >= codec.UseCheckpoint && role != codec.RoleOperator:
			return nil, badKeys("only operators have checkpoint and node keys")
		case n.ValidFrom < earliest || n.ValidTo < n.ValidFrom || n.ValidTo > Forever:
			return nil, badKeys("validity begins too early, or ends before it begins")
		}
		out[i] = n
	}
	return out, nil
}

// liveKeys counts the keys that are neither revoked nor expired at index; owners
// counts those of them that are owner keys. A key that becomes valid later counts.
func liveKeys(keys []*Key, index uint64) (all, owners int) {
	for _, k := range keys {
		if k.RevokedAt > index && k.ValidTo >= index {
			all++
			if k.Use == codec.UseOwner {
				owners++
			}
		}
	}
	return all, owners
}
