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
// reads a clock, logs, or keeps anything between calls. A batch goes this way:
//
//	p := Prepare(data)            // or PrepareBatch, PrepareRecord for each, Finish
//	CheckReceipts(view, p)        // only where the batch arrives, before it is proposed
//	CheckForm(view, p)            // form, origin; then: are the outcomes known?
//	CheckSubmitter(view, p)       // key, signature; then: is the id taken?
//	CheckClock(view, p, stamp)    // clock and attachments
//	Judge(view, p, i, &change)    // for each record in order; the view moves on
//
// Rules run in the order of the admission table and then of the rows of the record's
// kind, and the first that fails gives the code. Where a row can fail in more ways
// than one, the order within the row is that of the code below. A sum is checked for
// 63 bits where it is made; A6 covers what the record itself adds up.
//
// Whoever builds settlements uses the same arithmetic: NewManifest, Compute and
// BuildDetail give what Judge will ask for.
//
// The rules are docs/formats/records.md and docs/formats/accounting.md. Disputes,
// adjustments, cuts, closes and audits are not admitted yet: the first cycle of the
// genesis is the open one.
package settlement
