package main

import (
	"fmt"

	"github.com/forgepool/settle/client"
	"github.com/forgepool/settle/codec"
	"github.com/forgepool/settle/replay"
)

// replicate has the shards that the workload's nonce chooses, and as many more as the
// policy's floor asks for, executed by a second agent, and compares. It returns the
// evidence and what the settlement says of it.
func (h *hub) replicate(r *client.Replication, w *client.Workload, program replay.Program, work []assignment) ([]byte, codec.Verification, error) {
	lacking := r.Lacking(h.policy.Body.Floors[w.Class-1], uint64(len(work)))
	for i := range work {
		first := &work[i]
		if !r.Needs(first.agent.key.ID(), uint32(i)) && uint64(i) >= lacking {
			if err := r.Single(first.agent.key.ID(), uint32(i)); err != nil {
				return nil, codec.Verification{}, err
			}
			continue
		}
		second := h.agentFor()
		for second == first.agent {
			second = h.agentFor()
		}
		again := program.Run(replay.Task{Seed: w.Seed, Args: first.shard.args, Input: first.shard.input()})
		_, err := r.Compare(uint32(i), []codec.Answer{
			answer(first.agent, first.entry.Output.Hash, first.entry.Units),
			answer(second, codec.BlobHash(again.Output), again.Units),
		})
		if err != nil {
			return nil, codec.Verification{}, fmt.Errorf("shard %d: %w", i, err)
		}
	}
	data, v := r.Evidence()
	h.compared += int(v.Checked)
	return data, v, nil
}

// answer is what an agent commits to and reveals.
func answer(a *agent, output codec.Hash, units uint64) codec.Answer {
	nonce := client.NewSecret()
	return codec.Answer{
		Agent: a.key.ID(), Nonce: nonce, Output: output, Units: units,
		Commit: codec.AnswerCommitment(a.key.ID(), nonce, output),
	}
}

// claimed is the evidence of a hub that compared nothing and says that it did.
func (h *hub) claimed(r *client.Replication, class, shards uint64) ([]byte, codec.Verification, error) {
	data, _ := r.Evidence()
	v, err := client.LeastVerification(h.policy, class, shards, codec.BlobHash(data))
	return data, v, err
}
