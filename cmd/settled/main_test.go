package main

import (
	"bytes"
	"errors"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/forgepool/settle/internal/damage"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"settled": main})
}

// TestScripts runs the program as processes, with settle beside it. Scripts may use:
//
//	exits CODE COMMAND...   the command must end with this code
//	ports NAME...           set each $NAME to a port that is free
//	start NAME ARGS...      start settled ARGS..., wait until its API listens, set $NAME to its URL
//	stop NAME               interrupt it; it must end with code 0
//	kill NAME               end it at once
//	flip DIR INDEX          change one bit of a stored record
//	eventually COMMAND...   repeat a command until it succeeds
func TestScripts(t *testing.T) {
	programs := t.TempDir()
	out, err := exec.Command("go", "build", "-o", programs, "github.com/forgepool/settle/cmd/settle").CombinedOutput()
	if err != nil {
		t.Fatalf("building settle: %v\n%s", err, out)
	}
	testscript.Run(t, testscript.Params{
		Dir: "testdata",
		Setup: func(e *testscript.Env) error {
			e.Values["running"] = map[string]*running{}
			e.Setenv("PATH", programs+string(os.PathListSeparator)+e.Getenv("PATH"))
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exits": cmdExits, "ports": cmdPorts, "start": cmdStart, "stop": cmdStop, "kill": cmdKill,
			"flip": cmdFlip, "eventually": cmdEventually,
		},
	})
}

func codeOf(err error) int {
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		return exit.ExitCode()
	}
	return 0
}

func cmdExits(ts *testscript.TestScript, _ bool, args []string) {
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	if err = ts.Exec(args[1], args[2:]...); codeOf(err) != want {
		ts.Fatalf("exit code %d (%v), want %d", codeOf(err), err, want)
	}
}

func cmdPorts(ts *testscript.TestScript, _ bool, args []string) {
	for _, name := range args {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		ts.Check(err)
		ts.Setenv(name, strconv.Itoa(l.Addr().(*net.TCPAddr).Port))
		defer l.Close() // all at the end, so that each is another one
	}
}

// running is a node that a script started.
type running struct {
	cmd            *exec.Cmd
	stdout, stderr output
	ended          chan struct{}
}

// output collects what a process writes while others read it.
type output struct {
	mu sync.Mutex
	b  bytes.Buffer
}

// Write implements io.Writer.
func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.Write(p)
}

// String returns what was written so far.
func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.String()
}

var readyLine = regexp.MustCompile(`(?m)^settled: ready api=(\S+)$`)

func cmdStart(ts *testscript.TestScript, _ bool, args []string) {
	path, err := exec.LookPath("settled")
	ts.Check(err)
	r := &running{cmd: exec.Command(path, args[1:]...), ended: make(chan struct{})}
	r.cmd.Dir, r.cmd.Stdout, r.cmd.Stderr = ts.MkAbs("."), &r.stdout, &r.stderr
	ts.Check(r.cmd.Start())
	go func() {
		defer close(r.ended)
		_ = r.cmd.Wait()
	}()
	ts.Value("running").(map[string]*running)[args[0]] = r
	ts.Defer(func() {
		_ = r.cmd.Process.Kill()
		<-r.ended
		ts.Logf("%s logged:\n%s", args[0], &r.stderr)
	})
	ts.Setenv(args[0], r.await(ts))
}

// await waits for the line that says the node is ready and returns its URL.
func (r *running) await(ts *testscript.TestScript) string {
	for deadline := time.Now().Add(30 * time.Second); time.Now().Before(deadline); {
		if m := readyLine.FindStringSubmatch(r.stdout.String()); m != nil {
			return m[1]
		}
		select {
		case <-r.ended:
			ts.Fatalf("settled ended with %v:\n%s", r.cmd.ProcessState, &r.stderr)
		case <-time.After(20 * time.Millisecond):
		}
	}
	ts.Fatalf("settled is not ready:\n%s", &r.stderr)
	return ""
}

func (r *running) wait(ts *testscript.TestScript) {
	select {
	case <-r.ended:
	case <-time.After(30 * time.Second):
		ts.Fatalf("settled does not end:\n%s", &r.stderr)
	}
}

func named(ts *testscript.TestScript, name string) *running {
	r := ts.Value("running").(map[string]*running)[name]
	if r == nil {
		ts.Fatalf("%s was not started", name)
	}
	return r
}

func cmdStop(ts *testscript.TestScript, _ bool, args []string) {
	r := named(ts, args[0])
	ts.Check(r.cmd.Process.Signal(os.Interrupt))
	r.wait(ts)
	if code := r.cmd.ProcessState.ExitCode(); code != 0 {
		ts.Fatalf("settled ended with %d:\n%s", code, &r.stderr)
	}
}

func cmdKill(ts *testscript.TestScript, _ bool, args []string) {
	r := named(ts, args[0])
	ts.Check(r.cmd.Process.Kill())
	r.wait(ts)
}

func cmdFlip(ts *testscript.TestScript, _ bool, args []string) {
	index, err := strconv.ParseUint(args[1], 10, 64)
	ts.Check(err)
	ts.Check(damage.FlipRecord(filepath.Join(ts.MkAbs(args[0]), "ledger"), index))
}

func cmdEventually(ts *testscript.TestScript, _ bool, args []string) {
	var err error
	for deadline := time.Now().Add(30 * time.Second); time.Now().Before(deadline); time.Sleep(100 * time.Millisecond) {
		if err = ts.Exec(args[0], args[1:]...); err == nil {
			return
		}
	}
	ts.Fatalf("%s: %v", strings.Join(args, " "), err)
}
