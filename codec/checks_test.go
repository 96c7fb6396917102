package codec

import (
	"bytes"
	"encoding/hex"
	"slices"
	"testing"
)

func sampleChecks() *Checks {
	return &Checks{Nonce: Hash{1}, Shards: []ShardCheck{
		{Index: 0, Agent: Hash{2}, Valid: 7, Answers: []Answer{{Agent: Hash{2}, Nonce: Hash{3}, Output: Hash{4}, Units: 5}}},
		{Index: 1, Agent: Hash{6}, Valid: 300, Answers: []Answer{}},
	}}
}

func TestChecksRoundTrip(t *testing.T) {
	data := EncodeChecks(sampleChecks())
	c, err := DecodeChecks(data)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(EncodeChecks(c), data) {
		t.Error("another encoding after decoding")
	}
}

// TestChecksLimits has a list at its limit and one beyond.
func TestChecksLimits(t *testing.T) {
	c := sampleChecks()
	c.Shards[0].Answers = make([]Answer, MaxAnswers)
	if _, err := DecodeChecks(EncodeChecks(c)); err != nil {
		t.Errorf("%d answers: %v", MaxAnswers, err)
	}
	c.Shards[0].Answers = make([]Answer, MaxAnswers+1)
	if _, err := DecodeChecks(EncodeChecks(c)); err == nil {
		t.Errorf("%d answers are accepted", MaxAnswers+1)
	}
	c = sampleChecks()
	c.Shards = slices.Repeat(c.Shards[1:], MaxShards)
	if _, err := DecodeChecks(EncodeChecks(c)); err != nil {
		t.Errorf("%d shards: %v", MaxShards, err)
	}
	c.Shards = append(c.Shards, c.Shards[0])
	if _, err := DecodeChecks(EncodeChecks(c)); err == nil {
		t.Errorf("%d shards are accepted", MaxShards+1)
	}
}

// TestMustReplicate holds the rule at its border: valid 9 always replicates, and later
// exactly the shards whose number x gives x*valid < 2^64.
func TestMustReplicate(t *testing.T) {
	nonce, workload := Hash{9}, ID{8}
	for shard := range uint32(100) {
		if !MustReplicate(nonce, workload, shard, certain-1) {
			t.Fatalf("shard %d of an agent with %d valid results", shard, certain-1)
		}
	}
	for _, valid := range []uint64{10, 100, 1000} {
		n := uint64(0)
		for shard := range uint32(100_000) {
			if MustReplicate(nonce, workload, shard, valid) {
				n++
			}
		}
		want := 100_000 / valid
		if n < want*8/10 || n > want*12/10 {
			t.Errorf("valid %d: %d of 100,000 shards, expected about %d", valid, n, want)
		}
	}
	if MustReplicate(nonce, workload, 0, 1<<63) {
		t.Error("an agent with 2^63 valid results is replicated")
	}
}

// TestAnswerCommitment pins the bytes that are hashed.
func TestAnswerCommitment(t *testing.T) {
	got := AnswerCommitment(Hash{1}, Hash{2}, Hash{3})
	b := append([]byte{0x67}, make([]byte, 96)...)
	b[1], b[33], b[65] = 1, 2, 3
	if want := BlobHash(b); got != want {
		t.Errorf("commitment %s, want %s", hex.EncodeToString(got[:]), hex.EncodeToString(want[:]))
	}
}
