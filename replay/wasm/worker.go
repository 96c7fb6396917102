package wasm

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"strings"
	"time"

	"github.com/forgepool/settle/codec"
	"github.com/forgepool/settle/replay"
)

// pipeBuffer holds both frames of a small shard, in bytes; larger fields pass it by.
const pipeBuffer = 1 << 14

// worker is a process that runs built-in programs, one shard at a time.
type worker struct {
	process *exec.Cmd
	stdin   io.WriteCloser
	in      *bufio.Writer
	out     *bufio.Reader
	stderr  *tail
	served  bool // a shard was finished here
}

// newWorker starts a process.
func newWorker(s Sandbox) (*worker, error) {
	c, stderr, err := s.command()
	if err != nil {
		return nil, err
	}
	stdin, err := c.StdinPipe()
	if err != nil {
		return nil, err
	}
	stdout, err := c.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := c.Start(); err != nil {
		return nil, err
	}
	return &worker{process: c, stdin: stdin, in: bufio.NewWriterSize(stdin, pipeBuffer),
		out: bufio.NewReaderSize(stdout, pipeBuffer), stderr: stderr}, nil
}

// run has one shard run. After an error, which the end of the context is too, the process
// is gone.
func (w *worker) run(ctx context.Context, q *request) (Outcome, error) {
	disarm := context.AfterFunc(ctx, func() { _ = w.process.Process.Kill() })
	o, err := w.exchange(q)
	if !disarm() && err == nil {
		err = ctx.Err() // the answer came with the blow
	}
	if err != nil {
		ended := w.end()
		return Outcome{}, fmt.Errorf("the process ended: %w %s", errors.Join(ended, err), strings.TrimSpace(string(w.stderr.kept)))
	}
	w.served = true
	return o, nil
}

// exchange sends a request and reads the answer.
func (w *worker) exchange(q *request) (Outcome, error) {
	for _, b := range q.buffers() {
		if _, err := w.in.Write(b); err != nil {
			return Outcome{}, err
		}
	}
	if err := w.in.Flush(); err != nil {
		return Outcome{}, err
	}
	return readOutcome(w.out)
}

// end ends the process and waits until it is gone.
func (w *worker) end() error {
	_ = w.process.Process.Kill() // it may be gone already
	return w.process.Wait()
}

// command prepares a process; its streams but stderr are the caller's.
func (s *Sandbox) command() (*exec.Cmd, *tail, error) {
	if len(s.Command) == 0 {
		return nil, nil, errors.New("no command to run programs with")
	}
	c := exec.Command(s.Command[0], s.Command[1:]...)
	// One thread runs the program; the others belong to the collector.
	c.Env = []string{"GOMAXPROCS=2", "GOTRACEBACK=none"}
	stderr := &tail{}
	c.Stderr, c.WaitDelay = stderr, time.Second
	return c, stderr, nil
}

// serveBuiltins is the life of a process that runs built-in programs: it answers requests,
// of which the first was read already, until there are no more. It does not outlive who
// asks: a run that nobody waits for any longer is given up with the process.
func serveBuiltins(first *request, in io.Reader, out io.Writer) error {
	requests, ended := make(chan *request), make(chan error, 1)
	go func() { ended <- readRequests(in, requests) }()
	buffered := bufio.NewWriterSize(out, pipeBuffer)
	for q := first; ; {
		answers := make(chan error, 1)
		go func() { answers <- q.answer(buffered) }()
		select {
		case err := <-answers:
			if err != nil {
				return err
			}
		case err := <-ended:
			return errors.Join(errors.New("a run that nobody waits for"), err)
		}
		select {
		case q = <-requests:
		case err := <-ended:
			return err
		}
	}
}

// readRequests reads requests until there are no more.
func readRequests(in io.Reader, requests chan<- *request) error {
	for {
		d, q := &decoder{r: in}, new(request)
		d.limits(q) // they stay as the first request set them
		if errors.Is(d.err, io.EOF) {
			return nil // between two requests
		}
		if err := d.rest(q); err != nil {
			return err
		}
		requests <- q
	}
}

// answer runs one shard of a built-in program and writes the outcome.
func (q *request) answer(out *bufio.Writer) error {
	p := new(codec.Program)
	if err := codec.Decode(q.program, p); err != nil {
		return err
	}
	program, ok := replay.Builtin(codec.ProgramID(p))
	if !ok {
		return fmt.Errorf("%w: no built-in program %s@%d %s", errFrame, p.Family, p.Version, p.Profile)
	}
	if err := writeOutcome(out, &Outcome{Result: program.Run(q.task)}); err != nil {
		return err
	}
	return out.Flush()
}
