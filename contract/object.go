package contract

import (
	"encoding"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/forgepool/settle/codec"
)

// object takes the fields of a JSON object one by one. The first thing wrong in a
// line sticks, in the error that all its objects share; what was not taken by the end
// is unknown.
type object struct {
	*fields
	path  string
	err   **Error
	taken []bool
}

func newObject(f *fields, path string, err **Error) *object {
	return &object{f, path, err, make([]bool, len(f.names))}
}

func (o *object) fail(code Code, name, format string, args ...any) {
	if *o.err == nil {
		*o.err = fault(code, member(o.path, name), format, args...)
	}
}

// take returns a field, and whether it is there.
func (o *object) take(name string) (value, bool) {
	if i := slices.Index(o.names, name); i >= 0 {
		o.taken[i] = true
		return o.values[i], true
	}
	return nil, false
}

// need returns a field that must be there.
func (o *object) need(name string) value {
	v, ok := o.take(name)
	if !ok {
		o.fail(CodeMissingField, name, "must be there")
	}
	return v
}

func (o *object) has(name string) bool { return slices.Contains(o.names, name) }

func (o *object) hasAny(names []string) bool { return slices.ContainsFunc(names, o.has) }

// end fails if a field was not taken.
func (o *object) end() {
	for i, name := range o.names {
		if !o.taken[i] {
			o.fail(CodeUnknownField, name, "no such field")
		}
	}
}

// typed returns a field of type T, or fails.
func typed[T any](o *object, name, want string) (v T) {
	raw := o.need(name)
	v, ok := raw.(T)
	if !ok {
		o.fail(CodeBadValue, name, "%s expected, got %s", want, kindOf(raw))
	}
	return v
}

// text returns a text of 1 to MaxText bytes.
func (o *object) text(name string) string {
	s := typed[string](o, name, "text")
	if s == "" || len(s) > MaxText {
		o.fail(CodeBadValue, name, "1 to %d bytes expected, got %d", MaxText, len(s))
	}
	return s
}

// optionalText is text, with "" for a field that is not there or empty.
func (o *object) optionalText(name string) string {
	if v, ok := o.get(name); !ok || v == "" {
		o.take(name)
		return ""
	}
	return o.text(name)
}

// oneOf returns a text of a list.
func (o *object) oneOf(name string, list ...string) string {
	s := typed[string](o, name, "text")
	if !slices.Contains(list, s) {
		o.fail(CodeBadValue, name, "%q is none of %s", s, strings.Join(list, ", "))
	}
	return s
}

func (o *object) boolean(name string) bool { return typed[bool](o, name, "true or false") }

// uint returns an integer of 0 to limit, written without sign, fraction and exponent.
func (o *object) uint(name string, limit uint64) uint64 {
	return o.number(name, typed[json.Number](o, name, "an integer"), limit)
}

func (o *object) number(name string, n json.Number, limit uint64) uint64 {
	v, err := strconv.ParseUint(string(n), 10, 64)
	if err != nil || v > limit {
		o.fail(CodeBadValue, name, "an integer from 0 to %d expected, got %s", limit, n)
	}
	return v
}

// int returns a signed integer.
func (o *object) int(name string) int64 {
	n := typed[json.Number](o, name, "an integer")
	v, err := strconv.ParseInt(string(n), 10, 64)
	if err != nil {
		o.fail(CodeBadValue, name, "an integer below 2^63 in size expected, got %s", n)
	}
	return v
}

// optionalUint is uint, with 0 for a field that is not there.
func (o *object) optionalUint(name string, limit uint64) uint64 {
	if !o.has(name) {
		return 0
	}
	return o.uint(name, limit)
}

// object returns an object that must be there.
func (o *object) object(name string) *object {
	return o.inner(name, typed[*fields](o, name, "an object"))
}

// inner reads a value as an object; a value of another type fails and gives an empty
// one.
func (o *object) inner(name string, v value) *object {
	f, ok := v.(*fields)
	if !ok || f == nil {
		o.fail(CodeBadValue, name, "an object expected, got %s", kindOf(v))
		f = new(fields)
	}
	return newObject(f, member(o.path, name), o.err)
}

// optionalObject is object, nil if it is not there.
func (o *object) optionalObject(name string) *object {
	if !o.has(name) {
		return nil
	}
	return o.object(name)
}

// list returns a list of at most limit elements.
func (o *object) list(name string, limit int) []value {
	list := typed[[]value](o, name, "a list")
	if len(list) > limit {
		o.fail(CodeTooLarge, name, "%d elements, at most %d", len(list), limit)
		return nil
	}
	return list
}

// objects returns a list of objects.
func (o *object) objects(name string, limit int) []*object {
	list := o.list(name, limit)
	out := make([]*object, 0, len(list))
	for i, v := range list {
		out = append(out, o.inner(fmt.Sprintf("%s[%d]", name, i), v))
	}
	return out
}

// optionalObjects is objects, none if the list is not there.
func (o *object) optionalObjects(name string, limit int) []*object {
	if !o.has(name) {
		return nil
	}
	return o.objects(name, limit)
}

// hex reads a field of a fixed number of lower-case hex digits.
func (o *object) hex(name string, into encoding.TextUnmarshaler) {
	s := typed[string](o, name, "hex")
	if err := into.UnmarshalText([]byte(s)); err != nil {
		o.fail(CodeBadValue, name, "%v", err)
	} else if s != strings.ToLower(s) {
		o.fail(CodeBadValue, name, "hex in capitals")
	}
}

func (o *object) id(name string) (x codec.ID)     { o.hex(name, &x); return }
func (o *object) hash(name string) (x codec.Hash) { o.hex(name, &x); return }

// optionalHash is hash, zero if the field is not there.
func (o *object) optionalHash(name string) (x codec.Hash) {
	if o.has(name) {
		x = o.hash(name)
	}
	return x
}

// blob reads {"hash": hex, "size": bytes}.
func (o *object) blob(name string) codec.Blob {
	b := o.object(name)
	defer b.end()
	return codec.Blob{Hash: b.hash("hash"), Size: b.uint("size", codec.MaxAmount)}
}

// blobs reads a list of blobs, none if it is not there.
func (o *object) blobs(name string, limit int) []codec.Blob {
	var list []codec.Blob
	for _, b := range o.optionalObjects(name, limit) {
		list = append(list, codec.Blob{Hash: b.hash("hash"), Size: b.uint("size", codec.MaxAmount)})
		b.end()
	}
	return list
}
