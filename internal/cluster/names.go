package cluster

import "github.com/forgepool/settle/internal/devledger"

// What a development ledger is made of, under this package's name for those who launch
// one.
type (
	// Founders are the parties of the genesis.
	Founders = devledger.Founders
	// Price is what a program costs.
	Price = devledger.Price
)

// See package devledger.
var (
	NewParty = devledger.NewParty
	Found    = devledger.Found
	Owner    = devledger.Owner
	Policy   = devledger.Policy
	Prices   = devledger.Prices
)
