package main

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"unicode"

	"github.com/forgepool/settle/client"
	"github.com/forgepool/settle/codec"
	"github.com/forgepool/settle/proof"
)

// recordView is a record as people read it.
type recordView struct {
	Index      uint64     `json:"index"`
	Kind       string     `json:"kind"`
	Leaf       codec.Hash `json:"leaf"`
	Submitter  *codec.ID  `json:"submitter,omitempty"`
	Batch      *codec.ID  `json:"batch,omitempty"`
	Position   uint64     `json:"position"`
	Signatures []string   `json:"signatures,omitempty"` // key ids
	Body       any        `json:"body"`
}

// viewRecord decodes a record for people.
func viewRecord(index uint64, data []byte) (*recordView, error) {
	rec, err := codec.DecodeRecord(data)
	if err != nil {
		return nil, refuse("record %d: %v", index, err)
	}
	body, err := viewBody(&rec)
	if err != nil {
		return nil, refuse("record %d: %v", index, err)
	}
	v := &recordView{Index: index, Kind: rec.Kind.String(), Leaf: proof.LeafA(data), Body: body}
	for i := range rec.Signatures {
		v.Signatures = append(v.Signatures, rec.Signatures[i].Key.String())
	}
	return v, nil
}

// viewBody decodes the body of a record. What is not decoded is shown as it is.
func viewBody(rec *codec.Record) (any, error) {
	var body any
	switch rec.Kind {
	case codec.KindGenesis:
		return viewGenesis(rec.Body)
	case codec.KindSettlement:
		body = new(codec.Settlement)
	case codec.KindPolicy:
		p := new(codec.Policy)
		if err := codec.Decode(rec.Body, p); err != nil {
			return nil, err
		}
		return viewPolicy(p), nil
	case codec.KindParty:
		body = new(codec.Party)
	case codec.KindEvent:
		body = new(codec.Event)
	case codec.KindAdjustment:
		body = new(codec.Adjustment)
	default:
		return codec.BlobHash(rec.Body), nil
	}
	if err := codec.Decode(rec.Body, body); err != nil {
		return nil, err
	}
	return named(reflect.ValueOf(body)), nil
}

// genesisView is a genesis with its bodies opened.
type genesisView struct {
	OriginA string      `json:"origin_a"`
	OriginB string      `json:"origin_b"`
	Name    string      `json:"name"`
	Created uint64      `json:"created"`
	Cycle   uint64      `json:"cycle"`
	Parties []any       `json:"parties"`
	Policy  *policyFile `json:"policy"`
}

func viewGenesis(body []byte) (*genesisView, error) {
	g := new(codec.Genesis)
	if err := codec.Decode(body, g); err != nil {
		return nil, err
	}
	v := &genesisView{OriginA: g.OriginA, OriginB: g.OriginB, Name: g.Name, Created: g.Created, Cycle: g.Cycle}
	for _, b := range g.Parties {
		p := new(codec.Party)
		if err := codec.Decode(b, p); err != nil {
			return nil, err
		}
		v.Parties = append(v.Parties, named(reflect.ValueOf(p)))
	}
	p := new(codec.Policy)
	if err := codec.Decode(g.Policy, p); err != nil {
		return nil, err
	}
	v.Policy = viewPolicy(p)
	return v, nil
}

// fields are the fields of a body in their order, under names as in the formats.
type fields []field

type field struct {
	name  string
	value any
}

// MarshalJSON writes an object in the order of the fields.
func (f fields) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	for i := range f {
		value, err := json.Marshal(f[i].value)
		if err != nil {
			return nil, err
		}
		fmt.Fprintf(&b, ",%q:%s", f[i].name, value)
	}
	return append(append([]byte{'{'}, bytes.TrimPrefix(b.Bytes(), []byte{','})...), '}'), nil
}

// named turns a decoded body into what people read: fields that are absent are left
// out, numbers that stand for something are given its name.
func named(v reflect.Value) any {
	if v.Kind() == reflect.Pointer {
		return named(v.Elem())
	}
	switch x := v.Interface().(type) {
	case codec.PartyOp:
		return operationName(x)
	case codec.Use:
		return client.UseName(x)
	case codec.Program:
		return fmt.Sprintf("%s@%d %s", x.Family, x.Version, x.Profile)
	case []byte:
		return hex.EncodeToString(x)
	case fmt.Stringer:
		return x.String()
	}
	switch v.Kind() {
	case reflect.Struct:
		return namedFields(v)
	case reflect.Slice:
		list := make([]any, v.Len())
		for i := range list {
			list[i] = named(v.Index(i))
		}
		return list
	}
	return v.Interface()
}

func namedFields(v reflect.Value) fields {
	f := fields{}
	for i := range v.NumField() {
		t := v.Type().Field(i)
		absent := v.Field(i).Kind() == reflect.Pointer && v.Field(i).IsNil()
		if !t.IsExported() || absent || strings.HasSuffix(t.Tag.Get("cbor"), ",omitempty") && v.Field(i).IsZero() {
			continue
		}
		f = append(f, field{snake(t.Name), named(v.Field(i))})
	}
	return f
}

// snake returns a field's name in the style of the formats: RetainUntil is
// retain_until, SamplePPM is sample_ppm.
func snake(name string) string {
	var b strings.Builder
	lower := false // the letter before
	for _, r := range name {
		if unicode.IsUpper(r) && lower {
			b.WriteByte('_')
		}
		lower = !unicode.IsUpper(r)
		b.WriteRune(unicode.ToLower(r))
	}
	return b.String()
}

var operations = [...]string{"", "register", "add-key", "revoke-key", "suspend", "reinstate", "exit", "payee", "weight", "cap"}

// operationName names an operation on a party as settle draft party does.
func operationName(op codec.PartyOp) string {
	if op >= 1 && int(op) < len(operations) {
		return operations[op]
	}
	return fmt.Sprintf("operation %d", uint8(op))
}
