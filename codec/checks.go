package codec

import (
	"encoding/binary"
	"fmt"
	"math/bits"
)

// Checks is the blob behind key 22 of a settlement: how its shards were verified before
// it (sampling.md section 5). Nodes do not read it; auditors derive from it again which
// shards had to be executed twice.
type Checks struct {
	Nonce  Hash         `cbor:"1,keyasint"` // its BLAKE3 stands in the Planned event
	Shards []ShardCheck `cbor:"2,keyasint"` // ascending by index
}

// ShardCheck is what was done for one shard.
type ShardCheck struct {
	_     struct{} `cbor:",toarray"`
	Index uint64
	Agent Hash   // key id of the agent whose result was taken
	Valid uint64 // its consecutive valid results before this shard
	// Answers are those of all agents that were asked, ascending by key id; empty if the
	// shard was executed once.
	Answers []Answer
}

// Answer is one agent's result as it was committed to and revealed.
type Answer struct {
	_      struct{} `cbor:",toarray"`
	Agent  Hash     // key id
	Nonce  Hash     // of the agent
	Commit Hash     // AnswerCommitment, returned before the others' answers were known
	Output Hash     // hash of the output
	Units  uint64
}

// MaxAnswers bounds the agents that are asked for one shard.
const MaxAnswers = 16

var checksShape = keyed(map[uint64]shape{2: listOf(MaxShards, shape{item: map[int]shape{3: list(0, MaxAnswers)}})})

// EncodeChecks returns the canonical bytes of a checks blob.
func EncodeChecks(c *Checks) []byte { return Encode(c) }

// DecodeChecks reads a checks blob. Errors wrap ErrNotCanonical or ErrTooLarge.
func DecodeChecks(data []byte) (*Checks, error) {
	c := new(Checks)
	if err := Decode(data, c); err != nil {
		return nil, fmt.Errorf("checks: %w", err)
	}
	return c, nil
}

// certain is the number of consecutive valid results before which every shard of an
// agent is executed twice.
const certain = 10

// MustReplicate says whether a shard must be executed by a second agent: always while
// the agent has fewer than 10 consecutive valid results, later with probability
// 1/valid, drawn from the workload's nonce (sampling.md section 5).
func MustReplicate(nonce Hash, workload ID, shard uint32, valid uint64) bool {
	if valid < certain {
		return true
	}
	var index [4]byte
	binary.BigEndian.PutUint32(index[:], shard)
	h := domain(domainReplicate, nonce[:], workload[:], index[:])
	hi, _ := bits.Mul64(binary.BigEndian.Uint64(h[:8]), valid)
	return hi == 0
}

// AnswerCommitment is what an agent returns before it reveals its result, so that no
// other can copy it (sampling.md section 5).
func AnswerCommitment(agent, nonce, output Hash) Hash {
	return domain(domainAnswer, agent[:], nonce[:], output[:])
}
