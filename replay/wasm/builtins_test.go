package wasm

import (
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"os"
	"reflect"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/forgepool/settle/replay"
)

// hosted returns a runner of built-in programs, whose processes end with the test.
func hosted(t testing.TB, s Sandbox) *Builtins {
	s.Command = self()
	b := NewBuiltins(s)
	t.Cleanup(b.Close)
	return b
}

// pids returns the processes that wait for work.
func (b *Builtins) pids() (list []int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, w := range b.idle {
		list = append(list, w.process.Process.Pid)
	}
	return list
}

// gone says whether there is no such process any longer.
func gone(pid int) bool { return errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) }

// endless is a shard of mc that takes minutes: 2^34 steps.
func endless() replay.Task { return replay.Task{Args: mcArgs(1<<22, 4096, 0)} }

func mc() replay.Program {
	p, _ := replay.BuiltinNamed(replay.ProgramName{Family: "mc", Version: 1, Profile: "path.v1"})
	return p
}

// profileCases reads the vectors of the further profiles of mc.
func profileCases(t *testing.T) (cases []familyCase) {
	data, err := os.ReadFile("../testdata/vectors/mc-profiles.json")
	if err != nil {
		t.Fatal(err)
	}
	type vector struct {
		Profile string
		Args    hexBytes `json:"args_hex"`
		Input   hexBytes `json:"input_hex"`
	}
	var v struct{ Cases, Invalid []vector }
	if err := json.Unmarshal(data, &v); err != nil {
		t.Fatal(err)
	}
	for _, c := range append(v.Cases, v.Invalid...) {
		cases = append(cases, familyCase{c.Profile, "mc", c.Args, c.Input})
	}
	return cases
}

// TestBuiltinsInProcesses compares results here and there, good and bad, each with and
// without a limit on units. The vectors whose inputs are generated are compared where the
// generators are.
func TestBuiltinsInProcesses(t *testing.T) {
	b, ok, all := hosted(t, Sandbox{}), map[string]int{}, families(t)
	for i, c := range append(all, profileCases(t)...) {
		for _, p := range replay.Builtins() {
			if name := p.Name(); name.Family != c.family || i >= len(all) && name.Profile != c.name {
				continue
			}
			for _, units := range []uint64{0, 1} {
				task := replay.Task{Seed: [32]byte{1, 2, 3}, Args: c.args, Input: c.input, MaxUnits: units}
				want, got := p.Run(task), b.Program(p).Run(task)
				if len(want.Output) == 0 && len(got.Output) == 0 {
					got.Output = want.Output // nil or empty
				}
				if !reflect.DeepEqual(got, want) {
					t.Errorf("%s %s: %s %q, %d units; here %s %q, %d units", p.Name(), c.name, got.Status, got.Field, got.Units, want.Status, want.Field, want.Units)
				}
				if want.Status == replay.OK {
					ok[p.Name().String()]++
				}
			}
		}
	}
	if len(ok) < 4 {
		t.Errorf("outputs of %v alone", ok)
	}
	if len(b.pids()) != 1 {
		t.Errorf("processes %v for shards one after another", b.pids())
	}
}

// TestBuiltinNames leaves everything but runs as it was.
func TestBuiltinNames(t *testing.T) {
	b := hosted(t, Sandbox{})
	for _, p := range replay.Builtins() {
		if b.Program(p).Name() != p.Name() {
			t.Errorf("%s became %s", p.Name(), b.Program(p).Name())
		}
	}
	large := replay.Task{Args: make([]byte, replay.MaxArgs+1)}
	if got, want := b.Program(mc()).Run(large), mc().Run(large); !reflect.DeepEqual(got, want) || got.Status != replay.Invalid {
		t.Errorf("too many arguments: %+v, want %+v", got, want)
	}
	if len(b.pids()) != 0 {
		t.Error("a process for what needs none")
	}
}

// TestBuiltinIsStopped ends a shard that would take minutes, by the limit and by the
// caller; its process is gone, and the next shard gets another one.
func TestBuiltinIsStopped(t *testing.T) {
	short := replay.Task{Args: mcArgs(10, 10, 0)}
	b := hosted(t, Sandbox{Timeout: time.Second})
	p := b.Program(mc()).(*resident)
	if r := p.Run(short); r.Status != replay.OK {
		t.Fatalf("%+v", r)
	}
	pid := b.pids()[0]
	began := time.Now()
	r, err := p.RunContext(context.Background(), endless())
	if r.Status != replay.Unable || r.Output != nil || err == nil || err.Error() != "not finished after 1s" {
		t.Errorf("%+v, %v", r, err)
	}
	if took := time.Since(began); took < time.Second || took > 30*time.Second {
		t.Errorf("stopped after %s", took)
	}
	if !gone(pid) {
		t.Error("the process is still there")
	}
	if r := p.Run(short); r.Status != replay.OK {
		t.Errorf("after a stop: %+v", r)
	}
	ctx, stop := context.WithCancel(context.Background())
	stop()
	if _, err := p.RunContext(ctx, endless()); !errors.Is(err, context.Canceled) {
		t.Errorf("given up by the caller: %v", err)
	}
}

// TestBuiltinProcessLost kills a process that waits: the next shard does not notice.
func TestBuiltinProcessLost(t *testing.T) {
	b := hosted(t, Sandbox{})
	p := b.Program(mc())
	task := replay.Task{Args: mcArgs(10, 10, 0)}
	want := p.Run(task)
	pid := b.pids()[0]
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	if got := p.Run(task); got.Status != replay.OK || !bytes.Equal(got.Output, want.Output) {
		t.Errorf("%+v", got)
	}
	if again := b.pids(); len(again) != 1 || again[0] == pid {
		t.Errorf("processes %v after %d", again, pid)
	}
	last := b.pids()[0]
	b.Close()
	if !gone(last) {
		t.Error("closed, and the process is still there")
	}
	if r := p.Run(task); r.Status != replay.OK || len(b.pids()) != 0 {
		t.Errorf("after closing: %+v, processes %v", r, b.pids())
	}
}

// TestBuiltinsAtOnce runs shards side by side, in as many processes.
func TestBuiltinsAtOnce(t *testing.T) {
	b := hosted(t, Sandbox{})
	p := b.Program(mc())
	var group sync.WaitGroup
	for i := range uint64(4) {
		group.Go(func() {
			for j := range uint64(8) {
				task := replay.Task{Args: mcArgs(1+i, 1+j, 0)}
				if got, want := p.Run(task), mc().Run(task); !reflect.DeepEqual(got, want) {
					t.Errorf("%d paths of %d steps: %+v", 1+i, 1+j, got)
				}
			}
		})
	}
	group.Wait()
	if n := len(b.pids()); n < 1 || n > 4 {
		t.Errorf("%d processes", n)
	}
}

// TestBuiltinMemory runs a shard in less memory than its input, and says nothing of it.
func TestBuiltinMemory(t *testing.T) {
	b := hosted(t, Sandbox{Memory: 24 << 20})
	graph, _ := replay.BuiltinNamed(replay.ProgramName{Family: "graph", Version: 1, Profile: "pagerank.v1"})
	args, _ := hex.DecodeString("a4010302" + "19d999" + "0381000418c8")
	r, err := b.Program(graph).(*resident).RunContext(context.Background(), replay.Task{Args: args, Input: make([]byte, replay.MaxInput)})
	if r.Status != replay.Unable || err == nil || !strings.Contains(err.Error(), "the process ended") {
		t.Errorf("%+v, %v", r, err)
	}
}
