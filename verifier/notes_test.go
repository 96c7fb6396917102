package verifier

import (
	"bytes"
	"testing"
)

// FuzzTwoNotes: a file of two notes that is accepted has one form.
func FuzzTwoNotes(f *testing.F) {
	f.Add([]byte("settle fork v1\n\na\n1\nx\n\n— a b\n\na\n1\ny\n\n— a c\n"))
	f.Add([]byte("settle fork v1\n\n\n\n\n\n"))
	f.Fuzz(func(t *testing.T, file []byte) {
		notes, err := splitNotes(forkHeader, file)
		if err != nil {
			return
		}
		if !bytes.Equal(joinNotes(forkHeader, notes[0], notes[1]), file) {
			t.Fatal("two forms of one file")
		}
	})
}
