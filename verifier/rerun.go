package verifier

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/forgepool/settle/codec"
)

// Rerun is what executing an item of somebody else's report again gave.
type Rerun struct {
	Item     uint64      `json:"item"`
	Record   uint64      `json:"record"`
	Shard    uint64      `json:"shard"`
	Got      *Recomputed `json:"recomputed,omitempty"` // here
	Reported *Recomputed `json:"reported,omitempty"`
	Agrees   bool        `json:"agrees"`
	Reason   string      `json:"reason,omitempty"` // why it could not be told, or what differs
	Open     bool        `json:"open"`             // could not be told
}

// Rerun executes shards of the report again: those of some draws by their position, all
// if none are named. The report must have passed Check with the same blobs. Every draw
// of a shard that was not executed for the report is executed here.
func (r *CycleReport) Rerun(ctx context.Context, src Source, blobs Blobs, draws []uint64, workers int, m Machine, progress func(done, total uint64)) ([]Rerun, error) {
	if len(draws) == 0 {
		for i := range r.Draws {
			draws = append(draws, uint64(i))
		}
	}
	first := map[uint64]*CycleDraw{}
	var items []uint64
	for _, i := range draws {
		if i >= uint64(len(r.Draws)) {
			return nil, fmt.Errorf("the report has no draw %d", i)
		}
		d := &r.Draws[i]
		if r.Items[d.Item].Kind == ItemShard && first[d.Item] == nil {
			first[d.Item] = d
			items = append(items, d.Item)
		}
	}
	slices.Sort(items)
	out := make([]Rerun, len(items))
	err := parallel(ctx, workers, len(items), progress, func(ctx context.Context, i int) error {
		out[i] = r.rerun(ctx, src, blobs, first[items[i]], m)
		return ctx.Err()
	})
	return out, err
}

// rerun executes the shard of one draw.
func (r *CycleReport) rerun(ctx context.Context, src Source, blobs Blobs, d *CycleDraw, m Machine) Rerun {
	item := &r.Items[d.Item]
	out := Rerun{Item: d.Item, Record: d.Record, Shard: item.Shard.Index, Reported: item.Recomputed}
	got, err := rerunShard(ctx, src, blobs, d, m)
	if err != nil {
		out.Open, out.Reason = errors.Is(err, ErrUnavailable), err.Error()
		return out
	}
	out.Got = &got
	switch {
	case item.Recomputed != nil:
		out.Agrees = got == *item.Recomputed
	default:
		// The auditor could not execute it; what it gives here says nothing of the report.
		out.Agrees = item.Verdict != Match
	}
	if !out.Agrees {
		out.Reason = "executing it here gives something else"
	}
	return out
}

// rerunShard fetches what a draw leads to, by its proof, and executes it.
func rerunShard(ctx context.Context, src Source, blobs Blobs, d *CycleDraw, m Machine) (Recomputed, error) {
	c := &recheck{blobs: blobs}
	var p DrawProof
	if err := c.blob(d.Proof, "proof", &p); err != nil {
		return Recomputed{}, err
	}
	rec, err := codec.DecodeRecord(p.Record.Record)
	if err != nil {
		return Recomputed{}, lie(LieReport, "record %d: %v", d.Record, err)
	}
	var s codec.Settlement
	var e codec.ShardEntry
	if err := errors.Join(codec.DecodeSettlement(rec.Body, &s), codec.Decode(p.Shard.Entry, &e)); err != nil {
		return Recomputed{}, lie(LieReport, "record %d: %v", d.Record, err)
	}
	program, err := m.program(ctx, src, &s.Program)
	if err != nil {
		return Recomputed{}, err
	}
	work, err := fetchWork(ctx, src, &e)
	if err != nil {
		return Recomputed{}, err
	}
	got, _, err := executeShard(ctx, program, s.Seed, &e, work)
	return got, err
}
