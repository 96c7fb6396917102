package replay

import (
	"github.com/forgepool/settle/codec"
)

// orderedMemory is memory@1 kv.v1: operations on an ordered map of keys to values, one
// after another.
//
// All keys that a run can meet stand in its input. So they are sorted once, before the
// first operation, and the run works on their ranks: a value is an element of an array,
// and the order of the keys is that of the numbers.
type orderedMemory struct{}

// Name implements Program.
func (orderedMemory) Name() ProgramName { return ProgramName{"memory", 1, "kv.v1"} }

// Units implements Program: only a run can tell them.
func (orderedMemory) Units(args, input []byte) (uint64, bool) { return 0, false }

// Run implements Program. Beside the input it takes at most seven bytes for each byte of
// it, and some kilobytes: 16 for each mention of a key while they are sorted, 4 to keep
// its rank, 20 for each different key; a mention has 3 bytes of input at least, and one
// of a new key 6, since there are few shorter keys.
func (orderedMemory) Run(task Task) Result {
	if bad := readArgs(task.Args, 0).done(); bad != "" {
		return invalid(bad)
	}
	in, bad := parseMemoryHead(task.Input)
	if bad != "" {
		return invalid(bad)
	}
	if task.overLimit(uint64(in.ops)) { // each costs a unit at least
		return Result{Status: OverLimit}
	}
	if bad := in.check(); bad != "" {
		return invalid(bad)
	}
	s := newMemory(&in)
	units, ok := s.run(&in, &task)
	if !ok {
		return Result{Status: OverLimit}
	}
	return finish(s.encode(in.ops), units)
}

// Merge implements Program: each shard has a memory of its own.
func (orderedMemory) Merge(shards []ShardOutput) ([]byte, error) { return MergeHashes(shards), nil }

// NewMerger implements Program.
func (orderedMemory) NewMerger() Merger { return NewHashMerger() }

// encode returns the output: operations, what they answered, and what is left.
func (s *memory) encode(ops int) []byte {
	answers, snapshot := s.answers, s.snapshot()
	b := codec.AppendUint(codec.AppendArray(nil, 5), uint64(ops))
	b = codec.AppendBytes(b, answers[:])
	b = codec.AppendUint(codec.AppendUint(b, uint64(s.entries)), s.valueBytes)
	return codec.AppendBytes(b, snapshot[:])
}
