// Package readable turns decoded values into JSON for people: objects whose members keep
// the order of the fields, under names in the style of the formats, absent ones left out.
//
// Who uses it says in a Form how single values look. Nothing reads this JSON back: programs
// read the canonical bytes (docs/formats/http.md section 1, docs/formats/exports.md section 2).
package readable

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"unicode"
)

// Object is a JSON object that keeps the order of its members.
type Object []Member

// Member is a member of an object.
type Member struct {
	Name  string // of letters that JSON need not escape
	Value any
}

// MarshalJSON writes the members in order.
func (o Object) MarshalJSON() ([]byte, error) {
	b := []byte{'{'}
	for i := range o {
		value, err := json.Marshal(o[i].Value)
		if err != nil {
			return nil, err
		}
		if i > 0 {
			b = append(b, ',')
		}
		b = append(append(strconv.AppendQuote(b, o[i].Name), ':'), value...)
	}
	return append(b, '}'), nil
}

// Set changes the value of a member that is there.
func (o Object) Set(name string, value any) {
	for i := range o {
		if o[i].Name == name {
			o[i].Value = value
		}
	}
}

// Form returns what stands for a value that is no pointer and does not look like the rest;
// false for all others.
type Form func(v any) (any, bool)

// Value returns what stands for a value: what the form says, else an object for a struct, a
// list for a slice, and itself for everything else. Pointers are followed; nil gives nil.
func (f Form) Value(v any) any { return f.value(reflect.ValueOf(v)) }

func (f Form) value(v reflect.Value) any {
	switch v.Kind() {
	case reflect.Invalid:
		return nil
	case reflect.Pointer:
		return f.value(v.Elem())
	}
	if x, ok := f(v.Interface()); ok {
		return x
	}
	switch v.Kind() {
	case reflect.Struct:
		return f.fields(v)
	case reflect.Slice:
		list := make([]any, v.Len())
		for i := range list {
			list[i] = f.value(v.Index(i))
		}
		return list
	}
	return v.Interface()
}

// Fields returns the fields of a struct, or of one that v points to: under the names of
// their json tags, else under their own names in the style of the formats. Pointers that are
// nil are left out, and so is what a tag of json or cbor leaves out when it is empty.
func (f Form) Fields(v any) Object { return f.fields(reflect.Indirect(reflect.ValueOf(v))) }

func (f Form) fields(v reflect.Value) Object {
	o := Object{}
	for i := range v.NumField() {
		t, ok := fieldOf(v.Type().Field(i))
		x := v.Field(i)
		if !ok || x.Kind() == reflect.Pointer && x.IsNil() || t.omit && x.IsZero() {
			continue
		}
		value := f.value(x)
		if t.quoted {
			value = quoted(value)
		}
		o = append(o, Member{t.name, value})
	}
	return o
}

// field is what a field's tags say.
type field struct {
	name   string
	omit   bool // when it is zero
	quoted bool // a text, whatever its type
}

// fieldOf reads the tags of a field; false if it is never shown.
func fieldOf(t reflect.StructField) (f field, ok bool) {
	name, options, _ := strings.Cut(t.Tag.Get("json"), ",")
	if !t.IsExported() || name == "-" {
		return field{}, false
	}
	if name == "" {
		name = snake(t.Name)
	}
	omit := strings.Contains(options, "omitempty") || strings.Contains(t.Tag.Get("cbor"), ",omitempty")
	return field{name, omit, strings.Contains(options, "string")}, true
}

func quoted(value any) string { return fmt.Sprint(value) }

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
