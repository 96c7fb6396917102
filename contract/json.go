package contract

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// Limits on lines. Reasons stand beside the numbers.
const (
	// MaxContractLine bounds a contract: the largest arguments in base64, and the
	// rest.
	MaxContractLine = 256 << 10
	// MaxResultLine bounds a results line: 4,096 shards of about 1,000 characters,
	// 8,192 inputs of about 120, and room for arguments.
	MaxResultLine = 16 << 20
	// MaxLines bounds the lines of a file, for the memory of what is kept of each.
	MaxLines = 1_000_000
	// MaxText bounds ids and other short texts, in bytes: that of a label.
	MaxText = 255

	maxDepth = 12
)

// value is a JSON value that was read: string, json.Number, bool, nil, []value or
// *fields.
type value any

// fields are the members of a JSON object in their order.
type fields struct {
	names  []string
	values []value
}

// parseLine reads one line as one JSON object. Nothing else may follow, no field may
// stand twice in an object, and text must be Unicode: where a decoder would put the
// replacement character, two texts could become one.
func parseLine(line []byte, limit int) (*fields, *Error) {
	if len(line) > limit {
		return nil, fault(CodeTooLarge, "", "a line of %d bytes, at most %d", len(line), limit)
	}
	if !utf8.Valid(line) {
		return nil, fault(CodeBadJSON, "", "not UTF-8")
	}
	p := &parser{json.NewDecoder(bytes.NewReader(line))}
	p.UseNumber()
	v, err := p.value("", 0)
	if err != nil {
		return nil, err
	}
	if _, err := p.Token(); !errors.Is(err, io.EOF) {
		return nil, fault(CodeBadJSON, "", "something follows the object")
	}
	f, ok := v.(*fields)
	if !ok {
		return nil, fault(CodeBadJSON, "", "not an object")
	}
	return f, nil
}

type parser struct{ *json.Decoder }

func (p *parser) value(path string, depth int) (value, *Error) {
	token, err := p.Token()
	if err != nil {
		return nil, fault(CodeBadJSON, path, "%v", err)
	}
	if depth > maxDepth {
		return nil, fault(CodeTooLarge, path, "nested more than %d deep", maxDepth)
	}
	switch t := token.(type) {
	case json.Delim:
		if t == '[' {
			return p.list(path, depth)
		}
		return p.object(path, depth)
	case string:
		if strings.ContainsRune(t, utf8.RuneError) {
			return nil, fault(CodeBadJSON, path, "text with a broken or replaced character")
		}
	}
	return token, nil
}

func (p *parser) list(path string, depth int) (value, *Error) {
	list := []value{}
	for p.More() {
		v, err := p.value(element(path, len(list)), depth+1)
		if err != nil {
			return nil, err
		}
		list = append(list, v)
	}
	return list, p.end(path)
}

func (p *parser) object(path string, depth int) (value, *Error) {
	f := new(fields)
	for p.More() {
		name, err := p.name(path)
		if err != nil {
			return nil, err
		}
		if _, ok := f.get(name); ok {
			return nil, fault(CodeDoubledField, member(path, name), "stands twice")
		}
		v, err := p.value(member(path, name), depth+1)
		if err != nil {
			return nil, err
		}
		f.names, f.values = append(f.names, name), append(f.values, v)
		if len(f.names) > maxFields {
			return nil, fault(CodeTooLarge, path, "more than %d fields", maxFields)
		}
	}
	return f, p.end(path)
}

// maxFields bounds the fields of one object; finding a name in them is a walk.
const maxFields = 64

func (p *parser) name(path string) (string, *Error) {
	token, err := p.Token()
	if err != nil {
		return "", fault(CodeBadJSON, path, "%v", err)
	}
	name := token.(string) // the decoder accepts nothing else here
	if len(name) > MaxText || strings.ContainsRune(name, utf8.RuneError) {
		return "", fault(CodeUnknownField, path, "a name that is no field of the format")
	}
	return name, nil
}

func (p *parser) end(path string) *Error {
	if _, err := p.Token(); err != nil {
		return fault(CodeBadJSON, path, "%v", err)
	}
	return nil
}

func (f *fields) get(name string) (value, bool) {
	for i := range f.names {
		if f.names[i] == name {
			return f.values[i], true
		}
	}
	return nil, false
}

// member returns the path of a field of an object; name "" is the object itself.
func member(path, name string) string {
	if path == "" || name == "" {
		return path + name
	}
	return path + "." + name
}

func element(path string, i int) string { return fmt.Sprintf("%s[%d]", path, i) }

// kindOf names the type of a value.
func kindOf(v value) string {
	switch v.(type) {
	case string:
		return "text"
	case json.Number:
		return "a number"
	case bool:
		return "true or false"
	case []value:
		return "a list"
	case *fields:
		return "an object"
	}
	return "null"
}
