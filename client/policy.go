package client

import (
	"bytes"
	"slices"

	"github.com/forgepool/settle/codec"
)

// Milliseconds of the durations in a policy.
const (
	minute = 60_000
	day    = 24 * 60 * minute
)

// Price is what a unit of executed volume of one program costs, for DefaultPolicy.
type Price struct {
	Program codec.Program
	Class   uint64
	Num     uint64 // micro-Credits
	Den     uint64 // per this many work units
}

// DefaultPolicy returns the body of a policy with usual values, to begin with: 70 %
// of a charge for providers and 10 % for the adapter, half of the shards verified
// before settlement, an audit target of 95 % confidence that less than 1 % of the
// value is bad, seven days to dispute, thirty days of retention, all agents' receipts
// verified. Header, version and first cycle are for the caller or DraftGenesis.
func DefaultPolicy(prices ...Price) codec.Policy {
	p := codec.Policy{
		Scale: 6, Rounding: 1,
		Shares:  codec.Shares{Provider: 700_000, Adapter: 100_000},
		Weights: codec.Range{Min: 500_000, Max: 1_500_000},
		Audit: codec.AuditRules{
			ConfPPM: 950_000, FaultPPM: 10_000, MaxDraws: 1_000, TracingPPM: 250_000, MinAuditors: 1, Deadline: 3 * day,
		},
		DisputeWindow: 7 * day, Retention: 30 * day,
		Limits: codec.ShardLimits{
			MaxShards: codec.MaxShards,
			// At most about two seconds of each family's slowest shape on one core, so that
			// 300 draws of the largest shards take ten minutes (make bench-audit).
			MaxUnits: []uint64{70_000_000, 100_000_000, 500_000_000, 200_000_000, 100_000_000, 4_000_000},
			MaxFuel:  2_000_000_000, MaxPages: 1_024, MaxInput: 64 << 20,
		},
		Penalties: codec.Penalties{ClawbackCycles: 1},
		Windows:   codec.Windows{Near: 10 * minute, Older: 7 * day},
		AckSLA:    day, Grace: day, Receipts: 1_000_000,
	}
	for class := uint64(1); class <= 6; class++ {
		p.Floors = append(p.Floors, codec.Floor{Class: class, Mode: 1, SamplePPM: 500_000, Replicas: 1})
	}
	for i := range prices {
		id := codec.ProgramID(&prices[i].Program)
		p.Programs = append(p.Programs, codec.Allowed{Program: id, Class: prices[i].Class, Code: []byte{}})
		p.Rates = append(p.Rates, codec.Rate{Program: id, Component: 1, Unit: 1, Num: prices[i].Num, Den: prices[i].Den})
	}
	slices.SortFunc(p.Programs, func(a, b codec.Allowed) int { return bytes.Compare(a.Program[:], b.Program[:]) })
	slices.SortFunc(p.Rates, func(a, b codec.Rate) int { return bytes.Compare(a.Program[:], b.Program[:]) })
	return p
}
