package client

import (
	"bytes"
	"errors"
	"slices"
	"testing"

	"github.com/forgepool/settle/codec"
)

func answer(agent byte, output byte, units uint64) codec.Answer {
	a := codec.Answer{Agent: codec.Hash{agent}, Nonce: codec.Hash{agent, 1}, Output: codec.Hash{output}, Units: units}
	a.Commit = codec.AnswerCommitment(a.Agent, a.Nonce, a.Output)
	return a
}

func TestCompare(t *testing.T) {
	copied := answer(3, 1, 10)
	copied.Output = codec.Hash{2} // revealed another output than committed to
	for _, test := range []struct {
		name    string
		answers []codec.Answer
		agents  []byte
		faulty  []byte
		err     error
	}{
		{"two agree", []codec.Answer{answer(2, 1, 10), answer(1, 1, 10)}, []byte{1, 2}, nil, nil},
		{"two differ", []codec.Answer{answer(1, 1, 10), answer(2, 2, 10)}, nil, nil, ErrNoAgreement},
		{"units differ", []codec.Answer{answer(1, 1, 10), answer(2, 1, 11)}, nil, nil, ErrNoAgreement},
		{"two of three", []codec.Answer{answer(1, 2, 10), answer(2, 1, 10), answer(3, 1, 10)}, []byte{2, 3}, []byte{1}, nil},
		{"two of four", []codec.Answer{answer(1, 1, 1), answer(2, 1, 1), answer(3, 2, 1), answer(4, 3, 1)}, nil, nil, ErrNoAgreement},
		{"not what was committed to", []codec.Answer{answer(1, 2, 10), answer(2, 2, 10), copied}, []byte{1, 2}, []byte{3}, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := NewReplication(codec.ID{1}, NewHistory())
			g, err := r.Compare(0, test.answers)
			if !errors.Is(err, test.err) {
				t.Fatalf("error %v, want %v", err, test.err)
			}
			if err != nil {
				if len(r.shards) > 0 {
					t.Error("a comparison that failed is noted")
				}
				return
			}
			if !slices.Equal(first(g.Agents), test.agents) || !slices.Equal(first(g.Faulty), test.faulty) {
				t.Errorf("agents %x faulty %x", g.Agents, g.Faulty)
			}
			for _, a := range test.agents {
				if r.history.Valid(codec.Hash{a}) != 1 {
					t.Errorf("agent %d gave a valid result that is not counted", a)
				}
			}
		})
	}
}

func first(list []codec.Hash) (out []byte) {
	for _, h := range list {
		out = append(out, h[0])
	}
	return out
}

func TestCompareRefusesLists(t *testing.T) {
	r := NewReplication(codec.ID{1}, NewHistory())
	var many []codec.Answer
	for i := range byte(codec.MaxAnswers + 1) {
		many = append(many, answer(i, 1, 1))
	}
	for name, answers := range map[string][]codec.Answer{
		"one": many[:1], "too many": many, "the same agent twice": {many[0], many[0]},
	} {
		if _, err := r.Compare(0, answers); err == nil || errors.Is(err, ErrNoAgreement) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := r.Compare(0, many[:codec.MaxAnswers]); err != nil {
		t.Errorf("%d answers: %v", codec.MaxAnswers, err)
	}
}

// TestReplicationEvidence runs a workload as a hub does and lets an auditor derive the
// choice again from what the hub publishes.
func TestReplicationEvidence(t *testing.T) {
	history := NewHistory()
	for range 40 {
		history.Note(codec.Hash{1}, true)
	}
	r := NewReplication(codec.ID{7}, history)
	r.nonce = codec.Hash{3} // of a chance nonce, one in some hundreds chooses no shard at all
	twice := uint64(0)
	for shard := range uint32(200) {
		if !r.Needs(codec.Hash{1}, shard) {
			if err := r.Single(codec.Hash{1}, shard); err != nil {
				t.Fatal(err)
			}
			continue
		}
		if err := r.Single(codec.Hash{1}, shard); err == nil {
			t.Fatalf("shard %d needs a second agent and is accepted with one", shard)
		}
		twice++
		if _, err := r.Compare(shard, []codec.Answer{answer(1, 9, 3), answer(2, 9, 3)}); err != nil {
			t.Fatal(err)
		}
	}
	if n := r.Lacking(codec.Floor{SamplePPM: 1_000_000}, 200); n != 200-twice {
		t.Errorf("%d shards are lacking for a floor of all, %d were compared", n, twice)
	}
	if n := r.Lacking(codec.Floor{SamplePPM: 5_000}, 200); n != 0 {
		t.Errorf("%d shards are lacking for a floor of one", n)
	}
	data, v := r.Evidence()
	if v.Checked != twice || v.Matched != twice || twice == 0 || twice == 200 || v.Mode != ModeComparison {
		t.Errorf("%+v, %d shards were executed twice", v, twice)
	}
	c, err := codec.DecodeChecks(data)
	if err != nil {
		t.Fatal(err)
	}
	if codec.BlobHash(c.Nonce[:]) != r.Commitment() || v.Evidence != codec.BlobHash(data) {
		t.Error("the evidence is not what plan and settlement name")
	}
	for i, s := range c.Shards {
		if s.Index != uint64(i) {
			t.Fatalf("entry %d is of shard %d", i, s.Index)
		}
		if must := codec.MustReplicate(c.Nonce, codec.ID{7}, uint32(i), s.Valid); must != (len(s.Answers) > 0) {
			t.Errorf("shard %d: %d answers, must be replicated: %v", i, len(s.Answers), must)
		}
	}
	if again, _ := r.Evidence(); !bytes.Equal(again, data) {
		t.Error("the evidence differs the second time")
	}
}

func TestHistory(t *testing.T) {
	h, agent := NewHistory(), codec.Hash{5}
	for range 11 {
		h.Note(agent, true)
	}
	if h.Valid(agent) != 11 {
		t.Errorf("%d valid results", h.Valid(agent))
	}
	if h.Note(agent, false); h.Valid(agent) != 0 {
		t.Error("an invalid result does not begin again at zero")
	}
}
