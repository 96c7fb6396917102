package client

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"slices"

	"github.com/forgepool/settle/codec"
	"github.com/forgepool/settle/proof"
	"github.com/forgepool/settle/settlement"
)

// normalWeight is the weight of a party for which none was set, in ppm.
const normalWeight = 1_000_000

// Results is what is known of a workload when its shards are done.
type Results struct {
	At          uint64             // ms
	Entries     []codec.ShardEntry // signed, in any order
	Result      codec.Blob         // aggregated output
	Verify      codec.Verification
	Components  []codec.Component   // code, quantity and unit; nil = the executed volume alone
	Weights     map[codec.ID]uint64 // of providers in this cycle, ppm; absent = 1,000,000
	Times       codec.Times         // ms
	RetainUntil uint64              // ms; 0 = as long as the policy asks
	Artifacts   []codec.Artifact    // traces, evidence bundles
	ReplayOf    *codec.ReplayOf     // when the same work was settled before
	Labels      []codec.Label       // committed to one by one, clear in a sealed list; salts may be zero
	Platform    codec.ID            // the platform party of the genesis
}

// Settlement is a settlement record with what it is about.
type Settlement struct {
	Item
	Body     *codec.Settlement
	Manifest []codec.ShardEntry // in the order of sum tree 5
	Detail   *codec.Detail
}

// Settle builds the settlement: it orders the shards, prices the work under the
// policy, splits the charge and makes the postings. Errors are *codec.Refusal where a
// replica would refuse.
func (w *Workload) Settle(p *settlement.Policy, r *Results) (*Settlement, error) {
	if w.leaves == nil {
		return nil, errors.New("the workload was never planned")
	}
	entries := slices.Clone(r.Entries)
	slices.SortFunc(entries, func(a, b codec.ShardEntry) int {
		return cmp.Or(bytes.Compare(a.Provider[:], b.Provider[:]), cmp.Compare(a.Index, b.Index), cmp.Compare(a.Replica, b.Replica))
	})
	m, err := settlement.NewManifest(entries)
	if err != nil {
		return nil, err
	}
	path, err := proof.ProvePlan(m.Count, w.leaves)
	if err != nil {
		return nil, fmt.Errorf("shards against plan: %w", err)
	}
	in := w.inputs(m, r)
	x, err := settlement.Compute(p, in)
	if err != nil {
		return nil, err
	}
	detail := settlement.BuildDetail(r.Platform, in, x, NewSecret(), func(int) codec.ID { return NewSalt() })
	root, _, _, err := settlement.PostingsRoot(detail.Postings)
	if err != nil {
		return nil, err
	}
	s := &Settlement{Manifest: entries, Detail: detail}
	s.Body = &codec.Settlement{
		ID: NewID(), At: r.At, Cycle: w.Cycle, Author: w.Author, Workload: w.ID, Policy: p.Hash, Customer: w.sealed,
		Adapter: w.Adapter, Program: w.Program, Class: w.Class, Seed: w.Seed, Args: w.Args, Result: r.Result,
		Verify: r.Verify, Charge: x.Charge, Split: x.Split,
		Postings: codec.PostingsRef{N: uint64(len(detail.Postings)), Root: root},
		Times:    r.Times, Event: w.last, RetainUntil: r.RetainUntil, Artifacts: r.Artifacts, ReplayOf: r.ReplayOf,
	}
	for _, hash := range path {
		s.Body.PlanProof = append(s.Body.PlanProof, hash)
	}
	s.finish(w, p, m, r.Labels)
	return s, nil
}

// inputs returns what the charge is computed from.
func (w *Workload) inputs(m *settlement.Manifest, r *Results) *settlement.Inputs {
	in := &settlement.Inputs{Program: w.program, Components: r.Components, Customer: w.Customer, Adapter: w.Adapter, Providers: m.Shares}
	if in.Components == nil {
		in.Components = []codec.Component{{Code: settlement.ComponentVolume, Unit: settlement.UnitWork, Qty: m.Units}}
	}
	for i := range in.Providers {
		share := &in.Providers[i]
		share.Weight = normalWeight
		if weight, ok := r.Weights[share.Provider]; ok {
			share.Weight = weight
		}
	}
	return in
}

// finish adds the blobs and the record.
func (s *Settlement) finish(w *Workload, p *settlement.Policy, m *settlement.Manifest, labels []codec.Label) {
	manifest, detail := codec.EncodeManifest(s.Manifest), codec.EncodeDetail(s.Detail)
	s.Attachments = [][]byte{manifest, detail}
	s.Body.Shards = codec.ShardsRef{Count: m.Count, Root: m.Root, Units: m.Units, Blob: codec.BlobHash(manifest), Size: uint64(len(manifest))}
	s.Body.Detail = codec.BlobHash(detail)
	if w.plan.Planner != (codec.Hash{}) {
		s.Body.Planner = &w.plan.Planner
	}
	if s.Body.RetainUntil == 0 {
		s.Body.RetainUntil = s.Body.Times.Finalized + p.Body.Retention
	}
	if len(labels) > 0 {
		s.label(slices.Clone(labels))
	}
	s.Record = codec.EncodeRecord(&codec.Record{Version: 1, Kind: codec.KindSettlement, Body: codec.EncodeSettlement(s.Body)})
}

// label commits to labels in the order of their commitments and seals the clear
// list.
func (s *Settlement) label(labels []codec.Label) {
	commitment := make(map[codec.Label]codec.Hash, len(labels))
	for i := range labels {
		l := &labels[i]
		if l.Salt == (codec.ID{}) {
			l.Salt = NewSalt()
		}
		commitment[*l] = codec.LabelCommitment(l.Salt, l.Label, codec.Encode(l.Value))
	}
	slices.SortFunc(labels, func(a, b codec.Label) int {
		x, y := commitment[a], commitment[b]
		return bytes.Compare(x[:], y[:])
	})
	for _, l := range labels {
		s.Body.Disclosures = append(s.Body.Disclosures, commitment[l])
	}
	blob, hash := codec.Seal(NewSalt(), labels)
	s.Body.Labels = &hash
	s.Attachments = append(s.Attachments, blob)
}
