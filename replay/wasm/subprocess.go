package wasm

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"runtime/debug"
	"time"

	"github.com/forgepool/settle/codec"
	"github.com/forgepool/settle/replay"
)

// maxStderr bounds what is kept of a dying process's last words, in bytes.
const maxStderr = 2 << 10

// oversized says whether a task is larger than any program takes.
func oversized(t replay.Task) bool {
	return len(t.Args) > replay.MaxArgs || len(t.Input) > replay.MaxInput
}

// spawn runs one shard in a process of its own. An error is that the process did not
// answer.
func (p *Program) spawn(ctx context.Context, task replay.Task) (Outcome, error) {
	// What would be refused for its size needs no process, and fits no frame.
	switch {
	case len(task.Args) > replay.MaxArgs:
		return invalid(FieldArgs), nil
	case len(task.Input) > replay.MaxInput:
		return invalid(FieldInput), nil
	}
	w, err := newWorker(p.sandbox)
	if err != nil {
		return Outcome{}, err
	}
	o, err := w.run(ctx, &request{
		memory:  p.sandbox.Memory + uint64(p.module.memory[1])*PageSize,
		seconds: uint64(p.sandbox.Timeout/time.Second) + 1,
		engine:  p.sandbox.Engine, program: codec.EncodeProgram(&p.description), code: p.module.code, task: task,
	})
	if err != nil {
		return Outcome{}, err
	}
	_ = w.end() // it served; what is left of it has nothing to tell
	if o.Status == replay.OK && o.Fuel == 0 {
		return Outcome{}, fmt.Errorf("%w: %d units without fuel", errFrame, o.Units)
	}
	return o, nil
}

// tail keeps the first bytes of a stream and drops the others.
type tail struct{ kept []byte }

func (t *tail) Write(b []byte) (int, error) {
	t.kept = append(t.kept, b[:min(len(b), maxStderr-len(t.kept))]...)
	return len(b), nil
}

// Serve is the process that runs shards for another one: it reads a request, sets its own
// limits first, and writes the outcome. A module has the process for itself; built-in
// programs are run until there are no more requests. An error means that there is no
// outcome.
func Serve(in io.Reader, out io.Writer) error {
	in = bufio.NewReaderSize(in, pipeBuffer)
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
	if p.Kind == codec.ProgramBuiltIn {
		return serveBuiltins(q, in, out)
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
