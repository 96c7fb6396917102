// Package cluster runs the nodes of a development ledger as processes on this
// machine, for the demo and for benchmarks. Nodes are real: the program settled,
// separate directories, TLS between them, every fsync.
package cluster
