package export

import (
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"slices"
	"strconv"

	"github.com/forgepool/settle/codec"
	"github.com/forgepool/settle/codec/readable"
)

// jsonLines writes every record, decoded, one a line.
type jsonLines struct{}

// Head implements Format.
func (jsonLines) Head() []byte { return nil }

// Append implements Format: index, leaf, kind, signatures, body and record, in this order.
func (jsonLines) Append(b []byte, r *Record, _ Blobs) (_ []byte, err error) {
	b = slices.Grow(b, 4*len(r.Bytes)) // hex, base64 and names
	b = strconv.AppendUint(append(b, `{"index":`...), r.Index, 10)
	b = appendMember(b, "leaf", r.Leaf[:])
	b = append(append(append(b, `,"kind":"`...), r.Kind.String()...), '"')
	for i := range r.Signatures {
		if i == 0 {
			b = append(b, `,"signatures":[`...)
		}
		if b, err = lines.Append(b, &r.Signatures[i]); err != nil {
			return nil, err
		}
		b = append(b, ',')
	}
	if len(r.Signatures) > 0 {
		b[len(b)-1] = ']'
	}
	if b, err = lines.AppendBody(append(b, `,"body":`...), r.Kind, r.Body); err != nil {
		return nil, contradiction(r.Index, "%v", err)
	}
	return appendBase64(append(b, `,"record":"`...), r.Bytes), nil
}

// appendMember appends a member whose value is hex.
func appendMember(b []byte, name string, value []byte) []byte {
	b = append(append(append(b, `,"`...), name...), `":"`...)
	return append(appendHex(b, value), '"')
}

// appendBase64 appends the rest of a line: the bytes of a record in base64.
func appendBase64(b, data []byte) []byte {
	return append(base64.StdEncoding.AppendEncode(b, data), "\"}\n"...)
}

// lines writes in the form of a line.
var lines = readable.NewEncoder(plain, plainText)

// plainText is the short way to what plain says.
func plainText(b []byte, p any) ([]byte, bool) {
	var data []byte
	switch x := p.(type) {
	case *codec.Hash:
		data = x[:]
	case *codec.ID:
		data = x[:]
	case *codec.Sig:
		data = x[:]
	case *[]byte:
		data = *x
	default:
		return b, false
	}
	return append(appendHex(append(b, '"'), data), '"'), true
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
