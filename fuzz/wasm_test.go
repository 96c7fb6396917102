package fuzz

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"testing"

	"github.com/forgepool/settle/replay"
	"github.com/forgepool/settle/replay/wasm"
	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
)

// wasmFuel keeps one execution short.
const wasmFuel = 20_000

// wasmSeeds adds the published modules, with the arguments and inputs of their runs.
func wasmSeeds(f *testing.F) {
	data, err := os.ReadFile("../replay/wasm/testdata/vectors/replay-wasm.json")
	if err != nil {
		f.Fatal(err)
	}
	type module struct {
		Name string
		Code string `json:"wasm_hex"`
	}
	var v struct {
		Modules, Accepted, Refused []module
		Runs                       []struct {
			Module string
			Args   string `json:"args_hex"`
			Input  string `json:"input_hex"`
		}
	}
	if err := json.Unmarshal(data, &v); err != nil {
		f.Fatal(err)
	}
	code := map[string][]byte{}
	for _, m := range append(append(v.Modules, v.Accepted...), v.Refused...) {
		code[m.Name] = codecUnhex(f, m.Code)
		f.Add(code[m.Name], []byte{1, 2, 3, 1}, []byte("input"))
	}
	for _, r := range v.Runs {
		f.Add(code[r.Module], codecUnhex(f, r.Args), codecUnhex(f, r.Input))
	}
}

// wasmRuntime is an engine as it comes, for modules as their authors built them.
func wasmRuntime() wazero.Runtime {
	features := api.CoreFeaturesV1 | api.CoreFeatureSignExtensionOps | api.CoreFeatureBulkMemoryOperations | api.CoreFeatureReferenceTypes
	return wazero.NewRuntimeWithConfig(context.Background(), wazero.NewRuntimeConfigInterpreter().WithCoreFeatures(features))
}

// FuzzWASM feeds modules of every kind to the validator. What it accepts must compile
// with and without counters, and give one outcome: by both engines, again, and with
// exactly the fuel that it took, but not with less.
func FuzzWASM(f *testing.F) {
	wasmSeeds(f)
	f.Fuzz(func(t *testing.T, code, args, input []byte) {
		m, err := wasm.Validate(code, 16)
		if err != nil {
			if _, ok := err.(*wasm.Refusal); !ok {
				t.Fatalf("no refusal: %v", err)
			}
			return
		}
		plain := wasmRuntime()
		defer plain.Close(context.Background())
		if _, err := plain.CompileModule(context.Background(), code); err != nil {
			t.Fatalf("accepted, but the engine says: %v", err)
		}
		task := replay.Task{Args: args, Input: input}
		compiler, interpreter := wasmRun(t, m, wasm.Compiler, wasmFuel, task), wasmRun(t, m, wasm.Interpreter, wasmFuel, task)
		if compiler.Status == replay.Unable || interpreter.Status == replay.Unable {
			return
		}
		wasmSame(t, &compiler, &interpreter)
		if compiler.Status != replay.OK {
			return
		}
		exact := wasmRun(t, m, wasm.Interpreter, compiler.Fuel, task)
		wasmSame(t, &compiler, &exact)
		if less := wasmRun(t, m, wasm.Interpreter, compiler.Fuel-1, task); less.Field != wasm.FieldFuel {
			t.Fatalf("with less fuel than it takes: %+v", less)
		}
	})
}

// wasmRun compiles for an engine and runs once.
func wasmRun(t *testing.T, m *wasm.Module, engine wasm.Engine, fuel uint64, task replay.Task) wasm.Outcome {
	c, err := wasm.Compile(m, engine)
	if err != nil {
		t.Fatalf("%s: accepted, but with counters: %v", engine, err)
	}
	defer c.Close()
	return c.Run(fuel, task)
}

// wasmSame requires two outcomes to be equal.
func wasmSame(t *testing.T, a, b *wasm.Outcome) {
	t.Helper()
	if a.Status != b.Status || a.Field != b.Field || a.Fuel != b.Fuel || a.Units != b.Units || !bytes.Equal(a.Output, b.Output) {
		t.Fatalf("%+v and %+v", a, b)
	}
	if a.Status == replay.OK && a.Units == 0 {
		t.Fatal("work without units")
	}
}
