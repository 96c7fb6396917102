package proof

import (
	"bytes"
	"encoding/base64"
	"strings"
)

// MaxReceipt is the largest receipt file in bytes: record and path in base64, and
// a signed note.
const MaxReceipt = 128<<10 + MaxNote

// ReceiptLimits says what a receipt cannot show to a reader who is offline. Tools
// print it beside every receipt that verifies.
const ReceiptLimits = "Offline, a receipt shows that the record stands at its index in the checkpointed log. " +
	"A key is judged as of the record's index: a later revocation is not excluded. " +
	"It does not show who submitted the record, nor that a later record does not correct it."

const receiptHeader = "settle receipt v1"

// Receipt is a record with everything needed to prove, without any connection,
// that it stands in the log: see [ReceiptLimits] for what it does not prove.
type Receipt struct {
	Record     []byte     // the record's bytes, 1 to MaxRecord
	Index      uint64     // its index in the log, below 2^63
	Path       [][32]byte // sibling hashes in tree A, leaf sibling first
	Checkpoint []byte     // signed note of tree A, verbatim
}

// Format returns the receipt file (docs/formats/transparency.md): a header, the
// record in base64, its index, the path, an empty line and the signed checkpoint.
func (r *Receipt) Format() []byte {
	b := []byte(receiptHeader + "\nrecord ")
	b = base64.StdEncoding.AppendEncode(b, r.Record)
	b = append(b, "\nindex "...)
	b = append(b, formatDecimal(r.Index)...)
	b = append(b, '\n')
	b = appendPath(b, r.Path)
	b = append(b, '\n')
	return append(b, r.Checkpoint...)
}

// ParseReceipt reads a receipt file. It accepts exactly what Format writes for a
// value within the limits; whether it is true is for Verify to say. Errors:
// ErrTooLarge, ErrMalformed, ErrPathLength.
func ParseReceipt(file []byte) (*Receipt, error) {
	if len(file) > MaxReceipt {
		return nil, reject(ErrTooLarge, "receipt of %d bytes", len(file))
	}
	head, signed, found := bytes.Cut(file, []byte("\n\n"))
	lines := strings.Split(string(head), "\n")
	if !found || len(lines) < 3 || lines[0] != receiptHeader {
		return nil, reject(ErrMalformed, "receipt header or lines")
	}
	record, err := parseRecordLine(lines[1])
	if err != nil {
		return nil, err
	}
	index, ok := strings.CutPrefix(lines[2], "index ")
	if !ok {
		return nil, reject(ErrMalformed, "line 3 is not the index")
	}
	r := &Receipt{Record: record, Checkpoint: bytes.Clone(signed)}
	if r.Index, err = parseDecimal(index); err != nil {
		return nil, err
	}
	if r.Path, err = parsePath(lines[3:]); err != nil {
		return nil, err
	}
	if err := checkNoteShape(signed); err != nil {
		return nil, err
	}
	return r, nil
}

// parseRecordLine reads the line of the record.
func parseRecordLine(line string) ([]byte, error) {
	text, ok := strings.CutPrefix(line, "record ")
	if !ok {
		return nil, reject(ErrMalformed, "line 2 is not the record")
	}
	if base64.StdEncoding.DecodedLen(len(text)) > MaxRecord+3 {
		return nil, reject(ErrTooLarge, "record line of %d bytes", len(text))
	}
	record, err := decodeBase64(text)
	if err != nil {
		return nil, err
	}
	if len(record) == 0 || len(record) > MaxRecord {
		return nil, reject(ErrTooLarge, "record of %d bytes", len(record))
	}
	return record, nil
}

// Verify checks the receipt against a trust policy alone and returns the
// checkpoint that covers it. Errors: those of OpenCheckpoint and CheckInclusion,
// and ErrOrigin when the checkpoint is not of tree A.
func (r *Receipt) Verify(p *TrustPolicy) (*Checkpoint, error) {
	c, err := p.OpenCheckpoint(r.Checkpoint)
	if err != nil {
		return nil, err
	}
	if c.hasher != TreeA {
		return nil, reject(ErrOrigin, "receipt under %s instead of %s", c.Origin(), p.Origin())
	}
	if err := c.CheckInclusion(r.Index, r.Record, r.Path); err != nil {
		return nil, err
	}
	return c, nil
}
