package export

import (
	"encoding/hex"
	"fmt"

	"github.com/forgepool/settle/codec"
	"github.com/forgepool/settle/codec/readable"
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
		l.Signatures = append(l.Signatures, plain.Value(r.Signatures[i]))
	}
	return appendJSON(b, l)
}

// decodeBody decodes a body into what stands in the line.
func decodeBody(r *Record) (any, error) {
	body, err := plain.Body(r.Kind, r.Body)
	if err != nil {
		return nil, contradiction(r.Index, "%v", err)
	}
	return body, nil
}

// plain is the form of a line: hashes, ids, signatures and bytes in hex, roles and states by
// name, other numbers as numbers. It loses nothing.
var plain readable.Form = func(v any) (any, bool) {
	switch x := v.(type) {
	case []byte:
		return hex.EncodeToString(x), true
	case codec.Beacon:
		if !x.Present {
			return readable.Object{}, true
		}
		return readable.Object{{Name: "chain", Value: x.Chain.String()}, {Name: "genesis", Value: x.Genesis}, {Name: "period", Value: x.Period}}, true
	case fmt.Stringer:
		return x.String(), true
	}
	return nil, false
}
