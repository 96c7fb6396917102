package main

import (
	"context"
	"errors"
	"fmt"

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
	add(page []verifier.Record, blobs export.Blobs) (int, error)
	// finish makes the output complete, up to the record before next, and returns its
	// length in bytes.
	finish(next uint64) (uint64, error)
	// close releases what the output holds. It may follow any call.
	close()
}

// exporter moves proven records into an output.
type exporter struct {
	src  verifier.Source
	out  exportOutput
	show func(stage string, done, total uint64)
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
	next, err := e.copy(ctx, newStream(e.src, pair, from, to))
	length, finishErr := e.out.finish(next)
	return &exportView{Format: f.format, Currency: f.currency, Origin: ledger.Origin, Size: pair.Size(), From: from, Next: next,
		Records: next - from, Bytes: length}, errors.Join(err, finishErr)
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

// copy exports a stream, page after page, and returns the index of the first record
// that is not in the output.
func (e *exporter) copy(ctx context.Context, s *stream) (next uint64, err error) {
	first := s.next
	next = first
	for {
		page, err := s.page(ctx)
		if err != nil || len(page) == 0 {
			return next, err
		}
		n, err := e.out.add(page, blobs(ctx, e.src))
		next = page[0].Index + uint64(n)
		if errors.Is(err, export.ErrPrice) {
			return next, hint(usage("%v", err), "leave --currency out, or begin with --from where a policy with that price is in force")
		}
		if errors.Is(err, verifier.ErrUnavailable) && ctx.Err() == nil {
			return next, hint(err, "ask a node that keeps the attachment with --node; attachments are pruned after their retention, then begin later with --from")
		}
		if err != nil {
			return next, err
		}
		e.show("records", next-first, s.to-first)
	}
}
