package node

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"

	"github.com/forgepool/settle/codec"
	"github.com/forgepool/settle/consensus"
	"github.com/forgepool/settle/ledger"
)

// markerFile is the name of the marker in the data directory.
const markerFile = "fatal"

// Marker says why a node must not start again before it is reseeded.
type Marker struct {
	Code   int
	Reason string
}

// Error says what to do.
func (m *Marker) Error() string {
	return fmt.Sprintf("this node stopped with exit code %d (%s) and must not start again with this data: "+
		"keep a copy of the directory for the investigation, then run settled reseed", m.Code, m.Reason)
}

// ReadMarker returns the marker in a data directory, nil if there is none.
func ReadMarker(dir string) (*Marker, error) {
	text, err := os.ReadFile(filepath.Join(dir, markerFile))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	m := new(Marker)
	if _, err := fmt.Sscanf(string(text), "settle fatal v1\ncode %d\nreason %q\n", &m.Code, &m.Reason); err != nil {
		return &Marker{Code: consensus.ExitIntegrity, Reason: "the marker itself is damaged"}, nil
	}
	return m, nil
}

func (m *Marker) write(dir string) error {
	text := fmt.Appendf(nil, "settle fatal v1\ncode %d\nreason %q\n", m.Code, m.Reason)
	return writeFile(filepath.Join(dir, markerFile), text)
}

// lasting says whether a restart with the same data must be refused. After the other
// codes a supervisor may try again.
func lasting(code int) bool {
	return code >= consensus.ExitGap && code <= consensus.ExitIncarnation || code == consensus.ExitDivergence
}

// fatality ends the process once.
type fatality struct {
	config *Config
	once   sync.Once
}

// end logs, leaves marker and evidence, and exits.
func (f *fatality) end(e *consensus.FatalError) {
	f.once.Do(func() {
		f.config.Logger.Error("stopping for good", "code", e.Code, "error", e.Err)
		f.leave(e)
		f.config.Exit(e.Code)
	})
}

// leave writes what must outlive the process; a failure changes nothing about the end.
func (f *fatality) leave(e *consensus.FatalError) {
	if lasting(e.Code) {
		if err := (&Marker{Code: e.Code, Reason: e.Err.Error()}).write(f.config.Dir); err != nil {
			f.config.Logger.Error("the marker could not be written", "error", err)
		}
	}
	var d *consensus.DivergenceError
	if errors.As(e.Err, &d) {
		own := d.Divergence.Own
		f.evidence(&Evidence{Commit: &d.Divergence.Theirs, Own: Attested{
			Size: own.Size, RootA: own.RootA, RootB: own.RootB, StateSum: own.StateSum, Time: own.Time,
		}})
	}
	var m *minorityError
	if errors.As(e.Err, &m) {
		f.evidence(&m.evidence)
	}
}

// Evidence is what a node in the minority leaves behind: its own signed attestation,
// and what the others attested, as a published commit or one by one.
type Evidence struct {
	Own    Attested                `cbor:"1,keyasint"`
	Commit *codec.CheckpointCommit `cbor:"2,keyasint,omitempty"`
	Others []Attested              `cbor:"3,keyasint"`
}

func (f *fatality) evidence(e *Evidence) {
	path := filepath.Join(f.config.Dir, fmt.Sprintf("evidence-%d.cbor", e.Own.Size))
	if err := writeFile(path, codec.Encode(e)); err != nil {
		f.config.Logger.Error("the evidence could not be written", "error", err)
	}
}

// fatal gives an error of the ledger its exit code.
func fatal(err error) *consensus.FatalError {
	var known *consensus.FatalError
	var integrity *ledger.IntegrityError
	switch {
	case errors.As(err, &known):
		return known
	case errors.As(err, &integrity):
		return &consensus.FatalError{Code: consensus.ExitIntegrity, Err: err}
	}
	return &consensus.FatalError{Code: consensus.ExitStorage, Err: err}
}

// machine is the ledger with its panics turned into exit codes: it panics only when
// its store fails or contradicts itself.
type machine struct {
	*ledger.Ledger
	fatality *fatality
}

// Apply applies entries.
func (m *machine) Apply(entries []ledger.Entry) []ledger.Result {
	defer m.fatality.guard()
	return m.Ledger.Apply(entries)
}

// guard ends the process if the goroutine panics.
func (f *fatality) guard() {
	if p := recover(); p != nil {
		err, ok := p.(error)
		if !ok {
			err = fmt.Errorf("%v", p)
		}
		f.end(fatal(err))
		panic(p)
	}
}

// notice ends the process if an error says that the store is damaged.
func (f *fatality) notice(err error) {
	var integrity *ledger.IntegrityError
	if errors.As(err, &integrity) {
		f.end(fatal(err))
	}
}

// event turns what happens in the store into log lines, or the end.
func (f *fatality) event(e ledger.Event) {
	switch e.Kind {
	case ledger.EventBackgroundError:
		f.end(&consensus.FatalError{Code: consensus.ExitStorage, Err: fmt.Errorf("%s: %w", e.Detail, e.Err)})
	case ledger.EventCorruption:
		f.end(&consensus.FatalError{Code: consensus.ExitIntegrity, Err: fmt.Errorf("%s: %w", e.Detail, e.Err)})
	case ledger.EventStall, ledger.EventSlowDisk:
		f.config.Logger.Warn("the store is slow", "detail", e.Detail)
	}
}

// writeFile writes a file that is durable when it returns.
func writeFile(path string, data []byte) error {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = file.Write(data)
	return errors.Join(err, file.Sync(), file.Close(), syncDir(filepath.Dir(path)))
}

func syncDir(path string) error {
	dir, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}
