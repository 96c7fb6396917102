package export

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/parquet-go/parquet-go"
)

// parquetOf exports all records as a Parquet file.
func (w *world) parquetOf(currency string, repeat int) []byte {
	f, err := NewFOCUS(w.ledger(), currency)
	if err != nil {
		w.t.Fatal(err)
	}
	var file bytes.Buffer
	p := NewParquet(&file, f)
	for range repeat {
		for i := range w.records {
			rows, err := f.Rows(w.record(uint64(i)), w.get)
			if err == nil {
				err = p.Write(rows)
			}
			if err != nil {
				w.t.Fatal(err)
			}
		}
	}
	p.Note("from", "0")
	if err := p.Close(); err != nil {
		w.t.Fatal(err)
	}
	return file.Bytes()
}

// readParquet reads a file by its own schema, column by column, and writes what is in
// it as the text of CSV cells. It shares nothing with the writer.
func readParquet(t *testing.T, file []byte) (names []string, rows [][]string) {
	t.Helper()
	f, err := parquet.OpenFile(bytes.NewReader(file), int64(len(file)))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range f.Root().Columns() {
		names = append(names, c.Name())
	}
	for _, group := range f.RowGroups() {
		first := len(rows)
		rows = append(rows, make([][]string, group.NumRows())...)
		for i := range rows[first:] {
			rows[first+i] = make([]string, len(names))
		}
		for j, chunk := range group.ColumnChunks() {
			read := 0
			pages := chunk.Pages()
			for {
				page, err := pages.ReadPage()
				if err == io.EOF {
					break
				}
				if err != nil {
					t.Fatal(err)
				}
				values := make([]parquet.Value, page.NumValues())
				if n, err := page.Values().ReadValues(values); n != len(values) || err != nil && err != io.EOF {
					t.Fatalf("%d values, %v", n, err)
				}
				for _, v := range values {
					rows[first+read][j] = cellText(t, f.Root().Columns()[j].Type().String(), v)
					read++
				}
			}
			if err := pages.Close(); err != nil {
				t.Fatal(err)
			}
			if read != int(group.NumRows()) {
				t.Fatalf("%s has %d values in %d rows", names[j], read, group.NumRows())
			}
		}
	}
	return names, rows
}

// cellText is a value as CSV has it, by the name of its type.
func cellText(t *testing.T, kind string, v parquet.Value) string {
	switch {
	case v.IsNull():
		return ""
	case strings.HasPrefix(kind, "DECIMAL"):
		b := v.ByteArray()
		n := new(big.Int).SetBytes(b)
		if b[0]&0x80 != 0 {
			n.Sub(n, new(big.Int).Lsh(big.NewInt(1), uint(8*len(b))))
		}
		text := new(big.Rat).SetFrac(n, big.NewInt(1_000_000)).FloatString(6)
		return strings.TrimSuffix(strings.TrimRight(text, "0"), ".")
	case strings.HasPrefix(kind, "TIMESTAMP(isAdjustedToUTC=true,unit=MILLIS)"):
		return time.UnixMilli(v.Int64()).UTC().Format("2006-01-02T15:04:05Z")
	case strings.HasPrefix(kind, "INT(64"):
		return fmt.Sprint(v.Int64())
	case strings.HasPrefix(kind, "STRING"):
		return string(v.ByteArray())
	}
	t.Fatalf("a value of type %s", kind)
	return ""
}

// TestParquetIsCSV reads both forms with readers of their own and compares all cells.
func TestParquetIsCSV(t *testing.T) {
	w := newWorld(t)
	w.everything()
	names, rows := readParquet(t, w.parquetOf("", 1))
	all, err := csv.NewReader(bytes.NewReader(w.export(FormatCSV, 0))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	if got, want := strings.Join(names, ","), strings.Join(all[0], ","); got != want {
		t.Fatalf("columns are\n%s, want\n%s", got, want)
	}
	if len(rows) != len(all)-1 {
		t.Fatalf("%d rows, want %d", len(rows), len(all)-1)
	}
	for i := range rows {
		for j, name := range names {
			if rows[i][j] != all[i+1][j] {
				t.Errorf("row %d: %s is %q, want %q", i, name, rows[i][j], all[i+1][j])
			}
		}
	}
}

// TestParquetGroups writes groups at the edge of their size, twice: the order of rows
// and the bytes do not depend on who is faster.
func TestParquetGroups(t *testing.T) {
	w := newWorld(t)
	w.settle(usual()) // 1 + 3 rows
	for _, repeat := range []int{0, 1, parquetGroup / 4, 3*parquetGroup/4 + 1} {
		file := w.parquetOf("", repeat)
		if again := w.parquetOf("", repeat); !bytes.Equal(file, again) {
			t.Fatalf("%d rows: two files", 4*repeat)
		}
		f, err := parquet.OpenFile(bytes.NewReader(file), int64(len(file)))
		if err != nil {
			t.Fatal(err)
		}
		if f.NumRows() != int64(4*repeat) || len(f.RowGroups()) != (4*repeat+parquetGroup-1)/parquetGroup {
			t.Fatalf("%d rows in %d groups, want %d", f.NumRows(), len(f.RowGroups()), 4*repeat)
		}
		if from, ok := f.Lookup("from"); !ok || from != "0" {
			t.Fatalf("from is %q", from)
		}
		_, rows := readParquet(t, file)
		for i := range rows {
			if want := []string{"2.500007", "1.08", "0.000003", "0.27"}[i%4]; rows[i][0] != want {
				t.Fatalf("row %d costs %s, want %s", i, rows[i][0], want)
			}
		}
	}
}

// full is a disk that is full after some bytes.
type full struct{ left int }

var errFull = errors.New("no space left")

func (f *full) Write(p []byte) (int, error) {
	if f.left -= len(p); f.left < 0 {
		return 0, errFull
	}
	return len(p), nil
}

// TestParquetFull ends with the error of the writer, wherever it comes.
func TestParquetFull(t *testing.T) {
	w := newWorld(t)
	f, err := NewFOCUS(w.ledger(), "")
	if err != nil {
		t.Fatal(err)
	}
	rows, err := f.Rows(w.record(settled), w.get)
	if err != nil {
		t.Fatal(err)
	}
	for _, left := range []int{0, 4, 1_000, 20_000} {
		p := NewParquet(&full{left}, f)
		for range 12 * parquetGroup {
			if err = p.Write(rows); err != nil {
				break
			}
		}
		if closed := p.Close(); !errors.Is(closed, errFull) || err != nil && !errors.Is(err, errFull) {
			t.Errorf("%d bytes: %v, then %v", left, err, closed)
		}
	}
}
