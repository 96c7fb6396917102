// Command load measures the throughput of real nodes: processes on this machine with
// their own directories and fsyncs, fed over HTTP by this separate process with
// batches that were built and signed before the clock started.
//
// Two kinds of input: whole workloads (Planned, Aggregating and a settlement with
// detail, 8 shards and 3 payouts), and single workload events. It prints rate,
// latency of a batch, bytes on the wire and on disk, and the peak memory of each
// node, and writes the same as JSON. It is a benchmark and judges nothing.
package main
