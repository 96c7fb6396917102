package wasm

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"os"
	"testing"

	"github.com/forgepool/settle/codec"
	"github.com/forgepool/settle/replay"
)

// hexBytes is a byte string that the vectors write in hex.
type hexBytes []byte

func (h *hexBytes) UnmarshalText(s []byte) (err error) {
	*h, err = hex.DecodeString(string(s))
	return err
}

type vectorRun struct {
	Name      string
	Module    string
	FuelLimit uint64     `json:"fuel_limit"`
	MaxPages  uint64     `json:"max_pages"`
	Args      hexBytes   `json:"args_hex"`
	Input     hexBytes   `json:"input_hex"`
	Program   hexBytes   `json:"program_cbor_hex"`
	ID        codec.Hash `json:"program_id"`
	Status    replay.Status
	Reason    string
	Output    hexBytes `json:"output_hex"`
	Fuel      uint64
	Units     uint64
}

type vectorFile struct {
	Seed    codec.Hash `json:"seed_hex"`
	Modules []struct {
		Name string
		Code hexBytes   `json:"wasm_hex"`
		Hash codec.Hash `json:"blake3"`
	}
	Runs     []vectorRun
	Accepted []struct {
		Name        string
		MaxPages    uint32   `json:"max_pages"`
		Code        hexBytes `json:"wasm_hex"`
		Output      hexBytes `json:"output_hex"`
		Fuel, Units uint64
	}
	Refused []struct {
		Name     string
		MaxPages uint32   `json:"max_pages"`
		Code     hexBytes `json:"wasm_hex"`
	}
}

func vectors(t testing.TB) *vectorFile {
	data, err := os.ReadFile("testdata/vectors/replay-wasm.json")
	if err != nil {
		t.Fatal(err)
	}
	v := new(vectorFile)
	if err := json.Unmarshal(data, v); err != nil {
		t.Fatal(err)
	}
	return v
}

var engines = []Engine{Compiler, Interpreter}

// compiled compiles a module for both engines.
func compiled(t testing.TB, code []byte, pages uint32) (both []*Compiled) {
	m, err := Validate(code, pages)
	if err != nil {
		t.Fatal(err)
	}
	for _, engine := range engines {
		c, err := Compile(m, engine)
		if err != nil {
			t.Fatalf("%s: %v", engine, err)
		}
		t.Cleanup(func() { c.Close() })
		both = append(both, c)
	}
	return both
}

func TestVectorRuns(t *testing.T) {
	v := vectors(t)
	code := map[string][]byte{}
	for _, m := range v.Modules {
		code[m.Name] = m.Code
		if codec.BlobHash(m.Code) != m.Hash {
			t.Errorf("%s is %s", m.Name, codec.BlobHash(m.Code))
		}
	}
	if len(v.Runs) != 12 {
		t.Errorf("%d runs", len(v.Runs))
	}
	for _, r := range v.Runs {
		hash := codec.BlobHash(code[r.Module])
		p := codec.Program{Family: "aggregate", Version: 1, Profile: r.Module + ".v1", Kind: codec.ProgramWASM, Code: &hash, Fuel: &r.FuelLimit, Pages: &r.MaxPages}
		if !bytes.Equal(codec.EncodeProgram(&p), r.Program) || codec.ProgramID(&p) != r.ID {
			t.Errorf("%s: program %x", r.Name, codec.EncodeProgram(&p))
		}
		for _, engine := range engines {
			got, err := Execute(&p, code[r.Module], engine, replay.Task{Seed: v.Seed, Args: r.Args, Input: r.Input})
			if err != nil {
				t.Fatalf("%s: %v", r.Name, err)
			}
			if got.Status != r.Status || !bytes.Equal(got.Output, r.Output) || got.Fuel != r.Fuel || got.Units != r.Units || got.Field != r.Reason {
				t.Errorf("%s, %s: %+v, want %+v", r.Name, engine, got, r)
			}
		}
	}
}

func TestVectorAccepted(t *testing.T) {
	v := vectors(t)
	if len(v.Accepted) != 4 {
		t.Errorf("%d modules", len(v.Accepted))
	}
	for _, m := range v.Accepted {
		for i, c := range compiled(t, m.Code, m.MaxPages) {
			got := c.Run(1e6, replay.Task{Seed: v.Seed})
			if got.Status != replay.OK || !bytes.Equal(got.Output, m.Output) || got.Fuel != m.Fuel || got.Units != m.Units {
				t.Errorf("%s, %s: %+v, want %+v", m.Name, engines[i], got, m)
			}
		}
	}
}

// refusedFor is the reason of each module that the vectors refuse.
var refusedFor = map[string]Reason{
	"float-local": ReasonFloat, "float-op": ReasonFloat, "import": ReasonImport, "start": ReasonStart,
	"no-max": ReasonMemory, "max-over": ReasonMemory, "reserved-export": ReasonExport, "missing-export": ReasonExport,
	"wrong-signature": ReasonExport, "two-results": ReasonType, "typed-select": ReasonOpcode, "memory-init": ReasonSegment,
	"table-grow": ReasonOpcode, "table-big": ReasonLimit, "data-outside": ReasonSegment, "elem-outside": ReasonSegment,
	"not-valid": ReasonInvalid, "locals-1025": ReasonLimit, "nest-257": ReasonLimit,
}

func TestVectorRefused(t *testing.T) {
	v := vectors(t)
	if len(v.Refused) != len(refusedFor) {
		t.Errorf("%d modules", len(v.Refused))
	}
	for _, m := range v.Refused {
		_, err := Validate(m.Code, m.MaxPages)
		refusal, ok := errors.AsType[*Refusal](err)
		if !ok || refusal.Reason != refusedFor[m.Name] {
			t.Errorf("%s: %v, want %s", m.Name, err, refusedFor[m.Name])
		}
	}
}
