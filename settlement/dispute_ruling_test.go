package settlement

import (
	"crypto/ed25519"
	"strings"
	"testing"

	"github.com/forgepool/settle/codec"
)

// keysOf returns owner keys by names, separated by commas; a name that ends in "'"
// means a second owner key of that party.
func (w *world) keysOf(names string) (keys []ed25519.PrivateKey) {
	for name := range strings.SplitSeq(names, ", ") {
		switch base, second := strings.CutSuffix(name, "'"); {
		case name == "nobody":
		case second:
			keys = append(keys, seeded(base+" second owner"))
		default:
			keys = append(keys, w.actors[name].owner())
		}
	}
	return keys
}

// secondOwner registers a second owner key of a party.
func (w *world) secondOwner(name string) {
	w.Helper()
	k := seeded(name + " second owner")
	w.accepted(nil, w.addKeys(name, honestly, map[codec.Use]ed25519.PrivateKey{codec.UseOwner: k}, w.actors[name].owner()))
}

func TestSignersOfDisputes(t *testing.T) {
	s := newSettled(t)
	for _, name := range []string{"customer", "arbiter 1", "hub"} {
		s.secondOwner(name)
	}
	customer, arbiter := s.actors["customer"], s.actors["arbiter 1"]
	opening := s.opening(customer, codec.ClaimOvercharge, s.at, held(0, 9))
	s.signersOf(t, map[string]codec.Code{
		"nobody": codec.CodeUnsigned, "customer": "", "customer'": "", "customer, customer'": codec.CodeWrongSigners,
		"hub": codec.CodeWrongSigners, "customer, hub": codec.CodeWrongSigners, "customer, arbiter 1": codec.CodeWrongSigners,
	}, func(keys ...ed25519.PrivateKey) []byte { return signedDispute(opening, keys...) })
	opened := s.opened(customer, opening)
	for _, c := range []struct {
		name string
		op   codec.DisputeOp
		by   *actor
		want map[string]codec.Code
	}{
		{"evidence of the claimant", codec.DisputeEvidence, customer, map[string]codec.Code{
			"customer": "", "hub": codec.CodeWrongSigners, "customer, hub": codec.CodeWrongSigners, "customer, customer'": codec.CodeWrongSigners,
		}},
		{"evidence of the target's author", codec.DisputeEvidence, s.hub, map[string]codec.Code{
			"hub": "", "customer": codec.CodeWrongSigners, "hub, hub'": codec.CodeWrongSigners, "hub 2": codec.CodeWrongSigners,
		}},
		{"evidence of somebody", codec.DisputeEvidence, arbiter, map[string]codec.Code{
			"arbiter 1": codec.CodeWrongSigners, "customer": codec.CodeWrongAuthor,
		}},
		{"withdrawal", codec.DisputeWithdraw, customer, map[string]codec.Code{"customer": "", "hub": codec.CodeWrongSigners}},
		{"escalation", codec.DisputeEscalate, customer, map[string]codec.Code{"customer": "", "hub": codec.CodeWrongSigners}},
		{"withdrawal by the hub", codec.DisputeWithdraw, s.hub, map[string]codec.Code{
			"customer": codec.CodeWrongAuthor, "hub": codec.CodeWrongSigners,
		}},
		{"ruling", codec.DisputeReject, arbiter, map[string]codec.Code{
			"arbiter 1": "", "arbiter 2": codec.CodeWrongAuthor, "arbiter 1, arbiter 2": codec.CodeWrongSigners,
			"arbiter 1, arbiter 1'": codec.CodeWrongSigners, "auditor": codec.CodeWrongSigners, "customer": codec.CodeWrongSigners,
			"arbiter 1, hub": codec.CodeWrongSigners, "nobody": codec.CodeUnsigned,
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := s.followUp(c.op, opened, c.by)
			s.signersOf(t, c.want, func(keys ...ed25519.PrivateKey) []byte { return signedDispute(d, keys...) })
		})
	}
}

// Escalation, asked for or by a missed deadline, makes a ruling one of two arbiters.
func TestEscalation(t *testing.T) {
	start := newSettled(t)
	start.secondOwner("arbiter 1")
	customer, arbiter := start.actors["customer"], start.actors["arbiter 1"]
	opened := start.opened(customer, start.opening(customer, codec.ClaimOvercharge, start.at, held(0, 9)))
	one := map[string]codec.Code{"arbiter 1": "", "arbiter 1, arbiter 2": codec.CodeWrongSigners}
	two := map[string]codec.Code{
		"arbiter 1": codec.CodeUnsigned, "arbiter 1, arbiter 2": "", "arbiter 1, arbiter 1'": codec.CodeWrongSigners,
		"arbiter 1, arbiter 2, arbiter 1'": codec.CodeWrongSigners, "arbiter 1, arbiter 2, hub": codec.CodeWrongSigners,
	}
	rule := func(s *settled, want map[string]codec.Code) {
		t.Helper()
		d := s.followUp(codec.DisputeAccept, opened, arbiter)
		s.signersOf(t, want, func(keys ...ed25519.PrivateKey) []byte { return signedDispute(d, keys...) })
	}
	rule(start, one)
	asked := start.fork(t)
	asked.accepted(nil, signedDispute(asked.followUp(codec.DisputeEscalate, opened, customer), customer.owner()))
	rule(asked, two)
	asked.refused(codec.CodeBadDispute, nil, signedDispute(asked.followUp(codec.DisputeEscalate, opened, customer), customer.owner()))
	late := start.fork(t)
	late.later(day) // the deadline
	rule(late, one)
	late.later(1)
	rule(late, two)
}

func TestRulings(t *testing.T) {
	start := newSettled(t)
	by, arbiter := start.behind(start.at, 1), start.actors["arbiter 1"]
	entry := start.job.entries[2]
	open := map[codec.Claim]uint64{}
	for _, claim := range []codec.Claim{codec.ClaimWrongOutput, codec.ClaimWrongUnits, codec.ClaimOvercharge, codec.ClaimBadReceipt} {
		d := start.opening(by, claim, start.at, held(1, 700))
		if claim != codec.ClaimOvercharge {
			start.about(d, 2)
		}
		open[claim] = start.opened(by, d)
	}
	none := func(*codec.Dispute) {}
	with := func(output codec.Hash, units uint64, edits ...func(*codec.Verdict)) func(*codec.Dispute) {
		return func(d *codec.Dispute) {
			d.Verdict = start.verdict(*d.Opened, output, units)
			for _, edit := range edits {
				edit(d.Verdict)
			}
		}
	}
	same, other := entry.Output.Hash, someHash("another output")
	one := func(v *codec.Verdict) { v.Adjudicators = v.Adjudicators[:1] }
	twice := func(v *codec.Verdict) { v.Adjudicators[1] = v.Adjudicators[0] }
	hub := func(v *codec.Verdict) { v.Adjudicators[1] = start.hub.id }
	nobody := func(v *codec.Verdict) { v.Adjudicators[1] = codec.ID{1} }
	expected := func(v *codec.Verdict) { v.Expected[0]++ }
	for _, c := range []struct {
		name  string
		claim codec.Claim
		op    codec.DisputeOp
		code  codec.Code
		edit  func(*codec.Dispute)
	}{
		{"accepted", codec.ClaimWrongOutput, codec.DisputeAccept, "", with(other, 3)},
		{"accepted, the same output", codec.ClaimWrongOutput, codec.DisputeAccept, codec.CodeBadDispute, with(same, 9)},
		{"rejected", codec.ClaimWrongOutput, codec.DisputeReject, "", with(same, 9)},
		{"rejected, another output", codec.ClaimWrongOutput, codec.DisputeReject, codec.CodeBadDispute, with(other, 3)},
		{"no verdict", codec.ClaimWrongOutput, codec.DisputeReject, codec.CodeBadDispute, none},
		{"one adjudicator", codec.ClaimWrongOutput, codec.DisputeAccept, codec.CodeBadDispute, with(other, 3, one)},
		{"the same twice", codec.ClaimWrongOutput, codec.DisputeAccept, codec.CodeBadDispute, with(other, 3, twice)},
		{"a hub adjudicates", codec.ClaimWrongOutput, codec.DisputeAccept, codec.CodeWrongRole, with(other, 3, hub)},
		{"nobody adjudicates", codec.ClaimWrongOutput, codec.DisputeAccept, codec.CodeUnknownParty, with(other, 3, nobody)},
		{"expected is not the manifest's", codec.ClaimWrongOutput, codec.DisputeAccept, codec.CodeBadDispute, with(other, 3, expected)},
		{"wrong units", codec.ClaimWrongUnits, codec.DisputeAccept, "", with(same, 2)},
		{"the same units", codec.ClaimWrongUnits, codec.DisputeAccept, codec.CodeBadDispute, with(other, 3)},
		{"right units", codec.ClaimWrongUnits, codec.DisputeReject, "", with(other, 3)},
		{"other units, rejected", codec.ClaimWrongUnits, codec.DisputeReject, codec.CodeBadDispute, with(same, 4)},
		{"no verdict on units", codec.ClaimWrongUnits, codec.DisputeAccept, codec.CodeBadDispute, none},
		{"overcharge", codec.ClaimOvercharge, codec.DisputeAccept, "", none},
		{"a verdict without a shard", codec.ClaimOvercharge, codec.DisputeAccept, codec.CodeBadDispute, with(codec.Hash{}, 3)},
		{"a verdict where none is needed", codec.ClaimBadReceipt, codec.DisputeAccept, "", with(same, 3)},
		{"a bad one", codec.ClaimBadReceipt, codec.DisputeAccept, codec.CodeBadDispute, with(same, 3, one)},
		{"nothing accepted", codec.ClaimOvercharge, codec.DisputeAccept, "", func(d *codec.Dispute) { *d.Amount = 0 }},
		{"more than claimed", codec.ClaimOvercharge, codec.DisputeAccept, codec.CodeBadDispute, func(d *codec.Dispute) { *d.Amount++ }},
		{"units of 2^63", codec.ClaimWrongUnits, codec.DisputeAccept, codec.CodeOutOfRange, with(same, 1<<63)},
		{"amount of a rejection", codec.ClaimOvercharge, codec.DisputeReject, codec.CodeMalformed, func(d *codec.Dispute) { d.Amount = ptr(uint64(1)) }},
		{"no such dispute", codec.ClaimOvercharge, codec.DisputeReject, codec.CodeUnknownTarget, func(d *codec.Dispute) { *d.Opened = start.at }},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := start.fork(t)
			d := s.followUp(c.op, open[c.claim], arbiter)
			c.edit(d)
			r := signedDispute(d, arbiter.owner())
			if c.code != "" {
				s.refused(c.code, nil, r)
				return
			}
			s.accepted(nil, r)
			s.checkEnd(open[c.claim], d)
		})
	}
}

// checkEnd checks what a ruling leaves.
func (s *settled) checkEnd(opened uint64, d *codec.Dispute) {
	s.Helper()
	at := s.moment.Index - 1
	got := s.Ruled(at)
	if got == nil || got.Opened != opened || got.Ruled != at {
		s.Fatalf("the ruling leads to %+v", got)
	}
	want := StatusRejected
	if d.Op == codec.DisputeAccept {
		if want = StatusAccepted; got.Accepted != *d.Amount {
			s.Errorf("accepted %d", got.Accepted)
		}
	}
	if got.Status != want {
		s.Errorf("status %d", got.Status)
	}
	for _, op := range []codec.DisputeOp{codec.DisputeEvidence, codec.DisputeWithdraw, codec.DisputeEscalate} {
		by := s.behind(s.at, 1)
		s.refused(codec.CodeNotOpen, nil, signedDispute(s.followUp(op, opened, by), by.owner()))
	}
	again := s.followUp(codec.DisputeAccept, opened, s.actors["arbiter 1"])
	s.refused(codec.CodeNotOpen, nil, signedDispute(again, s.actors["arbiter 1"].owner()))
}

// Several disputes on a line hold the largest claim, and the workload stays Disputed
// until the last one has ended.
func TestLargestClaimIsHeld(t *testing.T) {
	s := newSettled(t)
	by := s.behind(s.at, 1)
	account := Account{worldCycle, codec.RoleProvider, by.id}
	check := func(hold, up, down uint64, state codec.State) {
		t.Helper()
		b := s.Balance(account)
		if h := s.Hold(LineRef{s.at, 1}); h.Now != hold || b.Held != up || b.Released != down {
			t.Errorf("hold %d, account %d/%d; want %d, %d/%d", h.Now, b.Held, b.Released, hold, up, down)
		}
		if w := s.Workload(s.hub.id, s.job.id); w.State != state {
			t.Errorf("the workload is %v, want %v", w.State, state)
		}
	}
	var open []uint64
	for i, amount := range []uint64{300, 700, 500} {
		open = append(open, s.opened(by, s.opening(by, codec.ClaimOvercharge, s.at, held(1, amount))))
		check([]uint64{300, 700, 700}[i], []uint64{300, 700, 700}[i], 0, codec.StateDisputed)
	}
	account.Cycle++
	s.endCycle()
	s.rule(s.followUp(codec.DisputeReject, open[1], s.actors["arbiter 1"]))
	check(500, 0, 200, codec.StateDisputed)
	s.opened(by, s.opening(by, codec.ClaimOvercharge, s.at, held(1, 800)))
	check(800, 100, 0, codec.StateDisputed)
	s.rule(s.followUp(codec.DisputeAccept, s.moment.Index-1, s.actors["arbiter 1"]))
	check(500, 0, 200, codec.StateDisputed)
	s.accepted(nil, signedDispute(s.followUp(codec.DisputeWithdraw, open[2], by), by.owner()))
	check(300, 0, 400, codec.StateDisputed)
	s.rule(s.followUp(codec.DisputeReject, open[0], s.actors["arbiter 1"]))
	check(0, 0, 700, codec.StateFinalized)
	if c := s.Contest(s.at); c != nil && len(c.Open) > 0 {
		t.Errorf("still open: %v", c.Open)
	}
}

// A hold that would push an account beyond 63 bits refuses the dispute.
func TestOverflowOfHolds(t *testing.T) {
	s := newSettled(t)
	by := s.behind(s.at, 1)
	b := *s.Balance(Account{worldCycle, codec.RoleProvider, by.id})
	b.Held = codec.MaxAmount - 8
	s.balances[b.Account] = &b
	s.refused(codec.CodeOverflow, nil, signedDispute(s.opening(by, codec.ClaimOvercharge, s.at, held(1, 9)), by.owner()))
	s.opened(by, s.opening(by, codec.ClaimOvercharge, s.at, held(1, 8)))
}
