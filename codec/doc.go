// Package codec turns the ledger's values into canonical bytes and back.
//
// It guarantees that a value has exactly one encoding: RFC 8949 section 4.2.1
// core deterministic CBOR, maps with small unsigned integer keys, no floats, tags,
// null or indefinite lengths. Every decoder refuses any other encoding of the same
// value, unknown keys, and anything over the limits of limits.go before it
// allocates. Decoded byte strings may share memory with the input, which the caller
// must then leave unchanged.
//
// Records, batches, commands that carry batches, settlements with their details and
// manifests, events, programs and outcomes have hand-written codecs; the other kinds
// go through Encode and Decode on top of fxamacker/cbor, which are also the oracle:
// the hand-written decoders accept and refuse exactly what Decode does, and write the
// same bytes as Encode.
//
// Encode* returns new bytes, Append* appends to given ones, Decode* fills a value,
// and the *Buffer types decode one value after another without allocating. A decoding
// error wraps ErrNotCanonical or ErrTooLarge; CodeOf gives its refusal code.
//
// The package does no I/O, reads no clock, and knows nothing of trees, state or
// rules: it says whether bytes are a record, never whether the record is true.
//
// The formats are docs/formats/records.md.
package codec
