package devledger

import (
	"github.com/forgepool/settle/client"
	"github.com/forgepool/settle/codec"
)

// Prices of the built-in programs, so that a second of one core costs about the same
// in each.
var Prices = []client.Price{
	{Program: builtin("mc", "path.v1"), Class: 1, Num: 27, Den: 1_000},
	{Program: builtin("graph", "pagerank.v1"), Class: 2, Num: 33, Den: 10_000},
	{Program: builtin("search", "rank.v1"), Class: 4, Num: 84, Den: 10_000},
	{Program: builtin("aggregate", "group.v1"), Class: 5, Num: 1, Den: 1},
	{Program: builtin("media", "raster.v1"), Class: 3, Num: 39, Den: 10_000},
	{Program: builtin("memory", "kv.v1"), Class: 6, Num: 244, Den: 1_000},
	{Program: builtin("mc", "insurance.v1"), Class: 1, Num: 27, Den: 1_000},
	{Program: builtin("mc", "eta.v1"), Class: 1, Num: 27, Den: 1_000},
}

func builtin(family, profile string) codec.Program {
	return codec.Program{Family: family, Version: 1, Profile: profile}
}

// Policy returns policy 1 of a development ledger: client.DefaultPolicy with two auditors,
// a tenth of the shards verified before settlement, a least charge, and larger inputs.
// Receipts is the share of agents' receipts, in ppm, that a node verifies before it
// proposes.
func Policy(prices []client.Price, receipts uint64) codec.Policy {
	p := client.DefaultPolicy(prices...)
	p.Audit.MinAuditors, p.Limits.MaxInput, p.Receipts = 2, 1<<30, receipts
	for i := range p.Floors {
		p.Floors[i].SamplePPM = 100_000
	}
	for i := range p.Rates {
		p.Rates[i].MinCharge = 1_000
	}
	return p
}
