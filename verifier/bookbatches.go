package verifier

import (
	"context"
	"crypto/ed25519"
	"fmt"

	"github.com/forgepool/settle/codec"
	"github.com/forgepool/settle/proof"
	"github.com/forgepool/settle/settlement"
	"github.com/transparency-dev/merkle/compact"
)

// Key 22 of a close commits to every batch of the cycle: header, signature, stamp and
// outcomes. None of that is in the log, so nodes are asked, and believed as far as their
// answers agree with the log and rebuild the root.

// pageBatches is how many batches are asked for at once.
const pageBatches = 1_000

// batchCheck goes through the batches of a cycle in the order of their application.
type batchCheck struct {
	books *books
	log   *Log
	tree  *compact.Range // over the commitments
	next  uint64         // index of the record that is appended next
	fault error          // the first signature that no key of the submitter verifies
}

// checkBatches recomputes key 22. Errors: ErrUnavailable when the batches cannot be had,
// or are not those that the close commits to, because a node may say anything of them;
// LieBatch when it commits to one that its submitter did not sign.
func (b *books) checkBatches(ctx context.Context, src Source, log *Log) error {
	c := &batchCheck{books: b, log: log, tree: newRange(proof.TreeA), next: b.first}
	number, err := b.firstBatch(ctx, src)
	if err != nil {
		return err
	}
	for c.next <= b.cut.Index {
		page, err := src.Batches(ctx, number, pageBatches)
		if err != nil || len(page) == 0 {
			return unavailable(err, "batches from number %d", number)
		}
		for i := range page {
			if err := c.add(&page[i], number); err != nil {
				return unavailable(err, "batch number %d", number)
			}
			if number++; c.next > b.cut.Index {
				break
			}
		}
	}
	root, err := c.tree.GetRootHash(nil)
	if err != nil {
		return err
	}
	if got := (codec.BatchesRef{N: c.tree.End(), Root: codec.Hash(root)}); got != *b.close.body.Batches {
		return unavailable(lie(LieBatch, "%d batches with the root %s", got.N, got.Root), "key 22 of close %d is of others", b.close.Index)
	}
	return c.fault
}

// firstBatch returns the number of the batch after that of the cut before.
func (b *books) firstBatch(ctx context.Context, src Source) (uint64, error) {
	if b.first == 1 {
		return 1, nil
	}
	page, err := src.Records(ctx, b.first-1, 1)
	if err != nil || len(page) == 0 {
		return 0, unavailable(err, "record %d", b.first-1)
	}
	batch, err := src.Batch(ctx, page[0].Submitter, page[0].Batch)
	if err != nil {
		return 0, unavailable(err, "batch of record %d", b.first-1)
	}
	return batch.Number + 1, nil
}

// add checks a batch against the log and takes in its commitment.
func (c *batchCheck) add(x *Batch, number uint64) error {
	n := len(x.Leaves)
	if x.Number != number || n == 0 || n > codec.MaxBatchRecords || len(x.Outcomes) != n {
		return lie(LieBatch, "%d records with %d outcomes, number %d", n, len(x.Outcomes), x.Number)
	}
	met := c.next
	leaf := make([]byte, leafRow)
	for i := range x.Outcomes {
		o := &x.Outcomes[i]
		switch {
		case o.Kind == codec.Refused:
			continue
		case o.Kind == codec.Repeated && o.Index < c.next && o.Leaf == x.Leaves[i]:
			continue
		case o.Kind != codec.Appended || o.Index != c.next || o.Index > c.books.cut.Index:
			return lie(LieBatch, "outcome %d", i)
		}
		if err := c.books.leaves.at(c.next-c.books.first, leaf); err != nil {
			return err
		}
		if o.Leaf != codec.Hash(leaf) || o.Leaf != x.Leaves[i] {
			return lie(LieBatch, "leaf of record %d", o.Index)
		}
		c.next++
	}
	digest := x.digest(c.log.Pair.A.Origin())
	if c.fault == nil && !c.signed(x, digest, met) {
		c.fault = lie(LieBatch, "batch %s of %s, number %d, is not signed by it", x.ID, x.Submitter, number)
	}
	commitment := codec.BatchCommitment(digest, x.Signature, x.Stamp, codec.OutcomeHash(codec.EncodeOutcomes(x.Outcomes)))
	if err := c.tree.Append(commitment[:], nil); err != nil {
		return fmt.Errorf("batch %s: %w", x.ID, err)
	}
	return nil
}

// digest returns what the submitter signed.
func (x *Batch) digest(origin string) codec.Hash {
	p := BatchProof{ID: x.ID, Submitter: x.Submitter, Sent: x.Sent, Atomic: x.Atomic, N: uint64(len(x.Leaves)), Root: proof.MTH(x.Leaves)}
	return p.digest(origin)
}

// signed says whether a submit key of the submitter that was valid at the size of the log
// that the batch met verifies the signature. Which key it was is not committed to.
func (c *batchCheck) signed(x *Batch, digest codec.Hash, met uint64) bool {
	r := c.log.registry
	verifies := func(k *settlement.Key) bool {
		return k != nil && k.Party == x.Submitter && k.Use == codec.UseSubmit && k.ValidAt(met) &&
			ed25519.Verify(k.Pub[:], digest[:], x.Signature[:])
	}
	if verifies(r.keys[x.Key]) {
		return true
	}
	if p := r.parties[x.Submitter]; p != nil {
		for _, id := range p.Keys {
			if verifies(r.keys[id]) {
				return true
			}
		}
	}
	return false
}
