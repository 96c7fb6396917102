package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/bits"
	"slices"

	"github.com/forgepool/settle/export"
	"github.com/forgepool/settle/proof"
	"github.com/forgepool/settle/verifier"
	"github.com/transparency-dev/merkle/compact"
)

const (
	// streamPage is how many records are proven, and then used, at once.
	streamPage = 1_000
	// streamWorkers is how many records of a page are worked on at once: their blobs
	// have to be fetched.
	streamWorkers = 8
)

// stream hands out the records below a checkpoint in order, a page at a time, in
// memory that does not grow with the log. Nothing of a page is handed out before it
// is proven: the last record of the page stands in the checkpoint's tree, and the
// hashes left of its path are those of all records before it, as they were received.
type stream struct {
	src  verifier.Source
	pair *verifier.Pair
	next uint64
	to   uint64         // exclusive
	left *compact.Range // of the records before next; nil until the first page
}

// newStream begins a stream of the records from an index up to another, exclusive, at
// most the size of the checkpoint.
func newStream(src verifier.Source, pair *verifier.Pair, from, to uint64) *stream {
	return &stream{src: src, pair: pair, next: from, to: to}
}

// page returns the next records, none at the end. Errors: verifier.ErrUnavailable,
// verifier.LieOrder, verifier.LieRoot, those of proof.Checkpoint.CheckInclusion.
func (s *stream) page(ctx context.Context) ([]verifier.Record, error) {
	if s.next >= s.to {
		return nil, nil
	}
	limit := min(streamPage, s.to-s.next)
	page, err := s.src.Records(ctx, s.next, int(limit))
	if err != nil {
		return nil, fmt.Errorf("%w: records from %d: %w", verifier.ErrUnavailable, s.next, err)
	}
	if len(page) == 0 || uint64(len(page)) > limit {
		return nil, fmt.Errorf("%w: %d records from %d, %d asked for", verifier.LieOrder, len(page), s.next, limit)
	}
	for i := range page {
		if page[i].Index != s.next+uint64(i) {
			return nil, fmt.Errorf("%w: record %d instead of %d", verifier.LieOrder, page[i].Index, s.next+uint64(i))
		}
	}
	return page, s.prove(ctx, page)
}

// prove checks a page and moves on behind it.
func (s *stream) prove(ctx context.Context, page []verifier.Record) error {
	var left [][]byte
	var err error
	if s.left == nil {
		if left, err = s.leftOf(ctx, &page[0]); err != nil {
			return err
		}
		factory := &compact.RangeFactory{Hash: proof.TreeA.HashChildren}
		if s.left, err = factory.NewRange(0, page[0].Index, left); err != nil {
			return err
		}
	}
	last := &page[len(page)-1]
	for i := range page[:len(page)-1] {
		if err := s.append(&page[i]); err != nil {
			return err
		}
	}
	if left == nil || len(page) > 1 { // else its path was fetched above
		if left, err = s.leftOf(ctx, last); err != nil {
			return err
		}
	}
	if !slices.EqualFunc(left, s.left.Hashes(), bytes.Equal) {
		return fmt.Errorf("%w: records %d to %d", verifier.LieRoot, page[0].Index, last.Index)
	}
	s.next = last.Index + 1
	return s.append(last)
}

func (s *stream) append(r *verifier.Record) error {
	leaf := proof.LeafA(r.Bytes)
	return s.left.Append(leaf[:], nil)
}

// leftOf proves a record and returns the hashes to the left of its path, the largest
// subtree first: together they stand for all records before it.
func (s *stream) leftOf(ctx context.Context, r *verifier.Record) ([][]byte, error) {
	path, err := s.src.Inclusion(ctx, r.Index, s.pair.Size())
	if err != nil {
		return nil, fmt.Errorf("%w: path of record %d: %w", verifier.ErrUnavailable, r.Index, err)
	}
	if err := s.pair.A.CheckInclusion(r.Index, r.Bytes, path); err != nil {
		return nil, fmt.Errorf("record %d: %w", r.Index, err)
	}
	// A bit of the index says on which side the sibling is, up to where the path meets
	// the right border of the tree: from there on all siblings are left.
	inner := bits.Len64(r.Index ^ (s.pair.Size() - 1))
	var left [][]byte
	for level := range path {
		if level >= inner || r.Index>>level&1 == 1 {
			left = append(left, path[level][:])
		}
	}
	slices.Reverse(left)
	return left, nil
}

// provenLedger reads and proves the genesis.
func provenLedger(ctx context.Context, src verifier.Source, pair *verifier.Pair) (*export.Ledger, error) {
	if pair.Size() == 0 {
		return nil, fmt.Errorf("%w: the log is empty", verifier.ErrUnavailable)
	}
	page, err := newStream(src, pair, 0, 1).page(ctx)
	if err != nil {
		return nil, err
	}
	ledger, err := export.ReadLedger(page[0].Bytes)
	if err != nil {
		return nil, asLie(err)
	}
	if ledger.Origin != pair.A.Origin() {
		return nil, fmt.Errorf("%w: the genesis is of %s", verifier.LieOrigin, ledger.Origin)
	}
	return ledger, nil
}

// asLie gives errors of package export the meaning they have for an exit code.
func asLie(err error) error {
	switch {
	case errors.Is(err, export.ErrFalse):
		return fmt.Errorf("%w: %w", verifier.LieRecord, err)
	case errors.Is(err, export.ErrBlob):
		return fmt.Errorf("%w: %w", verifier.ErrUnavailable, err)
	}
	return err
}
