package wasm

import (
	"context"
	"fmt"

	"github.com/forgepool/settle/codec"
	"github.com/forgepool/settle/replay"
)

// What makes a shard invalid, in Result.Field (docs/formats/wasm.md section 8).
const (
	FieldArgs    = "args"    // more than 65,536 bytes of arguments
	FieldInput   = "input"   // more than 2^26 bytes of input
	FieldFuel    = "fuel"    // the fuel limit is reached
	FieldDepth   = "depth"   // more than 512 active calls
	FieldTrap    = "trap"    // any other trap
	FieldPointer = "pointer" // forge_alloc returns no place in memory
	FieldOutput  = "output"  // the output is too long or outside memory
)

// Outcome is a result with the fuel that it took.
type Outcome struct {
	replay.Result
	Fuel uint64 // consumed; 0 unless the status is OK
	// Unable says why a shard could not be finished here; empty for other statuses.
	Unable string
}

func invalid(field string) Outcome {
	return Outcome{Result: replay.Result{Status: replay.Invalid, Field: field}}
}

func unable(why string) Outcome {
	return Outcome{Result: replay.Result{Status: replay.Unable}, Unable: why}
}

// Run executes one shard with a fuel limit of 1 to 2^60 (docs/formats/wasm.md section 8).
// Task.MaxUnits, if it is the smaller limit, makes the outcome OverLimit where fuel would
// make it Invalid. Nothing can stop a run but its fuel: a caller that has no hours runs
// it in another process.
func (c *Compiled) Run(fuel uint64, task replay.Task) (outcome Outcome) {
	defer func() {
		if p := recover(); p != nil {
			outcome = unable(fmt.Sprint(p))
		}
	}()
	switch {
	case len(task.Args) > replay.MaxArgs:
		return invalid(FieldArgs)
	case len(task.Input) > replay.MaxInput:
		return invalid(FieldInput)
	}
	limit, unitsDecide := fuel, false
	if task.MaxUnits != 0 && task.MaxUnits < (fuel+UnitFuel-1)/UnitFuel {
		limit, unitsDecide = task.MaxUnits*UnitFuel, true
	}
	i, err := c.instantiate(limit)
	if err != nil {
		return unable(err.Error())
	}
	defer i.module.Close(context.Background())
	output, field, err := i.run(task)
	switch {
	case err != nil && !trapped(err):
		return unable(err.Error())
	case err != nil && int64(i.fuel.Get()) < 0 && unitsDecide:
		return Outcome{Result: replay.Result{Status: replay.OverLimit}}
	case err != nil:
		return invalid(i.why())
	case field != "":
		return invalid(field)
	}
	used := limit - i.fuel.Get()
	return Outcome{Result: replay.Result{Output: output, Units: (used + UnitFuel - 1) / UnitFuel}, Fuel: used}
}

// why names the trap that ended a run.
func (i *instance) why() string {
	switch {
	case int64(i.fuel.Get()) < 0:
		return FieldFuel
	case uint32(i.calls.Get()) > maxCalls:
		return FieldDepth
	}
	return FieldTrap
}

// run hands the buffers over and calls the program. field is what rule the program
// broke without a trap.
func (i *instance) run(task replay.Task) (output []byte, field string, err error) {
	head := append(task.Seed[:len(task.Seed):len(task.Seed)], task.Args...)
	args, ok, err := i.place(head)
	if err != nil || !ok {
		return nil, FieldPointer, err
	}
	input, ok, err := i.place(task.Input)
	if err != nil || !ok {
		return nil, FieldPointer, err
	}
	r, err := i.call(exportRun, uint64(args), uint64(len(head)), uint64(input), uint64(len(task.Input)))
	if err != nil {
		return nil, "", err
	}
	at, length := uint32(r>>32), uint32(r)
	if length > replay.MaxOutput {
		return nil, FieldOutput, nil
	}
	view, ok := i.module.Memory().Read(at, length)
	if !ok {
		return nil, FieldOutput, nil
	}
	return append([]byte{}, view...), "", nil
}

// place copies a buffer to where the program wants it. An empty one has no place.
func (i *instance) place(buffer []byte) (at uint32, ok bool, err error) {
	if len(buffer) == 0 {
		return 0, true, nil
	}
	p, err := i.call(exportAlloc, uint64(len(buffer)))
	if err != nil {
		return 0, false, err
	}
	at = uint32(p)
	return at, at != 0 && i.module.Memory().Write(at, buffer), nil
}

// Execute validates, compiles and runs one shard of a program in this process. An error
// is a *Refusal, wraps ErrEngine, or says that code is not the program's.
func Execute(p *codec.Program, code []byte, engine Engine, task replay.Task) (Outcome, error) {
	m, err := open(p, code)
	if err != nil {
		return Outcome{}, err
	}
	c, err := Compile(m, engine)
	if err != nil {
		return Outcome{}, err
	}
	defer c.Close()
	return c.Run(*p.Fuel, task), nil
}

// open checks that a program is a valid one of this kind, that code is its module, and
// that the module is of the profile.
func open(p *codec.Program, code []byte) (*Module, error) {
	if err := p.Validate(); err != nil {
		return nil, err
	}
	if p.Kind != codec.ProgramWASM {
		return nil, fmt.Errorf("program %s@%d %s is no module", p.Family, p.Version, p.Profile)
	}
	if hash := codec.BlobHash(code); hash != *p.Code {
		return nil, fmt.Errorf("the module is %s, the program names %s", hash, *p.Code)
	}
	return Validate(code, uint32(*p.Pages))
}
