package ledger

import (
	"github.com/cockroachdb/pebble/v2"

	"github.com/forgepool/settle/codec"
	"github.com/forgepool/settle/settlement"
)

// debtsOf nets the accounts of a cycle that was cut, which change no more.
func debtsOf(r pebble.Reader, c *settlement.Cycle) []settlement.Debt {
	if c == nil || c.Cut == nil {
		return nil
	}
	var debts []settlement.Debt
	err := scanBalances(r, c.Number, func(b *settlement.Balance) {
		if b.Role != codec.RoleProvider && b.Role != codec.RoleAdapter {
			return
		}
		if amount, negative := b.Net(); negative {
			debts = append(debts, settlement.Debt{Account: b.Account, Amount: amount})
		}
	})
	if err != nil {
		panic(err)
	}
	return debts
}

// Debts returns the providers and adapters with a negative net in a closed cycle.
func (s *state) Debts(cycle uint64) []settlement.Debt { return debtsOf(s.db, s.Cycle(cycle)) }

// Debts returns the providers and adapters with a negative net in a closed cycle, in
// order of role and party.
func (s *Snapshot) Debts(cycle uint64) []settlement.Debt { return debtsOf(s.snap, s.CycleOf(cycle)) }

// Closing returns what the close of Unclosed must state.
func (s *state) Closing() *settlement.Closing { return nil }

// Closing returns what the close of Unclosed must state.
func (s *Snapshot) Closing() *settlement.Closing { return nil }
