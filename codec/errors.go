package codec

import (
	"errors"
	"fmt"
)

// ErrNotCanonical is wrapped by the error of a decoder when the bytes are not the
// canonical encoding of a value of the expected shape, or a value in them is
// impossible. Its refusal code is CodeMalformed.
var ErrNotCanonical = errors.New("not canonical CBOR of the expected shape")

// ErrTooLarge is wrapped by the error of a decoder when a size or count is over its
// limit in limits.go. Nothing was allocated for what is too large. Its refusal code
// is CodeTooLarge.
var ErrTooLarge = errors.New("over a size or count limit")

// ErrUnknownKind is wrapped, beside ErrNotCanonical, when a record's kind has no
// meaning in version 1. Its refusal code is CodeUnknownKind.
var ErrUnknownKind = errors.New("unknown kind of record")

// CodeOf returns the refusal code that an error of this package stands for: empty
// for nil, the code of a Refusal, CodeTooLarge, CodeUnknownKind or CodeMalformed for
// the errors of decoders, and CodeInternal for any other error.
func CodeOf(err error) Code {
	var refusal *Refusal
	switch {
	case err == nil:
		return ""
	case errors.As(err, &refusal):
		return refusal.Code
	case errors.Is(err, ErrTooLarge):
		return CodeTooLarge
	case errors.Is(err, ErrUnknownKind):
		return CodeUnknownKind
	case errors.Is(err, ErrNotCanonical):
		return CodeMalformed
	default:
		return CodeInternal
	}
}

// malformed returns an error that wraps ErrNotCanonical.
func malformed(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrNotCanonical, fmt.Sprintf(format, args...))
}

// checkSize refuses what is longer than limit bytes.
func checkSize(what string, size, limit int) error {
	if size > limit {
		return fmt.Errorf("%w: %s of %d bytes, at most %d", ErrTooLarge, what, size, limit)
	}
	return nil
}
