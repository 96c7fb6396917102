package export

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"github.com/forgepool/settle/codec"
	"pgregory.net/rapid"
)

// compareUnseal reads bytes with both readers of each blob.
func compareUnseal(t interface {
	Errorf(format string, args ...any)
}, blob []byte) {
	id, err := unsealCustomer(blob)
	if want, wantErr := codec.Unseal[codec.ID](blob); (err == nil) != (wantErr == nil) || err == nil && id != want {
		t.Errorf("customer %x: %s, %v, want %s, %v", blob, id, err, want, wantErr)
	}
	labels, err := unsealLabels(blob, make([]codec.Label, 1, 3))
	if want, wantErr := codec.Unseal[[]codec.Label](blob); (err == nil) != (wantErr == nil) || err == nil && !slices.Equal(labels, want) {
		t.Errorf("labels %x: %v, %v, want %v, %v", blob, labels, err, want, wantErr)
	}
}

// TestUnsealAgrees compares with package codec on values, on every cut of their bytes, and
// on bytes that were changed.
func TestUnsealAgrees(t *testing.T) {
	long, longer := strings.Repeat("x", codec.MaxName), strings.Repeat("x", codec.MaxName+1)
	many := make([]codec.Label, codec.MaxDisclosures+1)
	for i := range many {
		many[i] = codec.Label{Label: long, Value: long}
	}
	customer, _ := codec.Seal(codec.ID{1}, codec.ID{2})
	blobs := [][]byte{customer, nil, {0x83}, {0x82, 0x58, 16}}
	for _, list := range [][]codec.Label{{}, {{Label: "a", Value: "ü", Salt: codec.ID{3}}}, {{Label: longer}}, {{Value: longer}}, {{Label: "\xff"}}, many, many[1:]} {
		blob, _ := codec.Seal(codec.ID{1}, list)
		blobs = append(blobs, blob)
	}
	for _, blob := range blobs {
		compareUnseal(t, blob)
		compareUnseal(t, append(bytes.Clone(blob), 0))
		for cut := range min(len(blob), 200) {
			compareUnseal(t, blob[:cut])
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		blob := bytes.Clone(rapid.SampledFrom(blobs[:6]).Draw(t, "blob"))
		if len(blob) == 0 {
			return
		}
		blob[rapid.IntRange(0, len(blob)-1).Draw(t, "at")] = rapid.Byte().Draw(t, "byte")
		compareUnseal(t, blob)
	})
}
