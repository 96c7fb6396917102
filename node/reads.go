package node

import (
	"context"
	"errors"

	"github.com/forgepool/settle/api"
	"github.com/forgepool/settle/codec"
	"github.com/forgepool/settle/ledger"
	"github.com/forgepool/settle/proof"
	"github.com/forgepool/settle/settlement"
)

// maxEvents bounds the events in one history.
const maxEvents = 1_000

// reads answers the part of api.Service that the ledger's state answers alone.
type reads struct {
	ledger   *ledger.Ledger
	fatality *fatality
	open     bool // everything is public
}

// view opens the present state.
func (s *reads) view() (*ledger.Snapshot, error) {
	if v := s.ledger.Read(); v != nil {
		return v, nil
	}
	return nil, api.Fail(codec.CodeOverloaded, "the node is stopping")
}

// answer gives an error of the ledger its code.
func answer(err error) error {
	var known *api.Error
	switch {
	case err == nil:
		return nil
	case errors.As(err, &known):
		return known
	case errors.Is(err, ledger.ErrNotFound):
		return api.Fail(codec.CodeNotFound, "%v", err)
	case errors.Is(err, ledger.ErrNoCustomer):
		return api.Fail(codec.CodeBadRequest, "%v", err)
	case errors.Is(err, proof.ErrIndex):
		return api.Fail(codec.CodeNotFound, "%v", err)
	}
	return api.Fail(codec.CodeInternal, "%v", err)
}

// from runs a question on the present state.
func from[T any](s *reads, ask func(v *ledger.Snapshot) (T, error)) (T, error) {
	v, err := s.view()
	if err != nil {
		var none T
		return none, err
	}
	defer v.Close()
	defer s.fatality.guard()
	value, err := ask(v)
	s.fatality.notice(err)
	return value, answer(err)
}

// Settlement returns the settlement of a workload.
func (s *reads) Settlement(_ context.Context, author, workload codec.ID) (*api.Record, error) {
	return from(s, func(v *ledger.Snapshot) (*api.Record, error) {
		index, err := v.Settlement(author, workload)
		if err != nil {
			return nil, err
		}
		return record(v, index)
	})
}

// History returns the state of a workload and the records that made it.
func (s *reads) History(_ context.Context, author, workload codec.ID) (*api.History, error) {
	return from(s, func(v *ledger.Snapshot) (*api.History, error) {
		w := v.Workload(author, workload)
		if w == nil {
			return nil, ledger.ErrNotFound
		}
		if w.Seq >= maxEvents {
			return nil, api.Fail(codec.CodeTooLarge, "the workload has %d events, more than the %d of one answer", w.Seq+1, maxEvents)
		}
		indexes, err := v.History(author, workload, maxEvents)
		if err != nil {
			return nil, err
		}
		if w.SettledAt != 0 {
			indexes = append(indexes, w.SettledAt)
		}
		h := &api.History{Author: author, Workload: workload, State: w.State, Records: make([]api.Record, 0, len(indexes))}
		for _, index := range indexes {
			r, err := record(v, index)
			if err != nil {
				return nil, err
			}
			h.Records = append(h.Records, *r)
		}
		return h, nil
	})
}

var statuses = map[settlement.Status]string{
	settlement.Active: "active", settlement.Suspended: "suspended", settlement.Exited: "exited",
}

// Party returns a party with its keys. Its weight is the one in force in the open
// cycle.
func (s *reads) Party(_ context.Context, id codec.ID) (*api.Party, error) {
	return from(s, func(v *ledger.Snapshot) (*api.Party, error) {
		p := v.Party(id)
		if p == nil {
			return nil, ledger.ErrNotFound
		}
		out := &api.Party{
			ID: id, Role: p.Role, Status: statuses[p.Status()], Registered: p.History[0].Index, Prev: p.Prev,
			Threshold: p.Threshold, Weight: v.PolicyFor(v.Cycle()).Weight(p, v.Cycle()), Stake: p.Stake,
			Keys: make([]api.Key, len(p.Keys)),
		}
		for i, keyID := range p.Keys {
			out.Keys[i] = key(v.Key(keyID))
		}
		return out, nil
	})
}

func key(k *settlement.Key) api.Key {
	out := api.Key{ID: k.ID, Pub: k.Pub, Use: k.Use, ValidFrom: k.ValidFrom}
	if k.ValidTo != settlement.Forever {
		out.ValidTo = &k.ValidTo
	}
	if k.RevokedAt != settlement.Forever {
		out.RevokedAt = &k.RevokedAt
	}
	return out
}

// Balance returns what was posted to a party in a cycle, 0 = the open one.
func (s *reads) Balance(ctx context.Context, party codec.ID, cycle uint64) (*api.Balance, error) {
	return fromConcerned(ctx, s, party, func(v *ledger.Snapshot) (*api.Balance, error) {
		p := v.Party(party)
		if p == nil {
			return nil, ledger.ErrNotFound
		}
		if cycle == 0 {
			cycle = v.Cycle()
		}
		b := v.Balance(settlement.Account{Cycle: cycle, Role: p.Role, Party: party})
		return &api.Balance{
			Party: party, Role: p.Role, Cycle: cycle, Credit: b.Credit, Debit: b.Debit, Postings: b.Postings, Size: v.Size(),
		}, nil
	})
}

// Policy returns the policy in force in a cycle, 0 = the open one.
func (s *reads) Policy(_ context.Context, cycle uint64) (*api.Policy, error) {
	return from(s, func(v *ledger.Snapshot) (*api.Policy, error) {
		if cycle == 0 {
			cycle = v.Cycle()
		}
		p := v.PolicyFor(cycle)
		if p == nil {
			return nil, ledger.ErrNotFound
		}
		return &api.Policy{Index: p.Index, Hash: p.Hash, Body: p.Bytes}, nil
	})
}
