package settlement

import (
	"fmt"

	"github.com/forgepool/settle/codec"
	"github.com/forgepool/settle/proof"
)

// Kept is what the state holds of an appended record whose blobs were pruned (docs/formats/
// records.md section 2): what the blobs alone would say.
type Kept struct {
	Posted  *Posted  // by a settlement or an adjustment
	Dispute *Dispute // opened about a shard, as it is at any later time
}

// JudgePruned is Judge for a record that was appended at the index at hand and of which a
// blob with content was pruned since: the manifest or the detail of a settlement, the
// detail of an adjustment, or the manifest of the settlement whose shard a dispute is
// about. kept stands for it. All rules run that need no blob. The lines of a settlement
// must have the root that the record states and add up to its charge, split and units;
// those of an adjustment pass every rule, because salts alone are missing. Work key and
// replay token, and of a dispute the provider, output and units of the shard, are taken
// as they are.
func JudgePruned(v View, p *Prepared, i int, kept Kept, c *Change) Verdict {
	return judge(v, p, i, &kept, c)
}

// prunedSettlement is settlement without the manifest or the detail.
func (j *judgement) prunedSettlement() *codec.Refusal {
	own := *j.rec.Settlement
	s := settling{judgement: j, PreparedSettlement: &own}
	s.work = s.v.Workload(own.Body.Author, own.Body.Workload)
	for _, rule := range [...]func() *codec.Refusal{
		s.sums, s.workload, s.terms, s.planner, s.verified, // A6, 10-19, 22
		s.keptLines, s.history, s.keptWork, s.keptLabels, // 24-29, 31, 33
		s.usages, s.balances,
	} {
		if r := rule(); r != nil {
			return r
		}
	}
	s.post()
	kept := s.kept.Posted
	s.change.WorkKey, s.change.Posted.WorkKey = kept.WorkKey, kept.WorkKey
	return nil
}

// keptLines is rows 24 to 26 as far as the lines that were kept tell.
func (s *settling) keptLines() *codec.Refusal {
	kept, b := s.kept.Posted.Lines, &s.Body
	root, credit, debit, err := linesRoot(kept)
	switch {
	case err != nil:
		return badPostings(err.Error())
	case b.Postings != codec.PostingsRef{N: uint64(len(kept)), Root: root}:
		return badPostings("the kept lines do not have the root of the record")
	case credit != debit || debit != b.Charge:
		return codec.Refuse(codec.CodeUnbalanced, "the kept lines do not add up to the charge")
	case len(kept) == 0 || kept[0].Role != codec.RoleCustomer || kept[0].Party != s.work.Customer:
		return badPostings("the kept lines do not begin with the customer")
	}
	s.Credit, s.Debit = credit, debit
	return s.restoreLines(kept)
}

// restoreLines makes lines of those that were kept, and adds up who got what.
func (s *settling) restoreLines(kept []Line) *codec.Refusal {
	shares := make([]Share, len(kept))
	var split codec.Split
	units, fits := uint64(0), true
	s.hashes, s.lines = make([]codec.Hash, len(kept)), make([]postingLine, len(kept))
	for i := range kept {
		l := &kept[i]
		s.hashes[i] = l.Hash
		s.lines[i] = postingLine{role: l.Role, party: l.Party, side: l.Side, amount: l.Amount}
		switch l.Role {
		case codec.RoleProvider:
			shares[i].Units = l.Units
			s.lines[i].share = &shares[i]
			split.Providers += l.Amount
			if units, fits = sum(units, l.Units); !fits {
				return overflow("units of the kept lines")
			}
		case codec.RoleAdapter:
			split.Adapter += l.Amount
		case codec.RolePlatform:
			split.Platform += l.Amount
		}
	}
	if split != s.Body.Split || units != s.Body.Shards.Units {
		return codec.Refuse(codec.CodeWrongSplit, "the kept lines do not add up to split and units")
	}
	return nil
}

// linesRoot is PostingsRoot of lines whose posting hashes were kept.
func linesRoot(lines []Line) (root codec.Hash, credit, debit uint64, err error) {
	leaves := make([]proof.SumLeaf, len(lines))
	for i := range lines {
		key := proof.LineKey(uint16(i))
		leaves[i] = proof.SumLeaf{Key: key[:], Count: 1, Payload: lines[i].Hash}
		switch lines[i].Side {
		case codec.Credit:
			leaves[i].Sums[proof.Credit] = lines[i].Amount
		case codec.Debit:
			leaves[i].Sums[proof.Debit] = lines[i].Amount
		default:
			return root, 0, 0, fmt.Errorf("line %d has side %d", i, lines[i].Side)
		}
	}
	root, totals, err := proof.SumRoot(proof.SumPostings, leaves)
	return root, totals.Sums[proof.Credit], totals.Sums[proof.Debit], err
}

// keptWork is row 31 as far as the key tells that was kept: a replay's does not lead back
// to the work key.
func (s *settling) keptWork() *codec.Refusal {
	s.WorkKey, s.Token = s.kept.Posted.WorkKey, s.kept.Posted.Token
	if s.v.WorkUse(s.WorkKey) != nil {
		return codec.Refuse(codec.CodeBadReplay, "the kept work key was used before")
	}
	return nil
}

// keptLabels is row 33. The state keeps opened labels.
func (s *settling) keptLabels() *codec.Refusal {
	if s.Body.Labels != nil && !s.has[blobLabels] {
		blob, r := s.blob(*s.Body.Labels)
		if r != nil {
			return r
		}
		s.load(blobLabels, blob)
	}
	return s.labelsFault
}

// restore makes postings of lines that were kept. Nothing but their salts and reasons is
// missing, and the rules look at neither.
func (a *PreparedAdjustment) restore(kept *Posted) {
	root, credit, debit, err := linesRoot(kept.Lines)
	if err != nil || a.Body.Postings != (codec.PostingsRef{N: uint64(len(kept.Lines)), Root: root}) {
		a.postingsFault = badPostings("the kept lines do not have the root of the record")
		return
	}
	a.loaded, a.credit, a.debit = true, credit, debit
	a.postings, a.hashes = make([]codec.Posting, len(kept.Lines)), make([]codec.Hash, len(kept.Lines))
	for i := range kept.Lines {
		l := &kept.Lines[i]
		a.hashes[i] = l.Hash
		a.postings[i] = codec.Posting{Line: uint64(i), Role: l.Role, Party: l.Party, Side: l.Side, Amount: l.Amount}
		if l.Ref != nil {
			a.postings[i].RefIndex, a.postings[i].RefLine = &l.Ref.Index, &l.Ref.Line
		}
	}
}
