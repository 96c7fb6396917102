package settlement

import (
	"crypto/ed25519"
	"reflect"
	"testing"

	"github.com/forgepool/settle/codec"
	"github.com/forgepool/settle/proof"
)

// openings are disputes of a settlement by the provider of line 1 about its shard, with
// one thing changed, in the order of the rules.
var openings = []struct {
	name string
	code codec.Code // "": accepted
	edit func(s *settled, d *codec.Dispute)
}{
	{"honest", "", func(*settled, *codec.Dispute) {}},
	// A1
	{"no operation", codec.CodeMalformed, func(_ *settled, d *codec.Dispute) { d.Op = 0 }},
	{"operation 7", codec.CodeMalformed, func(_ *settled, d *codec.Dispute) { d.Op = 7 }},
	{"claim 0", codec.CodeMalformed, func(_ *settled, d *codec.Dispute) { *d.Claim = 0 }},
	{"claim 10", codec.CodeMalformed, func(_ *settled, d *codec.Dispute) { *d.Claim = 10 }},
	{"no lines key", codec.CodeMalformed, func(_ *settled, d *codec.Dispute) { d.Lines = nil }},
	{"opened in op 1", codec.CodeMalformed, func(_ *settled, d *codec.Dispute) { d.Opened = ptr(uint64(1)) }},
	{"verdict in op 1", codec.CodeMalformed, func(_ *settled, d *codec.Dispute) { d.Verdict = &codec.Verdict{Adjudicators: []codec.ID{}} }},
	{"target 2^63", codec.CodeOutOfRange, func(_ *settled, d *codec.Dispute) { d.Target.Index = 1 << 63 }},
	{"amount 2^63", codec.CodeOutOfRange, func(_ *settled, d *codec.Dispute) { *d.Amount = 1 << 63 }},
	{"deadline 2^63", codec.CodeOutOfRange, func(_ *settled, d *codec.Dispute) { *d.Deadline = 1 << 63 }},
	{"line of 2^63", codec.CodeOutOfRange, func(_ *settled, d *codec.Dispute) { (*d.Lines)[0].Amount = 1 << 63 }},
	{"shard 2^63", codec.CodeOutOfRange, func(_ *settled, d *codec.Dispute) { d.Shard.Index = 1 << 63 }},
	{"evidence of 2^63", codec.CodeOutOfRange, func(_ *settled, d *codec.Dispute) { d.Evidence = &[]codec.Artifact{{Size: 1 << 63}} }},
	// A5, A3, A4, A6, A7
	{"unknown author", codec.CodeUnknownParty, func(_ *settled, d *codec.Dispute) { d.Author[0]++ }},
	{"too new", codec.CodeOutOfTime, func(_ *settled, d *codec.Dispute) { d.At += 600_001 }},
	{"other cycle", codec.CodeClosedCycle, func(_ *settled, d *codec.Dispute) { d.Cycle++ }},
	{"sum of the lines", codec.CodeOverflow, func(_ *settled, d *codec.Dispute) {
		*d.Lines = []codec.HeldLine{held(1, codec.MaxAmount), held(2, 1)}
	}},
	{"no such blob", codec.CodeMissingAttachment, func(_ *settled, d *codec.Dispute) { d.Evidence = &[]codec.Artifact{{Size: 1}} }},
	// 10
	{"target beyond the log", codec.CodeUnknownTarget, func(s *settled, d *codec.Dispute) { d.Target.Index = s.moment.Index }},
	{"target with another hash", codec.CodeUnknownTarget, func(_ *settled, d *codec.Dispute) { d.Target.Leaf[0]++ }},
	{"target is the genesis", codec.CodeUnknownTarget, func(s *settled, d *codec.Dispute) { *d.Target = s.ref(0) }},
	{"target is an Aggregating event", codec.CodeUnknownTarget, func(s *settled, d *codec.Dispute) { *d.Target = s.ref(s.at - 1) }},
	// 11
	{"workload is settled", codec.CodeWrongState, func(s *settled, d *codec.Dispute) {
		*d.Target, *d.Claim, d.Shard, *d.Lines = s.ref(s.at-2), codec.ClaimMissingPayout, nil, nil
	}},
	// 12
	{"claimant is another", codec.CodeWrongAuthor, func(s *settled, d *codec.Dispute) { d.Claimant.Party[0]++ }},
	{"claimant in another role", codec.CodeWrongRole, func(_ *settled, d *codec.Dispute) { d.Claimant.Role = codec.RoleAdapter }},
	// 13
	{"bad close of a settlement", codec.CodeBadDispute, func(_ *settled, d *codec.Dispute) { *d.Claim = codec.ClaimBadClose }},
	// 14
	{"line twice", codec.CodeBadDispute, func(_ *settled, d *codec.Dispute) { *d.Lines = []codec.HeldLine{held(1, 5), held(1, 5)} }},
	{"no such line", codec.CodeBadDispute, func(_ *settled, d *codec.Dispute) { (*d.Lines)[0].Line = 6 }},
	{"more than the line", codec.CodeBadDispute, func(s *settled, d *codec.Dispute) {
		all := s.Posted(s.at).Lines[1].Amount
		(*d.Lines)[0].Amount, *d.Amount = all+1, all+1
	}},
	{"the whole line", "", func(s *settled, d *codec.Dispute) {
		all := s.Posted(s.at).Lines[1].Amount
		(*d.Lines)[0].Amount, *d.Amount = all, all
	}},
	{"somebody else's line", codec.CodeBadDispute, func(_ *settled, d *codec.Dispute) { (*d.Lines)[0].Line = 2 }},
	{"no lines", "", func(_ *settled, d *codec.Dispute) { *d.Lines, *d.Amount = []codec.HeldLine{}, 0 }},
	// 15
	{"amount above the lines", codec.CodeBadDispute, func(_ *settled, d *codec.Dispute) { *d.Amount++ }},
	{"amount of a missing payout", "", func(_ *settled, d *codec.Dispute) { *d.Claim, *d.Amount = codec.ClaimMissingPayout, 1<<60 }},
	// 17
	{"no shard", codec.CodeBadDispute, func(_ *settled, d *codec.Dispute) { d.Shard = nil }},
	{"no shard for an overcharge", "", func(_ *settled, d *codec.Dispute) { *d.Claim, d.Shard = codec.ClaimOvercharge, nil }},
	{"last shard", "", func(_ *settled, d *codec.Dispute) { d.Shard.Index = 3 }},
	{"shard beyond the last", codec.CodeBadDispute, func(_ *settled, d *codec.Dispute) { d.Shard.Index = 4 }},
	{"replica that is not there", codec.CodeBadDispute, func(_ *settled, d *codec.Dispute) { d.Shard.Replica = 1 }},
	{"shard of another workload", codec.CodeBadDispute, func(_ *settled, d *codec.Dispute) { d.Shard.Workload[0]++ }},
	// 20
	{"deadline before at", codec.CodeBadDispute, func(s *settled, d *codec.Dispute) { *d.Deadline = s.now - 1 }},
	{"deadline at once", "", func(s *settled, d *codec.Dispute) { *d.Deadline = s.now }},
	{"latest deadline", "", func(s *settled, d *codec.Dispute) { *d.Deadline = s.now + 7*day }},
	{"deadline too late", codec.CodeBadDispute, func(s *settled, d *codec.Dispute) { *d.Deadline = s.now + 7*day + 1 }},
}

func TestOpeningOfADispute(t *testing.T) {
	start := newSettled(t)
	for _, c := range openings {
		t.Run(c.name, func(t *testing.T) {
			s := start.fork(t)
			by := s.behind(s.at, 1)
			d := s.about(s.opening(by, codec.ClaimWrongOutput, s.at, held(1, 700)), 0)
			c.edit(s, d)
			r := signedDispute(d, by.owner())
			if c.code != "" {
				s.refused(c.code, nil, r)
				return
			}
			s.accepted(nil, r)
			got := s.Dispute(s.moment.Index - 1)
			if got.Status != StatusOpen || got.TargetAuthor != s.hub.id || (got.Fault != nil) != (d.Shard != nil) {
				t.Errorf("the state keeps %+v", got)
			}
			if w := s.Workload(s.hub.id, s.job.id); w.State != codec.StateDisputed {
				t.Errorf("the workload is %v", w.State)
			}
		})
	}
}

// fork returns a world that goes its own way.
func (s *settled) fork(t testing.TB) *settled {
	w := *s.world
	w.TB, w.memory = t, s.clone()
	f := *s
	f.world = &w
	return &f
}

// Who may claim what of which kind of record.
func TestClaimants(t *testing.T) {
	start := newSettled(t)
	planned := start.newJob(2)
	start.accepted([][]byte{planned.sealed}, planned.next(planned.event(codec.StatePlanned)))
	plan := start.moment.Index - 1
	a, blob := start.correction(start.hub, codec.CauseGoodwill, 0, start.at,
		start.posting(start.actors["platform"], codec.Debit, 5), start.posting(start.actors["customer"], codec.Credit, 5))
	start.accepted([][]byte{blob}, signedAdjustment(a, start.hub.owner()))
	goodwill := start.moment.Index - 1
	end := start.endCycle()
	outsider := "capped"
	for _, c := range []struct {
		by     string
		claim  codec.Claim
		target uint64
		code   codec.Code
	}{
		{"customer", codec.ClaimOvercharge, start.at, ""},
		{"platform", codec.ClaimWrongPolicy, start.at, ""},
		{"adapter", codec.ClaimDuplicateWork, start.at, ""},
		{outsider, codec.ClaimOvercharge, start.at, codec.CodeBadDispute},
		{outsider, codec.ClaimMissingPayout, start.at, codec.CodeBadDispute},
		{"hub", codec.ClaimOvercharge, start.at, codec.CodeBadDispute},
		{"arbiter 1", codec.ClaimOvercharge, start.at, codec.CodeBadDispute},
		{"auditor", codec.ClaimWrongOutput, start.at, ""}, {"auditor", codec.ClaimWrongUnits, start.at, ""},
		{"auditor", codec.ClaimMissingPayout, start.at, codec.CodeWrongRole},
		{"auditor", codec.ClaimOvercharge, start.at, codec.CodeWrongRole},
		{"auditor", codec.ClaimDuplicateWork, start.at, codec.CodeWrongRole},
		{"auditor", codec.ClaimDataUnavailable, start.at, ""},
		{"auditor", codec.ClaimWrongPolicy, start.at, codec.CodeWrongRole},
		{"auditor", codec.ClaimBadReceipt, start.at, ""},
		{"customer", codec.ClaimOvercharge, goodwill, ""}, {"provider 1", codec.ClaimMissingPayout, goodwill, ""},
		{"provider 1", codec.ClaimOvercharge, goodwill, codec.CodeBadDispute},
		{"auditor", codec.ClaimWrongOutput, goodwill, codec.CodeBadDispute}, // no manifest, no shard
		{"auditor", codec.ClaimBadClose, end, ""}, {"provider 1", codec.ClaimBadClose, end, ""},
		{outsider, codec.ClaimBadClose, end, codec.CodeBadDispute},
		{"provider 1", codec.ClaimOvercharge, end, codec.CodeBadDispute},
		{"provider 1", codec.ClaimMissingPayout, end, codec.CodeBadDispute},
		{"provider 1", codec.ClaimBadClose, end - 1, codec.CodeUnknownTarget}, // a cut
		{"provider 3", codec.ClaimMissingPayout, plan, ""}, {"customer", codec.ClaimMissingPayout, plan, codec.CodeBadDispute},
		{"provider 3", codec.ClaimWrongPolicy, plan, codec.CodeBadDispute},
		{"auditor", codec.ClaimDataUnavailable, plan, codec.CodeBadDispute},
		{"auditor", codec.ClaimBadClose, start.at, codec.CodeBadDispute},
	} {
		t.Run(c.by+" claims "+string(rune('0'+c.claim)), func(t *testing.T) {
			s := start.fork(t)
			by := s.actors[c.by]
			d := s.opening(by, c.claim, c.target)
			if by.role == codec.RoleAuditor && c.target != end && c.target != plan {
				s.about(d, 0)
			}
			if r := signedDispute(d, by.owner()); c.code != "" {
				s.refused(c.code, nil, r)
			} else {
				s.accepted(nil, r)
			}
		})
	}
}

func TestWindowOfDisputes(t *testing.T) {
	start := newSettled(t)
	settledAt := start.now
	for wait, code := range map[uint64]codec.Code{7 * day: "", 7*day + 1: codec.CodeTooLate} {
		s := start.fork(t)
		s.now = settledAt + wait
		by := s.actors["customer"]
		r := signedDispute(s.opening(by, codec.ClaimOvercharge, s.at), by.owner())
		if code != "" {
			s.refused(code, nil, r)
			continue
		}
		s.accepted(nil, r)
	}
}

// A dispute of a plan is open while nothing is settled, and does not mark the workload.
func TestDisputeOfAPlan(t *testing.T) {
	w := newWorld(t)
	j := w.newJob(2)
	w.accepted([][]byte{j.sealed}, j.next(j.event(codec.StatePlanned)))
	plan, by := w.moment.Index-1, w.actors["provider 3"]
	d := w.opening(by, codec.ClaimMissingPayout, plan)
	*d.Amount = 1_000
	opened := w.opened(by, d)
	w.accepted(nil, j.next(j.event(codec.StateAggregating)))
	r, blobs := j.settle(lie{})
	w.accepted(blobs, r)
	w.refused(codec.CodeWrongState, nil, signedDispute(w.opening(by, codec.ClaimMissingPayout, plan), by.owner()))
	w.rule(w.followUp(codec.DisputeAccept, opened, w.actors["arbiter 1"]))
	if state := w.Workload(w.hub.id, j.id).State; state != codec.StateFinalized {
		t.Errorf("the workload is %v", state)
	}
}

func TestEvidenceIsThere(t *testing.T) {
	s := newSettled(t)
	by, blob := s.actors["customer"], []byte("a log proof")
	d := s.opening(by, codec.ClaimOvercharge, s.at)
	d.Evidence = &[]codec.Artifact{{Kind: 1, Hash: codec.BlobHash(blob), Size: uint64(len(blob)) + 1}}
	s.refused(codec.CodeMissingAttachment, nil, signedDispute(d, by.owner()))
	s.refused(codec.CodeBadDispute, [][]byte{blob}, signedDispute(d, by.owner()))
	(*d.Evidence)[0].Size--
	s.accepted([][]byte{blob}, signedDispute(d, by.owner()))
	e := s.followUp(codec.DisputeEvidence, s.moment.Index-1, by)
	e.Evidence = d.Evidence
	s.accepted(nil, signedDispute(e, by.owner())) // replicated before
	e.ID, (*e.Evidence)[0].Size = s.newID(), 3
	s.refused(codec.CodeBadDispute, nil, signedDispute(e, by.owner()))
}

// A settlement can be disputed in the batch that brings it, shard and all; without its
// manifest no shard can be named.
func TestDisputeInTheSameBatch(t *testing.T) {
	w := newWorld(t)
	j := w.newJob(4).run()
	r, blobs := j.settle(lie{})
	auditor, claim := w.actors["auditor"], codec.ClaimWrongOutput
	d := &codec.Dispute{
		ID: w.newID(), At: w.now, Cycle: worldCycle, Author: auditor.id, Op: codec.DisputeOpen,
		Target:   &codec.RecordRef{Index: w.moment.Index, Leaf: proof.LeafA(r)},
		Claimant: &codec.Claimant{Role: codec.RoleAuditor, Party: auditor.id}, Claim: &claim, Lines: &[]codec.HeldLine{},
		Amount: ptr(uint64(0)), Evidence: &[]codec.Artifact{}, Deadline: ptr(w.now),
		Shard: &codec.ShardOf{Workload: j.id, Index: 1},
	}
	w.accepted(blobs, r, signedDispute(d, auditor.owner()))
	if got := w.Dispute(w.moment.Index - 1); got.Units != 2 || got.Output != j.entries[1].Output.Hash || *got.Fault != j.entries[1].Provider {
		t.Errorf("the state keeps %+v", got)
	}
	delete(w.blobs, codec.BlobHash(blobs[0]))
	d.ID = w.newID()
	w.refused(codec.CodeBadDispute, nil, signedDispute(d, auditor.owner()))
}

func TestTooManyDisputes(t *testing.T) {
	s := newSettled(t)
	by := s.actors["customer"]
	for range maxClaims {
		s.opened(by, s.opening(by, codec.ClaimOvercharge, s.at, held(0, 1)))
	}
	s.refused(codec.CodeOverLimit, nil, signedDispute(s.opening(by, codec.ClaimOvercharge, s.at), by.owner()))
	adapter := s.actors["adapter"]
	s.opened(adapter, s.opening(adapter, codec.ClaimOvercharge, s.at))
	// 64 of all: the others are put there by hand.
	contest := &Contest{Target: s.at}
	for i := range uint64(maxDisputes - 1) {
		s.disputes[1<<40+i] = &Dispute{Opened: 1<<40 + i}
		contest.Open = append(contest.Open, 1<<40+i)
	}
	s.contests[s.at] = contest
	s.opened(adapter, s.opening(adapter, codec.ClaimOvercharge, s.at))
	s.refused(codec.CodeOverLimit, nil, signedDispute(s.opening(adapter, codec.ClaimOvercharge, s.at), adapter.owner()))
}

// Neither suspension nor exit stops a claimant; arbiters and hubs must be active.
func TestInactiveClaimant(t *testing.T) {
	s := newSettled(t)
	by := s.behind(s.at, 1)
	exit := s.change(codec.PartyExit, by.name, by.name)
	exit.Reason = ptr(uint64(1))
	s.accepted(nil, signedParty(exit, by.owner()))
	opened := s.opened(by, s.opening(by, codec.ClaimOvercharge, s.at, held(1, 9)))
	s.accepted(nil, signedDispute(s.followUp(codec.DisputeEvidence, opened, by), by.owner()))
	s.accepted(nil, signedDispute(s.followUp(codec.DisputeEscalate, opened, by), by.owner()))
	s.accepted(nil, signedDispute(s.followUp(codec.DisputeWithdraw, opened, by), by.owner()))

	customer := s.actors["customer"]
	s.accepted(nil, s.status(codec.PartySuspend, "customer"))
	opened = s.opened(customer, s.opening(customer, codec.ClaimOvercharge, s.at, held(0, 9)))
	arbiter := s.actors["arbiter 1"]
	suspend := s.change(codec.PartySuspend, "arbiter 1", "governance")
	suspend.Reason = ptr(uint64(1))
	s.accepted(nil, signedParty(suspend, s.governance()...))
	s.refused(codec.CodeInactiveParty, nil, signedDispute(s.followUp(codec.DisputeReject, opened, arbiter), arbiter.owner()))
}

// signersOf checks which sets of signers a record takes.
func (w *world) signersOf(t *testing.T, want map[string]codec.Code, record func(keys ...ed25519.PrivateKey) []byte, blobs ...[]byte) {
	t.Helper()
	for names, code := range want {
		s := (&settled{world: w}).fork(t)
		if r := record(s.keysOf(names)...); code != "" {
			s.refused(code, blobs, r)
		} else {
			s.accepted(blobs, r)
		}
		if t.Failed() {
			t.Fatalf("signed by %s", names)
		}
	}
}

func TestNothingIsKeptOfARefusal(t *testing.T) {
	s := newSettled(t)
	by := s.behind(s.at, 1)
	for _, c := range openings {
		if c.code == "" {
			continue
		}
		d := s.about(s.opening(by, codec.ClaimWrongOutput, s.at, held(1, 700)), 0)
		c.edit(s, d)
		before := s.clone()
		before.blobs, before.moment, before.batches = nil, Moment{}, nil
		s.refused(c.code, nil, signedDispute(d, by.owner()))
		after := s.clone()
		after.blobs, after.moment, after.batches = nil, Moment{}, nil
		if !reflect.DeepEqual(before, after) {
			t.Errorf("%s: the state moved", c.name)
		}
	}
}
