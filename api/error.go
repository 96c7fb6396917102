package api

import (
	"errors"
	"fmt"

	"github.com/forgepool/settle/codec"
)

// Error is a failed request.
type Error struct {
	Code   codec.Code `json:"code"`
	Detail string     `json:"detail,omitempty"`
	// RetryAfter says after how many seconds to try again; 0 = not at all.
	RetryAfter int `json:"retry_after,omitempty"`
}

// Error returns "code: detail".
func (e *Error) Error() string {
	if e.Detail == "" {
		return string(e.Code)
	}
	return fmt.Sprintf("%s: %s", e.Code, e.Detail)
}

// CodeOf returns the code of an error, or "" if it is no *Error.
func CodeOf(err error) codec.Code {
	var e *Error
	if errors.As(err, &e) {
		return e.Code
	}
	return ""
}
