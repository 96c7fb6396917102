package verifier

import (
	"fmt"

	"github.com/forgepool/settle/codec"
	"github.com/forgepool/settle/proof"
	"github.com/forgepool/settle/settlement"
)

// Check confirms evidence with the trust policy and the bundle alone: the settlement or
// the close stands in the log, and doing again what it states (executing the shard,
// computing the payout, looking into the trees) gives what the evidence says and not what
// the record says. Errors name what is false: a
// Lie or a proof.Rejection; ErrUnavailable means that this program cannot tell.
func (e *Evidence) Check(policy *proof.TrustPolicy, bundle []byte) (*Confirmed, error) {
	if err := e.checkShape(); err != nil {
		return nil, err
	}
	if e.Origin != policy.Origin() {
		return nil, lie(LieOrigin, "evidence about %q, trust policy of %q", e.Origin, policy.Origin())
	}
	if codec.BlobHash(bundle) != e.Bundle {
		return nil, lie(LieBundle, "the bundle file is not %s", e.Bundle)
	}
	blobs, err := DecodeBundle(bundle)
	if err != nil {
		return nil, err
	}
	if e.Fault.OfClose() {
		return e.checkClose(policy, blobs)
	}
	c, err := e.checkRecord(policy)
	if err != nil {
		return nil, err
	}
	if e.Batch != nil {
		if err := e.checkAuthor(policy, c); err != nil {
			return nil, err
		}
	}
	switch e.Fault {
	case FaultPayout:
		return c, e.checkPayout(policy, c, blobs)
	case FaultMissing:
		return c, e.checkMissing(policy, c, blobs)
	}
	if err := e.checkShard(policy, c); err != nil {
		return nil, err
	}
	if e.Fault == FaultReceipt {
		return c, e.checkReceipt(c)
	}
	return c, e.checkExecution(c, blobs)
}

// checkRecord checks that the settlement stands in the log.
func (e *Evidence) checkRecord(policy *proof.TrustPolicy) (*Confirmed, error) {
	rec, checkpoint, err := e.open(&e.Settlement, policy)
	if err != nil {
		return nil, fmt.Errorf("settlement: %w", err)
	}
	s := new(codec.Settlement)
	if rec.Kind != codec.KindSettlement {
		return nil, lie(LieRecord, "record %d is a %s", e.Settlement.Index, rec.Kind)
	}
	if err := codec.DecodeSettlement(rec.Body, s); err != nil {
		return nil, lie(LieRecord, "settlement: %v", err)
	}
	return &Confirmed{
		Fault: e.Fault, Origin: e.Origin, Settlement: e.Settlement.Index, Size: checkpoint.Size(),
		Hub: s.Author, Workload: s.Workload, Recomputed: e.Recomputed, Attested: attested(checkpoint), body: s,
	}, nil
}

// checkAuthor checks that the hub signed the batch that the settlement came with.
func (e *Evidence) checkAuthor(policy *proof.TrustPolicy, c *Confirmed) error {
	key, err := e.registeredKey(policy, e.SubmitKey, e.Batch.Key)
	if err != nil {
		return fmt.Errorf("submitter's key: %w", err)
	}
	if e.Batch.Submitter != c.body.Author {
		return lie(LieBatch, "submitted by %s, authored by %s", e.Batch.Submitter, c.body.Author)
	}
	leaf := codec.Hash(proof.LeafA(e.Settlement.Record))
	if err := e.Batch.Check(e.Origin, key, e.Settlement.Index, leaf); err != nil {
		return err
	}
	c.Authorship = true
	return nil
}

// registeredKey returns a key out of the record that registers it. That it was not
// revoked since is not shown; who accuses must have looked.
func (e *Evidence) registeredKey(policy *proof.TrustPolicy, p *Proved, id codec.Hash) (*settlement.Key, error) {
	rec, _, err := e.open(p, policy)
	if err != nil {
		return nil, err
	}
	keys, err := registrations(rec, p.Index)
	if err != nil {
		return nil, err
	}
	if keys[id] == nil {
		return nil, lie(LieKey, "record %d does not register %s", p.Index, id)
	}
	return keys[id], nil
}

// checkShard checks that the entry stands in the settlement's manifest, and finds its
// agent's key.
func (e *Evidence) checkShard(policy *proof.TrustPolicy, c *Confirmed) error {
	entry, err := e.checkEntry(c)
	if err != nil {
		return err
	}
	if c.agent, err = e.registeredKey(policy, e.AgentKey, entry.Agent); err != nil {
		return fmt.Errorf("agent's key: %w", err)
	}
	c.Claimed = claimed(entry)
	c.Signed = receiptValid(e.Origin, c.body, c.agent, entry)
	return nil
}

// checkEntry checks that the entry stands in the settlement's manifest.
func (e *Evidence) checkEntry(c *Confirmed) (*codec.ShardEntry, error) {
	entry := new(codec.ShardEntry)
	if err := codec.Decode(e.Shard.Entry, entry); err != nil {
		return nil, lie(LieMalformed, "shard entry: %v", err)
	}
	path, err := proof.DecodeSumProof(proof.SumShards, e.Shard.Path)
	if err != nil {
		return nil, fmt.Errorf("path of the shard: %w", err)
	}
	key := proof.ShardKey(entry.Provider, uint32(entry.Index), uint8(entry.Replica))
	leaf, err := proof.CheckMember(shardStatement(c.body), key[:], path)
	if err != nil {
		return nil, fmt.Errorf("path of the shard: %w", err)
	}
	if leaf.Payload != codec.ShardEntryHash(entry) || leaf.Sums[0] != entry.Units {
		return nil, lie(LieManifest, "the entry is not the one in the manifest")
	}
	c.entry, c.Provider, c.Shard = entry, &entry.Provider, &entry.Index
	return entry, nil
}

// checkReceipt confirms that the agent did not sign the result.
func (e *Evidence) checkReceipt(c *Confirmed) error {
	if e.Recomputed != (Recomputed{}) {
		return lie(LieMalformed, "a recomputed value without execution")
	}
	if c.Signed {
		return lie(LieClaim, "the agent's receipt verifies")
	}
	return nil
}

// checkExecution executes the shard again.
func (e *Evidence) checkExecution(c *Confirmed, bundle *Bundle) error {
	work, err := bundle.work(c.entry)
	if err != nil {
		return err
	}
	got, err := Execute(&c.body.Program, c.body.Seed, c.entry, work)
	if err != nil {
		return err
	}
	if got != e.Recomputed {
		return lie(LieClaim, "recomputed %s, the evidence says %s", &got, &e.Recomputed)
	}
	if fault := judge(c.entry, &got); fault != e.Fault {
		if fault == 0 {
			return lie(LieClaim, "the shard is right")
		}
		return lie(LieClaim, "%s instead of %s", fault, e.Fault)
	}
	return nil
}

// String describes the outcome of an execution in one line.
func (r *Recomputed) String() string {
	if r.Field != "" {
		return fmt.Sprintf("%s (%s)", r.Status, r.Field)
	}
	return fmt.Sprintf("%s, output %s of %d bytes, %d units", r.Status, r.Output.Hash, r.Output.Size, r.Units)
}

// shardStatement is what a settlement states about its manifest. With paid replicas
// the count of shards is not the count of leaves.
func shardStatement(s *codec.Settlement) proof.SumStatement {
	return proof.SumStatement{
		Type: proof.SumShards, Root: s.Shards.Root, Sums: [2]uint64{s.Shards.Units},
		Unstated: proof.SumLeavesUnstated | proof.SumCountUnstated,
	}
}

// receiptValid says whether the agent, an agent key of the entry's provider, signed
// the entry's result.
func receiptValid(origin string, s *codec.Settlement, agent *settlement.Key, e *codec.ShardEntry) bool {
	if agent == nil || agent.ID != e.Agent || agent.Party != e.Provider || agent.Use != codec.UseAgent {
		return false
	}
	return settlement.VerifyReceipt(origin, s.Author, s.Workload, codec.ProgramID(&s.Program), s.Seed, agent.Pub, e)
}
