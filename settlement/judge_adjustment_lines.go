package settlement

import "github.com/forgepool/settle/codec"

// lines checks every posting for itself, and posts it.
func (c *correcting) lines() *codec.Refusal {
	for i := range c.postings {
		p := &c.postings[i]
		if p.Units != nil || p.UnitBase != nil || p.Shards != nil || p.Weight != nil {
			return badPostings("keys 6 to 9 belong to settlements")
		}
		if (p.RefIndex == nil) != (p.RefLine == nil) {
			return badPostings("ref index and ref line belong together")
		}
		if p.Amount == 0 {
			return badPostings("a line without an amount")
		}
		party := c.v.Party(p.Party)
		switch {
		case party == nil:
			return codec.Refuse(codec.CodeUnknownParty, "no party "+p.Party.String())
		case party.Role != p.Role || p.Role > codec.RolePlatform:
			return codec.Refuse(codec.CodeWrongRole, "the party is a "+party.Role.String())
		}
		if p.RefIndex != nil {
			if r := c.reverse(p); r != nil {
				return r
			}
		}
	}
	return nil
}

// reverse checks a posting that takes a line back, and adds up what is taken back of
// it.
func (c *correcting) reverse(p *codec.Posting) *codec.Refusal {
	ref := LineRef{*p.RefIndex, *p.RefLine}
	posted := c.postedAt(ref.Index)
	if posted == nil || ref.Line >= uint64(len(posted.Lines)) {
		return codec.Refuse(codec.CodeUnknownTarget, "there is no such line to take back")
	}
	line := &posted.Lines[ref.Line]
	if line.Role != p.Role || line.Party != p.Party || line.Side == p.Side {
		return badPostings("not the party, role and other side of the line that is taken back")
	}
	taken := c.taken[ref]
	if taken == nil {
		taken = &Reversal{LineRef: ref, Amount: c.v.Reversed(ref)}
		c.taken[ref] = taken
		c.change.Reversed = append(c.change.Reversed, taken)
	}
	total, ok := sum(taken.Amount, p.Amount)
	if !ok || total > line.Amount {
		return codec.Refuse(codec.CodeOverReversal, "more than the line's amount is taken back")
	}
	taken.Amount = total
	return nil
}

// postedAt returns the postings of an earlier record.
func (c *correcting) postedAt(index uint64) *Posted {
	if index >= c.at.Index {
		return nil
	}
	return c.v.Posted(index)
}

// post makes the change.
func (c *correcting) post() *codec.Refusal {
	if _, ok := sum(c.v.Turnover(), c.credit); !ok {
		return overflow("turnover of the cycle")
	}
	posted := &Posted{
		Index: c.at.Index, Kind: codec.KindAdjustment, Author: c.Body.Author, Cycle: c.at.Cycle, Time: c.at.Time,
		Lines: make([]Line, len(c.postings)),
	}
	refunds := refunds{correcting: c, usages: map[Scope]*Usage{}}
	for i := range c.postings {
		p := &c.postings[i]
		posted.Lines[i] = Line{Role: p.Role, Party: p.Party, Side: p.Side, Amount: p.Amount, Hash: c.hashes[i]}
		b := c.accounts.of(p.Role, p.Party)
		side, ok := &b.Credit, false
		if p.Side == codec.Debit {
			side = &b.Debit
		}
		if *side, ok = sum(*side, p.Amount); !ok {
			return overflow("balance of " + p.Party.String())
		}
		b.Postings++
		if p.RefIndex != nil {
			posted.Lines[i].Ref = &LineRef{*p.RefIndex, *p.RefLine}
			refunds.take(&posted.Lines[i], b)
		}
	}
	c.change.Posted, c.change.Balances = posted, c.accounts.list
	c.markUsed()
	return nil
}

// markUsed notes what the adjustment follows from as used.
func (c *correcting) markUsed() {
	penalty := c.Body.Cause == codec.CausePenalty
	switch {
	case c.closed != nil:
		after := *c.closed
		after.Carried = c.at.Index
		c.change.Cycles = []*Cycle{&after}
	case c.dispute != nil:
		after := *c.dispute
		*used(penalty, &after.Adjusted, &after.Penalized) = c.at.Index
		c.change.Dispute = &after
	case c.attestation != nil:
		after := *c.attestation
		*used(penalty, &after.Adjusted, &after.Penalized) = c.at.Index
		c.change.Attestation = &after
	}
}

// used returns where the use for this cause is noted: penalties have a place of their
// own.
func used(penalty bool, adjusted, penalized *uint64) *uint64 {
	if penalty {
		return penalized
	}
	return adjusted
}

// refunds takes charges of the open cycle off what counts against cap and quotas.
type refunds struct {
	*correcting
	usages map[Scope]*Usage
}

// take looks whether a posting to account b refunds a charge of the open cycle: it
// takes line 0 of a settlement of this cycle back, and says so by its service cycle.
func (x *refunds) take(p *Line, b *Balance) {
	of := x.v.Posted(p.Ref.Index)
	if of.Kind != codec.KindSettlement || p.Ref.Line != 0 || of.Cycle != x.at.Cycle || x.Body.ServiceCycle != x.at.Cycle {
		return
	}
	b.Charged = above(b.Charged, p.Amount)
	var labels []codec.Label
	if of.Labels != nil {
		var err error
		if labels, err = codec.Unseal[[]codec.Label](x.v.Opening(*of.Labels)); err != nil {
			panic("settlement: labels that were opened do not open: " + err.Error())
		}
	}
	for _, scope := range Scopes(of.Cycle, p.Party, of.Class, labels) {
		u := x.usages[scope]
		if u == nil {
			after := *x.v.Usage(scope)
			u = &after
			x.usages[scope] = u
			x.change.Usages = append(x.change.Usages, u)
		}
		u.Charged = above(u.Charged, p.Amount)
	}
}
