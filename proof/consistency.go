package proof

import (
	"bytes"
	"strings"
)

// MaxConsistencyFile is the largest consistency file in bytes: two signed notes
// and a path.
const MaxConsistencyFile = 2*MaxNote + 4<<10

const consistencyHeader = "settle consistency v1"

// ConsistencyFile proves, without any connection, that a newer published
// checkpoint continues an older one of the same tree.
type ConsistencyFile struct {
	Path  [][32]byte // consistency path, RFC 9162 section 2.1.4
	Older []byte     // signed note, verbatim
	Newer []byte     // signed note, verbatim
}

// Format returns the consistency file (docs/formats/transparency.md): a header,
// the path, and both signed checkpoints, an empty line before each.
func (f *ConsistencyFile) Format() []byte {
	b := appendPath([]byte(consistencyHeader+"\n"), f.Path)
	b = append(b, '\n')
	b = append(b, f.Older...)
	b = append(b, '\n')
	return append(b, f.Newer...)
}

// ParseConsistency reads a consistency file. It accepts exactly what Format writes
// for notes of one text and one block of signatures. Errors: ErrTooLarge,
// ErrMalformed, ErrPathLength.
func ParseConsistency(file []byte) (*ConsistencyFile, error) {
	if len(file) > MaxConsistencyFile {
		return nil, reject(ErrTooLarge, "consistency file of %d bytes", len(file))
	}
	parts := bytes.Split(file, []byte("\n\n"))
	if len(parts) != 5 {
		return nil, reject(ErrMalformed, "consistency file of %d parts", len(parts))
	}
	lines := strings.Split(string(parts[0]), "\n")
	if lines[0] != consistencyHeader {
		return nil, reject(ErrMalformed, "consistency header %.40q", lines[0])
	}
	path, err := parsePath(lines[1:])
	if err != nil {
		return nil, err
	}
	f := &ConsistencyFile{Path: path}
	f.Older = append(bytes.Join(parts[1:3], []byte("\n\n")), '\n')
	f.Newer = bytes.Join(parts[3:5], []byte("\n\n"))
	for _, signed := range [][]byte{f.Older, f.Newer} {
		if err := checkNoteShape(signed); err != nil {
			return nil, err
		}
	}
	return f, nil
}

// Verify opens both checkpoints with the policy and checks that the newer one
// continues the older one. Errors: those of OpenCheckpoint and CheckConsistency.
func (f *ConsistencyFile) Verify(p *TrustPolicy) (older, newer *Checkpoint, err error) {
	if older, err = p.OpenCheckpoint(f.Older); err != nil {
		return nil, nil, err
	}
	if newer, err = p.OpenCheckpoint(f.Newer); err != nil {
		return nil, nil, err
	}
	if err = older.CheckConsistency(newer, f.Path); err != nil {
		return nil, nil, err
	}
	return older, newer, nil
}
