package proof

import (
	"crypto/ed25519"
	"encoding/binary"
)

// absenceContext begins the bytes that a node key signs for an absence.
const absenceContext = "settle/v1 absent\n"

// Absence is a node's word that it could not serve bytes that a record names, though it
// asked the other nodes too (docs/formats/evidence.md section 9).
type Absence struct {
	Origin   string   // origin of tree A
	Operator [16]byte // party whose node key signed
	Hash     [32]byte // BLAKE3 of the bytes
	Index    uint64   // of the record that names them, below 2^63
	Time     uint64   // the node's clock, Unix ms, below 2^63
	Sig      [64]byte // Ed25519 by the node key
}

// message returns the signed bytes: context, length and text of the origin, operator,
// hash, index and time.
func (a *Absence) message() []byte {
	b := make([]byte, 0, len(absenceContext)+2+len(a.Origin)+16+32+16)
	b = append(b, absenceContext...)
	b = binary.BigEndian.AppendUint16(b, uint16(len(a.Origin)))
	b = append(b, a.Origin...)
	b = append(b, a.Operator[:]...)
	b = append(b, a.Hash[:]...)
	b = binary.BigEndian.AppendUint64(b, a.Index)
	return binary.BigEndian.AppendUint64(b, a.Time)
}

// validate checks what the signed bytes cannot express otherwise.
func (a *Absence) validate() error {
	if !validName(a.Origin) || a.Index > MaxSize || a.Time > MaxSize {
		return reject(ErrMalformed, "absence at index %d", a.Index)
	}
	return nil
}

// SignAbsence returns a with the node key's signature. Errors: ErrMalformed for a name
// or number out of range, ErrKey.
func SignAbsence(a Absence, priv ed25519.PrivateKey) (Absence, error) {
	if len(priv) != ed25519.PrivateKeySize {
		return Absence{}, reject(ErrKey, "private key of %d bytes", len(priv))
	}
	if err := a.validate(); err != nil {
		return Absence{}, err
	}
	a.Sig = [64]byte(ed25519.Sign(priv, a.message()))
	return a, nil
}

// CheckAbsence checks that a node of the policy signed an absence. Errors: ErrOrigin,
// ErrMalformed, ErrKey if the operator has no node key in the policy, ErrSignature.
func (p *TrustPolicy) CheckAbsence(a *Absence) error {
	if a.Origin != p.spec.Origin {
		return reject(ErrOrigin, "%.80q", a.Origin)
	}
	if err := a.validate(); err != nil {
		return err
	}
	name := NodeName(a.Origin, a.Operator)
	for ref, key := range p.keys { // node names are unique, so at most one fits
		if ref.name != name || key.alg != algPrivate {
			continue
		}
		if !ed25519.Verify(key.pub, a.message(), a.Sig[:]) {
			return reject(ErrSignature, "absence by %s", name)
		}
		return nil
	}
	return reject(ErrKey, "%s is no node of the policy", name)
}
