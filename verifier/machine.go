package verifier

import (
	"context"
	"fmt"
	"time"

	"github.com/forgepool/settle/codec"
	"github.com/forgepool/settle/replay"
)

// Machine is how shards are executed here. The zero value executes built-in programs
// without a limit on time.
type Machine struct {
	// Loader makes programs of modules; nil: user programs are unknown here.
	Loader replay.Loader
	// Limit is the longest time for one shard, 0 = none. A shard that takes longer is
	// inconclusive, never a mismatch: it says nothing about who executed it.
	Limit time.Duration
}

// program finds the program of a settlement, with its module from the source. Errors
// wrap ErrUnavailable.
func (m *Machine) program(ctx context.Context, src Source, p *codec.Program) (replay.Program, error) {
	if run, ok := replay.Builtin(codec.ProgramID(p)); ok {
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

// run executes a shard, for no longer than the limit. A built-in program that is given
// up runs on in the background until it ends by itself, as its units bound it.
func (m *Machine) run(ctx context.Context, program replay.Program, task replay.Task) (replay.Result, error) {
	if m.Limit == 0 {
		return program.Run(task), nil
	}
	ctx, stop := context.WithTimeout(ctx, m.Limit)
	defer stop()
	done := make(chan replay.Result, 1)
	go func() { done <- program.Run(task) }()
	select {
	case r := <-done:
		return r, nil
	case <-ctx.Done():
		return replay.Result{}, unavailable(ctx.Err(), "the shard did not finish within %s", m.Limit)
	}
}

// executeShard executes a shard again on its bytes, whose hashes were checked. It stops
// at the units that the entry claims: whatever needs more was claimed wrongly. The error
// wraps ErrUnavailable when this machine cannot tell.
func (m *Machine) executeShard(ctx context.Context, program replay.Program, seed codec.Hash, e *codec.ShardEntry, w *Work) (Recomputed, []byte, error) {
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
	r, err := m.run(ctx, program, replay.Task{Seed: seed, Args: w.Args, Input: input, MaxUnits: e.Units})
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
