package main

import (
	"context"
	"fmt"
	"slices"
	"sync"

	"github.com/forgepool/settle/api"
	"github.com/forgepool/settle/codec"
	"github.com/forgepool/settle/verifier"
)

// chosenGap is how many records that are not wanted are read between two that are, rather
// than asked around.
const chosenGap = 64

// chosen hands out the records that posted to a customer, in order, a page at a time, each
// proven as those of a stream are. Which they are is the node's word.
type chosen struct {
	api      api.Service
	src      verifier.Source
	pair     *verifier.Pair
	customer codec.ID
	next     uint64 // no record before it is missing
	to       uint64 // exclusive
	ended    bool
}

// page implements pager.
func (c *chosen) page(ctx context.Context) ([]verifier.Record, error) {
	for !c.ended && c.next < c.to {
		found, err := c.find(ctx)
		if err != nil {
			return nil, err
		}
		if len(found) > 0 {
			return c.read(ctx, found)
		}
	}
	return nil, nil
}

// find asks for the indexes of the next records. Errors: verifier.ErrUnavailable,
// verifier.LieOrder.
func (c *chosen) find(ctx context.Context) ([]uint64, error) {
	part, err := c.api.Find(ctx, api.Filter{Customer: &c.customer},
		api.Page{Size: c.to, From: c.next, Limit: min(streamPage, api.MaxItems), Oldest: true})
	if err != nil {
		return nil, fmt.Errorf("%w: records of customer %s: %w", verifier.ErrUnavailable, c.customer, err)
	}
	found := make([]uint64, len(part.Records))
	for i := range part.Records {
		index := part.Records[i].Index
		if index < c.next || index >= c.to {
			return nil, fmt.Errorf("%w: record %d among those of a customer from %d to %d", verifier.LieOrder, index, c.next, c.to)
		}
		found[i], c.next = index, index+1
	}
	switch {
	case part.Next == 0:
		c.ended = true
	case part.Next < c.next || len(found) == 0 && part.Next == c.next:
		return nil, fmt.Errorf("%w: the records of a customer go on at %d, before %d", verifier.LieOrder, part.Next, c.next)
	default:
		c.next = part.Next
	}
	return found, nil
}

// span is a stretch of the log, both ends included.
type span struct{ first, last uint64 }

// spans joins indexes that stand close together.
func spans(found []uint64) []span {
	var list []span
	for _, index := range found {
		if n := len(list); n > 0 && index-list[n-1].last <= chosenGap && index-list[n-1].first < streamPage {
			list[n-1].last = index
			continue
		}
		list = append(list, span{index, index})
	}
	return list
}

// read fetches and proves records, several stretches at once.
func (c *chosen) read(ctx context.Context, found []uint64) ([]verifier.Record, error) {
	list := spans(found)
	parts, errs := make([][]verifier.Record, len(list)), make([]error, len(list))
	var wg sync.WaitGroup
	for w := range min(streamWorkers, len(list)) {
		wg.Go(func() {
			for i := w; i < len(list); i += streamWorkers {
				if parts[i], errs[i] = c.readSpan(ctx, list[i], found); errs[i] != nil {
					return
				}
			}
		})
	}
	wg.Wait()
	for _, err := range errs {
		if err != nil {
			return nil, err
		}
	}
	return slices.Concat(parts...), nil
}

// readSpan returns the wanted records of one stretch.
func (c *chosen) readSpan(ctx context.Context, x span, found []uint64) ([]verifier.Record, error) {
	s := newStream(c.src, c.pair, x.first, x.last+1)
	var wanted []verifier.Record
	for {
		page, err := s.page(ctx)
		if err != nil || len(page) == 0 {
			return wanted, err
		}
		for i := range page {
			if _, ok := slices.BinarySearch(found, page[i].Index); ok {
				wanted = append(wanted, page[i])
			}
		}
	}
}
