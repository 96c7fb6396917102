// Package ledger keeps the ledger of one replica in Pebble: records, both log
// trees, the state that the rules work on, and the outcome of every batch.
//
// # What it guarantees
//
// Apply is deterministic: the same entries in the same order give the same bytes
// on every replica. Everything that an entry does, the applied index included,
// reaches Pebble in one atomic batch. Pebble writes no log of its own, because the
// raft log is one: after a crash the store holds the effect of some prefix of the
// entries applied, and the caller applies the rest again. Flush makes everything
// applied durable and must be called before the raft log is truncated.
//
// A batch id is answered with its stored outcomes for ever. Sizes never shrink, one
// size has one root, and a checkpoint is stored only if it names our own root and a
// majority of operators attested it.
//
// Open recomputes what it can: a store with a hole, a flipped bit or a lost table is
// refused with an *IntegrityError. Fsck goes further and rebuilds everything from
// the records.
//
// # What it must not do
//
// It reads no clock, draws no random number, writes no log line and depends on no
// order of a map. The leader's stamp in the command is its only time. Refusals are
// values; anything that cannot happen to a correct replica is a panic, because a
// replica that goes on with a broken store would serve lies.
//
// # Threads
//
// One goroutine at a time calls Apply, Swap and Close. Everything else may be called by
// any goroutine at any time. A Snapshot must be closed by whoever asked for it.
//
// The formats of records, batches and outcomes are docs/formats/records.md; trees
// and checkpoints are docs/formats/transparency.md. The layout on disk is this
// package's own and is described in DESIGN.md beside this file.
package ledger
