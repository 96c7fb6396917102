package settlement

import "github.com/forgepool/settle/codec"

// shard is row 17: the disputed shard, in the manifest of the settlement. Its provider
// is who may be found at fault; its output and units are kept, so that a ruling does
// not need the manifest.
func (o *opening) shard() *codec.Refusal {
	ref := o.Body.Shard
	if ref == nil {
		switch o.d.Claim {
		case codec.ClaimWrongOutput, codec.ClaimWrongUnits, codec.ClaimDataUnavailable, codec.ClaimBadReceipt:
			return badDispute("the claim is about a shard and names none")
		}
		return nil
	}
	if o.posted == nil || o.posted.Kind != codec.KindSettlement || ref.Workload != o.posted.Workload {
		return badDispute("a shard that is not of the target")
	}
	if o.kept != nil {
		o.d.Fault, o.d.Output, o.d.Units = o.kept.Dispute.Fault, o.kept.Dispute.Output, o.kept.Dispute.Units
		return nil
	}
	_, body := decodeLogged(o.target)
	manifest := o.lookUp(body.(*codec.Settlement).Shards.Blob)
	if manifest == nil {
		return badDispute("the target's manifest is not kept any more")
	}
	entries, err := codec.DecodeManifest(manifest)
	if err != nil {
		panic("settlement: the manifest of a settlement does not decode: " + err.Error())
	}
	for i := range entries {
		if e := &entries[i]; e.Index == ref.Index && e.Replica == ref.Replica {
			provider := e.Provider
			o.d.Fault, o.d.Output, o.d.Units = &provider, e.Output.Hash, e.Units
			return nil
		}
	}
	return badDispute("a shard that the manifest does not have")
}

// ruling is ops 3 and 4.
func (j *judgement) ruling(b *codec.Dispute, d *Dispute) *codec.Refusal {
	status, accepted := StatusRejected, uint64(0)
	if b.Op == codec.DisputeAccept {
		status, accepted = StatusAccepted, *b.Amount
	}
	if accepted > d.Amount { // 15
		return badDispute("more is accepted than was claimed")
	}
	if r := j.evidenceSizes(b); r != nil { // 16
		return r
	}
	if r := j.verdict(b.Verdict, d, status); r != nil { // 18
		return r
	}
	return j.endDispute(d, status, accepted)
}

// verdict is row 18: the result of executing the disputed shard again decides on what
// it is about.
func (j *judgement) verdict(v *codec.Verdict, d *Dispute, status DisputeStatus) *codec.Refusal {
	executed := d.Claim == codec.ClaimWrongOutput || d.Claim == codec.ClaimWrongUnits
	switch {
	case v == nil && executed:
		return badDispute("this claim is ruled by executing the shard again")
	case v == nil:
		return nil
	case d.Shard == nil || v.Expected != d.Output:
		return badDispute("expected is not the output in the manifest")
	}
	if r := j.adjudicators(v.Adjudicators); r != nil || !executed {
		return r
	}
	wrong := v.Recomputed != v.Expected
	if d.Claim == codec.ClaimWrongUnits {
		wrong = v.Units != d.Units
	}
	if wrong != (status == StatusAccepted) {
		return badDispute("the re-execution says the opposite")
	}
	return nil
}

// leastAdjudicators is how many parties must have executed a shard again.
const leastAdjudicators = 2

func (j *judgement) adjudicators(list []codec.ID) *codec.Refusal {
	if len(list) < leastAdjudicators {
		return badDispute("too few adjudicators")
	}
	seen := make(map[codec.ID]bool, len(list))
	for _, id := range list {
		party := j.v.Party(id)
		switch {
		case seen[id]:
			return badDispute("an adjudicator stands twice")
		case party == nil:
			return codec.Refuse(codec.CodeUnknownParty, "no party "+id.String())
		case party.Role != codec.RoleAuditor && party.Role != codec.RoleArbiter:
			return codec.Refuse(codec.CodeWrongRole, "an adjudicator is a "+party.Role.String())
		}
		seen[id] = true
	}
	return nil
}
