package ledger

import (
	"bytes"
	"maps"
	"math/big"
	"slices"

	"github.com/forgepool/settle/codec"
)

// plainLine is a line that a settlement must have.
type plainLine struct {
	role   codec.Role
	party  codec.ID
	amount *big.Int
}

var million = big.NewInt(1_000_000)

// split computes the lines of a settlement with one component: its units.
func (b *plainBooks) split(x *codec.Settlement, payer codec.ID, manifest []codec.ShardEntry) []plainLine {
	policy := b.policy()
	rate := &policy.Rates[0]
	charge := new(big.Int).Mul(big64(x.Shards.Units), big64(rate.Num))
	charge.Div(charge, big64(rate.Den))
	if policy.Discounts != nil {
		for _, d := range unsealed[[]codec.Discount](b, *policy.Discounts) {
			if d.Customer == payer {
				charge.Sub(charge, part(charge, d.PPM))
			}
		}
	}
	if least := big64(rate.MinCharge); charge.Cmp(least) < 0 {
		charge = least
	}
	adapter := new(big.Int)
	if x.Adapter != nil {
		adapter = part(charge, policy.Shares.Adapter)
	}
	pool := part(charge, policy.Shares.Provider)
	platform := new(big.Int).Sub(charge, new(big.Int).Add(adapter, pool))
	lines := append([]plainLine{{codec.RoleCustomer, payer, charge}}, b.shares(policy, pool, manifest)...)
	if adapter.Sign() > 0 {
		lines = append(lines, plainLine{codec.RoleAdapter, *x.Adapter, adapter})
	}
	if platform.Sign() > 0 {
		lines = append(lines, plainLine{role: codec.RolePlatform, amount: platform})
	}
	return lines
}

func part(x *big.Int, ppm uint64) *big.Int {
	y := new(big.Int).Mul(x, big64(ppm))
	return y.Div(y, million)
}

// shares hands the pool out micro-Credit by micro-Credit where rounding leaves some: to
// the largest remainder first, of equal ones to the smaller id.
func (b *plainBooks) shares(policy *codec.Policy, pool *big.Int, manifest []codec.ShardEntry) (lines []plainLine) {
	units, total := map[codec.ID]*big.Int{}, new(big.Int)
	for i := range manifest {
		w := new(big.Int).Mul(big64(manifest[i].Units), big64(b.weight(policy, manifest[i].Provider)))
		if units[manifest[i].Provider] == nil {
			units[manifest[i].Provider] = new(big.Int)
		}
		units[manifest[i].Provider].Add(units[manifest[i].Provider], w)
		total.Add(total, w)
	}
	ids := slices.SortedFunc(maps.Keys(units), func(a, b codec.ID) int { return bytes.Compare(a[:], b[:]) })
	rests, left := make([]*big.Int, len(ids)), new(big.Int).Set(pool)
	for i, id := range ids {
		q, r := new(big.Int).DivMod(new(big.Int).Mul(pool, units[id]), total, new(big.Int))
		lines, rests[i] = append(lines, plainLine{codec.RoleProvider, id, q}), r
		left.Sub(left, q)
	}
	for ; left.Sign() > 0; left.Sub(left, big.NewInt(1)) {
		best := 0
		for i := range rests {
			if rests[i].Cmp(rests[best]) > 0 {
				best = i
			}
		}
		lines[best].amount.Add(lines[best].amount, big.NewInt(1))
		rests[best] = big.NewInt(-1)
	}
	return lines
}

// weight is what was last set for a provider before the open cycle, within the policy.
func (b *plainBooks) weight(policy *codec.Policy, provider codec.ID) uint64 {
	ppm := uint64(1_000_000)
	for _, w := range b.weights[provider] {
		if w.set < b.cycle {
			ppm = w.ppm
		}
	}
	return min(max(ppm, policy.Weights.Min), policy.Weights.Max)
}
