package codec

import "fmt"

// Sealed values (records.md, notation): the leaf shows BLAKE3 of the blob
// [salt, value]; the blob travels as an attachment.

// sealed is the blob of a sealed value of type T.
type sealed[T any] struct {
	_     struct{} `cbor:",toarray"`
	Salt  ID
	Value T
}

// Seal returns the blob of a sealed value and its hash. T is ID for a customer,
// uint64 for a cap, []Discount for discounts, []Label for labels.
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
