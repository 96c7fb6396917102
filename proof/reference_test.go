package proof

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// reference is the verifier that was written from docs/formats alone, in another
// language.
const reference = "../codec/testdata/reference/verify.py"

// python returns the interpreter, or skips the test where there is none.
func python(t *testing.T) string {
	path, err := exec.LookPath("python3")
	if err == nil {
		return path
	}
	if os.Getenv("SETTLE_CI") == "1" {
		t.Fatal(err)
	}
	t.Skip(err)
	return ""
}

// referee collects files and lets the reference verifier judge them all at once.
type referee struct {
	t     *testing.T
	dir   string
	names []string
	want  map[string]bool
}

func newReferee(t *testing.T) *referee {
	return &referee{t: t, dir: t.TempDir(), want: map[string]bool{}}
}

// file adds a file that must, or must not, verify.
func (r *referee) file(verified bool, data []byte, format string, args ...any) {
	r.t.Helper()
	name := strings.ReplaceAll(fmt.Sprintf(format, args...), "/", " per ")
	if _, ok := r.want[name]; ok {
		r.t.Fatalf("%s twice", name)
	}
	if err := os.WriteFile(filepath.Join(r.dir, name), data, 0o600); err != nil {
		r.t.Fatal(err)
	}
	r.names, r.want[name] = append(r.names, name), verified
}

// judge runs the verifier with a trust policy and compares its verdicts.
func (r *referee) judge(policy *TrustPolicy) {
	r.t.Helper()
	script, err := filepath.Abs(reference)
	if err != nil {
		r.t.Fatal(err)
	}
	trust := filepath.Join(r.t.TempDir(), "trust")
	if err := os.WriteFile(trust, policy.Format(), 0o600); err != nil {
		r.t.Fatal(err)
	}
	cmd := exec.Command(python(r.t), append([]string{script, trust}, r.names...)...)
	cmd.Dir = r.dir
	var faults bytes.Buffer
	cmd.Stderr = &faults
	out, err := cmd.Output()
	if cmd.ProcessState == nil || faults.Len() > 0 {
		r.t.Fatalf("%v\n%s", err, faults.Bytes())
	}
	lines := strings.Split(strings.TrimSuffix(string(out), "\n"), "\n")
	if len(lines) != len(r.names) {
		r.t.Fatalf("%d verdicts on %d files", len(lines), len(r.names))
	}
	for i, name := range r.names {
		verdict, ok := strings.CutPrefix(lines[i], name+": ")
		if !ok || strings.HasPrefix(verdict, "verified: ") != r.want[name] {
			r.t.Errorf("verified %t expected: %s", r.want[name], lines[i])
		}
	}
}

// goldenLedger publishes the golden records, which are canonical.
func goldenLedger(t *testing.T) *testLedger {
	return newTestLedger(t, loadVectors(t).records(t))
}

func TestReferenceVerifiesReceipts(t *testing.T) {
	l, r := goldenLedger(t), newReferee(t)
	for size := 1; size <= len(l.records); size++ {
		for index := range size {
			r.file(true, l.receipt(index, size).Format(), "record %d of %d", index, size)
		}
	}
	r.judge(l.policy)
}

func TestReferenceVerifiesConsistency(t *testing.T) {
	l, r := newTestLedger(t, testRecords(6)), newReferee(t)
	for newer := 1; newer <= len(l.records); newer++ {
		for older := 1; older <= newer; older++ {
			f := l.consistencyFile(TreeA, older, newer)
			r.file(true, f.Format(), "%d to %d", older, newer)
			for i := range f.Path {
				f.Path[i][i%32] ^= 4
				r.file(false, f.Format(), "%d to %d, hash %d changed", older, newer, i)
				f.Path[i][i%32] ^= 4
			}
			f.Path = append(f.Path, [32]byte{})
			r.file(false, f.Format(), "%d to %d, a hash too many", older, newer)
		}
	}
	r.judge(l.policy)
}

// TestReferenceRefusesLies hands over every note that must not open, as the
// checkpoint of a receipt.
func TestReferenceRefusesLies(t *testing.T) {
	l, r := goldenLedger(t), newReferee(t)
	l.records = l.records[:5] // the size that the lies are about
	receipt := l.receipt(2, len(l.records))
	for name, lie := range checkpointLies(l) {
		receipt.Checkpoint = lie.note
		r.file(false, receipt.Format(), "checkpoint: %s", name)
	}
	for name, change := range map[string]func(*Receipt){
		"another index":     func(x *Receipt) { x.Index = 3 },
		"index beyond":      func(x *Receipt) { x.Index = uint64(len(l.records)) },
		"another record":    func(x *Receipt) { x.Record = l.records[3] },
		"smaller size":      func(x *Receipt) { x.Checkpoint = l.publish(TreeA, 4) },
		"no attestations":   func(x *Receipt) { x.Checkpoint = l.sign(TreeA, len(l.records)) },
		"the twin":          func(x *Receipt) { x.Checkpoint = l.publish(TreeB, len(l.records)) },
		"a hash too many":   func(x *Receipt) { x.Path = append(x.Path, [32]byte{}) },
		"a hash too few":    func(x *Receipt) { x.Path = x.Path[1:] },
		"hashes exchanged":  func(x *Receipt) { x.Path[0], x.Path[1] = x.Path[1], x.Path[0] },
		"record with a bit": func(x *Receipt) { x.Record = bytes.Clone(x.Record); x.Record[9] ^= 1 },
	} {
		x := l.receipt(2, len(l.records))
		change(x)
		r.file(false, x.Format(), "receipt: %s", name)
	}
	good := l.receipt(2, len(l.records)).Format()
	for i := 0; i < len(good); i += 23 {
		bad := bytes.Clone(good)
		bad[i] ^= 1 << (i % 8)
		r.file(false, bad, "byte %d flipped", i)
	}
	r.judge(l.policy)
}

// TestReferenceRefusesRecords puts records into a log that no honest replica would:
// signatures and paths are right, the bytes are not those of a record.
func TestReferenceRefusesRecords(t *testing.T) {
	r := newReferee(t)
	golden := loadVectors(t).records(t)
	party, settlement := string(golden[1]), string(golden[5])
	lies := map[string]string{
		"long version":          strings.Replace(party, "\x01\x01\x02", "\x01\x18\x01\x02", 1),
		"version 2":             strings.Replace(party, "\x01\x01\x02", "\x01\x02\x02", 1),
		"kind 9":                strings.Replace(party, "\x02\x03\x03", "\x02\x09\x03", 1),
		"kind of a dispute":     strings.Replace(party, "\x02\x03\x03", "\x02\x05\x03", 1),
		"keys out of order":     strings.Replace(party, "\x01\x01\x02\x03", "\x02\x03\x01\x01", 1),
		"no signatures":         "\xa3" + party[1:strings.LastIndex(party, "\x04\x82\x83")],
		"body of another kind":  strings.Replace(party, "\x02\x03\x03", "\x02\x02\x03", 1),
		"a byte behind":         settlement + "\x00",
		"a byte missing":        settlement[:len(settlement)-1],
		"null":                  "\xf6",
		"a record of text":      "\x64text",
		"indefinite":            "\xbf" + settlement[1:] + "\xff",
		"unknown key":           "\xa4" + settlement[1:] + "\x05\x00",
		"signed as it need not": "\xa4" + settlement[1:] + "\x04\x81\x83\x58\x20" + strings.Repeat("k", 32) + "\x01\x58\x40" + strings.Repeat("s", 64),
	}
	records := [][]byte{}
	names := []string{}
	for name, record := range lies {
		if record == party || record == settlement {
			t.Fatalf("%s changes nothing", name)
		}
		names, records = append(names, name), append(records, []byte(record))
	}
	l := newTestLedger(t, append(records, golden...))
	for i := range l.records {
		name, honest := fmt.Sprintf("honest %d", i), i >= len(names)
		if !honest {
			name = names[i]
		}
		r.file(honest, l.receipt(i, len(l.records)).Format(), "%s", name)
	}
	r.judge(l.policy)
}

// TestReferenceWitnesses counts cosignatures in both languages.
func TestReferenceWitnesses(t *testing.T) {
	l, r := goldenLedger(t), newReferee(t)
	policy := l.witnessed(2, 2)
	x := l.receipt(1, 4)
	r.file(false, x.Format(), "no witness")
	x.Checkpoint = cosign(t, x.Checkpoint, 0, 1_790_000_000)
	r.file(false, x.Format(), "one witness")
	x.Checkpoint = cosign(t, x.Checkpoint, 1, 1_790_000_001)
	r.file(true, x.Format(), "two witnesses")
	r.judge(policy)
}

// TestReferenceVectors builds the golden ledger again from the texts.
func TestReferenceVectors(t *testing.T) {
	generate := filepath.Join(filepath.Dir(reference), "generate.py")
	if out, err := exec.Command(python(t), generate, "--check").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
}
