package proof

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"math/rand/v2"
	"os"
	"os/exec"
	"reflect"
	"testing"
)

// sumReference is the folder of the second implementation of replay, which has the sum
// trees too.
const sumReference = "../replay/testdata/reference/"

// sumQuestion is what its answers.py takes: a tree over leaves, or a proof.
type sumQuestion struct {
	Ask    string      `json:"ask"`
	Type   SumType     `json:"type"`
	Leaves *[]sumLine  `json:"leaves,omitempty"`
	Locate [][2]uint64 `json:"locate,omitempty"`
	Root   string      `json:"root,omitempty"`
	Sums   []uint64    `json:"sums,omitempty"`
	Proof  *string     `json:"proof,omitempty"`
	Key    *string     `json:"key,omitempty"`
	U      *uint64     `json:"u,omitempty"`
	Column *int        `json:"column,omitempty"`
}

// sumLine is a leaf as the reference writes it: [key, count, sums, payload].
type sumLine struct {
	Key     string
	Count   uint64
	Sums    []uint64
	Payload string
}

func (l sumLine) MarshalJSON() ([]byte, error) {
	return json.Marshal([]any{l.Key, l.Count, l.Sums, l.Payload})
}

func (l *sumLine) UnmarshalJSON(data []byte) error {
	return json.Unmarshal(data, &[]any{&l.Key, &l.Count, &l.Sums, &l.Payload})
}

// lineOf returns a leaf of a type with so many columns as the reference writes it.
func lineOf(leaf *SumLeaf, columns int) sumLine {
	return sumLine{hex.EncodeToString(leaf.Key), leaf.Count, leaf.Sums[:columns], hex.EncodeToString(leaf.Payload[:])}
}

func unhex(t *testing.T, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// answer is what this package says, in the form of the reference.
func (q *sumQuestion) answer(t *testing.T) map[string]any {
	t.Helper()
	shape, err := q.Type.shape()
	if err != nil {
		t.Fatal(err)
	}
	if q.Ask == "proof" {
		return q.answerProof(t)
	}
	leaves := make([]SumLeaf, len(*q.Leaves))
	for i, l := range *q.Leaves {
		leaves[i] = SumLeaf{Key: unhex(t, l.Key), Count: l.Count, Payload: [32]byte(unhex(t, l.Payload))}
		copy(leaves[i].Sums[:], l.Sums)
	}
	tree, err := BuildSumTree(q.Type, leaves)
	if err != nil {
		return map[string]any{"refused": true}
	}
	root, totals := tree.Root(), tree.Totals()
	proofs, located := []string{}, []int{}
	for i := range leaves {
		p, err := tree.Prove(i)
		if err != nil {
			t.Fatal(err)
		}
		data, err := EncodeSumProof(q.Type, p)
		if err != nil {
			t.Fatal(err)
		}
		proofs = append(proofs, hex.EncodeToString(data))
	}
	for _, x := range q.Locate {
		i, err := tree.Locate(x[0], int(x[1]))
		if err != nil {
			t.Fatal(err)
		}
		located = append(located, i)
	}
	return map[string]any{"refused": false, "root": hex.EncodeToString(root[:]), "count": totals.Count,
		"sums": totals.Sums[:shape.columns], "proofs": proofs, "located": located}
}

func (q *sumQuestion) answerProof(t *testing.T) map[string]any {
	shows := map[string]any{"member": false, "absent": false, "located": false}
	p, err := DecodeSumProof(q.Type, unhex(t, *q.Proof))
	if err != nil {
		return shows
	}
	st := SumStatement{Type: q.Type, Root: [32]byte(unhex(t, q.Root)), Unstated: SumLeavesUnstated | SumCountUnstated}
	copy(st.Sums[:], q.Sums)
	key := unhex(t, *q.Key)
	_, err = CheckMember(st, key, p)
	shows["member"] = err == nil
	shows["absent"] = CheckAbsent(st, key, p) == nil
	_, _, err = CheckLocate(st, *q.U, *q.Column, p)
	shows["located"] = err == nil
	return shows
}

// compareSum holds the answer of this package against that of the reference.
func compareSum(t *testing.T, name string, q *sumQuestion, want any) {
	t.Helper()
	own, err := json.Marshal(q.answer(t))
	if err != nil {
		t.Fatal(err)
	}
	var got any
	decodeNumbers(t, own, &got)
	if !reflect.DeepEqual(got, want) {
		asked, _ := json.Marshal(q)
		t.Errorf("%s:\ngot  %v\nwant %v\nof   %s", name, got, want, asked)
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

// TestSumReferenceVectors runs what the reference wrote; it needs no Python.
func TestSumReferenceVectors(t *testing.T) {
	data, err := os.ReadFile(sumReference + "trees.json")
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Cases []struct {
			Name     string
			Question sumQuestion
			Answer   any
		}
	}
	decodeNumbers(t, data, &file)
	for _, c := range file.Cases {
		compareSum(t, c.Name, &c.Question, c.Answer)
	}
	if len(file.Cases) < 300 {
		t.Errorf("%d cases, want 300 at least", len(file.Cases))
	}
}

// TestSumReferenceRandom compares trees of every type and size, and proofs of them of
// which some are spoilt, with what the reference makes of them.
func TestSumReferenceRandom(t *testing.T) {
	r := rand.New(rand.NewPCG(0x73756d, 1))
	var questions []*sumQuestion
	for kind := SumParties; kind <= SumShards; kind++ {
		for range 10 {
			questions = append(questions, throwSum(t, r, kind)...)
		}
	}
	asked, err := json.Marshal(questions)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(python(t), "-B", sumReference+"answers.py")
	cmd.Stdin, cmd.Stderr = bytes.NewReader(asked), os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	var want []any
	decodeNumbers(t, out, &want)
	if len(want) != len(questions) {
		t.Fatalf("%d answers to %d questions", len(want), len(questions))
	}
	for i, q := range questions {
		compareSum(t, q.Ask, q, want[i])
	}
}

// throwSum returns a tree of up to 20 leaves, and three proofs of it.
func throwSum(t *testing.T, r *rand.Rand, kind SumType) (questions []*sumQuestion) {
	shape, err := kind.shape()
	if err != nil {
		t.Fatal(err)
	}
	n := r.IntN(20)
	leaves, lines := sumLeaves(kind, n), []sumLine{}
	for i := range leaves {
		leaves[i].Sums[0] = r.Uint64N(1 << r.IntN(58))
		lines = append(lines, lineOf(&leaves[i], shape.columns))
	}
	questions = append(questions, &sumQuestion{Ask: "tree", Type: kind, Leaves: &lines})
	tree, err := BuildSumTree(kind, leaves)
	if err != nil || n == 0 {
		return questions
	}
	root, totals := tree.Root(), tree.Totals()
	for k := range 3 {
		p, err := tree.Prove(r.IntN(n))
		if err != nil {
			t.Fatal(err)
		}
		data, err := EncodeSumProof(kind, p)
		if err != nil {
			t.Fatal(err)
		}
		if k == 2 {
			data[r.IntN(len(data))] ^= 1 << r.IntN(8)
		}
		proof, key := hex.EncodeToString(data), hex.EncodeToString(sumKey(shape, r.IntN(2*n+4)))
		u, column := r.Uint64N(totals.Sums[0]+2), r.IntN(shape.columns)
		questions = append(questions, &sumQuestion{Ask: "proof", Type: kind, Root: hex.EncodeToString(root[:]),
			Sums: totals.Sums[:shape.columns], Proof: &proof, Key: &key, U: &u, Column: &column})
	}
	return questions
}
