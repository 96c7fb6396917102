package wasm

import (
	"bytes"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/forgepool/settle/codec"
	"github.com/forgepool/settle/replay"
)

// TestMain lets the test binary be the process that runs a shard.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == "serve-one-shard" {
		if err := Serve(os.Stdin, os.Stdout); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(3)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

func self() []string { return []string{os.Args[0], "serve-one-shard"} }

// program returns the description of a module.
func program(code []byte, fuel, pages uint64) *codec.Program {
	hash := codec.BlobHash(code)
	return &codec.Program{Family: "own", Version: 1, Profile: "p.v1", Kind: codec.ProgramWASM, Code: &hash, Fuel: &fuel, Pages: &pages}
}

func loaded(t *testing.T, code []byte, fuel uint64, s Sandbox) *Program {
	t.Helper()
	p, err := Load(program(code, fuel, 4), code, s)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// TestProcess gives the results of the vectors from processes.
func TestProcess(t *testing.T) {
	v := vectors(t)
	for _, engine := range engines {
		p := loaded(t, v.Modules[0].Code, 100_000, Sandbox{Command: self(), Engine: engine})
		got := p.Execute(replay.Task{Seed: v.Seed, Input: v.Runs[0].Input})
		if got.Status != replay.OK || !bytes.Equal(got.Output, v.Runs[0].Output) || got.Fuel != 1842 || got.Units != 2 {
			t.Errorf("%s: %+v", engine, got)
		}
	}
	p := loaded(t, v.Modules[0].Code, 1841, Sandbox{Command: self()})
	if got := p.Run(replay.Task{Seed: v.Seed, Input: v.Runs[0].Input}); got.Status != replay.Invalid || got.Field != FieldFuel {
		t.Errorf("%+v", got)
	}
	if got := p.Run(replay.Task{Input: make([]byte, replay.MaxInput+1)}); got.Field != FieldInput {
		t.Errorf("%+v", got)
	}
	if p.ID() == p.Name().ID() {
		t.Error("a user program has the id of a built-in of its name")
	}
}

// TestUnable ends processes in every way but their own: nothing is said of the shard.
func TestUnable(t *testing.T) {
	loop := newDraft(0x03, 0x40, 0x0c, 0, 0x0b).encode()
	cases := map[string]struct {
		fuel uint64
		s    Sandbox
		why  string
	}{
		"time":            {1 << 60, Sandbox{Command: self(), Timeout: time.Second}, "not finished after 1s"},
		"memory":          {1000, Sandbox{Command: self(), Memory: 1 << 20}, "the process ended"},
		"no such command": {1000, Sandbox{Command: []string{"/nonexistent"}}, "nonexistent"},
		"no command":      {1000, Sandbox{}, "no command"},
		"silent command":  {1000, Sandbox{Command: []string{"/bin/true"}}, "the process ended"},
		"babbling":        {1000, Sandbox{Command: []string{"/bin/echo", strings.Repeat("x", 99)}}, "the process ended"},
	}
	for name, c := range cases {
		got := loaded(t, loop, c.fuel, c.s).Execute(replay.Task{})
		if got.Status != replay.Unable || !strings.Contains(got.Unable, c.why) || got.Output != nil || got.Units != 0 {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

// TestProcessLimit lets a module touch all the memory that it may have, within a limit
// that would not hold twice as much.
func TestProcessLimit(t *testing.T) {
	fill := newDraft(0x41, 0, 0x41, 7, 0x41, 0x80, 0x80, 0x80, 0x80, 1, 0xfc, 0x0b, 0) // 256 MiB
	fill.memory = []byte{1, 1, 0x80, 0x20, 0x80, 0x20}                                 // 4,096 pages
	code := fill.encode()
	for memory, want := range map[uint64]replay.Status{128 << 20: replay.OK, 16 << 20: replay.Unable} {
		p, err := Load(program(code, 1e9, 4096), code, Sandbox{Command: self(), Memory: memory})
		if err != nil {
			t.Fatal(err)
		}
		if got := p.Execute(replay.Task{}); got.Status != want {
			t.Errorf("%d MiB beside the module's memory: %+v", memory>>20, got)
		}
	}
}

// TestLoad refuses what is not the program.
func TestLoad(t *testing.T) {
	code := newDraft().encode()
	good := program(code, 1000, 4)
	if _, err := Loader(Sandbox{})(good, code); err != nil {
		t.Error(err)
	}
	if _, err := Load(good, newDraft(0x01).encode(), Sandbox{}); err == nil {
		t.Error("another module was loaded")
	}
	builtin := codec.Program{Family: "mc", Version: 1, Profile: "path.v1"}
	if _, err := Load(&builtin, code, Sandbox{}); err == nil {
		t.Error("a built-in was loaded")
	}
	if p, err := Loader(Sandbox{})(program([]byte("x"), 1, 1), []byte("x")); err == nil || p != nil {
		t.Error("no module at all was loaded")
	}
}

// TestBadFrames cuts and changes both kinds of frames.
func TestBadFrames(t *testing.T) {
	var frame bytes.Buffer
	o := Outcome{Result: replay.Result{Output: []byte("out"), Units: 2}, Fuel: 1842}
	if err := writeOutcome(&frame, &o); err != nil {
		t.Fatal(err)
	}
	whole := frame.Bytes()
	for n := range whole {
		if _, err := readOutcome(bytes.NewReader(whole[:n])); err == nil {
			t.Errorf("read %d of %d bytes", n, len(whole))
		}
	}
	if got, err := readOutcome(bytes.NewReader(whole)); err != nil || got.Fuel != 1842 || string(got.Output) != "out" {
		t.Errorf("%+v, %v", got, err)
	}
	for _, at := range []int{0, 7, 15, 22, 24, 40} { // status, units, fuel, three lengths
		bad := bytes.Clone(whole)
		bad[at] ^= 0x40
		if _, err := readOutcome(bytes.NewReader(bad)); err == nil {
			t.Errorf("byte %d changed and read", at)
		}
	}
	d := &decoder{r: bytes.NewReader(bytes.Repeat([]byte{0xff}, 200))}
	if err := d.rest(new(request)); err == nil {
		t.Error("a request of 2^64 bytes was read")
	}
}
