package main

import (
	"github.com/forgepool/settle/client"
	"github.com/forgepool/settle/codec"
	"github.com/forgepool/settle/internal/devledger"
)

// liar is a provider that claims outputs which it never computed, for about a tenth of
// what is paid out. Its agent signs them.
type liar struct {
	agent      *agent
	worth      uint64 // of all shards so far, micro-Credits before the split
	worthLies  uint64
	lied       map[codec.Hash]uint64 // output hash of a lie -> its units
	paid       uint64                // to all providers, micro-Credits
	paidByLies uint64
	truths     map[codec.Hash]codec.Blob // output hash of a lie -> what honest execution gives
	lies       []lie                     // that were settled
}

// lie is a shard that was faked, and the settlement that paid for it.
type lie struct {
	workload codec.ID
	entry    codec.ShardEntry
	truth    codec.Blob
	detail   *codec.Detail
}

func newLiar(a *agent) *liar {
	return &liar{agent: a, lied: map[codec.Hash]uint64{}, truths: map[codec.Hash]codec.Blob{}}
}

// considers decides whether the liar lies about a shard.
func (l *liar) considers(a *agent, program codec.Hash, units uint64) bool {
	worth := price(program, units)
	l.worth += worth
	if a != l.agent || l.worthLies*10 >= l.worth {
		return false
	}
	l.worthLies += worth
	return true
}

func price(program codec.Hash, units uint64) uint64 {
	for i := range devledger.Prices {
		if p := &devledger.Prices[i]; codec.ProgramID(&p.Program) == program {
			return units * p.Num / p.Den
		}
	}
	return 0
}

// settled adds up what a settlement pays, and what of it for lies: a provider's payout
// is spread over its units.
func (l *liar) settled(s *client.Settlement) {
	units := uint64(0)
	for i := range s.Manifest {
		e := &s.Manifest[i]
		units += l.lied[e.Output.Hash]
		if truth, ok := l.truths[e.Output.Hash]; ok {
			l.lies = append(l.lies, lie{s.Body.Workload, *e, truth, s.Detail})
		}
	}
	for i := range s.Detail.Postings {
		p := &s.Detail.Postings[i]
		if p.Role != codec.RoleProvider {
			continue
		}
		l.paid += p.Amount
		if p.Party == l.agent.provider {
			l.paidByLies += p.Amount * units / *p.Units
		}
	}
}

// share returns what was paid for lies, in ppm of all payouts.
func (l *liar) share() uint64 { return l.paidByLies * 1_000_000 / l.paid }
