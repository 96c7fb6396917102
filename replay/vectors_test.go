package replay

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"os"
	"testing"

	"github.com/forgepool/settle/codec"
	"github.com/zeebo/blake3"
)

// hexBytes is a byte string that the vectors write in hex.
type hexBytes []byte

func (h *hexBytes) UnmarshalText(s []byte) (err error) {
	*h, err = hex.DecodeString(string(s))
	return err
}

type vectorInput struct {
	Hex       *hexBytes   `json:"hex"`
	Generator string      `json:"generator"`
	Bytes     *int        `json:"bytes"`
	Blake3    *codec.Hash `json:"blake3"`
}

type vectorCase struct {
	Name         string      `json:"name"`
	Family       string      `json:"family"`
	Args         hexBytes    `json:"args_hex"`
	ArgsBlake3   codec.Hash  `json:"args_blake3"`
	Input        vectorInput `json:"input"`
	OutputBytes  int         `json:"output_bytes"`
	OutputBlake3 codec.Hash  `json:"output_blake3"`
	Output       *hexBytes   `json:"output_hex"`
	Units        uint64      `json:"units"`
}

type vectorMerge struct {
	Name         string       `json:"name"`
	Family       string       `json:"family"`
	Shards       []vectorCase `json:"shards"`
	ResultBytes  int          `json:"result_bytes"`
	ResultBlake3 codec.Hash   `json:"result_blake3"`
}

type vectorFile struct {
	Seed     codec.Hash `json:"seed_hex"`
	Philox   []struct{ Counter, Key, Output string }
	WKey     [2]string   `json:"wkey"`
	MCBlock  string      `json:"mc_block_path_0_step_0"`
	Rnd      hexBytes    `json:"rnd_1_16_hex"`
	ICDF     codec.Hash  `json:"icdf_blake3"`
	Normal   [][]any     `json:"normal"`
	Programs []programID `json:"programs"`
	Token    struct {
		Args    hexBytes     `json:"workload_args_hex"`
		Shards  []hexBytes   `json:"shard_args_hex"`
		Inputs  [][]hexBytes `json:"shard_inputs"`
		Planner codec.Hash   `json:"planner_hex"`
		Token   codec.Hash   `json:"replay_token"`
	} `json:"replay_token"`
	Cases   []vectorCase  `json:"cases"`
	Merges  []vectorMerge `json:"merges"`
	Invalid []struct {
		Family, Why string
		Args        hexBytes `json:"args_hex"`
		Input       hexBytes `json:"input_hex"`
	} `json:"invalid"`
}

type programID struct {
	Family  string     `json:"family"`
	Version uint16     `json:"version"`
	Profile string     `json:"profile"`
	CBOR    hexBytes   `json:"cbor_hex"`
	ID      codec.Hash `json:"program_id"`
}

func loadVectors(t testing.TB) *vectorFile {
	t.Helper()
	data, err := os.ReadFile("testdata/vectors/replay-families.json")
	if err != nil {
		t.Fatal(err)
	}
	v := new(vectorFile)
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	if err := d.Decode(v); err != nil {
		t.Fatal(err)
	}
	return v
}

// built returns the programs of this package by family, the first of each; the other
// profiles have vectors of their own.
func built() map[string]Program {
	m := make(map[string]Program)
	for _, p := range Builtins() {
		if _, ok := m[p.Name().Family]; !ok {
			m[p.Name().Family] = p
		}
	}
	return m
}

// load returns the bytes of an input and checks them against their hash.
func (in *vectorInput) load(t testing.TB) []byte {
	t.Helper()
	var data []byte
	if in.Hex != nil {
		data = *in.Hex
	} else {
		make, ok := generators[in.Generator]
		if !ok {
			t.Fatalf("no generator %q", in.Generator)
		}
		data = make()
	}
	if in.Bytes != nil && len(data) != *in.Bytes {
		t.Fatalf("input %q has %d bytes, want %d", in.Generator, len(data), *in.Bytes)
	}
	if in.Blake3 != nil && codec.Hash(blake3.Sum256(data)) != *in.Blake3 {
		t.Fatalf("input %q has the wrong hash", in.Generator)
	}
	return data
}

func TestVectorCases(t *testing.T) {
	v := loadVectors(t)
	programs := built()
	ran := 0
	for _, c := range v.Cases {
		p, ok := programs[c.Family]
		if !ok {
			continue
		}
		ran++
		t.Run(c.Name, func(t *testing.T) {
			input := c.Input.load(t)
			if codec.Hash(blake3.Sum256(c.Args)) != c.ArgsBlake3 {
				t.Fatal("args have the wrong hash")
			}
			got := p.Run(Task{Seed: v.Seed, Args: c.Args, Input: input})
			if got.Status != OK || got.Units != c.Units || len(got.Output) != c.OutputBytes {
				t.Fatalf("%v %q, %d units, %d bytes; want ok, %d units, %d bytes",
					got.Status, got.Field, got.Units, len(got.Output), c.Units, c.OutputBytes)
			}
			if h := codec.Hash(blake3.Sum256(got.Output)); h != c.OutputBlake3 {
				t.Errorf("output hash %v, want %v", h, c.OutputBlake3)
			}
			if c.Output != nil && !bytes.Equal(got.Output, *c.Output) {
				t.Errorf("output\n%x, want\n%x", got.Output, *c.Output)
			}
			if units, ok := p.Units(c.Args, input); ok != (c.Family != "memory") || ok && units != c.Units {
				t.Errorf("Units = %d, %v, want %d", units, ok, c.Units)
			}
		})
	}
	if ran != 13 {
		t.Errorf("%d cases ran, want 13", ran)
	}
}

func TestVectorInvalid(t *testing.T) {
	v := loadVectors(t)
	programs := built()
	ran := 0
	for _, c := range v.Invalid {
		p, ok := programs[c.Family]
		if !ok {
			continue
		}
		ran++
		got := p.Run(Task{Seed: v.Seed, Args: c.Args, Input: c.Input})
		if got.Status != Invalid || got.Field == "" || got.Output != nil || got.Units != 0 {
			t.Errorf("%s, %s: %+v, want invalid with a field and nothing else", c.Family, c.Why, got)
		}
	}
	if ran != 49 {
		t.Errorf("%d pairs ran, want 49", ran)
	}
}

func TestVectorMerges(t *testing.T) {
	v := loadVectors(t)
	programs := built()
	ran := 0
	for _, m := range v.Merges {
		p, ok := programs[m.Family]
		if !ok {
			continue
		}
		ran++
		t.Run(m.Name, func(t *testing.T) {
			var shards []ShardOutput
			for i, c := range m.Shards {
				got := p.Run(Task{Seed: v.Seed, Args: c.Args, Input: c.Input.load(t)})
				if got.Status != OK || got.Units != c.Units || codec.Hash(blake3.Sum256(got.Output)) != c.OutputBlake3 {
					t.Fatalf("shard %d: %v, %d units, wrong output", i, got.Status, got.Units)
				}
				shards = append(shards, ShardOutput{Args: c.Args, Output: got.Output})
			}
			result, err := MergeResult(p, shards)
			if err != nil {
				t.Fatal(err)
			}
			if h := codec.Hash(blake3.Sum256(result)); h != m.ResultBlake3 || len(result) != m.ResultBytes {
				t.Errorf("result %v of %d bytes, want %v of %d", h, len(result), m.ResultBlake3, m.ResultBytes)
			}
		})
	}
	if ran != 4 {
		t.Errorf("%d merges ran, want 4", ran)
	}
}

// TestMergeHashes covers programs that have no merge of their own.
func TestMergeHashes(t *testing.T) {
	outputs := [][]byte{nil, []byte("second")}
	b := codec.AppendArray(nil, 2)
	for _, o := range outputs {
		h := blake3.Sum256(o)
		b = append(append(b, 0x58, 0x20), h[:]...)
	}
	shards := []ShardOutput{{Output: outputs[0]}, {Output: outputs[1]}}
	if got := MergeHashes(shards); !bytes.Equal(got, b) {
		t.Errorf("%x, want %x", got, b)
	}
	id := pageRank{}.Name().ID()
	got, err := MergeResult(pageRank{}, shards)
	want := append(append([]byte{0x82, 0x58, 0x20}, id[:]...), b...)
	if err != nil || !bytes.Equal(got, want) {
		t.Errorf("%x, %v, want %x", got, err, want)
	}
}

func TestVectorPrograms(t *testing.T) {
	v := loadVectors(t)
	programs := built()
	for _, c := range v.Programs {
		name := ProgramName{Family: c.Family, Version: c.Version, Profile: c.Profile}
		p := name.Program()
		if got := codec.EncodeProgram(&p); !bytes.Equal(got, c.CBOR) {
			t.Errorf("%v: cbor %x, want %x", name, got, c.CBOR)
		}
		if got := name.ID(); got != c.ID {
			t.Errorf("%v: id %v, want %v", name, got, c.ID)
		}
		want, exists := programs[c.Family]
		if got, ok := Builtin(c.ID); ok != exists || got != want {
			t.Errorf("Builtin(%v) = %v, %v, want %v", name, got, ok, want)
		}
		if got, ok := BuiltinNamed(name); ok != exists || got != want {
			t.Errorf("BuiltinNamed(%v) = %v, %v, want %v", name, got, ok, want)
		}
		delete(programs, c.Family)
	}
	if len(programs) != 0 {
		t.Errorf("programs without a vector: %v", programs)
	}
}

func TestVectorToken(t *testing.T) {
	v := loadVectors(t)
	var shards []ShardWork
	for i, args := range v.Token.Shards {
		w := ShardWork{Args: blake3.Sum256(args)}
		for _, in := range v.Token.Inputs[i] {
			w.Inputs = append(w.Inputs, codec.Hash(in))
		}
		shards = append(shards, w)
	}
	token := func(planner codec.Hash, shards ...ShardWork) codec.Hash {
		return Token(monteCarlo{}.Name().ID(), v.Seed, blake3.Sum256(v.Token.Args), shards, planner)
	}
	if got := token(v.Token.Planner, shards...); got != v.Token.Token {
		t.Errorf("token %v, want %v", got, v.Token.Token)
	}
	if token(codec.Hash{1}, shards...) == v.Token.Token {
		t.Error("another planner, same token")
	}
	if token(v.Token.Planner, shards[0]) == v.Token.Token {
		t.Error("fewer shards, same token")
	}
	shards[1].Inputs = append(shards[1].Inputs, codec.Hash{})
	if token(v.Token.Planner, shards...) == v.Token.Token {
		t.Error("one input more, same token")
	}
}
