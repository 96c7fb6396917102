// Package node is the process of one replica: it opens the ledger, joins the cluster,
// answers the HTTP contract, keeps artifacts, and makes checkpoints.
//
// It guarantees that a batch that reaches any node is decided by the leader or not at
// all; that agents' receipts are verified before a batch is proposed; that only a
// checkpoint that a majority attested and that went through raft is served; that one
// size is attested with one root; and that a process whose disk, log or state cannot
// be trusted ends with its exit code, leaves a marker, and does not start again before
// an operator has reseeded it.
//
// It holds no rule of the ledger: what it refuses early is what the ledger would
// refuse too. It never executes user programs.
//
// # Listeners
//
// The API (api.Routes) for everybody; the cluster port, which package consensus owns
// and of which this package serves the HTTP side for member nodes only; metrics, on
// loopback unless configured otherwise; and a unix socket for the operator on the same
// machine (settled member).
//
// # Files in the data directory
//
//	LOCK        held while a process uses the directory
//	ledger/     package ledger
//	raft/       package consensus
//	artifacts/  blobs by BLAKE3: ab/cd/<64 hex digits>; followed: settlements seen so far
//	admin.sock  for settled member
//	fatal       why the process must not start again (see Marker)
//	evidence-*  both sides of a divergence
//
// The contract is docs/formats/http.md, its section 6 what nodes say to each other.
package node
