package proof

import (
	"errors"
	"testing"
)

// wantRejection checks that err is the refusal that a named lie deserves.
func wantRejection(t testing.TB, lie string, err error, want Rejection) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("%s: got %v, want %v", lie, err, want)
	}
}
