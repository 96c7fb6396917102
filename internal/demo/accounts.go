package main

import (
	"context"
	"fmt"

	"github.com/forgepool/settle/client"
	"github.com/forgepool/settle/codec"
	"github.com/forgepool/settle/internal/cluster"
	"github.com/forgepool/settle/internal/devledger"
	"github.com/forgepool/settle/settlement"
)

// accounts plays what a ledger sees beside settlements, until the books of the cycle are
// closed: keys change, budgets refuse, prices change, auditors announce themselves, the
// liar's customer disputes and gets its Credits back, and what the liar owes is carried
// into the next cycle.
type accounts struct {
	c      *cluster.Cluster
	h      *hub
	r      *report
	t      *tools
	jobs   []job
	lie    *lie   // the one that is disputed
	file   []byte // evidence of it
	target codec.RecordRef
	amount uint64 // disputed, micro-Credits
	ruling uint64 // index
	closed codec.RecordRef

	auditors []auditing
}

// playAccounts runs all steps in their order.
func playAccounts(ctx context.Context, c *cluster.Cluster, h *hub, r *report, t *tools, jobs []job) error {
	a := &accounts{c: c, h: h, r: r, t: t, jobs: jobs}
	h.store = newUploads(ctx, c.Client, c.Origin, h.id, h.submit)
	for _, step := range []struct {
		name string
		do   func(context.Context) error
	}{
		{"rotating a key", a.rotate}, {"cap", a.overCap}, {"quota", a.overQuota}, {"policy", a.changePrices},
		{"intents", a.announce}, {"dispute", a.dispute}, {"ruling", a.rule}, {"adjustment", a.refund}, {"penalty", a.penalize},
		{"cut", a.cut}, {"close", a.close}, {"carry-forward", a.carry}, {"statements", a.statements},
		{"audits", a.audit}, {"third party", a.repeat},
	} {
		if err := step.do(ctx); err != nil {
			return fmt.Errorf("%s: %w", step.name, err)
		}
	}
	_, err := h.store.wait()
	return err
}

// submit sends one draft and returns its place in the log.
func (a *accounts) submit(ctx context.Context, d *client.Draft) (codec.RecordRef, error) {
	outcomes, err := a.h.send(ctx, []client.Item{d.Item()})
	if err != nil {
		return codec.RecordRef{}, err
	}
	return codec.RecordRef{Index: outcomes[0].Index, Leaf: outcomes[0].Leaf}, nil
}

// sign adds the owner signatures of parties.
func (a *accounts) sign(d *client.Draft, parties ...*client.Registration) *client.Draft {
	for _, p := range parties {
		d.Sign(a.h.origin, devledger.Owner(p)...)
	}
	return d
}

// settles runs a job for a customer and returns the outcome of the settlement.
func (a *accounts) settles(ctx context.Context, number int) (codec.Outcome, error) {
	items, _, err := a.h.run(number, &a.jobs[number%len(a.jobs)])
	if err != nil {
		return codec.Outcome{}, err
	}
	batch, err := client.NewBatch(a.h.origin, a.h.id, a.h.submit, items, client.BatchOptions{})
	if err != nil {
		return codec.Outcome{}, err
	}
	s, err := a.h.client.Submit(ctx, batch.Bytes)
	if err != nil {
		return codec.Outcome{}, err
	}
	return s.Outcomes[len(s.Outcomes)-1], nil
}

// rotate gives a provider's agent a new key and revokes the old one; what the agent
// executes from then on carries the new one.
func (a *accounts) rotate(ctx context.Context) error {
	agent := a.h.parties.agents[1]
	owner := a.h.parties.owners[agent.provider]
	fresh, old := client.GenerateKey(codec.UseAgent), agent.key.ID()
	add, err := a.partyOp(ctx, agent.provider, codec.PartyAddKey)
	if err != nil {
		return err
	}
	client.Possess(a.h.origin, add, fresh)
	if _, err := a.submit(ctx, a.sign(client.DraftParty(add), owner)); err != nil {
		return err
	}
	revoke, err := a.partyOp(ctx, agent.provider, codec.PartyRevokeKey)
	if err != nil {
		return err
	}
	reason := uint64(1)
	revoke.Keys, revoke.Reason = []codec.Key{{ID: old}}, &reason
	if _, err := a.submit(ctx, a.sign(client.DraftParty(revoke), owner)); err != nil {
		return err
	}
	agent.key = fresh
	outcome, err := a.settles(ctx, 0)
	if err != nil {
		return err
	}
	a.r.Rotated = outcome.Kind == codec.Appended
	a.r.say("a provider has a new agent key, the old one is revoked; work under the new one: %s", say(outcome))
	return nil
}

// partyOp begins the body of an operation by a party on itself.
func (a *accounts) partyOp(ctx context.Context, party codec.ID, op codec.PartyOp) (*codec.Party, error) {
	p, err := a.h.client.Service().Party(ctx, party)
	if err != nil {
		return nil, err
	}
	return &codec.Party{
		ID: client.NewID(), At: client.Now(), Cycle: 1, Author: party, Party: party, Op: op, Prev: p.Prev,
	}, nil
}

// overCap lets a customer with a small budget order work.
func (a *accounts) overCap(ctx context.Context) error {
	small := uint64(1)
	if err := a.addCustomer(ctx, &small); err != nil {
		return err
	}
	outcome, err := a.settles(ctx, len(a.h.parties.customers)-1)
	if err != nil {
		return err
	}
	a.r.OverCap = outcome.Code == codec.CodeOverCap
	a.r.say("a settlement beyond its customer's cap: %s", say(outcome))
	return nil
}

// overQuota gives a customer a hard quota for one class of work.
func (a *accounts) overQuota(ctx context.Context) error {
	if err := a.addCustomer(ctx, nil); err != nil {
		return err
	}
	number := len(a.h.parties.customers) - 1
	body, err := a.partyOp(ctx, a.h.parties.customers[number], codec.PartyCap)
	if err != nil {
		return err
	}
	body.Author = a.h.id
	class := a.jobs[number%len(a.jobs)].class
	draft := client.DraftLimits(*body, client.Limits{Quotas: []codec.Quota{
		{Dimension: uint64(settlement.ByClass), Value: fmt.Sprint(class), Limit: 1, Mode: codec.QuotaHard},
	}})
	if _, err := a.submit(ctx, a.sign(draft, a.c.Founders.Hub)); err != nil {
		return err
	}
	outcome, err := a.settles(ctx, number)
	if err != nil {
		return err
	}
	a.r.OverQuota = outcome.Code == codec.CodeOverQuota
	a.r.say("a settlement beyond a hard quota of its class: %s", say(outcome))
	return nil
}

// addCustomer registers one more customer.
func (a *accounts) addCustomer(ctx context.Context, limit *uint64) error {
	r := devledger.NewParty(codec.RoleCustomer)
	r.At, r.Cycle, r.Cap = client.Now(), 1, limit
	draft, err := r.Draft(a.h.origin)
	if err != nil {
		return err
	}
	if _, err := a.submit(ctx, a.sign(draft, a.c.Founders.Hub)); err != nil {
		return err
	}
	a.h.parties.owners[r.Party()] = r
	a.h.parties.customers = append(a.h.parties.customers, r.Party())
	return nil
}

// changePrices appends the policy of the next cycle.
func (a *accounts) changePrices(ctx context.Context) error {
	body := *a.h.policy.Body
	body.ID, body.At, body.Cycle, body.Author = client.NewID(), client.Now(), 1, a.h.id
	body.Version, body.EffectiveFrom, body.Prev = 2, 2, a.h.policy.Hash
	body.Rates = append([]codec.Rate(nil), body.Rates...)
	for i := range body.Rates {
		body.Rates[i].Num *= 2
	}
	_, err := a.submit(ctx, a.sign(client.DraftPolicy(body, nil), a.c.Founders.Hub, a.c.Founders.Governance))
	if err != nil {
		return err
	}
	a.r.say("policy 2 doubles all prices, from cycle 2 on")
	return nil
}

func say(o codec.Outcome) string {
	if o.Kind == codec.Appended {
		return "appended"
	}
	return "refused, " + string(o.Code)
}
