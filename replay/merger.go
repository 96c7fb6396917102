package replay

import (
	"fmt"

	"github.com/forgepool/settle/codec"
	"github.com/zeebo/blake3"
)

// A Merger joins the outputs of a workload's shards one by one, and keeps none of them.
type Merger interface {
	// Add takes the next shard, in order of shard index. After an error, which
	// wraps ErrNoResult, there is no result. The arguments must stay as they are
	// until the merge is done, the output until Add returns.
	Add(shard ShardOutput) error
	// Merged returns what Program.Merge returns for all shards so far.
	Merged() ([]byte, error)
	// Held returns how many bytes the merger keeps, without a fixed number of
	// kilobytes. What Merged returns comes to it.
	Held() uint64
}

// A ResultMerger makes the result of a workload as the outputs of its shards come, for
// callers that do not want to hold them all: programs whose merge is a list of hashes
// keep 32 bytes of a shard, mc@1 and search keep what one output holds, and aggregate@1
// keeps each key once.
type ResultMerger struct {
	program Program
	merger  Merger
	shards  int
	err     error // the first; what follows cannot mend it
}

// NewResultMerger returns a merger without shards.
func NewResultMerger(program Program) *ResultMerger {
	return &ResultMerger{program: program, merger: program.NewMerger()}
}

// Held returns how many bytes the merger keeps, without a fixed number of kilobytes, so
// that a caller with little memory can give up.
func (m *ResultMerger) Held() uint64 { return m.merger.Held() }

// Add takes the next shard, in order of shard index, at most codec.MaxShards. An error
// wraps ErrNoResult, and stays.
func (m *ResultMerger) Add(shard ShardOutput) error {
	if m.err != nil {
		return m.err
	}
	if m.shards++; m.shards > codec.MaxShards {
		m.err = fmt.Errorf("%w: more than %d shards", ErrNoResult, codec.MaxShards)
	} else {
		m.err = m.merger.Add(shard)
	}
	return m.err
}

// Result returns what MergeResult returns for all shards so far.
func (m *ResultMerger) Result() ([]byte, error) {
	switch {
	case m.err != nil:
		return nil, m.err
	case m.shards == 0:
		return nil, noShards()
	}
	merged, err := m.merger.Merged()
	if err != nil {
		return nil, err
	}
	id := idOf(m.program)
	b := codec.AppendBytes(codec.AppendArray(nil, 2), id[:])
	if len(b)+len(merged) > MaxResult {
		return nil, fmt.Errorf("%w: result over %d bytes", ErrNoResult, MaxResult)
	}
	return append(b, merged...), nil
}

// mergeAll hands all shards to a merger.
func mergeAll(m Merger, shards []ShardOutput) ([]byte, error) {
	for _, s := range shards {
		if err := m.Add(s); err != nil {
			return nil, err
		}
	}
	return m.Merged()
}

// NewHashMerger returns the merger of programs that have no merge of their own.
func NewHashMerger() Merger { return new(hashMerger) }

// hashMerger lists the hashes of the outputs.
type hashMerger struct{ hashes []codec.Hash }

// Add implements Merger.
func (m *hashMerger) Add(shard ShardOutput) error {
	m.add(shard.Output)
	return nil
}

func (m *hashMerger) add(output []byte) { m.hashes = append(m.hashes, blake3.Sum256(output)) }

// Merged implements Merger.
func (m *hashMerger) Merged() ([]byte, error) { return m.list(), nil }

// Held implements Merger.
func (m *hashMerger) Held() uint64 { return uint64(len(codec.Hash{}) * cap(m.hashes)) }

func (m *hashMerger) list() []byte {
	b := codec.AppendArray(nil, len(m.hashes))
	for i := range m.hashes {
		b = codec.AppendBytes(b, m.hashes[i][:])
	}
	return b
}
