package codec

import (
	"bytes"
	"fmt"
	"reflect"

	"github.com/fxamacker/cbor/v2"
)

// encMode writes core deterministic CBOR; absent lists are written as empty ones.
var encMode = must(cbor.EncOptions{
	Sort:          cbor.SortCoreDeterministic,
	IndefLength:   cbor.IndefLengthForbidden,
	TagsMd:        cbor.TagsForbidden,
	NilContainers: cbor.NilContainerAsEmpty,
	NaNConvert:    cbor.NaNConvertReject,
	InfConvert:    cbor.InfConvertReject,
	BigIntConvert: cbor.BigIntConvertReject,
}.EncMode())

// decMode is as strict as the library can be. It still accepts long integer forms,
// unsorted keys and null, so Decode compares the re-encoded value with the input.
var decMode = must(cbor.DecOptions{
	DupMapKey:                cbor.DupMapKeyEnforcedAPF,
	IndefLength:              cbor.IndefLengthForbidden,
	TagsMd:                   cbor.TagsForbidden,
	MaxNestedLevels:          maxDepth,
	MaxArrayElements:         16_384,
	MaxMapPairs:              maxPairs,
	ExtraReturnErrors:        cbor.ExtraDecErrorUnknownField,
	UTF8:                     cbor.UTF8RejectInvalid,
	NaN:                      cbor.NaNDecodeForbidden,
	Inf:                      cbor.InfDecodeForbidden,
	IntDec:                   cbor.IntDecConvertNone,
	BignumTag:                cbor.BignumTagForbidden,
	BinaryUnmarshaler:        cbor.BinaryUnmarshalerNone,
	FieldNameMatching:        cbor.FieldNameMatchingCaseSensitive,
	ByteStringToString:       cbor.ByteStringToStringForbidden,
	ByteStringExpectedFormat: cbor.ByteStringExpectedFormatNone,
}.DecMode())

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// Encode returns the canonical encoding of v, one of this package's types or a
// slice of them. It panics if v has no encoding, which only a bug can cause.
func Encode(v any) []byte {
	data, err := encMode.Marshal(v)
	if err != nil {
		panic(fmt.Sprintf("codec: encoding %T: %v", v, err))
	}
	return data
}

// Decode reads the canonical encoding of one value into v, a pointer to one of this
// package's types or to a struct with integer keys; what v held before is dropped.
// Any other encoding of the same value is refused, missing and unknown keys too.
// Limits of this package's types are checked before anything is allocated. Errors
// wrap ErrNotCanonical or ErrTooLarge; after one, v is of no use.
//
// Decode is slow and obvious: the hand-written decoders must accept and refuse
// exactly what it does.
func Decode(data []byte, v any) error {
	form := formOf(v)
	if err := form.checkLimits(data); err != nil {
		return err
	}
	reflect.ValueOf(v).Elem().SetZero()
	if err := decMode.Unmarshal(data, v); err != nil {
		return malformed("%v", err)
	}
	if !bytes.Equal(Encode(v), data) {
		return malformed("re-encoding gives other bytes")
	}
	if form.check != nil {
		return form.check()
	}
	return nil
}

// A sealed value is shown in a leaf as the BLAKE3 of the blob [salt, value], which
// travels as an attachment (records.md, notation).
type sealed[T any] struct {
	_     struct{} `cbor:",toarray"`
	Salt  ID
	Value T
}

// Seal returns the blob of a sealed value and its hash. T is ID for a customer,
// uint64 for a cap, []Quota for quotas, []Discount for discounts, []Label for labels.
func Seal[T any](salt ID, value T) (blob []byte, hash Hash) {
	blob = Encode(&sealed[T]{Salt: salt, Value: value})
	return blob, BlobHash(blob)
}

// Unseal opens the blob of a sealed value.
func Unseal[T any](blob []byte) (T, error) {
	var s sealed[T]
	if err := Decode(blob, &s); err != nil {
		return s.Value, fmt.Errorf("sealed value: %w", err)
	}
	return s.Value, nil
}
