// Package contract reads the published execution contract and a results file, and
// turns them into the records of the ledger, as docs/formats/import.md says.
//
// It guarantees that the same lines, hub and secret give the same record ids, salts
// and seeds every time, so that importing twice can append nothing twice; that what a
// line does not say is never guessed; and that a line is refused with a stable code
// and the name of the field: unknown, missing and doubled fields, numbers that are no
// integers, programs without an implementation here, receipts that do not verify.
//
// It must not do I/O, read a clock or draw random numbers: when a record is made and
// under which policy is said by the caller, and everything that must be unguessable
// follows from the caller's secret.
package contract
