package main

import (
	"encoding/binary"

	"github.com/forgepool/settle/codec"
	"github.com/forgepool/settle/replay"
)

// job is a workload that a customer wants done: a program and its shards.
type job struct {
	title   string // for people
	program replay.ProgramName
	class   uint64
	args    []byte // of the workload
	shards  []shard
}

// shard is one part of a job. Inputs are blobs; several jobs share them.
type shard struct {
	args   []byte
	inputs [][]byte
}

func (s *shard) input() []byte {
	if len(s.inputs) == 1 {
		return s.inputs[0]
	}
	var all []byte
	for _, blob := range s.inputs {
		all = append(all, blob...)
	}
	return all
}

// Classes of docs/formats/records.md section 6.1 key 16.
const (
	classSimulation  = 1
	classGraph       = 2
	classSearch      = 4
	classAggregation = 5
)

var (
	programPaths    = replay.ProgramName{Family: "mc", Version: 1, Profile: "path.v1"}
	programPageRank = replay.ProgramName{Family: "graph", Version: 1, Profile: "pagerank.v1"}
	programSearch   = replay.ProgramName{Family: "search", Version: 1, Profile: "rank.v1"}
	programGroup    = replay.ProgramName{Family: "aggregate", Version: 1, Profile: "group.v1"}
)

// argsMap writes an args map whose values are given in key order from 1 on.
func argsMap(values ...func([]byte) []byte) []byte {
	b := codec.AppendMap(nil, len(values))
	for i, value := range values {
		b = value(codec.AppendUint(b, uint64(i+1)))
	}
	return b
}

func number(v int64) func([]byte) []byte {
	return func(b []byte) []byte { return codec.AppendInt(b, v) }
}

func numbers(values ...int64) func([]byte) []byte {
	return func(b []byte) []byte {
		b = codec.AppendArray(b, len(values))
		for _, v := range values {
			b = codec.AppendInt(b, v)
		}
		return b
	}
}

func u32(b []byte, v int) []byte { return binary.LittleEndian.AppendUint32(b, uint32(v)) }
