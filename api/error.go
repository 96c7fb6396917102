package api

import (
	"errors"
	"fmt"
	"net/http"

	"github.com/forgepool/settle/codec"
)

// CodeUnreachable is the code of a Client's error when no node answered. No node
// ever sends it.
const CodeUnreachable codec.Code = "unreachable"

// Error is a failed request. On the wire it is the body of every answer whose
// status is not 2xx.
type Error struct {
	Code   codec.Code `cbor:"1,keyasint" json:"code"`
	Detail string     `cbor:"2,keyasint,omitempty" json:"detail,omitempty"`
	// RetryAfter says after how many seconds to try again; 0 = not at all.
	RetryAfter int `cbor:"3,keyasint,omitempty" json:"retry_after,omitempty"`

	cause error // of a failure on the client's side, for errors.Is
}

// Fail returns an *Error. Codes that ask for another try later get a RetryAfter of
// one second.
func Fail(code codec.Code, format string, args ...any) *Error {
	e := &Error{Code: code, Detail: fmt.Sprintf(format, args...)}
	if e.Status() == http.StatusServiceUnavailable {
		e.RetryAfter = 1
	}
	return e
}

// Error returns "code: detail".
func (e *Error) Error() string {
	if e.Detail == "" {
		return string(e.Code)
	}
	return fmt.Sprintf("%s: %s", e.Code, e.Detail)
}

// Unwrap returns the failure on the client's side, such as a context's end.
func (e *Error) Unwrap() error { return e.cause }

// Status returns the HTTP status that stands beside the code in the table of
// refusals; 500 for a code that is not in it.
func (e *Error) Status() int {
	if status, ok := statuses[e.Code]; ok {
		return status
	}
	return http.StatusInternalServerError
}

// CodeOf returns the code of an error, or "" if it is no *Error.
func CodeOf(err error) codec.Code {
	var e *Error
	if errors.As(err, &e) {
		return e.Code
	}
	return ""
}

// statuses is the table of refusals by code.
var statuses = func() map[codec.Code]int {
	m := make(map[codec.Code]int, len(codec.Meanings))
	for _, row := range codec.Meanings {
		m[row.Code] = row.Status
	}
	return m
}()
