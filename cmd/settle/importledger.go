package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/forgepool/settle/api"
	"github.com/forgepool/settle/client"
	"github.com/forgepool/settle/codec"
	"github.com/forgepool/settle/contract"
	"github.com/forgepool/settle/settlement"
)

// importLedger is what an import asks of a node, each thing once.
type importLedger struct {
	sdk      *client.Client
	status   *api.Status
	platform codec.ID
	policies map[uint64]*settlement.Policy // by cycle
	parties  map[codec.ID]*api.Party       // nil: not registered
}

// priorJob is what the ledger has of a job.
type priorJob struct {
	events  []contract.Event
	settled *contract.Stamp
	weights map[codec.ID]uint64 // with which it was settled; nil: not known
}

func askLedger(ctx context.Context, sdk *client.Client) (*importLedger, error) {
	l := &importLedger{sdk: sdk, policies: map[uint64]*settlement.Policy{}, parties: map[codec.ID]*api.Party{}}
	var err error
	if l.status, err = sdk.Service().Status(ctx); err != nil {
		return nil, err
	}
	genesis, err := sdk.Service().Record(ctx, 0)
	if err != nil {
		return nil, fmt.Errorf("fetching the genesis: %w", err)
	}
	_, founders, err := client.Genesis(genesis.Bytes)
	if err != nil {
		return nil, err
	}
	for _, p := range founders {
		if p.Role != nil && *p.Role == codec.RolePlatform {
			l.platform = p.Party
		}
	}
	return l, nil
}

// lookUp asks for the history of all jobs of a group at once.
func (m *importer) lookUp(ctx context.Context, group []*joined) error {
	errs := make([]error, len(group))
	var all sync.WaitGroup
	for i, j := range group {
		all.Go(func() { j.line.prior, errs[i] = m.ledger.history(ctx, m.hub.ID, j.Workload) })
	}
	all.Wait()
	return errors.Join(errs...)
}

// history returns what the ledger has of a workload.
func (l *importLedger) history(ctx context.Context, hub, workload codec.ID) (*priorJob, error) {
	p := new(priorJob)
	h, err := l.sdk.Service().History(ctx, hub, workload)
	if api.CodeOf(err) == codec.CodeNotFound {
		return p, nil
	} else if err != nil {
		return nil, fmt.Errorf("looking for workload %s: %w", workload, err)
	}
	for i := range h.Records {
		if err := l.addRecord(ctx, p, h.Records[i].Bytes); err != nil {
			return nil, fmt.Errorf("record %d: %w", h.Records[i].Index, err)
		}
	}
	return p, nil
}

// addRecord notes what one record says. The weights of a settlement stand in its
// detail, which may be pruned: then those of now have to do.
func (l *importLedger) addRecord(ctx context.Context, p *priorJob, data []byte) error {
	r, err := codec.DecodeRecord(data)
	if err != nil {
		return err
	}
	switch r.Kind {
	case codec.KindEvent:
		e := new(codec.Event)
		if err := codec.DecodeEvent(r.Body, e); err != nil {
			return err
		}
		p.events = append(p.events, contract.Event{State: e.State, Stamp: contract.Stamp{At: e.At, Cycle: e.Cycle}})
	case codec.KindSettlement:
		s := new(codec.Settlement)
		if err := codec.DecodeSettlement(r.Body, s); err != nil {
			return err
		}
		p.settled = &contract.Stamp{At: s.At, Cycle: s.Cycle}
		if blob, err := l.sdk.FetchArtifact(ctx, s.Detail); err == nil {
			p.weights = weightsOf(blob)
		}
	}
	return nil
}

// weightsOf reads the providers' weights from a detail blob.
func weightsOf(blob []byte) map[codec.ID]uint64 {
	d, err := codec.DecodeDetail(blob)
	if err != nil {
		return nil
	}
	weights := map[codec.ID]uint64{}
	for i := range d.Postings {
		if p := &d.Postings[i]; p.Role == codec.RoleProvider && p.Weight != nil {
			weights[p.Party] = *p.Weight
		}
	}
	return weights
}

// terms returns what a job's records are made under.
func (l *importLedger) terms(ctx context.Context, j *joined) (*contract.Terms, error) {
	prior := j.line.prior
	t := &contract.Terms{Now: contract.Stamp{At: client.Now(), Cycle: l.status.Cycle}, Platform: l.platform,
		Events: prior.events, Settled: prior.settled, Weights: prior.weights}
	cycle := t.Now.Cycle
	if prior.settled != nil {
		cycle = prior.settled.Cycle
	}
	var err error
	if t.Policy, err = l.policy(ctx, cycle); err != nil {
		return nil, err
	}
	return t, l.checkParties(ctx, j, t)
}

func (l *importLedger) policy(ctx context.Context, cycle uint64) (*settlement.Policy, error) {
	if p := l.policies[cycle]; p != nil {
		return p, nil
	}
	p, err := l.sdk.Policy(ctx, cycle)
	if err != nil {
		return nil, fmt.Errorf("fetching the policy of cycle %d: %w", cycle, err)
	}
	l.policies[cycle] = p
	return p, nil
}

// checkParties requires everybody whom the job names to be registered in that role,
// and fills in weights.
func (l *importLedger) checkParties(ctx context.Context, j *joined, t *contract.Terms) error {
	r := j.Result
	if _, err := l.party(ctx, "customer", r.Customer, codec.RoleCustomer); err != nil {
		return err
	}
	if r.Adapter != nil {
		if _, err := l.party(ctx, "adapter", *r.Adapter, codec.RoleAdapter); err != nil {
			return err
		}
	}
	known := t.Weights != nil
	if !known {
		t.Weights = map[codec.ID]uint64{}
	}
	for i := range r.Shards {
		s, field := &r.Shards[i], fmt.Sprintf("shards[%d].", i)
		p, err := l.party(ctx, field+"provider", s.Provider, codec.RoleProvider)
		if err != nil {
			return err
		}
		if !slices.ContainsFunc(p.Keys, func(k api.Key) bool { return k.Pub == s.Agent && k.Use == codec.UseAgent }) {
			return unknownParty(field+"agent", "not the public key of an agent of provider %s", s.Provider)
		}
		if !known {
			t.Weights[s.Provider] = p.Weight
		}
	}
	return nil
}

func unknownParty(field, format string, args ...any) error {
	return &contract.Error{Code: contract.CodeUnknownParty, Field: field, Why: fmt.Sprintf(format, args...)}
}

// party returns a party that must have a role.
func (l *importLedger) party(ctx context.Context, field string, id codec.ID, role codec.Role) (*api.Party, error) {
	p, asked := l.parties[id]
	if !asked {
		var err error
		if p, err = l.sdk.Service().Party(ctx, id); err != nil && api.CodeOf(err) != codec.CodeNotFound {
			return nil, fmt.Errorf("looking for party %s: %w", id, err)
		} else if err != nil {
			p = nil
		}
		l.parties[id] = p
	}
	if p == nil {
		return nil, unknownParty(field, "%s is not registered", id)
	}
	if p.Role != role {
		return nil, unknownParty(field, "%s is a %s, not a %s", id, p.Role, role)
	}
	return p, nil
}
