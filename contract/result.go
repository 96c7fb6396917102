package contract

import (
	"slices"

	"github.com/forgepool/settle/codec"
	"github.com/forgepool/settle/settlement"
)

// Result is what became of one job: a line of a results file
// (docs/formats/import.md section 5).
type Result struct {
	JobID      string
	Customer   codec.ID
	Adapter    *codec.ID
	Times      codec.Times
	Verify     Verify
	Nonce      codec.Hash // BLAKE3 of the replication nonce, zero = not said
	Planner    codec.Hash // planner blob, zero = none
	Output     codec.Blob // aggregated output
	Shards     []Shard
	Unrun      []Shard // planned after them and not run: an early stop
	Components []codec.Component
	Labels     []codec.Label // without salts
	Artifacts  []codec.Artifact
	Retain     uint64 // ms, 0 = as long as the policy asks
	ReplayOf   string // job id, "" = none
}

// Verify is what was checked before settlement.
type Verify struct {
	Mode             uint64
	Given            bool // Mode was given; else it is what the contract asks for
	Checked, Matched uint64
	Evidence         codec.Hash // zero = none
}

// Shard is one shard of a result; of one that was not run only arguments and inputs
// are there.
type Shard struct {
	Provider codec.ID
	Agent    codec.Hash // public key
	Inputs   []codec.Blob
	Output   codec.Blob
	Units    uint64
	Started  uint64
	Finished uint64
	Attempt  uint64
	Receipt  codec.Sig

	args *fields // nil: the workload's
}

// modeNames are the ledger's modes of verification, by number.
var modeNames = []string{"none", "spot", "replay", "multi_node", "aggregation"}

// componentNames are what can be billed beside the executed volume, by code.
var componentNames = []string{
	settlement.ComponentIterations: "iterations", settlement.ComponentAggregation: "aggregation",
	settlement.ComponentArtifact: "artifact", settlement.ComponentRetention: "retention",
	settlement.ComponentClass: "class", settlement.ComponentReserved: "reserved",
}

// ParseResult reads one line of a results file. Errors are *Error.
func ParseResult(line []byte) (*Result, error) {
	f, err := parseLine(line, MaxResultLine)
	if err != nil {
		return nil, err
	}
	o := newObject(f, "", &err)
	r := &Result{JobID: o.text("job_id"), Customer: o.id("customer")}
	if o.has("adapter") {
		adapter := o.id("adapter")
		r.Adapter = &adapter
	}
	r.readTimes(o.object("times"))
	r.readVerify(o.object("verify"))
	r.Nonce, r.Planner = o.optionalHash("nonce"), o.optionalHash("planner")
	r.Output = o.blob("result")
	for _, s := range o.objects("shards", codec.MaxShards) {
		r.Shards = append(r.Shards, readShard(s))
	}
	for _, s := range o.optionalObjects("unrun", codec.MaxShards) {
		r.Unrun = append(r.Unrun, readUnrun(s))
	}
	r.readComponents(o.optionalObjects("components", codec.MaxComponents-1))
	r.readLabels(o.optionalObjects("labels", codec.MaxDisclosures))
	r.readArtifacts(o.optionalObjects("artifacts", codec.MaxArtifacts))
	r.Retain = o.optionalUint("retain_until", codec.MaxAmount)
	r.ReplayOf = o.optionalText("replay_of")
	o.end()
	if err == nil {
		err = r.check()
	}
	if err != nil {
		return nil, err
	}
	return r, nil
}

func (r *Result) readTimes(o *object) {
	for _, t := range []struct {
		name string
		at   *uint64
	}{
		{"requested", &r.Times.Requested}, {"planned", &r.Times.Planned}, {"started", &r.Times.Started},
		{"verified", &r.Times.Verified}, {"finalized", &r.Times.Finalized},
	} {
		*t.at = o.uint(t.name, codec.MaxAmount)
	}
	o.end()
}

func (r *Result) readVerify(o *object) {
	if r.Verify.Given = o.has("mode"); r.Verify.Given {
		r.Verify.Mode = uint64(max(0, slices.Index(modeNames, o.oneOf("mode", modeNames...))))
	}
	r.Verify.Checked, r.Verify.Matched = o.uint("checked", codec.MaxShards), o.uint("matched", codec.MaxShards)
	r.Verify.Evidence = o.optionalHash("evidence")
	o.end()
}

func readShard(o *object) Shard {
	s := Shard{
		Provider: o.id("provider"), Agent: o.hash("agent"), Inputs: o.blobs("inputs", codec.MaxShardInputs), Output: o.blob("output"),
		Units: o.uint("units", codec.MaxUnits), Started: o.uint("started", codec.MaxAmount), Finished: o.uint("finished", codec.MaxAmount),
		Attempt: o.optionalUint("attempt", codec.MaxAmount), args: shardArgs(o),
	}
	o.hex("receipt", &s.Receipt)
	o.end()
	return s
}

func readUnrun(o *object) Shard {
	s := Shard{Inputs: o.blobs("inputs", codec.MaxShardInputs), args: shardArgs(o)}
	o.end()
	return s
}

func shardArgs(o *object) *fields {
	if args := o.optionalObject("args"); args != nil {
		return args.fields
	}
	return nil
}

func (r *Result) readComponents(list []*object) {
	for _, o := range list {
		code := slices.Index(componentNames, o.oneOf("component", componentNames[2:]...))
		r.Components = append(r.Components, codec.Component{Code: uint64(max(0, code)),
			Unit: o.uint("unit", codec.MaxAmount), Qty: o.uint("quantity", codec.MaxAmount)})
		o.end()
	}
}

func (r *Result) readLabels(list []*object) {
	for _, o := range list {
		r.Labels = append(r.Labels, codec.Label{Label: o.text("label"), Value: o.text("value")})
		if slices.Contains(ownLabels, r.Labels[len(r.Labels)-1].Label) {
			o.fail(CodeBadValue, "label", "comes from the contract: one of %v", ownLabels)
		}
		o.end()
	}
}

func (r *Result) readArtifacts(list []*object) {
	for _, o := range list {
		r.Artifacts = append(r.Artifacts, codec.Artifact{Kind: o.uint("kind", codec.MaxAmount), Hash: o.hash("hash"),
			Size: o.uint("size", codec.MaxAmount)})
		o.end()
	}
}

// check holds the rules that need nothing but the result.
func (r *Result) check() *Error {
	t := &r.Times
	switch {
	case t.Requested > t.Planned || t.Planned > t.Started || t.Started > t.Verified || t.Verified > t.Finalized:
		return fault(CodeBadTimes, "times", "requested, planned, started, verified, finalized must not run backwards")
	case len(r.Shards) == 0:
		return fault(CodeMissingField, "shards", "at least one shard")
	case len(r.Shards)+len(r.Unrun) > codec.MaxShards:
		return fault(CodeTooLarge, "unrun", "more than %d planned shards", codec.MaxShards)
	case r.Verify.Checked > uint64(len(r.Shards)) || r.Verify.Matched != r.Verify.Checked:
		return fault(CodeWeakCheck, "verify", "%d of %d checked shards matched, of %d", r.Verify.Matched, r.Verify.Checked, len(r.Shards))
	}
	for i := range r.Shards {
		if s := &r.Shards[i]; s.Units == 0 {
			return fault(CodeBadUnits, element("shards", i)+".units", "a shard without work")
		} else if s.Finished < s.Started {
			return fault(CodeBadTimes, element("shards", i)+".finished", "before it started")
		}
	}
	return nil
}
