// Package client is the Go SDK of those who write to the ledger and of those who
// are paid by it: keys, records, batches, submission, receipts and artifacts.
//
// It guarantees that what it builds is canonical and follows the accounting rules
// (it computes charges, splits and roots with the same code as the replicas, package
// settlement); that a batch is sent as the same bytes until its outcome is definite;
// and that a checkpoint, receipt or artifact is returned only after it was checked
// against a trust policy or its hash. It never invents an outcome: when a context
// ends first, the error says unknown_outcome, and the same batch can be sent again.
//
// It must not reach storage or consensus, and it keeps no state outside of its values.
//
// Keys are files of text, readable by their owner alone:
//
//	settle key v1
//	use owner
//	id <64 hex digits: BLAKE3 of the public key>
//	public <64 hex digits>
//	seed <64 hex digits: the private seed of RFC 8032>
//
// The formats are docs/formats/records.md, http.md and transparency.md.
package client
