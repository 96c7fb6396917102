package readable

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/forgepool/settle/codec"
	"pgregory.net/rapid"
)

// short is the short way of names for ids.
func short(b []byte, p any) ([]byte, bool) {
	if id, ok := p.(*codec.ID); ok {
		return fmt.Appendf(b, "%q", id), true
	}
	return b, false
}

// TestEncoder compares with what json.Marshal makes of the value that stands for another.
func TestEncoder(t *testing.T) {
	two, none := uint64(2), inner{}
	for _, e := range []*Encoder{NewEncoder(names, nil), NewEncoder(names, short)} {
		for _, v := range []any{
			&outer{RetainUntil: 1, Maybe: &two, Zero: 9, Amount: 1 << 62, Secret: 4, Role: codec.RoleHub, List: []inner{{SamplePPM: 5}, {RootA: codec.ID{1}}}, Bytes: []byte{1, 2}},
			outer{Maybe: &two}, &outer{}, nil, (*outer)(nil), uint64(7), "text", []uint64{1, 2}, []string{}, true, -3, none, &none, codec.ID{7}, []byte{1},
			[]any{}, codec.RoleProvider, []*inner{nil, {}}, struct{ A, B string }{`"<>&\`, "\u2028é\x00\xff"},
		} {
			want, err := json.Marshal(names.Value(v))
			if err != nil {
				t.Fatal(err)
			}
			if got, err := e.Append([]byte("x"), v); err != nil || string(got) != "x"+string(want) {
				t.Errorf("%+v:\n got %s, %v\nwant x%s", v, got, err, want)
			}
		}
		for _, v := range []any{func() {}, struct{ F func() }{}, []func(){nil}} {
			if _, err := e.Append(nil, v); err == nil {
				t.Errorf("%T is no value", v)
			}
		}
	}
}

// TestEncoderBody: bodies are those of Form.Body, the one of a genesis too, and errors as well.
func TestEncoderBody(t *testing.T) {
	g := vectorGenesis(t)
	e := NewEncoder(names, short)
	for kind, data := range map[codec.Kind][]byte{codec.KindGenesis: codec.EncodeBody(g), codec.KindParty: g.Parties[0], codec.KindPolicy: g.Policy} {
		body, err := names.Body(kind, data)
		if err != nil {
			t.Fatal(err)
		}
		want, err := json.Marshal(body)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := e.AppendBody(nil, kind, data); err != nil || string(got) != string(want) {
			t.Errorf("%s: %v\n got %s\nwant %s", kind, err, got, want)
		}
		if _, err := e.AppendBody(nil, kind, []byte{0}); err == nil {
			t.Errorf("no %s: written", kind)
		}
	}
}

// TestAppendString compares with json.Marshal on any text.
func TestAppendString(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.OneOf(rapid.String(), rapid.Map(rapid.SliceOf(rapid.Byte()), func(b []byte) string { return string(b) })).Draw(t, "text")
		want, err := json.Marshal(text)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := AppendString(nil, text); err != nil || string(got) != string(want) {
			t.Errorf("got %s, %v, want %s", got, err, want)
		}
	})
}
