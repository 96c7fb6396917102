package wasm

import (
	"context"
	"sync"

	"github.com/forgepool/settle/codec"
	"github.com/forgepool/settle/replay"
)

// BuiltinMemory is what a process that runs built-in programs may take, in bytes: four
// times the most that a shard of any of them needs (replay/DESIGN.md), because memory of
// the shard before may not be given back yet.
const BuiltinMemory = 2 << 30

// Builtins runs built-in programs in processes that stay between shards: a shard costs a
// message there and one back, and one that takes too long ends with its process. There
// are as many processes as runs were under way at once. It is safe for concurrent use.
type Builtins struct {
	sandbox Sandbox

	mu     sync.Mutex
	idle   []*worker
	closed bool
}

// NewBuiltins returns the runner; processes start when they are needed. In the sandbox, 0
// means DefaultTimeout for a shard and BuiltinMemory for a process; the engine is not
// looked at.
func NewBuiltins(s Sandbox) *Builtins {
	if s.Timeout == 0 {
		s.Timeout = DefaultTimeout
	}
	if s.Memory == 0 {
		s.Memory = BuiltinMemory
	}
	return &Builtins{sandbox: s}
}

// Program returns a built-in program whose runs happen in those processes. Everything
// else of it stays here.
func (b *Builtins) Program(p replay.Program) replay.Program { return &resident{Program: p, host: b} }

// Close ends the processes that wait for work. Runs that are under way end by themselves.
func (b *Builtins) Close() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.closed = true
	for _, w := range b.idle {
		_ = w.end() // it has nothing to tell
	}
	b.idle = nil
}

// take returns a process that waits, or a new one.
func (b *Builtins) take() (*worker, error) {
	b.mu.Lock()
	if last := len(b.idle) - 1; last >= 0 {
		w := b.idle[last]
		b.idle = b.idle[:last]
		b.mu.Unlock()
		return w, nil
	}
	b.mu.Unlock()
	return newWorker(b.sandbox)
}

// give puts a process back.
func (b *Builtins) give(w *worker) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed {
		_ = w.end() // it has nothing to tell
		return
	}
	b.idle = append(b.idle, w)
}

// run runs one shard. An error is that no process answered. One that has served before
// may have been ended between shards, or lack memory because of them: a new one decides.
func (b *Builtins) run(ctx context.Context, q *request) (Outcome, error) {
	for {
		w, err := b.take()
		if err != nil {
			return Outcome{}, err
		}
		served := w.served
		o, err := w.run(ctx, q)
		if err == nil {
			b.give(w)
			return o, nil
		}
		if ctx.Err() != nil || !served {
			return Outcome{}, err
		}
	}
}

// resident is a built-in program that runs in the processes of its host.
type resident struct {
	replay.Program
	host *Builtins
}

// Run implements replay.Program.
func (r *resident) Run(task replay.Task) replay.Result {
	result, _ := r.RunContext(context.Background(), task) // the status says the same
	return result
}

// RunContext is Run that ends with the context. The error says why the status is Unable.
func (r *resident) RunContext(ctx context.Context, task replay.Task) (replay.Result, error) {
	if oversized(task) {
		return r.Program.Run(task), nil // what is refused for its size fits no frame
	}
	p := r.Name().Program()
	q := &request{memory: r.host.sandbox.Memory, program: codec.EncodeProgram(&p), task: task}
	o, err := within(ctx, r.host.sandbox.Timeout, func(ctx context.Context) (Outcome, error) { return r.host.run(ctx, q) })
	return o.Result, err
}
