package settlement

import (
	"github.com/forgepool/settle/codec"
	"github.com/forgepool/settle/proof"
)

// takeAccounts takes in what a record did to postings.
func (m *memory) takeAccounts(c *Change) {
	if c.Posted != nil {
		m.posted[c.Posted.Index] = c.Posted
	}
	for _, u := range c.Usages {
		m.usages[u.Scope] = u
	}
	for _, r := range c.Reversed {
		m.reversed[r.LineRef] = r.Amount
	}
	for _, h := range c.Holds {
		m.holds[h.LineRef] = h
	}
}

// takeProcedures takes in what a record did to disputes, cycles and audits. A cut opens
// the next cycle.
func (m *memory) takeProcedures(c *Change) {
	if c.Dispute != nil {
		m.disputes[c.Dispute.Opened] = c.Dispute
	}
	if c.Ruling != nil {
		m.rulings[c.Ruling.Index] = c.Ruling.Opened
	}
	if c.Contest != nil {
		m.contests[c.Contest.Target] = c.Contest
	}
	for _, x := range c.Cycles {
		if m.cycles[x.Number] = x; x.First > m.moment.Index && x.Cut == nil {
			m.moment.Cycle = x.Number
		}
	}
	if c.Intent != nil {
		m.intents[auditOf{c.Intent.Auditor, c.Intent.Cycle}] = c.Intent
		m.commits[c.Intent.Commit] = true
	}
	if c.Attestation != nil {
		m.attested[c.Attestation.Index] = c.Attestation
	}
}

func (m *memory) Posted(index uint64) *Posted           { return m.posted[index] }
func (m *memory) Reversed(line LineRef) uint64          { return m.reversed[line] }
func (m *memory) Hold(line LineRef) *Hold               { return m.holds[line] }
func (m *memory) Dispute(opened uint64) *Dispute        { return m.disputes[opened] }
func (m *memory) Contest(target uint64) *Contest        { return m.contests[target] }
func (m *memory) Cycle(number uint64) *Cycle            { return m.cycles[number] }
func (m *memory) Committed(commit codec.Hash) bool      { return m.commits[commit] }
func (m *memory) Attestation(index uint64) *Attestation { return m.attested[index] }

func (m *memory) Logged(index uint64) *Logged {
	if index >= uint64(len(m.logged)) {
		return nil
	}
	return m.logged[index]
}

func (m *memory) RootAt(size uint64) (codec.Hash, bool) {
	if size > uint64(len(m.logged)) {
		return codec.Hash{}, false
	}
	leaves := make([]codec.Hash, size)
	for i := range leaves {
		leaves[i] = m.logged[i].Leaf
	}
	return proof.MTH(leaves), true
}

func (m *memory) Turnover() (credit uint64) {
	for _, p := range m.posted {
		for _, l := range p.Lines {
			if p.Cycle == m.moment.Cycle && l.Side == codec.Credit {
				credit += l.Amount
			}
		}
	}
	return credit
}

func (m *memory) Held() (held uint64) {
	for _, h := range m.holds {
		held += h.Now
	}
	return held
}

func (m *memory) Usage(scope Scope) *Usage {
	if u := m.usages[scope]; u != nil {
		return u
	}
	return &Usage{Scope: scope}
}

func (m *memory) Ruled(index uint64) *Dispute {
	if opened, ok := m.rulings[index]; ok {
		return m.disputes[opened]
	}
	return nil
}

func (m *memory) Unclosed() *Cycle {
	for _, c := range m.cycles {
		if c.Cut != nil && c.Close == nil {
			return c
		}
	}
	return nil
}

func (m *memory) Intent(auditor codec.ID, cycle uint64) *Intent {
	return m.intents[auditOf{auditor, cycle}]
}
