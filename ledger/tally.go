package ledger

import (
	"github.com/cockroachdb/pebble/v2"

	"github.com/forgepool/settle/codec"
	"github.com/forgepool/settle/proof"
	"github.com/forgepool/settle/settlement"
)

// tally is what runs up during a cycle for its close (docs/formats/records.md section
// 6.8). It is one value of the state, under one key.
type tally struct {
	counts     [codec.Kinds]uint64
	journal    *proof.SumRange // sum tree type 4
	batches    mth             // commitments of the batches with stored outcomes
	unfinished uint64          // workloads in states 1 to 5, of any cycle
	disputes   uint64          // open ones, of any cycle
	held       uint64          // on all postings of all cycles, micro-Credits
	released   uint64          // decrease of holds since the last cut, line by line
	sweep      sweep           // of attachments, of any cycle
}

func newTally() tally {
	return tally{journal: newSumRange(proof.SumJournal), sweep: sweep{next: settlement.Forever}}
}

// copyFrom makes t equal to x; they share nothing that changes.
func (t *tally) copyFrom(x *tally) {
	journal := t.journal
	journal.CopyFrom(x.journal)
	*t = *x
	t.journal = journal
}

// post adds the postings of a record to the journal.
func (t *tally) post(p *settlement.Posted, leaf codec.Hash) {
	entry := journalLeaf(p, leaf)
	if err := t.journal.Append(&entry); err != nil {
		panic("ledger: a record does not fit the journal: " + err.Error())
	}
}

// work counts a workload that changed its state.
func (t *tally) work(before, now codec.State) {
	if unfinished(now) {
		t.unfinished++
	}
	if unfinished(before) {
		t.unfinished--
	}
}

func unfinished(s codec.State) bool { return s >= codec.StatePending && s <= codec.StateAggregating }

// hold takes in the new hold on a line. The rules keep the sum of all holds below 2^63,
// and what is released is at most what was held at the cut.
func (t *tally) hold(open uint64, before, now *settlement.Hold) {
	cut := now.AtCut(open)
	if before != nil {
		t.held -= before.Now
		t.released -= below(cut, before.Now)
	}
	t.held += now.Now
	t.released += below(cut, now.Now)
}

// below returns by how much x is below limit, 0 if it is not.
func below(limit, x uint64) uint64 {
	if x < limit {
		return limit - x
	}
	return 0
}

// dispute counts a dispute that changed.
func (t *tally) dispute(before, now *settlement.Dispute) {
	if now.Status == settlement.StatusOpen {
		t.disputes++
	}
	if before != nil && before.Status == settlement.StatusOpen {
		t.disputes--
	}
}

// next begins the next cycle: what a cut counts from the cut before begins again.
func (t *tally) next() {
	t.counts, t.batches, t.released = [codec.Kinds]uint64{}, mth{}, 0
	t.journal = newSumRange(proof.SumJournal)
}

func (t *tally) encode(b []byte) []byte {
	b = appendUvarints(b, t.counts[:]...)
	b = appendUvarints(b, t.unfinished, t.disputes, t.held, t.released)
	b = appendUvarints(b, t.sweep.cycle, t.sweep.batch, t.sweep.next, t.sweep.debt, t.batches.size)
	b = appendHashes(b, t.batches.nodes)
	return proof.AppendSumRange(b, t.journal)
}

func decodeTally(data []byte) (t tally, ok bool) {
	v := values{b: data}
	for i := range t.counts {
		t.counts[i] = v.uvarint()
	}
	t.unfinished, t.disputes, t.held, t.released = v.uvarint(), v.uvarint(), v.uvarint(), v.uvarint()
	t.sweep = sweep{v.uvarint(), v.uvarint(), v.uvarint(), v.uvarint()}
	t.batches = mth{v.uvarint(), v.hashes()}
	var err error
	t.journal, err = proof.DecodeSumRange(proof.SumJournal, v.b)
	return t, !v.bad && err == nil && t.batches.fits()
}

var tallyKey = []byte{spaceTally}

// sealTally writes the running values. The store has them from the first commit on.
func (s *state) sealTally(w *writer) {
	w.state.sub(s.tallyTerm)
	w.key, w.value = append(w.key[:0], tallyKey...), s.now.encode(w.value[:0])
	s.tallyTerm = w.put()
}

// loadTally reads the running values.
func (s *state) loadTally(r pebble.Reader) error {
	data, err := fetch(r, tallyKey)
	if err != nil {
		return damaged(NoIndex, err, "no running values")
	}
	t, ok := decodeTally(data)
	if !ok {
		return damaged(NoIndex, nil, "running values do not decode")
	}
	s.now = t
	s.past.copyFrom(&t)
	s.tallyTerm, _ = term(nil, tallyKey, data)
	return nil
}
