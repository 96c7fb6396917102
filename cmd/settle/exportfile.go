package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/forgepool/settle/codec"
	"github.com/forgepool/settle/export"
	"github.com/forgepool/settle/verifier"
)

const exportHeader = "settle export v1"

// maxExportState bounds what is read of a state file: two notes and five lines.
const maxExportState = 1 << 18

// maxExport bounds the length of an output that can be continued.
const maxExport = math.MaxInt64

// exportFile is an output of text that grows by whole rows, and the state beside it that says
// how much of it counts.
type exportFile struct {
	w         io.Writer
	file      *os.File // nil: standard output, nothing is kept
	stateName string
	origin    string
	format    string
	next      uint64 // index of the first record that is not in it
	bytes     uint64 // that count; what follows them is from a call that was interrupted
	follower  []byte // state of the follower, nil before the first checkpoint
	currency  string
	customer  *codec.ID     // whose rows alone are in it, nil: all
	rows      export.Format // from begin on
}

// openText opens the output: a new one, or one that is continued.
func (a *app) openText(f *exportFlags, origin string) (*exportFile, error) {
	x := &exportFile{origin: origin, format: f.format, currency: f.currency, customer: f.customerID, next: f.from, w: a.stdout}
	if f.out == "" {
		return x, nil
	}
	x.stateName = f.out + ".next"
	if _, err := os.Stat(x.stateName); err == nil {
		if err := x.load(f); err != nil {
			return nil, err
		}
	}
	file, err := os.OpenFile(f.out, os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return nil, usage("%v", err)
	}
	x.file, x.w = file, file
	if err := x.cut(f.out); err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return x, nil
}

// load reads the state and checks that this call continues it.
func (x *exportFile) load(f *exportFlags) error {
	data, err := readFile(x.stateName, maxExportState)
	if err != nil {
		return err
	}
	saved, err := parseExportState(data)
	if err != nil {
		return usage("%s: %v", x.stateName, err)
	}
	switch {
	case saved.origin != x.origin:
		return usage("%s is of ledger %s, the trust policy of %s", x.stateName, saved.origin, x.origin)
	case saved.format != x.format:
		return usage("%s holds %s, not %s", f.out, saved.format, x.format)
	case saved.currency != x.currency:
		return hint(usage("%s has costs in %s, not in %s", f.out, named(saved.currency), named(x.currency)), "name the same --currency, or another file")
	case customerLine(saved.customer) != customerLine(x.customer):
		return hint(usage("%s holds the rows of %s, not of %s", f.out, whose(saved.customer), whose(x.customer)), "name the same --customer, or another file")
	case f.fromGiven && f.from != saved.next:
		return hint(usage("%s goes on with record %d, not %d", f.out, saved.next, f.from), "leave --from out, or name another file")
	}
	x.next, x.bytes, x.follower = saved.next, saved.bytes, saved.follower
	return nil
}

// cut removes what an interrupted call left behind the rows that count.
func (x *exportFile) cut(name string) error {
	info, err := x.file.Stat()
	if err != nil {
		return usage("%v", err)
	}
	if !info.Mode().IsRegular() {
		return usage("%s is no file", name)
	}
	size := uint64(info.Size())
	switch {
	case x.follower == nil && size > 0:
		return hint(usage("%s is there already, and no %s beside it to continue it", name, x.stateName), "name another file")
	case size < x.bytes:
		return hint(usage("%s has %d bytes, and %s counts on %d: rows were lost", name, size, x.stateName, x.bytes), "remove both and export again")
	}
	if err := x.file.Truncate(int64(x.bytes)); err != nil {
		return fmt.Errorf("cutting %s: %w", name, err)
	}
	_, err = x.file.Seek(int64(x.bytes), io.SeekStart)
	return err
}

func named(currency string) string {
	if currency == "" {
		return "Credits"
	}
	return currency
}

func whose(customer *codec.ID) string {
	if customer == nil {
		return "all customers"
	}
	return "customer " + customer.String()
}

// customerLine is the line of the state that names the customer, empty for all.
func customerLine(customer *codec.ID) string {
	if customer == nil {
		return ""
	}
	return "customer " + customer.String() + "\n"
}

func (x *exportFile) saved() []byte { return x.follower }

func (x *exportFile) first() uint64 { return x.next }

// begin writes the head of a new output.
func (x *exportFile) begin(ledger *export.Ledger, _ *verifier.Pair, state []byte) (err error) {
	if x.format == export.FormatCSV {
		x.rows, err = export.NewFOCUS(ledger, x.currency)
	} else {
		x.rows, err = export.NewFormat(x.format, ledger)
	}
	if err != nil {
		return err
	}
	x.follower = state
	if x.bytes > 0 {
		return nil
	}
	return x.append(x.rows.Head(), x.next)
}

// add writes the rows of a page.
func (x *exportFile) add(page []verifier.Record, make *exportRows) (int, error) {
	rows, err := eachRecord(page, make.attachments, func(r *export.Record, blobs export.Blobs) ([]byte, error) {
		return make.text(x.rows, r, blobs)
	})
	if writeErr := x.append(bytes.Join(rows, nil), after(page, len(rows), x.next)); writeErr != nil {
		return 0, writeErr
	}
	return len(rows), err
}

// finish keeps how far the output goes: each page was complete, and behind the last record
// of a customer others may follow.
func (x *exportFile) finish(next uint64) (uint64, error) {
	if next == x.next {
		return x.bytes, nil
	}
	return x.bytes, x.append(nil, next)
}

// append adds whole rows and then moves the state behind them: a crash between the
// two leaves rows that the next call removes and writes again.
func (x *exportFile) append(rows []byte, next uint64) error {
	if uint64(len(rows)) > maxExport-x.bytes {
		return errors.New("the output grows beyond what a file can hold")
	}
	if _, err := x.w.Write(rows); err != nil {
		return fmt.Errorf("writing rows: %w", err)
	}
	x.next, x.bytes = next, x.bytes+uint64(len(rows))
	if x.file == nil {
		return nil
	}
	if err := x.file.Sync(); err != nil {
		return fmt.Errorf("writing rows: %w", err)
	}
	return writeFile(x.stateName, x.formatState(), 0o644)
}

func (x *exportFile) close() {
	if x.file != nil {
		x.file.Close() // everything that counts was synced
	}
}

// formatState returns the state file (docs/formats/exports.md section 1).
func (x *exportFile) formatState() []byte {
	format := x.format
	if x.currency != "" {
		format += " " + x.currency
	}
	return fmt.Appendf(nil, "%s\norigin %s\nformat %s\n%snext %d\nbytes %d\n\n%s", exportHeader, x.origin, format, customerLine(x.customer), x.next, x.bytes, x.follower)
}

// parseExportState reads what formatState writes, in that one form.
func parseExportState(data []byte) (*exportFile, error) {
	bad := errors.New("not the state of an export")
	head, follower, ok := bytes.Cut(data, []byte("\n\n"))
	lines := strings.Split(string(head), "\n")
	if !ok || len(lines) < 5 || lines[0] != exportHeader || len(follower) == 0 {
		return nil, bad
	}
	x := &exportFile{follower: follower}
	if id, ok := strings.CutPrefix(lines[3], "customer "); ok {
		customer, err := codec.ParseID(id)
		if err != nil {
			return nil, bad
		}
		x.customer, lines = &customer, slices.Delete(lines, 3, 4)
	}
	if len(lines) != 5 {
		return nil, bad
	}
	for i, want := range []string{"origin ", "format ", "next ", "bytes "} {
		value, ok := strings.CutPrefix(lines[i+1], want)
		if !ok {
			return nil, bad
		}
		var err error
		switch want {
		case "origin ":
			x.origin = value
		case "format ":
			x.format, x.currency, _ = strings.Cut(value, " ")
		case "next ":
			x.next, err = strconv.ParseUint(value, 10, 63)
		case "bytes ":
			x.bytes, err = strconv.ParseUint(value, 10, 63)
		}
		if err != nil {
			return nil, bad
		}
	}
	if !bytes.Equal(x.formatState(), data) {
		return nil, bad
	}
	return x, nil
}
