package contract_test

import (
	"bytes"
	"crypto/ed25519"
	"encoding/base64"
	"errors"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/forgepool/settle/codec"
	"github.com/forgepool/settle/contract"
	"github.com/forgepool/settle/proof"
	"github.com/forgepool/settle/replay"
)

// TestGolden pins what follows from the lines: whoever changes one of these breaks
// receipts that agents signed, or imports things a second time.
func TestGolden(t *testing.T) {
	explicit := hub.RootSeed("quickstart-001", contract.Seed{Value: "ROOT_SEED_QUICKSTART"})
	derived := hub.RootSeed("quickstart-001", contract.Seed{Derived: true, Value: "hint"})
	items, err := build(t, order(t), sign(results(t)), &contract.Terms{Now: now, Policy: rates(t, nil), Platform: platform})
	if err != nil {
		t.Fatal(err)
	}
	var leaves []codec.Hash
	for i := range items {
		leaves = append(leaves, proof.LeafA(items[i].Record))
	}
	got := []string{hub.Workload("quickstart-001").String(), explicit.String(), derived.String(), hub.Batch(leaves).String()}
	for i := range leaves {
		got = append(got, leaves[i].String())
	}
	if !slices.Equal(got, golden) {
		t.Errorf("got\n%s", strings.Join(got, "\n"))
	}
}

// golden: workload id, explicit seed, derived seed, batch id, leaf hashes of the
// records.
var golden = []string{
	"e8235cbfd282ada644ec50cd5f95b68a",
	"e0db04bc38d0ed8083e22c11223a70b233a90c327327b3eaa087d44bc4e99e43",
	"456d0325358cdfd6c136f3199e7c1b8f1e37c72f6ae35c5c698715ce1862b2a1",
	"8fc43188fc2ab6cd52b40c802cc5a53e",
	"3eec303b86eef2680d4c68ac40d12bce305e29329f2f9dccbf8e99dd3f3bc0e5",
	"e7f803549666a55930bb161799760f6a1cc6c23f5e3b3aabe79b570bd917c4f4",
	"95431bdd3abf7f15bca16b3c1c0d26426924d2b0fa297b988fbb50d8e0322998",
}

// TestB3sum derives the same with another program, if there is one.
func TestB3sum(t *testing.T) {
	b3sum, err := exec.LookPath("b3sum")
	if err != nil {
		if os.Getenv("SETTLE_CI") != "" {
			t.Fatal("b3sum is mandatory here")
		}
		t.Skip("b3sum is not installed; TestGolden pins the values too")
	}
	head := append([]byte{0, byte(len(origin))}, origin...)
	head = append(head, hub.ID[:]...)
	seed := hub.RootSeed("", contract.Seed{Value: "ROOT_SEED_001"})
	derived := hub.RootSeed("job", contract.Seed{Derived: true, Value: "hint"})
	for context, c := range map[string]struct {
		material []byte
		want     string
	}{
		"settle/v1 import seed":         {[]byte("ROOT_SEED_001"), seed.String()},
		"settle/v1 import derived seed": {append(slices.Clone(head), "\x00\x03jobhint"...), derived.String()},
		"settle/v1 import workload":     {append(slices.Clone(head), "job"...), hub.Workload("job").String()},
	} {
		cmd := exec.Command(b3sum, "--no-names", "--derive-key", context)
		cmd.Stdin = bytes.NewReader(c.material)
		out, err := cmd.Output()
		if err != nil {
			t.Fatal(err)
		}
		if !strings.HasPrefix(string(out), c.want) {
			t.Errorf("%s: b3sum says %s, we %s", context, out, c.want)
		}
	}
}

// TestIdsDiffer: no two things of a hub share an id.
func TestIdsDiffer(t *testing.T) {
	other, elsewhere := *hub, *hub
	other.ID, elsewhere.Origin = codec.ID{8}, "ledger.example/other"
	seen := map[codec.ID]string{}
	for name, id := range map[string]codec.ID{
		"job a": hub.Workload("a"), "job b": hub.Workload("b"), "other hub": other.Workload("a"), "other ledger": elsewhere.Workload("a"),
	} {
		if before, ok := seen[id]; ok {
			t.Errorf("%s and %s have one id", name, before)
		}
		seen[id] = name
	}
	given, derived := contract.Seed{Value: "x"}, contract.Seed{Derived: true, Value: "x"}
	if hub.RootSeed("a", given) != other.RootSeed("b", given) {
		t.Error("an explicit seed depends on who uses it")
	}
	if hub.RootSeed("a", derived) == hub.RootSeed("b", derived) || hub.RootSeed("a", derived) == hub.RootSeed("a", given) {
		t.Error("a derived seed is not the job's own")
	}
	if hub.RootSeed("ab", contract.Seed{Derived: true, Value: "c"}) == hub.RootSeed("a", contract.Seed{Derived: true, Value: "bc"}) {
		t.Error("job id and value run into each other")
	}
}

// TestAgain builds a job as it was built before, later and under another cycle: what
// the ledger has comes out byte for byte, the rest is new.
func TestAgain(t *testing.T) {
	terms := &contract.Terms{Now: now, Policy: rates(t, nil), Platform: platform}
	first, err := build(t, order(t), sign(results(t)), terms)
	if err != nil {
		t.Fatal(err)
	}
	later := contract.Stamp{At: now.At + 1_000_000, Cycle: now.Cycle + 1}
	events := []contract.Event{{State: codec.StatePlanned, Stamp: now}, {State: codec.StateAggregating, Stamp: now}}
	for name, c := range map[string]struct {
		events  []contract.Event
		settled *contract.Stamp
		same    int // records that come out the same
	}{
		"nothing there":      {nil, nil, 0},
		"planned":            {events[:1], nil, 1},
		"settlement refused": {events, nil, 2},
		"all there":          {events, &now, 3},
	} {
		again, err := build(t, order(t), sign(results(t)), &contract.Terms{Now: later, Policy: terms.Policy, Platform: platform, Events: c.events, Settled: c.settled})
		if err != nil || len(again) != len(first) {
			t.Fatalf("%s: %d records, %v", name, len(again), err)
		}
		for i := range again {
			if bytes.Equal(again[i].Record, first[i].Record) != (i < c.same) {
				t.Errorf("%s: record %d", name, i)
			}
		}
	}
	failed := append(events, contract.Event{State: codec.StateFailed, Stamp: now})
	expect(t, "failed", contract.CodeAlreadyFailed, "", func() error {
		_, err := build(t, order(t), sign(results(t)), &contract.Terms{Now: later, Policy: terms.Policy, Platform: platform, Events: failed})
		return err
	})
}

// TestStates counts the events under both kinds of policy.
func TestStates(t *testing.T) {
	for every, want := range [][]codec.State{
		{codec.StatePlanned, codec.StateAggregating},
		{codec.StatePending, codec.StatePlanned, codec.StateRunning, codec.StateVerifying, codec.StateAggregating},
	} {
		policy := rates(t, func(p *codec.Policy) { p.Events = uint64(every) })
		items, err := build(t, order(t), sign(results(t)), &contract.Terms{Now: now, Policy: policy, Platform: platform})
		if err != nil {
			t.Fatal(err)
		}
		var got []codec.State
		for _, item := range items[:len(items)-1] {
			var e codec.Event
			decode(t, item.Record, codec.DecodeEvent, &e)
			if e.Seq != uint64(len(got)) {
				t.Errorf("event %d has number %d", len(got), e.Seq)
			}
			got = append(got, e.State)
		}
		if !slices.Equal(got, want) {
			t.Errorf("states %v, want %v", got, want)
		}
	}
}

func decode[T any](t *testing.T, record []byte, f func([]byte, *T) error, v *T) {
	t.Helper()
	r, err := codec.DecodeRecord(record)
	if err == nil {
		err = f(r.Body, v)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// TestSettlement looks at what the settlement says.
func TestSettlement(t *testing.T) {
	c, r := order(t), sign(results(t))
	set(t, c, "ctx.billing", nil) // a published variant: not a test, so billable
	set(t, c, "policy", tree{"verify": "spotcheck"})
	set(t, r, "components", []any{tree{"component": "aggregation", "unit": 2, "quantity": 7}})
	set(t, r, "unrun", []any{tree{"args": tree{"first": 1000}, "inputs": []any{}}})
	set(t, r, "replay_of", "quickstart-000")
	items, err := build(t, c, r, &contract.Terms{Now: now, Policy: rates(t, nil), Platform: platform, Weights: map[codec.ID]uint64{provider: 900_000}})
	if err != nil {
		t.Fatal(err)
	}
	var s codec.Settlement
	decode(t, items[2].Record, codec.DecodeSettlement, &s)
	if s.Charge != 52_000*27/1000+35 || s.Shards.Count != 2 || s.Shards.Units != 52_000 || len(s.PlanProof) == 0 || s.Verify.Mode != 1 {
		t.Errorf("%+v", s)
	}
	if s.Args.Hash != codec.BlobHash(mcArgs(1000, 0)) || s.RetainUntil != 2_000_400 || s.ReplayOf.Workload != hub.Workload("quickstart-000") {
		t.Errorf("%+v", s)
	}
	var labels []string
	for _, blob := range items[2].Attachments {
		if list, err := codec.Unseal[[]codec.Label](blob); err == nil && codec.BlobHash(blob) == *s.Labels {
			for _, l := range list {
				labels = append(labels, l.Label+"="+l.Value)
			}
		}
	}
	slices.Sort(labels)
	if got := strings.Join(labels, " "); got != "job=quickstart-001 project=atlas run=run-1 trace=t-9" {
		t.Errorf("labels %s", got)
	}
	var planned codec.Event
	decode(t, items[0].Record, codec.DecodeEvent, &planned)
	if planned.Plan.Count != 3 || planned.Customer != s.Customer {
		t.Errorf("%+v", planned)
	}
	if id, err := codec.Unseal[codec.ID](items[0].Attachments[0]); err != nil || id != customer || codec.BlobHash(items[0].Attachments[0]) != s.Customer {
		t.Errorf("customer %v, %v", id, err)
	}
}

// TestArguments holds the names of every program against its canonical arguments.
func TestArguments(t *testing.T) {
	for _, c := range []struct {
		op, args string
		want     []byte
	}{
		{`{"name": "mc", "version": 1, "profile": "path.v1"}`,
			`{"bins": {"count": 20, "lo_q16": 3276800, "width_q16": 327680}, "first": 7, "paths": 9, "steps": 52, "start_q16": 6553600, "drift": 0, "vol": 465373, "kind": 1, "strike_q16": 6553600}`, mcArgs(9, 7)},
		{`{"name": "graph", "version": 1, "profile": "pagerank.v1"}`, `{"steps": 20, "damp_q16": 55705, "topk": 10}`,
			[]byte{0xa4, 1, 20, 2, 0x19, 0xd9, 0x99, 3, 0x80, 4, 10}},
		{`{"name": "graph", "version": 1, "profile": "pagerank.v1"}`, `{"steps": 20, "damp_q16": 55705, "seeds": [1, 5], "topk": 10}`,
			[]byte{0xa4, 1, 20, 2, 0x19, 0xd9, 0x99, 3, 0x82, 1, 5, 4, 10}},
		{`{"name": "search", "version": 1, "profile": "rank.v1"}`,
			`{"tokens": [{"token": "na\u00efve", "idf_q16": 9}], "k1_q16": 1, "b_q16": 2, "avgdl_q8": 256, "topk": 3}`,
			[]byte{0xa6, 1, 0x81, 0x82, 0x46, 'n', 'a', 0xc3, 0xaf, 'v', 'e', 9, 2, 1, 3, 2, 4, 0x19, 1, 0, 5, 3, 6, 0}},
		{`{"name": "media", "version": 1, "profile": "raster.v1"}`,
			`{"ops": [{"op": "resize", "width": 20, "height": 10}, {"op": "correlation", "kernel": [-1, 0, 1, -2, 0, 2, -1, 0, 1], "div": 3, "bias": -9},
			{"op": "box", "fy": 3, "fx": 2}, {"op": "luma"}, {"op": "crop", "x": 1, "y": 2, "width": 3, "height": 1}, {"op": "rotate"}, {"op": "threshold", "t": 7}]}`,
			[]byte{0xa1, 1, 0x87, 0x83, 6, 20, 10, 0x84, 4, 0x89, 0x20, 0, 1, 0x21, 0, 2, 0x20, 0, 1, 3, 0x28,
				0x83, 3, 2, 3, 0x81, 1, 0x85, 2, 1, 2, 3, 1, 0x81, 8, 0x82, 7, 7}},
		{`{"name": "media", "version": 1, "profile": "raster.v1"}`,
			`{"ops": [{"op": "table", "table": "` + base64.StdEncoding.EncodeToString(make([]byte, 256)) + `"}]}`,
			append([]byte{0xa1, 1, 0x81, 0x82, 5, 0x59, 1, 0}, make([]byte, 256)...)},
		{`{"name": "memory", "version": 1, "profile": "kv.v1"}`, `{}`, []byte{0xa0}},
		{`{"name": "aggregate", "version": 1, "profile": "group.v1"}`, `{}`, []byte{0xa0}},
		{`{"name": "aggregate", "version": 1, "profile": "group.v1"}`, `{"cbor": "oA=="}`, []byte{0xa0}},
	} {
		tr := order(t)
		tr["op"], tr["args"] = object(t, c.op), object(t, c.args)
		parsed, err := contract.ParseContract(line(t, tr))
		if err != nil {
			t.Errorf("%s: %v", c.args, err)
			continue
		}
		if got := parsed.Arguments(); !bytes.Equal(got, c.want) {
			t.Errorf("%s: %x, want %x", c.args, got, c.want)
		}
	}
	bad := order(t)
	bad["op"], bad["args"] = object(t, `{"name": "graph", "version": 1, "profile": "pagerank.v1"}`), object(t, `{"steps": 257, "damp_q16": 0, "topk": 1}`)
	expect(t, "steps of a graph", contract.CodeBadArgs, "args", func() error {
		_, err := contract.ParseContract(line(t, bad))
		return err
	})
}

// TestBadRasterOps: an operation has its own fields, all of them, and values that the
// program accepts.
func TestBadRasterOps(t *testing.T) {
	for ops, want := range map[string]contract.Code{
		`[{"op": "blur"}]`:                            contract.CodeBadValue,
		`[{"op": "luma", "t": 1}]`:                    contract.CodeUnknownField,
		`[{"op": "threshold"}]`:                       contract.CodeMissingField,
		`[{"op": "threshold", "t": 256}]`:             contract.CodeBadArgs,
		`[{"op": "threshold", "t": -1}]`:              contract.CodeBadArgs,
		`[{"op": "threshold", "t": 1.5}]`:             contract.CodeBadValue,
		`[{"op": "table", "table": "AAAA"}]`:          contract.CodeBadArgs,
		`[{"op": "resize", "width": 0, "height": 1}]`: contract.CodeBadArgs,
		`[]`: contract.CodeBadArgs,
	} {
		bad := order(t)
		bad["op"], bad["args"] = object(t, `{"name": "media", "version": 1, "profile": "raster.v1"}`), object(t, `{"ops": `+ops+`}`)
		_, err := contract.ParseContract(line(t, bad))
		var fault *contract.Error
		if !errors.As(err, &fault) || fault.Code != want {
			t.Errorf("%s: %v, want %s", ops, err, want)
		}
	}
}

// TestUnknownArgument: no program accepts what it does not know.
func TestUnknownArgument(t *testing.T) {
	for _, p := range replay.Builtins() {
		tr, name := order(t), p.Name()
		tr["op"] = tree{"name": name.Family, "version": name.Version, "profile": name.Profile}
		tr["args"] = tree{"luck": 1}
		if _, err := contract.ParseContract(line(t, tr)); err == nil {
			t.Errorf("%v accepts any argument", name)
		}
	}
}

// TestTestMode: a test job is read, whatever its program.
func TestTestMode(t *testing.T) {
	tr := order(t)
	set(t, tr, "ctx.billing.mode", "test")
	set(t, tr, "op.profile", "insurance.v1")
	set(t, tr, "args", tree{"claim_freq": 2.5})
	if c, err := contract.ParseContract(line(t, tr)); err != nil || !c.Test {
		t.Errorf("%+v, %v", c, err)
	}
}

// TestReceiptOfAStranger signs with the key of one agent and names another.
func TestReceiptOfAStranger(t *testing.T) {
	r := sign(results(t))
	other := ed25519.NewKeyFromSeed(bytes.Repeat([]byte{1}, 32))
	set(t, r, "shards.1.agent", codec.Hash(other.Public().(ed25519.PublicKey)).String())
	expect(t, "stranger", contract.CodeBadReceipt, "shards[1].receipt", func() error {
		_, err := joinTrees(t, order(t), r)
		return err
	})
}
