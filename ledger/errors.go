package ledger

import (
	"errors"
	"fmt"
)

// Errors that callers branch on.
var (
	// ErrNotFound: there is no such record, party, batch, blob or checkpoint.
	ErrNotFound = errors.New("not found")
	// ErrExists: Create was asked to overwrite a ledger.
	ErrExists = errors.New("the directory holds a ledger already")
	// ErrNoLedger: Open found no ledger in the directory.
	ErrNoLedger = errors.New("the directory holds no ledger")
	// ErrNewerFormat: the store was written by a newer version of this package.
	ErrNewerFormat = errors.New("the store has a newer format than this program knows")
	// ErrOlderFormat: the store was written by an older version of this package, which
	// left out what this one needs. A ledger made new from the same entries has it.
	ErrOlderFormat = errors.New("the store has an older format than this program reads")
	// ErrStale: a snapshot is not newer than the state it would replace.
	ErrStale = errors.New("the snapshot is not newer than the applied state")
	// ErrBadSnapshot: a snapshot stream is damaged, incomplete, or of another ledger.
	ErrBadSnapshot = errors.New("bad snapshot")
	// ErrClosed: the ledger or snapshot was closed.
	ErrClosed = errors.New("closed")
)

// ExitIntegrity is the exit status of a process whose store is damaged: it must not
// start again before an operator has replaced the store.
const ExitIntegrity = 73

// IntegrityError says that the store contradicts itself. The replica must stop: its
// data cannot be trusted.
type IntegrityError struct {
	What  string // what was compared
	Index uint64 // first record concerned, or NoIndex
	Err   error  // what the storage said, or nil
}

// NoIndex stands in IntegrityError.Index when no single record is concerned.
const NoIndex = 1<<64 - 1

// Error names what does not fit, and the record if it is known.
func (e *IntegrityError) Error() string {
	s := "ledger: integrity: " + e.What
	if e.Index != NoIndex {
		s += fmt.Sprintf(" (record %d)", e.Index)
	}
	if e.Err != nil {
		s += ": " + e.Err.Error()
	}
	return s
}

// Unwrap returns what the storage said.
func (e *IntegrityError) Unwrap() error { return e.Err }

// ExitCode returns ExitIntegrity.
func (e *IntegrityError) ExitCode() int { return ExitIntegrity }

func isNotFound(err error) bool { return errors.Is(err, ErrNotFound) }

func damaged(index uint64, err error, format string, args ...any) *IntegrityError {
	return &IntegrityError{What: fmt.Sprintf(format, args...), Index: index, Err: err}
}

// guarded makes an error of a panic. Pebble answers with one when it reads from a blob
// file that is lost or cut off.
func guarded(read func() error) (err error) {
	defer func() {
		if cause := recover(); cause != nil {
			err = damaged(NoIndex, fmt.Errorf("%v", cause), "the store cannot be read")
		}
	}()
	return read()
}
