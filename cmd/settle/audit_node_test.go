package main

import (
	"context"

	"github.com/forgepool/settle/api"
	"github.com/forgepool/settle/codec"
	"github.com/forgepool/settle/ledger"
)

// Closing implements api.Service.
func (n *testNode) Closing(context.Context) (*api.Closing, error) {
	return read(n, func(s *ledger.Snapshot) (*api.Closing, error) {
		c, x := s.Unclosed(), s.Closing()
		if c == nil || x == nil {
			return nil, ledger.ErrNotFound
		}
		out := &api.Closing{Cycle: x.Cycle, Cut: c.Cut.RecordRef, Range: x.Range, Counts: x.Counts[:], Journal: x.Journal,
			Parties: x.Parties, Subtotals: x.Subtotals, Held: x.Held, Log: x.Log, Unfinished: x.Unfinished, Batches: x.Batches,
			Policy: s.PolicyFor(x.Cycle).Hash, Beacon: c.Cut.Beacon, Size: s.Size()}
		if out.Subtotals == nil {
			out.Subtotals = []codec.Subtotal{}
		}
		if before := s.CycleOf(c.Before); before != nil && before.Close != nil {
			out.Prev = before.Close.RecordRef
		}
		return out, nil
	})
}
