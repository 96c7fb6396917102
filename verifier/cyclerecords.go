package verifier

import (
	"context"
	"errors"
	"fmt"

	"github.com/forgepool/settle/codec"
	"github.com/forgepool/settle/proof"
)

// fileDocument examines draws that hit an adjustment.
func (a *cycleAudit) fileDocument(ctx context.Context, o *opened) error {
	postings, paths, rec, err := a.openRecordOf(ctx, &o.entry)
	if err == nil {
		err = a.document(ctx, rec, o.entry, postings)
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	verdict, reasons := verdictOf(err)
	for _, h := range o.hits {
		f := &finding{
			key: fmt.Sprintf("document %d %d", h.line.index, h.line.line), missing: verdict == Inconclusive,
			item: CycleItem{Kind: ItemDocument, Record: h.line.index, Line: h.line.line, Verdict: verdict,
				Taint: taintOf(verdict, 0, len(reasons), 0, nil), Reasons: shortened(reasons)},
		}
		if paths != nil {
			f.proof = paths.line(h.line.line)
		}
		a.found[h] = f
	}
	return nil
}

// verdictOf turns the outcome of a check into a verdict.
func verdictOf(err error) (Verdict, []string) {
	switch {
	case err == nil:
		return Match, nil
	case errors.Is(err, ErrUnavailable):
		return Inconclusive, texts([]error{err})
	}
	return Mismatch, texts([]error{err})
}

// recordPaths proves lines of one record.
type recordPaths struct {
	proved   Proved
	postings []codec.Posting
	tree     *proof.SumTree // type 3
}

// line returns the paths of a line, nil if there are none.
func (r *recordPaths) line(n uint64) *DrawProof {
	p, err := r.tree.Prove(int(n))
	if err != nil {
		return nil
	}
	path, err := proof.EncodeSumProof(proof.SumPostings, p)
	if err != nil {
		return nil
	}
	return &DrawProof{Record: r.proved, Posting: codec.AppendPosting(nil, &r.postings[n]), Line: path}
}

// openRecordOf fetches a record of the journal with its postings.
func (a *cycleAudit) openRecordOf(ctx context.Context, e *entry) ([]codec.Posting, *recordPaths, *codec.Record, error) {
	receipt, rec, err := fetchReceipt(ctx, a.src, a.log.Pair.A, e.index)
	if err != nil {
		return nil, nil, nil, err
	}
	env, err := codec.DecodeRecord(rec.Bytes)
	if err != nil {
		return nil, nil, nil, lie(LieRecord, "record %d: %v", e.index, err)
	}
	postings, err := fetchPostings(ctx, a.src, e)
	if err != nil {
		return nil, nil, nil, err
	}
	leaves := make([]proof.SumLeaf, len(postings))
	for i := range postings {
		key := proof.LineKey(uint16(i))
		leaves[i] = proof.SumLeaf{Key: key[:], Count: 1, Sums: sides(&postings[i]), Payload: codec.PostingHash(&postings[i])}
	}
	tree, err := proof.BuildSumTree(proof.SumPostings, leaves)
	if err != nil {
		return nil, nil, nil, lie(LieDetail, "record %d: %v", e.index, err)
	}
	paths := &recordPaths{proved: Proved{Index: e.index, Record: rec.Bytes, Path: hashes(receipt.Path)}, postings: postings, tree: tree}
	return postings, paths, &env, nil
}

// trace follows tracing draws: every posting of the record that was charged must be in
// the account of its party (sampling.md section 3).
func (a *cycleAudit) trace(ctx context.Context, hits []*hit) error {
	findings := make([]*finding, len(hits))
	err := parallel(ctx, a.options.Workers, len(hits), nil, func(ctx context.Context, i int) error {
		h := hits[i]
		f := &finding{key: fmt.Sprintf("trace %d", h.entry.index)}
		err := a.traceOne(ctx, h, f)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		verdict, reasons := verdictOf(err)
		f.missing = verdict == Inconclusive
		f.item = CycleItem{Kind: ItemTrace, Record: h.entry.index, Verdict: verdict, Taint: taintOf(verdict, 0, len(reasons), 0, nil), Reasons: shortened(reasons)}
		findings[i] = f
		return nil
	})
	for i, h := range hits {
		a.found[h] = findings[i]
	}
	return err
}

// traceOne looks up the postings of one record, and leads the draw to the debited one.
func (a *cycleAudit) traceOne(ctx context.Context, h *hit, f *finding) error {
	h.line.index = h.entry.index
	postings, paths, _, err := a.openRecordOf(ctx, &h.entry)
	if err != nil {
		return err
	}
	at, err := paths.tree.Locate(h.rest, proof.Debit)
	if err != nil {
		return lie(LieDetail, "record %d has no debit %d", h.entry.index, h.rest)
	}
	h.line = lineOf(h.entry.index, &postings[at])
	for i := range postings {
		l := lineOf(h.entry.index, &postings[i])
		party, line, err := a.frame.find(&l)
		if err != nil {
			return err
		}
		if i == at {
			h.partyAt, h.lineAt = party, line
		}
	}
	f.proof = paths.line(uint64(at))
	return nil
}
