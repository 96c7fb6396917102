package settlement

import (
	"github.com/forgepool/settle/codec"
	"github.com/forgepool/settle/proof"
)

// planner is row 19: the planner's state.
func (s *settling) planner() *codec.Refusal {
	planner := codec.Hash{}
	if s.Body.Planner != nil {
		planner = *s.Body.Planner
	}
	if planner != s.work.Plan.Planner || (s.Body.Planner != nil) != (planner != codec.Hash{}) {
		return codec.Refuse(codec.CodeBadPlan, "planner is not the plan's")
	}
	return nil
}

// shards is rows 19 and 20: the planner's state and the manifest.
func (s *settling) shards() *codec.Refusal {
	if r := s.planner(); r != nil {
		return r
	}
	if s.shardsFault != nil {
		return s.shardsFault
	}
	limits := &s.policy.Body.Limits
	if s.Manifest.Count > limits.MaxShards {
		return codec.Refuse(codec.CodeOverLimit, "more shards than the policy allows")
	}
	perShard := limits.MaxUnits[s.Body.Class-1]
	entries := s.Manifest.Entries
	for i := range entries {
		e := &entries[i]
		if e.Units > perShard {
			return codec.Refuse(codec.CodeOverLimit, "more work units in a shard than the policy allows")
		}
		if e.Replica > 0 && s.policy.Body.PayReplicas == 0 {
			return badShard("the policy does not pay replicas")
		}
		if i > 0 && e.Provider == entries[i-1].Provider && e.Agent == entries[i-1].Agent {
			continue
		}
		if r := s.executed(e); r != nil {
			return r
		}
	}
	return nil
}

// executed checks provider and agent of an entry: both as they stood when the work
// was planned, so that neither a suspension nor a revocation in between takes away
// pay for work already given out.
func (s *settling) executed(e *codec.ShardEntry) *codec.Refusal {
	party, agent := s.v.Party(e.Provider), s.v.Key(e.Agent)
	switch {
	case party == nil || party.Role != codec.RoleProvider:
		return badShard("no provider " + e.Provider.String())
	case party.StatusAt(s.work.PlannedAt) != Active:
		return badShard("provider was suspended or had left before the plan: " + e.Provider.String())
	case agent == nil || agent.Party != e.Provider || agent.Use != codec.UseAgent:
		return badShard("not an agent key of the provider: " + e.Agent.String())
	case agent.RevokedAt < s.work.PlannedAt:
		return badShard("agent key was revoked before the plan: " + e.Agent.String())
	case agent.ValidFrom > s.at.Index || !agent.ValidAt(agent.ValidFrom):
		return badShard("agent key was never valid: " + e.Agent.String())
	}
	return nil
}

// planned is row 32: the manifest holds the first shards of the plan.
func (s *settling) planned() *codec.Refusal {
	plan, count := s.work.Plan, s.Manifest.Count
	if count == plan.Count && len(s.Body.PlanProof) == 0 {
		if s.PlanRoot != plan.Root {
			return codec.Refuse(codec.CodeBadPlan, "the shards are not the planned ones")
		}
		return nil
	}
	if err := proof.CheckPlan(count, plan.Count, plan.Root, s.Manifest.Plan, s.Body.PlanProof); err != nil {
		return codec.Refuse(codec.CodeBadPlan, err.Error())
	}
	return nil
}
