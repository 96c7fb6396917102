package devledger

import (
	"bytes"
	"slices"

	"github.com/forgepool/settle/codec"
)

const (
	hour = 3_600_000
	day  = 24 * hour
)

// Price is what a program costs per work unit: Num/Den micro-Credits.
type Price struct {
	Program  codec.Program
	Class    uint64
	Num, Den uint64
}

// Prices of the built-in programs, so that a second of one core costs about the same
// in each.
var Prices = []Price{
	{builtin("mc", "path.v1"), 1, 27, 1_000},
	{builtin("graph", "pagerank.v1"), 2, 33, 10_000},
	{builtin("search", "rank.v1"), 4, 84, 10_000},
	{builtin("aggregate", "group.v1"), 5, 1, 1},
}

func builtin(family, profile string) codec.Program {
	return codec.Program{Family: family, Version: 1, Profile: profile}
}

// Policy returns policy 1 of a development ledger. Receipts is the share of agents'
// receipts, in ppm, that a node verifies before it proposes.
func Policy(prices []Price, receipts uint64) codec.Policy {
	p := codec.Policy{
		Shares:        codec.Shares{Provider: 700_000, Adapter: 100_000},
		Weights:       codec.Range{Min: 500_000, Max: 1_500_000},
		Audit:         codec.AuditRules{ConfPPM: 950_000, FaultPPM: 10_000, MaxDraws: 1_000, TracingPPM: 250_000, MinAuditors: 2, Deadline: 3 * day},
		DisputeWindow: 7 * day, Retention: 30 * day,
		Limits: codec.ShardLimits{
			MaxShards: codec.MaxShards,
			MaxUnits:  []uint64{70_000_000, 500_000_000, 500_000_000, 200_000_000, 100_000_000, 8_000_000},
			MaxFuel:   1_000_000_000_000, MaxPages: 1_024, MaxInput: 1 << 30,
		},
		Penalties: codec.Penalties{ClawbackCycles: 1},
		Windows:   codec.Windows{Near: 600_000, Older: 7 * day},
		AckSLA:    day, Grace: day, Receipts: receipts,
	}
	for class := uint64(1); class <= 6; class++ {
		p.Floors = append(p.Floors, codec.Floor{Class: class, Mode: 1, SamplePPM: 100_000, Replicas: 1})
	}
	for _, x := range prices {
		id := codec.ProgramID(&x.Program)
		p.Programs = append(p.Programs, codec.Allowed{Program: id, Class: x.Class})
		p.Rates = append(p.Rates, codec.Rate{Program: id, Component: 1, Unit: 1, Num: x.Num, Den: x.Den, MinCharge: 1_000})
	}
	slices.SortFunc(p.Programs, func(a, b codec.Allowed) int { return bytes.Compare(a.Program[:], b.Program[:]) })
	slices.SortFunc(p.Rates, func(a, b codec.Rate) int { return bytes.Compare(a.Program[:], b.Program[:]) })
	return p
}
