package settlement

import (
	"testing"

	"github.com/forgepool/settle/codec"
)

// adjusts appends an adjustment, or wants it refused with no byte of the state moved.
func (s *settled) adjusts(code codec.Code, by string, a *codec.Adjustment, blob []byte) {
	s.Helper()
	r := signedAdjustment(a, s.keysOf(by)...)
	if code != "" {
		s.refused(code, [][]byte{blob}, r)
		return
	}
	s.accepted([][]byte{blob}, r)
}

// Credits and debits are equal whatever the totals say, and the totals are theirs.
func TestTotalsOfAnAdjustment(t *testing.T) {
	s := newSettled(t)
	for _, c := range []struct {
		name           string
		credits, debit uint64
		totals         codec.Totals
		code           codec.Code
	}{
		{"sides differ, totals do not", 1_000, 1_001, codec.Totals{Credit: 1_000, Debit: 1_000}, codec.CodeUnbalanced},
		{"totals one above", 1_000, 1_000, codec.Totals{Credit: 1_001, Debit: 1_001}, codec.CodeBadAdjustment},
		{"totals one below", 1_000, 1_000, codec.Totals{Credit: 999, Debit: 999}, codec.CodeBadAdjustment},
		{"equal", 1_000, 1_000, codec.Totals{Credit: 1_000, Debit: 1_000}, ""},
	} {
		a, blob := s.correction(s.hub, codec.CauseBillingError, 0, s.at, s.back(s.at, 0, c.credits), s.back(s.at, 5, c.debit))
		a.Totals = c.totals
		t.Log(c.name)
		s.adjusts(c.code, "hub", a, blob)
	}
}

// A reversing posting takes a line of its own party back, of the record that a billing
// error is about.
func TestLinesThatAreTakenBack(t *testing.T) {
	first := newSettled(t)
	s := first.settleNew("customer")
	p, q := s.behind(s.at, 1), s.behind(s.at, 2)
	other := s.back(s.at, 2, 9) // of another provider
	other.Party = p.id
	a, blob := s.correction(s.hub, codec.CauseBillingError, 0, s.at, s.back(s.at, 0, 9), other)
	s.adjusts(codec.CodeBadPostings, "hub, "+p.name, a, blob)
	s.adjusts(codec.CodeBadPostings, "hub, "+q.name, a, blob)
	for target, code := range map[uint64]codec.Code{first.at: codec.CodeBadAdjustment, s.at: ""} {
		a, blob := s.correction(s.hub, codec.CauseBillingError, 0, target, s.back(s.at, 0, 9), s.back(s.at, 5, 9))
		s.adjusts(code, "hub", a, blob)
	}
	a, blob = s.correction(s.hub, codec.CauseBillingError, 0, s.at, s.back(s.at, 0, 9), s.back(first.at, 5, 9))
	s.adjusts(codec.CodeBadAdjustment, "hub", a, blob)
}

// service_cycle has begun: the open cycle from its first record on, no cycle that an
// intent merely names.
func TestServiceCycle(t *testing.T) {
	s := newSettled(t)
	s.promise("auditor", worldCycle+1)
	a, blob := s.refund(5)
	a.ServiceCycle = worldCycle + 1
	s.adjusts(codec.CodeBadAdjustment, "hub", a, blob)
	s.cutOff()
	a, blob = s.refund(5)
	if a.ServiceCycle = worldCycle + 1; s.Cycle(a.ServiceCycle).First != s.moment.Index {
		t.Fatal("the cycle has records already")
	}
	s.adjusts("", "hub", a, blob)
	a, blob = s.refund(5)
	a.ServiceCycle = worldCycle + 2
	s.adjusts(codec.CodeBadAdjustment, "hub", a, blob)
}

// Nothing follows from a dispute that was rejected or withdrawn, no penalty either, whose
// shard names somebody.
func TestNoPenaltyAfterARejection(t *testing.T) {
	for _, op := range []codec.DisputeOp{codec.DisputeAccept, codec.DisputeReject, codec.DisputeWithdraw} {
		s := newSettled(t)
		by := s.behind(s.at, 1)
		opened := s.opened(by, s.about(s.opening(by, codec.ClaimDataUnavailable, s.at, held(1, 700)), 0))
		d := s.followUp(op, opened, s.actors["arbiter 1"])
		if op == codec.DisputeWithdraw {
			d.Author = by.id
			s.accepted(nil, signedDispute(d, by.owner()))
		} else {
			s.rule(d)
		}
		a, blob := s.correction(s.hub, codec.CausePenalty, s.moment.Index-1, s.at,
			s.posting(s.actors["provider 1"], codec.Debit, 5), s.posting(s.actors["platform"], codec.Credit, 5))
		code := codec.CodeBadAdjustment
		if op == codec.DisputeAccept {
			code = ""
		}
		s.adjusts(code, "hub, arbiter 1", a, blob)
	}
}

// A dispute without a shard finds nobody at fault, an open finding finds its provider.
func TestWhoIsAtFault(t *testing.T) {
	s := newSettled(t)
	by, fault := s.actors["customer"], s.actors["provider 1"]
	draft := func(from *actor, ref, target uint64) (*codec.Adjustment, []byte) {
		return s.correction(s.hub, codec.CausePenalty, ref, target, s.posting(from, codec.Debit, 5), s.posting(s.actors["platform"], codec.Credit, 5))
	}
	without := s.opened(by, s.opening(by, codec.ClaimOvercharge, s.at, held(0, 9)))
	ruling := s.rule(s.followUp(codec.DisputeAccept, without, s.actors["arbiter 1"]))
	open := s.opened(by, s.about(s.opening(by, codec.ClaimDataUnavailable, s.at), 0))
	a, blob := draft(fault, ruling, s.at)
	s.adjusts(codec.CodeBadAdjustment, "hub, arbiter 1", a, blob)
	end := s.endCycle()
	nobody := s.attest(worldCycle, codec.OpinionFail)
	unproven := s.attest(worldCycle, codec.OpinionFail, without)
	found := s.attest(worldCycle, codec.OpinionFail, without, open)
	for ref, code := range map[uint64]codec.Code{nobody: codec.CodeBadAdjustment, unproven: codec.CodeBadAdjustment, found: ""} {
		a, blob = draft(fault, ref, end)
		s.adjusts(code, "hub, arbiter 1", a, blob)
	}
}

// Only what takes a charge back counts as a refund: to take line 0 of an adjustment back
// does not touch what counts against the cap.
func TestReversalOfARefund(t *testing.T) {
	s := newSettled(t)
	account := Account{worldCycle, codec.RoleCustomer, s.actors["customer"].id}
	a, blob := s.refund(400)
	s.adjusts("", "hub", a, blob)
	charged, at := s.Balance(account).Charged, s.moment.Index-1
	a, blob = s.correction(s.hub, codec.CauseBillingError, 0, at, s.back(at, 0, 300), s.back(at, 1, 300))
	s.adjusts("", "hub, customer", a, blob)
	if got := s.Balance(account).Charged; got != charged || charged != 5_000_015-400 {
		t.Errorf("%d count against the cap after the refund, %d after its reversal", charged, got)
	}
}

// What is carried goes from the debtor to the platform, not the other way.
func TestCarryForwardTheOtherWay(t *testing.T) {
	s := newSettled(t)
	end := s.indebted()
	debit, credit := s.debt()
	debit.Side, credit.Side = credit.Side, debit.Side
	a, blob := s.carry(end, worldCycle, debit, credit)
	s.adjusts(codec.CodeBadAdjustment, "hub", a, blob)
	debit.Side, credit.Side = credit.Side, debit.Side
	a, blob = s.carry(end, worldCycle, debit, credit)
	s.adjusts("", "hub", a, blob)
}
