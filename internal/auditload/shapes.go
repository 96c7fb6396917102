package main

import (
	"fmt"

	"github.com/forgepool/settle/client"
	"github.com/forgepool/settle/codec"
	"github.com/forgepool/settle/replay"
)

// shape is a way to fill a shard up to the limit of its class.
type shape struct {
	name    string // for people
	program replay.ProgramName
	class   int // docs/formats/records.md section 6.1 key 16
	make    func(most uint64) (args, input []byte)
}

// name returns the name of a built-in program of version 1.
func name(family, profile string) replay.ProgramName {
	return replay.ProgramName{Family: family, Version: 1, Profile: profile}
}

// shapes are all that are measured. What is far from the limit of its class is bounded by
// the largest input, 64 MiB.
var shapes = []shape{
	{"paths of 252 steps", name("mc", "path.v1"), 1, func(most uint64) ([]byte, []byte) { return paths(most/252, 252), nil }},
	{"paths of one step", name("mc", "path.v1"), 1, func(most uint64) ([]byte, []byte) { return paths(min(most, 1<<26), 1), nil }},
	{"losses, one claim and a catastrophe", name("mc", "insurance.v1"), 1, func(most uint64) ([]byte, []byte) { return losses(most/3, 1), nil }},
	{"losses, 100 claims", name("mc", "insurance.v1"), 1, func(most uint64) ([]byte, []byte) { return losses(most/102, 100), nil }},
	{"arrivals with every delay", name("mc", "eta.v1"), 1, func(most uint64) ([]byte, []byte) { return arrivals(most / 3), nil }},
	{"graph of 2^16 vertices", name("graph", "pagerank.v1"), 2, func(most uint64) ([]byte, []byte) { return graph(most, 1<<16) }},
	{"graph of 2^20 vertices", name("graph", "pagerank.v1"), 2, func(most uint64) ([]byte, []byte) { return graph(most, 1<<20) }},
	{"graph of 2^22 vertices", name("graph", "pagerank.v1"), 2, func(most uint64) ([]byte, []byte) { return graph(most, 1<<22) }},
	{"quarter turns", name("media", "raster.v1"), 3, turns},
	{"resizing", name("media", "raster.v1"), 3, resizing},
	{"correlation", name("media", "raster.v1"), 3, correlation},
	{"documents of common words", name("search", "rank.v1"), 4, func(most uint64) ([]byte, []byte) { return documents(most, 2_000) }},
	{"documents of one letter", name("search", "rank.v1"), 4, func(most uint64) ([]byte, []byte) { return documents(most, 1) }},
	{"rows of 97 groups", name("aggregate", "group.v1"), 5, func(most uint64) ([]byte, []byte) { return rows(most, 97) }},
	{"rows of a million groups", name("aggregate", "group.v1"), 5, func(most uint64) ([]byte, []byte) { return rows(most, 1_000_000) }},
	{"additions to new keys", name("memory", "kv.v1"), 6, additions},
	{"lookups", name("memory", "kv.v1"), 6, lookups},
}

// shard is a shape at the limit of the default policy.
type shard struct {
	shape
	task   replay.Task
	inputs []codec.Blob // names of blobs
	output []byte
	units  uint64
	limit  uint64 // of the class
}

// build makes the shard of a shape.
func build(s shape) *shard {
	limits := client.DefaultPolicy().Limits
	x := &shard{shape: s, limit: limits.MaxUnits[s.class-1]}
	x.task.Seed = codec.BlobHash([]byte("auditload"))
	x.task.Args, x.task.Input = s.make(x.limit)
	x.task.MaxUnits = x.limit
	for _, b := range x.blobs() {
		x.inputs = append(x.inputs, blobOf(b))
	}
	return x
}

// run executes the shard once, as an agent does.
func (x *shard) run() error {
	program, ok := replay.BuiltinNamed(x.program)
	if !ok {
		return fmt.Errorf("%s: the program is unknown", x.name)
	}
	r := program.Run(x.task)
	if r.Status != replay.OK {
		return fmt.Errorf("%s: %s %s", x.name, r.Status, r.Field)
	}
	x.output, x.units = r.Output, r.Units
	return nil
}

// blobs cuts the input into at most as many blobs as an entry may name.
func (x *shard) blobs() (blobs [][]byte) {
	const size = replay.MaxInput / codec.MaxShardInputs
	for rest := x.task.Input; len(rest) > 0; {
		n := min(size, len(rest))
		blobs, rest = append(blobs, rest[:n]), rest[n:]
	}
	return blobs
}

func blobOf(data []byte) codec.Blob {
	return codec.Blob{Hash: codec.BlobHash(data), Size: uint64(len(data))}
}
