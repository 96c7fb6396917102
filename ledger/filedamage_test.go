package ledger_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/forgepool/settle/ledger"
)

// fileHarms are what a disk does to a file.
var fileHarms = []struct {
	name string
	harm func(path string, data []byte) error
}{
	{"flipped at a quarter", flipAt(1, 4)},
	{"flipped in the middle", flipAt(1, 2)},
	{"flipped near the end", flipAt(99, 100)},
	{"cut in half", func(path string, data []byte) error { return os.WriteFile(path, data[:len(data)/2], 0o600) }},
	{"lost", func(path string, _ []byte) error { return os.Remove(path) }},
}

func flipAt(part, of int) func(path string, data []byte) error {
	return func(path string, data []byte) error {
		if len(data) == 0 {
			return nil
		}
		data[len(data)*part/of] ^= 0x10
		return os.WriteFile(path, data, 0o600)
	}
}

// TestFilesDamaged harms every file of a store in every way. Fsck says so, or the harm did
// no harm and the ledger is whole; it never stops for any other reason. Harm to a file
// that holds records is found in every case, and the records are named or the file is.
func TestFilesDamaged(t *testing.T) {
	if !ledger.InOwnProcess(t) {
		return
	}
	sound := t.TempDir()
	ledger.BuildForFsck(t, sound)
	files, err := filepath.Glob(filepath.Join(sound, "store-0", "*"))
	if err != nil || len(files) < 5 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	for _, file := range files {
		for _, h := range fileHarms {
			name := filepath.Base(file)
			t.Run(name+" "+h.name, func(t *testing.T) {
				dir := copyOf(t, sound)
				path := filepath.Join(dir, "store-0", name)
				data, err := os.ReadFile(path)
				if err == nil {
					err = h.harm(path, data)
				}
				if err != nil {
					t.Fatal(err)
				}
				checkFileHarm(t, dir, name)
			})
		}
	}
}

func checkFileHarm(t *testing.T, dir, name string) {
	t.Helper()
	holdsData := strings.HasSuffix(name, ".sst") || strings.HasSuffix(name, ".blob")
	report, err := ledger.Fsck(dir, ledger.FsckOptions{})
	if err != nil {
		damage, ok := errors.AsType[*ledger.IntegrityError](err)
		if !ok {
			t.Fatalf("not told as damage: %v", err)
		}
		if holdsData && !strings.Contains(damage.Error(), strings.TrimLeft(strings.Split(name, ".")[0], "0")) {
			t.Fatalf("does not name the file: %v", err)
		}
		return
	}
	if !report.OK() {
		t.Log(report.Findings[0])
	} else if holdsData || !report.Rebuilt {
		t.Fatalf("found nothing: %+v", report)
	}
}
