package replay

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"os"
	"os/exec"
	"reflect"
	"testing"

	"github.com/forgepool/settle/codec"
	"github.com/zeebo/blake3"
)

// reference is the folder of the second implementation: Python with its standard
// library, written from docs/formats and docs/determinism.md alone.
const reference = "testdata/reference/"

// python runs a program of the reference. Without an interpreter the test is skipped.
func python(t *testing.T, stdin []byte, program string, args ...string) []byte {
	t.Helper()
	path, err := exec.LookPath("python3")
	if err != nil {
		if os.Getenv("SETTLE_CI") == "1" {
			t.Fatal(err)
		}
		t.Skipf("the second implementation needs python3: %v", err)
	}
	cmd := exec.Command(path, append([]string{"-B", reference + program}, args...)...)
	var stderr bytes.Buffer
	cmd.Stdin, cmd.Stderr = bytes.NewReader(stdin), &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s: %v\n%s%s", program, err, out, stderr.Bytes())
	}
	return out
}

// A question is what the reference's answers.py takes; its fields depend on what is asked.
type question struct {
	Ask     string       `json:"ask"`
	Program string       `json:"program,omitempty"`
	Seed    string       `json:"seed,omitempty"`
	Args    *string      `json:"args,omitempty"`
	Input   *string      `json:"input,omitempty"`
	Limit   uint64       `json:"limit,omitempty"`
	Shards  *[][2]string `json:"shards,omitempty"`
	Exp     []int64      `json:"exp,omitempty"`
	Means   []uint64     `json:"means,omitempty"`
	Draws   []uint64     `json:"draws,omitempty"`
	Output  *string      `json:"output,omitempty"`
	N       uint64       `json:"n,omitempty"`
	Levels  []uint64     `json:"levels,omitempty"`
	Values  []uint64     `json:"values,omitempty"`
}

// answers are what this package says to the questions. They have the form of
// answers.py, byte strings by size and hash.
var answers = map[string]func(*testing.T, *question) map[string]any{
	"run": answerRun, "result": answerResult, "chain": answerChain,
	"arithmetic": answerArithmetic, "statistics": answerStatistics,
}

func unhex(t *testing.T, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func (q *question) program(t *testing.T) Program {
	name, err := ParseProgramName(q.Program)
	p, ok := BuiltinNamed(name)
	if err != nil || !ok {
		t.Fatalf("no program %q: %v", q.Program, err)
	}
	return p
}

func hashed(b []byte) map[string]any {
	h := blake3.Sum256(b)
	return map[string]any{"bytes": len(b), "blake3": hex.EncodeToString(h[:])}
}

func (q *question) task(t *testing.T, args, input string) Task {
	return Task{Seed: codec.Hash(unhex(t, q.Seed)), Args: unhex(t, args), Input: unhex(t, input), MaxUnits: q.Limit}
}

func answerRun(t *testing.T, q *question) map[string]any {
	r := q.program(t).Run(q.task(t, *q.Args, *q.Input))
	return map[string]any{"status": r.Status.String(), "units": r.Units, "field": r.Field, "output": hashed(r.Output)}
}

func answerResult(t *testing.T, q *question) map[string]any {
	var shards []ShardOutput
	for _, s := range *q.Shards {
		shards = append(shards, ShardOutput{Args: unhex(t, s[0]), Output: unhex(t, s[1])})
	}
	result, err := MergeResult(q.program(t), shards)
	if err != nil {
		result = nil
	}
	return map[string]any{"output": hashed(result)}
}

func answerChain(t *testing.T, q *question) map[string]any {
	var shards []ShardOutput
	for _, s := range *q.Shards {
		task := q.task(t, s[0], s[1])
		r := q.program(t).Run(task)
		if r.Status != OK {
			return map[string]any{"status": r.Status.String(), "output": hashed(nil)}
		}
		shards = append(shards, ShardOutput{Args: task.Args, Output: r.Output})
	}
	result, err := MergeResult(q.program(t), shards)
	if err != nil {
		result = nil
	}
	return map[string]any{"status": "ok", "output": hashed(result)}
}

func answerArithmetic(_ *testing.T, q *question) map[string]any {
	exp, sums, numbers := []uint64{}, []uint64{}, [][]uint64{}
	for _, y := range q.Exp {
		exp = append(exp, expFixed(y))
	}
	for _, mean := range q.Means {
		p := newPoissonTable(mean)
		var row []uint64
		for _, u := range q.Draws {
			row = append(row, p.draw(u))
		}
		sums, numbers = append(sums, p.total()), append(numbers, row)
	}
	return map[string]any{"exp": exp, "sums": sums, "poisson": numbers}
}

func answerStatistics(t *testing.T, q *question) map[string]any {
	d, err := ReadDistribution(unhex(t, *q.Output))
	if err != nil || d.Count() != q.N {
		return map[string]any{"refused": true}
	}
	quantiles, tails, shares := [][2]uint64{}, [][2]uint64{}, [][2]uint64{}
	for _, level := range q.Levels {
		quantiles = append(quantiles, [2]uint64(pair(d.Quantile(level))))
		tails = append(tails, [2]uint64(pair(d.TailMean(level))))
	}
	for _, x := range q.Values {
		shares = append(shares, [2]uint64(pair(d.AtMost(x))))
	}
	return map[string]any{"refused": false, "mean": d.Mean(), "quantiles": quantiles, "tails": tails, "shares": shares}
}

func pair(i Interval) []uint64 { return []uint64{i.Low, i.High} }

// compare holds the answers of this package against those of the reference.
func compare(t *testing.T, name string, q *question, want any) {
	t.Helper()
	own, err := json.Marshal(answers[q.Ask](t, q))
	if err != nil {
		t.Fatal(err)
	}
	var got any
	decode(t, own, &got)
	if !reflect.DeepEqual(got, want) {
		asked, _ := json.Marshal(q)
		t.Errorf("%s:\ngot  %v\nwant %v\nof   %.20000s", name, got, want, asked)
	}
}

func decode(t *testing.T, data []byte, into any) {
	t.Helper()
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	if err := d.Decode(into); err != nil {
		t.Fatal(err)
	}
}

// TestReferenceVectors runs what vectors.py wrote; it needs no Python.
func TestReferenceVectors(t *testing.T) {
	data, err := os.ReadFile(reference + "families.json")
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Cases []struct {
			Name     string
			Question question
			Answer   any
		}
	}
	decode(t, data, &file)
	fields := map[[2]string]bool{}
	for _, c := range file.Cases {
		compare(t, c.Name, &c.Question, c.Answer)
		if field, _ := c.Answer.(map[string]any)["field"].(string); field != "" {
			fields[[2]string{c.Question.Program, field}] = true
		}
	}
	if len(fields) != 72 {
		t.Errorf("%d names of fields, want every one of docs/formats/replay.md section 7.9 but output", len(fields))
	}
	if len(file.Cases) < 500 {
		t.Errorf("%d cases, want 500 at least", len(file.Cases))
	}
}

// TestReferenceWrites checks that the reference gives its own files again, and the
// vectors that were published before it.
func TestReferenceWrites(t *testing.T) {
	python(t, nil, "vectors.py", "--check")
	python(t, nil, "published.py")
}
