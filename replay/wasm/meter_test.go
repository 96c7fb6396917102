package wasm

import (
	"bytes"
	"testing"

	"github.com/forgepool/settle/replay"
	"pgregory.net/rapid"
)

// sameAsTwin runs a shard by both engines and by the twin.
func sameAsTwin(t interface{ Fatalf(string, ...any) }, m *Module, fuel uint64, task replay.Task) Outcome {
	want := newTwin(m, fuel).run(fuel, task)
	for _, engine := range engines {
		c, err := Compile(m, engine)
		if err != nil {
			t.Fatalf("%s: %v", engine, err)
		}
		got := c.Run(fuel, task)
		c.Close()
		if got.Status != want.Status || got.Field != want.Field || got.Fuel != want.Fuel || got.Units != want.Units || !bytes.Equal(got.Output, want.Output) {
			t.Fatalf("%s: %+v, the twin %+v", engine, got, want)
		}
	}
	return want
}

// TestMeter compares fuel, outputs and reasons with the twin: on the vectors, and on
// the examples, whose code two compilers made.
func TestMeter(t *testing.T) {
	v := vectors(t)
	code := map[string][]byte{}
	for _, m := range v.Modules {
		code[m.Name] = m.Code
	}
	for _, r := range v.Runs {
		m, err := Validate(code[r.Module], uint32(r.MaxPages))
		if err != nil {
			t.Fatal(err)
		}
		if o := sameAsTwin(t, m, r.FuelLimit, replay.Task{Seed: v.Seed, Args: r.Args, Input: r.Input}); o.Fuel != r.Fuel || o.Field != r.Reason {
			t.Errorf("%s: %+v", r.Name, o)
		}
	}
	for _, x := range examples {
		m, err := Validate(example(t, x.file), 16_384)
		if err != nil {
			t.Fatal(err)
		}
		task := replay.Task{Seed: v.Seed, Args: mcArgs(40, 53, 1)}
		if x.family == "graph" {
			task = replay.Task{Args: []byte{0xa4, 1, 3, 2, 0x19, 0xd9, 0x99, 3, 0x80, 4, 0x18, 100}, Input: ring(300, 9)}
		}
		o := sameAsTwin(t, m, 1e9, task)
		if o.Status != replay.OK {
			t.Errorf("%s: %+v", x.file, o)
		}
		for _, fuel := range []uint64{o.Fuel, o.Fuel - 1, o.Fuel / 2} {
			sameAsTwin(t, m, fuel, task)
		}
	}
}

// TestMeterMutants changes bytes of valid modules. Whatever is still valid is charged
// alike, whatever it does.
func TestMeterMutants(t *testing.T) {
	v := vectors(t)
	valid := 0
	rapid.Check(t, func(r *rapid.T) {
		code := bytes.Clone(rapid.SampledFrom(v.Modules).Draw(r, "module").Code)
		for range rapid.IntRange(1, 3).Draw(r, "changes") {
			// The last part of each of these modules is its code.
			at := rapid.IntRange(len(code)/2, len(code)-1).Draw(r, "at")
			code[at] = rapid.SampledFrom([]byte{0, 1, 2, 3, 5, 0x0c, 0x0d, 0x0f, 0x10, 0x1a, 0x1b, 0x20, 0x21, 0x22, 0x2d, 0x40, 0x41, 0x46, 0x49,
				0x4e, 0x68, 0x6a, 0x6b, 0x6c, 0x6d, 0x6e, 0x6f, 0x70, 0x74, 0x75, 0x76, 0x77, 0x78, 0x7c, 0x7f, 0xc0}).Draw(r, "byte")
		}
		m, err := Validate(code, 4)
		if err != nil {
			return
		}
		valid++
		task := replay.Task{Seed: v.Seed, Args: rapid.SliceOfN(rapid.Byte(), 9, 9).Draw(r, "args"), Input: rapid.SliceOfN(rapid.Byte(), 0, 20).Draw(r, "input")}
		sameAsTwin(r, m, rapid.Uint64Range(1, 50_000).Draw(r, "fuel"), task)
	})
	t.Logf("%d mutants were valid", valid)
	if valid == 0 {
		t.Error("no mutant was valid")
	}
}
