package readable

import (
	"fmt"

	"github.com/forgepool/settle/codec"
)

// Body decodes the body of a record and returns what stands for it. The parties and the
// policy in a genesis are decoded too. Errors: those of codec.DecodeBody.
func (f Form) Body(kind codec.Kind, data []byte) (any, error) {
	body, err := codec.DecodeBody(kind, data)
	if err != nil {
		return nil, err
	}
	if g, ok := body.(*codec.Genesis); ok {
		return f.genesis(g)
	}
	return f.Value(body), nil
}

// genesis opens the bodies in a genesis.
func (f Form) genesis(g *codec.Genesis) (any, error) {
	parties := []any{}
	for i, data := range g.Parties {
		p, err := f.Body(codec.KindParty, data)
		if err != nil {
			return nil, fmt.Errorf("party %d: %w", i, err)
		}
		parties = append(parties, p)
	}
	policy, err := f.Body(codec.KindPolicy, g.Policy)
	if err != nil {
		return nil, fmt.Errorf("policy: %w", err)
	}
	o := f.Fields(g)
	o.Set("parties", parties)
	o.Set("policy", policy)
	return o, nil
}
