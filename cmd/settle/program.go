package main

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/forgepool/settle/codec"
	"github.com/forgepool/settle/replay"
	"github.com/forgepool/settle/replay/wasm"
	"github.com/spf13/cobra"
)

// programFlags describe a user program beside its module.
type programFlags struct {
	family, profile      string
	version, fuel, pages uint64
}

func (a *app) program() *cobra.Command {
	c := &cobra.Command{
		Use:   "program",
		Short: "Check and run user programs: WebAssembly modules of the integer profile",
		Long: `Program deals with modules of the profile forge-wasm-int@1: integers only, no imports,
memory and work bounded, the same result on every machine. Check a module before a
policy names it: nodes look at its hash and no further.`,
		Example: `  settle program check own.wasm --family own --profile first.v1 --fuel 1000000000
  settle program run own.wasm --fuel 1000000000 --input data.bin`,
	}
	group(c, "settle program")
	c.AddCommand(a.programCheck(), a.programRun(), a.programServe())
	return c
}

// add adds the flags that make a module a program.
func (f *programFlags) add(c *cobra.Command) {
	fl := c.Flags()
	fl.StringVar(&f.family, "family", "", "family of the program, 1 to 64 of a-z 0-9 . _ -")
	fl.Uint64Var(&f.version, "version", 1, "version of the program, 1 to 65535")
	fl.StringVar(&f.profile, "profile", "", "profile of the program, as family")
	fl.Uint64Var(&f.fuel, "fuel", 0, "fuel limit of a shard, 1 to 2^60")
	fl.Uint64Var(&f.pages, "pages", 0, "page limit, 1 to 16384 (default: the maximum that the module declares)")
}

// userProgram is a module that was found valid, and its description. The description is
// complete if family, profile and fuel limit were given.
type userProgram struct {
	code        []byte
	module      *wasm.Module
	description codec.Program
}

// open reads and validates a module. One that is refused is definitely false.
func (f *programFlags) open(file string) (*userProgram, error) {
	code, err := readFile(file, wasm.MaxModule)
	if err != nil {
		return nil, err
	}
	limit := f.pages
	if limit == 0 {
		limit = codec.MaxPages
	}
	if limit > codec.MaxPages {
		return nil, usage("--pages is 1 to %d", codec.MaxPages)
	}
	m, err := wasm.Validate(code, uint32(limit))
	if refusal, ok := errors.AsType[*wasm.Refusal](err); ok {
		return nil, hint(refuse("%s: %v", file, refusal), "docs/formats/wasm.md section 7 lists the reasons, section 10 how to build modules")
	}
	if err != nil {
		return nil, err
	}
	if f.pages == 0 {
		limit = max(1, uint64(m.Facts().MaxPages))
	}
	hash := m.Hash()
	return &userProgram{code: code, module: m, description: codec.Program{
		Family: f.family, Version: f.version, Profile: f.profile,
		Kind: codec.ProgramWASM, Code: &hash, Fuel: &f.fuel, Pages: &limit,
	}}, nil
}

// programView is what a policy's author has to know of a module.
type programView struct {
	Code     codec.Hash  `json:"code"`
	Program  string      `json:"program,omitempty"`
	ID       *codec.Hash `json:"program_id,omitempty"`
	Fuel     uint64      `json:"fuel_limit,omitempty"`
	MaxPages uint64      `json:"page_limit"`
	MaxUnits uint64      `json:"most_units_per_shard,omitempty"`
	Bytes    int         `json:"bytes"`
	Memory   string      `json:"memory_pages"` // minimum and declared maximum
	Table    uint32      `json:"table"`
	Globals  int         `json:"globals"`
	Counts   string      `json:"contents"`
	Exports  string      `json:"exports"`
}

func (a *app) programCheck() *cobra.Command {
	var f programFlags
	c := &cobra.Command{
		Use:   "check FILE.wasm",
		Short: "Validate a module before a policy names it",
		Long: `Check validates a module against the profile and prints its hash, size, limits and exports.
With --family, --profile and --fuel it prints the program id too, which is what a policy
lists.

Exit codes: 0 the module is of the profile, 1 it is refused (the reason is named), 2 usage.`,
		Example: `  settle program check own.wasm
  settle program check own.wasm --family own --profile first.v1 --fuel 1000000000 --pages 64`,
		Args: exactly("FILE.wasm"),
		RunE: func(_ *cobra.Command, args []string) error {
			u, err := f.open(args[0])
			if err != nil {
				return err
			}
			v, err := f.view(u)
			if err != nil {
				return err
			}
			return a.print(v)
		},
	}
	f.add(c)
	return c
}

// view describes a program; the id needs family, profile and fuel limit.
func (f *programFlags) view(u *userProgram) (*programView, error) {
	facts := u.module.Facts()
	v := &programView{
		Code: *u.description.Code, Fuel: f.fuel, MaxPages: *u.description.Pages,
		Bytes: facts.Bytes, Memory: fmt.Sprintf("%d to %d", facts.Pages, facts.MaxPages), Table: facts.Table, Globals: facts.Globals,
		Counts: fmt.Sprintf("%d functions, %d instructions", facts.Functions, facts.Instructions), Exports: strings.Join(facts.Exports, " "),
	}
	if f.fuel != 0 {
		v.MaxUnits = (f.fuel + wasm.UnitFuel - 1) / wasm.UnitFuel
	}
	if f.family == "" || f.profile == "" || f.fuel == 0 {
		return v, nil
	}
	if err := u.description.Validate(); err != nil {
		return nil, usage("%v", err)
	}
	id := codec.ProgramID(&u.description)
	v.ID, v.Program = &id, programTitle(&u.description)
	return v, nil
}

// programTitle names a program as people write it.
func programTitle(p *codec.Program) string {
	return replay.ProgramName{Family: p.Family, Version: uint16(p.Version), Profile: p.Profile}.String()
}

// sandbox runs user programs in processes of this very program.
func (a *app) sandbox(engine wasm.Engine) (wasm.Sandbox, error) {
	self, err := os.Executable()
	if err != nil {
		return wasm.Sandbox{}, err
	}
	return wasm.Sandbox{Command: []string{self, "program", "serve"}, Engine: engine, Timeout: a.timeout}, nil
}

// programServe is the process that runs one shard.
func (a *app) programServe() *cobra.Command {
	return &cobra.Command{
		Use:     "serve",
		Hidden:  true,
		Short:   "Run one shard for another process of this program",
		Example: `  settle program serve`,
		Args:    exactly(),
		RunE:    func(*cobra.Command, []string) error { return wasm.Serve(a.stdin, a.stdout) },
	}
}
