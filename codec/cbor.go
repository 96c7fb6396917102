package codec

import (
	"bytes"
	"fmt"

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
	MaxNestedLevels:          8,
	MaxArrayElements:         16_384,
	MaxMapPairs:              64,
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
// package's types. Any other encoding of the same value is refused, missing and
// unknown keys too; errors wrap ErrNotCanonical.
func Decode(data []byte, v any) error {
	if err := decMode.Unmarshal(data, v); err != nil {
		return fmt.Errorf("%w: %v", ErrNotCanonical, err)
	}
	if !bytes.Equal(Encode(v), data) {
		return fmt.Errorf("%w: re-encoding gives other bytes", ErrNotCanonical)
	}
	return nil
}
