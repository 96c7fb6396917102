package wasm

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/forgepool/settle/codec"
	"github.com/forgepool/settle/replay"
)

// Sandbox says how processes are started that run shards, and what they may take.
type Sandbox struct {
	// Command starts a process that calls Serve on its standard streams: usually
	// this very program with a hidden subcommand.
	Command []string
	Engine  Engine
	// Timeout is the wall time of one shard, compiling included; 0 means DefaultTimeout.
	Timeout time.Duration
	// Memory is what the process may take for everything beside the module's own
	// memory, in bytes; 0 means DefaultMemory.
	Memory uint64
}

// Defaults of a Sandbox.
const (
	// DefaultTimeout is 30 times what a full shard is meant to take.
	DefaultTimeout = time.Minute
	// DefaultMemory holds the program itself, the compiled code and two buffers of
	// 2^26 bytes.
	DefaultMemory = 512 << 20
)

// Program is a user program. It implements replay.Program; every Run is a process of its
// own, so that nothing a module does can take this process with it. It is safe for
// concurrent use.
type Program struct {
	description codec.Program
	module      *Module
	sandbox     Sandbox
}

var _ replay.Identified = (*Program)(nil)

// Load validates the module of a program of kind 1. The error is a *Refusal, a
// codec.Refusal, or says that code is not the program's.
func Load(p *codec.Program, code []byte, s Sandbox) (*Program, error) {
	m, err := open(p, code)
	if err != nil {
		return nil, err
	}
	if s.Timeout == 0 {
		s.Timeout = DefaultTimeout
	}
	if s.Memory == 0 {
		s.Memory = DefaultMemory
	}
	return &Program{description: *p, module: m, sandbox: s}, nil
}

// Loader returns Load with a sandbox, in the form that who checks settlements takes.
func Loader(s Sandbox) replay.Loader {
	return func(p *codec.Program, code []byte) (replay.Program, error) {
		program, err := Load(p, code, s)
		if err != nil {
			return nil, err
		}
		return program, nil
	}
}

// Name returns family, version and profile. They do not tell a user program from
// another: ID does.
func (p *Program) Name() replay.ProgramName {
	d := &p.description
	return replay.ProgramName{Family: d.Family, Version: uint16(d.Version), Profile: d.Profile}
}

// ID returns the id under which a policy allows the program.
func (p *Program) ID() codec.Hash { return codec.ProgramID(&p.description) }

// Code returns the name of the module: the plain BLAKE3 of its bytes.
func (p *Program) Code() codec.Hash { return *p.description.Code }

// Units never knows: only a run tells.
func (p *Program) Units(_, _ []byte) (units uint64, ok bool) { return 0, false }

// Run executes one shard.
func (p *Program) Run(task replay.Task) replay.Result { return p.Execute(task).Result }

// RunContext is Run that ends with the context. The error says why the status is Unable.
func (p *Program) RunContext(ctx context.Context, task replay.Task) (replay.Result, error) {
	o, err := p.execute(ctx, task)
	return o.Result, err
}

// Execute is Run that tells the fuel, and why a shard could not be finished.
func (p *Program) Execute(task replay.Task) Outcome {
	o, _ := p.execute(context.Background(), task) // the outcome says the same
	return o
}

func (p *Program) execute(ctx context.Context, task replay.Task) (Outcome, error) {
	return within(ctx, p.sandbox.Timeout, func(ctx context.Context) (Outcome, error) { return p.spawn(ctx, task) })
}

// within runs a shard in another process for no longer than the limit. The error says why
// it could not be finished, as the outcome does.
func within(ctx context.Context, limit time.Duration, run func(context.Context) (Outcome, error)) (Outcome, error) {
	bounded, stop := context.WithTimeout(ctx, limit)
	defer stop()
	o, err := run(bounded)
	switch {
	case err == nil && o.Status != replay.Unable:
		return o, nil
	case err == nil:
		err = errors.New(o.Unable)
	case ctx.Err() != nil:
		err = ctx.Err()
	case bounded.Err() != nil:
		err = fmt.Errorf("not finished after %s", limit)
	}
	return unable(err.Error()), err
}

// Merge returns the list of output hashes.
func (p *Program) Merge(shards []replay.ShardOutput) ([]byte, error) {
	return replay.MergeHashes(shards), nil
}

// NewMerger implements replay.Program.
func (p *Program) NewMerger() replay.Merger { return replay.NewHashMerger() }
