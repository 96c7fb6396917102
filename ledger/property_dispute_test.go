package ledger

import (
	"slices"

	"pgregory.net/rapid"

	"github.com/forgepool/settle/codec"
	"github.com/forgepool/settle/settlement"
)

const disputeWindow = 7 * testDay // of every policy of a life

// opening drafts op 1 of a dispute over lines of a record.
func (x *life) opening(by actor, claim codec.Claim, target uint64, amount uint64, lines ...codec.HeldLine) *codec.Dispute {
	at := refAt(x.world.t, x.l, target)
	return &codec.Dispute{
		ID: x.draw(), At: x.now, Cycle: x.cycle, Author: by.id, Op: codec.DisputeOpen, Target: &at,
		Claimant: &codec.Claimant{Role: by.role, Party: by.id}, Claim: &claim, Lines: ref(append([]codec.HeldLine{}, lines...)),
		Amount: &amount, Evidence: &[]codec.Artifact{}, Deadline: ref(x.now + testDay),
	}
}

// open says that a dispute is opened.
func (x *life) open(what string, want codec.Code, d *codec.Dispute, by actor) {
	if at, ok := x.say(what, want, nil, signRecord(codec.KindDispute, codec.EncodeDispute(d), by)); ok {
		x.opened = append(x.opened, at)
	}
}

// late says whether a record is too old to be disputed.
func (x *life) late(s *Snapshot, target uint64) bool {
	return x.now > s.Logged(target).Time+disputeWindow
}

// crowded says whether a party has as many disputes open on a record as it may.
func crowded(s *Snapshot, target uint64, by codec.ID) bool {
	c, own := s.Contest(target), 0
	if c == nil {
		return false
	}
	for _, opened := range c.Open {
		if s.Dispute(opened).Author == by {
			own++
		}
	}
	return own >= 8 || len(c.Open) >= 64
}

// dispute lets a party contest one of its lines, or a little more than the line.
func (x *life) dispute() {
	if len(x.posted) == 0 {
		return
	}
	target, want := one(x, x.posted, "target"), codec.Code("")
	var d *codec.Dispute
	var by actor
	x.read(func(s *Snapshot) {
		p := s.Posted(target)
		i := rapid.IntRange(0, len(p.Lines)-1).Draw(x.t, "line")
		by = x.byID[p.Lines[i].Party]
		most := p.Lines[i].Amount
		amount := rapid.Uint64Range(0, most+most/8+1).Draw(x.t, "claim")
		d = x.opening(by, codec.ClaimOvercharge, target, amount, codec.HeldLine{Line: uint64(i), Amount: amount})
		switch {
		case x.late(s, target):
			want = codec.CodeTooLate
		case amount > most:
			want = codec.CodeBadDispute
		case crowded(s, target, by.id):
			want = codec.CodeOverLimit
		}
	})
	x.open("dispute", want, d, by)
}

// disputeShard lets the auditor contest a provider's line for the output of a shard.
func (x *life) disputeShard() {
	if len(x.finished) == 0 {
		return
	}
	k, want := one(x, x.finished, "workload"), codec.Code("")
	target := x.workloadOf(k).SettledAt
	var d *codec.Dispute
	x.read(func(s *Snapshot) {
		line := s.Posted(target).Lines[1]
		amount := rapid.Uint64Range(0, line.Amount).Draw(x.t, "claim")
		claim := rapid.SampledFrom([]codec.Claim{codec.ClaimWrongOutput, codec.ClaimWrongUnits, codec.ClaimDataUnavailable}).Draw(x.t, "kind of claim")
		d = x.opening(x.all["auditor"], claim, target, amount, codec.HeldLine{Line: 1, Amount: amount})
		d.Shard = &codec.ShardOf{Workload: k.id, Index: rapid.Uint64Range(0, uint64(len(k.entries))).Draw(x.t, "shard")}
		switch {
		case x.late(s, target):
			want = codec.CodeTooLate
		case d.Shard.Index == uint64(len(k.entries)):
			want = codec.CodeBadDispute
		case crowded(s, target, d.Author):
			want = codec.CodeOverLimit
		}
	})
	x.open("dispute of a shard", want, d, x.all["auditor"])
}

// disputePlan lets a provider claim a payout for a workload that was planned.
func (x *life) disputePlan() {
	all := append(slices.Clone(x.pending), x.finished...)
	if len(all) == 0 {
		return
	}
	k, by, want := one(x, all, "workload"), x.all["provider 1"], codec.Code("")
	d := x.opening(by, codec.ClaimMissingPayout, k.planned, 1_000)
	x.read(func(s *Snapshot) {
		if s.Workload(k.hub.id, k.id).SettledAt != 0 {
			want = codec.CodeWrongState
		} else if crowded(s, k.planned, by.id) {
			want = codec.CodeOverLimit
		}
	})
	x.open("dispute of a plan", want, d, by)
}

// disputeClose lets a provider contest a close, of a cycle in which it had postings or not.
func (x *life) disputeClose() {
	if len(x.closes) == 0 {
		return
	}
	target, by, want := one(x, x.closes, "close"), x.all["provider 2"], codec.Code("")
	d := x.opening(by, codec.ClaimBadClose, target, 5)
	x.read(func(s *Snapshot) {
		cycle := bodyOf[codec.Cycle](x, s.Logged(target).Bytes).Cycle
		switch {
		case x.late(s, target):
			want = codec.CodeTooLate
		case s.Balance(settlement.Account{Cycle: cycle, Role: by.role, Party: by.id}).Postings == 0:
			want = codec.CodeBadDispute
		case crowded(s, target, by.id):
			want = codec.CodeOverLimit
		}
	})
	x.open("dispute of a close", want, d, by)
}

// end does one of ops 2 to 6 on a dispute, open or not.
func (x *life) end() {
	if len(x.opened) == 0 {
		return
	}
	opened, want := one(x, x.opened, "dispute"), codec.Code("")
	var d *settlement.Dispute
	x.read(func(s *Snapshot) {
		d = s.Dispute(opened)
		if x.maybe(4, "of those that ended too") {
			return
		}
		for _, other := range x.opened { // mostly the first that is open
			if d = s.Dispute(other); d.Status == settlement.StatusOpen {
				opened = other
				return
			}
		}
		d = s.Dispute(opened)
	})
	op := codec.DisputeOp(rapid.IntRange(int(codec.DisputeEvidence), int(codec.DisputeEscalate)).Draw(x.t, "op"))
	signers := []actor{x.byID[d.Author]}
	body := &codec.Dispute{ID: x.draw(), At: x.now, Cycle: x.cycle, Op: op, Opened: &opened}
	var blobs [][]byte
	if op <= codec.DisputeReject {
		blob := []byte("evidence " + body.ID.String())
		body.Evidence, blobs = &[]codec.Artifact{{Kind: 1, Hash: codec.BlobHash(blob), Size: uint64(len(blob))}}, [][]byte{blob}
	}
	switch op {
	case codec.DisputeAccept, codec.DisputeReject:
		signers = x.arbiters(d)
		want = x.verdict(body, d)
	case codec.DisputeEscalate:
		if d.Escalated {
			want = codec.CodeBadDispute
		}
	}
	if d.Status != settlement.StatusOpen {
		want = codec.CodeNotOpen
	}
	body.Author = signers[0].id
	at, ok := x.say([]string{"evidence", "acceptance", "rejection", "withdrawal", "escalation"}[op-2], want, blobs,
		signRecord(codec.KindDispute, codec.EncodeDispute(body), signers...))
	if ok && op == codec.DisputeAccept {
		x.rulings = append(x.rulings, at)
	}
}

// arbiters are those that must rule on a dispute by now.
func (x *life) arbiters(d *settlement.Dispute) []actor {
	list := []actor{x.all["arbiter 1"]}
	if d.Escalated || x.now > d.Deadline {
		list = append(list, x.all["arbiter 2"])
	}
	return list
}

// verdict fills in a ruling: of part of the claim, or of one micro-Credit too many.
func (x *life) verdict(body *codec.Dispute, d *settlement.Dispute) (want codec.Code) {
	accepts := body.Op == codec.DisputeAccept
	if accepts {
		body.Amount = ref(rapid.Uint64Range(0, d.Amount+1).Draw(x.t, "accepted"))
		if *body.Amount > d.Amount {
			want = codec.CodeBadDispute
		}
	}
	if d.Claim != codec.ClaimWrongOutput && d.Claim != codec.ClaimWrongUnits {
		return want
	}
	body.Verdict = &codec.Verdict{
		Expected: d.Output, Recomputed: d.Output, Units: d.Units,
		Adjudicators: []codec.ID{x.all["arbiter 1"].id, x.all["auditor"].id},
	}
	wrong := accepts
	if x.maybe(6, "the opposite") {
		wrong, want = !wrong, codec.CodeBadDispute
	}
	if wrong {
		body.Verdict.Recomputed, body.Verdict.Units = hashOf("another output"), d.Units+1
	}
	return want
}
