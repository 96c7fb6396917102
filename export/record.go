package export

import (
	"errors"
	"fmt"

	"github.com/forgepool/settle/codec"
	"github.com/forgepool/settle/proof"
)

// ErrFalse is wrapped by the error about a record, or a blob it names, that
// contradicts itself or the format: replicas admitted what they must refuse.
var ErrFalse = errors.New("export: contradicts the log")

// ErrBlob is wrapped by the error about bytes that are not those with the hash asked
// for. It says nothing about the ledger.
var ErrBlob = errors.New("export: bytes of another hash")

func contradiction(index uint64, format string, args ...any) error {
	return fmt.Errorf("%w: at index %d: %s", ErrFalse, index, fmt.Sprintf(format, args...))
}

// Record is a record of the log, decoded.
type Record struct {
	codec.Record
	Index uint64
	Bytes []byte
	Leaf  codec.Hash // in tree A
}

// NewRecord decodes the record at an index; it keeps data. The error wraps ErrFalse.
func NewRecord(index uint64, data []byte) (*Record, error) {
	rec, err := codec.DecodeRecord(data)
	if err != nil {
		return nil, contradiction(index, "%v", err)
	}
	return &Record{Record: rec, Index: index, Bytes: data, Leaf: proof.LeafA(data)}, nil
}

// settlement decodes the body of a settlement.
func (r *Record) settlement() (*codec.Settlement, error) {
	s := new(codec.Settlement)
	if err := codec.DecodeSettlement(r.Body, s); err != nil {
		return nil, contradiction(r.Index, "%v", err)
	}
	return s, nil
}

// adjustment decodes the body of an adjustment.
func (r *Record) adjustment() (*codec.Adjustment, error) {
	a := new(codec.Adjustment)
	if err := codec.DecodeAdjustment(r.Body, a); err != nil {
		return nil, contradiction(r.Index, "%v", err)
	}
	return a, nil
}

// Ledger is what rows take from other records than their own: from the genesis, and
// for FOCUS from what it learned.
type Ledger struct {
	Origin    string // of tree A
	Name      string
	Numbering uint64 // of cycles: codec.CyclesCounter or codec.CyclesMonths
	calendar  calendar
}

// ReadLedger reads the record at index 0. The error wraps ErrFalse.
func ReadLedger(genesis []byte) (*Ledger, error) {
	r, err := NewRecord(0, genesis)
	if err != nil {
		return nil, err
	}
	var g codec.Genesis
	if r.Kind != codec.KindGenesis {
		return nil, contradiction(0, "a %s is no genesis", r.Kind)
	}
	if err := codec.DecodeGenesis(r.Body, &g); err != nil {
		return nil, contradiction(0, "%v", err)
	}
	l := &Ledger{Origin: g.OriginA, Name: g.Name, Numbering: g.Cycles.Numbering, calendar: newCalendar(g.Cycles.First, g.Created)}
	return l, l.learnPolicy(0, g.Policy)
}

// Blobs hands out the bytes with a hash. It is not believed. It may be called
// concurrently.
type Blobs func(hash codec.Hash) ([]byte, error)

// fetch returns the bytes with a hash. Errors: those of the source, ErrBlob.
func (b Blobs) fetch(what string, hash codec.Hash) ([]byte, error) {
	data, err := b(hash)
	if err != nil {
		return nil, fmt.Errorf("%s %s: %w", what, hash, err)
	}
	if codec.BlobHash(data) != hash {
		return nil, otherBlob(what, hash)
	}
	return data, nil
}

func otherBlob(what string, hash codec.Hash) error {
	return fmt.Errorf("%w: %s %s", ErrBlob, what, hash)
}

// Format turns records into rows.
type Format interface {
	// Head returns what stands at the beginning of a file.
	Head() []byte
	// Append appends the rows of a record, none or some, all of them whole. It may be
	// called concurrently. Errors: ErrFalse, ErrBlob, and those of blobs; then the
	// result is of no use.
	Append(b []byte, r *Record, blobs Blobs) ([]byte, error)
}

// The names of the formats.
const (
	FormatJSONLines   = "jsonl"
	FormatCloudEvents = "cloudevents"
	FormatCSV         = "focus-csv"
	FormatParquet     = "focus-parquet" // no Format: see Parquet
)

// NewFormat returns the format of a name, FOCUS in Credits.
func NewFormat(name string, ledger *Ledger) (Format, error) {
	switch name {
	case FormatJSONLines:
		return jsonLines{}, nil
	case FormatCloudEvents:
		return newCloudEvents(ledger), nil
	case FormatCSV:
		return NewFOCUS(ledger, "")
	}
	return nil, fmt.Errorf("unknown format %q: %s, %s or %s", name, FormatJSONLines, FormatCloudEvents, FormatCSV)
}
