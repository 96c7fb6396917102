package node

import (
	"context"
	"errors"

	"github.com/forgepool/settle/api"
	"github.com/forgepool/settle/codec"
	"github.com/forgepool/settle/ledger"
	"github.com/forgepool/settle/proof"
)

// Share returns the part of a record that belongs to the asker: its own postings and
// shard entries, each with its path. Others learn nothing, not even that it is there.
func (s *reads) Share(ctx context.Context, index uint64) (*api.Share, error) {
	return from(s, func(v *ledger.Snapshot) (*api.Share, error) {
		a, err := s.asker(ctx, v)
		if err != nil {
			return nil, err
		}
		p := v.Posted(index)
		if p == nil || !a.paid(p) {
			return nil, errForbidden
		}
		data, err := v.Record(index)
		if err != nil {
			return nil, err
		}
		r, err := codec.DecodeRecord(data)
		if err != nil {
			return nil, err
		}
		out := &api.Share{Index: index, Postings: []api.SharePosting{}, Shards: []api.ShareShard{}, Size: v.Size()}
		if r.Kind == codec.KindAdjustment {
			return out, a.adjusted(v, out, r.Body)
		}
		b := new(codec.Settlement)
		if err := codec.DecodeSettlement(r.Body, b); err != nil {
			return nil, err
		}
		detail, err := v.Attachment(b.Detail)
		if err != nil {
			return nil, err
		}
		d, err := codec.DecodeDetail(detail)
		if err != nil {
			return nil, err
		}
		return out, errors.Join(a.postings(out, d.Postings), a.shards(v, out, b.Shards.Blob))
	})
}

// adjusted adds the postings of an adjustment.
func (a *asker) adjusted(v *ledger.Snapshot, out *api.Share, body []byte) error {
	b := new(codec.Adjustment)
	if err := codec.DecodeAdjustment(body, b); err != nil {
		return err
	}
	blob, err := v.Attachment(b.Detail)
	if err != nil {
		return err
	}
	c, err := codec.DecodeCorrection(blob)
	if err != nil {
		return err
	}
	return a.postings(out, c.Postings)
}

// postings adds the asker's postings with their paths in sum tree 3.
func (a *asker) postings(out *api.Share, all []codec.Posting) error {
	leaves := make([]proof.SumLeaf, len(all))
	for i := range all {
		key := proof.LineKey(uint16(i))
		leaves[i] = proof.SumLeaf{Key: key[:], Count: 1, Payload: codec.PostingHash(&all[i])}
		column := proof.Credit
		if all[i].Side == codec.Debit {
			column = proof.Debit
		}
		leaves[i].Sums[column] = all[i].Amount
	}
	return prove(proof.SumPostings, leaves, func(i int) bool { return a.is(all[i].Party) }, func(i int, path []byte) {
		out.Postings = append(out.Postings, api.SharePosting{Posting: all[i], Proof: path})
	})
}

// shards adds the asker's shard entries with their paths in sum tree 5.
func (a *asker) shards(v *ledger.Snapshot, out *api.Share, manifest codec.Hash) error {
	data, err := v.Attachment(manifest)
	if err != nil {
		return err
	}
	entries, err := codec.DecodeManifest(data)
	if err != nil {
		return err
	}
	leaves := make([]proof.SumLeaf, len(entries))
	for i := range entries {
		e := &entries[i]
		key := proof.ShardKey(e.Provider, uint32(e.Index), uint8(e.Replica))
		leaves[i] = proof.SumLeaf{Key: key[:], Count: 1, Sums: [2]uint64{e.Units}, Payload: codec.ShardEntryHash(e)}
	}
	return prove(proof.SumShards, leaves, func(i int) bool { return a.is(entries[i].Provider) }, func(i int, path []byte) {
		out.Shards = append(out.Shards, api.ShareShard{Entry: entries[i], Proof: path})
	})
}

// prove calls add with the sum proof of every leaf that is wanted.
func prove(t proof.SumType, leaves []proof.SumLeaf, wanted func(i int) bool, add func(i int, path []byte)) error {
	tree, err := proof.BuildSumTree(t, leaves)
	if err != nil {
		return err
	}
	for i := range leaves {
		if !wanted(i) {
			continue
		}
		p, err := tree.Prove(i)
		if err != nil {
			return err
		}
		path, err := proof.EncodeSumProof(t, p)
		if err != nil {
			return err
		}
		add(i, path)
	}
	return nil
}
