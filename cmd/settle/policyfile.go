package main

import (
	"bytes"
	"fmt"
	"slices"

	"github.com/forgepool/settle/codec"
	"github.com/forgepool/settle/replay"
)

// policyFile is a policy as people write it. Amounts are micro-Credits, times
// milliseconds, shares parts per million.
type policyFile struct {
	Version       uint64         `json:"version,omitempty"`
	EffectiveFrom uint64         `json:"effective_from,omitempty"`
	Prev          *codec.Hash    `json:"prev,omitempty"`
	Programs      []programFile  `json:"programs"`
	Rates         []rateFile     `json:"rates"`
	ProviderPPM   uint64         `json:"provider_ppm"`
	AdapterPPM    uint64         `json:"adapter_ppm"`
	AdapterShares []shareFile    `json:"adapter_shares"`
	Discounts     []discountFile `json:"discounts,omitempty"`
	Weights       [2]uint64      `json:"weights_ppm"`
	Floors        []floorFile    `json:"floors"`
	Audit         auditFile      `json:"audit"`
	DisputeWindow uint64         `json:"dispute_window_ms"`
	Retention     uint64         `json:"retention_ms"`
	Limits        limitsFile     `json:"limits"`
	Clawback      uint64         `json:"clawback_cycles"`
	StakeMin      uint64         `json:"stake_min"`
	PayReplicas   bool           `json:"pay_replicas"`
	Windows       [2]uint64      `json:"clock_windows_ms"`
	AckSLA        uint64         `json:"ack_sla_ms"`
	Grace         uint64         `json:"grace_ms"`
	AllEvents     bool           `json:"all_events"`
	ReceiptsPPM   uint64         `json:"receipts_ppm"`
}

type programFile struct {
	Program string `json:"program"` // "mc@1 path.v1", or a program id in hex
	Class   uint64 `json:"class"`
	Code    string `json:"code,omitempty"` // BLAKE3 of a module in hex
}

type rateFile struct {
	Program      string `json:"program"`
	Component    uint64 `json:"component"`
	Unit         uint64 `json:"unit"`
	MicroCredits uint64 `json:"micro_credits"`
	Per          uint64 `json:"per"`
	MinCharge    uint64 `json:"min_charge"`
}

type shareFile struct {
	Adapter codec.ID `json:"adapter"`
	PPM     uint64   `json:"ppm"`
}

type discountFile struct {
	Customer codec.ID `json:"customer"`
	PPM      uint64   `json:"ppm"`
}

type floorFile struct {
	Class     uint64 `json:"class"`
	Mode      uint64 `json:"mode"`
	SamplePPM uint64 `json:"sample_ppm"`
	Replicas  uint64 `json:"replicas"`
}

type auditFile struct {
	ConfidencePPM uint64      `json:"confidence_ppm"`
	FaultPPM      uint64      `json:"fault_ppm"`
	MaxDraws      uint64      `json:"max_draws"`
	TracingPPM    uint64      `json:"tracing_ppm"`
	MinAuditors   uint64      `json:"min_auditors"`
	Deadline      uint64      `json:"deadline_ms"`
	Beacon        *beaconFile `json:"beacon,omitempty"`
}

type beaconFile struct {
	Chain   codec.Hash `json:"chain"`
	Genesis uint64     `json:"genesis_s"`
	Period  uint64     `json:"period_s"`
}

type limitsFile struct {
	MaxShards uint64   `json:"max_shards"`
	MaxUnits  []uint64 `json:"max_units"` // per shard, classes 1 to 6
	MaxFuel   uint64   `json:"max_fuel"`
	MaxPages  uint64   `json:"max_pages"`
	MaxInput  uint64   `json:"max_input"`
}

// programID reads a program by name or by id.
func programID(text string) (codec.Hash, error) {
	if id, err := codec.ParseHash(text); err == nil {
		return id, nil
	}
	name, err := replay.ParseProgramName(text)
	if err != nil {
		return codec.Hash{}, err
	}
	return name.ID(), nil
}

// programText names a program the way programID reads it.
func programText(id codec.Hash) string {
	if p, ok := replay.Builtin(id); ok {
		return p.Name().String()
	}
	return id.String()
}

// body returns the policy's body, lists in their order. Header, version and
// predecessor are for the caller where the file leaves them out.
func (f *policyFile) body() (codec.Policy, error) {
	p := codec.Policy{
		Version: f.Version, EffectiveFrom: f.EffectiveFrom, Scale: 6, Rounding: 1,
		Shares:        codec.Shares{Provider: f.ProviderPPM, Adapter: f.AdapterPPM},
		Weights:       codec.Range{Min: f.Weights[0], Max: f.Weights[1]},
		DisputeWindow: f.DisputeWindow, Retention: f.Retention,
		Limits: codec.ShardLimits{MaxShards: f.Limits.MaxShards, MaxUnits: f.Limits.MaxUnits,
			MaxFuel: f.Limits.MaxFuel, MaxPages: f.Limits.MaxPages, MaxInput: f.Limits.MaxInput},
		Penalties:   codec.Penalties{ClawbackCycles: f.Clawback, StakeMin: f.StakeMin},
		PayReplicas: flag(f.PayReplicas), Windows: codec.Windows{Near: f.Windows[0], Older: f.Windows[1]},
		AckSLA: f.AckSLA, Grace: f.Grace, Events: flag(f.AllEvents), Receipts: f.ReceiptsPPM,
	}
	if f.Prev != nil {
		p.Prev = *f.Prev
	}
	for _, x := range f.Floors {
		p.Floors = append(p.Floors, codec.Floor{Class: x.Class, Mode: x.Mode, SamplePPM: x.SamplePPM, Replicas: x.Replicas})
	}
	for _, x := range f.AdapterShares {
		p.AdapterShares = append(p.AdapterShares, codec.AdapterShare{Adapter: x.Adapter, PPM: x.PPM})
	}
	slices.SortFunc(p.AdapterShares, func(a, b codec.AdapterShare) int { return bytes.Compare(a.Adapter[:], b.Adapter[:]) })
	p.Audit = f.Audit.rules()
	return p, f.addPrograms(&p)
}

func flag(b bool) uint64 {
	if b {
		return 1
	}
	return 0
}

func (f *auditFile) rules() codec.AuditRules {
	r := codec.AuditRules{ConfPPM: f.ConfidencePPM, FaultPPM: f.FaultPPM, MaxDraws: f.MaxDraws,
		TracingPPM: f.TracingPPM, MinAuditors: f.MinAuditors, Deadline: f.Deadline}
	if f.Beacon != nil {
		r.Beacon = codec.Beacon{Chain: f.Beacon.Chain, Genesis: f.Beacon.Genesis, Period: f.Beacon.Period, Present: true}
	}
	return r
}

// addPrograms adds programs and rates in the order of the formats.
func (f *policyFile) addPrograms(p *codec.Policy) error {
	for _, x := range f.Programs {
		id, err := programID(x.Program)
		if err != nil {
			return err
		}
		allowed := codec.Allowed{Program: id, Class: x.Class, Code: []byte{}}
		if x.Code != "" {
			code, err := codec.ParseHash(x.Code)
			if err != nil {
				return fmt.Errorf("code of %s: %w", x.Program, err)
			}
			allowed.Code = code[:]
		}
		p.Programs = append(p.Programs, allowed)
	}
	slices.SortFunc(p.Programs, func(a, b codec.Allowed) int { return bytes.Compare(a.Program[:], b.Program[:]) })
	for _, x := range f.Rates {
		id, err := programID(x.Program)
		if err != nil {
			return err
		}
		p.Rates = append(p.Rates, codec.Rate{Program: id, Component: x.Component, Unit: x.Unit, Num: x.MicroCredits, Den: x.Per, MinCharge: x.MinCharge})
	}
	slices.SortStableFunc(p.Rates, compareRates)
	return nil
}
