// Package codec turns the ledger's values into canonical bytes and back.
//
// It guarantees that a value has exactly one encoding: RFC 8949 section 4.2.1
// core deterministic CBOR, maps with small unsigned integer keys, no floats, tags,
// null or indefinite lengths. Every decoder refuses any other encoding of the same
// value, unknown keys, and anything over the limits of limits.go before it
// allocates. Decoded byte strings may share memory with the input, which the caller
// must then leave unchanged.
//
// Settlements, postings, shard entries and batches have hand-written codecs
// (settlement_wire.go and its neighbours); the other kinds go through
// fxamacker/cbor, which is also the oracle that the hand-written ones are fuzzed
// against.
//
// The package does no I/O, reads no clock, and knows nothing of trees, state or
// rules: it says whether bytes are a record, never whether the record is true.
//
// The formats are docs/formats/records.md.
package codec
