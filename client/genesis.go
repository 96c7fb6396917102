package client

import (
	"crypto/ed25519"
	"errors"
	"fmt"

	"github.com/forgepool/settle/codec"
	"github.com/forgepool/settle/proof"
)

// GenesisSpec is what founders agree on.
type GenesisSpec struct {
	OriginA, OriginB string // of the BLAKE3 tree and of its SHA-256 twin
	Name             string
	At               uint64 // ms: first ledger time
	Cycle            uint64 // the first
	Numbering        uint64 // codec.CyclesCounter or codec.CyclesMonths
	Founders         []*Registration
	Policy           codec.Policy // version 1; header, scale and prev are filled in
	Witnesses        []string     // vkeys
	Software         string
}

// DraftGenesis returns the draft of the record at index 0, signed by the owner keys
// of all founders that are at hand. Every founder's registration must have its keys.
func DraftGenesis(s *GenesisSpec) (*Draft, error) {
	g := &codec.Genesis{
		ID: NewID(), At: s.At, Cycle: s.Cycle,
		OriginA: s.OriginA, OriginB: s.OriginB, Name: s.Name, Scale: 6, Suites: []uint64{1, 2},
		Cycles: codec.Cycles{First: s.Cycle, Numbering: s.Numbering}, Witnesses: s.Witnesses,
		Created: s.At, Software: s.Software,
	}
	p := s.Policy
	p.ID, p.At, p.Cycle, p.Version, p.EffectiveFrom, p.Scale, p.Rounding = NewID(), s.At, s.Cycle, 1, s.Cycle, 6, 1
	d := &Draft{Kind: codec.KindGenesis}
	var owners []*Key
	for _, f := range s.Founders {
		f.At, f.Cycle = s.At, s.Cycle
		body, blobs, err := f.body(s.OriginA)
		if err != nil {
			return nil, fmt.Errorf("founder of role %s: %w", f.Role, err)
		}
		if len(blobs) > 0 {
			return nil, fmt.Errorf("founder of role %s: a genesis has no sealed caps", f.Role)
		}
		g.Parties = append(g.Parties, codec.Encode(body))
		switch f.Role {
		case codec.RoleGovernance:
			g.Author = body.Party
		case codec.RoleHub:
			p.Author = body.Party
		}
		for _, k := range f.Keys {
			if k.use == codec.UseOwner {
				owners = append(owners, k)
			}
		}
	}
	g.Policy = codec.Encode(&p)
	d.Body = codec.Encode(g)
	return d.Sign(s.OriginA, owners...), nil
}

// Genesis reads the record at index 0. Whether it is admissible is for
// settlement.JudgeGenesis to say.
func Genesis(record []byte) (*codec.Genesis, []*codec.Party, error) {
	r, err := codec.DecodeRecord(record)
	if err != nil {
		return nil, nil, fmt.Errorf("genesis: %w", err)
	}
	g := new(codec.Genesis)
	if r.Kind != codec.KindGenesis {
		return nil, nil, fmt.Errorf("genesis: the record is a %s", r.Kind)
	}
	if err := codec.Decode(r.Body, g); err != nil {
		return nil, nil, fmt.Errorf("genesis: %w", err)
	}
	parties := make([]*codec.Party, len(g.Parties))
	for i, body := range g.Parties {
		parties[i] = new(codec.Party)
		if err := codec.Decode(body, parties[i]); err != nil {
			return nil, nil, fmt.Errorf("genesis: party %d: %w", i, err)
		}
	}
	return g, parties, nil
}

// TrustGenesis makes the trust policy that a genesis suggests: the checkpoint keys
// and node keys of its operators, and a majority of them as threshold. Who uses it
// trusts whoever gave the genesis.
func TrustGenesis(record []byte) (*proof.TrustPolicy, error) {
	g, parties, err := Genesis(record)
	if err != nil {
		return nil, err
	}
	spec := proof.PolicySpec{Origin: g.OriginA, Twin: g.OriginB}
	for _, p := range parties {
		if p.Role == nil || *p.Role != codec.RoleOperator {
			continue
		}
		if err := addOperator(&spec, p); err != nil {
			return nil, err
		}
	}
	if len(spec.Nodes) == 0 {
		return nil, errors.New("the genesis names no operator with a node key: take the keys from the operators' later registrations")
	}
	spec.Threshold = len(spec.Nodes)/2 + 1
	return proof.NewTrustPolicy(spec)
}

func addOperator(spec *proof.PolicySpec, p *codec.Party) error {
	for i := range p.Keys {
		k := &p.Keys[i]
		if k.Pub == nil || k.Use == nil {
			return errors.New("genesis: an operator's key is incomplete")
		}
		pub := ed25519.PublicKey(k.Pub[:])
		switch *k.Use {
		case codec.UseCheckpoint:
			for _, origin := range []string{spec.Origin, spec.Twin} {
				vkey, err := proof.FormatCheckpointKey(origin, pub)
				if err != nil {
					return err
				}
				spec.Checkpoints = append(spec.Checkpoints, vkey)
			}
		case codec.UseNode:
			vkey, err := proof.FormatNodeKey(proof.NodeName(spec.Origin, p.Party), pub)
			if err != nil {
				return err
			}
			spec.Nodes = append(spec.Nodes, vkey)
		}
	}
	return nil
}
