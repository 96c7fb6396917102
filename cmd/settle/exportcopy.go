package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/forgepool/settle/api"
	"github.com/forgepool/settle/codec"
	"github.com/forgepool/settle/export"
	"github.com/forgepool/settle/verifier"
)

// exportOutput takes in the rows of proven records, in the order of the records.
type exportOutput interface {
	// saved returns the state of the follower that the output goes on from, nil if it
	// is a new one.
	saved() []byte
	// first returns the index of the first record that is not in it.
	first() uint64
	// begin is called once, before all rows.
	begin(ledger *export.Ledger, pair *verifier.Pair, state []byte) error
	// add makes and adds the rows of a page and returns of how many records: of those
	// before the one that the error is about.
	add(page []verifier.Record, make *exportRows) (int, error)
	// finish makes the output complete, up to the record before next, and returns its
	// length in bytes.
	finish(next uint64) (uint64, error)
	// close releases what the output holds. It may follow any call.
	close()
}

// exporter moves proven records into an output.
type exporter struct {
	src  source
	out  exportOutput
	rows *exportRows
	show func(stage string, done, total uint64)
}

// pager hands out proven records in order, a page at a time, none at the end.
type pager interface {
	page(ctx context.Context) ([]verifier.Record, error)
}

// run follows the newest checkpoint and exports up to it.
func (e *exporter) run(ctx context.Context, follower *verifier.Follower, f *exportFlags) (*exportView, error) {
	pair, err := follower.Follow(ctx, e.src, 0)
	if err != nil {
		return nil, err
	}
	to := f.to
	if to == 0 {
		to = pair.Size()
	}
	if to > pair.Size() {
		return nil, hint(fmt.Errorf("%w: the newest checkpoint has size %d", verifier.ErrUnavailable, pair.Size()),
			"try again when there is a checkpoint of size %d, or leave --to out", to)
	}
	from := e.out.first()
	if from > to {
		return nil, usage("the first record would be %d, and the end is before %d", from, to)
	}
	ledger, err := provenLedger(ctx, e.src, pair)
	if err != nil {
		return nil, err
	}
	if f.isFOCUS() {
		if err := e.learn(ctx, newStream(e.src, pair, 0, pair.Size()), ledger); err != nil {
			return nil, err
		}
	}
	if err := e.out.begin(ledger, pair, follower.State()); err != nil {
		return nil, err
	}
	var records pager = newStream(e.src, pair, from, to)
	if e.rows.customer != nil {
		records = &chosen{api: e.src.api, src: e.src, pair: pair, customer: *e.rows.customer, next: from, to: to}
	}
	v := &exportView{Format: f.format, Currency: f.currency, Customer: e.rows.customer, Origin: ledger.Origin, Size: pair.Size(), From: from, Next: from}
	err = e.copy(ctx, records, v, to)
	var finishErr error
	v.Bytes, finishErr = e.out.finish(v.Next)
	return v, errors.Join(err, finishErr)
}

// learn reads all policies and cuts below the checkpoint: rows take prices and periods
// from them, also from those behind their own record.
func (e *exporter) learn(ctx context.Context, s *stream, ledger *export.Ledger) error {
	for {
		page, err := s.page(ctx)
		if err != nil || len(page) == 0 {
			return err
		}
		for i := range page {
			r, err := export.NewRecord(page[i].Index, page[i].Bytes)
			if err == nil && r.Index > 0 {
				err = ledger.Learn(r)
			}
			if err != nil {
				return asLie(err)
			}
		}
		e.show("periods and prices", s.next, s.to)
	}
}

// copy exports records up to the index to, and counts in v how far it came.
func (e *exporter) copy(ctx context.Context, records pager, v *exportView, to uint64) error {
	for {
		page, err := records.page(ctx)
		if err != nil {
			return e.stopped(ctx, err)
		}
		if len(page) == 0 {
			v.Next = to
			return nil
		}
		n, err := e.out.add(page, e.rows)
		v.Records, v.Next = v.Records+uint64(n), after(page, n, v.Next)
		if err != nil {
			return e.stopped(ctx, err)
		}
		e.show("records", v.Next-v.From, to-v.From)
	}
}

// after returns the index to go on from when n records of a page are in the output; next
// is that before the page.
func after(page []verifier.Record, n int, next uint64) uint64 {
	if n == 0 {
		return next
	}
	return page[n-1].Index + 1
}

// stopped says what helps when an export stops before its end.
func (e *exporter) stopped(ctx context.Context, err error) error {
	code := api.CodeOf(err)
	switch {
	case errors.Is(err, export.ErrPrice):
		return hint(usage("%v", err), "leave --currency out, or begin with --from where a policy with that price is in force")
	case code == codec.CodeForbidden && e.rows.customer == nil:
		return hint(err, "who is no hub, auditor or operator exports the own settlements: name the customer with --customer, and a key file of it with --as")
	case code == codec.CodeForbidden || code == codec.CodeUnsigned:
		return err
	case errors.Is(err, verifier.ErrUnavailable) && ctx.Err() == nil:
		return hint(err, "ask a node that keeps the attachment with --node; attachments are pruned after their retention, then begin later with --from")
	}
	return err
}
