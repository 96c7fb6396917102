package export

import (
	"encoding/json"
	"testing"

	"github.com/forgepool/settle/codec"
)

// TestLinesAgree compares each body of a ledger with every kind, and values with a short
// way, with what json.Marshal makes of the form.
func TestLinesAgree(t *testing.T) {
	w := newWorld(t)
	w.everything()
	for i := range w.records {
		r := w.record(uint64(i))
		body, err := plain.Body(r.Kind, r.Body)
		if err != nil {
			t.Fatal(err)
		}
		got, err := lines.AppendBody(nil, r.Kind, r.Body)
		compareJSON(t, got, err, body)
	}
	for _, v := range []any{
		&codec.Hash{1}, &codec.ID{2}, &codec.Sig{3}, &[]byte{4}, new([]byte), []byte{5}, codec.Hash{6}, codec.RoleHub, &codec.Beacon{}, &codec.Beacon{Present: true, Period: 3},
	} {
		got, err := lines.Append(nil, v)
		compareJSON(t, got, err, plain.Value(v))
	}
}

func compareJSON(t *testing.T, got []byte, err error, v any) {
	t.Helper()
	want, wantErr := json.Marshal(v)
	if err != nil || wantErr != nil || string(got) != string(want) {
		t.Errorf("%v, %v\n got %s\nwant %s", err, wantErr, got, want)
	}
}
