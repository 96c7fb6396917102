package proof

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/mod/sumdb/note"
)

// Signature types of signed notes (docs/formats/transparency.md section 2).
const (
	algCheckpoint  = 0x01 // Ed25519 over the note's text
	algCosignature = 0x04 // timestamped Ed25519 of a witness
	algPrivate     = 0xff // followed by a long identifier; ours is attestationID
)

// attestationID is the long identifier of a replica's attestation.
const attestationID = "settle/v1 attestation"

// MaxName is the largest key name or origin in bytes.
const MaxName = 255

// validName reports whether a name can stand in a signature line.
func validName(name string) bool {
	return name != "" && len(name) <= MaxName && utf8.ValidString(name) &&
		!strings.ContainsFunc(name, func(r rune) bool {
			return r == '+' || unicode.IsSpace(r) || unicode.IsControl(r)
		})
}

// verifierKey is one public key of a trust policy, typed for its role.
type verifierKey struct {
	name string
	id   uint32
	alg  byte
	pub  ed25519.PublicKey
}

// keyData returns what the key id and the text form cover: type byte, for
// attestations the long identifier, and the public key.
func keyData(alg byte, pub ed25519.PublicKey) []byte {
	data := []byte{alg}
	if alg == algPrivate {
		data = append(data, attestationID...)
	}
	return append(data, pub...)
}

// keyID is the first 4 bytes of SHA-256(name || 0x0A || key data).
func keyID(name string, data []byte) uint32 {
	h := sha256.New()
	h.Write([]byte(name + "\n"))
	h.Write(data)
	return binary.BigEndian.Uint32(h.Sum(nil))
}

// newVerifierKey makes a key from its parts.
func newVerifierKey(name string, alg byte, pub ed25519.PublicKey) (verifierKey, error) {
	if !validName(name) {
		return verifierKey{}, reject(ErrKey, "name %q", name)
	}
	if len(pub) != ed25519.PublicKeySize {
		return verifierKey{}, reject(ErrKey, "public key of %d bytes", len(pub))
	}
	return verifierKey{name: name, id: keyID(name, keyData(alg, pub)), alg: alg, pub: pub}, nil
}

// String returns the vkey text: name, id and key data.
func (k verifierKey) String() string {
	data := base64.StdEncoding.EncodeToString(keyData(k.alg, k.pub))
	return fmt.Sprintf("%s+%08x+%s", k.name, k.id, data)
}

// parseVerifierKey reads a vkey of the given type, in its one form.
func parseVerifierKey(vkey string, alg byte) (verifierKey, error) {
	name, rest, _ := strings.Cut(vkey, "+")
	_, text, _ := strings.Cut(rest, "+")
	data, err := decodeBase64(text)
	if err != nil || len(data) < ed25519.PublicKeySize {
		return verifierKey{}, reject(ErrKey, "vkey %.80q", vkey)
	}
	k, err := newVerifierKey(name, alg, data[len(data)-ed25519.PublicKeySize:])
	if err != nil {
		return verifierKey{}, err
	}
	if k.String() != vkey {
		return verifierKey{}, reject(ErrKey, "vkey %.80q is not a key of type 0x%02x", vkey, alg)
	}
	return k, nil
}

// decodeBase64 reads standard padded base64 in its one form.
func decodeBase64(text string) ([]byte, error) {
	if strings.ContainsAny(text, "\r\n") {
		return nil, reject(ErrMalformed, "line break in base64")
	}
	data, err := base64.StdEncoding.Strict().DecodeString(text)
	if err != nil {
		return nil, reject(ErrMalformed, "base64: %v", err)
	}
	return data, nil
}

// NodeName returns the name of an operator's node key: origin of tree A,
// "/node/", and the operator's party id in lower-case hex.
func NodeName(originA string, operator [16]byte) string {
	return originA + "/node/" + hex.EncodeToString(operator[:])
}

// FormatCheckpointKey returns the vkey of a log key for the tree with the given
// origin, for the line "checkpoint" of a trust policy. Errors: ErrKey.
func FormatCheckpointKey(origin string, pub ed25519.PublicKey) (string, error) {
	return formatKey(origin, algCheckpoint, pub)
}

// FormatNodeKey returns the vkey of a node key named by [NodeName], for the line
// "node" of a trust policy. Errors: ErrKey.
func FormatNodeKey(name string, pub ed25519.PublicKey) (string, error) {
	return formatKey(name, algPrivate, pub)
}

// FormatWitnessKey returns the vkey of a witness that cosigns with timestamped
// Ed25519, for the line "witness" of a trust policy. Errors: ErrKey.
func FormatWitnessKey(name string, pub ed25519.PublicKey) (string, error) {
	return formatKey(name, algCosignature, pub)
}

func formatKey(name string, alg byte, pub ed25519.PublicKey) (string, error) {
	k, err := newVerifierKey(name, alg, pub)
	if err != nil {
		return "", err
	}
	return k.String(), nil
}

// checkpointSigner signs the text of notes with a log key.
type checkpointSigner struct {
	key  verifierKey
	priv ed25519.PrivateKey
}

// NewCheckpointSigner returns the signer of the tree with the given origin. One
// private key may serve both trees: their origins keep the signatures apart.
// Errors: ErrKey.
func NewCheckpointSigner(origin string, priv ed25519.PrivateKey) (note.Signer, error) {
	if len(priv) != ed25519.PrivateKeySize {
		return nil, reject(ErrKey, "private key of %d bytes", len(priv))
	}
	key, err := newVerifierKey(origin, algCheckpoint, priv.Public().(ed25519.PublicKey))
	if err != nil {
		return nil, err
	}
	return &checkpointSigner{key: key, priv: priv}, nil
}

// Name returns the origin the key signs for.
func (s *checkpointSigner) Name() string { return s.key.name }

// KeyHash returns the key id.
func (s *checkpointSigner) KeyHash() uint32 { return s.key.id }

// Sign returns the Ed25519 signature of a note's text.
func (s *checkpointSigner) Sign(text []byte) ([]byte, error) {
	return ed25519.Sign(s.priv, text), nil
}
