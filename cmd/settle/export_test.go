package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/forgepool/settle/api"
)

var exportFormats = []string{"jsonl", "cloudevents", "focus-csv"}

// TestExportResumes checks that an export that was interrupted anywhere and continued
// is the file of one that was not.
func TestExportResumes(t *testing.T) {
	r := newReaders(t, 3)
	for _, format := range exportFormats {
		code, whole, stderr := r.run("", "export", "--format", format)
		if code != exitDone || !strings.Contains(stderr, "next     12\n") {
			t.Fatalf("%s: exit %d, %s", format, code, stderr)
		}
		for cut := 1; cut <= 12; cut++ {
			name := filepath.Join(t.TempDir(), "rows")
			to := []string{"export", "--format", format, "--out", name, "--to", string(rune('0' + cut))}
			if cut > 9 {
				to[len(to)-1] = "1" + string(rune('0'+cut-10))
			}
			if code, _, stderr := r.run("", to...); code != exitDone {
				t.Fatalf("%s to %d: exit %d, %s", format, cut, code, stderr)
			}
			tear(t, name)
			if code, _, stderr := r.run("", "export", "--format", format, "--out", name); code != exitDone {
				t.Fatalf("%s from %d: exit %d, %s", format, cut, code, stderr)
			}
			got, err := os.ReadFile(name)
			if err != nil || string(got) != whole {
				t.Errorf("%s cut at %d is another file, %v", format, cut, err)
			}
		}
	}
}

// tear adds half a row, as a crash would.
func tear(t *testing.T, name string) {
	f, err := os.OpenFile(name, os.O_APPEND|os.O_WRONLY, 0)
	if err == nil {
		_, err = f.WriteString("half a ro")
	}
	if err != nil {
		t.Fatal(err)
	}
	f.Close()
}

// TestExportWithoutBlobs stops before the first record whose blobs are gone, keeps the
// rows before it, and goes on when they are back.
func TestExportWithoutBlobs(t *testing.T) {
	r := newReaders(t, 4)
	_, whole, _ := r.run("", "export", "--format", "focus-csv")
	name := filepath.Join(t.TempDir(), "usage.csv")
	for have := range int64(12) {
		r.failAfter(have)
		code, _, stderr := r.run("", "export", "--format", "focus-csv", "--out", name)
		if code != exitUnknown || !strings.Contains(stderr, "next: ask a node that keeps the attachment") {
			t.Fatalf("%d blobs: exit %d, %s", have, code, stderr)
		}
		got, err := os.ReadFile(name)
		if err != nil || !strings.HasPrefix(whole, string(got)) || bytes.Count(got, []byte("\n")) == strings.Count(whole, "\n") {
			t.Fatalf("%d blobs: %v, file\n%s", have, err, got)
		}
		os.Remove(name)
		os.Remove(name + ".next")
	}
	r.limit = 4
	r.failAfter(5)
	if code, _, _ := r.run("", "export", "--format", "focus-csv", "--out", name); code != exitUnknown {
		t.Fatalf("exit %d", code)
	}
	r.artifact = nil
	code, stdout, stderr := r.run("", "export", "--format", "focus-csv", "--out", name, "--json")
	var view exportView
	if err := json.Unmarshal([]byte(stdout), &view); err != nil || code != exitDone || view.From == 0 || view.Next != 15 || view.Size != 15 {
		t.Fatalf("exit %d, %+v, %v, %s", code, view, err, stderr)
	}
	if got, _ := os.ReadFile(name); string(got) != whole || view.Bytes != uint64(len(whole)) {
		t.Error("another file")
	}
	r.settle(1)
	_, whole, _ = r.run("", "export", "--format", "focus-csv")
	if code, _, stderr := r.run("", "export", "--format", "focus-csv", "--out", name); code != exitDone {
		t.Fatalf("the log has grown: exit %d, %s", code, stderr)
	}
	if got, _ := os.ReadFile(name); string(got) != whole {
		t.Error("another file after the log has grown")
	}
}

// TestExportBelievesNothing writes no row of a node that lies.
func TestExportBelievesNothing(t *testing.T) {
	r := newReaders(t, 2)
	r.records = func(page []api.Record) []api.Record {
		if len(page) > 1 {
			page[5].Bytes = append(bytes.Clone(page[5].Bytes), 0)
		}
		return page
	}
	for _, format := range exportFormats {
		name := filepath.Join(t.TempDir(), "rows")
		code, _, stderr := r.run("", "export", "--format", format, "--out", name)
		if code != exitFalse || !strings.Contains(stderr, "records_do_not_give_the_root") {
			t.Errorf("%s: exit %d, %s", format, code, stderr)
		}
		if got, _ := os.ReadFile(name); bytes.Count(got, []byte("\n")) > 1 {
			t.Errorf("%s: rows were written:\n%s", format, got)
		}
	}
}

// TestExportRefuses has each call that cannot mean anything.
func TestExportRefuses(t *testing.T) {
	r := newReaders(t, 1)
	dir := t.TempDir()
	name := filepath.Join(dir, "rows")
	export := func(args ...string) (int, string) {
		code, _, stderr := r.run("", append([]string{"export", "--out", name}, args...)...)
		return code, stderr
	}
	if code, stderr := export("--format", "jsonl", "--to", "3"); code != exitDone {
		t.Fatalf("exit %d, %s", code, stderr)
	}
	for args, want := range map[string]string{
		"--format parquet":         "unknown format",
		"--format cloudevents":     "holds jsonl, not cloudevents",
		"--format jsonl --from 2":  "goes on with record 3, not 2",
		"--format jsonl --to 2":    "would be 3",
		"--format jsonl extra":     "takes 0 arguments",
		"--format jsonl --from -1": "invalid argument",
	} {
		if code, stderr := export(strings.Fields(args)...); code != exitUsage || !strings.Contains(stderr, want) {
			t.Errorf("%s: exit %d, %s", args, code, stderr)
		}
	}
	if code, stderr := export("--format", "jsonl", "--to", "999"); code != exitUnknown || !strings.Contains(stderr, "size 6") {
		t.Errorf("beyond the checkpoint: exit %d, %s", code, stderr)
	}
	if code, stderr := export("--format", "jsonl", "--from", "3"); code != exitDone {
		t.Errorf("the index that comes next: exit %d, %s", code, stderr)
	}
	whole, _ := os.ReadFile(name)
	if err := os.WriteFile(name, whole[1:], 0o600); err != nil {
		t.Fatal(err)
	}
	if code, stderr := export("--format", "jsonl"); code != exitUsage || !strings.Contains(stderr, "rows were lost") {
		t.Errorf("shorter output: exit %d, %s", code, stderr)
	}
	if err := os.Remove(name + ".next"); err != nil {
		t.Fatal(err)
	}
	if code, stderr := export("--format", "jsonl"); code != exitUsage || !strings.Contains(stderr, "is there already") {
		t.Errorf("output of somebody else: exit %d, %s", code, stderr)
	}
	if got, _ := os.ReadFile(name); !bytes.Equal(got, whole[1:]) {
		t.Error("it was changed")
	}
	other := newReaders(t, 1)
	code, _, stderr := other.run("", "export", "--format", "jsonl", "--out", filepath.Join(dir, "no", "where"))
	if code != exitUsage {
		t.Errorf("no directory: exit %d, %s", code, stderr)
	}
}

// TestExportOfAnotherLog refuses to continue with a log that does not continue the one
// that was exported.
func TestExportOfAnotherLog(t *testing.T) {
	r, other := newReaders(t, 1), newReaders(t, 2)
	name := filepath.Join(t.TempDir(), "rows")
	if code, _, stderr := r.run("", "export", "--format", "jsonl", "--out", name); code != exitDone {
		t.Fatalf("exit %d, %s", code, stderr)
	}
	before, _ := os.ReadFile(name)
	if code, _, stderr := other.run("", "export", "--format", "jsonl", "--out", name); code != exitFalse {
		t.Errorf("another log: exit %d, %s", code, stderr)
	}
	if after, _ := os.ReadFile(name); !bytes.Equal(before, after) {
		t.Error("rows of two logs in one file")
	}
}

// FuzzExportState: a state file that is accepted has one form.
func FuzzExportState(f *testing.F) {
	x := &exportFile{origin: "a/b", format: "jsonl", next: 7, bytes: 9, follower: []byte("settle follower v1\n")}
	f.Add(x.formatState())
	f.Add([]byte(exportHeader + "\norigin \nformat \nnext 0\nbytes 0\n\nx"))
	f.Fuzz(func(t *testing.T, file []byte) {
		x, err := parseExportState(file)
		if err == nil && !bytes.Equal(x.formatState(), file) {
			t.Fatal("two forms of one state")
		}
	})
}
