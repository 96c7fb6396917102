package main

import (
	"fmt"

	"github.com/forgepool/settle/client"
	"github.com/forgepool/settle/codec"
	"github.com/forgepool/settle/internal/devledger"
)

const (
	providerCount = 8
	customerCount = 3
	customerCap   = 50_000_000_000 // micro-Credits per cycle
)

// agent executes shards for a provider and signs receipts.
type agent struct {
	provider codec.ID
	key      *client.Key
}

// parties are those that register after the genesis.
type parties struct {
	agents    []*agent
	customers []codec.ID
	adapter   codec.ID
	items     []client.Item // their registrations
	owners    map[codec.ID]*client.Registration
}

// newParties makes the parties and their registrations, signed by themselves and by
// the hub.
func newParties(f *devledger.Founders, origin string) (*parties, error) {
	p := &parties{owners: map[codec.ID]*client.Registration{}}
	register := func(r *client.Registration) (codec.ID, error) {
		r.At, r.Cycle = client.Now(), 1
		draft, err := r.Draft(origin)
		if err != nil {
			return codec.ID{}, fmt.Errorf("registering a %v: %w", r.Role, err)
		}
		p.owners[r.Party()] = r
		p.items = append(p.items, draft.Sign(origin, devledger.Owner(f.Hub)...).Item())
		return r.Party(), nil
	}
	for range providerCount {
		key := client.GenerateKey(codec.UseAgent)
		id, err := register(devledger.NewParty(codec.RoleProvider, key))
		if err != nil {
			return nil, err
		}
		p.agents = append(p.agents, &agent{provider: id, key: key})
	}
	for range customerCount {
		r := devledger.NewParty(codec.RoleCustomer)
		limit := uint64(customerCap)
		r.Cap = &limit
		id, err := register(r)
		if err != nil {
			return nil, err
		}
		p.customers = append(p.customers, id)
	}
	var err error
	p.adapter, err = register(devledger.NewParty(codec.RoleAdapter))
	return p, err
}
