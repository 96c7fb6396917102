package main

import (
	"bytes"
	"cmp"

	"github.com/forgepool/settle/codec"
)

// compareRates orders rates as a policy has them.
func compareRates(a, b codec.Rate) int {
	return cmp.Or(bytes.Compare(a.Program[:], b.Program[:]), cmp.Compare(a.Component, b.Component), cmp.Compare(a.Unit, b.Unit))
}

// viewPolicy shows a policy's body as people write it. Sealed discounts are not in it.
func viewPolicy(p *codec.Policy) *policyFile {
	f := &policyFile{
		Version: p.Version, EffectiveFrom: p.EffectiveFrom, Prev: &p.Prev,
		Programs: []programFile{}, Rates: []rateFile{}, AdapterShares: []shareFile{},
		ProviderPPM: p.Shares.Provider, AdapterPPM: p.Shares.Adapter,
		Weights: [2]uint64{p.Weights.Min, p.Weights.Max}, Audit: viewAudit(&p.Audit),
		DisputeWindow: p.DisputeWindow, Retention: p.Retention,
		Limits: limitsFile{MaxShards: p.Limits.MaxShards, MaxUnits: p.Limits.MaxUnits,
			MaxFuel: p.Limits.MaxFuel, MaxPages: p.Limits.MaxPages, MaxInput: p.Limits.MaxInput},
		Clawback: p.Penalties.ClawbackCycles, StakeMin: p.Penalties.StakeMin, PayReplicas: p.PayReplicas == 1,
		Windows: [2]uint64{p.Windows.Near, p.Windows.Older}, AckSLA: p.AckSLA, Grace: p.Grace,
		AllEvents: p.Events == 1, ReceiptsPPM: p.Receipts,
	}
	for _, x := range p.Programs {
		program := programFile{Program: programText(x.Program), Class: x.Class}
		if len(x.Code) == 32 {
			program.Code = codec.Hash(x.Code).String()
		}
		f.Programs = append(f.Programs, program)
	}
	for _, x := range p.Rates {
		f.Rates = append(f.Rates, rateFile{Program: programText(x.Program), Component: x.Component, Unit: x.Unit,
			MicroCredits: x.Num, Per: x.Den, MinCharge: x.MinCharge})
	}
	for _, x := range p.AdapterShares {
		f.AdapterShares = append(f.AdapterShares, shareFile{Adapter: x.Adapter, PPM: x.PPM})
	}
	for _, x := range p.Floors {
		f.Floors = append(f.Floors, floorFile{Class: x.Class, Mode: x.Mode, SamplePPM: x.SamplePPM, Replicas: x.Replicas})
	}
	return f
}

func viewAudit(r *codec.AuditRules) auditFile {
	f := auditFile{ConfidencePPM: r.ConfPPM, FaultPPM: r.FaultPPM, MaxDraws: r.MaxDraws,
		TracingPPM: r.TracingPPM, MinAuditors: r.MinAuditors, Deadline: r.Deadline}
	if r.Beacon.Present {
		f.Beacon = &beaconFile{Chain: r.Beacon.Chain, Genesis: r.Beacon.Genesis, Period: r.Beacon.Period}
	}
	return f
}
