package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"

	"github.com/forgepool/settle/codec"
	"github.com/forgepool/settle/export"
	"github.com/forgepool/settle/verifier"
)

// parquetFile is a Parquet file that is made under another name and takes its own when
// it is complete: nobody sees half of it.
type parquetFile struct {
	name     string   // "": standard output
	file     *os.File // nil: standard output, or it is complete
	w        io.Writer
	bytes    uint64
	from     uint64
	currency string
	customer *codec.ID // whose rows alone are in it, nil: all
	focus    *export.FOCUS
	rows     *export.Parquet // nil before begin and after finish
}

// openParquet begins a new file; one that is there already cannot grow.
func (a *app) openParquet(f *exportFlags) (*parquetFile, error) {
	x := &parquetFile{name: f.out, from: f.from, currency: f.currency, customer: f.customerID, w: a.stdout}
	if x.name == "" {
		return x, nil
	}
	if _, err := os.Lstat(x.name); err == nil {
		return nil, hint(usage("%s is there already, and a Parquet file cannot grow", x.name), "%s", continueParquet(x.name))
	}
	file, err := os.CreateTemp(filepath.Dir(x.name), filepath.Base(x.name)+".*")
	if err != nil {
		return nil, usage("%v", err)
	}
	x.file, x.w = file, file
	return x, nil
}

// continueParquet says how to go on behind a file.
func continueParquet(name string) string {
	file, err := os.Open(name)
	if err == nil {
		defer file.Close()
		if info, err := file.Stat(); err == nil {
			if next, ok := export.ParquetNote(file, info.Size(), noteNext); ok {
				return "export what comes behind it into another file with --from " + next
			}
		}
	}
	return "name another file"
}

// Keys of the notes in the footer (docs/formats/exports.md section 5).
const (
	noteOrigin   = "settle.origin"
	noteCurrency = "settle.currency"
	noteFrom     = "settle.from"
	noteNext     = "settle.next"
	noteCustomer = "settle.customer"
	noteSize     = "settle.size"
	noteRoot     = "settle.root"
)

func (x *parquetFile) saved() []byte { return nil }

func (x *parquetFile) first() uint64 { return x.from }

// Write counts what goes into the file.
func (x *parquetFile) Write(p []byte) (int, error) {
	n, err := x.w.Write(p)
	x.bytes += uint64(n)
	return n, err
}

func (x *parquetFile) begin(ledger *export.Ledger, pair *verifier.Pair, _ []byte) (err error) {
	if x.focus, err = export.NewFOCUS(ledger, x.currency); err != nil {
		return err
	}
	x.rows = export.NewParquet(x, x.focus)
	x.rows.Note(noteOrigin, ledger.Origin)
	x.rows.Note(noteCurrency, x.focus.Currency())
	x.rows.Note(noteFrom, strconv.FormatUint(x.from, 10))
	if x.customer != nil {
		x.rows.Note(noteCustomer, x.customer.String())
	}
	x.rows.Note(noteSize, strconv.FormatUint(pair.Size(), 10))
	x.rows.Note(noteRoot, codec.Hash(pair.A.Root()).String())
	return nil
}

// add hands the rows of a page to the writer.
func (x *parquetFile) add(page []verifier.Record, make *exportRows) (int, error) {
	rows, err := eachRecord(page, make.attachments, func(r *export.Record, blobs export.Blobs) (export.Rows, error) {
		return make.focus(x.focus, r, blobs)
	})
	for _, r := range rows {
		if err := x.rows.Write(r); err != nil {
			return 0, err
		}
	}
	return len(rows), err
}

// finish writes the footer and gives the file its name; a file of no records is not
// made.
func (x *parquetFile) finish(next uint64) (uint64, error) {
	if next == x.from {
		return 0, nil
	}
	x.rows.Note(noteNext, strconv.FormatUint(next, 10))
	err := x.rows.Close()
	x.rows = nil
	if err != nil || x.file == nil {
		return x.bytes, err
	}
	file := x.file
	x.file = nil
	err = errors.Join(file.Chmod(0o644), file.Sync(), file.Close())
	if err == nil {
		err = os.Rename(file.Name(), x.name)
	}
	if err != nil {
		return x.bytes, errors.Join(fmt.Errorf("writing %s: %w", x.name, err), os.Remove(file.Name()))
	}
	return x.bytes, nil
}

// close removes a file that is not complete.
func (x *parquetFile) close() {
	if x.rows != nil {
		_ = x.rows.Close() // nobody will see it
	}
	if x.file != nil {
		_ = errors.Join(x.file.Close(), os.Remove(x.file.Name()))
	}
}
