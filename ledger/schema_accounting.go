package ledger

import (
	"github.com/forgepool/settle/codec"
	"github.com/forgepool/settle/settlement"
)

// The spaces of the state that corrections, disputes, cycles and audits work on.
var (
	postings = schema[uint64, *settlement.Posted]{spacePosted, indexSpace(spacePosted), encodePosted, decodePosted}
	reversed = schema[settlement.LineRef, uint64]{spaceReversed, lineSpace(spaceReversed), encodeReversed, decodeReversed}
	holds    = schema[settlement.LineRef, *settlement.Hold]{spaceHold, lineSpace(spaceHold), encodeHold, decodeHold}
	usages   = schema[settlement.Scope, *settlement.Usage]{spaceUsage, appendScope, encodeUsage, decodeUsage}
	disputes = schema[uint64, *settlement.Dispute]{spaceDispute, indexSpace(spaceDispute), encodeDispute, decodeDispute}
	rulings  = schema[uint64, uint64]{spaceRuling, indexSpace(spaceRuling), encodeIndex, decodeIndex}
	contests = schema[uint64, *settlement.Contest]{spaceContest, indexSpace(spaceContest), encodeContest, decodeContest}
	cycles   = schema[uint64, *settlement.Cycle]{spaceCycle, indexSpace(spaceCycle), encodeCycle, decodeCycle}
	intents  = schema[audit, *settlement.Intent]{spaceIntent, appendAudit, encodeIntent, decodeIntent}
	commits  = schema[codec.Hash, uint64]{spaceCommit, hashSpace(spaceCommit), encodeCommit, decodeCommit}

	attestations = schema[uint64, *settlement.Attestation]{
		spaceAttestation, indexSpace(spaceAttestation), encodeAttestation, decodeAttestation,
	}
)

// books are the tables of these spaces.
type books struct {
	postings table[uint64, *settlement.Posted]
	reversed table[settlement.LineRef, uint64]
	holds    table[settlement.LineRef, *settlement.Hold]
	usages   table[settlement.Scope, *settlement.Usage]
	disputes table[uint64, *settlement.Dispute]
	rulings  table[uint64, uint64]
	contests table[uint64, *settlement.Contest]
	cycles   table[uint64, *settlement.Cycle]
	intents  table[audit, *settlement.Intent]
	commits  table[codec.Hash, uint64]

	attestations table[uint64, *settlement.Attestation]
}

// fewEntries bounds the caches of spaces of which little is in use at a time.
const fewEntries = 256

func newBooks(entries int) books {
	few := min(entries, fewEntries)
	return books{
		postings: newTable(postings, nil, 0),
		reversed: newTable(reversed, nil, few),
		holds:    newTable(holds, nil, few),
		usages:   newTable(usages, nil, entries),
		disputes: newTable(disputes, nil, few),
		rulings:  newTable(rulings, nil, 0),
		contests: newTable(contests, nil, few),
		cycles:   newTable(cycles, nil, few),
		intents:  newTable(intents, nil, few),
		commits:  newTable(commits, nil, 0),

		attestations: newTable(attestations, nil, few),
	}
}

func (b *books) spaces() []space {
	return []space{
		&b.postings, &b.reversed, &b.holds, &b.usages, &b.disputes, &b.rulings, &b.contests,
		&b.cycles, &b.intents, &b.commits, &b.attestations,
	}
}

// acceptBooks writes what a record did to postings, disputes, cycles and audits.
func (s *state) acceptBooks(index uint64, c *settlement.Change) {
	if c.Posted != nil {
		s.postings.create(index, c.Posted)
	}
	for _, u := range c.Usages {
		s.usages.put(s.db, u.Scope, u)
	}
	for _, r := range c.Reversed {
		s.reversed.put(s.db, r.LineRef, r.Amount)
	}
	for _, h := range c.Holds {
		s.holds.put(s.db, h.LineRef, h)
	}
	if c.Dispute != nil {
		s.disputes.put(s.db, c.Dispute.Opened, c.Dispute)
	}
	if c.Ruling != nil {
		s.rulings.put(s.db, c.Ruling.Index, c.Ruling.Opened)
	}
	if c.Contest != nil {
		s.contests.put(s.db, c.Contest.Target, c.Contest)
	}
	for _, x := range c.Cycles {
		s.cycles.put(s.db, x.Number, x)
	}
	if c.Intent != nil {
		s.intents.put(s.db, audit{c.Intent.Cycle, c.Intent.Auditor}, c.Intent)
		s.commits.put(s.db, c.Intent.Commit, c.Intent.Index)
	}
	if c.Attestation != nil {
		s.attestations.put(s.db, c.Attestation.Index, c.Attestation)
	}
}
