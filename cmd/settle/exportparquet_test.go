package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/forgepool/settle/export"
	"github.com/parquet-go/parquet-go"
)

// parquetRows returns how many rows a file has and which record comes next.
func parquetRows(t *testing.T, name string) (rows int64, next string) {
	t.Helper()
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	f, err := parquet.OpenFile(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	next, _ = export.ParquetNote(bytes.NewReader(data), int64(len(data)), noteNext)
	return f.NumRows(), next
}

// onlyFile fails if anything else is left in a directory.
func onlyFile(t *testing.T, dir string, want ...string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	if strings.Join(names, " ") != strings.Join(want, " ") {
		t.Errorf("the directory holds %q, want %q", names, want)
	}
}

// TestExportParquet makes the rows of CSV, in one file and in two, and on standard
// output.
func TestExportParquet(t *testing.T) {
	r := newReaders(t, 3)
	_, text, _ := r.run("", "export", "--format", "focus-csv")
	want := int64(strings.Count(text, "\n") - 1)
	dir := t.TempDir()
	whole := filepath.Join(dir, "whole.parquet")
	code, _, stderr := r.run("", "export", "--format", "focus-parquet", "--out", whole)
	if rows, next := parquetRows(t, whole); code != exitDone || rows != want || next != "12" {
		t.Fatalf("exit %d, %d rows, want %d, next %s, %s", code, rows, want, next, stderr)
	}
	code, stdout, _ := r.run("", "export", "--format", "focus-parquet")
	if file, err := os.ReadFile(whole); code != exitDone || err != nil || stdout != string(file) {
		t.Errorf("exit %d, %v: standard output is another file", code, err)
	}
	code, _, stderr = r.run("", "export", "--format", "focus-parquet", "--out", whole)
	if code != exitUsage || !strings.Contains(stderr, "--from 12") {
		t.Errorf("a file that is there: exit %d, %s", code, stderr)
	}
	for cut := 1; cut < 12; cut += 4 {
		first, second := filepath.Join(dir, strconv.Itoa(cut)+"a"), filepath.Join(dir, strconv.Itoa(cut)+"b")
		r.run("", "export", "--format", "focus-parquet", "--out", first, "--to", strconv.Itoa(cut))
		_, next := parquetRows(t, first)
		r.run("", "export", "--format", "focus-parquet", "--out", second, "--from", next)
		a, _ := parquetRows(t, first)
		if b, next := parquetRows(t, second); a+b != want || next != "12" {
			t.Errorf("cut at %d: %d and %d rows, want %d together; next %s", cut, a, b, want, next)
		}
	}
}

// TestExportParquetInterrupted keeps the rows before the record whose attachment is
// gone, and leaves nothing where there are none.
func TestExportParquetInterrupted(t *testing.T) {
	r := newReaders(t, 2)
	for have := range int64(6) {
		dir := t.TempDir()
		name := filepath.Join(dir, "usage.parquet")
		r.failAfter(have)
		code, _, stderr := r.run("", "export", "--format", "focus-parquet", "--out", name)
		if code != exitUnknown || !strings.Contains(stderr, "next: ask a node") {
			t.Fatalf("%d blobs: exit %d, %s", have, code, stderr)
		}
		onlyFile(t, dir, "usage.parquet")
		rows, next := parquetRows(t, name)
		if rows > 1 || next != "5" && next != "8" {
			t.Errorf("%d blobs: %d rows, next %s", have, rows, next)
		}
	}
	dir := t.TempDir()
	name := filepath.Join(dir, "usage.parquet")
	if code, _, _ := r.run("", "export", "--format", "focus-parquet", "--out", name, "--from", "5"); code != exitUnknown {
		t.Errorf("no attachment at all: exit %d", code)
	}
	onlyFile(t, dir)
}

// TestExportCurrency refuses what cannot be priced.
func TestExportCurrency(t *testing.T) {
	r := newReaders(t, 1)
	for args, want := range map[string]struct {
		code int
		text string
	}{
		"--format jsonl --currency EUR":         {exitUsage, "for the FOCUS formats"},
		"--format focus-csv --currency eur":     {exitUsage, "no code of ISO 4217"},
		"--format focus-parquet --currency EUR": {exitUsage, "states no price of a Credit in EUR"},
		"--format focus-csv --currency EUR":     {exitUsage, "next: leave --currency out"},
	} {
		code, _, stderr := r.run("", append([]string{"export"}, strings.Fields(args)...)...)
		if code != want.code || !strings.Contains(stderr, want.text) {
			t.Errorf("%s: exit %d, %s", args, code, stderr)
		}
	}
	name := filepath.Join(t.TempDir(), "usage.csv")
	r.run("", "export", "--format", "focus-csv", "--out", name, "--to", "4")
	if code, _, stderr := r.run("", "export", "--format", "focus-csv", "--currency", "EUR", "--out", name); code != exitUsage || !strings.Contains(stderr, "costs in Credits, not in EUR") {
		t.Errorf("another currency in one file: exit %d, %s", code, stderr)
	}
}
