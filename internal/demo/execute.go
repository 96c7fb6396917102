package main

import (
	"fmt"

	"github.com/forgepool/settle/client"
	"github.com/forgepool/settle/codec"
	"github.com/forgepool/settle/replay"
)

// assignment is one shard on its way through an agent.
type assignment struct {
	agent *agent
	shard *shard
	entry codec.ShardEntry
}

// execute runs a shard and signs its receipt, as an agent does. A liar claims an output
// that it never computed and signs that; nil stands for honesty.
func (a *assignment) execute(program replay.Program, w *client.Workload, origin string, l *liar) ([]byte, error) {
	a.entry.Started = client.Now()
	result := program.Run(replay.Task{Seed: w.Seed, Args: a.shard.args, Input: a.shard.input()})
	if result.Status != replay.OK {
		return nil, fmt.Errorf("shard %d is %v (field %s)", a.entry.Index, result.Status, result.Field)
	}
	output := result.Output
	if l != nil && l.considers(a.agent, w.ProgramID(), result.Units) {
		output = append([]byte(nil), output...)
		output[len(output)-1] ^= 1
		l.lied[codec.BlobHash(output)] = result.Units
		l.truths[codec.BlobHash(output)] = blobOf(result.Output)
	}
	a.entry.Finished = client.Now()
	a.entry.Provider, a.entry.Units = a.agent.provider, result.Units
	a.entry.Output = blobOf(output)
	client.SignShard(origin, w.Author, w.ID, w.ProgramID(), w.Seed, &a.entry, a.agent.key)
	return output, nil
}

func blobOf(data []byte) codec.Blob {
	return codec.Blob{Hash: codec.BlobHash(data), Size: uint64(len(data))}
}
