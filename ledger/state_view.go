package ledger

import (
	"github.com/forgepool/settle/codec"
	"github.com/forgepool/settle/proof"
	"github.com/forgepool/settle/settlement"
)

// Logged returns a record, also one of the batch at hand, or nil.
func (s *state) Logged(index uint64) *settlement.Logged {
	if index >= s.base {
		if index-s.base >= uint64(len(s.recent)) {
			return nil
		}
		r := &s.recent[index-s.base]
		return &settlement.Logged{Index: index, Bytes: r.bytes, Leaf: r.leaf, Time: r.time}
	}
	return s.stored().logged(index)
}

// RootAt returns the root of tree A at a size that the log had, records of the batch at
// hand counted.
func (s *state) RootAt(size uint64) (codec.Hash, bool) {
	if size > s.base+uint64(len(s.recent)) {
		return codec.Hash{}, false
	}
	if size <= s.base {
		return s.stored().rootAt(size), true
	}
	edge := s.stored().edge()
	for i := range size - s.base {
		edge.append(s.recent[i].leaf)
	}
	return edge.root(), true
}

// Posted returns the postings of the record at index or nil.
func (s *state) Posted(index uint64) *settlement.Posted {
	p, _ := s.postings.get(s.db, index)
	return p
}

// Reversed returns how much of a posting was taken back, in micro-Credits.
func (s *state) Reversed(line settlement.LineRef) uint64 {
	amount, _ := s.reversed.get(s.db, line)
	return amount
}

// Hold returns what is held of a posting, nil if it never was contested.
func (s *state) Hold(line settlement.LineRef) *settlement.Hold {
	h, _ := s.holds.get(s.db, line)
	return h
}

// Turnover returns what was posted on each side in the open cycle, in micro-Credits.
func (s *state) Turnover() uint64 { return s.now.journal.Totals().Sums[proof.Credit] }

// Held returns what is held of all postings of all cycles, in micro-Credits.
func (s *state) Held() uint64 { return s.now.held }

// Usage returns what was charged under a scope, zero if nothing was.
func (s *state) Usage(scope settlement.Scope) *settlement.Usage {
	if u, ok := s.usages.get(s.db, scope); ok {
		return u
	}
	return &settlement.Usage{Scope: scope}
}

// Dispute returns the dispute opened by the record at index or nil.
func (s *state) Dispute(opened uint64) *settlement.Dispute {
	d, _ := s.disputes.get(s.db, opened)
	return d
}

// Ruled returns the dispute that the record at index ended or nil.
func (s *state) Ruled(index uint64) *settlement.Dispute {
	opened, ok := s.rulings.get(s.db, index)
	if !ok {
		return nil
	}
	return s.Dispute(opened)
}

// Contest returns the open disputes on the record at index or nil.
func (s *state) Contest(target uint64) *settlement.Contest {
	c, _ := s.contests.get(s.db, target)
	return c
}

// Cycle returns what is known of a cycle or nil.
func (s *state) Cycle(number uint64) *settlement.Cycle {
	c, _ := s.cycles.get(s.db, number)
	return c
}

// Unclosed returns the cycle that was cut and not closed yet or nil.
func (s *state) Unclosed() *settlement.Cycle { return unclosed(s.moment.Cycle, s.Cycle) }

// unclosed finds it from the open cycle: no cycle is cut before the one before it is
// closed.
func unclosed(open uint64, cycle func(number uint64) *settlement.Cycle) *settlement.Cycle {
	c := cycle(open)
	if c == nil || c.First <= 1 { // the first one
		return nil
	}
	if c = cycle(c.Before); c.Close != nil {
		return nil
	}
	return c
}

// Intent returns an auditor's intent for a cycle or nil.
func (s *state) Intent(auditor codec.ID, cycle uint64) *settlement.Intent {
	i, _ := s.intents.get(s.db, audit{cycle, auditor})
	return i
}

// Committed says whether an intent with this commitment was appended.
func (s *state) Committed(commit codec.Hash) bool {
	_, ok := s.commits.get(s.db, commit)
	return ok
}

// Attestation returns the attestation at index or nil.
func (s *state) Attestation(index uint64) *settlement.Attestation {
	a, _ := s.attestations.get(s.db, index)
	return a
}
