package settlement

import (
	"crypto/ed25519"
	"testing"

	"github.com/forgepool/settle/codec"
)

// ruled appends a dispute of line 1 with its shard, over 700, that is accepted for 600,
// and returns the index of the ruling.
func (s *settled) ruled() uint64 {
	s.Helper()
	by := s.behind(s.at, 1)
	opened := s.opened(by, s.about(s.opening(by, codec.ClaimWrongOutput, s.at, held(1, 700)), 0))
	d := s.followUp(codec.DisputeAccept, opened, s.actors["arbiter 1"])
	*d.Amount, d.Verdict = 600, s.verdict(opened, someHash("another output"), 1)
	return s.rule(d)
}

func TestAdjustmentOfARuling(t *testing.T) {
	s := newSettled(t)
	ruling := s.ruled()
	arbiter := s.actors["arbiter 1"]
	both := s.keysOf("arbiter 1, arbiter 2")
	draft := func(amount uint64) (*codec.Adjustment, []byte) {
		return s.correction(arbiter, codec.CauseDispute, ruling, s.at, s.back(s.at, 0, amount), s.back(s.at, 1, amount))
	}
	a, blob := draft(601)
	s.refused(codec.CodeBadAdjustment, [][]byte{blob}, signedAdjustment(a, both...))
	a, blob = draft(600)
	s.secondOwner("arbiter 1")
	s.signersOf(t, map[string]codec.Code{
		"nobody": codec.CodeUnsigned, "arbiter 1": codec.CodeUnsigned, "arbiter 1, arbiter 2": "",
		"arbiter 1, arbiter 1'": codec.CodeWrongSigners, "arbiter 1, arbiter 2, hub": codec.CodeWrongSigners, "hub": codec.CodeWrongSigners,
	}, func(keys ...ed25519.PrivateKey) []byte { return signedAdjustment(a, keys...) }, blob)
	for name, edit := range map[string]struct {
		code codec.Code
		f    func(*codec.Adjustment)
	}{
		"the opening":       {codec.CodeUnknownTarget, func(a *codec.Adjustment) { *a.CauseRef-- }},
		"beyond the log":    {codec.CodeUnknownTarget, func(a *codec.Adjustment) { *a.CauseRef = 1 << 40 }},
		"2^63":              {codec.CodeOutOfRange, func(a *codec.Adjustment) { *a.CauseRef = 1 << 63 }},
		"of another record": {codec.CodeBadAdjustment, func(a *codec.Adjustment) { a.Target = s.ref(s.at - 1) }},
	} {
		lie := *a
		lie.CauseRef = ptr(ruling)
		edit.f(&lie)
		t.Log(name)
		s.refused(edit.code, [][]byte{blob}, signedAdjustment(&lie, both...))
	}
	s.accepted([][]byte{blob}, signedAdjustment(a, both...))
	if d := s.Ruled(ruling); d.Adjusted != s.moment.Index-1 || d.Penalized != 0 {
		t.Errorf("the dispute says %+v", d)
	}
	a, blob = draft(1)
	s.refused(codec.CodeNotOpen, [][]byte{blob}, signedAdjustment(a, both...))
}

func TestNothingFollowsFromARejection(t *testing.T) {
	s := newSettled(t)
	by := s.actors["customer"]
	first := s.opened(by, s.opening(by, codec.ClaimOvercharge, s.at, held(0, 9)))
	second := s.opened(by, s.opening(by, codec.ClaimOvercharge, s.at, held(0, 9)))
	rejection := s.rule(s.followUp(codec.DisputeReject, first, s.actors["arbiter 1"]))
	s.accepted(nil, signedDispute(s.followUp(codec.DisputeWithdraw, second, by), by.owner()))
	for _, ref := range []uint64{rejection, s.moment.Index - 1} {
		a, blob := s.correction(s.actors["arbiter 1"], codec.CauseDispute, ref, s.at, s.back(s.at, 0, 1), s.back(s.at, 5, 1))
		s.refused(codec.CodeBadAdjustment, [][]byte{blob}, signedAdjustment(a, s.keysOf("arbiter 1, arbiter 2")...))
	}
}

func TestGoodwill(t *testing.T) {
	s := newSettled(t)
	platform, customer, provider := s.actors["platform"], s.actors["customer"], s.actors["provider 1"]
	for _, c := range []struct {
		from, to *actor
		code     codec.Code
	}{{platform, customer, ""}, {provider, customer, codec.CodeBadAdjustment}, {platform, provider, codec.CodeBadAdjustment}} {
		a, blob := s.correction(s.hub, codec.CauseGoodwill, 0, s.at-1, s.posting(c.from, codec.Debit, 5), s.posting(c.to, codec.Credit, 5))
		s.signersOf(t, map[string]codec.Code{
			"hub": c.code, "hub, hub 2": codec.CodeWrongSigners, "hub, arbiter 1": codec.CodeWrongSigners, "nobody": codec.CodeUnsigned,
		}, func(keys ...ed25519.PrivateKey) []byte { return signedAdjustment(a, keys...) }, blob)
	}
}

func TestAdjustmentOfAnAudit(t *testing.T) {
	s := newSettled(t)
	end := s.endCycle()
	attested := map[codec.Opinion]uint64{}
	for opinion := codec.OpinionPass; opinion <= codec.OpinionIncomplete; opinion++ {
		attested[opinion] = s.attest(worldCycle, opinion)
	}
	list := []codec.Posting{s.back(s.at, 0, 5), s.back(s.at, 1, 5)}
	for opinion, code := range map[codec.Opinion]codec.Code{
		codec.OpinionPass: codec.CodeBadAdjustment, codec.OpinionWithFindings: "", codec.OpinionFail: "", codec.OpinionIncomplete: codec.CodeBadAdjustment,
	} {
		a, blob := s.correction(s.hub, codec.CauseAudit, attested[opinion], end, list...)
		s.signersOf(t, map[string]codec.Code{
			"hub, arbiter 1, auditor": code, "hub, arbiter 1": codec.CodeUnsigned, "hub, auditor": codec.CodeUnsigned,
			"arbiter 1, auditor": codec.CodeUnsigned, "hub, arbiter 1, arbiter 2, auditor": codec.CodeWrongSigners,
		}, func(keys ...ed25519.PrivateKey) []byte { return signedAdjustment(a, keys...) }, blob)
	}
	all := s.keysOf("hub, arbiter 1, auditor")
	for target, code := range map[uint64]codec.Code{s.at: codec.CodeBadAdjustment, end - 1: codec.CodeBadAdjustment} {
		a, blob := s.correction(s.hub, codec.CauseAudit, attested[codec.OpinionFail], target, list...)
		s.refused(code, [][]byte{blob}, signedAdjustment(a, all...))
	}
	a, blob := s.correction(s.hub, codec.CauseAudit, s.at, end, list...)
	s.refused(codec.CodeUnknownTarget, [][]byte{blob}, signedAdjustment(a, all...))
	a, blob = s.correction(s.hub, codec.CauseAudit, attested[codec.OpinionFail], end, list...)
	s.accepted([][]byte{blob}, signedAdjustment(a, all...))
	a, blob = s.correction(s.hub, codec.CauseAudit, attested[codec.OpinionFail], end, list...)
	s.refused(codec.CodeNotOpen, [][]byte{blob}, signedAdjustment(a, all...))
}

// A penalty debits who was found at fault, once per ruling or attestation, beside the
// correction itself.
func TestPenalty(t *testing.T) {
	s := newSettled(t)
	ruling := s.ruled()
	shard, fault, other := s.Ruled(ruling), s.actors["provider 1"], s.actors["provider 2"] // 1 executed shard 0, 2 shard 1
	draft := func(from *actor, ref, target uint64) (*codec.Adjustment, []byte) {
		return s.correction(s.hub, codec.CausePenalty, ref, target, s.posting(from, codec.Debit, 50_000), s.posting(s.actors["platform"], codec.Credit, 50_000))
	}
	two := s.keysOf("hub, arbiter 1")
	a, blob := draft(other, ruling, s.at)
	s.refused(codec.CodeBadAdjustment, [][]byte{blob}, signedAdjustment(a, two...))
	a, blob = draft(fault, ruling, s.at)
	s.signersOf(t, map[string]codec.Code{
		"hub, arbiter 1": "", "hub": codec.CodeUnsigned, "arbiter 1": codec.CodeUnsigned, "hub, arbiter 1, arbiter 2": codec.CodeWrongSigners,
		"hub, arbiter 1, auditor": codec.CodeWrongSigners,
	}, func(keys ...ed25519.PrivateKey) []byte { return signedAdjustment(a, keys...) }, blob)
	s.accepted([][]byte{blob}, signedAdjustment(a, two...))
	if d := s.Ruled(ruling); d.Penalized != s.moment.Index-1 || d.Adjusted != 0 {
		t.Errorf("the dispute says %+v", d)
	}
	a, blob = draft(fault, ruling, s.at)
	s.refused(codec.CodeNotOpen, [][]byte{blob}, signedAdjustment(a, two...))
	a, blob = s.correction(s.hub, codec.CauseDispute, ruling, s.at, s.back(s.at, 0, 5), s.back(s.at, 1, 5))
	a.Author = s.actors["arbiter 1"].id
	s.accepted([][]byte{blob}, signedAdjustment(a, s.keysOf("arbiter 1, arbiter 2")...))

	end := s.endCycle()
	rejected := s.opened(other, s.about(s.opening(other, codec.ClaimWrongOutput, s.at), 1))
	d := s.followUp(codec.DisputeReject, rejected, s.actors["arbiter 1"])
	d.Verdict = s.verdict(rejected, s.Dispute(rejected).Output, 1)
	s.rule(d)
	findings := s.attest(worldCycle, codec.OpinionWithFindings, shard.Opened)
	failed := s.attest(worldCycle, codec.OpinionFail, shard.Opened, rejected)
	for _, c := range []struct {
		from        *actor
		ref, target uint64
		code        codec.Code
	}{
		{fault, findings, end, codec.CodeBadAdjustment}, {fault, failed, s.at, codec.CodeBadAdjustment},
		{other, failed, end, codec.CodeBadAdjustment}, // the finding about it was rejected
		{fault, s.at, end, codec.CodeUnknownTarget}, {fault, failed, end, ""}, {fault, failed, end, codec.CodeNotOpen},
	} {
		a, blob := draft(c.from, c.ref, c.target)
		if r := signedAdjustment(a, two...); c.code != "" {
			s.refused(c.code, [][]byte{blob}, r)
		} else {
			s.accepted([][]byte{blob}, r)
		}
	}
}

// indebted penalizes provider 1 for 900 more than it earned and ends the cycle.
func (s *settled) indebted() (end uint64) {
	s.Helper()
	ruling, provider := s.ruled(), s.actors["provider 1"]
	owed := s.Balance(Account{worldCycle, codec.RoleProvider, provider.id}).Credit + 900
	a, blob := s.correction(s.hub, codec.CausePenalty, ruling, s.at,
		s.posting(provider, codec.Debit, owed), s.posting(s.actors["platform"], codec.Credit, owed))
	s.accepted([][]byte{blob}, signedAdjustment(a, s.keysOf("hub, arbiter 1")...))
	return s.endCycle()
}

// carry drafts the carry-forward of a cycle after its close.
func (s *settled) carry(end, cycle uint64, postings ...codec.Posting) (*codec.Adjustment, []byte) {
	a, blob := s.correction(s.hub, codec.CauseCarryForward, 0, end, postings...)
	a.ServiceCycle = cycle
	return a, blob
}

// debt is 900 of provider 1.
func (s *settled) debt() (debit, credit codec.Posting) {
	return s.posting(s.actors["provider 1"], codec.Debit, 900), s.posting(s.actors["platform"], codec.Credit, 900)
}

func TestCarryForwardLies(t *testing.T) {
	s := newSettled(t)
	end := s.indebted()
	debit, credit := s.debt()
	provider := s.actors["provider 1"]
	reversing, line := debit, uint64(0)
	for i, l := range s.Posted(s.at).Lines {
		if l.Party == provider.id {
			line = uint64(i)
		}
	}
	reversing.RefIndex, reversing.RefLine = &s.at, &line
	for name, list := range map[string][]codec.Posting{
		"less":              {s.posting(provider, codec.Debit, 899), s.posting(s.actors["platform"], codec.Credit, 899)},
		"to another":        {debit, s.posting(s.actors["adapter"], codec.Credit, 900)},
		"from another":      {s.posting(s.actors["provider 2"], codec.Debit, 900), credit},
		"in another order":  {credit, debit},
		"in two parts":      {s.posting(provider, codec.Debit, 450), s.posting(provider, codec.Debit, 450), credit},
		"as reversing line": {reversing, credit},
	} {
		t.Log(name)
		a, blob := s.carry(end, worldCycle, list...)
		s.refused(codec.CodeBadAdjustment, [][]byte{blob}, signedAdjustment(a, s.hub.owner()))
	}
	a, blob := s.carry(end, worldCycle+1, debit, credit)
	s.refused(codec.CodeBadAdjustment, [][]byte{blob}, signedAdjustment(a, s.hub.owner()))
	a, blob = s.carry(end-1, worldCycle, debit, credit) // the cut
	s.refused(codec.CodeUnknownTarget, [][]byte{blob}, signedAdjustment(a, s.hub.owner()))
	a, blob = s.carry(end, worldCycle, debit, credit)
	s.signersOf(t, map[string]codec.Code{"hub": "", "hub, arbiter 1": codec.CodeWrongSigners, "nobody": codec.CodeUnsigned},
		func(keys ...ed25519.PrivateKey) []byte { return signedAdjustment(a, keys...) }, blob)
}

// What a provider owes at the end of a cycle is carried into a later one, once per
// close; without earnings there it is owed again.
func TestCarryForward(t *testing.T) {
	s := newSettled(t)
	ends := []uint64{s.indebted()}
	debit, credit := s.debt()
	accept := func(end, cycle uint64) {
		t.Helper()
		a, blob := s.carry(end, cycle, debit, credit)
		s.accepted([][]byte{blob}, signedAdjustment(a, s.hub.owner()))
		if got := s.Cycle(cycle).Carried; got != s.moment.Index-1 {
			t.Errorf("carried at %d", got)
		}
		if got := s.Balance(Account{s.moment.Cycle, codec.RoleProvider, debit.Party}).Debit; got != 900 {
			t.Errorf("%d were carried", got)
		}
	}
	refuse := func(code codec.Code, end, cycle uint64) {
		t.Helper()
		a, blob := s.carry(end, cycle, debit, credit)
		s.refused(code, [][]byte{blob}, signedAdjustment(a, s.hub.owner()))
	}
	accept(ends[0], worldCycle)
	refuse(codec.CodeNotOpen, ends[0], worldCycle)
	ends = append(ends, s.endCycle(), s.endCycle())
	accept(ends[1], worldCycle+1) // late
	refuse(codec.CodeBadAdjustment, ends[2], worldCycle+2)
	refuse(codec.CodeNotOpen, ends[1], worldCycle+1)
}
