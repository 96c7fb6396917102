package codec

import (
	"slices"
	"strings"
)

func repeat[T any](x T, n int) []T { return slices.Repeat([]T{x}, n) }

// An edge is a limit: with makes a value that reaches it with n = most.
type edge struct {
	name string
	most int
	with func(n int) any // pointer to a value
}

func textOf(n int) string { return strings.Repeat("a", n) }

func settlementWith(change func(*Settlement)) any { x := sampleSettlement(); change(x); return x }

func batchWith(change func(*Batch)) any { x := sampleBatch(); change(x); return x }

func policyWith(change func(*Policy)) any { x := samplePolicy(); change(x); return x }

func genesisWith(change func(*Genesis)) any { x := sampleGenesis(); change(x); return x }

func partyWith(change func(*Party)) any { x := sampleParty(); change(x); return x }

func commandOf(c Command) any { c.Version, c.Stamp = 1, t0; return &c }

var edges = []edge{
	{"disclosures", MaxDisclosures, func(n int) any {
		return settlementWith(func(s *Settlement) { s.Disclosures = repeat(hash(1), n) })
	}},
	{"artifacts", MaxArtifacts, func(n int) any {
		return settlementWith(func(s *Settlement) { s.Artifacts = repeat(Artifact{}, n) })
	}},
	{"plan proof", MaxPlanProof, func(n int) any {
		return settlementWith(func(s *Settlement) { s.PlanProof = repeat(hash(1), n) })
	}},
	{"program family", MaxProgramText, func(n int) any {
		return settlementWith(func(s *Settlement) { s.Program.Family = textOf(n) })
	}},
	{"program profile", MaxProgramText, func(n int) any {
		return settlementWith(func(s *Settlement) { s.Program.Profile = textOf(n) })
	}},
	{"components", MaxComponents, func(n int) any {
		return &Detail{Components: repeat(Component{}, n), Postings: repeat(*samplePosting(), 1)}
	}},
	{"postings", MaxPostings, func(n int) any {
		return &Detail{Components: repeat(Component{}, 1), Postings: repeat(*samplePosting(), n)}
	}},
	{"postings of a correction", MaxPostings, func(n int) any {
		return &Correction{Postings: repeat(*samplePosting(), n)}
	}},
	{"shards", MaxShards, func(n int) any {
		return new(repeat(ShardEntry{Inputs: []Blob{}}, n))
	}},
	{"inputs of a shard", MaxShardInputs, func(n int) any {
		return &[]ShardEntry{{Inputs: repeat(Blob{}, n)}}
	}},
	{"inputs of a manifest", MaxManifestInputs, func(n int) any {
		entries := repeat(ShardEntry{Inputs: repeat(Blob{}, 8)}, n/8)
		return new(append(entries, ShardEntry{Inputs: repeat(Blob{}, n%8)}))
	}},
	{"record", MaxRecord, func(n int) any {
		return &Record{Version: 1, Kind: KindEvent, Body: make([]byte, n-9)}
	}},
	{"signatures", MaxSignatures, func(n int) any { return recordSignedBy(n) }},
	{"origin of a batch", MaxOrigin, func(n int) any {
		return batchWith(func(b *Batch) { b.Origin = textOf(n) })
	}},
	{"records of a batch", MaxBatchRecords, func(n int) any {
		return batchWith(func(b *Batch) { b.Records = repeat([]byte{0xa0}, n) })
	}},
	{"record in a batch", MaxRecord, func(n int) any {
		return batchWith(func(b *Batch) { b.Records = [][]byte{make([]byte, n)} })
	}},
	{"attachments", MaxAttachments, func(n int) any {
		return batchWith(func(b *Batch) { b.Attachments = repeat([]byte{0xa0}, n) })
	}},
	{"attachment", MaxAttachment, func(n int) any {
		return batchWith(func(b *Batch) { b.Attachments = [][]byte{make([]byte, n)} })
	}},
	{"records and attachments", MaxBatchBytes, func(n int) any {
		return batchWith(func(b *Batch) {
			b.Records = [][]byte{make([]byte, n-2*(MaxAttachment-8_000)), make([]byte, 0)}
			b.Attachments = repeat(make([]byte, MaxAttachment-8_000), 2)
		})
	}},
	{"batches of a command", MaxCommandBatches, func(n int) any {
		return commandOf(Command{Kind: CommandBatches, Batches: repeat([]byte{0xa0}, n)})
	}},
	{"command", MaxCommand, func(n int) any {
		half := (MaxCommand - 64) / 2
		return commandOf(Command{Kind: CommandBatches, Batches: [][]byte{make([]byte, half), make([]byte, n-half-27)}})
	}},
	{"note A", MaxNote, func(n int) any {
		return commandOf(Command{Kind: CommandCheckpointCommit, Commit: &CheckpointCommit{NoteA: make([]byte, n), NoteB: []byte{}}})
	}},
	{"note B", MaxNote, func(n int) any {
		return commandOf(Command{Kind: CommandCheckpointCommit, Commit: &CheckpointCommit{NoteA: []byte{}, NoteB: make([]byte, n)}})
	}},
	{"server id", MaxName, func(n int) any {
		return commandOf(Command{Kind: CommandNodeStart, Start: &NodeStart{Server: textOf(n)}})
	}},
	{"API address", MaxName, func(n int) any {
		return commandOf(Command{Kind: CommandNodeStart, Start: &NodeStart{API: textOf(n)}})
	}},
	{"origin A", MaxOrigin, func(n int) any { return genesisWith(func(g *Genesis) { g.OriginA = textOf(n) }) }},
	{"origin B", MaxOrigin, func(n int) any { return genesisWith(func(g *Genesis) { g.OriginB = textOf(n) }) }},
	{"ledger name", MaxName, func(n int) any { return genesisWith(func(g *Genesis) { g.Name = textOf(n) }) }},
	{"software", MaxName, func(n int) any { return genesisWith(func(g *Genesis) { g.Software = textOf(n) }) }},
	{"founders", MaxParties, func(n int) any {
		return genesisWith(func(g *Genesis) { g.Parties = repeat([]byte{0xa0}, n) })
	}},
	{"witnesses", MaxWitnesses, func(n int) any {
		return genesisWith(func(g *Genesis) { g.Witnesses = repeat("w", n) })
	}},
	{"witness key", MaxWitnessKey, func(n int) any {
		return genesisWith(func(g *Genesis) { g.Witnesses = []string{textOf(n)} })
	}},
	{"rates", MaxRates, func(n int) any { return policyWith(func(p *Policy) { p.Rates = repeat(Rate{}, n) }) }},
	{"adapter shares", MaxPolicyList, func(n int) any {
		return policyWith(func(p *Policy) { p.AdapterShares = repeat(AdapterShare{}, n) })
	}},
	{"programs", MaxPolicyList, func(n int) any {
		return policyWith(func(p *Policy) { p.Programs = repeat(Allowed{Code: []byte{}}, n) })
	}},
	{"prices", MaxPrices, func(n int) any {
		return policyWith(func(p *Policy) { p.Prices = new(repeat(CreditPrice{Currency: "EUR"}, n)) })
	}},
	{"currency", MaxCurrency, func(n int) any {
		return policyWith(func(p *Policy) { p.Prices = &[]CreditPrice{{Currency: textOf(n)}} })
	}},
	{"floors", Classes, func(n int) any { return policyWith(func(p *Policy) { p.Floors = repeat(Floor{}, n) }) }},
	{"unit limits", Classes, func(n int) any {
		return policyWith(func(p *Policy) { p.Limits.MaxUnits = make([]uint64, n) })
	}},
	{"keys", MaxPartyKeys, func(n int) any { return partyWith(func(p *Party) { p.Keys = repeat(Key{}, n) }) }},
	{"proofs of possession", MaxPartyKeys, func(n int) any { return partyWith(func(p *Party) { p.Pop = repeat(sig(1), n) }) }},
	{"capabilities", MaxPolicyList, func(n int) any {
		return partyWith(func(p *Party) { p.Capabilities = new(repeat(hash(1), n)) })
	}},
	{"adjudicators", MaxAdjudicators, func(n int) any {
		x := sampleDispute()
		x.Verdict.Adjudicators = repeat(id(1), n)
		return x
	}},
	{"evidence", MaxArtifacts, func(n int) any {
		x := sampleDispute()
		x.Evidence = new(repeat(Artifact{}, n))
		return x
	}},
	{"contested lines", MaxPostings, func(n int) any {
		x := sampleDispute()
		x.Lines = new(repeat(HeldLine{}, n))
		return x
	}},
	{"counts", Kinds, func(n int) any {
		x := sampleCycle()
		x.Counts = make([]uint64, n)
		return x
	}},
	{"findings", MaxFindings, func(n int) any {
		x := sampleAudit()
		x.Findings = new(make([]uint64, n))
		return x
	}},
	{"platform", MaxName, func(n int) any {
		x := sampleAudit()
		x.Env.Platform = textOf(n)
		return x
	}},
	{"discounts", MaxPolicyList, func(n int) any {
		return &sealed[[]Discount]{Value: repeat(Discount{}, n)}
	}},
	{"quotas", MaxQuotas, func(n int) any { return &sealed[[]Quota]{Value: repeat(Quota{}, n)} }},
	{"quota value", MaxName, func(n int) any { return &sealed[[]Quota]{Value: []Quota{{Value: textOf(n)}}} }},
	{"labels", MaxDisclosures, func(n int) any { return &sealed[[]Label]{Value: repeat(Label{}, n)} }},
	{"label", MaxName, func(n int) any { return &sealed[[]Label]{Value: []Label{{Label: textOf(n)}}} }},
	{"label value", MaxName, func(n int) any { return &sealed[[]Label]{Value: []Label{{Value: textOf(n)}}} }},
}

func recordSignedBy(n int) *Record {
	rec := &Record{Version: 1, Kind: KindGenesis, Body: []byte{0xa0}, Signatures: make([]Signature, n)}
	for i := range rec.Signatures {
		rec.Signatures[i].Key[0], rec.Signatures[i].Key[1] = byte(i>>8), byte(i)
	}
	return rec
}
