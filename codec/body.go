package codec

import "fmt"

// Header holds the keys 1-4 that every body begins with (records.md section 3).
type Header struct {
	ID     ID     // idempotency key, unique per author
	At     uint64 // author's time, Unix milliseconds
	Cycle  uint64 // billing cycle
	Author ID     // party
}

// Body is the body of a record of any kind.
type Body interface {
	// Header returns the common keys.
	Header() Header
}

// NewBody returns an empty body of the kind, nil for an unknown kind.
func NewBody(kind Kind) Body {
	switch kind {
	case KindGenesis:
		return new(Genesis)
	case KindSettlement:
		return new(Settlement)
	case KindPolicy:
		return new(Policy)
	case KindParty:
		return new(Party)
	case KindEvent:
		return new(Event)
	case KindDispute:
		return new(Dispute)
	case KindAdjustment:
		return new(Adjustment)
	case KindCycle:
		return new(Cycle)
	case KindAudit:
		return new(Audit)
	default:
		return nil
	}
}

// EncodeBody returns the canonical bytes of a body, a pointer to one of the types
// that NewBody makes.
func EncodeBody(body Body) []byte {
	switch x := body.(type) {
	case *Settlement:
		return EncodeSettlement(x)
	case *Event:
		return EncodeEvent(x)
	default:
		return Encode(body)
	}
}

// DecodeBody reads the body of a record. Errors wrap ErrNotCanonical or ErrTooLarge,
// and ErrUnknownKind.
func DecodeBody(kind Kind, data []byte) (Body, error) {
	body := NewBody(kind)
	if body == nil {
		return nil, fmt.Errorf("%w: %w %d", ErrNotCanonical, ErrUnknownKind, kind)
	}
	var err error
	switch x := body.(type) {
	case *Settlement:
		err = DecodeSettlement(data, x)
	case *Event:
		err = DecodeEvent(data, x)
	default:
		err = Decode(data, body)
	}
	if err != nil {
		return nil, fmt.Errorf("%v: %w", kind, err)
	}
	return body, nil
}

// DecodeHeader reads only the common keys, which stand at the same place in every
// kind. It does not look at the bytes after them: a body with a readable header may
// still be malformed. Errors wrap ErrNotCanonical or ErrTooLarge, and
// ErrUnknownKind.
func DecodeHeader(kind Kind, data []byte) (Header, error) {
	var h Header
	if kind >= Kinds {
		return h, fmt.Errorf("%w: %w %d", ErrNotCanonical, ErrUnknownKind, kind)
	}
	if err := checkSize("body", len(data), MaxRecord); err != nil {
		return h, err
	}
	r := NewReader(data)
	f := r.fields(maxPairs)
	f.header(&h.ID, &h.At, &h.Cycle, &h.Author)
	return h, r.Err()
}
