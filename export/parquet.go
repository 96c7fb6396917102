package export

import (
	"encoding/binary"
	"fmt"
	"io"
	"slices"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/compress/zstd"
)

// Limits of a Parquet file (docs/formats/exports.md section 5).
const (
	// parquetGroup is how many rows stand in a row group, the last one excepted. It
	// bounds memory: so many rows are held in each of parquetWorkers+1 places.
	parquetGroup = 1 << 15
	// parquetWorkers is how many row groups are encoded at once.
	parquetWorkers = 2
	// parquetChunk is how many values are handed to a column at once.
	parquetChunk = 1 << 10
)

// amountBytes is the length of a DECIMAL(19, 6): two's complement, big endian.
const (
	amountBytes     = 9
	amountPrecision = 19
)

// Parquet writes FOCUS rows as an Apache Parquet file: the same rows and columns as
// CSV, typed. Row groups are encoded at the same time and written in their order, so
// equal rows make equal files.
type Parquet struct {
	focus  *FOCUS
	file   *parquet.GenericWriter[any]
	rows   Rows // of the group that is being filled
	queue  chan *rowGroup
	idle   chan *rowGroup
	failed chan error // of the goroutine that commits; one value when it ends
	err    error
}

// rowGroup is a group on its way: encoded by one goroutine, then committed by another.
type rowGroup struct {
	rows    Rows
	encoder *parquet.ConcurrentRowGroupWriter
	cells   cells
	done    chan error
}

// NewParquet begins a file. Close must be called in the end, whatever happens.
func NewParquet(w io.Writer, focus *FOCUS) *Parquet {
	p := &Parquet{
		focus: focus,
		file: parquet.NewGenericWriter[any](w, parquetSchema(),
			parquet.Compression(&zstd.Codec{Level: zstd.SpeedFastest}),
			parquet.CreatedBy("settle", "1", "focus"),
			parquet.MaxRowsPerRowGroup(parquetGroup),
			parquet.DataPageStatistics(false), // they stand in the page index and in the footer
			parquet.PageBufferSize(1<<18),
			parquet.DictionaryMaxBytes(1<<20)),
		rows:  make(Rows, 0, parquetGroup),
		queue: make(chan *rowGroup, parquetWorkers), idle: make(chan *rowGroup, parquetWorkers), failed: make(chan error, 1),
	}
	for range parquetWorkers {
		p.idle <- &rowGroup{rows: make(Rows, 0, parquetGroup), encoder: p.file.BeginRowGroup(), done: make(chan error, 1)}
	}
	go p.commit()
	return p
}

// parquetSchema returns the types of the columns.
func parquetSchema() *parquet.Schema {
	group := parquet.Group{}
	for i := range columns {
		c := &columns[i]
		var node parquet.Node
		switch c.kind {
		case textColumn:
			node = parquet.String()
		case amountColumn:
			node = parquet.Decimal(places, amountPrecision, parquet.FixedLenByteArrayType(amountBytes))
		case numberColumn:
			node = parquet.Int(64)
		case momentColumn:
			node = parquet.Timestamp(parquet.Millisecond)
		}
		if c.has(few) || c.kind != textColumn {
			node = parquet.Encoded(node, &parquet.RLEDictionary)
		}
		if c.has(optional) {
			node = parquet.Optional(node)
		}
		group[c.name] = node
	}
	return parquet.NewSchema("focus", group)
}

// Write adds rows. They must not be changed afterwards. Errors: those of the writer
// behind the file; then all later calls return one too.
func (p *Parquet) Write(rows Rows) error {
	for len(rows) > 0 && p.err == nil {
		n := min(len(rows), parquetGroup-len(p.rows))
		p.rows, rows = append(p.rows, rows[:n]...), rows[n:]
		if len(p.rows) == parquetGroup {
			p.send()
		}
	}
	return p.err
}

// send hands the rows on and takes up the room of a group that is written.
func (p *Parquet) send() {
	select {
	case p.err = <-p.failed:
	case g := <-p.idle:
		g.rows, p.rows = p.rows, g.rows[:0]
		go func() { g.done <- g.encode(p.focus) }()
		p.queue <- g
	}
}

// commit writes groups in the order in which they were handed on, until there are no
// more or one fails.
func (p *Parquet) commit() {
	for g := range p.queue {
		err := <-g.done
		if err == nil {
			_, err = g.encoder.Commit()
		}
		if err != nil {
			p.failed <- fmt.Errorf("parquet: %w", err)
			return
		}
		clear(g.rows) // what they point to can go
		p.idle <- g
	}
	p.failed <- nil
}

// Note puts a key and a value into the footer. It may be called until Close.
func (p *Parquet) Note(key, value string) { p.file.SetKeyValueMetadata(key, value) }

// Close writes what is left and the footer, and ends all goroutines. Errors: those of
// the writer behind the file.
func (p *Parquet) Close() error {
	if p.err == nil && len(p.rows) > 0 {
		p.send()
	}
	close(p.queue)
	if p.err == nil {
		p.err = <-p.failed
	}
	if p.err != nil {
		return p.err
	}
	if err := p.file.Close(); err != nil {
		return fmt.Errorf("parquet: %w", err)
	}
	return nil
}

// cells is room for the values of a column.
type cells struct {
	values []parquet.Value
	bytes  []byte
}

// encode turns the rows of a group into columns.
func (g *rowGroup) encode(f *FOCUS) error {
	for i, w := range g.encoder.ColumnWriters() {
		same := columns[i].has(constant)
		for from := 0; from < len(g.rows); from += parquetChunk {
			part := g.rows[from:min(from+parquetChunk, len(g.rows))]
			if from == 0 || !same {
				g.cells.fill(f, i, part)
			}
			if _, err := w.WriteRowValues(g.cells.values[:len(part)]); err != nil {
				return err
			}
		}
		if err := w.Flush(); err != nil {
			return err
		}
	}
	return nil
}

// fill makes the values of one column. They point into the room for bytes, or where that grew,
// into what it was before.
func (x *cells) fill(f *FOCUS, index int, rows Rows) {
	c := &columns[index]
	present := 0 // level of a value that is there
	if c.has(optional) {
		present = 1
	}
	x.values, x.bytes = slices.Grow(x.values[:0], len(rows))[:len(rows)], x.bytes[:0]
	for i := 0; i < len(rows); {
		v, level := x.value(c, f, &rows[i]), 0
		if !v.IsNull() {
			level = present
		}
		v = v.Level(0, level, index)
		x.values[i] = v
		for i++; i < len(rows) && c.again(&rows[i-1], &rows[i]); i++ {
			x.values[i] = v
		}
	}
}

// value makes one value, null where there is none.
func (x *cells) value(c *column, f *FOCUS, r *row) parquet.Value {
	start := len(x.bytes)
	if c.kind == textColumn {
		if x.bytes = c.text(x.bytes, f, r); len(x.bytes) == start && c.has(optional) {
			return parquet.NullValue()
		}
		return parquet.ByteArrayValue(x.bytes[start:])
	}
	v, ok := c.number(r)
	switch {
	case !ok:
		return parquet.NullValue()
	case c.kind == amountColumn:
		x.bytes = binary.BigEndian.AppendUint64(append(x.bytes, byte(v>>63)), uint64(v))
		return parquet.FixedLenByteArrayValue(x.bytes[start:])
	case c.kind == momentColumn:
		return parquet.Int64Value(v * msPerSecond)
	}
	return parquet.Int64Value(v)
}

// ParquetNote returns a value of the footer of a Parquet file.
func ParquetNote(file io.ReaderAt, size int64, key string) (string, bool) {
	f, err := parquet.OpenFile(file, size, parquet.SkipPageIndex(true))
	if err != nil {
		return "", false
	}
	return f.Lookup(key)
}
