package settlement

import (
	"testing"

	"github.com/forgepool/settle/codec"
)

// A missing payout is claimed of a plan while its workload is in the states 2 to 5, edges
// included; neither a failure nor a settlement can be disputed by its plan.
func TestStatesOfADisputedPlan(t *testing.T) {
	for _, c := range []struct {
		state codec.State
		code  codec.Code
	}{
		{codec.StatePlanned, ""}, {codec.StateRunning, ""}, {codec.StateVerifying, ""}, {codec.StateAggregating, ""},
		{codec.StateFailed, codec.CodeWrongState},
	} {
		w := newWorld(t)
		j := w.newJob(2)
		w.accepted([][]byte{j.sealed}, j.next(j.event(codec.StatePlanned)))
		plan, by := w.moment.Index-1, w.actors["provider 3"]
		if c.state != codec.StatePlanned {
			e := j.event(c.state)
			if c.state == codec.StateFailed {
				e.Reason = ptr(uint64(1))
			}
			w.accepted(nil, j.next(e))
		}
		r := signedDispute(w.opening(by, codec.ClaimMissingPayout, plan), by.owner())
		if c.code != "" {
			w.refused(c.code, nil, r)
		} else {
			w.accepted(nil, r)
		}
	}
}

// Lines ascend strictly, also where their sum is the amount; records without postings have
// no lines, and only a settlement has shards.
func TestLinesAndShardsOfTargets(t *testing.T) {
	start := newSettled(t)
	planned := start.newJob(2)
	start.accepted([][]byte{planned.sealed}, planned.next(planned.event(codec.StatePlanned)))
	plan := start.moment.Index - 1
	a, blob := start.refund(5)
	start.accepted([][]byte{blob}, signedAdjustment(a, start.hub.owner()))
	refund := start.moment.Index - 1
	end := start.endCycle()
	shardOf := func(workload codec.ID) func(*codec.Dispute) {
		return func(d *codec.Dispute) { d.Shard = &codec.ShardOf{Workload: workload} }
	}
	for _, c := range []struct {
		name, by string
		claim    codec.Claim
		target   uint64
		lines    []codec.HeldLine
		edit     func(*codec.Dispute)
		code     codec.Code
	}{
		{"ascending", "auditor", codec.ClaimWrongOutput, start.at, []codec.HeldLine{held(1, 5), held(2, 5)}, shardOf(start.job.id), ""},
		{"twice", "auditor", codec.ClaimWrongOutput, start.at, []codec.HeldLine{held(1, 5), held(1, 5)}, shardOf(start.job.id), codec.CodeBadDispute},
		{"descending", "auditor", codec.ClaimWrongOutput, start.at, []codec.HeldLine{held(2, 5), held(1, 5)}, shardOf(start.job.id), codec.CodeBadDispute},
		{"the last line", "platform", codec.ClaimOvercharge, start.at, []codec.HeldLine{held(5, 5)}, nil, ""},
		{"a line of a refund", "customer", codec.ClaimOvercharge, refund, []codec.HeldLine{held(0, 5)}, nil, ""},
		{"a line of a plan", "provider 3", codec.ClaimMissingPayout, plan, []codec.HeldLine{held(0, 5)}, nil, codec.CodeBadDispute},
		{"a line of a close", "auditor", codec.ClaimBadClose, end, []codec.HeldLine{held(0, 0)}, nil, codec.CodeBadDispute},
		{"no line of a close", "auditor", codec.ClaimBadClose, end, nil, nil, ""},
		{"an amount of a close", "auditor", codec.ClaimBadClose, end, nil, func(d *codec.Dispute) { *d.Amount = codec.MaxAmount }, ""},
		{"a shard of a plan", "provider 3", codec.ClaimMissingPayout, plan, nil, shardOf(planned.id), codec.CodeBadDispute},
		{"a shard of a close", "auditor", codec.ClaimBadClose, end, nil, shardOf(start.job.id), codec.CodeBadDispute},
		{"a shard of a refund", "auditor", codec.ClaimWrongOutput, refund, nil, shardOf(start.job.id), codec.CodeBadDispute},
		{"a shard of nothing", "auditor", codec.ClaimWrongOutput, refund, nil, shardOf(codec.ID{}), codec.CodeBadDispute},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := start.fork(t)
			by := s.actors[c.by]
			d := s.opening(by, c.claim, c.target, c.lines...)
			if c.edit != nil {
				c.edit(d)
			}
			if r := signedDispute(d, by.owner()); c.code != "" {
				s.refused(c.code, nil, r)
			} else {
				s.accepted(nil, r)
			}
		})
	}
}

// Claims 1, 2, 6 and 9 name a shard, the others need none.
func TestClaimsThatNameAShard(t *testing.T) {
	start := newSettled(t)
	for claim := codec.ClaimWrongOutput; claim <= codec.ClaimBadReceipt; claim++ {
		if claim == codec.ClaimBadClose {
			continue
		}
		needs := claim == codec.ClaimWrongOutput || claim == codec.ClaimWrongUnits || claim == codec.ClaimDataUnavailable || claim == codec.ClaimBadReceipt
		s := start.fork(t)
		by := s.behind(s.at, 1)
		d := s.opening(by, claim, s.at)
		if r := signedDispute(d, by.owner()); needs {
			s.refused(codec.CodeBadDispute, nil, r)
		} else {
			s.accepted(nil, r)
		}
		d.ID = s.newID()
		s.accepted(nil, signedDispute(s.about(d, 0), by.owner()))
	}
}

// Numbers and operations of what follows on a dispute.
func TestFormsOfFollowUps(t *testing.T) {
	s := newSettled(t)
	by := s.actors["customer"]
	opened := s.opened(by, s.opening(by, codec.ClaimOvercharge, s.at, held(0, 9)))
	for _, c := range []struct {
		name string
		op   codec.DisputeOp
		code codec.Code
		edit func(*codec.Dispute)
	}{
		{"operation 0 and nothing else", codec.DisputeWithdraw, codec.CodeMalformed, func(d *codec.Dispute) { d.Op, d.Opened = 0, nil }},
		{"operation 7", codec.DisputeWithdraw, codec.CodeMalformed, func(d *codec.Dispute) { d.Op = 7 }},
		{"withdrawal of nothing", codec.DisputeWithdraw, codec.CodeMalformed, func(d *codec.Dispute) { d.Opened = nil }},
		{"withdrawal with evidence", codec.DisputeWithdraw, codec.CodeMalformed, func(d *codec.Dispute) { d.Evidence = &[]codec.Artifact{} }},
		{"escalation with an amount", codec.DisputeEscalate, codec.CodeMalformed, func(d *codec.Dispute) { d.Amount = ptr(uint64(1)) }},
		{"evidence without evidence", codec.DisputeEvidence, codec.CodeMalformed, func(d *codec.Dispute) { d.Evidence = nil }},
		{"evidence with a verdict", codec.DisputeEvidence, codec.CodeMalformed, func(d *codec.Dispute) {
			d.Verdict = &codec.Verdict{Adjudicators: []codec.ID{by.id}}
		}},
		{"acceptance of no amount", codec.DisputeAccept, codec.CodeMalformed, func(d *codec.Dispute) { d.Amount = nil }},
		{"opened 2^63", codec.DisputeWithdraw, codec.CodeOutOfRange, func(d *codec.Dispute) { *d.Opened = 1 << 63 }},
		{"opened 2^63-1", codec.DisputeWithdraw, codec.CodeUnknownTarget, func(d *codec.Dispute) { *d.Opened = 1<<63 - 1 }},
		{"accepted 2^63", codec.DisputeAccept, codec.CodeOutOfRange, func(d *codec.Dispute) { *d.Amount = 1 << 63 }},
		{"accepted 2^63-1", codec.DisputeAccept, codec.CodeBadDispute, func(d *codec.Dispute) { *d.Amount = 1<<63 - 1 }},
	} {
		t.Run(c.name, func(t *testing.T) {
			s.TB = t
			who := by
			if c.op == codec.DisputeAccept {
				who = s.actors["arbiter 1"]
			}
			d := s.followUp(c.op, opened, who)
			c.edit(d)
			s.refused(c.code, nil, signedDispute(d, who.owner()))
		})
	}
}

// What others claim stays held, also where they contest lines beyond those of the dispute
// that ends.
func TestClaimsBeyondTheLastLine(t *testing.T) {
	s := newSettled(t)
	by, auditor := s.behind(s.at, 1), s.actors["auditor"]
	own := s.opened(by, s.opening(by, codec.ClaimOvercharge, s.at, held(1, 900)))
	s.opened(auditor, s.about(s.opening(auditor, codec.ClaimWrongOutput, s.at, held(0, 3), held(1, 400), held(2, 5), held(5, 7)), 0))
	s.accepted(nil, signedDispute(s.followUp(codec.DisputeWithdraw, own, by), by.owner()))
	for line, want := range map[uint64]uint64{0: 3, 1: 400, 2: 5, 5: 7} {
		if got := s.Hold(LineRef{s.at, line}).Now; got != want {
			t.Errorf("line %d: %d are held, want %d", line, got, want)
		}
	}
}

// What is released of an account stays below 2^63, like what is held.
func TestOverflowOfReleases(t *testing.T) {
	for released, code := range map[uint64]codec.Code{codec.MaxAmount - 9: "", codec.MaxAmount - 8: codec.CodeOverflow} {
		s := newSettled(t)
		by := s.behind(s.at, 1)
		opened := s.opened(by, s.opening(by, codec.ClaimOvercharge, s.at, held(1, 9)))
		s.endCycle()
		b := *s.Balance(Account{s.moment.Cycle, codec.RoleProvider, by.id})
		b.Released = released
		s.balances[b.Account] = &b
		r := signedDispute(s.followUp(codec.DisputeWithdraw, opened, by), by.owner())
		if code != "" {
			s.refused(code, nil, r)
			continue
		}
		s.accepted(nil, r)
		if got := s.Balance(b.Account).Released; got != codec.MaxAmount {
			t.Errorf("%d released", got)
		}
	}
}
