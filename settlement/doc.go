// Package settlement holds the accounting rules: what may be appended to the ledger
// and what it does to balances.
//
// It guarantees that a verdict depends on nothing but the bytes of a batch, the
// leader's stamp and a View of the state, so that every replica reaches the same
// one; that a refusal has a stable code and no effect; and that amounts are exact
// integers whose credits and debits balance in every accepted record.
//
// The work is cut in two. Prepare does everything that needs no state (decoding,
// hashing, rebuilding roots) and may run ahead on other goroutines; Judge decides
// on the state and returns a Change, which the ledger writes. Nothing here does I/O,
// reads a clock, logs, or keeps anything between calls.
//
// The rules are docs/formats/records.md and docs/formats/accounting.md.
package settlement
