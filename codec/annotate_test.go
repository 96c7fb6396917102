package codec

import (
	"fmt"
	"reflect"
	"strconv"
	"strings"
)

// item writes the lines of one item of type typ, called name.
func (a *annotator) item(typ reflect.Type, name string, depth int) {
	for typ.Kind() == reflect.Pointer {
		typ = typ.Elem()
	}
	from := a.r.off
	switch a.r.Peek() {
	case MajorUint:
		v := a.r.Uint()
		a.line(depth, from, strings.TrimSpace(fmt.Sprintf("%s unsigned(%d)%s", name, v, meaning(typ, v))))
	case MajorBytes:
		v := a.r.Bytes(1 << 20)
		a.line(depth, from, strings.TrimSpace(fmt.Sprintf("%s bytes(%d)", name, len(v))))
	case MajorText:
		v := a.r.Text(1 << 20)
		a.line(depth, from, strings.TrimSpace(fmt.Sprintf("%s text(%d) %q", name, len(v), v)))
	case MajorArray:
		a.array(typ, name, depth)
	case MajorMap:
		a.pairs(typ, name, depth)
	default:
		panic("not an item of the formats")
	}
}

// meaning returns the name of a value that has one.
func meaning(typ reflect.Type, v uint64) string {
	if typ.Kind() != reflect.Uint8 || !typ.Implements(reflect.TypeFor[fmt.Stringer]()) {
		return ""
	}
	x := reflect.New(typ).Elem()
	x.SetUint(v)
	return " " + x.Interface().(fmt.Stringer).String()
}

func (a *annotator) array(typ reflect.Type, name string, depth int) {
	from := a.r.off
	n := a.r.Array(1 << 20)
	a.line(depth, from, strings.TrimSpace(fmt.Sprintf("%s array(%d)", name, n)))
	for i := range n {
		element, label := reflect.TypeFor[any](), strconv.Itoa(i)
		switch {
		case typ == reflect.TypeFor[Beacon]():
			label = [...]string{"Chain", "Genesis", "Period"}[i]
		case typ.Kind() == reflect.Struct:
			element, label = typ.Field(i+1).Type, typ.Field(i+1).Name
		case typ.Kind() == reflect.Slice:
			element = typ.Elem()
		}
		a.item(element, label+":", depth+1)
	}
}

func (a *annotator) pairs(typ reflect.Type, name string, depth int) {
	from := a.r.off
	n := a.r.Map(64)
	a.line(depth, from, strings.TrimSpace(fmt.Sprintf("%s map(%d)", name, n)))
	for range n {
		from := a.r.off
		key := a.r.Uint()
		field := fieldOf(typ, key)
		a.line(depth+1, from, fmt.Sprintf("key %d: %s", key, field.Name))
		a.item(field.Type, "", depth+2)
	}
}

// fieldOf returns the field with this key.
func fieldOf(typ reflect.Type, key uint64) reflect.StructField {
	for i := range typ.NumField() {
		tag, _, _ := strings.Cut(typ.Field(i).Tag.Get("cbor"), ",")
		if tag == strconv.FormatUint(key, 10) {
			return typ.Field(i)
		}
	}
	panic(fmt.Sprintf("%v has no key %d", typ, key))
}
