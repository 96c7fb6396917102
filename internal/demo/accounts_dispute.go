package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/forgepool/settle/client"
	"github.com/forgepool/settle/codec"
	"github.com/forgepool/settle/proof"
)

// evidenceFile is the kind of evidence that settle check confirms
// (docs/formats/evidence.md).
const evidenceFile = 1

// dispute lets the customer that paid for a lie contest its share of the charge; the
// evidence is a file that the audit wrote.
func (a *accounts) dispute(ctx context.Context) error {
	if err := a.choose(); err != nil {
		return err
	}
	record, err := a.h.client.Service().Record(ctx, a.h.appends[a.lie.workload])
	if err != nil {
		return err
	}
	a.target = codec.RecordRef{Index: record.Index, Leaf: proof.LeafA(record.Bytes)}
	customer := a.h.parties.owners[a.lie.detail.Postings[0].Party]
	a.amount = a.paid().Amount * a.lie.entry.Units / *a.paid().Units
	claim, deadline := codec.ClaimWrongOutput, client.Now()+24*60*60*1000
	draft, err := client.DraftDispute(codec.Dispute{
		At: client.Now(), Cycle: 1, Author: customer.Party(), Op: codec.DisputeOpen, Target: &a.target,
		Claimant: &codec.Claimant{Role: codec.RoleCustomer, Party: customer.Party()}, Claim: &claim,
		Lines: &[]codec.HeldLine{{Line: 0, Amount: a.amount}}, Amount: &a.amount, Deadline: &deadline,
		Shard: &codec.ShardOf{Workload: a.lie.workload, Index: a.lie.entry.Index, Replica: a.lie.entry.Replica},
	}, []uint64{evidenceFile}, [][]byte{a.file})
	if err != nil {
		return err
	}
	opened, err := a.submit(ctx, a.sign(draft, customer))
	if err != nil {
		return err
	}
	a.ruling = opened.Index
	state, err := a.h.client.Service().History(ctx, a.h.id, a.lie.workload)
	if err != nil {
		return err
	}
	a.r.Disputed = state.State == codec.StateDisputed
	a.r.say("the customer disputes %d µC of settlement %d with an evidence file; the workload is %s", a.amount, a.target.Index, state.State)
	return nil
}

// choose finds a lie of which the audit wrote evidence.
func (a *accounts) choose() error {
	for i := range a.h.liar.lies {
		l := &a.h.liar.lies[i]
		name := fmt.Sprintf("settlement-%d-shard-%d.%d.evidence", a.h.appends[l.workload], l.entry.Index, l.entry.Replica)
		data, err := os.ReadFile(filepath.Join(a.t.evidence(), name))
		if errors.Is(err, os.ErrNotExist) {
			continue
		}
		a.lie, a.file = l, data
		return err
	}
	return errors.New("the audit wrote evidence of no lie")
}

// paid returns the posting that paid the liar.
func (a *accounts) paid() *codec.Posting {
	for i := range a.lie.detail.Postings {
		p := &a.lie.detail.Postings[i]
		if p.Role == codec.RoleProvider && p.Party == a.lie.entry.Provider {
			return p
		}
	}
	panic("demo: nobody was paid for the lie")
}

// rule has both auditors re-execute the shard, which the demo knows the result of from
// an honest run, and an arbiter accept the claim.
func (a *accounts) rule(ctx context.Context) error {
	opened := a.ruling
	verdict := &codec.Verdict{
		Expected: a.lie.entry.Output.Hash, Recomputed: a.lie.truth.Hash, Units: a.lie.entry.Units,
		Adjudicators: []codec.ID{a.c.Founders.Auditors[0].Party(), a.c.Founders.Auditors[1].Party()},
	}
	arbiter := a.c.Founders.Arbiters[0]
	draft, err := client.DraftDispute(codec.Dispute{
		At: client.Now(), Cycle: 1, Author: arbiter.Party(), Op: codec.DisputeAccept, Opened: &opened,
		Amount: &a.amount, Verdict: verdict,
	}, []uint64{evidenceFile}, [][]byte{a.file})
	if err != nil {
		return err
	}
	ruled, err := a.submit(ctx, a.sign(draft, arbiter))
	if err != nil {
		return err
	}
	a.ruling = ruled.Index
	d, err := a.h.client.Service().Dispute(ctx, opened)
	if err != nil {
		return err
	}
	a.r.Accepted = d.Status == "accepted" && d.Accepted == a.amount
	a.r.say("two auditors re-executed the shard, an arbiter accepts: the dispute is %s", d.Status)
	return nil
}

// refund takes the payment for the lie back, as two arbiters order.
func (a *accounts) refund(ctx context.Context) error {
	paid, line := a.paid(), uint64(0)
	arbiters := a.c.Founders.Arbiters
	draft, err := client.DraftAdjustment(codec.Adjustment{
		At: client.Now(), Cycle: 1, Author: arbiters[0].Party(), Target: a.target, Cause: codec.CauseDispute,
		CauseRef: &a.ruling, ServiceCycle: 1,
	}, []codec.Posting{
		{Role: codec.RoleCustomer, Party: a.lie.detail.Postings[0].Party, Side: codec.Credit, Amount: a.amount,
			RefIndex: &a.target.Index, RefLine: &line},
		{Role: codec.RoleProvider, Party: paid.Party, Side: codec.Debit, Amount: a.amount,
			RefIndex: &a.target.Index, RefLine: &paid.Line},
	})
	if err != nil {
		return err
	}
	if _, err := a.submit(ctx, a.sign(draft, arbiters...)); err != nil {
		return err
	}
	a.r.say("two arbiters give the customer %d µC back, from the liar", a.amount)
	return nil
}

// penalize fines the liar for more than it earned.
func (a *accounts) penalize(ctx context.Context) error {
	liar := a.lie.entry.Provider
	s, err := a.h.client.Service().Statement(ctx, liar, 1, 0)
	if err != nil {
		return err
	}
	if s.Owed {
		return errors.New("the liar's net is negative before the penalty")
	}
	a.r.Owed = 1_000
	fine := s.Net + a.r.Owed
	draft, err := client.DraftAdjustment(codec.Adjustment{
		At: client.Now(), Cycle: 1, Author: a.h.id, Target: a.target, Cause: codec.CausePenalty, CauseRef: &a.ruling, ServiceCycle: 1,
	}, []codec.Posting{
		{Role: codec.RoleProvider, Party: liar, Side: codec.Debit, Amount: fine},
		{Role: codec.RolePlatform, Party: a.h.platform, Side: codec.Credit, Amount: fine},
	})
	if err != nil {
		return err
	}
	if _, err := a.submit(ctx, a.sign(draft, a.c.Founders.Hub, a.c.Founders.Arbiters[1])); err != nil {
		return err
	}
	a.r.say("hub and arbiter fine the liar %d µC: its net is now -%d", fine, a.r.Owed)
	return nil
}
