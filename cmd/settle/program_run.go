package main

import (
	"fmt"

	"github.com/forgepool/settle/codec"
	"github.com/forgepool/settle/replay"
	"github.com/forgepool/settle/replay/wasm"
	"github.com/forgepool/settle/verifier"
	"github.com/spf13/cobra"
)

// programRunFlags say what a program is run on.
type programRunFlags struct {
	programFlags
	seed, args, input, engine, out string
	maxUnits                       uint64
}

// defaultFuel is enough for some seconds of work.
const defaultFuel = 10_000_000_000

func (a *app) programRun() *cobra.Command {
	f := programRunFlags{seed: codec.Hash{}.String()}
	c := &cobra.Command{
		Use:   "run FILE.wasm",
		Short: "Run one shard of a user program on this machine",
		Long: `Run validates a module and executes one shard of it as an auditor would: metered, in a
process of its own with limits on memory and time. It prints the output's hash, the work
units and the fuel. The same arguments give the same values on every machine.

Exit codes: 0 an output, 1 the module is refused or the shard is invalid or over the limit
(the reason is named), 2 usage, 3 this machine could not finish.`,
		Example: `  settle program run own.wasm --args args.cbor --input data.bin --out output.bin
  settle program run own.wasm --engine interpreter --fuel 1000000 --timeout 10s`,
		Args: exactly("FILE.wasm"),
		RunE: func(_ *cobra.Command, args []string) error { return a.runProgram(args[0], &f) },
	}
	f.add(c)
	fl := c.Flags()
	// A run needs a name only to be complete; it has no influence on the result.
	f.family, f.profile = "local", "unnamed"
	f.fuel, fl.Lookup("fuel").DefValue = defaultFuel, fmt.Sprint(defaultFuel)
	fl.StringVar(&f.seed, "seed", f.seed, "seed of the workload, 64 hex digits")
	fl.StringVar(&f.args, "args", "", "file with the shard's arguments (default: none)")
	fl.StringVar(&f.input, "input", "", "file with the shard's input (default: empty)")
	fl.StringVar(&f.engine, "engine", wasm.Compiler.String(), "compiler or interpreter")
	fl.Uint64Var(&f.maxUnits, "max-units", 0, "stop above so many work units, 0 = no limit but the fuel")
	fl.StringVar(&f.out, "out", "", "file for the output (default: it is not kept)")
	return c
}

// programRunView is the outcome of a run.
type programRunView struct {
	Code   codec.Hash    `json:"code"`
	Status replay.Status `json:"status"`
	Reason string        `json:"reason,omitempty"` // what made the shard invalid, or the machine unable
	Output *codec.Hash   `json:"output,omitempty"`
	Bytes  int           `json:"output_bytes"`
	Units  uint64        `json:"units"`
	Fuel   uint64        `json:"fuel"`
}

// runProgram runs a shard and ends with what became of it.
func (a *app) runProgram(file string, f *programRunFlags) error {
	u, err := f.open(file)
	if err != nil {
		return err
	}
	task, err := f.task()
	if err != nil {
		return err
	}
	engine, err := wasm.ParseEngine(f.engine)
	if err != nil {
		return usage("--engine: %v", err)
	}
	if err := u.description.Validate(); err != nil {
		return usage("%v", err)
	}
	sandbox, err := a.sandbox(engine)
	if err != nil {
		return err
	}
	program, err := wasm.Load(&u.description, u.code, sandbox)
	if err != nil {
		return err
	}
	o := program.Execute(task)
	v := &programRunView{Code: program.Code(), Status: o.Status, Reason: o.Field + o.Unable, Bytes: len(o.Output), Units: o.Units, Fuel: o.Fuel}
	if o.Status == replay.OK {
		hash := codec.BlobHash(o.Output)
		v.Output = &hash
		if f.out != "" {
			if err := writeFile(f.out, o.Output, 0o644); err != nil {
				return err
			}
		}
	}
	if err := a.print(v); err != nil {
		return err
	}
	return runVerdict(v)
}

// runVerdict turns an outcome into an exit code.
func runVerdict(v *programRunView) error {
	switch v.Status {
	case replay.OK:
		return nil
	case replay.Unable:
		return hint(fmt.Errorf("%w: %s", verifier.ErrUnavailable, v.Reason), "this says nothing about the shard: give it more time with --timeout, or another machine")
	case replay.OverLimit:
		return refuse("the shard needs more than --max-units")
	}
	return refuse("the shard is invalid: %s", v.Reason)
}

// task reads what the program is run on.
func (f *programRunFlags) task() (t replay.Task, err error) {
	seed, err := codec.ParseHash(f.seed)
	if err != nil {
		return t, usage("--seed: %v", err)
	}
	t.Seed, t.MaxUnits = seed, f.maxUnits
	if f.args != "" {
		if t.Args, err = readFile(f.args, replay.MaxArgs); err != nil {
			return t, err
		}
	}
	if f.input != "" {
		t.Input, err = readFile(f.input, replay.MaxInput)
	}
	return t, err
}
