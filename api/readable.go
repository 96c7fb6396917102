package api

import (
	"encoding/json"
	"fmt"

	"github.com/forgepool/settle/codec"
	"github.com/forgepool/settle/codec/readable"
)

// Readable returns an answer, or a decoded body of a record, as people read it in JSON
// (docs/formats/http.md section 1): fields in their order, absent ones left out, names
// instead of numbers that stand for something, and records and policies decoded beside
// their bytes. Programs read CBOR.
func Readable(v any) any { return readable.Form(people).Value(v) }

// ReadableBody returns the body of a record as people read it. The parts of a genesis
// are decoded too. The error is about bytes that are none.
func ReadableBody(kind codec.Kind, data []byte) (any, error) {
	return readable.Form(people).Body(kind, data)
}

// people is the form that people read.
func people(v any) (any, bool) {
	switch x := v.(type) {
	case json.Marshaler:
		return x, true
	case Record:
		return readableRecord(&x), true
	case Policy:
		body, err := ReadableBody(codec.KindPolicy, x.Body)
		return append(readable.Form(people).Fields(x), opened("policy", body, err)), true
	case Checkpoint:
		return readable.Object{{Name: "size", Value: x.Size}, {Name: "note_a", Value: string(x.NoteA)}, {Name: "note_b", Value: string(x.NoteB)}}, true
	case codec.Program:
		return fmt.Sprintf("%s@%d %s", x.Family, x.Version, x.Profile), true
	case codec.PartyOp:
		return nameOf(operations[:], uint64(x), "operation"), true
	case codec.Use:
		return nameOf(uses[:], uint64(x), "use"), true
	case codec.OutcomeKind:
		return nameOf(outcomes[:], uint64(x), "outcome"), true
	case codec.Side:
		return nameOf(sides[:], uint64(x), "side"), true
	case fmt.Stringer:
		return x.String(), true
	case []byte:
		return x, true // base64
	}
	return nil, false
}

// readableRecord shows what a record says beside its bytes.
func readableRecord(r *Record) readable.Object {
	o := readable.Form(people).Fields(r)
	rec, err := codec.DecodeRecord(r.Bytes)
	if err != nil {
		return append(o, undecodable(err))
	}
	o = append(o, readable.Member{Name: "kind", Value: rec.Kind.String()})
	body, err := ReadableBody(rec.Kind, rec.Body)
	return append(o, opened("body", body, err))
}

// opened returns the member for a decoded part, or why it could not be decoded.
func opened(name string, v any, err error) readable.Member {
	if err != nil {
		return undecodable(err)
	}
	return readable.Member{Name: name, Value: v}
}

func undecodable(err error) readable.Member {
	return readable.Member{Name: "undecodable", Value: err.Error()}
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
