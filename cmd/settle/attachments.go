package main

import (
	"context"
	"fmt"
	"io"
	"sync"

	"github.com/forgepool/settle/api"
	"github.com/forgepool/settle/codec"
	"github.com/forgepool/settle/export"
	"github.com/forgepool/settle/verifier"
)

// attachments fetches what records commit to, under the records' own indexes, so that it
// is served to whom they concern. Nothing of it is believed: package export compares hashes.
type attachments struct {
	ctx   context.Context
	api   api.Service
	needs func(*export.Record) ([]codec.Hash, error) // fetched ahead, many at once; nil: nothing is
}

// window is what was fetched ahead for some records in order. It belongs to one goroutine,
// and holds one answer at a time.
type window struct {
	*attachments
	records []*export.Record
	have    map[codec.Hash]api.Attached
	end     int // have is complete for the records before it
}

// at returns the attachments of a record; records are asked for in order.
func (w *window) at(i int) (export.Blobs, error) {
	if i >= w.end && w.needs != nil {
		if err := w.fetch(i); err != nil {
			return nil, err
		}
	}
	index := w.records[i].Index
	return func(hash codec.Hash) ([]byte, error) {
		x, ok := w.have[hash]
		switch {
		case ok && x.Code == "":
			return x.Data, nil
		case ok && x.Code == codec.CodeForbidden:
			return nil, unavailable(api.Fail(x.Code, "%s of record %d", hash, index))
		}
		return w.one(hash, index)
	}, nil
}

func unavailable(err error) error { return fmt.Errorf("%w: %w", verifier.ErrUnavailable, err) }

// fetch asks for as much as one answer may hold, from a record on.
func (w *window) fetch(first int) error {
	var wanted []api.Wanted
	asked := 0
	for _, r := range w.records[first:] {
		hashes, err := w.needs(r)
		if err != nil {
			return err
		}
		if len(wanted) == 0 && len(hashes) == 0 {
			w.end = first + 1 // what others need is asked for when it is their turn
			return nil
		}
		if asked += len(hashes); asked > api.MaxAttached {
			asked -= len(hashes)
			break
		}
		wanted = append(wanted, api.Wanted{Index: r.Index, Hashes: hashes})
	}
	list, err := w.api.Attachments(w.ctx, asking(wanted))
	if err != nil {
		return unavailable(err)
	}
	if len(list) == 0 || len(list) > asked {
		return unavailable(fmt.Errorf("%d attachments, %d asked for", len(list), asked))
	}
	w.keep(first, wanted, list)
	return nil
}

// asking leaves out records that need nothing.
func asking(wanted []api.Wanted) []api.Wanted {
	var list []api.Wanted
	for _, x := range wanted {
		if len(x.Hashes) > 0 {
			list = append(list, x)
		}
	}
	return list
}

// keep takes in an answer, which may end before what was asked for. What is then missing
// of the first record is fetched alone.
func (w *window) keep(first int, wanted []api.Wanted, list []api.Attached) {
	w.have, w.end = map[codec.Hash]api.Attached{}, first
	for _, x := range wanted {
		for _, hash := range x.Hashes {
			if len(list) == 0 {
				w.end = max(w.end, first+1)
				return
			}
			w.have[hash], list = list[0], list[1:]
		}
		w.end++
	}
}

// one fetches one attachment, from whichever node has it.
func (w *window) one(hash codec.Hash, index uint64) ([]byte, error) {
	body, _, err := w.api.Artifact(w.ctx, hash, index)
	if err != nil {
		return nil, unavailable(err)
	}
	defer body.Close()
	data, err := io.ReadAll(io.LimitReader(body, codec.MaxAttachment+1))
	if err != nil {
		return nil, unavailable(err)
	}
	if len(data) > codec.MaxAttachment {
		return nil, unavailable(fmt.Errorf("%s is larger than anything that may stand here", hash))
	}
	return data, nil
}

// eachRecord works on the records of a page at once. The error is that of the first
// record that has one, and the results before it are good.
func eachRecord[T any](page []verifier.Record, src *attachments, work func(*export.Record, export.Blobs) (T, error)) ([]T, error) {
	results, errs := make([]T, len(page)), make([]error, len(page))
	each := (len(page) + streamWorkers - 1) / streamWorkers
	var wg sync.WaitGroup
	for first := 0; first < len(page); first += each {
		wg.Go(func() {
			end := min(first+each, len(page))
			w := &window{attachments: src}
			for i := first; i < end; i++ {
				r, err := export.NewRecord(page[i].Index, page[i].Bytes)
				if errs[i] = err; err != nil {
					break // those before it still have their turn
				}
				w.records = append(w.records, r)
			}
			for i, r := range w.records {
				blobs, err := w.at(i)
				if err == nil {
					results[first+i], err = work(r, blobs)
				}
				if err != nil {
					errs[first+i] = err
					return
				}
			}
		})
	}
	wg.Wait()
	for i, err := range errs {
		if err != nil {
			return results[:i], asLie(fmt.Errorf("record %d: %w", page[i].Index, err))
		}
	}
	return results, nil
}
