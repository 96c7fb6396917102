package ledger

import (
	"encoding/binary"
	"fmt"

	"github.com/forgepool/settle/codec"
	"github.com/forgepool/settle/settlement"
)

// How entries reach the store. Apply is the only writer and knows three layers:
//
//	trees     open tiles in memory; closed tiles go into the Pebble batch
//	overlay   values of the state that the entries at hand changed (table)
//	store     Pebble, as of the last commit
//
// A batch of records is judged record by record on the overlay. If it fails as a
// whole its writes are taken back and nothing of it remains; otherwise the overlay
// keeps them, its records go to the trees, and its value to the Pebble batch.
// commit closes a run of entries: each changed key is written and counted in the
// state sum once, however often it changed. Where runs end depends on memory and on
// how entries arrive, never on what is stored; only checkpoint intents force an end,
// because they need the state sum at their place in the log.

// Entry is one committed raft entry. An entry with neither command nor configuration
// only moves the applied index.
type Entry struct {
	Index uint64
	Term  uint64
	// Command is an encoded codec.Command.
	Command []byte
	// Configuration is a raft configuration, instead of a command.
	Configuration []byte
	// Decoded and Prepared are what PrepareCommand returned for Command in this
	// process; nil: Apply prepares.
	Decoded  *codec.Command
	Prepared []*settlement.Prepared
}

// Result is what an entry did. Exactly the fields of its kind are set; Refusal says
// why a command did nothing.
type Result struct {
	Batches    []BatchResult // kind 1: one per batch
	Intent     *Roots        // kind 2: our own roots, to be attested
	Published  bool          // kind 3: the checkpoint is stored
	Divergence *Divergence   // kind 3: a majority attested what we do not have
	Refusal    *codec.Refusal
}

// BatchResult is the fate of one batch: outcomes, or a fault of the whole batch.
type BatchResult struct {
	Outcomes []codec.Outcome
	Known    bool // the outcomes were stored before
	Fault    *codec.Refusal
}

// commitBytes bounds the size of one Pebble batch, and so memory: an entry is begun only
// below it. retainBytes is how much room the batch keeps for the next one; an entry of
// 4 MiB of small records makes about three times as much.
const (
	commitBytes = 4 << 20
	retainBytes = 16 << 20
)

// Apply applies entries in order and returns one result for each. Entries up to the
// applied index are answered from what is stored and change nothing; a higher index
// must follow. Nothing that an entry can contain is an error: a refusal is a value.
// Apply panics if the store fails or contradicts itself, with an *IntegrityError in
// the latter case.
func (l *Ledger) Apply(entries []Entry) []Result {
	l.mergeWarm()
	results := make([]Result, len(entries))
	for i := range entries {
		e := &entries[i]
		if e.Index <= l.applied.Index {
			results[i] = l.answerAgain(e)
			continue
		}
		results[i] = l.applyEntry(e)
		if l.w.batch.Len() > commitBytes {
			l.commit()
		}
	}
	l.commit()
	return results
}

// applyEntry applies a new entry.
func (l *Ledger) applyEntry(e *Entry) (r Result) {
	defer func() { l.applied.Index, l.applied.Term, l.changed = e.Index, e.Term, true }()
	if e.Configuration != nil {
		l.w.value = binary.BigEndian.AppendUint64(l.w.value[:0], e.Index)
		l.w.value = append(l.w.value, e.Configuration...)
		l.w.set(keyConfig, l.w.value)
		l.applied.ConfigIndex = e.Index
		return r
	}
	if e.Command == nil && e.Decoded == nil {
		return r
	}
	cmd, prepared, err := e.decoded()
	if err != nil {
		return Result{Refusal: codec.Refuse(codec.CodeMalformed, err.Error())}
	}
	switch cmd.Kind {
	case codec.CommandBatches:
		return l.applyBatches(prepared, cmd.Stamp)
	case codec.CommandCheckpointIntent:
		return l.applyIntent(e, *cmd.Size)
	case codec.CommandCheckpointCommit:
		return l.applyCheckpoint(cmd.Commit)
	default:
		return l.applyNodeStart(cmd.Start)
	}
}

// decoded returns what was prepared ahead, or prepares now.
func (e *Entry) decoded() (*codec.Command, []*settlement.Prepared, error) {
	if e.Decoded != nil && len(e.Prepared) == len(e.Decoded.Batches) {
		return e.Decoded, e.Prepared, nil
	}
	return PrepareCommand(e.Command)
}

func (l *Ledger) applyBatches(prepared []*settlement.Prepared, stamp uint64) Result {
	r := Result{Batches: make([]BatchResult, len(prepared))}
	for i, p := range prepared {
		r.Batches[i] = l.applyBatch(p, stamp)
	}
	return r
}

// applyBatch judges a batch and keeps or discards its effect.
func (l *Ledger) applyBatch(p *settlement.Prepared, stamp uint64) BatchResult {
	s := l.state
	s.moment = settlement.Moment{
		Index: l.treeA.size, Stamp: stamp, Time: max(l.applied.Time, stamp), Cycle: l.applied.Cycle,
	}
	if r := settlement.CheckForm(s, p); r != nil {
		return BatchResult{Fault: r}
	}
	number, known := s.batchIDs.get(s.db, pair{p.Batch.Submitter, p.Batch.ID})
	if known {
		if b := l.storedBatch(number); b.Digest == p.Digest {
			return BatchResult{Outcomes: b.Outcomes, Known: true}
		}
	}
	if r := settlement.CheckSubmitter(s, p); r != nil {
		return BatchResult{Fault: r}
	}
	if known {
		return BatchResult{Fault: codec.Refuse(codec.CodeBatchConflict, "the batch id stands for other content")}
	}
	if r := settlement.CheckClock(s, p, stamp); r != nil {
		return BatchResult{Fault: r}
	}
	outcomes, fault := l.judge(p)
	if fault != nil {
		s.revert()
		return BatchResult{Fault: fault}
	}
	l.keepBatch(p, outcomes)
	return BatchResult{Outcomes: outcomes}
}

// touchAhead is for how many records the filter is read ahead: few enough that their
// lines stay in the processor's first cache.
const touchAhead = 128

// judge decides on each record in order; those accepted stand in l.records. A fault
// is one of the whole batch.
func (l *Ledger) judge(p *settlement.Prepared) ([]codec.Outcome, *codec.Refusal) {
	s := l.state
	outcomes := make([]codec.Outcome, len(p.Records))
	l.records, l.namings = l.records[:0], l.namings[:0]
	for i := range p.Records {
		if i%touchAhead == 0 {
			s.touch(p.Records[i:min(i+touchAhead, len(p.Records))])
		}
		rec := &p.Records[i]
		l.change = settlement.Change{}
		v := settlement.Judge(s, p, i, &l.change)
		if v.BatchFault {
			return nil, v.Refusal
		}
		outcomes[i] = v.Outcome()
		switch {
		case v.Kind == codec.Appended:
			link := s.accept(arrivalOf(rec, v.Index), &l.change)
			l.records = append(l.records, record{rec.Bytes, i, link, rec.LeafA, rec.LeafB})
			l.namings = rec.AppendNamings(l.namings)
			s.moment.Index++
		case v.Kind == codec.Refused && p.Batch.IsAtomic():
			s.revert()
			l.records, l.namings = l.records[:0], l.namings[:0]
			return aborted(outcomes, i), nil
		}
	}
	return outcomes, nil
}

// aborted gives every record but the refused one the code of an aborted batch.
func aborted(outcomes []codec.Outcome, refused int) []codec.Outcome {
	for i := range outcomes {
		if i != refused {
			outcomes[i] = codec.Outcome{Kind: codec.Refused, Code: codec.CodeBatchAborted}
		}
	}
	return outcomes
}

// keepBatch stores a judged batch whose accepted records stand in l.records.
func (l *Ledger) keepBatch(p *settlement.Prepared, outcomes []codec.Outcome) {
	b := p.Batch
	stored := &StoredBatch{
		Submitter: b.Submitter, ID: b.ID, Key: b.Key, Sent: b.Sent, Atomic: b.Atomic,
		Root: p.Root, Digest: p.Digest, Signature: b.Signature, Stamp: l.state.moment.Stamp,
		Outcomes: outcomes, Leaves: make([]codec.Hash, len(outcomes)),
	}
	for i := range p.Records {
		stored.Leaves[i] = p.Records[i].LeafA
	}
	l.keepStored(stored, p.Attachments)
}

// keepStored gives the batch its number and stores records, attachments, header and
// outcomes. A batch of which nothing was appended keeps no attachments.
func (l *Ledger) keepStored(b *StoredBatch, blobs []settlement.Attachment) {
	l.applied.Batches++
	l.applied.Time = l.state.moment.Time
	b.Number, b.Time = l.applied.Batches, l.applied.Time
	l.state.batchIDs.create(pair{b.Submitter, b.ID}, b.Number)
	brought := uint64(0)
	if len(l.records) > 0 {
		l.writeRecords(BatchRef{Submitter: b.Submitter, Batch: b.ID, Number: b.Number, Time: b.Time}, l.records)
		brought = l.writeBlobs(b.Number, blobs)
		l.state.nameBlobs(l.namings)
	}
	l.w.key = appendNumber(l.w.key[:0], spaceBatch, b.Number)
	l.w.value = encodeBatch(l.w.value[:0], b)
	l.w.put()
	l.batches = append(l.batches, b)
	l.state.countBatch(b.Commitment())
	if ended := l.state.ended; ended != nil {
		l.freeze(ended)
		l.applied.Cycle = l.state.begun
	}
	l.prune(brought)
	l.state.keep()
	clear(l.records)
	l.changed = true
}

// answerKnown answers a batch whose id is taken.
func (l *Ledger) answerKnown(number uint64, p *settlement.Prepared) BatchResult {
	b := l.storedBatch(number)
	if b.Digest != p.Digest {
		return BatchResult{Fault: codec.Refuse(codec.CodeBatchConflict, "the batch id stands for other content")}
	}
	return BatchResult{Outcomes: b.Outcomes, Known: true}
}

// storedBatch returns a batch that has a number, written or not.
func (l *Ledger) storedBatch(number uint64) *StoredBatch {
	if n := len(l.batches); n > 0 && number >= l.batches[0].Number {
		return l.batches[number-l.batches[0].Number]
	}
	b, err := loadBatch(l.store.db, number)
	if err == nil {
		err = b.fillLeaves(func(index uint64) (codec.Hash, error) { return l.state.leaf(index), nil })
	}
	if err != nil {
		panic(fmt.Errorf("ledger: batch %d: %w", number, err))
	}
	return b
}

// answerAgain answers an entry that was applied before, as far as its outcome is
// stored.
func (l *Ledger) answerAgain(e *Entry) (r Result) {
	if e.Command == nil && e.Decoded == nil {
		return r
	}
	cmd, prepared, err := e.decoded()
	if err != nil {
		return Result{Refusal: codec.Refuse(codec.CodeMalformed, err.Error())}
	}
	if cmd.Kind != codec.CommandBatches {
		return Result{Refusal: codec.Refuse(codec.CodeUnknownOutcome, "applied before")}
	}
	r.Batches = make([]BatchResult, len(prepared))
	for i, p := range prepared {
		r.Batches[i].Fault = codec.Refuse(codec.CodeUnknownOutcome, "applied before, nothing stored")
		if p.Fault != nil {
			r.Batches[i].Fault = p.Fault
			continue
		}
		if number, ok := l.state.batchIDs.get(l.state.db, pair{p.Batch.Submitter, p.Batch.ID}); ok {
			r.Batches[i] = l.answerKnown(number, p)
		}
	}
	return r
}
