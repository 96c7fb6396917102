package contract

import (
	"encoding/base64"

	"github.com/forgepool/settle/codec"
	"github.com/forgepool/settle/replay"
)

// Contract is one published execution contract: who ordered what. Its accounting ends
// here; what became of it is in the Result.
type Contract struct {
	JobID   string
	Run     string // Studio run, "" = none
	Stage   string // stage of the run, "" = none
	Trace   string // tracing id, "" = none
	Reason  string // api, studio_run, lab, internal; "" = not said
	Test    bool   // billing mode test: never reaches the ledger
	Program codec.Program
	Verify  string // what the customer ordered: one of verifyModes
	Seed    Seed

	args arguments
}

// Seed is the root seed as the contract has it.
type Seed struct {
	Derived bool   // the system derives it; false: the customer gave it
	Value   string // "" only if derived
}

// Modes of verification in the ledger (docs/formats/sampling.md section 5).
const (
	modeNone        = 0
	modeSpot        = 1
	modeReplay      = 2
	modeMultiNode   = 3
	modeAggregation = 4
)

// verifyModes are the published names, those of all pages, with the least mode that
// each asks for.
var verifyModes = map[string]uint64{"none": modeNone, "spotcheck": modeSpot, "full": modeMultiNode, "quorum": modeMultiNode}

const maxAgents = 1 << 31 // of policy.min_agents and policy.max_agents

// ParseContract reads one line of a contracts file. A contract in test mode is read
// for its form only: its program need not exist here. Errors are *Error.
func ParseContract(line []byte) (*Contract, error) {
	f, err := parseLine(line, MaxContractLine)
	if err != nil {
		return nil, err
	}
	c, o := new(Contract), newObject(f, "", &err)
	c.readContext(o.object("ctx"))
	name := readOp(o.object("op"))
	args := o.object("args")
	c.readPolicy(o.object("policy"))
	c.readSeed(o.object("seed"))
	readPersistence(o.optionalObject("artifacts"))
	o.end()
	if err != nil {
		return nil, err
	}
	c.Program = name.Program()
	if c.Test {
		return c, nil
	}
	if c.args, err = readArguments(name, args); err != nil {
		return nil, err
	}
	return c, nil
}

// readContext reads who ordered it. A page shows ctx without billing: what does not
// say that it is a test is billable.
func (c *Contract) readContext(o *object) {
	c.JobID = o.text("job_id")
	c.Run, c.Stage, c.Trace = o.optionalText("run_id"), o.optionalText("stage_id"), o.optionalText("trace_id")
	if b := o.optionalObject("billing"); b != nil {
		c.Test = b.oneOf("mode", "billable", "test") == "test"
		if b.has("reason") {
			c.Reason = b.oneOf("reason", "api", "studio_run", "lab", "internal")
		}
		b.end()
	}
	o.end()
}

func readOp(o *object) (name replay.ProgramName) {
	name.Family, name.Version, name.Profile = o.text("name"), uint16(o.uint("version", codec.MaxProgramVersion)), o.text("profile")
	p := name.Program()
	if err := p.Validate(); err != nil {
		o.fail(CodeBadValue, "", "%v", err)
	}
	o.end()
	return name
}

// readPolicy reads the execution policy. Only verify means something to the ledger:
// hardware, agents and deadlines are the scheduler's, and a page shows verify alone.
func (c *Contract) readPolicy(o *object) {
	c.Verify = o.oneOf("verify", "none", "spotcheck", "full", "quorum")
	if o.has("target") {
		o.oneOf("target", "cpu", "gpu", "any")
	}
	least, most := o.optionalUint("min_agents", maxAgents), o.optionalUint("max_agents", maxAgents)
	if most != 0 && least > most {
		o.fail(CodeBadValue, "min_agents", "%d, and max_agents is %d", least, most)
	}
	o.optionalUint("timeout_ms", codec.MaxAmount)
	o.end()
}

func (c *Contract) readSeed(o *object) {
	c.Seed.Derived = o.oneOf("mode", "explicit", "derived") == "derived"
	if c.Seed.Derived {
		c.Seed.Value = o.optionalText("value")
	} else {
		c.Seed.Value = o.text("value")
	}
	o.end()
}

// readPersistence reads what the customer wants kept beside the ledger, for its form.
func readPersistence(o *object) {
	if o == nil {
		return
	}
	if o.has("persist") {
		o.boolean("persist")
	}
	o.optionalText("kv_namespace")
	if o.has("include") {
		for _, v := range o.list("include", 16) {
			switch v {
			case "result_json", "executions_json", "metrics_json":
			default:
				o.fail(CodeBadValue, "include", "one of result_json, executions_json, metrics_json expected, got %v", v)
			}
		}
	}
	o.end()
}

// base64 returns bytes, at most limit.
func (o *object) base64(name string, limit int) []byte {
	s := typed[string](o, name, "base64")
	data, err := base64.StdEncoding.Strict().DecodeString(s)
	if err != nil || len(data) > limit {
		o.fail(CodeBadValue, name, "base64 of at most %d bytes expected", limit)
		return nil
	}
	return data
}

// Arguments returns the canonical arguments of the workload; nil for a test.
func (c *Contract) Arguments() []byte { return c.args.canonical }
