package proof

import (
	"bytes"
	"crypto/ed25519"
	"encoding/binary"
	"errors"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
)

// OpenCheckpoint opens a signed note of tree A or tree B. It demands a signature
// by a checkpoint key of that tree, attestations by at least the policy's
// threshold of replicas that all say the same, and cosignatures by at least its
// quorum of witnesses. Signatures by keys the policy does not know are ignored; a
// known key's bad signature refuses the note. Errors: ErrTooLarge, ErrMalformed,
// ErrOrigin, ErrSignature, ErrUnsigned, ErrAttestations, ErrWitnesses,
// ErrRootMismatch for a wrong empty root, *DivergenceError.
func (p *TrustPolicy) OpenCheckpoint(signed []byte) (*Checkpoint, error) {
	if err := checkNoteShape(signed); err != nil {
		return nil, err
	}
	// The shape allows one empty line only, so the text parsed here is the text
	// whose signatures the note package verifies.
	text, err := parseCheckpoint(noteText(signed))
	if err != nil {
		return nil, err
	}
	if text.origin != p.spec.Origin && text.origin != p.spec.Twin {
		return nil, reject(ErrOrigin, "%q", text.origin)
	}
	o := &opening{policy: p, text: text, hasher: Hasher{twin: text.origin == p.spec.Twin}}
	if err := o.verify(signed); err != nil {
		return nil, err
	}
	return &Checkpoint{
		text:         text,
		hasher:       o.hasher,
		note:         bytes.Clone(signed),
		attestations: o.attestations,
	}, nil
}

// opening collects what the signatures of one note prove. It is the note.Verifiers
// of that note.
type opening struct {
	policy       *TrustPolicy
	text         checkpointText
	hasher       Hasher
	signed       bool // by a checkpoint key of this tree
	attestations []Attestation
	witnesses    int
}

// verify opens the note and weighs the signatures.
func (o *opening) verify(signed []byte) error {
	if o.text.size == 0 && o.text.root != o.hasher.Empty() {
		return reject(ErrRootMismatch, "root of the empty tree")
	}
	if err := checkSignatureLines(signed); err != nil {
		return err
	}
	if _, err := note.Open(signed, o); err != nil {
		return openError(err)
	}
	if !o.signed {
		return reject(ErrUnsigned, "no trusted checkpoint key of %s", o.text.origin)
	}
	for i := range o.attestations {
		if !o.attestations[i].Agrees(&o.attestations[0]) {
			return &DivergenceError{First: o.attestations[0].Name, Second: o.attestations[i].Name, Note: bytes.Clone(signed)}
		}
	}
	if have, want := len(o.attestations), o.policy.spec.Threshold; have < want {
		return reject(ErrAttestations, "%d of %d", have, want)
	}
	if have, want := o.witnesses, o.policy.spec.Quorum; have < want {
		return reject(ErrWitnesses, "%d of %d", have, want)
	}
	return nil
}

// checkSignatureLines checks that the base64 of every signature line is in its one
// form. The note package is lenient there, and one checkpoint would have many notes.
func checkSignatureLines(signed []byte) error {
	lines := signed[len(noteText(signed))+1:]
	for line := range strings.Lines(string(lines)) {
		line = strings.TrimSuffix(line, "\n")
		if _, err := decodeBase64(line[strings.LastIndexByte(line, ' ')+1:]); err != nil {
			return err
		}
	}
	return nil
}

// openError gives the errors of the note package this package's names.
func openError(err error) error {
	if bad, ok := errors.AsType[*note.InvalidSignatureError](err); ok {
		return reject(ErrSignature, "by %s", bad.Name)
	}
	if _, ok := errors.AsType[*note.UnverifiedNoteError](err); ok {
		return reject(ErrUnsigned, "no known key")
	}
	return reject(ErrMalformed, "%v", err)
}

// Verifier finds a known key. A checkpoint key of the other tree is unknown here.
func (o *opening) Verifier(name string, id uint32) (note.Verifier, error) {
	key, ok := o.policy.keys[keyRef{name, id}]
	if !ok || key.alg == algCheckpoint && name != o.text.origin {
		return nil, &note.UnknownVerifierError{Name: name, KeyHash: id}
	}
	return &noteVerifier{opening: o, key: key}, nil
}

// noteVerifier verifies one signature line and tells the opening what it proves.
type noteVerifier struct {
	opening *opening
	key     verifierKey
}

// Name returns the key's name.
func (v *noteVerifier) Name() string { return v.key.name }

// KeyHash returns the key's id.
func (v *noteVerifier) KeyHash() uint32 { return v.key.id }

// Verify verifies the signature as the key's type says. The note package calls it
// once for each key.
func (v *noteVerifier) Verify(text, sig []byte) bool {
	o := v.opening
	switch v.key.alg {
	case algCheckpoint:
		ok := ed25519.Verify(v.key.pub, text, sig)
		o.signed = o.signed || ok
		return ok
	case algCosignature:
		ok := verifyCosignature(v.key.pub, text, sig)
		if ok {
			o.witnesses++
		}
		return ok
	default:
		a, err := parseAttestation(v.key.name, o.policy.spec.Origin, o.text.size, sig)
		if err != nil || a.root(o.hasher.twin) != o.text.root || a.Verify(v.key.pub) != nil {
			return false
		}
		o.attestations = append(o.attestations, a)
		return true
	}
}

// verifyCosignature checks a timestamped Ed25519 cosignature (transparency.md
// section 3): 8 bytes of POSIX seconds, then a signature over context, time and
// the note's text.
func verifyCosignature(pub ed25519.PublicKey, text, sig []byte) bool {
	if len(sig) != 8+ed25519.SignatureSize {
		return false
	}
	msg := []byte("cosignature/v1\ntime ")
	msg = strconv.AppendUint(msg, binary.BigEndian.Uint64(sig), 10)
	msg = append(msg, '\n')
	return ed25519.Verify(pub, append(msg, text...), sig[8:])
}
