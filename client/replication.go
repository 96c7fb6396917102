package client

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"slices"

	"github.com/forgepool/settle/codec"
)

// ErrNoAgreement is returned for answers among which no result has a majority: more
// agents must be asked, or the shard planned anew.
var ErrNoAgreement = errors.New("no result has a majority")

// Replication decides for the shards of one workload which are executed by a second
// agent, judges what several agents answered, and keeps both as the evidence that the
// settlement names (docs/formats/sampling.md section 5). Nobody can foresee the choice
// before the nonce is published with the settlement, and everybody can repeat it then.
// It is not safe for concurrent use.
type Replication struct {
	workload codec.ID
	nonce    codec.Hash
	mode     uint64
	history  *History
	shards   map[uint64]codec.ShardCheck
}

// Modes of verification before settlement (docs/formats/sampling.md section 5).
const (
	ModeNone        = 0
	ModeSpot        = 1
	ModeReplay      = 2
	ModeComparison  = 3
	ModeAggregation = 4
)

// NewReplication begins with a fresh secret nonce; its commitment belongs into the
// workload's Planned event (PlanOptions.Nonce). The history is shared by all workloads
// of a hub.
func NewReplication(workload codec.ID, history *History) *Replication {
	return &Replication{workload: workload, nonce: NewSecret(), history: history, shards: map[uint64]codec.ShardCheck{}}
}

// Commitment is the hash of the nonce, for the Planned event.
func (r *Replication) Commitment() codec.Hash { return codec.BlobHash(r.nonce[:]) }

// Needs says whether a shard that an agent is to execute needs a second one.
func (r *Replication) Needs(agent codec.Hash, shard uint32) bool {
	return codec.MustReplicate(r.nonce, r.workload, shard, r.history.Valid(agent))
}

// Single notes a shard that was executed once. It fails if the shard needed a second
// execution.
func (r *Replication) Single(agent codec.Hash, shard uint32) error {
	if r.Needs(agent, shard) {
		return fmt.Errorf("shard %d must be executed by a second agent", shard)
	}
	r.note(codec.ShardCheck{Index: uint64(shard), Agent: agent, Valid: r.history.Valid(agent), Answers: []codec.Answer{}})
	return nil
}

// Agreement is what several agents' answers to one shard come to.
type Agreement struct {
	Output codec.Hash   // of the majority
	Units  uint64       // of the majority
	Agents []codec.Hash // key ids that gave it, ascending
	Faulty []codec.Hash // key ids of all others: another result, or not what was committed to
}

// Compare judges the answers of agents that were asked for one shard, first the one
// whose result is to be taken. An answer counts if it opens the commitment that its
// agent returned before. More than half of all that were asked must agree; the result
// is taken from the first of them. Errors: ErrNoAgreement, or what is wrong with the
// list.
func (r *Replication) Compare(shard uint32, answers []codec.Answer) (*Agreement, error) {
	if len(answers) < 2 || len(answers) > codec.MaxAnswers {
		return nil, fmt.Errorf("%d answers, 2 to %d can be compared", len(answers), codec.MaxAnswers)
	}
	sorted := slices.SortedFunc(slices.Values(answers), func(a, b codec.Answer) int { return bytes.Compare(a.Agent[:], b.Agent[:]) })
	for i := 1; i < len(sorted); i++ {
		if sorted[i].Agent == sorted[i-1].Agent {
			return nil, fmt.Errorf("two answers of agent %s", sorted[i].Agent)
		}
	}
	agreement := majority(sorted)
	if agreement == nil {
		return nil, ErrNoAgreement
	}
	taken := agreement.Agents[0]
	if slices.Contains(agreement.Agents, answers[0].Agent) {
		taken = answers[0].Agent
	}
	r.note(codec.ShardCheck{Index: uint64(shard), Agent: taken, Valid: r.history.Valid(taken), Answers: sorted})
	for _, agent := range agreement.Faulty {
		r.history.Note(agent, false)
	}
	for _, agent := range agreement.Agents {
		r.history.Note(agent, true)
	}
	r.mode = ModeComparison
	return agreement, nil
}

// majority returns the result that more than half of the agents gave, nil if there is
// none.
func majority(answers []codec.Answer) *Agreement {
	type result struct {
		output codec.Hash
		units  uint64
	}
	given := map[result]int{}
	best := result{}
	for i := range answers {
		if a := &answers[i]; opens(a) {
			x := result{a.Output, a.Units}
			if given[x]++; given[x]*2 > len(answers) {
				best = x
			}
		}
	}
	if given[best]*2 <= len(answers) {
		return nil
	}
	g := &Agreement{Output: best.output, Units: best.units}
	for i := range answers {
		if a := &answers[i]; opens(a) && a.Output == best.output && a.Units == best.units {
			g.Agents = append(g.Agents, a.Agent)
		} else {
			g.Faulty = append(g.Faulty, a.Agent)
		}
	}
	return g
}

func opens(a *codec.Answer) bool {
	return codec.AnswerCommitment(a.Agent, a.Nonce, a.Output) == a.Commit
}

// Lacking returns how many more of a workload's shards must be compared so that the
// policy's floor for its class is met at admission.
func (r *Replication) Lacking(floor codec.Floor, shards uint64) uint64 {
	need := (shards*floor.SamplePPM + 999_999) / 1_000_000
	_, v := r.Evidence()
	return need - min(need, v.Checked)
}

func (r *Replication) note(c codec.ShardCheck) { r.shards[c.Index] = c }

// Evidence returns the blob that the settlement names, and its key 22 for the shards
// noted so far: those that more than one agent answered were checked, and all of them
// matched or they would not have been accepted.
func (r *Replication) Evidence() ([]byte, codec.Verification) {
	c := &codec.Checks{Nonce: r.nonce, Shards: make([]codec.ShardCheck, 0, len(r.shards))}
	for _, s := range r.shards {
		c.Shards = append(c.Shards, s)
	}
	slices.SortFunc(c.Shards, func(a, b codec.ShardCheck) int { return cmp.Compare(a.Index, b.Index) })
	v := codec.Verification{Mode: r.mode}
	for i := range c.Shards {
		if len(c.Shards[i].Answers) > 0 {
			v.Checked++
		}
	}
	v.Matched = v.Checked
	data := codec.EncodeChecks(c)
	v.Evidence = codec.BlobHash(data)
	return data, v
}

// History counts consecutive valid results per agent. It is not safe for concurrent use.
type History struct{ valid map[codec.Hash]uint64 }

// NewHistory returns a history in which no agent has a result.
func NewHistory() *History { return &History{valid: map[codec.Hash]uint64{}} }

// Valid returns an agent's consecutive valid results.
func (h *History) Valid(agent codec.Hash) uint64 { return h.valid[agent] }

// Note counts a result. An invalid one begins again at zero.
func (h *History) Note(agent codec.Hash, valid bool) {
	if !valid {
		delete(h.valid, agent)
		return
	}
	h.valid[agent]++
}
