// Package consensus runs one replica of the ledger: hashicorp/raft over mutual TLS,
// with raft-wal as its log and a ledger as its state machine.
//
// It guarantees that a batch whose outcome it reports is committed and applied here;
// that an error says truly whether a batch may have been committed (ErrNotLeader and
// ErrOverloaded: certainly not; ErrUnknown: perhaps, so ask again by batch id); that a
// replica whose disk, log or state cannot be trusted stops with a FatalError instead
// of going on; and that nobody without a node certificate of this cluster, for a
// server in the latest configuration, is heard.
//
// It must not interpret a command (package ledger does), read a clock for anything but
// the leader's stamp and timeouts, or retry a disk write that failed.
//
// The commands are docs/formats/consensus.md. The guards against known faults of the
// libraries stand in DESIGN.md beside this file, each with its test.
package consensus
