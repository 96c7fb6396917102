package main

import (
	"bytes"
	"crypto/ed25519"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"

	"github.com/forgepool/settle/client"
	"github.com/forgepool/settle/codec"
)

// A draft file (docs/formats/drafts.md) is a record whose owners have still to sign it,
// as lines of text:
//
//	settle draft v1
//	origin <origin of tree A>
//	kind <name of the kind>
//	body <base64 of the canonical body>
//	attachment <base64>            one for each blob that the body names
//	signature <key id> <base64>    one for each signature so far
//
// A signature file carries one more signature to wherever the draft lies:
//
//	settle signature v1
//	origin <origin of tree A>
//	digest <hex of what was signed>
//	public <hex of the public key>
//	signature <base64>
const (
	draftHeader     = "settle draft v1"
	signatureHeader = "settle signature v1"
)

// maxDraft bounds a draft file: a record and its attachments in base64.
const maxDraft = 8 << 20

// draft is a draft with the ledger that it is for.
type draft struct {
	client.Draft
	origin string
}

// draftKinds are the kinds that owner keys sign.
var draftKinds = []codec.Kind{codec.KindGenesis, codec.KindPolicy, codec.KindParty, codec.KindDispute,
	codec.KindAdjustment, codec.KindCycle, codec.KindAudit}

// format returns the draft file.
func (d *draft) format() []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "%s\norigin %s\nkind %s\nbody %s\n", draftHeader, d.origin, d.Kind, base64.StdEncoding.EncodeToString(d.Body))
	for _, blob := range d.Attachments {
		fmt.Fprintf(&b, "attachment %s\n", base64.StdEncoding.EncodeToString(blob))
	}
	for i := range d.Signatures {
		s := &d.Signatures[i]
		fmt.Fprintf(&b, "signature %s %s\n", s.Key, base64.StdEncoding.EncodeToString(s.Sig[:]))
	}
	return b.Bytes()
}

// parseDraft reads a draft file. It accepts exactly what format writes.
func parseDraft(file []byte) (*draft, error) {
	lines := strings.Split(string(file), "\n")
	if lines[0] != draftHeader {
		return nil, errors.New("not a draft file")
	}
	d := new(draft)
	for number, line := range lines[1:] {
		if line == "" {
			continue
		}
		if err := d.parseLine(line); err != nil {
			return nil, fmt.Errorf("draft line %d: %w", number+2, err)
		}
	}
	if !bytes.Equal(d.format(), file) {
		return nil, errors.New("draft: lines out of order, doubled or missing")
	}
	return d, nil
}

func (d *draft) parseLine(line string) error {
	word, value, _ := strings.Cut(line, " ")
	var err error
	switch word {
	case "origin":
		d.origin = value
	case "kind":
		err = d.parseKind(value)
	case "body":
		d.Body, err = base64.StdEncoding.DecodeString(value)
	case "attachment":
		var blob []byte
		blob, err = base64.StdEncoding.DecodeString(value)
		d.Attachments = append(d.Attachments, blob)
	case "signature":
		err = d.parseSignature(value)
	default:
		err = fmt.Errorf("unknown item %.40q", word)
	}
	return err
}

func (d *draft) parseKind(name string) error {
	for _, kind := range draftKinds {
		if kind.String() == name {
			d.Kind = kind
			return nil
		}
	}
	return fmt.Errorf("records of kind %.40q are not drafted", name)
}

func (d *draft) parseSignature(value string) error {
	id, sig, _ := strings.Cut(value, " ")
	key, err := codec.ParseHash(id)
	if err != nil {
		return err
	}
	raw, err := base64.StdEncoding.DecodeString(sig)
	if err != nil || len(raw) != ed25519.SignatureSize {
		return errors.New("not a signature")
	}
	d.Add(codec.Signature{Key: key, Alg: codec.AlgEd25519, Sig: codec.Sig(raw)})
	return nil
}

// loadDraft reads a draft from a file.
func loadDraft(name string) (*draft, error) {
	file, err := readFile(name, maxDraft)
	if err != nil {
		return nil, err
	}
	d, err := parseDraft(file)
	if err != nil {
		return nil, usage("%s: %v", name, err)
	}
	return d, nil
}

// signatureFile is one signature on its way to a draft.
type signatureFile struct {
	origin string
	digest codec.Hash
	public codec.Hash
	sig    codec.Sig
}

func (s *signatureFile) format() []byte {
	return fmt.Appendf(nil, "%s\norigin %s\ndigest %s\npublic %s\nsignature %s\n",
		signatureHeader, s.origin, s.digest, s.public, base64.StdEncoding.EncodeToString(s.sig[:]))
}

// parseSignatureFile reads a signature file and verifies the signature. It accepts
// exactly what format writes.
func parseSignatureFile(file []byte) (*signatureFile, error) {
	lines := strings.Split(string(file), "\n")
	if len(lines) != 6 || lines[0] != signatureHeader {
		return nil, errors.New("not a signature file")
	}
	value := func(i int, word string) string {
		v, _ := strings.CutPrefix(lines[i], word+" ")
		return v
	}
	s := &signatureFile{origin: value(1, "origin")}
	var err error
	if s.digest, err = codec.ParseHash(value(2, "digest")); err != nil {
		return nil, fmt.Errorf("digest: %w", err)
	}
	if s.public, err = codec.ParseHash(value(3, "public")); err != nil {
		return nil, fmt.Errorf("public key: %w", err)
	}
	raw, err := base64.StdEncoding.DecodeString(value(4, "signature"))
	if err != nil || len(raw) != ed25519.SignatureSize {
		return nil, errors.New("not a signature")
	}
	s.sig = codec.Sig(raw)
	if !bytes.Equal(s.format(), file) {
		return nil, errors.New("signature file in another form")
	}
	if !ed25519.Verify(s.public[:], s.digest[:], s.sig[:]) {
		return nil, errors.New("the signature does not verify")
	}
	return s, nil
}
