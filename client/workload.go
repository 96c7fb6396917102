package client

import (
	"fmt"
	"slices"

	"github.com/forgepool/settle/codec"
	"github.com/forgepool/settle/proof"
	"github.com/forgepool/settle/settlement"
)

// WorkloadSpec is what is known of a workload when it is ordered.
type WorkloadSpec struct {
	Author   codec.ID // the hub
	ID       codec.ID // zero = NewID()
	Customer codec.ID
	Adapter  *codec.ID // nil = none
	Cycle    uint64    // the open one
	Program  codec.Program
	Class    uint64 // of the program, as the policy lists it
	Seed     codec.Hash
	Args     codec.Blob // workload arguments
}

// Workload builds the records of one workload in their order: events, then the
// settlement. Each record names the one before, so they are valid in this order only,
// in one batch or in several. It is not safe for concurrent use.
type Workload struct {
	WorkloadSpec
	program codec.Hash
	sealed  codec.Hash // the customer
	seal    []byte     // blob of sealed, travels with the first event
	seq     uint64
	last    codec.Hash // leaf hash of the last event
	plan    codec.Plan
	leaves  []codec.Hash // of the plan
}

// NewWorkload begins a workload; its customer is sealed under a new salt.
func NewWorkload(spec WorkloadSpec) *Workload {
	if spec.ID == (codec.ID{}) {
		spec.ID = NewID()
	}
	w := &Workload{WorkloadSpec: spec, program: codec.ProgramID(&spec.Program)}
	w.seal, w.sealed = codec.Seal(NewSalt(), spec.Customer)
	return w
}

// ProgramID returns the id of the workload's program.
func (w *Workload) ProgramID() codec.Hash { return w.program }

// PlanOptions are the parts of a plan that have defaults.
type PlanOptions struct {
	Planner  codec.Hash // planner blob; zero = none
	Nonce    codec.Hash // BLAKE3 of the replication nonce; zero = of a nonce nobody knows
	Estimate *uint64    // micro-Credits
}

// Planned pins the shards before results exist. Of the entries only index, arguments
// and inputs count.
func (w *Workload) Planned(at uint64, shards []codec.ShardEntry, o PlanOptions) (Item, error) {
	leaves, err := settlement.PlanLeaves(shards)
	if err != nil {
		return Item{}, err
	}
	if o.Nonce == (codec.Hash{}) {
		nonce := NewSecret()
		o.Nonce = codec.BlobHash(nonce[:])
	}
	w.leaves = leaves
	w.plan = codec.Plan{Count: uint64(len(leaves)), Root: proof.MTH(leaves), Planner: o.Planner, Nonce: o.Nonce}
	plan := w.plan
	return w.event(at, codec.StatePlanned, &codec.Event{Plan: &plan, Estimate: o.Estimate}), nil
}

// Step records a transition that needs nothing more: Pending, Running, Verifying or
// Aggregating.
func (w *Workload) Step(at uint64, state codec.State) Item {
	return w.event(at, state, &codec.Event{})
}

// Failed ends the workload without a settlement.
func (w *Workload) Failed(at, reason uint64) Item {
	return w.event(at, codec.StateFailed, &codec.Event{Reason: &reason})
}

// event fills in what all events have and moves on to the next.
func (w *Workload) event(at uint64, state codec.State, e *codec.Event) Item {
	e.ID, e.At, e.Cycle, e.Author = NewID(), at, w.Cycle, w.Author
	e.Workload, e.Seq, e.State, e.Prev = w.ID, w.seq, state, w.last
	e.Customer, e.Program, e.Adapter = w.sealed, w.program, w.Adapter
	record := codec.EncodeRecord(&codec.Record{Version: 1, Kind: codec.KindEvent, Body: codec.EncodeEvent(e)})
	item := Item{Record: record}
	if w.seq == 0 {
		item.Attachments = [][]byte{w.seal}
	}
	w.seq++
	w.last = proof.LeafA(record)
	return item
}

// SignShard puts the executing agent's key and receipt on a shard entry, all other
// fields of which are final. The hub is the one that planned the workload.
func SignShard(origin string, hub, workload codec.ID, program, seed codec.Hash, e *codec.ShardEntry, agent *Key) {
	e.Agent = agent.id
	e.Receipt = agent.Sign(codec.ReceiptDigest(origin, hub, workload, program, seed, e))
}

// Acknowledge returns the hub's acknowledgement of a shard result: its signature by
// a submit key over the receipt digest and the time (docs/formats/records.md section
// 6.2). A provider keeps it.
func Acknowledge(origin string, receipt codec.Hash, ms uint64, submit *Key) codec.Sig {
	return submit.Sign(codec.AckDigest(origin, receipt, ms))
}

// LeastVerification returns the pre-settlement verification that a policy asks for
// at least, for a class and number of shards, with all that was checked matching.
func LeastVerification(p *settlement.Policy, class, shards uint64, evidence codec.Hash) (codec.Verification, error) {
	i := slices.IndexFunc(p.Body.Floors, func(f codec.Floor) bool { return f.Class == class })
	if i < 0 {
		return codec.Verification{}, fmt.Errorf("the policy knows no class %d", class)
	}
	floor := p.Body.Floors[i]
	checked := (shards*floor.SamplePPM + 999_999) / 1_000_000
	return codec.Verification{Mode: floor.Mode, Checked: checked, Matched: checked, Evidence: evidence}, nil
}
