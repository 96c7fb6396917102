package ledger

import (
	"maps"
	"math/big"

	"github.com/forgepool/settle/settlement"
)

// compareAccounts compares the accounts of the open cycle with what the ledger says of
// them now, which for a cycle that was cut is what it said then.
func (b *plainBooks) compareAccounts() {
	list, err := b.s.Balances(b.cycle)
	if err != nil {
		b.t.Fatal(err)
	}
	seen := map[settlement.Account]bool{}
	for i := range list {
		x := &list[i]
		a := b.account(x.Role, x.Party)
		seen[x.Account] = true
		for _, c := range []struct {
			got  uint64
			want *big.Int
		}{{x.Credit, &a.credit}, {x.Debit, &a.debit}, {x.Charged, &a.charged}, {x.Held, &a.held}, {x.Released, &a.released}, {x.Postings, big64(a.postings)}} {
			if big64(c.got).Cmp(c.want) != 0 {
				b.t.Fatalf("balance %+v, plainly %+v", x, a)
			}
		}
	}
	for k, a := range maps.All(b.accounts) {
		if k.Cycle == b.cycle && !seen[k] && (a.postings > 0 || a.held.Sign() != 0 || a.released.Sign() != 0) {
			b.t.Fatalf("no balance of %+v, plainly %+v", k, a)
		}
	}
}

// compareLines compares what is held and taken back of each line, and what is used of
// budgets.
func (b *plainBooks) compareLines() {
	total := new(big.Int)
	for r, now := range b.now() {
		if h := b.s.Hold(r); h == nil && now.Sign() != 0 || h != nil && big64(h.Now).Cmp(now) != 0 {
			b.t.Fatalf("%+v: hold %+v, plainly %v", r, h, now)
		}
		total.Add(total, now)
	}
	if big64(b.s.Held()).Cmp(total) != 0 {
		b.t.Fatalf("%d held, plainly %v", b.s.Held(), total)
	}
	for r, amount := range b.taken {
		if big64(b.s.Reversed(r)).Cmp(amount) != 0 {
			b.t.Fatalf("%+v: %d taken back, plainly %v", r, b.s.Reversed(r), amount)
		}
	}
	for k, u := range b.usages {
		got := b.s.Usage(k)
		if big64(got.Charged).Cmp(&u.charged) != 0 || big64(got.Units).Cmp(&u.units) != 0 || got.Settlements != u.settlements {
			b.t.Fatalf("usage %+v, plainly %+v", got, u)
		}
	}
}

// conserved adds everything up: in each cycle and over all of them, credits are debits.
func (b *plainBooks) conserved() {
	sums := map[uint64]*big.Int{}
	for k, a := range b.accounts {
		if sums[k.Cycle] == nil {
			sums[k.Cycle] = new(big.Int)
		}
		sums[k.Cycle].Add(sums[k.Cycle], &a.credit)
		sums[k.Cycle].Sub(sums[k.Cycle], &a.debit)
	}
	for cycle, sum := range sums {
		if sum.Sign() != 0 {
			b.t.Fatalf("cycle %d: credits exceed debits by %v", cycle, sum)
		}
	}
	if turnover := b.s.Turnover(); big64(turnover).Cmp(b.turnover()) != 0 {
		b.t.Fatalf("turnover %d", turnover)
	}
}

func (b *plainBooks) turnover() *big.Int {
	total := new(big.Int)
	for k, a := range b.accounts {
		if k.Cycle == b.cycle {
			total.Add(total, &a.credit)
		}
	}
	return total
}
