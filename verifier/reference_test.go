package verifier

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"math/rand/v2"
	"os"
	"os/exec"
	"reflect"
	"testing"

	"github.com/forgepool/settle/codec"
)

// reference is the folder of the second implementation of replay, which has the draws too.
const reference = "../replay/testdata/reference/"

// A question is what its answers.py takes. The fields depend on what is asked; for each
// there is a function of the same name below.
type question map[string]any

// number, text, id and hash read one field.
func (q question) number(t *testing.T, name string) uint64 {
	t.Helper()
	var n uint64
	q.read(t, name, &n)
	return n
}

func (q question) read(t *testing.T, name string, into any) {
	t.Helper()
	data, err := json.Marshal(q[name])
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, into); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
}

func (q question) text(t *testing.T, name string) string {
	t.Helper()
	var s string
	q.read(t, name, &s)
	return s
}

func (q question) bytes(t *testing.T, name string) []byte {
	t.Helper()
	b, err := hex.DecodeString(q.text(t, name))
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return b
}

func (q question) hash(t *testing.T, name string) codec.Hash { return codec.Hash(q.bytes(t, name)) }

// answers are what this package says.
var answers = map[string]func(*testing.T, question) map[string]any{
	"seed": answerSeed, "draw": answerDraw, "unit": answerUnit, "size": answerSize,
	"choice": answerChoice, "commit": answerCommit, "frame": answerFrame,
}

func answerSeed(t *testing.T, q question) map[string]any {
	in := SeedInputs{Origin: q.text(t, "origin"), Size: q.number(t, "size"), Root: q.hash(t, "root"), CloseIndex: q.number(t, "close"),
		Secret: q.hash(t, "secret"), Round: q.number(t, "round"), BeaconHash: q.hash(t, "beacon")}
	seed := in.Seed()
	commitment := codec.AuditCommitment(codec.ID(q.bytes(t, "auditor")), q.number(t, "cycle"), q.hash(t, "secret"))
	return map[string]any{"seed": hex.EncodeToString(seed[:]), "commitment": commitment.String()}
}

func answerDraw(t *testing.T, q question) map[string]any {
	seed, value := Seed(q.hash(t, "seed")), q.number(t, "value")
	vouching, tracing := []uint64{}, []uint64{}
	for i := range q.number(t, "count") {
		vouching, tracing = append(vouching, seed.Draw(i, value)), append(tracing, seed.Trace(i, value))
	}
	return map[string]any{"vouching": vouching, "tracing": tracing}
}

func answerUnit(t *testing.T, q question) map[string]any {
	seed := Seed(q.hash(t, "seed"))
	return map[string]any{"unit": seed.Unit(q.number(t, "i"), q.number(t, "residual"), q.number(t, "amount"), q.number(t, "units"))}
}

func answerSize(t *testing.T, q question) map[string]any {
	n, err := SampleSize(q.number(t, "confidence"), q.number(t, "fault"), 1<<20)
	if err != nil {
		t.Fatal(err)
	}
	return map[string]any{"draws": n}
}

func answerChoice(t *testing.T, q question) map[string]any {
	twice := codec.MustReplicate(q.hash(t, "nonce"), codec.ID(q.bytes(t, "workload")), uint32(q.number(t, "shard")), q.number(t, "valid"))
	return map[string]any{"twice": twice}
}

func answerCommit(t *testing.T, q question) map[string]any {
	return map[string]any{"commitment": codec.AnswerCommitment(q.hash(t, "agent"), q.hash(t, "nonce"), q.hash(t, "output")).String()}
}

// posting reads one of [index, [key, value]...], with the keys of
// docs/formats/records.md section 6.1.
func posting(t *testing.T, row []json.RawMessage) (index uint64, p codec.Posting) {
	t.Helper()
	if err := json.Unmarshal(row[0], &index); err != nil {
		t.Fatal(err)
	}
	for _, field := range row[1:] {
		var key int
		var value any
		if err := json.Unmarshal(field, &[]any{&key, &value}); err != nil {
			t.Fatal(err)
		}
		into, ok := map[int]any{1: &p.Line, 2: &p.Role, 3: &p.Party, 4: &p.Side, 5: &p.Amount,
			6: &p.Units, 7: &p.UnitBase, 13: &p.Salt}[key]
		if !ok {
			t.Fatalf("key %d", key)
		}
		if b, ok := into.(*codec.ID); ok {
			raw, err := hex.DecodeString(value.(string))
			if err != nil {
				t.Fatal(err)
			}
			*b = codec.ID(raw)
			continue
		}
		set(into, uint64(value.(float64))) // below 2^53, all of them
	}
	return index, p
}

func set(into any, n uint64) {
	switch v := into.(type) {
	case *uint64:
		*v = n
	case **uint64:
		*v = &n
	case *codec.Role:
		*v = codec.Role(n)
	case *codec.Side:
		*v = codec.Side(n)
	}
}

func answerFrame(t *testing.T, q question) map[string]any {
	var rows [][]json.RawMessage
	q.read(t, "postings", &rows)
	var chosen []*settled
	var details []*codec.Detail
	for _, row := range rows { // in order of the settlements
		index, p := posting(t, row)
		if len(chosen) == 0 || chosen[len(chosen)-1].index != index {
			chosen, details = append(chosen, &settled{index: index}), append(details, new(codec.Detail))
		}
		d := details[len(details)-1]
		d.Postings = append(d.Postings, p)
	}
	var f Frame
	if err := f.buildParties(chosen, details); err != nil {
		t.Fatal(err)
	}
	draws := []map[string]any{}
	for i := range q.number(t, "count") {
		if f.Value == 0 {
			break
		}
		d, err := f.Draw(Seed(q.hash(t, "seed")), i)
		if err != nil {
			t.Fatal(err)
		}
		draws = append(draws, map[string]any{"u": d.U, "party": d.Party.String(), "settlement": d.Settlement, "line": d.Line, "unit": d.Unit})
	}
	return map[string]any{"root": f.PartiesRoot.String(), "value": f.Value, "parties": f.Parties(), "draws": draws}
}

// compare holds the answer of this package against that of the reference.
func compare(t *testing.T, name string, q question, want any) {
	t.Helper()
	own, err := json.Marshal(answers[q["ask"].(string)](t, q))
	if err != nil {
		t.Fatal(err)
	}
	var got any
	decodeNumbers(t, own, &got)
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%s:\ngot  %v\nwant %v\nof   %v", name, got, want, q)
	}
}

func decodeNumbers(t *testing.T, data []byte, into any) {
	t.Helper()
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	if err := d.Decode(into); err != nil {
		t.Fatal(err)
	}
}

// TestReferenceVectors runs what the reference wrote; it needs no Python.
func TestReferenceVectors(t *testing.T) {
	data, err := os.ReadFile(reference + "draws.json")
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
	decodeNumbers(t, data, &file)
	for _, c := range file.Cases {
		compare(t, c.Name, c.Question, c.Answer)
	}
	if len(file.Cases) < 60 {
		t.Errorf("%d cases, want 60 at least", len(file.Cases))
	}
}

// throwDraws returns questions with numbers of all sizes.
func throwDraws(r *rand.Rand) (questions []question) {
	hash := func() string {
		b := make([]byte, 32)
		for i := range b {
			b[i] = byte(r.Uint32())
		}
		return hex.EncodeToString(b)
	}
	number := func() uint64 { return 1 + r.Uint64()>>(1+r.IntN(63)) }
	for i := range 50 {
		amount := number()
		questions = append(questions,
			question{"ask": "seed", "origin": hash()[:1+r.IntN(63)], "size": number(), "root": hash(), "close": number(), "secret": hash(),
				"round": number(), "beacon": hash(), "auditor": hash()[:32], "cycle": number()},
			question{"ask": "draw", "seed": hash(), "value": number(), "count": 3},
			question{"ask": "unit", "seed": hash(), "i": i, "residual": r.Uint64N(amount), "amount": amount, "units": number()},
			question{"ask": "choice", "nonce": hash(), "workload": hash()[:32], "shard": r.Uint32N(4096), "valid": r.Uint64N(64)},
			question{"ask": "size", "confidence": 1 + r.Uint64N(999_999), "fault": 2_000 + r.Uint64N(900_000)})
	}
	return questions
}

// TestReferenceRandom asks both implementations.
func TestReferenceRandom(t *testing.T) {
	path, err := exec.LookPath("python3")
	if err != nil {
		if os.Getenv("SETTLE_CI") == "1" {
			t.Fatal(err)
		}
		t.Skipf("the second implementation needs python3: %v", err)
	}
	thrown, err := json.Marshal(throwDraws(rand.New(rand.NewPCG(0x64726177, 1))))
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(path, "-B", reference+"answers.py")
	cmd.Stdin, cmd.Stderr = bytes.NewReader(thrown), os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	var questions []question
	var want []any
	decodeNumbers(t, thrown, &questions)
	decodeNumbers(t, out, &want)
	if len(want) != len(questions) {
		t.Fatalf("%d answers to %d questions", len(want), len(questions))
	}
	for i, q := range questions {
		compare(t, q["ask"].(string), q, want[i])
	}
}
