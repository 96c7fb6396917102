package settlement

import "github.com/forgepool/settle/codec"

// money is rows 23 and 24: charge and split, recomputed from the policy.
func (s *settling) money() *codec.Refusal {
	if s.detailFault != nil {
		return s.detailFault
	}
	s.inputs = Inputs{
		Program: s.Program, Components: s.Detail.Components,
		Customer: s.work.Customer, Adapter: s.Body.Adapter, Providers: s.weighted(),
	}
	s.result.Components, s.result.Payouts = s.room.components[:0], s.room.payouts[:0]
	if r := s.result.charge(s.policy, &s.inputs); r != nil {
		return r
	}
	if s.result.Charge != s.Body.Charge {
		return codec.Refuse(codec.CodeWrongCharge, "the policy's rates give another charge")
	}
	if r := s.result.split(s.policy, &s.inputs); r != nil {
		return r
	}
	if s.result.Split != s.Body.Split {
		return codec.Refuse(codec.CodeWrongSplit, "the policy's shares give another split")
	}
	return nil
}

// weighted returns the providers' shares with their weights of this cycle.
func (s *settling) weighted() []Share {
	shares := append(s.room.shares[:0], s.Manifest.Shares...)
	for i := range shares {
		shares[i].Weight = s.policy.Weight(s.v.Party(shares[i].Provider), s.at.Cycle)
	}
	return shares
}

// detail is rows 25 and 26: the postings rebuild their root, balance, and are exactly
// those that charge and split give.
func (s *settling) detail() *codec.Refusal {
	if s.postingsFault != nil {
		return s.postingsFault
	}
	for i := range s.result.Components {
		if s.result.Components[i] != s.Detail.Components[i] {
			return codec.Refuse(codec.CodeBadDetail, "a component has another rate or amount than the policy gives")
		}
	}
	if s.Credit != s.Debit {
		return codec.Refuse(codec.CodeUnbalanced, "credits and debits differ")
	}
	s.lines = postingLines(s.room.lines[:0], s.facts.Platform, &s.inputs, &s.result)
	if len(s.lines) != len(s.Detail.Postings) {
		return codec.Refuse(codec.CodeBadPostings, "another number of lines than charge and split give")
	}
	for i := range s.lines {
		if !s.lines[i].matches(i, &s.Detail.Postings[i]) {
			return codec.Refuse(codec.CodeBadPostings, "a line is not what charge and split give")
		}
	}
	return nil
}

// balances posts the lines. Each has an account of its own.
func (s *settling) balances() *codec.Refusal {
	if _, ok := sum(s.v.Turnover(), s.Credit); !ok {
		return overflow("turnover of the cycle")
	}
	left := s.counts()
	balances, list := left.balances[:0], left.balanceList[:0]
	if len(s.lines) > usualLines {
		balances, list = make([]Balance, 0, len(s.lines)), make([]*Balance, 0, len(s.lines))
	}
	for i := range s.lines {
		line := &s.lines[i]
		balances = append(balances, *s.v.Balance(Account{s.at.Cycle, line.role, line.party}))
		b := &balances[i]
		if !b.add(line) {
			return overflow("balance of " + line.party.String())
		}
		list = append(list, b)
	}
	s.change.Balances = list
	return nil
}

// post makes the rest of the change: the workload's end, the use of its work.
func (s *settling) post() {
	end := &struct {
		workload Workload
		use      WorkUse
	}{*s.work, WorkUse{s.work.Author, s.work.ID}}
	w := &end.workload
	w.State, w.SettledAt = codec.StateFinalized, s.at.Index
	s.change.Workload = w
	s.change.WorkKey, s.change.WorkUse = s.WorkKey, &end.use
	if s.Body.ReplayOf != nil {
		s.change.WorkKey = ReplayKey(s.WorkKey, w.Author, w.ID)
	}
	s.posted()
	if s.Body.Labels != nil {
		blob, _ := s.blob(*s.Body.Labels) // A7: it is there
		s.open(*s.Body.Labels, blob)
	}
}

// posted makes what the state keeps of the settlement's postings, and what finds it.
func (s *settling) posted() {
	x := &struct {
		posted  Posted
		settled Settled
		lines   [usualLines]Line
	}{}
	lines := x.lines[:0]
	if len(s.lines) > len(x.lines) {
		lines = make([]Line, 0, len(s.lines))
	}
	for i := range s.lines {
		l := &s.lines[i]
		lines = append(lines, Line{Role: l.role, Party: l.party, Side: l.side, Amount: l.amount, Hash: s.hashes[i]})
		if l.share != nil {
			lines[i].Units = l.share.Units
		}
	}
	x.posted = Posted{
		Index: s.at.Index, Kind: codec.KindSettlement, Author: s.Body.Author, Cycle: s.at.Cycle, Time: s.at.Time,
		Workload: s.Body.Workload, Program: s.Program, Class: s.Body.Class, WorkKey: s.change.WorkKey, Token: s.Token,
		Labels: s.Body.Labels, Lines: lines,
	}
	x.settled = Settled{Customer: s.work.Customer, Token: s.Token, Labels: s.labels}
	s.change.Posted, s.change.Settled = &x.posted, &x.settled
}

// add posts a line. It reports false when a sum leaves 63 bits.
func (b *Balance) add(line *postingLine) (ok bool) {
	b.Postings++
	if line.side == codec.Credit {
		b.Credit, ok = sum(b.Credit, line.amount)
		return ok
	}
	if b.Debit, ok = sum(b.Debit, line.amount); !ok || line.role != codec.RoleCustomer {
		return ok
	}
	b.Charged, ok = sum(b.Charged, line.amount)
	return ok
}
