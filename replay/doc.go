// Package replay executes shards of the built-in primitives again, to the bit.
//
// It guarantees that the status, the output and the units of a shard depend on
// the program, the workload seed, the shard's arguments and its input alone:
// every machine, architecture and Go release gives the same bytes. The
// programs, their argument and input formats, the merge of shard outputs and
// the test vectors are those of docs/formats/replay.md sections 2.4 and 7.
//
// It must not use floats, clocks, goroutines, files, logging or state that
// outlives a call, and nothing that it returns may depend on map order or on a
// random number. Malformed arguments and inputs give the status Invalid and the
// name of the field, never a panic, and every size is compared with its limit
// before memory is taken for it: a run needs at most a few hundred megabytes.
//
// Each family has one file: mc.go, graph.go, media.go, search.go, aggregate.go,
// memory.go, and files of its own beside it. builtin.go lists them.
package replay
