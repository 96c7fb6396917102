package verifier

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/forgepool/settle/codec"
	"github.com/forgepool/settle/replay"
	"github.com/forgepool/settle/replay/wasm"
)

// TestMain lets the test binary be the process that runs shards.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == "serve-shards" {
		if err := wasm.Serve(os.Stdin, os.Stdout); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(3)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// userWorld is a ledger with a closed cycle in which providers 0 and 1 executed a user
// program, a module built from C; lie is what provider 1 changes of its entries.
func userWorld(t *testing.T, lie func(i int, e *codec.ShardEntry)) (*world, replay.Loader) {
	t.Helper()
	code, err := os.ReadFile("../replay/wasm/testdata/examples/mc-c.wasm")
	if err != nil {
		t.Fatal(err)
	}
	hash, fuel, pages := codec.BlobHash(code), uint64(1<<30), uint64(64)
	p := codec.Program{Family: "own", Version: 1, Profile: "path.v1", Kind: codec.ProgramWASM, Code: &hash, Fuel: &fuel, Pages: &pages}
	load := wasm.Loader(wasm.Sandbox{Command: []string{os.Args[0], "serve-shards"}})
	program, err := load(&p, code)
	if err != nil {
		t.Fatal(err)
	}
	w := newWorld(t, 3, p)
	w.put(code)
	w.promise(800_000, 100_000, 500_000)
	user := program.(replay.Identified)
	w.settle(job{name: "own", shards: []shardSpec{{0, 20}, {0, 30}}, user: user, code: p})
	w.settle(job{name: "own, of another", shards: []shardSpec{{0, 20}, {1, 40}}, user: user, code: p, entry: lie})
	w.closeCycle(nil)
	return w, load
}

// shardVerdicts returns what became of the shards of each provider in a report.
func shardVerdicts(r *CycleReport) map[codec.ID][]Verdict {
	out := map[codec.ID][]Verdict{}
	for i := range r.Items {
		if s := r.Items[i].Shard; s != nil {
			out[s.Provider] = append(out[s.Provider], r.Items[i].Verdict)
		}
	}
	return out
}

// TestAuditOfUserPrograms settles, draws and executes a module in processes.
func TestAuditOfUserPrograms(t *testing.T) {
	w, load := userWorld(t, nil)
	o := w.cycleOptions(t.TempDir())
	o.Machine.Loader = load
	r := w.auditCycle(o)
	found := shardVerdicts(r)
	if r.Opinion != codec.OpinionPass || len(found) != 2 {
		t.Errorf("opinion %d, shards %v, %+v", r.Opinion, found, r.Result)
	}
	if err := r.Check(w.trust, proofsIn(o.Dir)); err != nil {
		t.Error(err)
	}

	// Without an engine nothing can be told, and nobody is accused.
	o = w.cycleOptions(t.TempDir())
	if r := w.auditCycle(o); r.Opinion != codec.OpinionIncomplete || r.Result.Failed > 0 {
		t.Errorf("without an engine: opinion %d, %+v", r.Opinion, r.Result)
	}
}

// TestAuditFindsLiesAboutUserPrograms accuses the provider that lied and no other one.
func TestAuditFindsLiesAboutUserPrograms(t *testing.T) {
	lies := map[string]func(i int, e *codec.ShardEntry){
		FaultOutput.String(): func(i int, e *codec.ShardEntry) { e.Output.Hash[0] ^= byte(i) },
		FaultUnits.String():  func(i int, e *codec.ShardEntry) { e.Units += uint64(i) },
	}
	for name, lie := range lies {
		t.Run(name, func(t *testing.T) {
			w, load := userWorld(t, lie)
			o := w.cycleOptions(t.TempDir())
			o.Machine.Loader = load
			r := w.auditCycle(o)
			if r.Opinion != codec.OpinionFail {
				t.Errorf("opinion %d, %+v", r.Opinion, r.Result)
			}
			liar := w.actors["provider 1"].id
			for provider, verdicts := range shardVerdicts(r) {
				for _, v := range verdicts {
					if (v == Mismatch) != (provider == liar) || v == Inconclusive {
						t.Errorf("provider %s: %v", provider, verdicts)
					}
				}
			}
			for i := range r.Items {
				if item := &r.Items[i]; item.Verdict == Mismatch && !strings.Contains(strings.Join(item.Reasons, " "), name) {
					t.Errorf("item %d: %v", i, item.Reasons)
				}
			}
			if len(r.Evidence) > 0 {
				t.Error("evidence that its own check cannot confirm: bundles hold no modules")
			}
		})
	}
}
