package proof

import (
	"bytes"
	"encoding/base64"
	"strconv"
)

// formatDecimal returns a number without leading zeros.
func formatDecimal(n uint64) string { return strconv.FormatUint(n, 10) }

// parseDecimal reads a number below 2^63 without sign or leading zeros.
func parseDecimal(text string) (uint64, error) {
	n, err := strconv.ParseUint(text, 10, 63)
	if err != nil || strconv.FormatUint(n, 10) != text {
		return 0, reject(ErrMalformed, "number %.24q", text)
	}
	return n, nil
}

// parseHash reads 32 bytes in base64.
func parseHash(text string) ([32]byte, error) {
	data, err := decodeBase64(text)
	if err != nil {
		return [32]byte{}, err
	}
	if len(data) != 32 {
		return [32]byte{}, reject(ErrMalformed, "hash of %d bytes", len(data))
	}
	return [32]byte(data), nil
}

// appendPath appends one line of base64 for each hash.
func appendPath(b []byte, path [][32]byte) []byte {
	for i := range path {
		b = base64.StdEncoding.AppendEncode(b, path[i][:])
		b = append(b, '\n')
	}
	return b
}

// parsePath reads the lines of a path.
func parsePath(lines []string) ([][32]byte, error) {
	if len(lines) > MaxPath {
		return nil, reject(ErrPathLength, "%d hashes", len(lines))
	}
	path := make([][32]byte, 0, len(lines))
	for _, line := range lines {
		hash, err := parseHash(line)
		if err != nil {
			return nil, err
		}
		path = append(path, hash)
	}
	return path, nil
}

// checkNoteShape checks what a file needs to carry a note verbatim: a text and
// signature lines, with one empty line between them, within the limit.
func checkNoteShape(signed []byte) error {
	if len(signed) > MaxNote {
		return reject(ErrTooLarge, "note of %d bytes", len(signed))
	}
	text, lines, found := bytes.Cut(signed, []byte("\n\n"))
	if !found || len(text) == 0 || text[0] == '\n' || len(lines) < 2 || lines[0] == '\n' ||
		lines[len(lines)-1] != '\n' || bytes.Contains(lines, []byte("\n\n")) {
		return reject(ErrMalformed, "signed note")
	}
	return nil
}

// noteText returns the signed text of a note whose shape was checked.
func noteText(signed []byte) []byte {
	return signed[:bytes.Index(signed, []byte("\n\n"))+1]
}
