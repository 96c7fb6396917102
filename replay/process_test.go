package replay_test

import (
	"fmt"
	"os"
	"testing"

	"github.com/forgepool/settle/replay"
	"github.com/forgepool/settle/replay/wasm"
	"github.com/zeebo/blake3"
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

// TestVectorsInAProcess gives the vectors of all families from another process, as they
// come from this one.
func TestVectorsInAProcess(t *testing.T) {
	host := wasm.NewBuiltins(wasm.Sandbox{Command: []string{os.Args[0], "serve-shards"}})
	defer host.Close()
	families := map[string]bool{}
	for _, c := range replay.VectorTasks(t) {
		for _, p := range replay.Builtins() {
			// The first program of a family is the one that these vectors are of.
			if p.Name().Family != c.Family {
				continue
			}
			families[c.Family] = true
			r := host.Program(p).Run(c.Task)
			if r.Status != replay.OK || blake3.Sum256(r.Output) != c.Output || r.Units != c.Units {
				t.Errorf("%s: %s %q, %d units", c.Name, r.Status, r.Field, r.Units)
			}
			break
		}
	}
	for _, p := range replay.Builtins() {
		if !families[p.Name().Family] {
			t.Errorf("no vector of %s", p.Name())
		}
	}
}

// BenchmarkSmallShards measures what a process costs where shards are small: one of
// about a microsecond and one of about a millisecond, here and there.
func BenchmarkSmallShards(b *testing.B) {
	host := wasm.NewBuiltins(wasm.Sandbox{Command: []string{os.Args[0], "serve-shards"}})
	defer host.Close()
	for _, c := range replay.VectorTasks(b) {
		p, _ := replay.BuiltinNamed(replay.ProgramName{Family: "mc", Version: 1, Profile: "path.v1"})
		if c.Family != "mc" {
			continue
		}
		for name, program := range map[string]replay.Program{"here": p, "process": host.Program(p)} {
			b.Run(c.Name+"/"+name, func(b *testing.B) {
				for b.Loop() {
					if r := program.Run(c.Task); r.Status != replay.OK {
						b.Fatal(r.Status)
					}
				}
			})
		}
	}
}
