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

	cuts  = schema[uint64, *settlement.Closing]{spaceFrozen, indexSpace(spaceFrozen), encodeFrozen, decodeFrozen}
	lists = schema[listKey, list]{
		spaceList, func(b []byte, k listKey) []byte { return k.append(b, spaceList) }, encodeList, decodeList[listKey],
	}
	tokens = schema[codec.Hash, list]{spaceToken, hashSpace(spaceToken), encodeList, decodeList[codec.Hash]}
	ends   = schema[uint64, cycleEnd]{spaceEnd, indexSpace(spaceEnd), encodeEnd, decodeEnd}
	guards = schema[codec.Hash, uint64]{spaceGuard, hashSpace(spaceGuard), encodeGuard, decodeGuard}
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

	cuts   table[uint64, *settlement.Closing]
	lists  table[listKey, list]
	tokens table[codec.Hash, list]
	marks  table[string, bool]
	ends   table[uint64, cycleEnd]
	guards table[codec.Hash, uint64]
}

// fewEntries bounds the caches of spaces of which little is in use at a time.
const fewEntries = 256

func newBooks(entries int, known *filter) books {
	few := min(entries, fewEntries)
	b := books{
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

		cuts:   newTable(cuts, nil, 0),
		lists:  newTable(lists, nil, entries),
		tokens: newTable(tokens, known, 0),
		marks:  newTable(marks, nil, 0),
		ends:   newTable(ends, nil, few),
		guards: newTable(guards, nil, 0),
	}
	b.lists.ready = func(w *writer, k listKey, x list) list { x.flush(w, k); return x }
	b.tokens.ready = func(w *writer, token codec.Hash, x list) list { x.flush(w, tokenList(token)); return x }
	b.marks.gone = func(there bool) bool { return !there }
	b.guards.gone = func(disputes uint64) bool { return disputes == 0 }
	return b
}

func (b *books) spaces() []space {
	return []space{
		&b.postings, &b.reversed, &b.holds, &b.usages, &b.disputes, &b.rulings, &b.contests,
		&b.cycles, &b.intents, &b.commits, &b.attestations, &b.cuts, &b.lists, &b.tokens, &b.marks,
		&b.ends, &b.guards,
	}
}
