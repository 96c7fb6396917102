package contract

import (
	"fmt"

	"github.com/forgepool/settle/codec"
	"github.com/forgepool/settle/settlement"
)

// Job is a finished billable job: contract and result joined, in the ledger's terms.
type Job struct {
	Contract  *Contract
	Result    *Result
	Workload  codec.ID
	ProgramID codec.Hash
	Seed      codec.Hash
	Args      []byte             // canonical arguments of the workload
	ShardArgs [][]byte           // of each planned shard, by number
	Entries   []codec.ShardEntry // of each shard that ran, by number
	WorkKey   codec.Hash

	hub   *Hub
	unrun []codec.ShardEntry // arguments and inputs of those that did not
}

// ownLabels are the labels that come from the contract.
var ownLabels = []string{"job", "run", "stage", "trace", "reason"}

// Join makes a job of a billable contract and its result, and checks all of it that
// needs neither ledger nor inputs: arguments, units where they follow from the
// arguments, the agents' receipts, and that no less was verified than ordered. Errors
// are *Error.
func (h *Hub) Join(c *Contract, r *Result) (*Job, error) {
	j := &Job{Contract: c, Result: r, hub: h, Workload: h.Workload(c.JobID), ProgramID: codec.ProgramID(&c.Program),
		Seed: h.RootSeed(c.JobID, c.Seed), Args: c.Arguments()}
	if err := j.ordered(); err != nil {
		return nil, err
	}
	for i := range r.Shards {
		if err := j.addShard(i, &r.Shards[i]); err != nil {
			return nil, err
		}
	}
	for i := range r.Unrun {
		e, err := j.planned(element("unrun", i), len(r.Shards)+i, &r.Unrun[i])
		if err != nil {
			return nil, err
		}
		j.unrun = append(j.unrun, e)
	}
	if n := len(j.labels()); n > codec.MaxDisclosures {
		return nil, fault(CodeTooLarge, "labels", "%d with those of the contract, at most %d", n, codec.MaxDisclosures)
	}
	billable := make([]*codec.ShardEntry, len(j.Entries))
	for i := range j.Entries {
		billable[i] = &j.Entries[i]
	}
	j.WorkKey = codec.WorkKey(j.ProgramID, j.Seed, codec.BlobHash(j.Args), billable)
	return j, nil
}

// ordered compares what was verified with what the contract asks for.
func (j *Job) ordered() *Error {
	v, least := &j.Result.Verify, verifyModes[j.Contract.Verify]
	if !v.Given {
		v.Mode = least
	}
	if v.Mode < least || least > modeNone && v.Checked == 0 {
		return fault(CodeWeakCheck, "verify", "the contract asks for %s; %s was done, of %d shards", j.Contract.Verify, modeNames[v.Mode], v.Checked)
	}
	return nil
}

// planned returns the part of a shard that the plan pins.
func (j *Job) planned(path string, number int, s *Shard) (e codec.ShardEntry, err *Error) {
	var o *object
	if s.args != nil {
		o = newObject(s.args, path+".args", &err)
	}
	args := j.Contract.args.shard(o)
	if err != nil {
		return e, err
	}
	j.ShardArgs = append(j.ShardArgs, args)
	return codec.ShardEntry{Index: uint64(number), Args: codec.BlobHash(args), Inputs: s.Inputs}, nil
}

// addShard adds a shard that ran and checks its units and its receipt.
func (j *Job) addShard(i int, s *Shard) *Error {
	path := element("shards", i)
	e, err := j.planned(path, i, s)
	if err != nil {
		return err
	}
	e.Provider, e.Agent, e.Output, e.Units = s.Provider, codec.KeyID(s.Agent[:]), s.Output, s.Units
	e.Started, e.Finished, e.Attempt, e.Receipt = s.Started, s.Finished, s.Attempt, s.Receipt
	if len(s.Inputs) == 0 {
		if err := j.CheckUnits(i, nil); err != nil {
			return err
		}
	}
	if !settlement.VerifyReceipt(j.hub.Origin, j.hub.ID, j.Workload, j.ProgramID, j.Seed, s.Agent, &e) {
		return fault(CodeBadReceipt, path+".receipt",
			"not the agent's signature over this shard of workload %s with seed %s, on %s for hub %s", j.Workload, j.Seed, j.hub.Origin, j.hub.ID)
	}
	j.Entries = append(j.Entries, e)
	return nil
}

// CheckUnits compares the units of a shard that ran with those that follow from its
// arguments and its input, the concatenation of its input blobs. The error is an
// *Error; there is none if only a run can tell the units.
func (j *Job) CheckUnits(shard int, input []byte) *Error {
	units, ok := j.Contract.args.program.Units(j.ShardArgs[shard], input)
	if claimed := j.Result.Shards[shard].Units; ok && units != claimed {
		return fault(CodeBadUnits, element("shards", shard)+".units", "%d claimed, %d by the program's formula", claimed, units)
	}
	return nil
}

// labels returns the labels of the settlement: those of the contract, then those of
// the results.
func (j *Job) labels() []codec.Label {
	c := j.Contract
	var list []codec.Label
	for i, v := range []string{c.JobID, c.Run, c.Stage, c.Trace, c.Reason} {
		if v != "" {
			list = append(list, codec.Label{Label: ownLabels[i], Value: v})
		}
	}
	return append(list, j.Result.Labels...)
}

// Artifact is a blob that auditors will ask for, and where the line names it.
type Artifact struct {
	codec.Blob
	Sized bool // the line tells its size
	Field string
}

// Artifacts returns the blobs that the line names by hash, doubled ones too:
// inputs, outputs, result, planner, evidence, traces. The arguments, whose bytes the
// job has, are not among them.
func (j *Job) Artifacts() []Artifact {
	r := j.Result
	list := []Artifact{{r.Output, true, "result"}}
	if r.Planner != (codec.Hash{}) {
		list = append(list, Artifact{codec.Blob{Hash: r.Planner}, false, "planner"})
	}
	if r.Verify.Evidence != (codec.Hash{}) {
		list = append(list, Artifact{codec.Blob{Hash: r.Verify.Evidence}, false, "verify.evidence"})
	}
	for i, a := range r.Artifacts {
		list = append(list, Artifact{codec.Blob{Hash: a.Hash, Size: a.Size}, true, element("artifacts", i)})
	}
	for i := range r.Shards {
		s := &r.Shards[i]
		list = append(list, Artifact{s.Output, true, element("shards", i) + ".output"})
		for k, input := range s.Inputs {
			list = append(list, Artifact{input, true, fmt.Sprintf("shards[%d].inputs[%d]", i, k)})
		}
	}
	return list
}
