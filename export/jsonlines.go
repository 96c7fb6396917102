package export

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"unicode"

	"github.com/forgepool/settle/codec"
)

// jsonLines writes every record, decoded, one a line.
type jsonLines struct{}

// line is one record: the fields in their order.
type line struct {
	Index      uint64     `json:"index"`
	Leaf       codec.Hash `json:"leaf"`
	Kind       string     `json:"kind"`
	Signatures []any      `json:"signatures,omitempty"`
	Body       any        `json:"body"`
	Record     []byte     `json:"record"`
}

// Head implements Format.
func (jsonLines) Head() []byte { return nil }

// Append implements Format.
func (jsonLines) Append(b []byte, r *Record, _ Blobs) ([]byte, error) {
	body, err := decodeBody(r)
	if err != nil {
		return nil, err
	}
	l := &line{Index: r.Index, Leaf: r.Leaf, Kind: r.Kind.String(), Body: body, Record: r.Bytes}
	for i := range r.Signatures {
		l.Signatures = append(l.Signatures, plain(reflect.ValueOf(r.Signatures[i])))
	}
	return appendJSON(b, l)
}

// newBody returns room for the body of each kind.
var newBody = [codec.Kinds]func() any{
	codec.KindGenesis:    func() any { return new(codec.Genesis) },
	codec.KindSettlement: func() any { return new(codec.Settlement) },
	codec.KindPolicy:     func() any { return new(codec.Policy) },
	codec.KindParty:      func() any { return new(codec.Party) },
	codec.KindEvent:      func() any { return new(codec.Event) },
	codec.KindDispute:    func() any { return new(codec.Dispute) },
	codec.KindAdjustment: func() any { return new(codec.Adjustment) },
	codec.KindCycle:      func() any { return new(codec.Cycle) },
	codec.KindAudit:      func() any { return new(codec.Audit) },
}

// decodeBody decodes a body into what stands in the line.
func decodeBody(r *Record) (any, error) {
	body, err := decodePlain(r.Body, newBody[r.Kind]())
	if err != nil {
		return nil, contradiction(r.Index, "%v", err)
	}
	return body, nil
}

// decodePlain decodes canonical bytes into v and gives it the form of a line.
func decodePlain(data []byte, v any) (any, error) {
	if err := codec.Decode(data, v); err != nil {
		return nil, err
	}
	if g, ok := v.(*codec.Genesis); ok {
		return plainGenesis(g)
	}
	return plain(reflect.ValueOf(v)), nil
}

// plainGenesis opens the bodies in a genesis.
func plainGenesis(g *codec.Genesis) (any, error) {
	parties := []any{}
	for i, data := range g.Parties {
		p, err := decodePlain(data, new(codec.Party))
		if err != nil {
			return nil, fmt.Errorf("party %d: %w", i, err)
		}
		parties = append(parties, p)
	}
	policy, err := decodePlain(g.Policy, new(codec.Policy))
	if err != nil {
		return nil, fmt.Errorf("policy: %w", err)
	}
	f := plainFields(reflect.ValueOf(g).Elem())
	for i := range f {
		switch f[i].name {
		case "parties":
			f[i].value = parties
		case "policy":
			f[i].value = policy
		}
	}
	return f, nil
}

// fields are the fields of a value in their order.
type fields []field

type field struct {
	name  string
	value any
}

// MarshalJSON writes an object in the order of the fields.
func (f fields) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	b.WriteByte('{')
	for i := range f {
		value, err := json.Marshal(f[i].value)
		if err != nil {
			return nil, err
		}
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, "%q:%s", f[i].name, value)
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

// plain gives a decoded value the form of a line: hashes, ids, signatures and bytes in
// hex, roles and states by name, other numbers as numbers. It loses nothing.
func plain(v reflect.Value) any {
	if v.Kind() == reflect.Pointer {
		return plain(v.Elem())
	}
	switch x := v.Interface().(type) {
	case []byte:
		return hex.EncodeToString(x)
	case codec.Beacon:
		if !x.Present {
			return fields{}
		}
		return fields{{"chain", x.Chain.String()}, {"genesis", x.Genesis}, {"period", x.Period}}
	case fmt.Stringer:
		return x.String()
	}
	switch v.Kind() {
	case reflect.Struct:
		return plainFields(v)
	case reflect.Slice:
		list := make([]any, v.Len())
		for i := range list {
			list[i] = plain(v.Index(i))
		}
		return list
	}
	return v.Interface()
}

// plainFields leaves out what is absent from the record.
func plainFields(v reflect.Value) fields {
	f := fields{}
	for i := range v.NumField() {
		t := v.Type().Field(i)
		absent := v.Field(i).Kind() == reflect.Pointer && v.Field(i).IsNil() ||
			strings.HasSuffix(t.Tag.Get("cbor"), ",omitempty") && v.Field(i).IsZero()
		if t.IsExported() && !absent {
			f = append(f, field{snakeCase(t.Name), plain(v.Field(i))})
		}
	}
	return f
}

// snakeCase turns RetainUntil into retain_until and SamplePPM into sample_ppm.
func snakeCase(name string) string {
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
