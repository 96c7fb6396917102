package readable

import (
	"encoding/json"
	"reflect"
	"strconv"
	"strings"
	"sync"

	"github.com/forgepool/settle/codec"
)

// Text appends the JSON of a value that has a short way to it; false, and nothing appended,
// for all others. The value is what p points to.
type Text func(b []byte, p any) ([]byte, bool)

// Encoder writes values as JSON without building what stands for them: for many values of
// few types. Its text is what json.Marshal makes of Form.Value. It may be used concurrently.
type Encoder struct {
	form  Form
	text  Text
	plans sync.Map // of *plan by reflect.Type
}

// NewEncoder returns an encoder in a form. The form is not asked about predeclared types. The
// text, if there is one, is asked before the form and must agree with it.
func NewEncoder(form Form, text Text) *Encoder { return &Encoder{form: form, text: text} }

// plan is what a struct type says about its fields.
type plan []planned

type planned struct {
	index  int
	name   string // with quotes and colon
	omit   bool   // when it is zero
	quoted bool
}

// plan returns the plan of a type, made once.
func (e *Encoder) plan(t reflect.Type) plan {
	if known, ok := e.plans.Load(t); ok {
		return *known.(*plan)
	}
	var p plan
	for i := range t.NumField() {
		if f, ok := fieldOf(t.Field(i)); ok {
			p = append(p, planned{i, strconv.Quote(f.name) + ":", f.omit, f.quoted})
		}
	}
	e.plans.Store(t, &p)
	return p
}

// Append appends a value as JSON. Errors: those of json.Marshal.
func (e *Encoder) Append(b []byte, v any) ([]byte, error) { return e.value(b, reflect.ValueOf(v)) }

// AppendBody appends the body of a record. Errors: those of codec.DecodeBody.
func (e *Encoder) AppendBody(b []byte, kind codec.Kind, data []byte) ([]byte, error) {
	if kind == codec.KindGenesis { // bodies in a body, once a ledger
		body, err := e.form.Body(kind, data)
		if err != nil {
			return nil, err
		}
		return appendMarshal(b, body)
	}
	body, err := codec.DecodeBody(kind, data)
	if err != nil {
		return nil, err
	}
	return e.Append(b, body)
}

func (e *Encoder) value(b []byte, v reflect.Value) ([]byte, error) {
	switch v.Kind() {
	case reflect.Invalid:
		return append(b, "null"...), nil
	case reflect.Pointer:
		return e.value(b, v.Elem())
	}
	if v.Type().PkgPath() == "" {
		switch v.Kind() {
		case reflect.Uint64:
			return strconv.AppendUint(b, v.Uint(), 10), nil
		case reflect.String:
			return AppendString(b, v.String())
		}
	}
	if e.text != nil && v.CanAddr() {
		if b, ok := e.text(b, v.Addr().Interface()); ok {
			return b, nil
		}
	}
	if x, ok := e.form(v.Interface()); ok {
		return appendMarshal(b, x)
	}
	switch v.Kind() {
	case reflect.Struct:
		return e.fields(b, v)
	case reflect.Slice:
		return e.list(b, v)
	}
	return appendMarshal(b, v.Interface())
}

func (e *Encoder) fields(b []byte, v reflect.Value) ([]byte, error) {
	b = append(b, '{')
	first := len(b)
	for _, f := range e.plan(v.Type()) {
		x := v.Field(f.index)
		if x.Kind() == reflect.Pointer && x.IsNil() || f.omit && x.IsZero() {
			continue
		}
		if len(b) > first {
			b = append(b, ',')
		}
		var err error
		if b = append(b, f.name...); f.quoted {
			b, err = appendMarshal(b, quoted(e.form.value(x)))
		} else {
			b, err = e.value(b, x)
		}
		if err != nil {
			return nil, err
		}
	}
	return append(b, '}'), nil
}

func (e *Encoder) list(b []byte, v reflect.Value) ([]byte, error) {
	b = append(b, '[')
	for i := range v.Len() {
		if i > 0 {
			b = append(b, ',')
		}
		var err error
		if b, err = e.value(b, v.Index(i)); err != nil {
			return nil, err
		}
	}
	return append(b, ']'), nil
}

// AppendString appends a text as json.Marshal writes it. The error is always nil.
func AppendString(b []byte, text string) ([]byte, error) {
	for _, c := range []byte(text) {
		if c < ' ' || c > '~' || strings.IndexByte(`"\<>&`, c) >= 0 {
			return appendMarshal(b, text)
		}
	}
	return append(append(append(b, '"'), text...), '"'), nil
}

func appendMarshal(b []byte, v any) ([]byte, error) {
	data, err := json.Marshal(v)
	return append(b, data...), err
}
