package ledger_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/cockroachdb/pebble/v2"

	"github.com/forgepool/settle/internal/damage"
	"github.com/forgepool/settle/ledger"
)

// copyOf copies a ledger's directory.
func copyOf(t *testing.T, dir string) string {
	t.Helper()
	to := t.TempDir()
	if err := os.CopyFS(to, os.DirFS(dir)); err != nil {
		t.Fatal(err)
	}
	return to
}

// lastKey returns the last key of a space, firstKey the first one.
func lastKey(t *testing.T, dir string, space byte) []byte {
	t.Helper()
	return keyAt(t, dir, space, (*pebble.Iterator).Last)
}

func firstKey(t *testing.T, dir string, space byte) []byte {
	t.Helper()
	return keyAt(t, dir, space, (*pebble.Iterator).First)
}

func keyAt(t *testing.T, dir string, space byte, move func(*pebble.Iterator) bool) (key []byte) {
	t.Helper()
	err := damage.Rewrite(dir, func(db *pebble.DB) error {
		it, err := db.NewIter(&pebble.IterOptions{LowerBound: []byte{space}, UpperBound: []byte{space + 1}})
		if err != nil {
			return err
		}
		if move(it) {
			key = bytes.Clone(it.Key())
		}
		return it.Close()
	})
	if err != nil || key == nil {
		t.Fatalf("no key in %q: %v", space, err)
	}
	return key
}

// Ways to break a ledger: flip the last value of a space, delete it, flip a record.
func value(space byte) func(t *testing.T, dir string) {
	return func(t *testing.T, dir string) {
		if err := damage.FlipValue(dir, lastKey(t, dir, space)); err != nil {
			t.Fatal(err)
		}
	}
}

func missing(space byte) func(t *testing.T, dir string) {
	return func(t *testing.T, dir string) {
		if err := damage.Delete(dir, lastKey(t, dir, space)); err != nil {
			t.Fatal(err)
		}
	}
}

func record(index uint64) func(t *testing.T, dir string) {
	return func(t *testing.T, dir string) {
		if err := damage.FlipRecord(dir, index); err != nil {
			t.Fatal(err)
		}
	}
}

// harms are the ways that TestFsck tries, with what must be found.
var harms = []struct {
	name, what string
	index      uint64
	harm       func(t *testing.T, dir string)
}{
	{"genesis", "record", 0, record(0)},
	{"record in a closed tile", "record", 100, record(100)},
	{"record in the open tile", "record", 602, record(602)},
	{"records missing", "record", ledger.NoIndex, missing('e')},
	{"tile", "tile", ledger.NoIndex, value('h')},
	{"tile missing", "tile", ledger.NoIndex, missing('h')},
	{"record id", "record id", ledger.NoIndex, value('i')},
	{"record id missing", "record id", ledger.NoIndex, missing('i')},
	{"balance", "balance", ledger.NoIndex, value('b')},
	{"balance missing", "balance", ledger.NoIndex, missing('b')},
	{"outcomes", "outcomes", ledger.NoIndex, value('s')},
	{"outcomes missing", "outcomes", ledger.NoIndex, missing('s')},
	{"batch id", "batch id", ledger.NoIndex, value('d')},
	{"workload", "workload", ledger.NoIndex, value('w')},
	{"party", "party", ledger.NoIndex, value('p')},
	{"key", "key", ledger.NoIndex, value('k')},
	{"opening", "opening", ledger.NoIndex, value('o')},
	{"work use", "work use", ledger.NoIndex, value('y')},
	{"attachment reference", "attachment reference", ledger.NoIndex, value('a')},
	{"postings", "postings", ledger.NoIndex, value('P')},
	{"postings of a close", "close", ledger.NoIndex, func(t *testing.T, dir string) {
		if err := damage.FlipValue(dir, firstKey(t, dir, 'P')); err != nil {
			t.Fatal(err)
		}
	}},
	{"postings missing", "close", ledger.NoIndex, func(t *testing.T, dir string) {
		if err := damage.Delete(dir, firstKey(t, dir, 'P')); err != nil {
			t.Fatal(err)
		}
	}},
	{"reversal", "reversal", ledger.NoIndex, value('V')},
	{"hold", "hold", ledger.NoIndex, value('H')},
	{"usage", "usage", ledger.NoIndex, value('U')},
	{"dispute", "dispute", ledger.NoIndex, value('D')},
	{"ruling", "ruling", ledger.NoIndex, value('R')},
	{"contest", "contest", ledger.NoIndex, value('C')},
	{"cycle", "cycle", ledger.NoIndex, value('Z')},
	{"intent", "intent", ledger.NoIndex, value('I')},
	{"commitment missing", "commitment", ledger.NoIndex, missing('J')},
	{"running values", "running values", ledger.NoIndex, value('O')},
	{"values as of a cut", "values as of a cut", ledger.NoIndex, value('F')},
	{"list", "list", ledger.NoIndex, value('L')},
	{"list of a token", "list of a token", ledger.NoIndex, value('T')},
	{"mark missing", "mark", ledger.NoIndex, missing('M')},
	{"checkpoint", "checkpoint", ledger.NoIndex, func(t *testing.T, dir string) {
		key := binary.BigEndian.AppendUint64([]byte("ck"), 5)
		if err := damage.FlipValue(dir, key); err != nil {
			t.Fatal(err)
		}
	}},
}

// TestFsck breaks a ledger in each way and checks that fsck names it.
func TestFsck(t *testing.T) {
	sound := t.TempDir()
	ledger.BuildForFsck(t, sound)
	for _, c := range harms {
		t.Run(c.name, func(t *testing.T) {
			dir := copyOf(t, sound)
			c.harm(t, dir)
			report, err := ledger.Fsck(dir, ledger.FsckOptions{})
			if err != nil {
				t.Fatal(err)
			}
			found := false
			for _, f := range report.Findings {
				found = found || f.What == c.what && (c.index == ledger.NoIndex || f.Index == c.index)
			}
			if !found {
				t.Fatalf("found only %v", report.Findings)
			}
			if c.what == "record" && c.index != ledger.NoIndex && len(report.Findings) > 2 {
				t.Errorf("one damage, findings %v", report.Findings)
			}
		})
	}
}

func TestFsckSound(t *testing.T) {
	dir := t.TempDir()
	ledger.BuildForFsck(t, dir)
	var done, total uint64
	report, err := ledger.Fsck(dir, ledger.FsckOptions{
		Scratch:  dir + "/scratch",
		Progress: func(d, n uint64) { done, total = d, n },
	})
	if err != nil || !report.OK() || !report.Rebuilt || report.Checkpoints != 3 {
		t.Fatalf("%+v %v", report, err)
	}
	if done != total || total != 2*report.Applied.Size {
		t.Errorf("progress %d of %d", done, total)
	}
}

// TestOpenRefusesDamage opens damaged ledgers that were not closed cleanly.
func TestOpenRefusesDamage(t *testing.T) {
	sound := t.TempDir()
	ledger.BuildForFsck(t, sound)
	for name, harm := range map[string]func(dir string) error{
		"record":  func(dir string) error { return damage.FlipRecord(dir, 77) },
		"hole":    func(dir string) error { return damage.Delete(dir, lastKey(t, dir, 'e')) },
		"balance": func(dir string) error { return damage.FlipValue(dir, lastKey(t, dir, 'b')) },
		"tile":    func(dir string) error { return damage.FlipValue(dir, lastKey(t, dir, 'h')) },
		"applied": func(dir string) error { return damage.FlipValue(dir, []byte("m/applied")) },
	} {
		dir := copyOf(t, sound)
		if err := errors.Join(damage.Delete(dir, []byte("m/clean")), harm(dir)); err != nil {
			t.Fatal(name, err)
		}
		l, err := ledger.Open(dir, ledger.Options{})
		if name == "applied" && err == nil {
			// The last byte is of the index of the installed snapshot: nothing to
			// compare it with.
			l.Close()
			continue
		}
		damaged, ok := errors.AsType[*ledger.IntegrityError](err)
		if !ok || damaged.ExitCode() != 73 {
			t.Fatalf("%s: %v", name, err)
		}
		if name == "record" && (damaged.Index != 77 || !strings.Contains(err.Error(), "record 77")) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
