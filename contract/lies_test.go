package contract_test

import (
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/forgepool/settle/codec"
	"github.com/forgepool/settle/contract"
)

// edit is a change of one of the two lines.
type edit struct {
	path  string
	value any // nil removes it
}

// lies are the ways in which a pair of lines can be wrong. Where field is empty, the
// field of the error is the path of the edit.
var lies = []struct {
	name     string
	contract []edit
	result   []edit
	code     contract.Code
	field    string
}{
	{"unknown field of a contract", []edit{{"priority", 1}}, nil, contract.CodeUnknownField, "priority"},
	{"unknown field deep in a contract", []edit{{"ctx.billing.tariff", "x"}}, nil, contract.CodeUnknownField, "ctx.billing.tariff"},
	{"name in other case", []edit{{"ctx.Job_ID", "x"}}, nil, contract.CodeUnknownField, "ctx.Job_ID"},
	{"no job id", []edit{{"ctx.job_id", nil}}, nil, contract.CodeMissingField, "ctx.job_id"},
	{"empty job id", []edit{{"ctx.job_id", ""}}, nil, contract.CodeBadValue, "ctx.job_id"},
	{"long job id", []edit{{"ctx.job_id", strings.Repeat("x", 256)}}, nil, contract.CodeBadValue, "ctx.job_id"},
	{"broken character", []edit{{"ctx.job_id", "a\ufffd"}}, nil, contract.CodeBadJSON, "ctx.job_id"},
	{"null", []edit{{"ctx", any((*int)(nil))}}, nil, contract.CodeBadValue, "ctx"},
	{"billing mode", []edit{{"ctx.billing.mode", "free"}}, nil, contract.CodeBadValue, "ctx.billing.mode"},
	{"billing without mode", []edit{{"ctx.billing.mode", nil}}, nil, contract.CodeMissingField, "ctx.billing.mode"},
	{"billing reason", []edit{{"ctx.billing.reason", "gift"}}, nil, contract.CodeBadValue, "ctx.billing.reason"},
	{"insurance by its other name", []edit{{"op.profile", "insurance.loss.v1"}}, nil, contract.CodeNotBuilt, "op"},
	{"tensor", []edit{{"op.name", "tensor"}, {"op.profile", "matmul.v1"}}, nil, contract.CodeNotBuilt, "op"},
	{"another version", []edit{{"op.version", 2}}, nil, contract.CodeNotBuilt, "op"},
	{"version 0", []edit{{"op.version", 0}}, nil, contract.CodeBadValue, "op"},
	{"version 65536", []edit{{"op.version", 65_536}}, nil, contract.CodeBadValue, "op.version"},
	{"version as text", []edit{{"op.version", "1"}}, nil, contract.CodeBadValue, "op.version"},
	{"family with version", []edit{{"op.name", "mc@1"}}, nil, contract.CodeBadValue, "op"},
	{"no args", []edit{{"args", nil}}, nil, contract.CodeMissingField, "args"},
	{"published argument of another profile", []edit{{"args.iterations", 1000}}, nil, contract.CodeUnknownField, "args.iterations"},
	{"argument missing", []edit{{"args.vol", nil}}, nil, contract.CodeMissingField, "args.vol"},
	{"argument with a fraction", []edit{{"args.vol", 0.5}}, nil, contract.CodeBadValue, "args.vol"},
	{"argument below 0", []edit{{"args.paths", -1}}, nil, contract.CodeBadValue, "args.paths"},
	{"argument out of range", []edit{{"args.paths", 1<<26 + 1}}, nil, contract.CodeBadArgs, "args"},
	{"bins incomplete", []edit{{"args.bins.count", nil}}, nil, contract.CodeMissingField, "args.bins.count"},
	{"cbor and names", []edit{{"args.cbor", "oA=="}}, nil, contract.CodeUnknownField, "args.bins"},
	{"cbor that is none", []edit{{"args", tree{"cbor": "!"}}}, nil, contract.CodeBadValue, "args.cbor"},
	{"cbor that the program does not accept", []edit{{"args", tree{"cbor": "oA=="}}}, nil, contract.CodeBadArgs, "args"},
	{"verify", []edit{{"policy.verify", "some"}}, nil, contract.CodeBadValue, "policy.verify"},
	{"no verify", []edit{{"policy.verify", nil}}, nil, contract.CodeMissingField, "policy.verify"},
	{"target", []edit{{"policy.target", "tpu"}}, nil, contract.CodeBadValue, "policy.target"},
	{"agents upside down", []edit{{"policy.min_agents", 11}}, nil, contract.CodeBadValue, "policy.min_agents"},
	{"no seed", []edit{{"seed", nil}}, nil, contract.CodeMissingField, "seed"},
	{"seed as a number", []edit{{"seed.value", 19754221}}, nil, contract.CodeBadValue, "seed.value"},
	{"explicit seed without value", []edit{{"seed.value", nil}}, nil, contract.CodeMissingField, "seed.value"},
	{"seed mode", []edit{{"seed.mode", "random"}}, nil, contract.CodeBadValue, "seed.mode"},
	{"artifact kind", []edit{{"artifacts.include", []any{"trace"}}}, nil, contract.CodeBadValue, "artifacts.include"},

	{"unknown field of a result", nil, []edit{{"state", "done"}}, contract.CodeUnknownField, "state"},
	{"unknown field of a shard", nil, []edit{{"shards.1.node", "x"}}, contract.CodeUnknownField, "shards[1].node"},
	{"customer missing", nil, []edit{{"customer", nil}}, contract.CodeMissingField, "customer"},
	{"customer in capitals", nil, []edit{{"customer", strings.Repeat("AB", 16)}}, contract.CodeBadValue, "customer"},
	{"customer too short", nil, []edit{{"customer", "03"}}, contract.CodeBadValue, "customer"},
	{"times run backwards", nil, []edit{{"times.started", 1}}, contract.CodeBadTimes, "times"},
	{"time missing", nil, []edit{{"times.verified", nil}}, contract.CodeMissingField, "times.verified"},
	{"no shards", nil, []edit{{"shards", []any{}}}, contract.CodeMissingField, "shards"},
	{"a checked shard did not match", nil, []edit{{"verify.checked", 2}}, contract.CodeWeakCheck, "verify"},
	{"more checked than there are", nil, []edit{{"verify.checked", 3}, {"verify.matched", 3}}, contract.CodeWeakCheck, "verify"},
	{"verify mode", nil, []edit{{"verify.mode", "full"}}, contract.CodeBadValue, "verify.mode"},
	{"label of the contract", nil, []edit{{"labels.0.label", "job"}}, contract.CodeBadValue, "labels[0].label"},
	{"component that is always there", nil, []edit{{"components", []any{tree{"component": "volume", "unit": 1, "quantity": 1}}}}, contract.CodeBadValue, "components[0].component"},
	{"shard without work", nil, []edit{{"shards.0.units", 0}}, contract.CodeBadUnits, "shards[0].units"},
	{"shard finished before it started", nil, []edit{{"shards.0.finished", 1}}, contract.CodeBadTimes, "shards[0].finished"},
	{"receipt cut", nil, []edit{{"shards.0.receipt", "00"}}, contract.CodeBadValue, "shards[0].receipt"},

	{"less verified than ordered", []edit{{"policy.verify", "full"}}, []edit{{"verify.mode", "spot"}}, contract.CodeWeakCheck, "verify"},
	{"nothing checked although ordered", []edit{{"policy.verify", "quorum"}}, []edit{{"verify.checked", 0}, {"verify.matched", 0}}, contract.CodeWeakCheck, "verify"},
	{"units that the arguments do not give", nil, []edit{{"shards.0.units", 20_801}}, contract.CodeBadUnits, "shards[0].units"},
	{"argument of a shard that does not exist", nil, []edit{{"shards.0.args.path", 1}}, contract.CodeUnknownField, "shards[0].args.path"},
	{"argument of a shard out of range", nil, []edit{{"shards.1.args.paths", 0}}, contract.CodeBadArgs, "shards[1].args"},
	{"receipt for another output", nil, []edit{{"shards.1.output.size", 9}}, contract.CodeBadReceipt, "shards[1].receipt"},
	{"receipt for another job", []edit{{"ctx.job_id", "quickstart-002"}}, []edit{{"job_id", "quickstart-002"}}, contract.CodeBadReceipt, "shards[0].receipt"},
	{"receipt for another seed", []edit{{"seed.value", "ROOT_SEED_001"}}, nil, contract.CodeBadReceipt, "shards[0].receipt"},
	{"receipt of another agent", nil, []edit{{"shards.0.agent", strings.Repeat("11", 32)}}, contract.CodeBadReceipt, "shards[0].receipt"},
	{"argument of a shard that was not run", nil, []edit{{"unrun", []any{tree{"args": tree{"paths": 0}}}}}, contract.CodeBadArgs, "unrun[0].args"},
	{"too many labels", nil, []edit{{"labels", manyLabels(29)}}, contract.CodeTooLarge, "labels"},

	{"component without a rate", nil, []edit{{"components", []any{tree{"component": "artifact", "unit": 2, "quantity": 1}}}}, contract.CodeRefused, "components"},
	{"component twice", nil, []edit{{"components", []any{tree{"component": "aggregation", "unit": 2, "quantity": 1}, tree{"component": "aggregation", "unit": 2, "quantity": 1}}}}, contract.CodeRefused, "components"},
	{"finished in the future", nil, []edit{{"times.finalized", 2_000_001}}, contract.CodeBadTimes, "times.finalized"},
	{"kept too short", nil, []edit{{"retain_until", 2_000_399}}, contract.CodeBadTimes, "retain_until"},
}

func manyLabels(n int) []any {
	list := make([]any, n)
	for i := range list {
		list[i] = tree{"label": "tag", "value": strings.Repeat("x", i+1)}
	}
	return list
}

// TestLies makes each line wrong in one way.
func TestLies(t *testing.T) {
	terms := &contract.Terms{Now: now, Policy: rates(t, nil), Platform: platform}
	if _, err := build(t, order(t), sign(results(t)), terms); err != nil {
		t.Fatalf("the honest lines: %v", err)
	}
	for _, lie := range lies {
		c, r := order(t), sign(results(t))
		for _, e := range lie.contract {
			set(t, c, e.path, e.value)
		}
		for _, e := range lie.result {
			set(t, r, e.path, e.value)
		}
		expect(t, lie.name, lie.code, lie.field, func() error {
			_, err := build(t, c, r, terms)
			return err
		})
	}
}

func expect(t *testing.T, name string, code contract.Code, field string, f func() error) {
	t.Helper()
	err := f()
	var wrong *contract.Error
	if !errors.As(err, &wrong) || wrong.Code != code || wrong.Field != field {
		t.Errorf("%s: got %v, want %s of %s", name, err, code, field)
	}
}

// TestPolicyLies are lines that another policy refuses.
func TestPolicyLies(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(*codec.Policy)
		code   contract.Code
		field  string
	}{
		{"program not listed", func(p *codec.Policy) { p.Programs = nil }, contract.CodeNotAllowed, "op"},
		{"floor of mode", func(p *codec.Policy) { p.Floors[0].Mode = 2 }, contract.CodeWeakCheck, "verify"},
		{"floor of share", func(p *codec.Policy) { p.Floors[0].SamplePPM = 500_001 }, contract.CodeWeakCheck, "verify"},
		{"shards", func(p *codec.Policy) { p.Limits.MaxShards = 1 }, contract.CodeTooLarge, "shards"},
		{"units of a shard", func(p *codec.Policy) { p.Limits.MaxUnits[0] = 31_199 }, contract.CodeTooLarge, "shards[1].units"},
	} {
		expect(t, c.name, c.code, c.field, func() error {
			_, err := build(t, order(t), sign(results(t)), &contract.Terms{Now: now, Policy: rates(t, c.change), Platform: platform})
			return err
		})
	}
	// One step back from each edge there is nothing wrong.
	policy := rates(t, func(p *codec.Policy) {
		p.Floors[0].SamplePPM, p.Limits.MaxShards, p.Limits.MaxUnits[0] = 500_000, 2, 31_200
	})
	r := sign(results(t))
	set(t, r, "times.finalized", 2_000_000)
	set(t, r, "retain_until", 3_000_000)
	if _, err := build(t, order(t), r, &contract.Terms{Now: now, Policy: policy, Platform: platform}); err != nil {
		t.Error(err)
	}
}

// TestBrokenLines are no JSON objects, or hide something.
func TestBrokenLines(t *testing.T) {
	for name, c := range map[string]struct {
		text string
		code contract.Code
	}{
		"empty":               {"", contract.CodeBadJSON},
		"list":                {"[]", contract.CodeBadJSON},
		"cut":                 {`{"ctx": {`, contract.CodeBadJSON},
		"two objects":         {"{} {}", contract.CodeBadJSON},
		"not UTF-8":           {"{\"\xff\": 1}", contract.CodeBadJSON},
		"half a surrogate":    {`{"ctx": {"job_id": "\ud800"}}`, contract.CodeBadJSON},
		"trailing comma":      {`{"args": [1,]}`, contract.CodeBadJSON},
		"field twice":         {`{"args": {"a": 1, "a": 1}}`, contract.CodeDoubledField},
		"field twice, hidden": {`{"args": {"a": 1, "\u0061": 1}}`, contract.CodeDoubledField},
		"too deep":            {strings.Repeat(`{"a":`, 14) + "1" + strings.Repeat("}", 14), contract.CodeTooLarge},
		"too long":            {strings.Repeat(" ", contract.MaxContractLine) + "{}", contract.CodeTooLarge},
	} {
		_, err := contract.ParseContract([]byte(c.text))
		var wrong *contract.Error
		if !errors.As(err, &wrong) || wrong.Code != c.code {
			t.Errorf("%s: got %v, want %s", name, err, c.code)
		}
	}
}

// TestDocumentedCodes keeps the table of docs/formats/import.md.
func TestDocumentedCodes(t *testing.T) {
	text, err := os.ReadFile("../docs/formats/import.md")
	if err != nil {
		t.Fatal(err)
	}
	var table strings.Builder
	for _, m := range contract.Meanings {
		table.WriteString("| `" + string(m.Code) + "` | " + m.Text + " |\n")
	}
	if !strings.Contains(string(text), table.String()) {
		t.Errorf("docs/formats/import.md does not have this table:\n%s", table.String())
	}
}
