package replay

import (
	"errors"
	"fmt"
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
// order of shard index. An error wraps ErrNoResult. ResultMerger does the same shard by
// shard.
func MergeResult(program Program, shards []ShardOutput) ([]byte, error) {
	m := NewResultMerger(program)
	for _, s := range shards {
		if err := m.Add(s); err != nil {
			return nil, err
		}
	}
	return m.Result()
}

// MergeHashes is the merge of programs that have none of their own: the list of the
// shards' output hashes.
func MergeHashes(shards []ShardOutput) []byte {
	var m hashMerger
	for _, s := range shards {
		m.add(s.Output)
	}
	return m.list()
}

// noResult is the error of a merge that fails at one shard.
func noResult(shard int, what string) error {
	return fmt.Errorf("%w: shard %d: %s", ErrNoResult, shard, what)
}

// noShards is the error of a merge of nothing.
func noShards() error { return fmt.Errorf("%w: no shards", ErrNoResult) }
