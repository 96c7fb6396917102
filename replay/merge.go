package replay

import (
	"errors"
	"fmt"

	"github.com/forgepool/settle/codec"
	"github.com/zeebo/blake3"
)

// ErrNoResult is wrapped by every error of a merge: the outputs of the shards do
// not make a result of the workload.
var ErrNoResult = errors.New("shard outputs do not merge")

// A ShardOutput is what a merge needs of one shard: its arguments and its output,
// those of replica 0.
type ShardOutput struct {
	Args, Output []byte
}

// MergeResult returns the result of a workload, cbor([program id, merged]), at most
// MaxResult bytes; its BLAKE3 and length stand in the settlement. shards are in
// order of shard index. An error wraps ErrNoResult.
func MergeResult(program Program, shards []ShardOutput) ([]byte, error) {
	if len(shards) == 0 || len(shards) > codec.MaxShards {
		return nil, fmt.Errorf("%w: %d shards", ErrNoResult, len(shards))
	}
	merged, err := program.Merge(shards)
	if err != nil {
		return nil, err
	}
	id := idOf(program)
	b := codec.AppendBytes(codec.AppendArray(nil, 2), id[:])
	if len(b)+len(merged) > MaxResult {
		return nil, fmt.Errorf("%w: result over %d bytes", ErrNoResult, MaxResult)
	}
	return append(b, merged...), nil
}

// MergeHashes is the merge of programs that have none of their own: the list of the
// shards' output hashes.
func MergeHashes(shards []ShardOutput) []byte {
	b := codec.AppendArray(nil, len(shards))
	for i := range shards {
		h := blake3.Sum256(shards[i].Output)
		b = codec.AppendBytes(b, h[:])
	}
	return b
}

// noResult is the error of a merge that fails at one shard.
func noResult(shard int, what string) error {
	return fmt.Errorf("%w: shard %d: %s", ErrNoResult, shard, what)
}
