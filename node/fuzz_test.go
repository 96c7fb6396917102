package node

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/forgepool/settle/codec"
)

// FuzzAttested reads what another member answers, and the evidence that keeps it.
func FuzzAttested(f *testing.F) {
	a := Attested{Operator: codec.ID{1}, Size: 2, Time: 3}
	f.Add(codec.Encode(&a))
	f.Add(codec.Encode(&Evidence{Own: a, Others: []Attested{a, a}}))
	f.Add(codec.Encode(&Evidence{Own: a, Commit: &codec.CheckpointCommit{Size: 2, NoteA: []byte("a"), NoteB: []byte("b")}}))
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, v := range []any{new(Attested), new(Evidence)} {
			if codec.Decode(data, v) == nil && !bytes.Equal(codec.Encode(v), data) {
				t.Errorf("%x is encoded as %x", data, codec.Encode(v))
			}
		}
	})
}

// FuzzMarker: whatever stands in the file of a marker, the node does not start.
func FuzzMarker(f *testing.F) {
	f.Add([]byte("settle fatal v1\ncode 77\nreason \"the roots differ\"\n"))
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, text []byte) {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, markerFile), text, 0o600); err != nil {
			t.Fatal(err)
		}
		if m, err := ReadMarker(dir); m == nil || err != nil || m.Error() == "" {
			t.Errorf("%q: %v, %v", text, m, err)
		}
	})
}
