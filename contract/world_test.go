package contract_test

import (
	"crypto/ed25519"
	"encoding/json"
	"strings"
	"testing"

	"github.com/forgepool/settle/codec"
	"github.com/forgepool/settle/contract"
	"github.com/forgepool/settle/replay"
	"github.com/forgepool/settle/settlement"
)

const origin = "ledger.example/test/blake3"

var (
	hub      = &contract.Hub{Origin: origin, ID: codec.ID{7}, Secret: codec.Hash{5}}
	provider = codec.ID{1, 1}
	customer = codec.ID{3, 3}
	platform = codec.ID{4, 4}
	agent    = ed25519.NewKeyFromSeed(make([]byte, 32))
	now      = contract.Stamp{At: 2_000_000, Cycle: 202609}
)

// tree is a JSON object that a test changes before it is written.
type tree = map[string]any

// set replaces what stands at a path such as "shards.0.units"; nil removes it.
func set(t *testing.T, root tree, path string, v any) {
	t.Helper()
	parts := strings.Split(path, ".")
	var at any = root
	for i, part := range parts {
		last := i == len(parts)-1
		switch x := at.(type) {
		case tree:
			if last && v == nil {
				delete(x, part)
			} else if last {
				x[part] = v
			}
			at = x[part]
		case []any:
			n := int(part[0] - '0')
			if last {
				x[n] = v
			}
			at = x[n]
		default:
			t.Fatalf("no %s in the tree", path)
		}
	}
}

func line(t *testing.T, v tree) []byte {
	t.Helper()
	data, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// object parses JSON text.
func object(t *testing.T, text string) (v tree) {
	t.Helper()
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	if err := d.Decode(&v); err != nil {
		t.Fatal(err)
	}
	return v
}

// order is a contract for 1,000 paths, in the fullest published form.
func order(t *testing.T) tree {
	return object(t, `{
		"ctx": {"job_id": "quickstart-001", "run_id": "run-1", "stage_id": "", "trace_id": "t-9", "billing": {"mode": "billable", "reason": "api"}},
		"op": {"name": "mc", "version": 1, "profile": "path.v1"},
		"args": {"paths": 1000, "steps": 52, "start_q16": 6553600, "drift": 0, "vol": 465373, "kind": 1, "strike_q16": 6553600,
			"bins": {"lo_q16": 3276800, "width_q16": 327680, "count": 20}},
		"policy": {"target": "cpu", "min_agents": 1, "max_agents": 10, "timeout_ms": 0, "verify": "spotcheck"},
		"seed": {"mode": "explicit", "value": "ROOT_SEED_QUICKSTART"},
		"artifacts": {"persist": true, "kv_namespace": "jobs", "include": ["result_json", "metrics_json"]}
	}`)
}

// results are of order, in two shards; receipts are put on by sign.
func results(t *testing.T) tree {
	return object(t, `{
		"job_id": "quickstart-001",
		"customer": "03030000000000000000000000000000",
		"times": {"requested": 1000000, "planned": 1000100, "started": 1000200, "verified": 1000300, "finalized": 1000400},
		"verify": {"checked": 1, "matched": 1, "evidence": "`+codec.BlobHash([]byte("evidence")).String()+`"},
		"result": {"hash": "`+codec.BlobHash([]byte("result")).String()+`", "size": 6},
		"shards": [
			{"provider": "01010000000000000000000000000000", "args": {"paths": 400, "first": 0}, "units": 20800, "started": 1000200, "finished": 1000250,
				"output": {"hash": "`+codec.BlobHash([]byte("output 0")).String()+`", "size": 8}},
			{"provider": "01010000000000000000000000000000", "args": {"paths": 600, "first": 400}, "units": 31200, "started": 1000200, "finished": 1000260,
				"output": {"hash": "`+codec.BlobHash([]byte("output 1")).String()+`", "size": 8}}
		],
		"labels": [{"label": "project", "value": "atlas"}]
	}`)
}

// mcArgs are the canonical arguments of n paths of order from first on.
func mcArgs(n, first uint64) []byte {
	b := codec.AppendMap(nil, 9)
	for i, v := range []int64{int64(n), 52, 6_553_600, 0, 465_373, 1, 6_553_600, int64(first)} {
		b = codec.AppendInt(codec.AppendUint(b, uint64(i+1)), v)
	}
	b = codec.AppendArray(codec.AppendUint(b, 9), 3)
	return codec.AppendUint(codec.AppendUint(codec.AppendUint(b, 3_276_800), 327_680), 20)
}

var mcName = replay.ProgramName{Family: "mc", Version: 1, Profile: "path.v1"}

// sign puts agent and receipt on the shards of results: what an agent does who knows
// hub, job id and root seed.
func sign(r tree) tree {
	seed := hub.RootSeed("quickstart-001", contract.Seed{Value: "ROOT_SEED_QUICKSTART"})
	for i, split := range [][2]uint64{{400, 0}, {600, 400}} {
		s := r["shards"].([]any)[i].(tree)
		args := mcArgs(split[0], split[1])
		e := &codec.ShardEntry{Index: uint64(i), Args: codec.BlobHash(args), Units: split[0] * 52,
			Output: codec.Blob{Hash: codec.BlobHash([]byte{'o', 'u', 't', 'p', 'u', 't', ' ', byte('0' + i)}), Size: 8}}
		digest := codec.ReceiptDigest(origin, hub.ID, hub.Workload("quickstart-001"), mcName.ID(), seed, e)
		s["agent"] = codec.Hash(agent.Public().(ed25519.PublicKey)).String()
		s["receipt"] = codec.Sig(ed25519.Sign(agent, digest[:])).String()
	}
	return r
}

// rates is a policy that allows the built-in programs.
func rates(t *testing.T, change func(*codec.Policy)) *settlement.Policy {
	t.Helper()
	p := &codec.Policy{Version: 1, Scale: 6, Shares: codec.Shares{Provider: 700_000, Adapter: 100_000}, Weights: codec.Range{Min: 1, Max: 2_000_000},
		Retention: 1_000_000, Rounding: 1,
		Limits: codec.ShardLimits{MaxShards: 4_096, MaxUnits: []uint64{1 << 30, 1 << 30, 1 << 30, 1 << 30, 1 << 30, 1 << 30}}}
	for class := uint64(1); class <= 6; class++ {
		p.Floors = append(p.Floors, codec.Floor{Class: class, Mode: 1, SamplePPM: 100_000, Replicas: 1})
	}
	p.Programs = []codec.Allowed{{Program: mcName.ID(), Class: 1}}
	p.Rates = []codec.Rate{{Program: mcName.ID(), Component: 1, Unit: 1, Num: 27, Den: 1_000}, {Program: mcName.ID(), Component: 3, Unit: 2, Num: 5, Den: 1}}
	if change != nil {
		change(p)
	}
	policy, err := settlement.NewPolicy(codec.Encode(p), nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	return policy
}

// joinTrees parses and joins.
func joinTrees(t *testing.T, c, r tree) (*contract.Job, error) {
	t.Helper()
	parsed, err := contract.ParseContract(line(t, c))
	if err != nil {
		return nil, err
	}
	result, err := contract.ParseResult(line(t, r))
	if err != nil {
		return nil, err
	}
	return hub.Join(parsed, result)
}

func build(t *testing.T, c, r tree, terms *contract.Terms) ([]contract.Item, error) {
	t.Helper()
	j, err := joinTrees(t, c, r)
	if err != nil {
		return nil, err
	}
	return j.Build(terms)
}
