package verifier

import (
	"context"
	"errors"
	"fmt"

	"github.com/forgepool/settle/codec"
	"github.com/forgepool/settle/replay"
)

// What is checked of a drawn settlement as a whole: that its result is the merge of its
// shards' outputs, and that the shards were verified before it as it says.

// wholeOf checks a settlement whose dossier is complete; nil if it is not.
func (a *cycleAudit) wholeOf(ctx context.Context, o *opened) *CycleWork {
	if o.dossier.manifest == nil {
		return nil
	}
	w := &CycleWork{Record: o.entry.index, Merge: Match, Missing: []uint64{}}
	if err := a.checkMerge(ctx, o); err != nil {
		w.Merge, w.Reason = Mismatch, shortened(texts([]error{err}))[0]
		if errors.Is(err, ErrUnavailable) {
			w.Merge = Inconclusive
		}
	}
	missing, err := a.checkReplication(ctx, o.dossier)
	w.Missing = append(w.Missing, missing...)
	if err != nil {
		w.Checks = shortened(texts([]error{err}))[0]
	}
	return w
}

// errMerge is the finding that a result is not what the outputs merge to.
var errMerge = errors.New("the outputs merge to another result")

// checkMerge merges the outputs of replica 0 of every shard, executed here where they
// were, fetched else, and compares the result.
func (a *cycleAudit) checkMerge(ctx context.Context, o *opened) error {
	d := o.dossier
	if d.program == nil {
		return d.unknown
	}
	byIndex := make([]int, d.manifest.Count)
	for i := range byIndex {
		byIndex[i] = -1
	}
	for i := range d.manifest.Entries {
		if e := &d.manifest.Entries[i]; e.Replica == 0 && e.Index < d.manifest.Count {
			byIndex[e.Index] = i
		}
	}
	merger := replay.NewResultMerger(d.program)
	for index, at := range byIndex {
		if at < 0 {
			return lie(LieManifest, "settlement %d has no shard %d of replica 0", d.index, index)
		}
		shard, err := a.outputOf(ctx, o, at)
		if err != nil {
			return err
		}
		if err := merger.Add(shard); err != nil {
			return fmt.Errorf("settlement %d: %w: %w", d.index, errMerge, err)
		}
		if merger.Held() > maxMerged {
			return fmt.Errorf("%w: the outputs are too large to merge here", ErrUnavailable)
		}
	}
	result, err := merger.Result()
	if err != nil {
		return fmt.Errorf("settlement %d: %w: %w", d.index, errMerge, err)
	}
	if got := (codec.Blob{Hash: codec.BlobHash(result), Size: uint64(len(result))}); got.Hash != d.body.Result.Hash || got.Size != d.body.Result.Size {
		return fmt.Errorf("settlement %d: %w: %s", d.index, errMerge, got.Hash)
	}
	return nil
}

// outputOf returns arguments and output of a shard. What was executed here is preferred.
func (a *cycleAudit) outputOf(ctx context.Context, o *opened, at int) (replay.ShardOutput, error) {
	e := &o.dossier.manifest.Entries[at]
	args, err := fetchBlob(ctx, a.raw, "shard arguments", e.Args, replay.MaxArgs)
	if err != nil {
		return replay.ShardOutput{}, err
	}
	if x := o.shards[at]; x != nil && x.output != nil {
		return replay.ShardOutput{Args: args, Output: x.output}, nil
	}
	output, err := fetchBlob(ctx, a.raw, "shard output", e.Output.Hash, replay.MaxOutput)
	return replay.ShardOutput{Args: args, Output: output}, err
}

// checkReplication derives from the evidence of verification which shards had to be
// executed by a second agent, and returns those that were not (sampling.md section 5).
func (a *cycleAudit) checkReplication(ctx context.Context, d *dossier) ([]uint64, error) {
	const replaySampling = 2
	if d.body.Verify.Mode < replaySampling || d.body.Verify.Evidence == (codec.Hash{}) {
		return nil, nil
	}
	blob, err := fetchBlob(ctx, a.src, "evidence of verification", d.body.Verify.Evidence, codec.MaxAttachment)
	if err != nil {
		return nil, err
	}
	checks, err := codec.DecodeChecks(blob)
	if err != nil {
		return nil, err
	}
	if err := a.checkNonce(ctx, d, checks.Nonce); err != nil {
		return nil, err
	}
	seen := map[uint64]bool{}
	var missing []uint64
	for i := range checks.Shards {
		c := &checks.Shards[i]
		seen[c.Index] = true
		if len(c.Answers) < 2 && codec.MustReplicate(checks.Nonce, d.body.Workload, uint32(c.Index), c.Valid) {
			missing = append(missing, c.Index)
		}
		for k := range c.Answers {
			if s := &c.Answers[k]; codec.AnswerCommitment(s.Agent, s.Nonce, s.Output) != s.Commit {
				return missing, fmt.Errorf("an answer on shard %d does not open its commitment", c.Index)
			}
		}
	}
	for i := range d.manifest.Count {
		if !seen[i] {
			return missing, fmt.Errorf("the evidence of verification says nothing of shard %d", i)
		}
	}
	return missing, nil
}

// checkNonce compares the nonce with the Planned event, which was there before it was told.
func (a *cycleAudit) checkNonce(ctx context.Context, d *dossier, nonce codec.Hash) error {
	index, ok := a.log.planned[workloadKey{d.body.Author, d.body.Workload}]
	if !ok {
		return errors.New("the workload has no Planned event")
	}
	_, rec, err := fetchReceipt(ctx, a.src, a.log.Pair.A, index)
	if err != nil {
		return err
	}
	env, err := codec.DecodeRecord(rec.Bytes)
	if err != nil {
		return err
	}
	var e codec.Event
	if err := codec.DecodeEvent(env.Body, &e); err != nil {
		return err
	}
	if e.Plan == nil || codec.BlobHash(nonce[:]) != e.Plan.Nonce {
		return errors.New("the nonce of the evidence is not the one of the Planned event")
	}
	return nil
}
