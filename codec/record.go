package codec

import "fmt"

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

// Header holds the keys 1-4 that every body begins with (records.md section 3).
type Header struct {
	ID     ID     // idempotency key, unique per author
	At     uint64 // author's time, Unix milliseconds
	Cycle  uint64 // billing cycle
	Author ID     // party
}

// EncodeRecord returns the record's bytes: what the log holds and hashes.
func EncodeRecord(r *Record) []byte {
	pairs := 3
	if len(r.Signatures) > 0 {
		pairs = 4
	}
	b := make([]byte, 0, 16+len(r.Body)+len(r.Signatures)*108)
	b = AppendMap(b, pairs)
	b = AppendUint(AppendUint(b, 1), r.Version)
	b = AppendUint(AppendUint(b, 2), uint64(r.Kind))
	b = AppendBytes(AppendUint(b, 3), r.Body)
	if pairs == 4 {
		b = AppendArray(AppendUint(b, 4), len(r.Signatures))
		for i := range r.Signatures {
			b = appendSignature(b, &r.Signatures[i])
		}
	}
	return b
}

func appendSignature(b []byte, s *Signature) []byte {
	b = AppendBytes(AppendArray(b, 3), s.Key[:])
	return AppendBytes(AppendUint(b, s.Alg), s.Sig[:])
}

// DecodeRecord reads a record's envelope; Body aliases data. The body is not looked
// into. Errors wrap ErrNotCanonical.
func DecodeRecord(data []byte) (Record, error) {
	var rec Record
	if len(data) > MaxRecord {
		return rec, fmt.Errorf("%w: record of %d bytes, at most %d", ErrNotCanonical, len(data), MaxRecord)
	}
	r := NewReader(data)
	pairs := r.Map(4)
	r.Key(1)
	rec.Version = r.Uint()
	r.Key(2)
	kind := r.Uint()
	r.Key(3)
	rec.Body = r.Bytes(MaxRecord)
	if kind > uint64(KindAudit) {
		r.Fail("unknown kind")
	}
	rec.Kind = Kind(kind)
	if rec.Version != 1 {
		r.Fail("unknown version")
	}
	if pairs == 4 {
		readSignatures(&r, &rec)
	} else if pairs != 3 {
		r.Fail("missing key")
	}
	return rec, r.Done()
}

func readSignatures(r *Reader, rec *Record) {
	r.Key(4)
	n := r.Array(MaxSignatures)
	if r.Err() == nil && n == 0 {
		r.Fail("empty list of signatures")
	}
	if r.Err() != nil {
		return
	}
	rec.Signatures = make([]Signature, n)
	for i := range rec.Signatures {
		s := &rec.Signatures[i]
		if r.Array(3) != 3 {
			r.Fail("signature is not [key, alg, signature]")
		}
		r.Fixed(s.Key[:])
		s.Alg = r.Uint()
		r.Fixed(s.Sig[:])
		if i > 0 && string(rec.Signatures[i-1].Key[:]) >= string(s.Key[:]) {
			r.Fail("signatures not ascending by key")
		}
	}
}
