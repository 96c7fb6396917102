package proof

import (
	"crypto/ed25519"
	"encoding/base64"
	"encoding/binary"
	"slices"
)

// attestationContext begins the bytes that a node key signs.
const attestationContext = attestationID + "\n"

// attestationBody is the length of an attestation's signature line after the key
// id: both roots, state sum, time and signature.
const attestationBody = 3*32 + 8 + ed25519.SignatureSize

// Attestation is one replica's word for both trees and the state at one size. The
// same attestation stands in the notes of tree A and of tree B. Its signature
// covers everything but Name, which the key id in the signature line binds.
type Attestation struct {
	Name     string   // name of the node key, see [NodeName]
	Origin   string   // origin of tree A
	Size     uint64   // records covered, below 2^63
	RootA    [32]byte // root of tree A at Size
	RootB    [32]byte // root of tree B at Size
	StateSum [32]byte // hash of the replicated state
	Time     uint64   // ledger time of the checkpoint's intent, Unix ms
	Sig      [64]byte // Ed25519 by the node key
}

// message returns the signed bytes (docs/formats/transparency.md): context,
// length and text of the origin, size, roots, state sum and time.
func (a *Attestation) message() []byte {
	b := make([]byte, 0, len(attestationContext)+2+len(a.Origin)+8+3*32+8)
	b = append(b, attestationContext...)
	b = binary.BigEndian.AppendUint16(b, uint16(len(a.Origin)))
	b = append(b, a.Origin...)
	b = binary.BigEndian.AppendUint64(b, a.Size)
	return a.appendClaim(b)
}

// appendClaim appends the part of the message that a signature line carries.
func (a *Attestation) appendClaim(b []byte) []byte {
	b = append(b, a.RootA[:]...)
	b = append(b, a.RootB[:]...)
	b = append(b, a.StateSum[:]...)
	return binary.BigEndian.AppendUint64(b, a.Time)
}

// validate checks what the signed bytes cannot express otherwise.
func (a *Attestation) validate() error {
	if !validName(a.Origin) || !validName(a.Name) || a.Size > MaxSize || a.Time > MaxSize {
		return reject(ErrMalformed, "attestation of %.80q at size %d", a.Name, a.Size)
	}
	return nil
}

// SignAttestation returns a with the node key's signature. Errors: ErrMalformed
// for a name or number out of range, ErrKey.
func SignAttestation(a Attestation, priv ed25519.PrivateKey) (Attestation, error) {
	if len(priv) != ed25519.PrivateKeySize {
		return Attestation{}, reject(ErrKey, "private key of %d bytes", len(priv))
	}
	if err := a.validate(); err != nil {
		return Attestation{}, err
	}
	a.Sig = [64]byte(ed25519.Sign(priv, a.message()))
	return a, nil
}

// Verify checks the signature by the node key pub. Errors: ErrKey,
// ErrMalformed, ErrSignature.
func (a *Attestation) Verify(pub ed25519.PublicKey) error {
	if len(pub) != ed25519.PublicKeySize {
		return reject(ErrKey, "public key of %d bytes", len(pub))
	}
	if err := a.validate(); err != nil {
		return err
	}
	if !ed25519.Verify(pub, a.message(), a.Sig[:]) {
		return reject(ErrSignature, "attestation of %s", a.Name)
	}
	return nil
}

// Agrees reports whether two attestations say the same; names and signatures may
// differ.
func (a *Attestation) Agrees(b *Attestation) bool {
	return a.Origin == b.Origin && a.Size == b.Size && a.RootA == b.RootA && a.RootB == b.RootB &&
		a.StateSum == b.StateSum && a.Time == b.Time
}

// AppendLine returns the signed note with the attestation's signature line at its
// end. The note may be of tree A, whose origin is the attestation's, or of tree B,
// which has another. Pub is the node key; the signature is verified, because one
// bad line makes a whole note invalid. Errors: ErrMalformed, ErrTwin when the note
// has another size or root, ErrTooLarge, and those of Verify.
func (a *Attestation) AppendLine(signed []byte, pub ed25519.PublicKey) ([]byte, error) {
	if err := a.Verify(pub); err != nil {
		return nil, err
	}
	if err := checkNoteShape(signed); err != nil {
		return nil, err
	}
	text, err := parseCheckpoint(noteText(signed))
	if err != nil {
		return nil, err
	}
	if root := a.root(text.origin != a.Origin); text.size != a.Size || text.root != root {
		return nil, reject(ErrTwin, "note of size %d, attestation of size %d", text.size, a.Size)
	}
	key, err := newVerifierKey(a.Name, algPrivate, pub)
	if err != nil {
		return nil, err
	}
	out := appendSignature(slices.Clone(signed), key, append(a.appendClaim(nil), a.Sig[:]...))
	if len(out) > MaxNote {
		return nil, reject(ErrTooLarge, "note of %d bytes", len(out))
	}
	return out, nil
}

// root returns the root of the tree that a note is about.
func (a *Attestation) root(twin bool) [32]byte {
	if twin {
		return a.RootB
	}
	return a.RootA
}

// appendSignature appends a signature line of a note.
func appendSignature(b []byte, key verifierKey, body []byte) []byte {
	b = append(b, "\u2014 "...)
	b = append(b, key.name...)
	b = append(b, ' ')
	line := binary.BigEndian.AppendUint32(nil, key.id)
	b = base64.StdEncoding.AppendEncode(b, append(line, body...))
	return append(b, '\n')
}

// parseAttestation reads the body of a signature line by the node key name, for a
// note of the given size and the ledger with the given origin of tree A.
func parseAttestation(name, originA string, size uint64, body []byte) (Attestation, error) {
	if len(body) != attestationBody {
		return Attestation{}, reject(ErrMalformed, "attestation of %d bytes", len(body))
	}
	return Attestation{
		Name:     name,
		Origin:   originA,
		Size:     size,
		RootA:    [32]byte(body[0:32]),
		RootB:    [32]byte(body[32:64]),
		StateSum: [32]byte(body[64:96]),
		Time:     binary.BigEndian.Uint64(body[96:104]),
		Sig:      [64]byte(body[104:168]),
	}, nil
}
