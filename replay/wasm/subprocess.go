package wasm

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"runtime/debug"
	"strings"
	"time"

	"github.com/forgepool/settle/codec"
	"github.com/forgepool/settle/replay"
)

// maxStderr bounds what is kept of a dying process's last words, in bytes.
const maxStderr = 2 << 10

// spawn runs one shard in a process of its own. An error is that the process did not
// answer.
func (p *Program) spawn(ctx context.Context, task replay.Task) (Outcome, error) {
	// What would be refused for its size needs no process, and fits no frame.
	switch {
	case len(task.Args) > replay.MaxArgs:
		return invalid(FieldArgs), nil
	case len(task.Input) > replay.MaxInput:
		return invalid(FieldInput), nil
	case len(p.sandbox.Command) == 0:
		return Outcome{}, errors.New("no command to run programs with")
	}
	q := request{
		memory:  p.sandbox.Memory + uint64(p.module.memory[1])*PageSize,
		seconds: uint64(p.sandbox.Timeout/time.Second) + 1,
		engine:  p.sandbox.Engine, program: codec.EncodeProgram(&p.description), code: p.module.code, task: task,
	}
	readers := make([]io.Reader, 0, 9)
	for _, b := range q.buffers() {
		readers = append(readers, bytes.NewReader(b))
	}
	c := exec.CommandContext(ctx, p.sandbox.Command[0], p.sandbox.Command[1:]...)
	// One thread runs the module; the others belong to the collector.
	c.Env = []string{"GOMAXPROCS=2", "GOTRACEBACK=none"}
	c.Stdin = io.MultiReader(readers...)
	stderr := &tail{}
	c.Stderr = stderr
	c.WaitDelay = time.Second
	stdout, err := c.StdoutPipe()
	if err != nil {
		return Outcome{}, err
	}
	if err := c.Start(); err != nil {
		return Outcome{}, err
	}
	o, readErr := readOutcome(stdout)
	if readErr != nil {
		_ = c.Process.Kill() // it may still be writing; it has nothing to tell
	}
	if err := c.Wait(); err != nil || readErr != nil {
		return Outcome{}, fmt.Errorf("the process ended: %w %s", errors.Join(err, readErr), strings.TrimSpace(string(stderr.kept)))
	}
	return o, nil
}

// tail keeps the first bytes of a stream and drops the others.
type tail struct{ kept []byte }

func (t *tail) Write(b []byte) (int, error) {
	t.kept = append(t.kept, b[:min(len(b), maxStderr-len(t.kept))]...)
	return len(b), nil
}

// Serve is the process that runs one shard: it reads a request, sets its own limits
// first, and writes the outcome. An error means that there is none.
func Serve(in io.Reader, out io.Writer) error {
	d, q := &decoder{r: in}, new(request)
	d.limits(q)
	if d.err != nil {
		return d.err
	}
	if err := setLimits(q.memory, q.seconds); err != nil {
		return fmt.Errorf("setting limits: %w", err)
	}
	// The collector would rather work more than let the process end at its limit.
	debug.SetMemoryLimit(int64(q.memory / 8 * 7))
	if err := d.rest(q); err != nil {
		return err
	}
	p := new(codec.Program)
	if err := codec.Decode(q.program, p); err != nil {
		return err
	}
	o, err := Execute(p, q.code, q.engine, q.task)
	switch {
	case errors.Is(err, ErrEngine):
		o = unable(err.Error())
	case err != nil:
		return err
	}
	return writeOutcome(out, &o)
}
