// Package verifier is the stranger's side of the ledger: it follows checkpoints,
// reads the log, draws shards that nobody could foresee, executes them again and
// says what it found.
//
// It guarantees that nothing it reports rests on the word of the node it reads
// from. Checkpoints are opened with a trust policy and must continue the last one
// that was accepted; records must rebuild both trees; blobs are named by their
// hash; keys, policies and parties are read out of the proven records. What is
// false is an error that wraps a Lie, and carries the bytes a third party needs;
// what could not be fetched wraps ErrUnavailable: a verdict is never guessed.
//
// It must not open a connection, reach the store or the consensus, or sign
// anything. Whoever uses it brings a Source; the audit of a cycle also takes a work
// directory, where it keeps what is large and goes on after a crash. Draws and
// verdicts depend on the proven bytes and on the auditor's secret alone, never on
// time, the order of answers, or the number of workers.
//
// It follows docs/formats/sampling.md, docs/formats/sum-trees.md section 2,
// docs/formats/records.md sections 2 and 6, and docs/formats/evidence.md.
package verifier
