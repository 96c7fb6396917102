package node

import (
	"context"

	"github.com/forgepool/settle/api"
	"github.com/forgepool/settle/codec"
	"github.com/forgepool/settle/ledger"
	"github.com/forgepool/settle/settlement"
)

var disputeStatuses = map[settlement.DisputeStatus]string{
	settlement.StatusOpen: "open", settlement.StatusAccepted: "accepted",
	settlement.StatusRejected: "rejected", settlement.StatusWithdrawn: "withdrawn",
}

func dispute(d *settlement.Dispute) api.Dispute {
	out := api.Dispute{
		Opened: d.Opened, Author: d.Author, Target: d.Target, Claim: d.Claim, Lines: d.Lines, Amount: d.Amount, Deadline: d.Deadline,
		Escalated: d.Escalated, Status: disputeStatuses[d.Status], Ruled: d.Ruled, Accepted: d.Accepted, Adjusted: d.Adjusted,
	}
	if out.Lines == nil {
		out.Lines = []codec.HeldLine{}
	}
	return out
}

// Disputes returns the open disputes, or all on one record.
func (s *reads) Disputes(_ context.Context, target uint64, page api.Page) (*api.DisputePage, error) {
	return from(s, func(v *ledger.Snapshot) (*api.DisputePage, error) {
		p := pinned(v, page)
		var all ledger.Paged[*settlement.Dispute]
		var err error
		if target == 0 {
			all, err = v.OpenDisputes(p)
		} else {
			all, err = v.DisputesOn(target, p)
		}
		out := &api.DisputePage{Disputes: make([]api.Dispute, len(all.Items)), Next: all.Next, Size: p.Size}
		for i := range all.Items {
			out.Disputes[i] = dispute(all.Items[i])
		}
		return out, err
	})
}

// Dispute returns the dispute that a record opened.
func (s *reads) Dispute(_ context.Context, opened uint64) (*api.Dispute, error) {
	return from(s, func(v *ledger.Snapshot) (*api.Dispute, error) {
		d := v.Dispute(opened)
		if d == nil {
			return nil, ledger.ErrNotFound
		}
		out := dispute(d)
		return &out, nil
	})
}

func boundary(b *settlement.Boundary) *api.Boundary {
	if b == nil {
		return nil
	}
	return &api.Boundary{Index: b.Index, Leaf: b.Leaf, Stamp: b.Stamp, Time: b.Time, Beacon: b.Beacon}
}

// Cycles returns the cycles by number.
func (s *reads) Cycles(_ context.Context, page api.Page) (*api.CyclePage, error) {
	return from(s, func(v *ledger.Snapshot) (*api.CyclePage, error) {
		all, err := v.Cycles(ledger.Page{From: page.From, Limit: page.Limit, Oldest: page.Oldest})
		out := &api.CyclePage{Open: v.Cycle(), Cycles: make([]api.Cycle, len(all.Items)), Next: all.Next, Size: v.Size()}
		for i, c := range all.Items {
			out.Cycles[i] = api.Cycle{
				Number: c.Number, First: c.First, Intents: c.Intents, Cut: boundary(c.Cut), Close: boundary(c.Close), Carried: c.Carried,
			}
		}
		return out, err
	})
}

// Closing returns what the close that is due must state.
func (s *reads) Closing(context.Context) (*api.Closing, error) {
	return from(s, func(v *ledger.Snapshot) (*api.Closing, error) {
		c, x := v.Unclosed(), v.Closing()
		if c == nil || x == nil {
			return nil, api.Fail(codec.CodeNotFound, "no cycle waits for its close")
		}
		out := &api.Closing{
			Cycle: x.Cycle, Cut: c.Cut.RecordRef, Range: x.Range, Counts: x.Counts[:], Journal: x.Journal, Parties: x.Parties,
			Subtotals: x.Subtotals, Held: x.Held, Log: x.Log, Unfinished: x.Unfinished, Batches: x.Batches,
			Policy: v.PolicyFor(x.Cycle).Hash, Beacon: c.Cut.Beacon, Size: v.Size(),
		}
		if out.Subtotals == nil {
			out.Subtotals = []codec.Subtotal{}
		}
		if before := v.CycleOf(c.Before); before != nil && before.Close != nil {
			out.Prev = before.Close.RecordRef
		}
		return out, nil
	})
}

// Audits returns the intents and attestations of a cycle.
func (s *reads) Audits(_ context.Context, cycle uint64) (*api.Audits, error) {
	return from(s, func(v *ledger.Snapshot) (*api.Audits, error) {
		cycle = orOpen(v, cycle)
		intents, err := v.Intents(cycle)
		if err != nil {
			return nil, err
		}
		attestations, err := v.Attestations(cycle)
		if err != nil {
			return nil, err
		}
		out := &api.Audits{Cycle: cycle, Intents: make([]api.Intent, len(intents)), Attestations: make([]api.Attestation, len(attestations)), Size: v.Size()}
		for i, x := range intents {
			out.Intents[i] = api.Intent{Auditor: x.Auditor, Index: x.Index, Commit: x.Commit, Target: x.Target, Attested: x.Attested}
		}
		for i, x := range attestations {
			out.Attestations[i] = api.Attestation{Index: x.Index, Auditor: x.Auditor, Opinion: x.Opinion, Findings: x.Findings}
			if x.Findings == nil {
				out.Attestations[i].Findings = []uint64{}
			}
		}
		return out, nil
	})
}
