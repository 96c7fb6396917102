package contract

import (
	"bytes"
	"cmp"
	"slices"

	"github.com/forgepool/settle/codec"
	"github.com/forgepool/settle/proof"
	"github.com/forgepool/settle/settlement"
)

// normalWeight is the weight of a party for which none was set, in ppm.
const normalWeight = 1_000_000

// settle appends the settlement.
func (b *builder) settle() *Error {
	j, r := b.job, b.job.Result
	entries := slices.Clone(j.Entries)
	slices.SortFunc(entries, func(a, b codec.ShardEntry) int {
		return cmp.Or(bytes.Compare(a.Provider[:], b.Provider[:]), cmp.Compare(a.Index, b.Index))
	})
	m, err := settlement.NewManifest(entries)
	if err != nil {
		return refused("shards", err)
	}
	path, err := proof.ProvePlan(m.Count, b.leaves)
	if err != nil {
		return refused("unrun", err)
	}
	detail, x, wrong := b.price(m)
	if wrong != nil {
		return wrong
	}
	root, _, _, err := settlement.PostingsRoot(detail.Postings)
	if err != nil {
		return refused("shards", err)
	}
	at := b.settled()
	s := &codec.Settlement{
		ID: j.hub.record(j.Contract.JobID, codec.StateFinalized), At: at.At, Cycle: at.Cycle, Author: j.hub.ID,
		Workload: j.Workload, Policy: b.terms.Policy.Hash, Customer: b.customer, Adapter: r.Adapter, Program: j.Contract.Program,
		Class: b.class, Seed: j.Seed, Args: codec.Blob{Hash: codec.BlobHash(j.Args), Size: uint64(len(j.Args))}, Result: r.Output,
		Verify: codec.Verification{Mode: r.Verify.Mode, Checked: r.Verify.Checked, Matched: r.Verify.Matched, Evidence: r.Verify.Evidence},
		Charge: x.Charge, Split: x.Split, Postings: codec.PostingsRef{N: uint64(len(detail.Postings)), Root: root},
		Times: r.Times, Event: b.last, RetainUntil: r.Retain, Artifacts: r.Artifacts,
	}
	for _, hash := range path {
		s.PlanProof = append(s.PlanProof, hash)
	}
	return b.finish(s, m, detail)
}

// price computes what the job costs and who gets it.
func (b *builder) price(m *settlement.Manifest) (*codec.Detail, *settlement.Computation, *Error) {
	j := b.job
	in := &settlement.Inputs{Program: j.ProgramID, Customer: j.Result.Customer, Adapter: j.Result.Adapter, Providers: m.Shares}
	in.Components = append([]codec.Component{{Code: settlement.ComponentVolume, Unit: settlement.UnitWork, Qty: m.Units}}, j.Result.Components...)
	slices.SortFunc(in.Components, func(a, b codec.Component) int {
		return cmp.Or(cmp.Compare(a.Code, b.Code), cmp.Compare(a.Unit, b.Unit))
	})
	for i := range in.Providers {
		share := &in.Providers[i]
		share.Weight = normalWeight
		if weight, ok := b.terms.Weights[share.Provider]; ok {
			share.Weight = weight
		}
	}
	x, err := settlement.Compute(b.terms.Policy, in)
	if err != nil {
		return nil, nil, refused("components", err)
	}
	line := func(i int) codec.ID { return short(b.salt(saltLine, i)) }
	return settlement.BuildDetail(b.terms.Platform, in, x, b.salt(saltDetail, 0), line), x, nil
}

// finish adds the blobs and appends the record.
func (b *builder) finish(s *codec.Settlement, m *settlement.Manifest, d *codec.Detail) *Error {
	manifest, detail := codec.EncodeManifest(m.Entries), codec.EncodeDetail(d)
	s.Shards = codec.ShardsRef{Count: m.Count, Root: m.Root, Units: m.Units, Blob: codec.BlobHash(manifest), Size: uint64(len(manifest))}
	s.Detail = codec.BlobHash(detail)
	if b.plan.Planner != (codec.Hash{}) {
		s.Planner = &b.plan.Planner
	}
	if s.RetainUntil == 0 {
		s.RetainUntil = s.Times.Finalized + b.terms.Policy.Body.Retention
	}
	if job := b.job.Result.ReplayOf; job != "" {
		s.ReplayOf = &codec.ReplayOf{Author: b.job.hub.ID, Workload: b.job.hub.Workload(job)}
	}
	item := Item{Attachments: [][]byte{manifest, detail, b.sealLabels(s)}}
	item.Record = codec.EncodeRecord(&codec.Record{Version: 1, Kind: codec.KindSettlement, Body: codec.EncodeSettlement(s)})
	b.items = append(b.items, item)
	return b.checkSizes()
}

// checkSizes makes sure that the job fits one batch.
func (b *builder) checkSizes() *Error {
	total := 0
	for i := range b.items {
		total += len(b.items[i].Record)
		for _, blob := range b.items[i].Attachments {
			total += len(blob)
			if len(blob) > codec.MaxAttachment {
				return fault(CodeTooLarge, "shards", "an attachment of %d bytes, at most %d", len(blob), codec.MaxAttachment)
			}
		}
		if n := len(b.items[i].Record); n > codec.MaxRecord {
			return fault(CodeTooLarge, "", "a record of %d bytes, at most %d", n, codec.MaxRecord)
		}
	}
	if total > codec.MaxBatchBytes {
		return fault(CodeTooLarge, "shards", "records and attachments of %d bytes, at most %d", total, codec.MaxBatchBytes)
	}
	return nil
}
