package proof

import (
	"bytes"
	"encoding/base64"
	"strings"

	"golang.org/x/mod/sumdb/note"
)

// MaxNote is the largest signed note in bytes: room for a hundred Ed25519
// signatures, or for Ed25519 and ML-DSA-44 of a dozen signers.
const MaxNote = 65_535

// Checkpoint is a signed statement of one tree's size and root that a trust
// policy accepted. It comes only from [TrustPolicy.OpenCheckpoint] and never
// changes; its zero value proves nothing.
type Checkpoint struct {
	text         checkpointText
	hasher       Hasher
	note         []byte
	attestations []Attestation // equal but for name and signature; at least one
}

// checkpointText is the signed part of a note.
type checkpointText struct {
	origin string
	size   uint64
	root   [32]byte
}

// Origin returns the origin of the tree, which tells A from B.
func (c *Checkpoint) Origin() string { return c.text.origin }

// Size returns the number of records covered.
func (c *Checkpoint) Size() uint64 { return c.text.size }

// Root returns the root of the tree at Size.
func (c *Checkpoint) Root() [32]byte { return c.text.root }

// Hasher returns the hash of the tree, TreeA or TreeB.
func (c *Checkpoint) Hasher() Hasher { return c.hasher }

// Text returns the signed text: origin, size and root as lines.
func (c *Checkpoint) Text() []byte {
	return FormatCheckpoint(c.text.origin, c.text.size, c.text.root)
}

// Note returns the signed note as it was opened, byte for byte.
func (c *Checkpoint) Note() []byte { return bytes.Clone(c.note) }

// StateSum returns the hash of the replicated state that the replicas attested.
func (c *Checkpoint) StateSum() [32]byte { return c.attested().StateSum }

// Time returns the ledger time of the checkpoint in Unix milliseconds, as attested.
func (c *Checkpoint) Time() uint64 { return c.attested().Time }

// Attestations returns the replicas' attestations, verified, in the note's order.
func (c *Checkpoint) Attestations() []Attestation {
	return append([]Attestation(nil), c.attestations...)
}

// attested returns what all attestations agree on.
func (c *Checkpoint) attested() Attestation {
	if len(c.attestations) == 0 {
		return Attestation{}
	}
	return c.attestations[0]
}

// CheckInclusion checks that record is the leaf at index of the checkpoint's
// tree. Path is the list of sibling hashes, leaf sibling first. Errors:
// ErrTooLarge, ErrIndex, ErrPathLength, ErrRootMismatch.
func (c *Checkpoint) CheckInclusion(index uint64, record []byte, path [][32]byte) error {
	if len(record) > MaxRecord {
		return reject(ErrTooLarge, "record of %d bytes", len(record))
	}
	leaf := c.hasher.Leaf(record)
	return checkInclusion(c.hasher, index, c.text.size, leaf, path, c.text.root)
}

// CheckConsistency checks that newer continues this checkpoint's tree. Errors:
// ErrOrigin when they are of different trees, ErrShrunk when newer is smaller,
// *ForkError with both notes when they have one size and two roots, ErrTime when
// ledger time ran backwards, ErrPathLength, ErrRootMismatch.
func (c *Checkpoint) CheckConsistency(newer *Checkpoint, path [][32]byte) error {
	a, b := c.text, newer.text
	if a.origin != b.origin || c.hasher != newer.hasher {
		return reject(ErrOrigin, "%q and %q", a.origin, b.origin)
	}
	if b.size < a.size {
		return reject(ErrShrunk, "size %d after %d", b.size, a.size)
	}
	if a.size == b.size && a.root != b.root {
		return &ForkError{Origin: a.origin, Size: a.size, First: c.Note(), Second: newer.Note()}
	}
	if newer.Time() < c.Time() {
		return reject(ErrTime, "%d ms after %d ms", newer.Time(), c.Time())
	}
	return checkConsistency(c.hasher, a.size, b.size, a.root, b.root, path)
}

// CheckTwin checks that c, a checkpoint of tree A, and twin, one of tree B, are
// the pair of one size: the replicas that attest either name both roots. Errors:
// ErrTwin.
func (c *Checkpoint) CheckTwin(twin *Checkpoint) error {
	a, b := c.attested(), twin.attested()
	if len(c.attestations) == 0 || len(twin.attestations) == 0 ||
		c.hasher != TreeA || twin.hasher != TreeB ||
		a.Origin != b.Origin || a.Size != b.Size || a.RootA != b.RootA || a.RootB != b.RootB {
		return reject(ErrTwin, "%s at size %d, %s at size %d", c.text.origin, c.text.size, twin.text.origin, twin.text.size)
	}
	return nil
}

// FormatCheckpoint returns the text of a checkpoint, to be signed: origin, size
// in decimal and root in base64, each on a line (docs/formats/transparency.md
// section 2).
func FormatCheckpoint(origin string, size uint64, root [32]byte) []byte {
	b := append([]byte(origin), '\n')
	b = append(b, formatDecimal(size)...)
	b = append(b, '\n')
	b = base64.StdEncoding.AppendEncode(b, root[:])
	return append(b, '\n')
}

// parseCheckpoint reads the text of a checkpoint in its one form. Extension
// lines are refused: our logs write none, and cosignatures need not cover them.
func parseCheckpoint(text []byte) (checkpointText, error) {
	lines := strings.Split(string(text), "\n")
	if len(lines) != 4 || !validName(lines[0]) {
		return checkpointText{}, reject(ErrMalformed, "checkpoint is not three lines")
	}
	size, err := parseDecimal(lines[1])
	if err != nil {
		return checkpointText{}, err
	}
	root, err := parseHash(lines[2])
	if err != nil {
		return checkpointText{}, err
	}
	c := checkpointText{origin: lines[0], size: size, root: root}
	if !bytes.Equal(FormatCheckpoint(c.origin, c.size, c.root), text) {
		return checkpointText{}, reject(ErrMalformed, "checkpoint text")
	}
	return c, nil
}

// SignCheckpoint signs a text made by [FormatCheckpoint]. Every signer must be
// named by the text's origin; there must be one at least. Equal input gives equal
// bytes, because Ed25519 is deterministic. Errors: ErrMalformed, ErrOrigin.
func SignCheckpoint(text []byte, signers ...note.Signer) ([]byte, error) {
	c, err := parseCheckpoint(text)
	if err != nil {
		return nil, err
	}
	if len(signers) == 0 {
		return nil, reject(ErrUnsigned, "no signer")
	}
	for _, s := range signers {
		if s.Name() != c.origin {
			return nil, reject(ErrOrigin, "signer %q for %q", s.Name(), c.origin)
		}
	}
	signed, err := note.Sign(&note.Note{Text: string(text)}, signers...)
	if err != nil {
		return nil, reject(ErrMalformed, "%v", err)
	}
	return signed, nil
}
