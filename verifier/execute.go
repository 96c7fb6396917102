package verifier

import (
	"context"

	"github.com/forgepool/settle/codec"
	"github.com/forgepool/settle/replay"
)

// Work is the bytes that a shard was executed on.
type Work struct {
	Args   []byte
	Inputs [][]byte // in the order of the manifest
}

// Recomputed is what executing a shard again gives. Output and Units are zero unless
// the status is OK.
type Recomputed struct {
	_      struct{}      `cbor:",toarray"`
	Status replay.Status `json:"status"` // OK, Invalid, or OverLimit: more units than claimed
	Output codec.Blob    `json:"output"`
	Units  uint64        `json:"units"`
	Field  string        `json:"field,omitempty"` // what makes the shard invalid; which part of a payout is wrong
}

// oversized says whether the inputs of an entry are larger, by its own account, than
// any program takes. Nothing needs to be fetched to see that.
func oversized(e *codec.ShardEntry) bool {
	total := uint64(0)
	for i := range e.Inputs {
		if e.Inputs[i].Size > replay.MaxInput {
			return true
		}
		total += e.Inputs[i].Size
	}
	return total > replay.MaxInput
}

// fetchWork fetches the bytes that an entry names. Errors wrap ErrUnavailable.
func fetchWork(ctx context.Context, src Source, e *codec.ShardEntry) (*Work, error) {
	w := new(Work)
	if oversized(e) {
		return w, nil
	}
	var err error
	if w.Args, err = fetchBlob(ctx, src, "shard arguments", e.Args, replay.MaxArgs); err != nil {
		return nil, err
	}
	for i := range e.Inputs {
		input, err := fetchBlob(ctx, src, "shard input", e.Inputs[i].Hash, replay.MaxInput)
		if err != nil {
			return nil, err
		}
		w.Inputs = append(w.Inputs, input)
	}
	return w, nil
}

// Execute executes a shard again on its bytes, whose hashes the caller has checked.
// It stops at the units that the entry claims: whatever needs more was claimed
// wrongly. The error wraps ErrUnavailable when this program cannot execute it.
func Execute(program *codec.Program, seed codec.Hash, e *codec.ShardEntry, w *Work) (Recomputed, error) {
	r, _, err := execute(program, seed, e, w)
	return r, err
}

// execute is Execute that hands out the output too.
func execute(program *codec.Program, seed codec.Hash, e *codec.ShardEntry, w *Work) (Recomputed, []byte, error) {
	var here Machine
	run, err := here.program(context.Background(), nil, program)
	if err != nil {
		return Recomputed{}, nil, err
	}
	return executeShard(context.Background(), run, seed, e, w)
}

// judge compares what an entry claims with what executing it again gives; 0 means
// that they are equal.
func judge(e *codec.ShardEntry, r *Recomputed) Fault {
	switch {
	case r.Status == replay.Invalid:
		return FaultInvalid
	case r.Status == replay.OverLimit:
		return FaultUnits
	case r.Output.Hash != e.Output.Hash || r.Output.Size != e.Output.Size:
		return FaultOutput
	case r.Units != e.Units:
		return FaultUnits
	}
	return 0
}
