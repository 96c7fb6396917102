package settlement

import (
	"testing"

	"github.com/forgepool/settle/codec"
)

// trial returns a copy of the world that can go its own way.
func (w *world) trial(t testing.TB) *world {
	c := *w
	c.TB, c.memory = t, w.clone()
	return &c
}

// judged requires that a record is appended, if code is empty, or refused with a code and
// without a trace.
func (w *world) judged(code codec.Code, blobs [][]byte, record []byte) {
	w.Helper()
	if code == "" {
		w.accepted(blobs, record)
	} else {
		w.refused(code, blobs, record)
	}
}
