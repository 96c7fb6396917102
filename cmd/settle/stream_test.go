package main

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"testing"

	"github.com/forgepool/settle/api"
	"github.com/forgepool/settle/codec"
	"github.com/forgepool/settle/proof"
	"github.com/forgepool/settle/verifier"
)

// drain reads a stream to its end.
func drain(s *stream) (all []verifier.Record, err error) {
	for {
		page, err := s.page(context.Background())
		if err != nil || len(page) == 0 {
			return all, err
		}
		all = append(all, page...)
	}
}

// TestStreamEveryRange reads every range of a log in pages of several sizes.
func TestStreamEveryRange(t *testing.T) {
	r := newReaders(t, 6)
	pair := r.pair()
	whole, err := drain(newStream(r.source(), pair, 0, pair.Size()))
	if err != nil || uint64(len(whole)) != pair.Size() || pair.Size() != 21 {
		t.Fatalf("%d records of %d, %v", len(whole), pair.Size(), err)
	}
	for _, limit := range []int{1, 2, 3, 7, 0} {
		r.limit = limit
		for from := range pair.Size() + 1 {
			for to := from; to <= pair.Size(); to++ {
				got, err := drain(newStream(r.source(), pair, from, to))
				if err != nil {
					t.Fatalf("pages of %d, %d to %d: %v", limit, from, to, err)
				}
				if !slices.EqualFunc(got, whole[from:to], func(a, b verifier.Record) bool { return a.Index == b.Index && bytes.Equal(a.Bytes, b.Bytes) }) {
					t.Fatalf("pages of %d, %d to %d: other records", limit, from, to)
				}
			}
		}
	}
}

// TestStreamLies makes the node lie about each record in turn; each way has a name.
func TestStreamLies(t *testing.T) {
	r := newReaders(t, 4)
	pair := r.pair()
	const from = 3
	flip := func(b []byte) []byte { b = bytes.Clone(b); b[len(b)-1] ^= 1; return b }
	for name, c := range map[string]struct {
		lie  func(page []api.Record, i int) []api.Record
		want []error
	}{
		"a byte flipped": {func(p []api.Record, i int) []api.Record { p[i].Bytes = flip(p[i].Bytes); return p },
			[]error{verifier.LieRoot, proof.ErrRootMismatch}},
		"a record of another index": {func(p []api.Record, i int) []api.Record { p[i].Bytes = p[(i+1)%len(p)].Bytes; return p },
			[]error{verifier.LieRoot, proof.ErrRootMismatch}},
		"index changed": {func(p []api.Record, i int) []api.Record { p[i].Index++; return p }, []error{verifier.LieOrder}},
		"left out":      {func(p []api.Record, i int) []api.Record { return append(p[:i:i], p[i+1:]...) }, []error{verifier.LieOrder}},
		"twice":         {func(p []api.Record, i int) []api.Record { return slices.Insert(p, i, p[i]) }, []error{verifier.LieOrder}},
		"nothing":       {func([]api.Record, int) []api.Record { return nil }, []error{verifier.LieOrder}},
	} {
		for i := range int(pair.Size()) - from {
			if name == "left out" && i == int(pair.Size())-from-1 {
				continue // a shorter page is no lie
			}
			r.records = func(page []api.Record) []api.Record { return c.lie(page, min(i, len(page)-1)) }
			_, err := drain(newStream(r.source(), pair, from, pair.Size()))
			if !slices.ContainsFunc(c.want, func(want error) bool { return errors.Is(err, want) }) {
				t.Errorf("%s at %d: %v", name, i, err)
			}
		}
	}
	r.records = nil
	for name, lie := range map[string]func([]codec.Hash) []codec.Hash{
		"path flipped":  func(p []codec.Hash) []codec.Hash { p[len(p)/2][0] ^= 1; return p },
		"path short":    func(p []codec.Hash) []codec.Hash { return p[1:] },
		"path long":     func(p []codec.Hash) []codec.Hash { return append(p, codec.Hash{}) },
		"path reversed": func(p []codec.Hash) []codec.Hash { slices.Reverse(p); return p },
	} {
		r.inclusion = func(_ uint64, p []codec.Hash) []codec.Hash { return lie(p) }
		_, err := drain(newStream(r.source(), pair, from, pair.Size()))
		if _, ok := errors.AsType[proof.Rejection](err); !ok {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestGenesisOfAnotherLedger refuses a genesis that is not the policy's.
func TestGenesisOfAnotherLedger(t *testing.T) {
	r, other := newReaders(t, 0), newReaders(t, 0)
	pair := r.pair()
	ledger, err := provenLedger(context.Background(), r.source(), pair)
	if err != nil || ledger.Origin != "ledger.test/blake3" {
		t.Errorf("%+v, %v", ledger, err)
	}
	if _, err := provenLedger(context.Background(), other.source(), pair); !errors.Is(err, proof.ErrRootMismatch) {
		t.Errorf("another genesis: %v", err)
	}
}
