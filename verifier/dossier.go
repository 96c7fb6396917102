package verifier

import (
	"context"
	"errors"
	"fmt"

	"github.com/forgepool/settle/codec"
	"github.com/forgepool/settle/proof"
	"github.com/forgepool/settle/replay"
	"github.com/forgepool/settle/settlement"
)

// dossier is everything about one settlement that does not depend on the drawn shard.
// It is made once, however many draws hit the settlement.
type dossier struct {
	index    uint64
	record   Record
	path     [][32]byte // in tree A of the checkpoint
	body     codec.Settlement
	detail   *codec.Detail
	manifest *settlement.Manifest
	program  replay.Program // nil: it is unknown here
	unknown  error          // why
	shards   *proof.SumTree // type 5
	lines    *proof.SumTree // type 3
	batch    *BatchProof    // nil if it could not be had
	blobs    [][]byte       // manifest, detail, customer, discounts
	wrong    string         // part of the payout that is wrong
	heavy    codec.ID       // provider whose weight is wrong, if that is the part
	weight   uint64         // its weight in the cycle, ppm
	findings []error        // what is false
	open     []error        // what could not be told
}

// note files an error: false or open.
func (d *dossier) note(err error) {
	if err == nil {
		return
	}
	if errors.Is(err, ErrUnavailable) {
		d.open = append(d.open, err)
	} else {
		d.findings = append(d.findings, err)
	}
}

// openDossier fetches and checks a settlement: inclusion, batch, policy, manifest and
// payout. What is wrong is filed in the dossier.
func (x *examiner) openDossier(ctx context.Context, index uint64) *dossier {
	d := &dossier{index: index}
	if err := x.openRecord(ctx, d); err != nil {
		d.note(err)
		return d
	}
	d.program, d.unknown = x.machine.program(ctx, x.src, &d.body.Program)
	var err error
	d.batch, err = proveBatch(ctx, x.src, x.log, &d.record, proof.LeafA(d.record.Bytes))
	d.note(err)
	if d.batch != nil && d.batch.Submitter != d.body.Author {
		d.note(lie(LieBatch, "submitted by %s, authored by %s", d.batch.Submitter, d.body.Author))
	}
	if err := x.openShards(ctx, d); err != nil {
		d.note(err)
		return d
	}
	d.note(x.checkPayout(ctx, d))
	return d
}

// openRecord fetches the record and its path, and checks both against the checkpoint.
// The log was rebuilt before, so a record that does not fit is the node's fault, not
// the settlement's.
func (x *examiner) openRecord(ctx context.Context, d *dossier) error {
	receipt, rec, err := fetchReceipt(ctx, x.src, x.log.Pair.A, d.index)
	if err != nil {
		return err
	}
	d.record, d.path = *rec, receipt.Path
	env, err := codec.DecodeRecord(rec.Bytes)
	if err == nil {
		err = codec.DecodeSettlement(env.Body, &d.body)
	}
	if err != nil {
		return lie(LieRecord, "settlement %d: %v", d.index, err)
	}
	return nil
}

// fetchReceipt fetches a record with its path and checks it under a checkpoint of
// tree A. Errors wrap ErrUnavailable.
func fetchReceipt(ctx context.Context, src Source, at *proof.Checkpoint, index uint64) (*proof.Receipt, *Record, error) {
	page, err := src.Records(ctx, index, 1)
	if err != nil {
		return nil, nil, unavailable(err, "record %d", index)
	}
	if len(page) != 1 || page[0].Index != index {
		return nil, nil, unavailable(lie(LieOrder, "another record than asked for"), "record %d", index)
	}
	path, err := src.Inclusion(ctx, index, at.Size())
	if err != nil {
		return nil, nil, unavailable(err, "path of record %d", index)
	}
	if err := at.CheckInclusion(index, page[0].Bytes, path); err != nil {
		return nil, nil, unavailable(err, "record %d", index)
	}
	return &proof.Receipt{Record: page[0].Bytes, Index: index, Path: path, Checkpoint: at.Note()}, &page[0], nil
}

// FetchReceipt fetches a record with its path and returns it as a receipt that was
// checked under a checkpoint of tree A. Errors wrap ErrUnavailable.
func FetchReceipt(ctx context.Context, src Source, at *proof.Checkpoint, index uint64) (*proof.Receipt, error) {
	receipt, _, err := fetchReceipt(ctx, src, at, index)
	return receipt, err
}

// openShards fetches the manifest and rebuilds sum trees 5 and 3.
func (x *examiner) openShards(ctx context.Context, d *dossier) error {
	blob, err := fetchBlob(ctx, x.src, "manifest", d.body.Shards.Blob, codec.MaxAttachment)
	if err != nil {
		return err
	}
	if d.manifest, err = openManifest(&d.body, blob); err != nil {
		return fmt.Errorf("settlement %d: %w", d.index, err)
	}
	d.blobs = [][]byte{blob}
	if d.shards, err = proof.BuildSumTree(proof.SumShards, shardLeaves(d.manifest.Entries)); err != nil {
		return lie(LieManifest, "settlement %d: %v", d.index, err)
	}
	if err := x.openDetail(ctx, d); err != nil {
		return err
	}
	leaves, err := postingLeaves(d.detail.Postings)
	if err != nil {
		return err
	}
	d.lines, err = proof.BuildSumTree(proof.SumPostings, leaves)
	return err
}

// openDetail takes the detail from the frame, or fetches it.
func (x *examiner) openDetail(ctx context.Context, d *dossier) error {
	if x.frame != nil {
		d.detail = x.frame.details[d.index]
		return nil
	}
	var err error
	d.detail, err = fetchDetail(ctx, x.src, &settled{index: d.index, detail: d.body.Detail, postings: d.body.Postings, charge: d.body.Charge})
	return err
}

// shardLeaves returns the leaves of sum tree 5 over a manifest.
func shardLeaves(entries []codec.ShardEntry) []proof.SumLeaf {
	leaves := make([]proof.SumLeaf, len(entries))
	for i := range entries {
		e := &entries[i]
		key := proof.ShardKey(e.Provider, uint32(e.Index), uint8(e.Replica))
		leaves[i] = proof.SumLeaf{Key: key[:], Count: 1, Sums: [2]uint64{e.Units}, Payload: codec.ShardEntryHash(e)}
	}
	return leaves
}

// checkPayout recomputes charge, split and postings from the policy in force, the
// manifest and the parties' weights.
func (x *examiner) checkPayout(ctx context.Context, d *dossier) error {
	policy := x.log.registry.inForce(d.body.Cycle, d.index)
	if policy == nil || policy.hash != d.body.Policy {
		return lie(LieRecord, "settlement %d does not name the policy in force", d.index)
	}
	for _, blob := range []struct {
		what string
		hash *codec.Hash
	}{{"detail", &d.body.Detail}, {"customer", &d.body.Customer}, {"discounts", policy.seal}} {
		if blob.hash == nil {
			continue
		}
		data, err := fetchBlob(ctx, x.src, blob.what, *blob.hash, codec.MaxAttachment)
		if err != nil {
			return err
		}
		d.blobs = append(d.blobs, data)
	}
	p, err := openPayout(&d.body, policy.body, d.blobs)
	if err != nil {
		return fmt.Errorf("settlement %d: %w", d.index, err)
	}
	if d.wrong = p.wrong(&d.body); d.wrong != "" {
		return fmt.Errorf("%w: settlement %d: the policy gives another %s", errPayout, d.index, d.wrong)
	}
	return x.checkParties(d, p)
}

// errPayout marks the finding that an evidence file of FaultPayout is made of.
var errPayout = errors.New(FaultPayout.String())

// checkParties compares weights and platform, which the postings state, with the log. Of
// several wrong weights that one is filed which records of the log already show.
func (x *examiner) checkParties(d *dossier, p *payout) error {
	if id := p.platform(); id != (codec.ID{}) {
		if party := x.log.registry.parties[id]; party == nil || party.Role != codec.RolePlatform {
			d.wrong = fieldPlatform
			return fmt.Errorf("%w: settlement %d pays another platform", errPayout, d.index)
		}
	}
	var finding error
	for _, share := range p.shares() {
		party := x.log.registry.parties[share.Provider]
		if party == nil || party.Role != codec.RoleProvider {
			return lie(LieManifest, "settlement %d: %s is no provider", d.index, share.Provider)
		}
		want := p.policy.Weight(&settlement.Party{Weight: x.log.registry.weightIn(party.ID, d.body.Cycle)}, d.body.Cycle)
		if want == share.Weight {
			continue
		}
		_, _, open := x.log.registry.standing(party.ID, d.body.Cycle)
		if finding != nil && open != nil {
			continue
		}
		d.wrong, d.heavy, d.weight = fieldWeight, party.ID, want
		finding = fmt.Errorf("%w: settlement %d: weight of %s is %d ppm instead of %d", errPayout, d.index, party.ID, share.Weight, want)
		if open == nil {
			break
		}
	}
	return finding
}

// programName names a program the way people write it.
func programName(p *codec.Program) string {
	return replay.ProgramName{Family: p.Family, Version: uint16(p.Version), Profile: p.Profile}.String()
}
