package main

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/forgepool/settle/client"
	"github.com/forgepool/settle/codec"
	"github.com/forgepool/settle/contract"
	"github.com/forgepool/settle/replay"
	"github.com/rogpeppe/go-internal/testscript"
)

// Scripts may use, besides the commands of TestScripts:
//
//	jobs HUB PROVIDER AGENT CUSTOMER ADAPTER DIR [PREFIX]
//	                        execute jobs of every built-in program; write
//	                        contracts.jsonl, results.jsonl and blobs/ into DIR; with
//	                        a prefix, job ids and explicit seeds begin with it
func init() { scriptCommands["jobs"] = cmdJobs }

func cmdJobs(ts *testscript.TestScript, _ bool, args []string) {
	sdk, err := client.Dial(nil, ts.Getenv("SETTLE_NODE"))
	ts.Check(err)
	defer sdk.Close()
	status, err := sdk.Service().Status(context.Background())
	ts.Check(err)
	var ids [4]codec.ID
	for i, arg := range []int{0, 1, 3, 4} {
		ids[i], err = codec.ParseID(args[arg])
		ts.Check(err)
	}
	keys, err := loadKeys([]string{ts.MkAbs(args[2])})
	ts.Check(err)
	prefix := strings.Join(args[6:], "")
	shop := &shop{prefix: prefix, hub: contract.Hub{Origin: status.OriginA, ID: ids[0]}, provider: ids[1], agent: keys[0], customer: ids[2], adapter: ids[3],
		blobs: filepath.Join(ts.MkAbs(args[5]), "blobs")}
	ts.Check(os.MkdirAll(shop.blobs, 0o755))
	ts.Check(shop.work())
	ts.Check(os.WriteFile(filepath.Join(ts.MkAbs(args[5]), "contracts.jsonl"), shop.contracts.Bytes(), 0o644))
	ts.Check(os.WriteFile(filepath.Join(ts.MkAbs(args[5]), "results.jsonl"), shop.results.Bytes(), 0o644))
}

// shop is a hub with one provider that takes orders and writes down what became of
// them.
type shop struct {
	prefix            string
	hub               contract.Hub
	provider          codec.ID
	customer, adapter codec.ID
	agent             *client.Key
	blobs             string
	contracts         bytes.Buffer
	results           bytes.Buffer
}

// task is one shard: how its arguments differ in the lines, what they are, its input.
type task struct {
	differ string // JSON, "" = not
	args   []byte
	input  []byte
}

const mcNamed = `{"paths": 100, "steps": 50, "start_q16": 6553600, "drift": 0, "vol": 65536, "kind": 0, "strike_q16": 6553600,
	"bins": {"lo_q16": 0, "width_q16": 1048576, "count": 4}}`

// work takes seven orders: four programs, a replay, a test and one that is not
// finished.
func (s *shop) work() error {
	mc := mcProgram
	rank := replay.ProgramName{Family: "search", Version: 1, Profile: "rank.v1"}
	graph := replay.ProgramName{Family: "graph", Version: 1, Profile: "pagerank.v1"}
	group := replay.ProgramName{Family: "aggregate", Version: 1, Profile: "group.v1"}
	paths := []task{{`{"paths": 10}`, mcArgs(10, 0), nil}, {`{"paths": 90, "first": 10}`, mcArgs(90, 10), nil}}
	s.order("order-1", mc, mcNamed, "spotcheck", "explicit", "ROOT_SEED_001")
	s.order("order-2", group, "{}", "full", "derived", "")
	s.order("order-3", mc, mcNamed, "none", "explicit", "ROOT_SEED_001")
	s.order("order-4", rank, `{"tokens": [{"token": "ledger", "idf_q16": 91000}], "k1_q16": 78643, "b_q16": 49152, "avgdl_q8": 512, "topk": 5}`, "quorum", "derived", "a hint")
	s.order("order-5", graph, `{"cbor": "pAECAhmcQAOABAo="}`, "spotcheck", "derived", "")
	s.order("order-6", mc, mcNamed, "spotcheck", "derived", "")
	s.contracts.WriteString(`{"ctx": {"job_id": "smoke", "billing": {"mode": "test"}}, "op": {"name": "mc", "version": 1, "profile": "insurance.v1"},` +
		` "args": {"claim_freq": 2.0}, "policy": {"verify": "none"}, "seed": {"mode": "derived"}}` + "\n")
	text := []byte("\x02\x00\x00\x00\x0d\x00\x00\x00ledger ledger\x05\x00\x00\x00node.")
	edges := []byte{2, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0}
	query := codec.AppendBytes([]byte{0xa6, 1, 0x81, 0x82}, []byte("ledger"))
	query = codec.AppendUint(append(codec.AppendUint(query, 91_000), 2), 78_643)
	query = codec.AppendUint(append(codec.AppendUint(append(query, 3), 49_152), 4), 512)
	for _, job := range []struct {
		name    string
		program replay.ProgramName
		seed    contract.Seed
		more    string
		tasks   []task
	}{
		{"order-1", mc, contract.Seed{Value: "ROOT_SEED_001"}, `"labels": [{"label": "project", "value": "atlas"}], "unrun": [{"args": {"first": 100}}], "adapter": "` + s.adapter.String() + `",`, paths},
		{"order-2", group, contract.Seed{Derived: true}, "", []task{{"", []byte{0xa0}, rows("a", 5)}, {"", []byte{0xa0}, rows("b", 7)}}},
		{"order-3", mc, contract.Seed{Value: "ROOT_SEED_001"}, `"replay_of": "` + s.prefix + `order-1",`, paths},
		{"order-4", rank, contract.Seed{Derived: true, Value: "a hint"}, "", []task{{"", append(query, 5, 5, 6, 0), text}}},
		{"order-5", graph, contract.Seed{Derived: true}, "", []task{{"", []byte{0xa4, 1, 2, 2, 0x19, 0x9c, 0x40, 3, 0x80, 4, 10}, edges}}},
	} {
		if err := s.fulfil(job.name, job.program, job.seed, job.more, job.tasks); err != nil {
			return fmt.Errorf("%s: %w", job.name, err)
		}
	}
	return nil
}

// rows is an input of aggregate@1 group.v1 with n rows.
func rows(key string, n int) []byte {
	b := binary.LittleEndian.AppendUint32(nil, uint32(n))
	for i := range n {
		b = append(binary.LittleEndian.AppendUint16(b, uint16(len(key))), key...)
		b = binary.LittleEndian.AppendUint64(b, uint64(i))
	}
	return b
}

// order writes a contract.
func (s *shop) order(job string, program replay.ProgramName, args, verify, mode, value string) {
	if job = s.prefix + job; mode == "explicit" {
		value = s.prefix + value
	}
	seed := fmt.Sprintf(`{"mode": %q, "value": %q}`, mode, value)
	fmt.Fprintf(&s.contracts, `{"ctx": {"job_id": %q}, "op": {"name": %q, "version": %d, "profile": %q}, "args": %s, "policy": {"verify": %q}, "seed": %s}`+"\n",
		job, program.Family, program.Version, program.Profile, strings.ReplaceAll(args, "\n", " "), verify, seed)
}

// put stores a blob and returns it as the lines name it.
func (s *shop) put(data []byte) (codec.Blob, string, error) {
	b := codec.Blob{Hash: codec.BlobHash(data), Size: uint64(len(data))}
	return b, fmt.Sprintf(`{"hash": "%s", "size": %d}`, b.Hash, b.Size), os.WriteFile(filepath.Join(s.blobs, b.Hash.String()), data, 0o644)
}

// fulfil executes a job and writes its result.
func (s *shop) fulfil(job string, name replay.ProgramName, root contract.Seed, more string, tasks []task) error {
	program, _ := replay.BuiltinNamed(name)
	if job = s.prefix + job; !root.Derived {
		root.Value = s.prefix + root.Value
	}
	workload, seed := s.hub.Workload(job), s.hub.RootSeed(job, root)
	var lines []string
	var outputs []replay.ShardOutput
	for i, t := range tasks {
		r := program.Run(replay.Task{Seed: seed, Args: t.args, Input: t.input})
		if r.Status != replay.OK {
			return fmt.Errorf("shard %d is %v: %s", i, r.Status, r.Field)
		}
		outputs = append(outputs, replay.ShardOutput{Args: t.args, Output: r.Output})
		line, err := s.shard(i, &t, r, func(e *codec.ShardEntry) {
			client.SignShard(s.hub.Origin, s.hub.ID, workload, name.ID(), seed, e, s.agent)
		})
		if err != nil {
			return err
		}
		lines = append(lines, line)
	}
	merged, err := replay.MergeResult(program, outputs)
	if err != nil {
		return err
	}
	_, result, err := s.put(merged)
	if err != nil {
		return err
	}
	fmt.Fprintf(&s.results, `{"job_id": %q, "customer": "%s", "times": {"requested": 1, "planned": 2, "started": 3, "verified": 4, "finalized": 5}, `+
		`"verify": {"mode": "multi_node", "checked": 1, "matched": 1}, %s "result": %s, "shards": [%s]}`+"\n", job, s.customer, more, result, strings.Join(lines, ", "))
	return nil
}

// shard writes the line of one shard.
func (s *shop) shard(i int, t *task, r replay.Result, sign func(*codec.ShardEntry)) (string, error) {
	e := &codec.ShardEntry{Index: uint64(i), Args: codec.BlobHash(t.args), Units: r.Units}
	inputs, differ := "[]", ""
	if t.input != nil {
		blob, text, err := s.put(t.input)
		if err != nil {
			return "", err
		}
		e.Inputs, inputs = []codec.Blob{blob}, "["+text+"]"
	}
	output, text, err := s.put(r.Output)
	if err != nil {
		return "", err
	}
	e.Output = output
	sign(e)
	if t.differ != "" {
		differ = `"args": ` + t.differ + ", "
	}
	line := fmt.Sprintf(`{%s"provider": "%s", "agent": "%s", "inputs": %s, "output": %s, "units": %d, "started": 3, "finished": 4, "receipt": "%s"}`,
		differ, s.provider, s.agent.Public(), inputs, text, r.Units, e.Receipt)
	if !json.Valid([]byte(line)) {
		return "", fmt.Errorf("no JSON: %s", line)
	}
	return line, nil
}

// run runs the program in this process and returns its exit code and errors.
func run(args ...string) (int, string) {
	var stdout, stderr bytes.Buffer
	code := Run(args, strings.NewReader(""), &stdout, &stderr)
	return code, stderr.String()
}

// TestImportReading: what is wrong with files as a whole.
func TestImportReading(t *testing.T) {
	file := func(name, text string) string {
		path := filepath.Join(t.TempDir(), name)
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		return path
	}
	none, hub := file("none", ""), "--party="+strings.Repeat("07", 16)
	for name, c := range map[string]struct {
		args []string
		want string
	}{
		"many wrong lines":   {[]string{file("c", strings.Repeat("{}\n", 100)), none, hub}, "the rest was not read"},
		"all of them":        {[]string{file("c", strings.Repeat("{}\n", 100)), none, hub}, "wrong lines: 20; nothing was sent"},
		"empty line":         {[]string{file("c", "\n"), none, hub}, "c:1: bad_json"},
		"line too long":      {[]string{file("c", strings.Repeat("x", contract.MaxContractLine+3)), none, hub}, "c:1: too_large"},
		"line at the limit":  {[]string{file("c", strings.Repeat("x", contract.MaxContractLine)), none, hub}, "c:1: bad_json"},
		"no such file":       {[]string{none + "x", none, hub}, "no such file"},
		"no party":           {[]string{none, none}, "give its party id"},
		"one file":           {[]string{none}, "takes 2 arguments"},
		"output of a check":  {[]string{none, none, hub, "--out=x"}, "--out without it"},
		"doubled contract":   {[]string{file("c", testOrder+"\n"+testOrder+"\n"), none, hub}, "c:2: ctx.job_id: doubled_job"},
		"without last break": {[]string{file("c", testOrder+"\n"+testOrder), none, hub}, "c:2: ctx.job_id: doubled_job"},
	} {
		code, stderr := run(append([]string{"import", "--check", "--origin", "a/b"}, c.args...)...)
		if code != exitUsage || !strings.Contains(stderr, c.want) {
			t.Errorf("%s: exit code %d, %s", name, code, stderr)
		}
	}
	if code, stderr := run("import", "--check", "--origin", "a/b", hub, file("c", testOrder), none); code != exitDone {
		t.Errorf("a test job alone: exit code %d, %s", code, stderr)
	}
}

const testOrder = `{"ctx": {"job_id": "a", "billing": {"mode": "test"}}, "op": {"name": "mc", "version": 1, "profile": "eta.v1"}, "args": {}, "policy": {"verify": "none"}, "seed": {"mode": "derived"}}`

// TestBlobStore reads blobs whose names or sizes are false.
func TestBlobStore(t *testing.T) {
	dir := t.TempDir()
	s := newBlobStore(&importer{}, dir)
	data := []byte("blob")
	hash, other := codec.BlobHash(data), codec.BlobHash([]byte("other"))
	for _, h := range []codec.Hash{hash, other} {
		if err := os.WriteFile(filepath.Join(dir, h.String()), data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	find := func(h codec.Hash, size uint64) error {
		return s.find(t.Context(), &contract.Artifact{Blob: codec.Blob{Hash: h, Size: size}, Sized: true, Field: "result"})
	}
	if err := find(hash, 4); err != nil {
		t.Error(err)
	}
	for name, err := range map[string]error{"size": find(hash, 5), "name": find(other, 4), "missing": find(codec.Hash{1}, 4)} {
		if err == nil {
			t.Errorf("%s: found", name)
		}
	}
}
