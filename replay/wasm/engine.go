package wasm

import (
	"context"
	"errors"
	"fmt"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/experimental"
)

// Engine is how instructions are executed. All engines give the same results.
type Engine uint8

const (
	// Compiler translates a module to instructions of this machine, where it can:
	// elsewhere it is Interpreter.
	Compiler Engine = iota
	// Interpreter is slower by a factor of 20 to 100, and runs everywhere.
	Interpreter
)

var engineNames = [...]string{"compiler", "interpreter"}

// String returns the engine's name.
func (e Engine) String() string {
	if int(e) < len(engineNames) {
		return engineNames[e]
	}
	return "unknown"
}

// ParseEngine reads the name of an engine.
func ParseEngine(name string) (Engine, error) {
	for i, n := range engineNames {
		if n == name {
			return Engine(i), nil
		}
	}
	return 0, fmt.Errorf("no engine %q: compiler or interpreter", name)
}

// ErrEngine is wrapped by errors of the engine: this machine cannot run the module.
// It says nothing about the module.
var ErrEngine = errors.New("the engine failed")

// features is all that an engine accepts. The profile's own list of instructions is
// narrower; reference types come with bulk memory here and nothing in a valid module
// uses them.
const features = api.CoreFeatureMutableGlobal | api.CoreFeatureSignExtensionOps |
	api.CoreFeatureBulkMemoryOperations | api.CoreFeatureReferenceTypes

// Compiled is a module that is ready to run. It is safe for concurrent use: each run
// has an instance of its own.
type Compiled struct {
	runtime wazero.Runtime
	code    wazero.CompiledModule
}

// newRuntime returns an engine whose memories have at most pages.
func newRuntime(engine Engine, pages uint32) wazero.Runtime {
	config := wazero.NewRuntimeConfig()
	if engine == Interpreter {
		config = wazero.NewRuntimeConfigInterpreter()
	}
	config = config.WithCoreFeatures(features).WithMemoryLimitPages(max(pages, 1)).
		WithDebugInfoEnabled(false).WithCloseOnContextDone(false)
	return wazero.NewRuntimeWithConfig(context.Background(), config)
}

// Compile prepares an instrumented module. The error wraps ErrEngine.
func Compile(m *Module, engine Engine) (c *Compiled, err error) {
	defer func() {
		if p := recover(); p != nil {
			c, err = nil, fmt.Errorf("%w: %v", ErrEngine, p)
		}
	}()
	runtime := newRuntime(engine, m.memory[1])
	ctx := experimental.WithCompilationWorkers(context.Background(), 1)
	code, err := runtime.CompileModule(ctx, m.Instrument())
	if err != nil {
		return nil, errors.Join(fmt.Errorf("%w: %w", ErrEngine, err), runtime.Close(ctx))
	}
	return &Compiled{runtime: runtime, code: code}, nil
}

// Close frees what the engine holds. No run may be under way.
func (c *Compiled) Close() error { return c.runtime.Close(context.Background()) }

// instance is one run's module with its counters.
type instance struct {
	module api.Module
	fuel   api.MutableGlobal
	calls  api.Global
}

// instantiate makes a fresh instance with this much fuel. Nothing of it runs yet: a
// start function is refused, and the engine's customary ones are not called.
func (c *Compiled) instantiate(fuel uint64) (*instance, error) {
	config := wazero.NewModuleConfig().WithName("").WithStartFunctions()
	module, err := c.runtime.InstantiateModule(withMemory(context.Background()), c.code, config)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrEngine, err)
	}
	i := &instance{module: module, calls: module.ExportedGlobal(exportCalls)}
	i.fuel = module.ExportedGlobal(exportFuel).(api.MutableGlobal)
	i.fuel.Set(fuel)
	return i, nil
}

// call calls an exported function that has one result.
func (i *instance) call(name string, params ...uint64) (uint64, error) {
	results, err := i.module.ExportedFunction(name).Call(context.Background(), params...)
	if err != nil {
		return 0, err
	}
	return results[0], nil
}

// traps are the engine's names of what the WebAssembly specification calls a trap.
// Anything else that ends a run is the engine's own trouble, its stack included.
var traps = map[string]bool{
	"unreachable":                 true,
	"integer divide by zero":      true,
	"integer overflow":            true,
	"out of bounds memory access": true,
	"invalid table access":        true,
	"indirect call type mismatch": true,
}

// trapped says whether an error of the engine is a trap. The stack trace that it is
// wrapped in is not looked at.
func trapped(err error) bool {
	for next := errors.Unwrap(err); next != nil; next = errors.Unwrap(err) {
		err = next
	}
	return traps[err.Error()]
}
