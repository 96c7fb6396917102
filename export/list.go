package export

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/forgepool/settle/codec"
)

// Fields says which optional columns an Item has.
type Fields uint8

// The optional columns.
const (
	HasRecord Fields = 1 << iota
	HasCustomer
	HasFinalized
	HasCycle
)

// Item is a settlement as a hub lists it, or as the log has it.
type Item struct {
	Workload  codec.ID
	Charge    uint64   // micro-Credits
	Record    codec.ID // of the settlement
	Customer  codec.ID
	Finalized uint64 // ms
	Cycle     uint64
	At        uint64 // line of the list, or index in the log
	Has       Fields
}

// ListError says what is wrong with a hub's list and where.
type ListError struct {
	Line uint64 // from 1
	Text string
}

// Error names the line.
func (e *ListError) Error() string { return fmt.Sprintf("line %d: %s", e.Line, e.Text) }

// MaxListLine bounds a line of a list, in bytes: its columns are short.
const MaxListLine = 64 << 10

// List reads a hub's list of settlements (docs/formats/exports.md section 6), one
// after the other, in memory that does not grow with it.
type List struct {
	next    func() (map[string]string, uint64, error)
	ignored map[string]bool
}

// NewList begins a list: JSON lines if it begins with a brace, else CSV with a
// header. Errors: *ListError, and those of r.
func NewList(r io.Reader) (*List, error) {
	in := &bounded{r: r, left: MaxListLine}
	b := bufio.NewReaderSize(in, MaxListLine)
	if mark, err := b.Peek(3); err == nil && bytes.Equal(mark, []byte("\xef\xbb\xbf")) {
		_, _ = b.Discard(3)
	}
	l := &List{ignored: map[string]bool{}}
	for {
		first, err := b.Peek(1)
		switch {
		case err == io.EOF:
			return nil, &ListError{1, "the list is empty: not even a header"}
		case err != nil:
			return nil, err
		case first[0] == '{':
			l.next = jsonRows(b)
			in.left = -1 // lines are bounded by the buffer
			return l, nil
		case first[0] != '\n' && first[0] != '\r' && first[0] != ' ':
			l.next, err = csvRows(b, in)
			return l, err
		}
		_, _ = b.Discard(1)
	}
}

// bounded fails a reader that takes too much in at once; a negative left never does.
type bounded struct {
	r    io.Reader
	left int
}

var errLong = fmt.Errorf("a line of more than %d bytes", MaxListLine)

// Read implements io.Reader.
func (b *bounded) Read(p []byte) (int, error) {
	if b.left == 0 {
		return 0, errLong
	}
	if b.left > 0 && len(p) > b.left {
		p = p[:b.left]
	}
	n, err := b.r.Read(p)
	if b.left > 0 {
		b.left -= n
	}
	return n, err
}

// csvRows reads rows under a header; names of columns are taken in lower case.
func csvRows(b *bufio.Reader, in *bounded) (func() (map[string]string, uint64, error), error) {
	r := csv.NewReader(b)
	r.ReuseRecord = true
	last := uint64(0)
	read := func() ([]string, uint64, error) {
		in.left = 2 * MaxListLine // the buffer may hold as much already
		cells, err := r.Read()
		if parse, ok := errors.AsType[*csv.ParseError](err); ok {
			return nil, 0, &ListError{uint64(parse.Line), parse.Err.Error()}
		}
		if errors.Is(err, errLong) {
			return nil, 0, &ListError{last + 1, errLong.Error()}
		}
		if err != nil {
			return nil, 0, err
		}
		line, _ := r.FieldPos(0)
		last = uint64(line)
		return cells, last, nil
	}
	header, _, err := read()
	if err != nil {
		return nil, err
	}
	names := make([]string, len(header))
	for i := range header {
		names[i] = strings.ToLower(strings.TrimSpace(header[i]))
		if slices.Contains(names[:i], names[i]) {
			return nil, &ListError{1, fmt.Sprintf("column %q stands twice", names[i])}
		}
	}
	if !slices.Contains(names, "workload") {
		return nil, &ListError{1, "the header has no column workload"}
	}
	return func() (map[string]string, uint64, error) {
		cells, line, err := read()
		if err != nil {
			return nil, 0, err
		}
		row := make(map[string]string, len(cells))
		for i := range cells {
			row[names[i]] = strings.TrimSpace(cells[i])
		}
		return row, line, nil
	}, nil
}

// jsonRows reads one object a line.
func jsonRows(b *bufio.Reader) func() (map[string]string, uint64, error) {
	line := uint64(0)
	return func() (map[string]string, uint64, error) {
		for {
			text, err := b.ReadSlice('\n')
			line++
			if err == bufio.ErrBufferFull {
				return nil, 0, &ListError{line, errLong.Error()}
			}
			if err != nil && err != io.EOF {
				return nil, 0, err
			}
			if text = bytes.TrimSpace(text); len(text) > 0 {
				row, err := jsonRow(text)
				if err != nil {
					return nil, 0, &ListError{line, err.Error()}
				}
				return row, line, nil
			}
			if err == io.EOF {
				return nil, 0, io.EOF
			}
		}
	}
}

// jsonRow reads an object of texts and numbers.
func jsonRow(text []byte) (map[string]string, error) {
	var object map[string]any
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	if err := d.Decode(&object); err != nil {
		return nil, errors.New("not a JSON object")
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, errors.New("something follows the JSON object")
	}
	row := make(map[string]string, len(object))
	for name, value := range object {
		switch x := value.(type) {
		case string:
			row[name] = x
		case json.Number:
			row[name] = x.String()
		case nil:
			row[name] = ""
		default:
			row[name] = fmt.Sprint(x)
		}
	}
	return row, nil
}

// Next returns the next item; io.EOF at the end. Errors: *ListError, and those of the
// reader.
func (l *List) Next() (*Item, error) {
	row, line, err := l.next()
	if err != nil {
		return nil, err
	}
	it := &Item{At: line}
	charged := false
	for name, text := range row {
		known, err := it.set(name, text, &charged)
		if err != nil {
			return nil, &ListError{line, fmt.Sprintf("%s: %v", name, err)}
		}
		if !known && len(l.ignored) < 100 {
			l.ignored[name] = true
		}
	}
	switch {
	case row["workload"] == "":
		return nil, &ListError{line, "no workload"}
	case !charged:
		return nil, &ListError{line, "no charge (micro-Credits) and no credits (Credits)"}
	case row["charge"] != "" && row["credits"] != "":
		return nil, &ListError{line, "charge and credits: one of them is enough"}
	}
	return it, nil
}

// set takes in one value. An empty text is an absent one.
func (it *Item) set(name, text string, charged *bool) (known bool, err error) {
	if text == "" {
		return isColumn(name), nil
	}
	switch name {
	case "workload":
		it.Workload, err = codec.ParseID(text)
	case "charge":
		it.Charge, err = ParseAmount(text)
		*charged = true
	case "credits":
		it.Charge, err = ParseCredits(text)
		*charged = true
	case "record":
		it.Record, err = codec.ParseID(text)
		it.Has |= HasRecord
	case "customer":
		it.Customer, err = codec.ParseID(text)
		it.Has |= HasCustomer
	case "finalized":
		it.Finalized, err = ParseAmount(text)
		it.Has |= HasFinalized
	case "cycle":
		it.Cycle, err = ParseAmount(text)
		it.Has |= HasCycle
	default:
		return false, nil
	}
	return true, err
}

func isColumn(name string) bool {
	return slices.Contains([]string{"workload", "charge", "credits", "record", "customer", "finalized", "cycle"}, name)
}

// Ignored returns the names of columns that mean nothing here, ascending.
func (l *List) Ignored() []string {
	names := make([]string, 0, len(l.ignored))
	for name := range l.ignored {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// SettledItem returns a settlement of the log as an item, without its customer, and
// who settled it. The error wraps ErrFalse.
func SettledItem(r *Record) (it *Item, author codec.ID, err error) {
	s, err := r.settlement()
	if err != nil {
		return nil, author, err
	}
	return &Item{Workload: s.Workload, Charge: s.Charge, Record: s.ID, Finalized: s.Times.Finalized, Cycle: s.Cycle,
		At: r.Index, Has: HasRecord | HasFinalized | HasCycle}, s.Author, nil
}

// OpenCustomer adds the customer of a settlement to its item. Errors: ErrFalse,
// ErrBlob, those of blobs.
func (it *Item) OpenCustomer(r *Record, blobs Blobs) error {
	s, err := r.settlement()
	if err != nil {
		return err
	}
	o := opened{Settlement: s}
	o.fetched.begin()
	o.fetched.add(blobs, customerBlob, o.Customer)
	o.fetched.hash()
	if err := o.openCustomer(r.Index); err != nil {
		return err
	}
	it.Customer, it.Has = o.customer, it.Has|HasCustomer
	return nil
}
