package readable

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"testing"

	"github.com/forgepool/settle/codec"
)

// names writes roles by name and bytes as their number.
var names Form = func(v any) (any, bool) {
	switch x := v.(type) {
	case []byte:
		return len(x), true
	case fmt.Stringer:
		return x.String(), true
	}
	return nil, false
}

type inner struct {
	_         struct{} `cbor:",toarray"`
	RootA     codec.ID
	SamplePPM uint64
}

type outer struct {
	RetainUntil uint64  `cbor:"1,keyasint"`
	Maybe       *uint64 `cbor:"2,keyasint,omitempty"`
	Zero        uint64  `cbor:"3,keyasint,omitempty"`
	Amount      uint64  `json:"charge,string"`
	Secret      uint64  `json:"-"`
	Role        codec.Role
	List        []inner
	None        []inner
	Bytes       []byte
	hidden      uint64
}

// TestValue has every way in which a field looks.
func TestValue(t *testing.T) {
	two := uint64(2)
	v := &outer{RetainUntil: 1, Maybe: &two, Amount: 1 << 62, Secret: 4, Role: codec.RoleHub, List: []inner{{SamplePPM: 5}}, Bytes: []byte{1, 2}, hidden: 6}
	for _, c := range []struct {
		v    any
		want string
	}{
		{v, `{"retain_until":1,"maybe":2,"charge":"4611686018427387904","role":"hub",` +
			`"list":[{"root_a":"00000000000000000000000000000000","sample_ppm":5}],"none":[],"bytes":2}`},
		{&outer{}, `{"retain_until":0,"charge":"0","role":"` + codec.Role(0).String() + `","list":[],"none":[],"bytes":0}`},
		{nil, "null"}, {(*outer)(nil), "null"}, {uint64(7), "7"}, {"text", `"text"`}, {[]uint64{1, 2}, "[1,2]"},
	} {
		if got, err := json.Marshal(names.Value(c.v)); err != nil || string(got) != c.want {
			t.Errorf("%+v:\n got %s, %v\nwant %s", c.v, got, err, c.want)
		}
	}
	if got, err := json.Marshal(names.Fields(v)); err != nil || string(got[:16]) != `{"retain_until":` {
		t.Errorf("fields: %s, %v", got, err)
	}
}

// TestObject: members keep their order, and only those that are there can be set.
func TestObject(t *testing.T) {
	o := Object{{"b", 1}, {"a", Object{}}}
	o.Set("b", []int{2})
	o.Set("c", 3)
	if got, err := json.Marshal(o); err != nil || string(got) != `{"b":[2],"a":{}}` {
		t.Errorf("%s, %v", got, err)
	}
	if _, err := json.Marshal(Object{{"a", func() {}}}); err == nil {
		t.Error("a function is no value")
	}
}

// TestBody opens the genesis of the vectors, and refuses what is no body.
func TestBody(t *testing.T) {
	g := vectorGenesis(t)
	v, err := names.Body(codec.KindGenesis, codec.EncodeBody(g))
	if err != nil {
		t.Fatal(err)
	}
	opened := 0
	for _, m := range v.(Object) {
		switch m.Name {
		case "parties":
			for _, p := range m.Value.([]any) {
				if o := p.(Object); o[0].Name == "id" {
					opened++
				}
			}
		case "policy":
			if o := m.Value.(Object); o[0].Name == "id" {
				opened++
			}
		}
	}
	if opened != len(g.Parties)+1 || opened < 2 {
		t.Errorf("%d bodies of %d parties and a policy", opened, len(g.Parties))
	}
	party, policy := g.Parties[0], g.Policy
	for name, bad := range map[string]*codec.Genesis{
		"party": {Parties: [][]byte{party, policy}, Policy: policy}, "policy": {Parties: [][]byte{}, Policy: party},
	} {
		if _, err := names.Body(codec.KindGenesis, codec.EncodeBody(bad)); err == nil {
			t.Errorf("another %s: read", name)
		}
	}
	if _, err := names.Body(codec.Kinds, nil); err == nil {
		t.Error("no such kind: read")
	}
	if _, err := names.Body(codec.KindEvent, []byte{0}); err == nil {
		t.Error("no event: read")
	}
}

func vectorGenesis(t *testing.T) *codec.Genesis {
	t.Helper()
	file, err := os.ReadFile("../testdata/vectors/ledger-1.json")
	if err != nil {
		t.Fatal(err)
	}
	var x struct {
		Records []struct {
			BodyHex string `json:"body_hex"`
		} `json:"records"`
	}
	if err := json.Unmarshal(file, &x); err != nil || len(x.Records) == 0 {
		t.Fatal(err)
	}
	data, err := hex.DecodeString(x.Records[0].BodyHex)
	if err != nil {
		t.Fatal(err)
	}
	g := new(codec.Genesis)
	if err := codec.Decode(data, g); err != nil {
		t.Fatal(err)
	}
	return g
}
