package settlement

import "github.com/forgepool/settle/codec"

// Component codes (docs/formats/records.md section 6.1). What has no code cannot be
// charged for.
const (
	ComponentVolume      = 1 // executed work units
	ComponentIterations  = 2 // verified iterations
	ComponentAggregation = 3
	ComponentArtifact    = 4
	ComponentRetention   = 5
	ComponentClass       = 6 // specialised execution class
	ComponentReserved    = 7 // reserved guarantee
)

// UnitWork is the unit code of work units; other unit codes are the policy's.
const UnitWork = 1

// Inputs is what a charge and its split are computed from.
type Inputs struct {
	Program    codec.Hash
	Components []codec.Component // Code, Qty and Unit, ascending; the rest is ignored
	Customer   codec.ID          // for its discount
	Adapter    *codec.ID
	Providers  []Share // ascending by id
}

// Share is what one provider did.
type Share struct {
	Provider codec.ID
	Units    uint64
	Shards   uint64
	Weight   uint64 // ppm: Policy.Weight of the provider in the settlement's cycle
}

// Computation is the outcome: what is charged and where it goes, in micro-Credits.
type Computation struct {
	Components []codec.Component // priced
	Charge     uint64
	Split      codec.Split
	Payouts    []uint64 // per provider, in the order of the inputs
}

// Compute prices a workload under a policy and splits the charge, exactly as
// docs/formats/accounting.md section 1 says. Errors are *codec.Refusal: bad_detail
// for components that the policy or the format does not allow, bad_manifest without
// providers, out_of_range for weights and units outside their limits, overflow for
// sums beyond 63 bits.
func Compute(policy *Policy, in *Inputs) (*Computation, error) {
	x := new(Computation)
	if r := x.charge(policy, in); r != nil {
		return nil, r
	}
	if r := x.split(policy, in); r != nil {
		return nil, r
	}
	return x, nil
}

// charge fills in components and charge.
func (x *Computation) charge(policy *Policy, in *Inputs) *codec.Refusal {
	units, r := validShares(in.Providers)
	if r != nil {
		return r
	}
	if r := validComponents(in.Components, units); r != nil {
		return r
	}
	minCharge, r := x.price(policy, in)
	if r != nil {
		return r
	}
	x.Charge, r = Charge(x.Components, minCharge, policy.Discounts[in.Customer])
	return r
}

// split fills in split and payouts; the charge is there.
func (x *Computation) split(policy *Policy, in *Inputs) *codec.Refusal {
	adapter := policy.AdapterPPM(in.Adapter)
	if policy.Body.Shares.Provider+adapter > million {
		return codec.Refuse(codec.CodeOutOfRange, "shares of providers and adapter exceed the whole")
	}
	x.Split = SplitCharge(x.Charge, policy.Body.Shares.Provider, adapter)
	var small [16]uint64
	weights := small[:0]
	for i := range in.Providers {
		weights = append(weights, in.Providers[i].Units*in.Providers[i].Weight)
	}
	x.Payouts = appendSplit(x.Payouts, x.Split.Providers, weights)
	return nil
}

// validShares checks that a split cannot overflow and returns all units.
func validShares(shares []Share) (units uint64, r *codec.Refusal) {
	if len(shares) == 0 {
		return 0, codec.Refuse(codec.CodeBadManifest, "no provider")
	}
	for i := range shares {
		s := &shares[i]
		if s.Units == 0 || s.Units > codec.MaxUnits || s.Weight == 0 || s.Weight > codec.MaxPPM {
			return 0, codec.Refuse(codec.CodeOutOfRange, "units or weight of provider "+s.Provider.String())
		}
		units += s.Units
		if units > codec.MaxUnits {
			return 0, codec.Refuse(codec.CodeOutOfRange, "more work units than a settlement may have")
		}
	}
	return units, nil
}

// validComponents checks codes, order and quantities against the work done.
func validComponents(list []codec.Component, units uint64) *codec.Refusal {
	for i := range list {
		c := &list[i]
		switch {
		case i > 0 && !componentBefore(&list[i-1], c):
			return codec.Refuse(codec.CodeBadDetail, "components not ascending by code and unit")
		case c.Code < ComponentVolume || c.Code > ComponentReserved:
			return codec.Refuse(codec.CodeBadDetail, "unknown component")
		case c.Code == ComponentVolume && (c.Unit != UnitWork || c.Qty != units):
			return codec.Refuse(codec.CodeBadDetail, "executed volume is not the work units of the shards")
		case c.Code == ComponentIterations && c.Qty > units:
			return codec.Refuse(codec.CodeBadDetail, "more verified iterations than work units")
		}
	}
	if len(list) == 0 || list[0].Code != ComponentVolume {
		return codec.Refuse(codec.CodeBadDetail, "no executed volume")
	}
	return nil
}

func componentBefore(a, b *codec.Component) bool {
	return a.Code < b.Code || a.Code == b.Code && a.Unit < b.Unit
}

// price fills in the components and returns the largest minimum of their rates.
func (x *Computation) price(policy *Policy, in *Inputs) (minCharge uint64, r *codec.Refusal) {
	for _, c := range in.Components {
		rate := policy.Rate(in.Program, c.Code, c.Unit)
		if rate == nil {
			return 0, codec.Refuse(codec.CodeBadDetail, "the policy has no rate for a component")
		}
		c.Num, c.Den = rate.Num, rate.Den
		var ok bool
		if c.Amount, ok = mulDiv(c.Qty, rate.Num, rate.Den); !ok {
			return 0, overflow("amount of a component")
		}
		x.Components = append(x.Components, c)
		minCharge = max(minCharge, rate.MinCharge)
	}
	return minCharge, nil
}

// Charge adds up the amounts of components, takes off the discount in ppm (at most
// one million), and applies the minimum. The refusal is overflow or out_of_range.
func Charge(components []codec.Component, minCharge, discountPPM uint64) (uint64, *codec.Refusal) {
	if discountPPM > million {
		return 0, codec.Refuse(codec.CodeOutOfRange, "discount above the whole")
	}
	gross, ok := uint64(0), true
	for i := range components {
		if gross, ok = sum(gross, components[i].Amount); !ok {
			return 0, overflow("gross charge")
		}
	}
	return max(gross-share(gross, discountPPM), minCharge), nil
}
