package fuzz

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"os"
	"testing"

	"github.com/forgepool/settle/replay"
)

// replayMaxUnits keeps one execution short.
const replayMaxUnits = 1 << 14

// replaySeeds returns arguments and inputs of a family: the published invalid pairs, which
// reach deep into the decoders, and the good cases whose input is written out.
func replaySeeds(f *testing.F, family string) (pairs [][2][]byte) {
	data, err := os.ReadFile("../replay/testdata/vectors/replay-families.json")
	if err != nil {
		f.Fatal(err)
	}
	var v struct {
		Cases []struct {
			Family string
			Args   string                `json:"args_hex"`
			Input  struct{ Hex *string } `json:"input"`
		}
		Invalid []struct {
			Family string
			Args   string `json:"args_hex"`
			Input  string `json:"input_hex"`
		}
	}
	if err := json.Unmarshal(data, &v); err != nil {
		f.Fatal(err)
	}
	unhex := func(s string) []byte {
		b, err := hex.DecodeString(s)
		if err != nil {
			f.Fatal(err)
		}
		return b
	}
	for _, c := range v.Cases {
		if c.Family == family && c.Input.Hex != nil {
			pairs = append(pairs, [2][]byte{unhex(c.Args), unhex(*c.Input.Hex)})
		}
	}
	for _, c := range v.Invalid {
		if c.Family == family {
			pairs = append(pairs, [2][]byte{unhex(c.Args), unhex(c.Input)})
		}
	}
	if len(pairs) == 0 {
		f.Fatalf("no seeds for %s", family)
	}
	return pairs
}

// replayProgram returns the built-in of a family.
func replayProgram(f *testing.F, family string) replay.Program {
	for _, p := range replay.Builtins() {
		if p.Name().Family == family {
			return p
		}
	}
	f.Fatalf("no program of family %s", family)
	return nil
}

// replayFuzzRun executes whatever comes and checks what must hold of every result.
func replayFuzzRun(f *testing.F, family string, more ...[2][]byte) {
	p := replayProgram(f, family)
	for _, pair := range append(replaySeeds(f, family), more...) {
		f.Add(pair[0], pair[1])
	}
	f.Fuzz(func(t *testing.T, args, input []byte) {
		task := replay.Task{Args: args, Input: input, MaxUnits: replayMaxUnits}
		got := p.Run(task)
		if got.Status == replay.OK != (got.Units > 0) || got.Status == replay.OK != (got.Output != nil) {
			t.Fatalf("%v with %d units and %d bytes", got.Status, got.Units, len(got.Output))
		}
		if got.Status == replay.Invalid != (got.Field != "") {
			t.Fatalf("%v with field %q", got.Status, got.Field)
		}
		units, known := p.Units(args, input)
		if family == "memory" { // only a run can tell its units
			units, known = got.Units, got.Status == replay.OK
		}
		switch {
		case got.Status == replay.OverLimit && family != "memory" && (!known || units <= replayMaxUnits):
			t.Fatalf("over-limit with %d units, known %v", units, known)
		case got.Status != replay.OK:
			return
		case !known || units != got.Units || units > replayMaxUnits:
			t.Fatalf("Units says %d, %v, Run %d", units, known, got.Units)
		}
		if again := p.Run(task); !bytes.Equal(again.Output, got.Output) {
			t.Fatalf("first %x, then %x", got.Output, again.Output)
		}
		if _, err := replay.MergeResult(p, []replay.ShardOutput{{Args: args, Output: got.Output}}); err != nil {
			t.Fatalf("own output does not merge: %v", err)
		}
	})
}

func FuzzReplayMC(f *testing.F) { replayFuzzRun(f, "mc") }

func FuzzReplayGraph(f *testing.F) { replayFuzzRun(f, "graph") }

func FuzzReplaySearch(f *testing.F) {
	args, _ := hex.DecodeString("a6018282416101824162020219ffff0319800004190100050306" + "00")
	input := binary.LittleEndian.AppendUint32(nil, 2)
	for _, doc := range []string{"a b A,c", "b"} {
		input = append(binary.LittleEndian.AppendUint32(input, uint32(len(doc))), doc...)
	}
	replayFuzzRun(f, "search", [2][]byte{args, input})
}

func FuzzReplayAggregate(f *testing.F) {
	input := binary.LittleEndian.AppendUint32(nil, 3)
	for i, key := range []string{"", "a", ""} {
		input = append(binary.LittleEndian.AppendUint16(input, uint16(len(key))), key...)
		input = binary.LittleEndian.AppendUint64(input, uint64(i)-1)
	}
	replayFuzzRun(f, "aggregate", [2][]byte{{0xa0}, input})
}

func FuzzReplayMedia(f *testing.F) {
	image := []byte{2, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11}
	var more [][2][]byte
	for _, ops := range []string{
		"a1018581018502010001018303010184048900010001040100010002" + "2082" + "0718ff", // luma, crop, box, correlation, threshold
		"a1018283060503" + "8108", // resize, rotate
	} {
		args, err := hex.DecodeString(ops)
		if err != nil {
			f.Fatal(err)
		}
		more = append(more, [2][]byte{args, image})
	}
	replayFuzzRun(f, "media", more...)
}

func FuzzReplayMemory(f *testing.F) {
	input := append(binary.LittleEndian.AppendUint32(nil, 1), 1, 0, 'b', 2, 0, 0, 0, 'v', 'w') // b = vw
	input = append(binary.LittleEndian.AppendUint32(input, 6),
		1, 1, 0, 'a', 1, 0, 0, 0, 'x', // put
		2, 1, 0, 'a', // get
		4, 1, 0, 'c', 1, 0, 0, 0, 0, 0, 0, 0, // add
		5, 1, 0, 'b', 2, 0, 0, 0, 'v', 'w', 0, 0, 0, 0, // compare and set
		6, 0, 0, 1, 0, 'c', 9, 0, 0, 0, // scan
		3, 1, 0, 'a', // delete
	)
	replayFuzzRun(f, "memory", [2][]byte{{0xa0}, input})
}
