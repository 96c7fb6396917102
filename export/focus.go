package export

import (
	"slices"
	"strings"

	"github.com/forgepool/settle/codec"
)

// FOCUS makes cost and usage rows: one per component of a settlement's charge, one per
// customer line of an adjustment (docs/formats/exports.md section 4).
type FOCUS struct {
	ledger   *Ledger
	currency string
}

// NewFOCUS returns the rows of a ledger in Credits, if currency is empty, or in the
// national currency with this code of ISO 4217, where the policies state its price. The
// ledger must have learned before rows are made. Errors: a code that is none.
func NewFOCUS(ledger *Ledger, currency string) (*FOCUS, error) {
	if currency == "" {
		return &FOCUS{ledger, credit}, nil
	}
	return &FOCUS{ledger, currency}, checkCurrency(currency)
}

// Currency returns the currency of the costs: Credit or a code of ISO 4217.
func (f *FOCUS) Currency() string { return f.currency }

// Rows are the rows of one record, in their order.
type Rows []row

// Rows returns the rows of a record, none for most kinds. It may be called
// concurrently. Errors: ErrFalse, ErrBlob, ErrPrice, and those of blobs.
func (f *FOCUS) Rows(r *Record, blobs Blobs) (Rows, error) {
	switch r.Kind {
	case codec.KindSettlement:
		return f.charges(r, blobs)
	case codec.KindAdjustment:
		return f.corrections(r, blobs)
	}
	return nil, nil
}

// Head implements Format: the names of the columns as CSV.
func (f *FOCUS) Head() []byte {
	var b []byte
	for i := range columns {
		b = append(append(b, columns[i].name...), ',')
	}
	b[len(b)-1] = '\n'
	return b
}

// Append implements Format: CSV as RFC 4180 has it, but with lines that LF ends.
func (f *FOCUS) Append(b []byte, r *Record, blobs Blobs) ([]byte, error) {
	rows, err := f.Rows(r, blobs)
	if err != nil {
		return nil, err
	}
	return f.AppendRows(b, rows), nil
}

// usualRow is about the length of a row of CSV.
const usualRow = 1 << 10

// AppendRows appends rows as CSV. What the rows of a record share is written once and then
// copied.
func (f *FOCUS) AppendRows(b []byte, rows Rows) []byte {
	b = slices.Grow(b, usualRow*len(rows))
	ends := make([]int, len(columns)+1) // of the cells of the row before, commas included
	for i := range rows {
		last := ends[0]
		ends[0] = len(b)
		for j := range columns {
			c := &columns[j]
			from, to := last, ends[j+1]
			if i > 0 && c.again(&rows[i-1], &rows[i]) {
				b = append(b, b[from:to]...)
			} else {
				start := len(b)
				b = c.appendCell(b, f, &rows[i])
				if c.kind == textColumn {
					b = quote(b, start)
				}
				b = append(b, ',')
			}
			last, ends[j+1] = to, len(b)
		}
		b[len(b)-1] = '\n'
	}
	return b
}

// quote quotes what stands in b from start on, if CSV needs it.
func quote(b []byte, start int) []byte {
	cell := b[start:]
	plain := true
	for _, c := range cell {
		plain = plain && c != ',' && c != '"' && c != '\n' && c != '\r'
	}
	if plain && (len(cell) == 0 || cell[0] != ' ') {
		return b
	}
	text := strings.ReplaceAll(string(cell), `"`, `""`)
	return append(append(append(b[:start], '"'), text...), '"')
}
