package main

import (
	"github.com/forgepool/settle/api"
	"github.com/forgepool/settle/codec"
	"github.com/forgepool/settle/proof"
)

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

// viewBody decodes the body of a record, policies as people write them.
func viewBody(rec *codec.Record) (any, error) {
	switch rec.Kind {
	case codec.KindGenesis:
		return viewGenesis(rec.Body)
	case codec.KindPolicy:
		p := new(codec.Policy)
		if err := codec.Decode(rec.Body, p); err != nil {
			return nil, err
		}
		return viewPolicy(p), nil
	}
	return api.ReadableBody(rec.Kind, rec.Body)
}

// genesisView is a genesis with its bodies opened.
type genesisView struct {
	OriginA string      `json:"origin_a"`
	OriginB string      `json:"origin_b"`
	Name    string      `json:"name"`
	Created uint64      `json:"created"`
	Cycle   uint64      `json:"cycle"`
	Parties []any       `json:"parties"`
	Policy  *policyFile `json:"policy"`
}

func viewGenesis(body []byte) (*genesisView, error) {
	g := new(codec.Genesis)
	if err := codec.Decode(body, g); err != nil {
		return nil, err
	}
	v := &genesisView{OriginA: g.OriginA, OriginB: g.OriginB, Name: g.Name, Created: g.Created, Cycle: g.Cycle}
	for _, b := range g.Parties {
		p, err := api.ReadableBody(codec.KindParty, b)
		if err != nil {
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
