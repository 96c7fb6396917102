package fuzz

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"os"
	"testing"

	"github.com/forgepool/settle/replay"
)

// profileSeeds returns the arguments of the vectors of mc@1, good ones and invalid ones,
// and the outputs that are written out.
func profileSeeds(f *testing.F, profile string) (args, outputs [][]byte) {
	data, err := os.ReadFile("../replay/testdata/vectors/mc-profiles.json")
	if err != nil {
		f.Fatal(err)
	}
	type entry struct {
		Profile string
		Args    string `json:"args_hex"`
		Output  string `json:"output_hex"`
	}
	var v struct{ Cases, Invalid []entry }
	if err := json.Unmarshal(data, &v); err != nil {
		f.Fatal(err)
	}
	for _, e := range append(v.Cases, v.Invalid...) {
		a, err1 := hex.DecodeString(e.Args)
		o, err2 := hex.DecodeString(e.Output)
		if err1 != nil || err2 != nil {
			f.Fatal(err1, err2)
		}
		if e.Profile == profile {
			args, outputs = append(args, a), append(outputs, o)
		}
	}
	return args, outputs
}

// fuzzProfile executes whatever arguments come and checks what must hold of every result.
func fuzzProfile(f *testing.F, profile string) {
	p, ok := replay.BuiltinNamed(replay.ProgramName{Family: "mc", Version: 1, Profile: profile})
	if !ok {
		f.Fatalf("no %s", profile)
	}
	args, _ := profileSeeds(f, profile)
	for _, a := range args {
		f.Add(a)
	}
	f.Fuzz(func(t *testing.T, args []byte) {
		task := replay.Task{Args: args, MaxUnits: 1 << 12}
		got := p.Run(task)
		units, known := p.Units(args, nil)
		switch got.Status {
		case replay.OK:
			if !known || units != got.Units || units == 0 || got.Field != "" {
				t.Fatalf("Units says %d, %v, Run %d %q", units, known, got.Units, got.Field)
			}
		case replay.OverLimit:
			if !known || units <= task.MaxUnits || got.Output != nil {
				t.Fatalf("over-limit with %d units, known %v", units, known)
			}
			return
		default:
			if got.Status != replay.Invalid || known || got.Field == "" || got.Output != nil || got.Units != 0 {
				t.Fatalf("%+v, units known %v", got, known)
			}
			return
		}
		if again := p.Run(task); !bytes.Equal(again.Output, got.Output) {
			t.Fatalf("first %x, then %x", got.Output, again.Output)
		}
		merged, err := p.Merge([]replay.ShardOutput{{Args: args, Output: got.Output}})
		if err != nil || !bytes.Equal(merged, got.Output) {
			t.Fatalf("merged alone %x, %v, was %x", merged, err, got.Output)
		}
		profileStatistics(t, got.Output)
	})
}

func FuzzReplayInsurance(f *testing.F) { fuzzProfile(f, "insurance.v1") }

func FuzzReplayETA(f *testing.F) { fuzzProfile(f, "eta.v1") }

// FuzzReplayDistribution reads outputs that nobody computed.
func FuzzReplayDistribution(f *testing.F) {
	for _, profile := range []string{"insurance.v1", "eta.v1"} {
		_, outputs := profileSeeds(f, profile)
		for _, o := range outputs {
			f.Add(o)
		}
	}
	f.Fuzz(profileStatistics)
}

// profileStatistics asks all that can be asked of a distribution, if it is one.
func profileStatistics(t *testing.T, output []byte) {
	d, err := replay.ReadDistribution(output)
	if err != nil {
		return
	}
	if d.Mean() < d.Min() || d.Mean() > d.Max() {
		t.Fatalf("mean %d of %d..%d", d.Mean(), d.Min(), d.Max())
	}
	last := replay.Interval{}
	for _, level := range []uint64{1, 500_000, 900_000, 950_000, 990_000, replay.Million} {
		q, tail := d.Quantile(level), d.TailMean(level)
		if q.Low > q.High || q.Low < last.Low || q.High < last.High || tail.Low > tail.High || tail.High < q.High {
			t.Fatalf("level %d: quantile %v after %v, tail %v", level, q, last, tail)
		}
		if q.Low < d.Min() || tail.High > d.Max() {
			t.Fatalf("level %d: quantile %v, tail %v of %d..%d", level, q, tail, d.Min(), d.Max())
		}
		last = q
	}
	if at := d.AtMost(d.Max()); at != (replay.Interval{Low: d.Count(), High: d.Count()}) {
		t.Fatalf("%v of %d at most the largest", at, d.Count())
	}
}
