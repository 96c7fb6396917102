// Package proof makes and checks everything that convinces a stranger: the
// hashes of the two log trees, inclusion and consistency proofs, sum trees,
// signed checkpoints, trust policies and receipt files.
//
// # What it guarantees
//
// A statement about the log is checked only against a [Checkpoint], and a
// Checkpoint exists only because [TrustPolicy.OpenCheckpoint] found the log's
// signature, enough equal attestations of replicas, and the asked quorum of
// witnesses on it. No function takes the bare root of a log from its caller, so
// no caller can check a proof against a root that nobody signed. Size and root
// always come together from the signed text, never from a proof or its sender,
// because a path binds the root but not the size.
//
// A sum tree is checked against a [SumStatement]: what a close or settlement
// states. Tree type, number of columns and key length come from the tree that
// was asked for, never from the proof.
//
// # What it must not do
//
// It is pure: no files, no network, no clock, no goroutines, no logging and no
// state that a caller could observe. It does not know what a record means.
//
// # Trees
//
// Tree A is keyed BLAKE3 and tree B, its twin, is SHA-256 as in RFC 6962; both
// have the shape of RFC 9162 section 2.1 over the same record bytes. The
// arithmetic of both is that of github.com/transparency-dev/merkle. The texts
// are docs/formats/transparency.md (checkpoints, keys, files) and
// docs/formats/sum-trees.md (sum trees).
//
// # Bytes of a sum proof
//
// [EncodeSumProof] writes, with integers big-endian and nothing between them:
//
//	u64 index | u64 leaves | leaf | sibling ...
//	leaf    = u8 len(key) | key | u64 count | u8 k | sums[k] u64 | payload 32
//	sibling = u8 len(min) | min | u64 leaves | u64 count | u8 k | sums[k] u64 | hash 32
//
// Siblings stand leaf side first. How many there are follows from index and
// leaves, so one proof has one encoding; every other length is refused.
package proof
