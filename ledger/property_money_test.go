package ledger

import (
	"pgregory.net/rapid"

	"github.com/forgepool/settle/codec"
	"github.com/forgepool/settle/settlement"
)

// adjust says an adjustment with postings, signed by parties.
func (x *life) adjust(what string, want codec.Code, a *codec.Adjustment, postings []codec.Posting, signers ...actor) {
	c := &codec.Correction{Postings: postings, Salt: hashOf("correction " + x.draw().String())}
	for i := range c.Postings {
		c.Postings[i].Line, c.Postings[i].Salt = uint64(i), codec.ID{byte(i), 3}
	}
	root, credit, debit, err := settlement.PostingsRoot(c.Postings)
	if err != nil {
		x.t.Fatal(err)
	}
	blob := codec.EncodeCorrection(c)
	a.ID, a.At, a.Cycle, a.Author, a.Detail = x.draw(), x.now, x.cycle, signers[0].id, codec.BlobHash(blob)
	a.Postings, a.Totals = codec.PostingsRef{N: uint64(len(c.Postings)), Root: root}, codec.Totals{Credit: credit, Debit: debit}
	if a.ServiceCycle == 0 {
		a.ServiceCycle = x.cycle
	}
	if at, ok := x.say(what, want, [][]byte{blob}, signRecord(codec.KindAdjustment, codec.EncodeAdjustment(a), signers...)); ok {
		x.posted = append(x.posted, at)
	}
}

func free(to actor, side codec.Side, amount uint64) codec.Posting {
	return codec.Posting{Role: to.role, Party: to.id, Side: side, Amount: amount}
}

// back takes part of a line back. It says whether that is more than is left of it.
func back(s *Snapshot, p *settlement.Posted, line int, amount uint64) (posting codec.Posting, over bool) {
	l := &p.Lines[line]
	return codec.Posting{
		Role: l.Role, Party: l.Party, Side: 3 - l.Side, Amount: amount, RefIndex: &p.Index, RefLine: ref(uint64(line)),
	}, amount > leftOf(s, p, line)
}

func leftOf(s *Snapshot, p *settlement.Posted, line int) uint64 {
	return p.Lines[line].Amount - s.Reversed(settlement.LineRef{Index: p.Index, Line: uint64(line)})
}

// reversal draws two lines of opposite sides of a record, and an amount to be taken back
// of both.
func (x *life) reversal(s *Snapshot, p *settlement.Posted, most uint64) (list []codec.Posting, over bool) {
	i := rapid.IntRange(0, len(p.Lines)-1).Draw(x.t, "line")
	var others []int
	for j := range p.Lines {
		if p.Lines[i].Side != p.Lines[j].Side {
			others = append(others, j)
		}
	}
	j := one(x, others, "other line")
	left := min(most, leftOf(s, p, i), leftOf(s, p, j)) // mostly of that a part, at times all, or one beyond
	amount := rapid.Uint64Range(1, left+1).Draw(x.t, "amount")
	if edge := rapid.IntRange(0, 5).Draw(x.t, "edge"); edge < 2 {
		amount = max(left+uint64(edge), 1)
	}
	from, first := back(s, p, i, amount)
	to, second := back(s, p, j, amount)
	return []codec.Posting{from, to}, first || second
}

// refund is cause 1 after a ruling: lines of what was disputed are taken back, or the
// platform pays.
func (x *life) refund() {
	if len(x.rulings) == 0 {
		return
	}
	a, want := &codec.Adjustment{Cause: codec.CauseDispute, CauseRef: ref(one(x, x.rulings, "ruling"))}, codec.Code("")
	var list []codec.Posting
	x.read(func(s *Snapshot) {
		d := s.Ruled(*a.CauseRef)
		a.Target = d.Target
		over := false
		if p := s.Posted(d.Target.Index); p != nil && rapid.Bool().Draw(x.t, "take back") {
			list, over = x.reversal(s, p, d.Accepted)
		}
		if list == nil {
			amount := rapid.Uint64Range(1, d.Accepted+1).Draw(x.t, "amount")
			list = []codec.Posting{free(x.all["platform"], codec.Debit, amount), free(x.all["customer"], codec.Credit, amount)}
		}
		switch {
		case d.Adjusted != 0:
			want = codec.CodeNotOpen
		case over:
			want = codec.CodeOverReversal
		case list[0].Amount > d.Accepted:
			want = codec.CodeBadAdjustment
		}
	})
	x.adjust("refund", want, a, list, x.all["arbiter 1"], x.all["arbiter 2"])
}

// correct is cause 3: two lines of one record are taken back in part. An arbiter signs in
// the place of a trader that is debited.
func (x *life) correct() {
	if len(x.posted) == 0 {
		return
	}
	target, want := x.posted[0], codec.Code("") // mostly the same one, until nothing is left of it
	if x.maybe(2, "another") {
		target = one(x, x.posted, "target")
	}
	a := &codec.Adjustment{Target: refAt(x.world.t, x.l, target), Cause: codec.CauseBillingError}
	var list []codec.Posting
	signers := []actor{x.hub}
	x.read(func(s *Snapshot) {
		p, over := s.Posted(target), false
		if list, over = x.reversal(s, p, 1<<62); over {
			want = codec.CodeOverReversal
		}
		a.ServiceCycle = p.Cycle
	})
	if list == nil {
		return
	}
	for i := range list {
		if list[i].Side == codec.Debit && list[i].Role <= codec.RoleCustomer {
			signers = append(signers, x.all["arbiter 2"])
		}
	}
	x.adjust("correction", want, a, list, signers...)
}

// goodwill is cause 4, at times for a provider, who has none to expect.
func (x *life) goodwill() {
	to, want := x.all["thrifty"], codec.Code("")
	if x.maybe(4, "to a provider") {
		to, want = x.all["provider 1"], codec.CodeBadAdjustment
	}
	a := &codec.Adjustment{Cause: codec.CauseGoodwill, Target: refAt(x.world.t, x.l, uint64(len(x.m.log)-1))}
	amount := rapid.Uint64Range(1, 1_000_000).Draw(x.t, "amount")
	x.adjust("goodwill", want, a, []codec.Posting{free(x.all["platform"], codec.Debit, amount), free(to, codec.Credit, amount)}, x.hub)
}

// carry is cause 5: the debts of a closed cycle, once.
func (x *life) carry() {
	if len(x.closes) == 0 {
		return
	}
	target, want := x.closes[0], codec.Code("") // the first with debts, or any
	x.read(func(s *Snapshot) {
		for _, at := range x.closes {
			if len(s.Debts(bodyOf[codec.Cycle](x, s.Logged(at).Bytes).Cycle)) > 0 {
				target = at
				return
			}
		}
	})
	if x.maybe(3, "any") {
		target = one(x, x.closes, "close")
	}
	a := &codec.Adjustment{Target: refAt(x.world.t, x.l, target), Cause: codec.CauseCarryForward}
	var list []codec.Posting
	total := uint64(0)
	x.read(func(s *Snapshot) {
		a.ServiceCycle = bodyOf[codec.Cycle](x, s.Logged(target).Bytes).Cycle
		for _, d := range s.Debts(a.ServiceCycle) {
			list = append(list, codec.Posting{Role: d.Role, Party: d.Party, Side: codec.Debit, Amount: d.Amount})
			total += d.Amount
		}
		if s.CycleOf(a.ServiceCycle).Carried != 0 {
			want = codec.CodeNotOpen
		}
	})
	if total == 0 {
		return
	}
	list = append(list, free(x.all["platform"], codec.Credit, total))
	if want == "" && x.maybe(4, "too much") {
		list[0].Amount, list[len(list)-1].Amount, want = list[0].Amount+1, total+1, codec.CodeBadAdjustment
	}
	x.adjust("carry-forward", want, a, list, x.hub)
}

// afterAudit is cause 2, which asks for an opinion of 2 or 3.
func (x *life) afterAudit() {
	if len(x.audits) == 0 {
		return
	}
	a, want := &codec.Adjustment{Cause: codec.CauseAudit, CauseRef: ref(one(x, x.audits, "audit"))}, codec.Code("")
	x.read(func(s *Snapshot) {
		found := s.Attestation(*a.CauseRef)
		a.Target = s.CycleOf(found.Cycle).Close.RecordRef
		switch {
		case found.Opinion == codec.OpinionPass || found.Opinion == codec.OpinionIncomplete:
			want = codec.CodeBadAdjustment
		case found.Adjusted != 0:
			want = codec.CodeNotOpen
		}
	})
	amount := rapid.Uint64Range(1, 5_000).Draw(x.t, "amount")
	x.adjust("adjustment of an audit", want, a, []codec.Posting{
		free(x.all["provider 3"], codec.Debit, amount), free(x.all["customer"], codec.Credit, amount),
	}, x.hub, x.all["arbiter 1"], x.all["auditor"])
}

// penalize is cause 6 after a ruling or an audit: who is at fault pays, nobody else.
func (x *life) penalize() {
	causes := append(append([]uint64{}, x.rulings...), x.audits...)
	if len(causes) == 0 {
		return
	}
	a, want := &codec.Adjustment{Cause: codec.CausePenalty, CauseRef: ref(one(x, causes, "cause"))}, codec.Code("")
	by := x.all[rapid.SampledFrom([]string{"provider 1", "provider 2", "provider 3"}).Draw(x.t, "provider")]
	x.read(func(s *Snapshot) {
		if d := s.Ruled(*a.CauseRef); d != nil && d.Fault != nil && !x.maybe(3, "anybody") {
			by = x.byID[*d.Fault]
		}
		fault := func(d *settlement.Dispute) bool { return d.Fault != nil && *d.Fault == by.id }
		guilty, used := false, false
		if found := s.Attestation(*a.CauseRef); found != nil {
			a.Target, used = s.CycleOf(found.Cycle).Close.RecordRef, found.Penalized != 0
			for _, opened := range found.Findings {
				d := s.Dispute(opened)
				guilty = guilty || fault(d) && (d.Status == settlement.StatusOpen || d.Status == settlement.StatusAccepted)
			}
			if found.Opinion != codec.OpinionFail {
				guilty, used = false, false
			}
		} else {
			d := s.Ruled(*a.CauseRef)
			a.Target, used, guilty = d.Target, d.Penalized != 0, fault(d)
		}
		if used {
			want = codec.CodeNotOpen
		} else if !guilty {
			want = codec.CodeBadAdjustment
		}
	})
	amount := rapid.Uint64Range(1, 5_000_000_000).Draw(x.t, "amount")
	x.adjust("penalty", want, a, []codec.Posting{free(by, codec.Debit, amount), free(x.all["platform"], codec.Credit, amount)}, x.hub, x.all["arbiter 1"])
}
