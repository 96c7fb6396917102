package settlement

import (
	"testing"

	"github.com/forgepool/settle/codec"
)

// A dispute outlives the month in which it is opened: the month is cut and closed by
// records, audited by records, and everything that follows is paid in the months after it.
func TestFromDisputeToCarryForward(t *testing.T) {
	a := newAudited(t) // 5 of line 1 are held at the cut
	s := a.settled
	if x := closeBody(t, a.logged[a.close]); x.Held.Held != 5 || x.Held.Disputes != 1 || x.Held.Released != 0 {
		t.Fatalf("the close states %+v", x.Held)
	}
	attested := a.attestFail(a.dispute)
	adjust := func(code codec.Code, by string, cause codec.Cause, ref, target uint64, list ...codec.Posting) {
		t.Helper()
		keys := s.keysOf(by)
		author := s.hub
		if cause == codec.CauseDispute {
			author = s.actors["arbiter 1"]
		}
		x, blob := s.correction(author, cause, ref, target, list...)
		if code != "" {
			s.unmoved(func() { s.refused(code, [][]byte{blob}, signedAdjustment(x, keys...)) })
			return
		}
		s.accepted([][]byte{blob}, signedAdjustment(x, keys...))
	}
	fault := s.actors["provider 1"]
	penalty := []codec.Posting{s.posting(fault, codec.Debit, 50_000_000), s.posting(s.actors["platform"], codec.Credit, 50_000_000)}
	found := []codec.Posting{s.back(s.at, 0, 7), s.back(s.at, 1, 7)}
	for _, code := range []codec.Code{"", codec.CodeNotOpen} { // each once per cause
		adjust(code, "hub, arbiter 1, auditor", codec.CauseAudit, attested, a.close, found...)
		adjust(code, "hub, arbiter 1", codec.CausePenalty, attested, a.close, penalty...)
	}
	d := s.followUp(codec.DisputeAccept, a.dispute, s.actors["arbiter 1"])
	*d.Amount, d.Verdict = 5, s.verdict(a.dispute, someHash("another output"), 1)
	s.accepted(nil, signedDispute(d, s.keysOf("arbiter 1, arbiter 2")...)) // after the deadline
	ruling := s.moment.Index - 1
	adjust(codec.CodeBadAdjustment, "arbiter 1, arbiter 2", codec.CauseDispute, ruling, s.at, s.back(s.at, 0, 6), s.back(s.at, 1, 6))
	adjust("", "arbiter 1, arbiter 2", codec.CauseDispute, ruling, s.at, s.back(s.at, 0, 5), s.back(s.at, 1, 5))
	// The second month: what was held is released, and the provider owes the penalty.
	s.cutOff()
	end := s.closeUp()
	if x := closeBody(t, s.logged[end]); x.Held.Held != 0 || x.Held.Disputes != 0 || x.Held.Released != 5 {
		t.Fatalf("the second close states %+v", x.Held)
	}
	owed := map[codec.ID]uint64{fault.id: 50_000_000}
	line := s.behind(s.at, 1)
	owed[line.id] += 7 + 5 // taken back
	owed[line.id] -= 5     // released
	debts := s.Debts(worldCycle + 1)
	list, total := []codec.Posting{}, uint64(0)
	for _, x := range debts {
		if owed[x.Party] != x.Amount {
			t.Errorf("%+v, plainly %d", x, owed[x.Party])
		}
		delete(owed, x.Party)
		list, total = append(list, codec.Posting{Role: x.Role, Party: x.Party, Side: codec.Debit, Amount: x.Amount}), total+x.Amount
	}
	if len(owed) != 0 {
		t.Errorf("no debts of %v", owed)
	}
	list = append(list, s.posting(s.actors["platform"], codec.Credit, total))
	for _, code := range []codec.Code{"", codec.CodeNotOpen} {
		x, blob := s.carry(end, worldCycle+1, list...)
		if code == "" {
			s.accepted([][]byte{blob}, signedAdjustment(x, s.hub.owner()))
			continue
		}
		s.unmoved(func() { s.refused(code, [][]byte{blob}, signedAdjustment(x, s.hub.owner())) })
	}
}

// attestFail appends an attestation that an audit failed, with one finding, and returns
// where.
func (a *audited) attestFail(finding uint64) uint64 {
	a.Helper()
	x := a.attestation()
	*x.Opinion, x.Findings = codec.OpinionFail, &[]uint64{finding}
	x.Result = &codec.AuditResult{Distinct: 4, Passed: 2, Failed: 1, Documentary: 1}
	a.accepted([][]byte{a.report}, signedAudit(x, a.actors["auditor"].owner()))
	return a.moment.Index - 1
}

func closeBody(t *testing.T, l *Logged) *codec.Cycle {
	_, body := decodeLogged(l)
	x, ok := body.(*codec.Cycle)
	if !ok || x.Op != codec.CycleClose {
		t.Fatal("not a close")
	}
	return x
}
