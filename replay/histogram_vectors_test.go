package replay

import (
	"bytes"
	"encoding/json"
	"os"
	"strconv"
	"testing"

	"github.com/forgepool/settle/codec"
	"github.com/zeebo/blake3"
)

// profileCase is a shard of one of the profiles of docs/formats/replay.md sections 7.1.1
// and 7.1.2.
type profileCase struct {
	Name         string     `json:"name"`
	Profile      string     `json:"profile"`
	Args         hexBytes   `json:"args_hex"`
	ArgsBlake3   codec.Hash `json:"args_blake3"`
	Units        uint64     `json:"units"`
	OutputBytes  int        `json:"output_bytes"`
	OutputBlake3 codec.Hash `json:"output_blake3"`
	Output       *hexBytes  `json:"output_hex"`
}

type profileVectors struct {
	Seed     codec.Hash  `json:"seed_hex"`
	Exp2     codec.Hash  `json:"exp2_blake3"`
	Programs []programID `json:"programs"`
	Exp      [][2]int64  `json:"exp"`
	Poisson  []struct {
		Mean, First, Last, Sum uint64
		Draws                  [][2]json.RawMessage
	} `json:"poisson"`
	Buckets    [][4]uint64   `json:"buckets"`
	Cases      []profileCase `json:"cases"`
	Statistics []struct {
		Case   string
		Mean   uint64
		Levels []struct {
			Level    uint64
			Quantile [2]uint64
			Tail     [2]uint64 `json:"tail_mean"`
		}
		AtMost [][3]uint64 `json:"at_most"`
	} `json:"statistics"`
	Merges []struct {
		Name         string        `json:"name"`
		Profile      string        `json:"profile"`
		Shards       []profileCase `json:"shards"`
		ResultBytes  int           `json:"result_bytes"`
		ResultBlake3 codec.Hash    `json:"result_blake3"`
	} `json:"merges"`
	Invalid []struct {
		Profile, Why, Field string
		Args                hexBytes `json:"args_hex"`
		Input               hexBytes `json:"input_hex"`
	} `json:"invalid"`
}

func loadProfiles(t testing.TB) *profileVectors {
	t.Helper()
	data, err := os.ReadFile("testdata/vectors/mc-profiles.json")
	if err != nil {
		t.Fatal(err)
	}
	v := new(profileVectors)
	if err := json.Unmarshal(data, v); err != nil {
		t.Fatal(err)
	}
	return v
}

func profile(t testing.TB, name string) Program {
	t.Helper()
	p, ok := BuiltinNamed(ProgramName{"mc", 1, name})
	if !ok {
		t.Fatalf("no program mc@1 %s", name)
	}
	return p
}

// run executes a case and compares all that the vector says.
func (c *profileCase) run(t *testing.T, p Program, seed codec.Hash) []byte {
	t.Helper()
	got := p.Run(Task{Seed: seed, Args: c.Args, MaxUnits: c.Units})
	if got.Status != OK || got.Units != c.Units || len(got.Output) != c.OutputBytes {
		t.Fatalf("%v %q, %d units, %d bytes; want ok, %d, %d", got.Status, got.Field, got.Units, len(got.Output), c.Units, c.OutputBytes)
	}
	if blake3.Sum256(c.Args) != c.ArgsBlake3 || blake3.Sum256(got.Output) != c.OutputBlake3 {
		t.Errorf("hash of the arguments or of the output is another one")
	}
	if c.Output != nil && !bytes.Equal(got.Output, *c.Output) {
		t.Errorf("output\n%x, want\n%x", got.Output, *c.Output)
	}
	if units, ok := p.Units(c.Args, nil); !ok || units != c.Units {
		t.Errorf("Units = %d, %v, want %d", units, ok, c.Units)
	}
	if over := p.Run(Task{Seed: seed, Args: c.Args, MaxUnits: c.Units - 1}); c.Units > 1 && over.Status != OverLimit {
		t.Errorf("over the limit by one: %v", over.Status)
	}
	return got.Output
}

func TestProfileCases(t *testing.T) {
	v := loadProfiles(t)
	outputs := make(map[string][]byte)
	for _, c := range v.Cases {
		t.Run(c.Name, func(t *testing.T) { outputs[c.Name] = c.run(t, profile(t, c.Profile), v.Seed) })
	}
	for _, s := range v.Statistics {
		d, err := ReadDistribution(outputs[s.Case])
		if err != nil {
			t.Fatalf("%s: %v", s.Case, err)
		}
		if d.Mean() != s.Mean {
			t.Errorf("%s: mean %d, want %d", s.Case, d.Mean(), s.Mean)
		}
		for _, l := range s.Levels {
			if got := d.Quantile(l.Level); got != (Interval{l.Quantile[0], l.Quantile[1]}) {
				t.Errorf("%s: quantile of %d is %v, want %v", s.Case, l.Level, got, l.Quantile)
			}
			if got := d.TailMean(l.Level); got != (Interval{l.Tail[0], l.Tail[1]}) {
				t.Errorf("%s: tail of %d is %v, want %v", s.Case, l.Level, got, l.Tail)
			}
		}
		for _, x := range s.AtMost {
			if got := d.AtMost(x[0]); got != (Interval{x[1], x[2]}) {
				t.Errorf("%s: at most %d: %v, want %v", s.Case, x[0], got, x[1:])
			}
		}
	}
}

func TestProfileMerges(t *testing.T) {
	v := loadProfiles(t)
	for _, m := range v.Merges {
		p := profile(t, m.Profile)
		var shards []ShardOutput
		for i := range m.Shards {
			shards = append(shards, ShardOutput{m.Shards[i].Args, m.Shards[i].run(t, p, v.Seed)})
		}
		result, err := MergeResult(p, shards)
		if err != nil {
			t.Fatalf("%s: %v", m.Name, err)
		}
		if len(result) != m.ResultBytes || blake3.Sum256(result) != m.ResultBlake3 {
			t.Errorf("%s: %d bytes, want %d, or another hash", m.Name, len(result), m.ResultBytes)
		}
	}
}

func TestProfileInvalid(t *testing.T) {
	v := loadProfiles(t)
	for _, c := range v.Invalid {
		got := profile(t, c.Profile).Run(Task{Seed: v.Seed, Args: c.Args, Input: c.Input})
		if got.Status != Invalid || got.Field != c.Field || got.Output != nil || got.Units != 0 {
			t.Errorf("%s, %s: %v %q, want invalid %q and nothing else", c.Profile, c.Why, got.Status, got.Field, c.Field)
		}
	}
}

func TestProfilePrograms(t *testing.T) {
	for _, c := range loadProfiles(t).Programs {
		p := profile(t, c.Profile)
		if got, ok := Builtin(c.ID); !ok || got != p || p.Name().ID() != c.ID {
			t.Errorf("%v has the id %v, want %v", p.Name(), p.Name().ID(), c.ID)
		}
	}
}

// TestFixedVectors covers the functions that the profiles share.
func TestFixedVectors(t *testing.T) {
	v := loadProfiles(t)
	if blake3.Sum256(exp2Bytes) != v.Exp2 {
		t.Error("the embedded table of powers has another hash")
	}
	for _, e := range v.Exp {
		if got := expFixed(e[0]); got != uint64(e[1]) {
			t.Errorf("exp(%d) = %d, want %d", e[0], got, e[1])
		}
	}
	for _, b := range v.Buckets {
		n := bucketOf(b[0])
		low, high := bucketBounds(n)
		if got := [4]uint64{b[0], uint64(n), low, high}; got != b {
			t.Errorf("bucket %v, want %v", got, b)
		}
	}
	for _, p := range v.Poisson {
		table := newPoissonTable(p.Mean)
		if last := table.base + uint64(len(table.sums)) - 1; table.base != p.First || last != p.Last || table.total() != p.Sum {
			t.Errorf("mean %d: weights %d..%d of sum %d, want %d..%d of %d", p.Mean, table.base, last, table.total(), p.First, p.Last, p.Sum)
		}
		for _, d := range p.Draws {
			u, err := strconv.ParseUint(string(d[0][1:17]), 16, 64)
			if err != nil {
				t.Fatal(err)
			}
			if got := strconv.FormatUint(table.draw(u), 10); got != string(d[1]) {
				t.Errorf("mean %d: draw of %x is %s, want %s", p.Mean, u, got, d[1])
			}
		}
	}
}
