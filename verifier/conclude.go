package verifier

import (
	"fmt"

	"github.com/forgepool/settle/codec"
	"github.com/forgepool/settle/proof"
)

// number gives every distinct thing that was drawn its place among the items.
func (a *cycleAudit) number() error {
	a.items = a.items[:0]
	seen := map[string]bool{}
	for _, h := range a.hits {
		f := a.found[h]
		if seen[f.key] {
			continue
		}
		seen[f.key] = true
		item := f.item
		if f.missing {
			var err error
			if item.Asked, err = a.work.missing(f.key, a.options.Now()); err != nil {
				return err
			}
		}
		a.items = append(a.items, item)
	}
	return nil
}

// taints returns those of draws that found something.
func (a *cycleAudit) taints(hits []*hit) []uint64 {
	var out []uint64
	for _, h := range hits {
		if t := a.found[h].item.Taint; t > 0 {
			out = append(out, t)
		}
	}
	return out
}

// conclude counts the items and states bound and opinion.
func (a *cycleAudit) conclude(r *CycleReport, vouching []*hit) {
	taints := a.taints(vouching)
	r.Items = a.items
	if r.Items == nil {
		r.Items = []CycleItem{}
	}
	r.Result = countItems(r.Items)
	r.Bounds = boundsOf(r.Frame.Value, uint64(len(vouching)), r.Target.ConfPPM, taints)
	r.Opinion = opinionOf(r.Frame.Value, r.Target.FaultPPM, &r.Result, r.Bounds.Upper)
}

// boundsOf returns number and sum of taints and the bound on bad value; 0 of nothing.
func boundsOf(value, draws, confPPM uint64, taints []uint64) codec.Bounds {
	b := codec.Bounds{K: uint64(len(taints))}
	for _, t := range taints {
		b.TaintPPM += t
	}
	if value > 0 {
		b.Upper = upperBound(value, draws, confPPM, taints)
	}
	return b
}

// countItems counts distinct items by what became of them.
func countItems(items []CycleItem) codec.AuditResult {
	r := codec.AuditResult{Distinct: uint64(len(items))}
	for i := range items {
		switch item := &items[i]; {
		case item.Verdict == Mismatch:
			r.Failed++
		case item.Verdict == Inconclusive:
			r.Unavailable++
		case item.Kind == ItemDocument:
			r.Documentary++
		default:
			r.Passed++
		}
	}
	return r
}

// describe writes the draws with their proofs.
func (a *cycleAudit) describe(r *CycleReport) error {
	place := map[string]uint64{}
	next := uint64(0)
	var proved []*hit
	for _, h := range a.hits {
		if a.found[h].proof != nil {
			proved = append(proved, h)
		}
	}
	trees, err := a.frame.prove(proved)
	if err != nil {
		return err
	}
	for i, h := range a.hits {
		f := a.found[h]
		if _, ok := place[f.key]; !ok {
			place[f.key] = next
			next++
		}
		d := CycleDraw{Kind: h.kind, I: h.i, U: h.u, Role: h.line.role, Party: h.line.party, Record: h.line.index,
			Line: h.line.line, Unit: h.unit, Item: place[f.key]}
		if f.proof != nil {
			if d.Proof, err = a.keepProof(h, f.proof, trees); err != nil {
				return err
			}
		}
		r.Draws = append(r.Draws, d)
		if progress := a.options.progress(stageMerge); progress != nil {
			progress(uint64(i+1), uint64(len(a.hits)))
		}
	}
	r.Works = append(r.Works, a.works...)
	r.Evidence = append(r.Evidence, a.evidence...)
	for i := range a.works {
		if w := &a.works[i]; len(w.Missing) > 0 || w.Checks != "" {
			r.Deviations = append(r.Deviations, fmt.Sprintf("settlement %d: verification before it: %d shards were not executed twice that had to be. %s", w.Record, len(w.Missing), w.Checks))
		}
	}
	return nil
}

// keepProof completes the paths of a draw with those in the cycle's trees.
func (a *cycleAudit) keepProof(h *hit, p *DrawProof, trees *treeProofs) (hash codec.Hash, err error) {
	whole := *p
	if whole.Party, err = proof.EncodeSumProof(proof.SumParties, trees.parties[h.partyAt]); err != nil {
		return hash, err
	}
	if whole.Lines, err = proof.EncodeSumProof(proof.SumPartyPostings, trees.lines[[2]uint64{h.partyAt, h.lineAt}]); err != nil {
		return hash, err
	}
	if h.kind == Tracing {
		if whole.Journal, err = proof.EncodeSumProof(proof.SumJournal, trees.journal[h.journalAt]); err != nil {
			return hash, err
		}
	}
	return a.work.putProof(codec.Encode(&whole))
}
