package main

import (
	"bytes"
	"cmp"

	"github.com/forgepool/settle/codec"
	"github.com/forgepool/settle/proof"
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

// recordView is a record as people read it.
type recordView struct {
	Index      uint64     `json:"index"`
	Kind       string     `json:"kind"`
	Leaf       codec.Hash `json:"leaf"`
	Submitter  *codec.ID  `json:"submitter,omitempty"`
	Batch      *codec.ID  `json:"batch,omitempty"`
	Position   uint64     `json:"position"`
	Signatures []string   `json:"signatures,omitempty"` // key ids
	Body       any        `json:"body"`
}

// viewRecord decodes a record for people.
func viewRecord(index uint64, data []byte) (*recordView, error) {
	rec, err := codec.DecodeRecord(data)
	if err != nil {
		return nil, refuse("record %d: %v", index, err)
	}
	body, err := viewBody(&rec)
	if err != nil {
		return nil, refuse("record %d: %v", index, err)
	}
	v := &recordView{Index: index, Kind: rec.Kind.String(), Leaf: proof.LeafA(data), Body: body}
	for i := range rec.Signatures {
		v.Signatures = append(v.Signatures, rec.Signatures[i].Key.String())
	}
	return v, nil
}

// viewBody decodes the body of a record. What is not decoded is shown as it is.
func viewBody(rec *codec.Record) (any, error) {
	var body any
	switch rec.Kind {
	case codec.KindGenesis:
		return viewGenesis(rec.Body)
	case codec.KindSettlement:
		body = new(codec.Settlement)
	case codec.KindPolicy:
		p := new(codec.Policy)
		if err := codec.Decode(rec.Body, p); err != nil {
			return nil, err
		}
		return viewPolicy(p), nil
	case codec.KindParty:
		body = new(codec.Party)
	case codec.KindEvent:
		body = new(codec.Event)
	case codec.KindAdjustment:
		body = new(codec.Adjustment)
	default:
		return codec.BlobHash(rec.Body), nil
	}
	return body, codec.Decode(rec.Body, body)
}

// genesisView is a genesis with its bodies opened.
type genesisView struct {
	OriginA string         `json:"origin_a"`
	OriginB string         `json:"origin_b"`
	Name    string         `json:"name"`
	Created uint64         `json:"created"`
	Cycle   uint64         `json:"cycle"`
	Parties []*codec.Party `json:"parties"`
	Policy  *policyFile    `json:"policy"`
}

func viewGenesis(body []byte) (*genesisView, error) {
	g := new(codec.Genesis)
	if err := codec.Decode(body, g); err != nil {
		return nil, err
	}
	v := &genesisView{OriginA: g.OriginA, OriginB: g.OriginB, Name: g.Name, Created: g.Created, Cycle: g.Cycle}
	for _, b := range g.Parties {
		p := new(codec.Party)
		if err := codec.Decode(b, p); err != nil {
			return nil, err
		}
		v.Parties = append(v.Parties, p)
	}
	p := new(codec.Policy)
	if err := codec.Decode(g.Policy, p); err != nil {
		return nil, err
	}
	v.Policy = viewPolicy(p)
	return v, nil
}
