package codec

import (
	"bytes"
	"fmt"
)

// Record is one log leaf (records.md section 1): an envelope around a body.
type Record struct {
	Version    uint64      `cbor:"1,keyasint"`           // 1
	Kind       Kind        `cbor:"2,keyasint"`           //
	Body       []byte      `cbor:"3,keyasint"`           // canonical CBOR of the kind's body
	Signatures []Signature `cbor:"4,keyasint,omitempty"` // ascending by key; absent for kinds 1 and 4
}

// Signature is one owner signature on a record: Ed25519 over RecordDigest.
type Signature struct {
	_   struct{} `cbor:",toarray"`
	Key Hash     // key id
	Alg uint64   // 1 = Ed25519
	Sig Sig
}

// EncodeRecord returns the record's bytes: what the log holds and hashes.
func EncodeRecord(r *Record) []byte {
	return AppendRecord(make([]byte, 0, 16+len(r.Body)+len(r.Signatures)*108), r)
}

// AppendRecord appends the record's bytes.
func AppendRecord(b []byte, r *Record) []byte {
	b = AppendMap(b, 3+present(len(r.Signatures) > 0))
	b = appendUintAt(appendUintAt(b, 1, r.Version), 2, uint64(r.Kind))
	b = AppendBytes(appendKey(b, 3), r.Body)
	if len(r.Signatures) == 0 {
		return b
	}
	b = AppendArray(appendKey(b, 4), len(r.Signatures))
	for i := range r.Signatures {
		s := &r.Signatures[i]
		b = AppendUint(appendHash(AppendArray(b, 3), &s.Key), s.Alg)
		b = AppendBytes(b, s.Sig[:])
	}
	return b
}

// DecodeRecord reads a record's envelope; Body aliases data. The body is not looked
// into. Errors wrap ErrNotCanonical or ErrTooLarge, and ErrUnknownKind for a kind
// that version 1 does not know.
func DecodeRecord(data []byte) (Record, error) {
	var rec Record
	if err := checkSize("record", len(data), MaxRecord); err != nil {
		return rec, err
	}
	r := NewReader(data)
	f := r.fields(4)
	rec.Version = f.uintAt(1)
	f.at(2)
	rec.Kind = Kind(f.small())
	f.at(3)
	rec.Body = f.Bytes(MaxRecord)
	if f.has(4) {
		rec.Signatures = r.signatures()
	}
	f.end()
	if err := r.Done(); err != nil {
		return rec, err
	}
	return rec, rec.check()
}

func (r *Reader) signatures() []Signature {
	n := r.list(MaxSignatures, 102)
	if r.err == nil && n == 0 {
		r.Fail("empty list of signatures")
	}
	list := make([]Signature, n)
	for i := range list {
		s := &list[i]
		r.tuple(3)
		r.hash(&s.Key)
		s.Alg = r.Uint()
		r.Fixed(s.Sig[:])
	}
	return list
}

// check holds the rules of the envelope.
func (rec *Record) check() error {
	if rec.Version != 1 {
		return malformed("record of unknown version %d", rec.Version)
	}
	if rec.Kind >= Kinds {
		return fmt.Errorf("%w: %w %d", ErrNotCanonical, ErrUnknownKind, rec.Kind)
	}
	for i := 1; i < len(rec.Signatures); i++ {
		if bytes.Compare(rec.Signatures[i-1].Key[:], rec.Signatures[i].Key[:]) >= 0 {
			return malformed("signatures not ascending by key")
		}
	}
	return nil
}
