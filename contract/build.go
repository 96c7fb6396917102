package contract

import (
	"bytes"
	"slices"

	"github.com/forgepool/settle/codec"
	"github.com/forgepool/settle/proof"
	"github.com/forgepool/settle/settlement"
)

// Stamp is when a record is made: its author's time in ms, and its cycle.
type Stamp struct {
	At, Cycle uint64
}

// Event is an event of a workload that stands in the ledger.
type Event struct {
	State codec.State
	Stamp Stamp
}

// Terms are what records are made under. What the ledger has of the job already keeps
// the stamps it has there, so that its records come out the same.
type Terms struct {
	Now      Stamp
	Policy   *settlement.Policy  // in force in the cycle of the settlement
	Platform codec.ID            // the platform party of the genesis
	Weights  map[codec.ID]uint64 // of providers in that cycle, ppm; absent = 1,000,000
	Events   []Event             // in the ledger, in their order
	Settled  *Stamp              // of the settlement in the ledger; nil = none
}

// Item is a record with the blobs that it names.
type Item struct {
	Record      []byte
	Attachments [][]byte
}

// builder makes the records of one job in their order; each names the one before.
type builder struct {
	job      *Job
	terms    *Terms
	class    uint64
	customer codec.Hash // sealed
	seal     []byte
	plan     codec.Plan
	leaves   []codec.Hash // of the plan
	last     codec.Hash   // leaf hash of the last event
	items    []Item
}

// Build returns the records of a job: its events, then its settlement. The same job
// under the same terms gives the same bytes. Errors are *Error.
func (j *Job) Build(t *Terms) ([]Item, error) {
	b := &builder{job: j, terms: t}
	if err := b.check(); err != nil {
		return nil, err
	}
	b.seal, b.customer = codec.Seal(short(b.salt(saltCustomer, 0)), j.Result.Customer)
	if err := b.makePlan(); err != nil {
		return nil, err
	}
	events, err := b.events()
	if err != nil {
		return nil, err
	}
	for i := range events {
		b.event(i, &events[i])
	}
	if err := b.settle(); err != nil {
		return nil, err
	}
	return b.items, nil
}

func (b *builder) salt(purpose byte, n int) codec.Hash {
	return b.job.hub.salt(b.job.Contract.JobID, purpose, n)
}

// check holds the rules that need the policy and the time.
func (b *builder) check() *Error {
	r := b.job.Result
	allowed, ok := b.terms.Policy.Allows(b.job.ProgramID)
	if !ok {
		return fault(CodeNotAllowed, "op", "the policy of cycle %d does not list the program", b.settled().Cycle)
	}
	b.class = allowed.Class
	floor := &b.terms.Policy.Body.Floors[b.class-1]
	least := (uint64(len(r.Shards))*floor.SamplePPM + 999_999) / 1_000_000
	if r.Verify.Mode < floor.Mode || r.Verify.Checked < least {
		return fault(CodeWeakCheck, "verify", "the policy asks for %s of at least %d shards in class %d", modeNames[floor.Mode], least, b.class)
	}
	if r.Times.Finalized > b.settled().At {
		return fault(CodeBadTimes, "times.finalized", "later than the record is made")
	}
	return b.checkLimits()
}

func (b *builder) checkLimits() *Error {
	limits, r := &b.terms.Policy.Body.Limits, b.job.Result
	if uint64(len(r.Shards)) > limits.MaxShards {
		return fault(CodeTooLarge, "shards", "%d, the policy allows %d", len(r.Shards), limits.MaxShards)
	}
	for i := range r.Shards {
		if r.Shards[i].Units > limits.MaxUnits[b.class-1] {
			return fault(CodeTooLarge, element("shards", i)+".units", "the policy allows %d in a shard of class %d", limits.MaxUnits[b.class-1], b.class)
		}
	}
	if r.Retain != 0 && (r.Retain < r.Times.Finalized || r.Retain-r.Times.Finalized < b.terms.Policy.Body.Retention) {
		return fault(CodeBadTimes, "retain_until", "the policy asks for %d ms after times.finalized", b.terms.Policy.Body.Retention)
	}
	return nil
}

// settled returns the stamp of the settlement.
func (b *builder) settled() Stamp {
	if b.terms.Settled != nil {
		return *b.terms.Settled
	}
	return b.terms.Now
}

func (b *builder) makePlan() *Error {
	r := b.job.Result
	leaves, err := settlement.PlanLeaves(append(slices.Clone(b.job.Entries), b.job.unrun...))
	if err != nil {
		return refused("shards", err)
	}
	b.leaves = leaves
	b.plan = codec.Plan{Count: uint64(len(leaves)), Root: proof.MTH(leaves), Planner: r.Planner, Nonce: r.Nonce}
	if r.Nonce == (codec.Hash{}) {
		nonce := b.salt(saltNonce, 0)
		b.plan.Nonce = codec.BlobHash(nonce[:])
	}
	return nil
}

// events returns the events of the job: those of the ledger, then those that are
// missing. A policy that wants every state gets every state.
func (b *builder) events() ([]Event, *Error) {
	list := slices.Clone(b.terms.Events)
	last := codec.StateNone
	for i := range list {
		if last = list[i].State; last == codec.StateFailed {
			return nil, fault(CodeAlreadyFailed, "", "workload %s failed, which is final", b.job.Workload)
		}
	}
	for state := last + 1; state <= codec.StateAggregating; state++ {
		if b.terms.Policy.Body.Events == 1 || state == codec.StatePlanned || state == codec.StateAggregating {
			list = append(list, Event{state, b.terms.Now})
		}
	}
	return list, nil
}

// event appends the event with a number.
func (b *builder) event(seq int, x *Event) {
	j := b.job
	e := &codec.Event{
		ID: j.hub.record(j.Contract.JobID, x.State), At: x.Stamp.At, Cycle: x.Stamp.Cycle, Author: j.hub.ID,
		Workload: j.Workload, Seq: uint64(seq), State: x.State, Prev: b.last,
		Customer: b.customer, Program: j.ProgramID, Adapter: j.Result.Adapter,
	}
	if x.State == codec.StatePlanned {
		e.Plan = &b.plan
	}
	item := Item{Record: codec.EncodeRecord(&codec.Record{Version: 1, Kind: codec.KindEvent, Body: codec.EncodeEvent(e)})}
	if seq == 0 {
		item.Attachments = [][]byte{b.seal}
	}
	b.last = proof.LeafA(item.Record)
	b.items = append(b.items, item)
}

// sealLabels commits to the labels in the order of their commitments and returns the
// sealed list of clear values.
func (b *builder) sealLabels(s *codec.Settlement) []byte {
	labels := b.job.labels()
	type row struct {
		label      codec.Label
		commitment codec.Hash
	}
	rows := make([]row, len(labels))
	for i, l := range labels {
		l.Salt = short(b.salt(saltLabel, i))
		rows[i] = row{l, codec.LabelCommitment(l.Salt, l.Label, codec.Encode(l.Value))}
	}
	slices.SortFunc(rows, func(a, b row) int { return bytes.Compare(a.commitment[:], b.commitment[:]) })
	for i := range rows {
		labels[i] = rows[i].label
		s.Disclosures = append(s.Disclosures, rows[i].commitment)
	}
	blob, hash := codec.Seal(short(b.salt(saltLabels, 0)), labels)
	s.Labels = &hash
	return blob
}
