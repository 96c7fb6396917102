package export

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"

	"github.com/forgepool/settle/codec"
)

// label returns the values of a label, ascending, joined by commas; empty if there is none.
func (o *opened) label(name string) string {
	for i := range o.labels {
		if o.labels[i].Label == name {
			values, _ := valuesOf(o.labels[i:])
			return values
		}
	}
	return ""
}

// valuesOf joins the values of the first of sorted labels and returns how many rows they are.
func valuesOf(labels []codec.Label) (values string, n int) {
	values = labels[0].Value
	for n = 1; n < len(labels) && labels[n].Label == labels[0].Label; n++ {
		values += "," + labels[n].Value
	}
	return values, n
}

// tags returns the labels as a JSON object, names ascending; empty without labels.
func (o *opened) tags() string {
	if len(o.labels) == 0 {
		return ""
	}
	b := make([]byte, 0, 128)
	for rest := o.labels; len(rest) > 0; {
		values, n := valuesOf(rest)
		b = appendText(append(b, ','), rest[0].Label)
		b = appendText(append(b, ':'), values)
		rest = rest[n:]
	}
	b[0] = '{'
	return string(append(b, '}'))
}

// appendText appends a text as JSON; what HTML would escape stays as it is.
func appendText(b []byte, text string) []byte {
	plain := true
	for _, c := range []byte(text) {
		plain = plain && c >= ' ' && c <= '~' && c != '"' && c != '\\'
	}
	if plain {
		return append(append(append(b, '"'), text...), '"')
	}
	var quoted bytes.Buffer
	e := json.NewEncoder(&quoted)
	e.SetEscapeHTML(false)
	if err := e.Encode(text); err != nil {
		panic(fmt.Sprintf("export: a text as JSON: %v", err))
	}
	return append(b, bytes.TrimSuffix(quoted.Bytes(), []byte("\n"))...)
}

// programNames are what rows say of a program, kept for the next settlement with the same.
type programNames struct {
	of      codec.Program
	id      codec.Hash
	service string
}

// names returns the names of a program.
func (o *opened) names() *programNames {
	p := &o.Program
	pointed := p.Code != nil || p.Fuel != nil || p.Pages != nil // into room whose content changes
	if n := &o.program; pointed || n.service == "" || n.of != *p {
		*n = programNames{*p, codec.ProgramID(p), p.Family + "@" + strconv.FormatUint(p.Version, 10)}
	}
	return &o.program
}
