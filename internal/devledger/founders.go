package devledger

import (
	"fmt"

	"github.com/forgepool/settle/client"
	"github.com/forgepool/settle/codec"
)

// Founders are the parties that a genesis names. Their keys live in memory.
type Founders struct {
	Hub, Governance, Platform *client.Registration
	Arbiters, Auditors        []*client.Registration
	Operators                 []*client.Registration // one per node
	Submit                    *client.Key            // the hub's
	Record                    []byte                 // the genesis
}

// NewParty makes a party with an owner key and the given further keys.
func NewParty(role codec.Role, keys ...*client.Key) *client.Registration {
	return &client.Registration{Role: role, Keys: append([]*client.Key{client.GenerateKey(codec.UseOwner)}, keys...)}
}

// Found makes the founders of a ledger whose nodes sign with nodeKeys; the first
// operator holds the checkpoint key too.
func Found(origin string, at uint64, policy codec.Policy, nodeKeys []*client.Key, checkpoint *client.Key) (*Founders, error) {
	f := &Founders{Submit: client.GenerateKey(codec.UseSubmit)}
	f.Hub = NewParty(codec.RoleHub, f.Submit)
	f.Governance = NewParty(codec.RoleGovernance, client.GenerateKey(codec.UseOwner))
	f.Governance.Threshold = 2
	f.Platform = NewParty(codec.RolePlatform)
	for range 2 {
		f.Arbiters = append(f.Arbiters, NewParty(codec.RoleArbiter))
		f.Auditors = append(f.Auditors, NewParty(codec.RoleAuditor))
	}
	for i, key := range nodeKeys {
		operator := NewParty(codec.RoleOperator, key)
		if i == 0 {
			operator.Keys = append(operator.Keys, checkpoint)
		}
		f.Operators = append(f.Operators, operator)
	}
	draft, err := client.DraftGenesis(&client.GenesisSpec{
		OriginA: origin + "/blake3", OriginB: origin, Name: "development ledger", At: at, Cycle: 1,
		Numbering: codec.CyclesCounter, Founders: f.all(), Policy: policy, Software: "settle 0.1.0",
	})
	if err != nil {
		return nil, fmt.Errorf("founding the ledger: %w", err)
	}
	f.Record = draft.Record()
	return f, nil
}

func (f *Founders) all() []*client.Registration {
	all := []*client.Registration{f.Hub, f.Governance, f.Platform}
	all = append(all, f.Arbiters...)
	all = append(all, f.Auditors...)
	return append(all, f.Operators...)
}

// Owner returns a party's owner keys.
func Owner(r *client.Registration) []*client.Key {
	var owners []*client.Key
	for _, k := range r.Keys {
		if k.Use() == codec.UseOwner {
			owners = append(owners, k)
		}
	}
	return owners
}
