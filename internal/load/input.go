package main

import (
	"crypto/rand"
	"fmt"
	"runtime"
	"sync"

	"github.com/forgepool/settle/client"
	"github.com/forgepool/settle/codec"
	"github.com/forgepool/settle/internal/cluster"
	"github.com/forgepool/settle/internal/devledger"
	"github.com/forgepool/settle/settlement"
)

const (
	shardsPerWorkload  = 8
	payoutsPerWorkload = 3
	unitsPerShard      = 1_000_000
)

// parties are who the work is attributed to.
type parties struct {
	agents    []*client.Key
	providers []codec.ID
	customer  codec.ID
	sealed    codec.Hash // the customer
	items     []client.Item
}

func newParties(f *devledger.Founders, origin string) (*parties, error) {
	p := new(parties)
	add := func(role codec.Role, keys ...*client.Key) (codec.ID, error) {
		r := devledger.NewParty(role, keys...)
		r.At, r.Cycle = client.Now(), 1
		draft, err := r.Draft(origin)
		if err != nil {
			return codec.ID{}, err
		}
		p.items = append(p.items, draft.Sign(origin, devledger.Owner(f.Hub)...).Item())
		return r.Party(), nil
	}
	for range payoutsPerWorkload {
		key := client.GenerateKey(codec.UseAgent)
		id, err := add(codec.RoleProvider, key)
		if err != nil {
			return nil, err
		}
		p.agents, p.providers = append(p.agents, key), append(p.providers, id)
	}
	var err error
	if p.customer, err = add(codec.RoleCustomer); err != nil {
		return nil, err
	}
	p.seal(f)
	return p, nil
}

// seal opens the customer's sealed name on the ledger once, with a first workload, so
// that later events can name it without carrying it.
func (p *parties) seal(f *devledger.Founders) {
	blob, hash := codec.Seal(client.NewSalt(), p.customer)
	e := codec.Event{
		ID: client.NewID(), At: client.Now(), Cycle: 1, Author: f.Hub.Party(), Workload: client.NewID(),
		State: codec.StatePending, Customer: hash, Program: codec.ProgramID(&devledger.Prices[0].Program),
	}
	record := codec.EncodeRecord(&codec.Record{Version: 1, Kind: codec.KindEvent, Body: codec.EncodeEvent(&e)})
	p.items = append(p.items, client.Item{Record: record, Attachments: [][]byte{blob}})
	p.sealed = hash
}

// maker builds input for one ledger.
type maker struct {
	c       *cluster.Cluster
	parties *parties
	policy  *settlement.Policy
}

func (m *maker) spec() client.WorkloadSpec {
	price := devledger.Prices[0]
	return client.WorkloadSpec{
		Author: m.c.Founders.Hub.Party(), Customer: m.parties.customer, Cycle: 1,
		Program: price.Program, Class: price.Class, Seed: client.NewSecret(), Args: someBlob(),
	}
}

// workload returns the records of one whole workload.
func (m *maker) workload() ([]client.Item, error) {
	w := client.NewWorkload(m.spec())
	now := client.Now()
	entries := make([]codec.ShardEntry, shardsPerWorkload)
	for i := range entries {
		e := &entries[i]
		*e = codec.ShardEntry{
			Index: uint64(i), Provider: m.parties.providers[i%payoutsPerWorkload], Args: someBlob().Hash,
			Inputs: []codec.Blob{someBlob()}, Output: someBlob(), Units: unitsPerShard, Started: now, Finished: now,
		}
		client.SignShard(m.c.Origin, w.Author, w.ID, w.ProgramID(), w.Seed, e, m.parties.agents[i%payoutsPerWorkload])
	}
	planned, err := w.Planned(now, entries, client.PlanOptions{})
	if err != nil {
		return nil, err
	}
	aggregating := w.Step(now, codec.StateAggregating)
	verify, err := client.LeastVerification(m.policy, w.Class, shardsPerWorkload, someBlob().Hash)
	if err != nil {
		return nil, err
	}
	s, err := w.Settle(m.policy, &client.Results{
		At: now, Entries: entries, Result: someBlob(), Verify: verify, Platform: m.c.Founders.Platform.Party(),
		Times: codec.Times{Requested: now, Planned: now, Started: now, Verified: now, Finalized: now},
	})
	if err != nil {
		return nil, err
	}
	return []client.Item{planned, aggregating, s.Item}, nil
}

// event returns one small record: a new workload becomes Pending. All name one sealed
// customer, which travels with the registrations, so nothing is attached.
func (m *maker) event() ([]client.Item, error) {
	e := codec.Event{
		ID: client.NewID(), At: client.Now(), Cycle: 1, Author: m.c.Founders.Hub.Party(), Workload: client.NewID(),
		State: codec.StatePending, Customer: m.parties.sealed, Program: codec.ProgramID(&devledger.Prices[0].Program),
	}
	record := codec.EncodeRecord(&codec.Record{Version: 1, Kind: codec.KindEvent, Body: codec.EncodeEvent(&e)})
	return []client.Item{{Record: record}}, nil
}

// build makes n units of input on all cores, in the order of their numbers.
func build(n int, unit func() ([]client.Item, error)) ([][]client.Item, error) {
	units := make([][]client.Item, n)
	errs := make([]error, runtime.NumCPU())
	var wg sync.WaitGroup
	for worker := range errs {
		wg.Add(1)
		go func() {
			defer wg.Done()
			for i := worker; i < n && errs[worker] == nil; i += len(errs) {
				units[i], errs[worker] = unit()
			}
		}()
	}
	wg.Wait()
	for _, err := range errs {
		if err != nil {
			return nil, fmt.Errorf("building input: %w", err)
		}
	}
	return units, nil
}

func someBlob() codec.Blob {
	b := codec.Blob{Size: 4_096}
	_, _ = rand.Read(b.Hash[:])
	return b
}
