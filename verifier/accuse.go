package verifier

import (
	"context"
	"errors"
	"fmt"

	"github.com/forgepool/settle/codec"
	"github.com/forgepool/settle/proof"
)

// prove drafts the evidence of a mismatch: of the shard's own fault if it has one,
// else of its receipt, else of the payout. The records that register keys are added
// by complete. Other findings are shown by the log itself.
func (x *examiner) prove(d *dossier, e *examination, work *Work, findings []error) {
	ev := &Evidence{
		Version: 1, Origin: x.log.Pair.A.Origin(), Checkpoint: x.log.Pair.A.Note(),
		Settlement: Proved{Index: d.index, Record: d.record.Bytes, Path: hashes(d.path)}, Batch: d.batch,
	}
	if ev.Batch != nil && ev.Batch.Submitter != d.body.Author {
		ev.Batch = nil
	}
	switch {
	case e.fault != 0:
		ev.Recomputed, e.bundle = *e.recomputed, bundleOf(e.entry, work)
	case anyIs(findings, errFault[FaultReceipt]):
		e.fault, e.bundle = FaultReceipt, &Bundle{}
	case d.wrong != "":
		e.fault, e.bundle = FaultPayout, &Bundle{Blobs: d.blobs}
		ev.Recomputed = Recomputed{Field: d.wrong, Units: d.weight}
	default:
		return
	}
	ev.Fault, ev.Bundle = e.fault, codec.BlobHash(e.bundle.Encode())
	if e.fault != FaultPayout {
		shard, err := shardProof(d, e)
		if err != nil {
			return
		}
		ev.Shard = shard
	}
	e.evidence = ev
}

func anyIs(errs []error, target error) bool {
	for _, err := range errs {
		if errors.Is(err, target) {
			return true
		}
	}
	return false
}

// shardProof returns the entry with its path in the manifest.
func shardProof(d *dossier, e *examination) (*ShardProof, error) {
	p, err := d.shards.Prove(e.ref.entry)
	if err != nil {
		return nil, err
	}
	path, err := proof.EncodeSumProof(proof.SumShards, p)
	if err != nil {
		return nil, err
	}
	return &ShardProof{Entry: codec.AppendShardEntry(nil, e.entry), Path: path}, nil
}

// complete adds the records that register the keys, or the policy, and checks the
// whole as a third party will. Evidence that does not stand up is not written.
func (x *examiner) complete(ctx context.Context, d *dossier, e *examination, policy *proof.TrustPolicy) error {
	ev := e.evidence
	if ev.Fault == FaultPayout {
		p := x.log.registry.inForce(d.body.Cycle, d.index)
		proved, err := x.proved(ctx, p.index)
		if err != nil {
			return err
		}
		ev.Policy = proved
		if d.wrong == fieldPlatform || d.wrong == fieldWeight {
			if err := x.addStanding(ctx, d, e); err != nil {
				return err
			}
		}
	} else {
		proved, err := x.provedKey(ctx, e.entry.Agent)
		if err != nil {
			return fmt.Errorf("agent's key: %w", err)
		}
		ev.AgentKey = proved
	}
	if ev.Batch != nil {
		proved, err := x.provedKey(ctx, ev.Batch.Key)
		if err != nil {
			return fmt.Errorf("submitter's key: %w", err)
		}
		ev.SubmitKey = proved
	}
	_, err := ev.Check(policy, e.bundle.Encode())
	return err
}

// provedKey returns the record that registers a key.
func (x *examiner) provedKey(ctx context.Context, id codec.Hash) (*Proved, error) {
	index, ok := x.log.registry.source[id]
	if !ok {
		return nil, lie(LieKey, "%s is registered nowhere", id)
	}
	return x.proved(ctx, index)
}

// proved fetches a record with its path.
func (x *examiner) proved(ctx context.Context, index uint64) (*Proved, error) {
	receipt, err := FetchReceipt(ctx, x.src, x.log.Pair.A, index)
	if err != nil {
		return nil, err
	}
	return &Proved{Index: index, Record: receipt.Record, Path: hashes(receipt.Path)}, nil
}
