// Package cluster runs the nodes of a development ledger as processes on this machine,
// for the demo and for benchmarks. Nodes are real: separate processes, directories and
// fsyncs, TLS between them.
package cluster
