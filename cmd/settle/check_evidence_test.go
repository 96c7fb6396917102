package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// storedEvidence has evidence of every fault, its bundles and the trust policy of its
// ledger.
var storedEvidence = filepath.Join("..", "..", "verifier", "testdata", "evidence")

// TestCheckEvidence runs the scripts of testdata/evidence, which find the stored evidence
// in their directory.
func TestCheckEvidence(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:   filepath.Join("testdata", "evidence"),
		Cmds:  scriptCommands,
		Setup: func(e *testscript.Env) error { return os.CopyFS(e.WorkDir, os.DirFS(storedEvidence)) },
	})
}

// TestScriptsKnowAllEvidence fails when a file is stored that no script checks.
func TestScriptsKnowAllEvidence(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(storedEvidence, "*.evidence"))
	if err != nil {
		t.Fatal(err)
	}
	script, err := os.ReadFile(filepath.Join("testdata", "evidence", "check.txt"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range files {
		if line := "exec settle check " + filepath.Base(name) + "\n"; !strings.Contains(string(script), line) {
			t.Errorf("check.txt lacks %q", line)
		}
	}
	if len(files) == 0 {
		t.Error("no evidence is stored")
	}
}
