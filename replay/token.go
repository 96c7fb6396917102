package replay

import (
	"github.com/forgepool/settle/codec"
	"github.com/zeebo/blake3"
)

// tagReplayToken separates replay tokens from all other hashes.
const tagReplayToken = 0x65

// ShardWork names what one shard has to do, by hash.
type ShardWork struct {
	Args   codec.Hash   // BLAKE3 of the shard's arguments
	Inputs []codec.Hash // BLAKE3 of its input blobs, in manifest order
}

// Token returns the replay token of a workload (docs/formats/replay.md section 2.4):
// what must be equal for two workloads to be the same computation, cut the same way.
// args is the hash of the workload's arguments, shards are those of replica 0 in
// order of shard index, planner is zero when the settlement names none.
func Token(program, seed, args codec.Hash, shards []ShardWork, planner codec.Hash) codec.Hash {
	b := codec.AppendArray([]byte{tagReplayToken}, 5)
	b = codec.AppendBytes(b, program[:])
	b = codec.AppendBytes(b, seed[:])
	b = codec.AppendBytes(b, args[:])
	b = codec.AppendArray(b, len(shards))
	for i := range shards {
		b = codec.AppendArray(b, 2)
		b = codec.AppendBytes(b, shards[i].Args[:])
		b = codec.AppendArray(b, len(shards[i].Inputs))
		for j := range shards[i].Inputs {
			b = codec.AppendBytes(b, shards[i].Inputs[j][:])
		}
	}
	return blake3.Sum256(codec.AppendBytes(b, planner[:]))
}
