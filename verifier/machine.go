package verifier

import (
	"context"
	"fmt"

	"github.com/forgepool/settle/codec"
	"github.com/forgepool/settle/replay"
)

// Machine is how shards are executed here. The zero value executes built-in programs in
// this process, where nothing but their units bounds them.
type Machine struct {
	// Loader makes programs of modules; nil: user programs are unknown here.
	Loader replay.Loader
	// Builtin returns the program that built-in ones are executed by, as one that runs
	// in another process; nil: they run here.
	Builtin func(replay.Program) replay.Program
}

// Stoppable is a program whose runs can be stopped, as those in other processes. Who made
// it says how long one may take. A shard that takes longer is inconclusive, never a
// mismatch: it says nothing about who executed it.
type Stoppable interface {
	replay.Program
	// RunContext is Run that ends with the context. The error says why the status is
	// Unable; it is nil for every other.
	RunContext(ctx context.Context, task replay.Task) (replay.Result, error)
}

// program finds the program of a settlement, with its module from the source. Errors
// wrap ErrUnavailable.
func (m *Machine) program(ctx context.Context, src Source, p *codec.Program) (replay.Program, error) {
	if run, ok := replay.Builtin(codec.ProgramID(p)); ok && m.Builtin != nil {
		return m.Builtin(run), nil
	} else if ok {
		return run, nil
	}
	if m.Loader == nil || p.Kind != codec.ProgramWASM || p.Code == nil {
		return nil, fmt.Errorf("%w: program %s@%d %s is unknown here", ErrUnavailable, p.Family, p.Version, p.Profile)
	}
	code, err := fetchBlob(ctx, src, "module", *p.Code, codec.MaxAttachment)
	if err != nil {
		return nil, err
	}
	run, err := m.Loader(p, code)
	if err != nil {
		return nil, unavailable(err, "program %s@%d %s", p.Family, p.Version, p.Profile)
	}
	return run, nil
}

// runTask executes a shard. The error wraps ErrUnavailable.
func runTask(ctx context.Context, program replay.Program, task replay.Task) (replay.Result, error) {
	s, ok := program.(Stoppable)
	if !ok {
		return program.Run(task), nil
	}
	r, err := s.RunContext(ctx, task)
	if err != nil {
		return replay.Result{}, unavailable(err, "the shard could not be executed here")
	}
	return r, nil
}

// executeShard executes a shard again on its bytes, whose hashes were checked. It stops
// at the units that the entry claims: whatever needs more was claimed wrongly. The error
// wraps ErrUnavailable when this machine cannot tell.
func executeShard(ctx context.Context, program replay.Program, seed codec.Hash, e *codec.ShardEntry, w *Work) (Recomputed, []byte, error) {
	if oversized(e) {
		return Recomputed{Status: replay.Invalid, Field: "input"}, nil, nil
	}
	var input []byte
	for i := range w.Inputs {
		if uint64(len(w.Inputs[i])) != e.Inputs[i].Size {
			return Recomputed{Status: replay.Invalid, Field: "input size"}, nil, nil
		}
		input = append(input, w.Inputs[i]...)
	}
	r, err := runTask(ctx, program, replay.Task{Seed: seed, Args: w.Args, Input: input, MaxUnits: e.Units})
	if err != nil {
		return Recomputed{}, nil, err
	}
	switch r.Status {
	case replay.OK:
		return Recomputed{Output: codec.Blob{Hash: codec.BlobHash(r.Output), Size: uint64(len(r.Output))}, Units: r.Units}, r.Output, nil
	case replay.Invalid, replay.OverLimit:
		return Recomputed{Status: r.Status, Field: r.Field}, nil, nil
	}
	return Recomputed{}, nil, fmt.Errorf("%w: the shard could not be executed here: %s", ErrUnavailable, r.Status)
}
