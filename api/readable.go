package api

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"unicode"

	"github.com/forgepool/settle/codec"
)

// Readable returns an answer, or a decoded body of a record, as people read it in JSON
// (docs/formats/http.md section 1): fields in their order, absent ones left out, names
// instead of numbers that stand for something, and records and policies decoded beside
// their bytes. Programs read CBOR.
func Readable(v any) any { return readable(reflect.ValueOf(v)) }

// object is a JSON object that keeps the order of its fields.
type object []field

type field struct {
	name  string
	value any
}

// MarshalJSON writes the fields in order.
func (o object) MarshalJSON() ([]byte, error) {
	b := []byte{'{'}
	for i := range o {
		value, err := json.Marshal(o[i].value)
		if err != nil {
			return nil, err
		}
		if i > 0 {
			b = append(b, ',')
		}
		b = append(append(strconv.AppendQuote(b, o[i].name), ':'), value...)
	}
	return append(b, '}'), nil
}

func readable(v reflect.Value) any {
	switch v.Kind() {
	case reflect.Invalid:
		return nil
	case reflect.Pointer:
		return readable(v.Elem())
	}
	switch x := v.Interface().(type) {
	case json.Marshaler:
		return x
	case Record:
		return readableRecord(&x)
	case Policy:
		body := new(codec.Policy)
		return append(readableFields(v), opened("policy", body, codec.Decode(x.Body, body)))
	case Checkpoint:
		return object{{"size", x.Size}, {"note_a", string(x.NoteA)}, {"note_b", string(x.NoteB)}}
	case codec.Program:
		return fmt.Sprintf("%s@%d %s", x.Family, x.Version, x.Profile)
	case codec.PartyOp:
		return nameOf(operations[:], uint64(x), "operation")
	case codec.Use:
		return nameOf(uses[:], uint64(x), "use")
	case codec.OutcomeKind:
		return nameOf(outcomes[:], uint64(x), "outcome")
	case codec.Side:
		return nameOf(sides[:], uint64(x), "side")
	case fmt.Stringer:
		return x.String()
	case []byte:
		return x // base64
	}
	return readableKind(v)
}

func readableKind(v reflect.Value) any {
	switch v.Kind() {
	case reflect.Struct:
		return readableFields(v)
	case reflect.Slice:
		list := make([]any, v.Len())
		for i := range list {
			list[i] = readable(v.Index(i))
		}
		return list
	}
	return v.Interface()
}

// readableFields reads a struct: under the names of its json tags, else under its own
// names in their style.
func readableFields(v reflect.Value) object {
	o := object{}
	for i := range v.NumField() {
		t, f := v.Type().Field(i), v.Field(i)
		tag, options, _ := strings.Cut(t.Tag.Get("json"), ",")
		absent := f.Kind() == reflect.Pointer && f.IsNil() ||
			f.IsZero() && (strings.Contains(options, "omitempty") || strings.Contains(t.Tag.Get("cbor"), ",omitempty"))
		if !t.IsExported() || absent || tag == "-" {
			continue
		}
		if tag == "" {
			tag = snake(t.Name)
		}
		value := readable(f)
		if strings.Contains(options, "string") {
			value = fmt.Sprint(value)
		}
		o = append(o, field{tag, value})
	}
	return o
}

// readableRecord shows what a record says beside its bytes.
func readableRecord(r *Record) object {
	o := readableFields(reflect.ValueOf(*r))
	rec, err := codec.DecodeRecord(r.Bytes)
	if err != nil {
		return append(o, field{"undecodable", err.Error()})
	}
	o = append(o, field{"kind", rec.Kind.String()})
	body, err := ReadableBody(rec.Kind, rec.Body)
	return append(o, opened("body", body, err))
}

// opened is a decoded part, or why it could not be decoded.
func opened(name string, v any, err error) field {
	if err != nil {
		return field{"undecodable", err.Error()}
	}
	return field{name, Readable(v)}
}

// ReadableBody returns the body of a record as people read it. The parts of a genesis
// are decoded too.
func ReadableBody(kind codec.Kind, data []byte) (any, error) {
	var body any
	switch kind {
	case codec.KindGenesis:
		return readableGenesis(data)
	case codec.KindSettlement:
		body = new(codec.Settlement)
	case codec.KindPolicy:
		body = new(codec.Policy)
	case codec.KindParty:
		body = new(codec.Party)
	case codec.KindEvent:
		body = new(codec.Event)
	case codec.KindDispute:
		body = new(codec.Dispute)
	case codec.KindAdjustment:
		body = new(codec.Adjustment)
	case codec.KindCycle:
		body = new(codec.Cycle)
	case codec.KindAudit:
		body = new(codec.Audit)
	default:
		return data, nil
	}
	if err := codec.Decode(data, body); err != nil {
		return nil, err
	}
	return Readable(body), nil
}

func readableGenesis(data []byte) (any, error) {
	g := new(codec.Genesis)
	if err := codec.Decode(data, g); err != nil {
		return nil, err
	}
	o := readableFields(reflect.ValueOf(*g))
	for i := range o {
		switch o[i].name {
		case "parties":
			parties := []any{}
			for _, b := range g.Parties {
				p := new(codec.Party)
				parties = append(parties, opened("", p, codec.Decode(b, p)).value)
			}
			o[i].value = parties
		case "policy":
			p := new(codec.Policy)
			o[i].value = opened("", p, codec.Decode(g.Policy, p)).value
		}
	}
	return o, nil
}

// snake returns a field's name in the style of the formats: RetainUntil is
// retain_until, SamplePPM is sample_ppm.
func snake(name string) string {
	var b bytes.Buffer
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

// Names of numbers that have no String of their own.
var (
	operations = [...]string{"", "register", "add-key", "revoke-key", "suspend", "reinstate", "exit", "payee", "weight", "cap"}
	uses       = [...]string{"", "owner", "agent", "submit", "checkpoint", "node"}
	outcomes   = [...]string{"appended", "repeated", "refused"}
	sides      = [...]string{"", "credit", "debit"}
)

func nameOf(names []string, n uint64, what string) string {
	if n < uint64(len(names)) && names[n] != "" {
		return names[n]
	}
	return fmt.Sprintf("%s %d", what, n)
}
