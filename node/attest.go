package node

import (
	"crypto/ed25519"
	"errors"
	"fmt"

	"github.com/forgepool/settle/codec"
	"github.com/forgepool/settle/ledger"
	"github.com/forgepool/settle/proof"
	"github.com/forgepool/settle/settlement"
)

// Attested is a replica's attestation as nodes send it to each other
// (docs/formats/http.md section 6).
type Attested struct {
	Operator codec.ID   `cbor:"1,keyasint"` // party whose node key signed
	Size     uint64     `cbor:"2,keyasint"`
	RootA    codec.Hash `cbor:"3,keyasint"`
	RootB    codec.Hash `cbor:"4,keyasint"`
	StateSum codec.Hash `cbor:"5,keyasint"`
	Time     uint64     `cbor:"6,keyasint"` // ledger time at the intent, ms
	Sig      codec.Sig  `cbor:"7,keyasint"`
}

// attestation returns the form that package proof signs and verifies.
func (a *Attested) attestation(origin string) proof.Attestation {
	return proof.Attestation{
		Name: proof.NodeName(origin, a.Operator), Origin: origin, Size: a.Size,
		RootA: a.RootA, RootB: a.RootB, StateSum: a.StateSum, Time: a.Time, Sig: a.Sig,
	}
}

// same says whether two attestations claim the same.
func (a *Attested) same(b *Attested) bool {
	x, y := *a, *b
	x.Operator, y.Operator, x.Sig, y.Sig = codec.ID{}, codec.ID{}, codec.Sig{}, codec.Sig{}
	return x == y
}

// errNoNodeKey says that this node has nothing to attest with.
var errNoNodeKey = errors.New("the node key is not registered by an active operator")

// attest signs this replica's own roots at a size for which an intent was applied.
// The roots come from the ledger, which has one for each size, so a node never signs
// two.
func attest(v *ledger.Snapshot, key ed25519.PrivateKey, size uint64) (*Attested, error) {
	operator, ok := operatorOf(v, key, codec.UseNode)
	if !ok {
		return nil, errNoNodeKey
	}
	own, err := v.OwnRoots(size)
	if err != nil {
		return nil, err
	}
	a := &Attested{Operator: operator, Size: size, RootA: own.RootA, RootB: own.RootB, StateSum: own.StateSum, Time: own.Time}
	signed, err := proof.SignAttestation(a.attestation(v.Facts().OriginA), key)
	if err != nil {
		return nil, err
	}
	a.Sig = signed.Sig
	return a, nil
}

// operatorOf returns the active operator that registered a key for a use.
func operatorOf(v *ledger.Snapshot, key ed25519.PrivateKey, use codec.Use) (codec.ID, bool) {
	if key == nil {
		return codec.ID{}, false
	}
	k := v.Key(codec.KeyID(key.Public().(ed25519.PublicKey)))
	if k == nil || k.Use != use || k.Role != codec.RoleOperator || !k.ValidAt(v.Size()) {
		return codec.ID{}, false
	}
	return k.Party, v.Party(k.Party).Status() == settlement.Active
}

// electorate returns the node keys whose attestations count now: of each active
// operator the newest valid one. The ledger counts by the same rule when it applies a
// commit (docs/formats/consensus.md section 3).
func electorate(v *ledger.Snapshot) (map[codec.ID]ed25519.PublicKey, error) {
	operators, err := v.Parties(codec.RoleOperator)
	if err != nil {
		return nil, err
	}
	keys := map[codec.ID]ed25519.PublicKey{}
	for _, p := range operators {
		if p.Status() != settlement.Active {
			continue
		}
		for _, id := range p.Keys {
			if k := v.Key(id); k.Use == codec.UseNode && k.ValidAt(v.Size()) {
				keys[p.ID] = k.Pub[:]
			}
		}
	}
	return keys, nil
}

// ballot collects attestations of one size.
type ballot struct {
	origin string
	keys   map[codec.ID]ed25519.PublicKey
	valid  map[codec.ID]*Attested
}

// add counts an attestation that a key of the electorate signed.
func (b *ballot) add(a *Attested) error {
	key, ok := b.keys[a.Operator]
	if !ok {
		return fmt.Errorf("operator %s has no node key", a.Operator)
	}
	signed := a.attestation(b.origin)
	if err := signed.Verify(key); err != nil {
		return err
	}
	b.valid[a.Operator] = a
	return nil
}

// majority is how many equal attestations make a checkpoint.
func (b *ballot) majority() int { return len(b.keys)/2 + 1 }

// agreeing returns the attestations that claim the same as a.
func (b *ballot) agreeing(a *Attested) []*Attested {
	var list []*Attested
	for _, other := range b.valid {
		if other.same(a) {
			list = append(list, other)
		}
	}
	return list
}

// against returns a majority that claims something else than own, nil if there is
// none.
func (b *ballot) against(own *Attested) []*Attested {
	for _, a := range b.valid {
		if list := b.agreeing(a); !a.same(own) && len(list) >= b.majority() {
			return list
		}
	}
	return nil
}

// minorityError says that a majority attested other roots than this node's.
type minorityError struct{ evidence Evidence }

// Error names the size.
func (e *minorityError) Error() string {
	return fmt.Sprintf("at size %d a majority of the operators attests another state than this node's", e.evidence.Own.Size)
}

func newMinority(own *Attested, others []*Attested) *minorityError {
	e := &minorityError{Evidence{Own: *own}}
	for _, a := range others {
		e.evidence.Others = append(e.evidence.Others, *a)
	}
	return e
}
