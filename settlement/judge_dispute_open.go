package settlement

import (
	"slices"

	"github.com/forgepool/settle/codec"
)

// Most disputes that may be open on one record: of one claimant, and of all together.
const (
	maxClaims   = 8
	maxDisputes = 64
)

// opening is the work on a record that opens a dispute.
type opening struct {
	*judgement
	*PreparedDispute
	d       *Dispute // being made
	party   *Party   // the author
	target  *Logged
	posted  *Posted  // of a settlement or adjustment
	closed  *Cycle   // of a close
	contest *Contest // before; nil: none
}

// openDispute is op 1.
func (j *judgement) openDispute() *codec.Refusal {
	o := opening{judgement: j, PreparedDispute: j.rec.Dispute}
	b := &o.Body
	if o.party = j.v.Party(b.Author); o.party == nil {
		return codec.Refuse(codec.CodeUnknownParty, "no party "+b.Author.String())
	}
	if _, r := j.signed(&signerRule{self: o.party, selfMin: 1, selfExact: true, idle: true}, nil); r != nil { // A5
		return r
	}
	if r := j.disputeArrives(b); r != nil { // A3, A4, A6, A7
		return r
	}
	o.d = &Dispute{
		Opened: j.at.Index, Author: b.Author, Target: *b.Target, Claim: *b.Claim, Lines: append([]codec.HeldLine(nil), *b.Lines...),
		Amount: *b.Amount, Deadline: *b.Deadline, Shard: b.Shard, Status: StatusOpen,
	}
	for _, rule := range [...]func() *codec.Refusal{
		o.findTarget, o.early, o.mayClaim, o.fits, o.lines, o.amount, // 10-15
		func() *codec.Refusal { return j.evidenceSizes(b) }, // 16
		o.shard, o.deadline, o.room, // 17, 20
	} {
		if r := rule(); r != nil {
			return r
		}
	}
	return o.post()
}

// findTarget is row 10.
func (o *opening) findTarget() *codec.Refusal {
	var r *codec.Refusal
	if o.target, r = o.recordAt(o.Body.Target); r != nil {
		return r
	}
	o.contest = o.v.Contest(o.target.Index)
	if o.posted = o.v.Posted(o.target.Index); o.posted != nil {
		o.d.TargetAuthor = o.posted.Author
		if o.posted.Kind == codec.KindSettlement {
			o.d.Workload = &WorkUse{Author: o.posted.Author, Workload: o.posted.Workload}
		}
		return nil
	}
	kind, body := decodeLogged(o.target)
	switch x := body.(type) {
	case *codec.Event:
		if x.State == codec.StatePlanned {
			o.d.TargetAuthor, o.d.Workload = x.Author, &WorkUse{Author: x.Author, Workload: x.Workload}
			return nil
		}
	case *codec.Cycle:
		if x.Op == codec.CycleClose {
			o.d.TargetAuthor, o.closed = x.Author, o.v.Cycle(x.Cycle)
			return nil
		}
	}
	return codec.Refuse(codec.CodeUnknownTarget, "such a "+kind.String()+" cannot be disputed")
}

// recordAt finds a record of the log by index and leaf hash.
func (j *judgement) recordAt(ref *codec.RecordRef) (*Logged, *codec.Refusal) {
	if ref.Index >= j.at.Index {
		return nil, codec.Refuse(codec.CodeUnknownTarget, "the log is shorter")
	}
	logged := j.v.Logged(ref.Index)
	if logged.Leaf != ref.Leaf {
		return nil, codec.Refuse(codec.CodeUnknownTarget, "the record there has another hash")
	}
	return logged, nil
}

// decodeLogged reads a record of the log.
func decodeLogged(l *Logged) (codec.Kind, codec.Body) {
	rec, err := codec.DecodeRecord(l.Bytes)
	if err != nil {
		panic("settlement: a record of the log does not decode: " + err.Error())
	}
	body, err := codec.DecodeBody(rec.Kind, rec.Body)
	if err != nil {
		panic("settlement: a body of the log does not decode: " + err.Error())
	}
	return rec.Kind, body
}

// early is row 11: the time for a dispute is not over.
func (o *opening) early() *codec.Refusal {
	if o.posted == nil && o.closed == nil {
		state := o.v.Workload(o.d.Workload.Author, o.d.Workload.Workload).State
		if state < codec.StatePlanned || state > codec.StateAggregating {
			return codec.Refuse(codec.CodeWrongState, "the workload is "+state.String())
		}
		return nil
	}
	if until, ok := sum(o.target.Time, o.policy.Body.DisputeWindow); ok && o.at.Time > until {
		return codec.Refuse(codec.CodeTooLate, "the window for disputes of the record is over")
	}
	return nil
}

// mayClaim is row 12: who may say this of the target.
func (o *opening) mayClaim() *codec.Refusal {
	c, claim := o.Body.Claimant, o.d.Claim
	switch {
	case c.Party != o.Body.Author:
		return codec.Refuse(codec.CodeWrongAuthor, "the claimant is not the author")
	case c.Role != o.party.Role:
		return codec.Refuse(codec.CodeWrongRole, "the claimant is registered as "+o.party.Role.String())
	case c.Role == codec.RoleAuditor:
		if claim == codec.ClaimWrongOutput || claim == codec.ClaimWrongUnits || claim >= codec.ClaimDataUnavailable && claim != codec.ClaimWrongPolicy {
			return nil
		}
		return codec.Refuse(codec.CodeWrongRole, "auditors do not make this claim")
	case c.Role == codec.RoleProvider && claim == codec.ClaimMissingPayout:
		return nil
	case o.isParty():
		return nil
	}
	return badDispute("the claimant has no line in the target")
}

// isParty says whether the claimant has postings in what it disputes.
func (o *opening) isParty() bool {
	c := o.Body.Claimant
	if o.closed != nil {
		return o.v.Balance(Account{o.closed.Number, c.Role, c.Party}).Postings > 0
	}
	return o.posted != nil && slices.ContainsFunc(o.posted.Lines, func(l Line) bool { return l.Role == c.Role && l.Party == c.Party })
}

// fits is row 13: claims and kinds of records that go together.
func (o *opening) fits() *codec.Refusal {
	claim := o.d.Claim
	switch {
	case (claim == codec.ClaimBadClose) != (o.closed != nil):
		return badDispute("claim 8 is about closes, and the only one about them")
	case o.posted == nil && o.closed == nil && claim != codec.ClaimMissingPayout:
		return badDispute("of a plan only a missing payout can be claimed")
	}
	return nil
}

// lines is row 14.
func (o *opening) lines() *codec.Refusal {
	for i, l := range o.d.Lines {
		switch {
		case i > 0 && l.Line <= o.d.Lines[i-1].Line:
			return badDispute("lines not ascending")
		case o.posted == nil || l.Line >= uint64(len(o.posted.Lines)):
			return badDispute("a line that the target does not have")
		}
		line := &o.posted.Lines[l.Line]
		if l.Amount > line.Amount {
			return badDispute("more than the line's amount")
		}
		if c := o.Body.Claimant; c.Role != codec.RoleAuditor && (line.Role != c.Role || line.Party != c.Party) {
			return badDispute("a line of another party")
		}
	}
	return nil
}

// amount is row 15: what is missing from a record has no line in it.
func (o *opening) amount() *codec.Refusal {
	free := o.d.Claim == codec.ClaimMissingPayout || o.d.Claim == codec.ClaimBadClose
	if !free && o.d.Amount != o.claimed {
		return badDispute("amount is not the sum of the lines")
	}
	return nil
}

// deadline is row 20.
func (o *opening) deadline() *codec.Refusal {
	until, ok := sum(o.Body.At, o.policy.Body.DisputeWindow)
	if o.d.Deadline < o.Body.At || ok && o.d.Deadline > until {
		return badDispute("the deadline is before at, or more than the window after it")
	}
	return nil
}

// room checks that a record is not buried under disputes.
func (o *opening) room() *codec.Refusal {
	if o.contest == nil {
		return nil
	}
	own := 0
	for _, opened := range o.contest.Open {
		if o.v.Dispute(opened).Author == o.d.Author {
			own++
		}
	}
	if own >= maxClaims || len(o.contest.Open) >= maxDisputes {
		return codec.Refuse(codec.CodeOverLimit, "too many disputes are open on the target")
	}
	return nil
}
