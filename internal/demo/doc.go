// Command demo runs the ledger's main job end to end on real input: three nodes,
// agents that execute shards, settlements with receipts that verify offline, an
// audit that re-executes a sample, and a second run in which a provider lies and is
// caught.
//
// Input is the Go distribution on this machine: full-text search over its sources
// and documents, PageRank over its import graph, aggregation over its files, and
// option pricing over a grid of parameters. Nothing is simulated but the prices.
//
// It works in one directory, starts the nodes as processes and leaves none running,
// prints a table and, as the last line, one JSON object, and exits with a status
// other than zero if anything fell short.
package main
