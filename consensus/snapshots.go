package consensus

import (
	"errors"
	"fmt"
	"io"

	"github.com/forgepool/settle/ledger"
	"github.com/hashicorp/raft"
)

// Names of the only two snapshots that there can be: the state itself, and one that
// was received and verified and not yet put in its place.
const (
	currentSnapshot  = "state"
	incomingSnapshot = "incoming"
)

// snapshotStore is raft's view of snapshots: the state on disk is the one snapshot.
// Raft's own store of files would make a received snapshot visible before the state is
// replaced, and a crash in between would then skip the entries from the state to the
// snapshot.
type snapshotStore struct {
	machine Machine
	breaker *breaker
	ready   *verifiedSnapshot // received and verified; raft's main goroutine only
}

// List implements raft.SnapshotStore.
func (s *snapshotStore) List() ([]*raft.SnapshotMeta, error) {
	a := s.machine.Applied()
	if a.Index == 0 {
		return nil, nil
	}
	index, data, err := s.machine.Configuration()
	if err != nil {
		return nil, err
	}
	meta, err := snapshotMeta(ledger.Meta{Index: a.Index, Term: a.Term, Configuration: data, ConfigIndex: index}, 0)
	if err != nil {
		return nil, err
	}
	return []*raft.SnapshotMeta{meta}, nil
}

func snapshotMeta(m ledger.Meta, size int64) (*raft.SnapshotMeta, error) {
	configuration, err := decodeConfiguration(m.Configuration)
	if err != nil {
		return nil, err
	}
	return &raft.SnapshotMeta{
		Version: raft.SnapshotVersionMax, ID: currentSnapshot, Index: m.Index, Term: m.Term,
		Configuration: configuration, ConfigurationIndex: m.ConfigIndex, Size: size,
	}, nil
}

// Open implements raft.SnapshotStore: it streams the state to a follower, or hands a
// verified incoming snapshot to Restore.
func (s *snapshotStore) Open(id string) (*raft.SnapshotMeta, io.ReadCloser, error) {
	if id == incomingSnapshot {
		if s.ready == nil {
			return nil, nil, errors.New("no snapshot was received")
		}
		ready := s.ready
		s.ready = nil
		return ready.meta, ready, nil
	}
	stream, m, size, err := s.machine.OpenSnapshotReader()
	if err != nil {
		return nil, nil, err
	}
	meta, err := snapshotMeta(m, size)
	if err != nil {
		return nil, nil, errors.Join(err, stream.Close())
	}
	return meta, stream, nil
}

// Create implements raft.SnapshotStore. Raft calls it for a snapshot of its own, to
// which nothing is written, and for one from the leader.
func (s *snapshotStore) Create(_ raft.SnapshotVersion, index, term uint64, configuration raft.Configuration, configIndex uint64, _ raft.Transport) (raft.SnapshotSink, error) {
	meta := &raft.SnapshotMeta{
		Version: raft.SnapshotVersionMax, ID: incomingSnapshot, Index: index, Term: term,
		Configuration: configuration, ConfigurationIndex: configIndex,
	}
	return &snapshotSink{store: s, meta: meta}, nil
}

// snapshotSink receives one snapshot.
type snapshotSink struct {
	store     *snapshotStore
	meta      *raft.SnapshotMeta
	local     bool // set by Persist: the state was flushed, there is nothing to receive
	installer *ledger.Installer
}

// ID implements raft.SnapshotSink.
func (s *snapshotSink) ID() string {
	if s.local {
		return currentSnapshot
	}
	return s.meta.ID
}

// Write implements io.Writer. A snapshot that is not newer than the state is refused
// before anything is touched: raft does not look, and would delete the whole log.
func (s *snapshotSink) Write(p []byte) (int, error) {
	if s.installer == nil {
		if err := s.begin(); err != nil {
			return 0, err
		}
	}
	return s.installer.Write(p)
}

func (s *snapshotSink) begin() error {
	if s.local {
		return errors.New("the state was written to as if it were a snapshot from the leader")
	}
	if err := s.store.breaker.note(s.meta.Index); err != nil {
		return err
	}
	if applied := s.store.machine.Applied().Index; s.meta.Index <= applied {
		return fmt.Errorf("%w: it is at %d, the state at %d", ErrStale, s.meta.Index, applied)
	}
	installer, err := s.store.machine.NewInstaller()
	s.installer = installer
	return err
}

// Close implements raft.SnapshotSink: it verifies what was received.
func (s *snapshotSink) Close() error {
	switch {
	case s.local:
		return nil
	case s.installer == nil:
		return errors.New("the snapshot from the leader is empty")
	}
	m, err := s.installer.Finish()
	if err == nil && (m.Index != s.meta.Index || m.Term != s.meta.Term || m.ConfigIndex != s.meta.ConfigurationIndex) {
		err = fmt.Errorf("snapshot was announced at %d, term %d, and is at %d, term %d", s.meta.Index, s.meta.Term, m.Index, m.Term)
	}
	if err != nil {
		return errors.Join(err, s.Cancel())
	}
	s.store.ready = &verifiedSnapshot{meta: s.meta, installer: s.installer, machine: s.store.machine}
	return nil
}

// Cancel implements raft.SnapshotSink: it removes what was received.
func (s *snapshotSink) Cancel() error {
	if s.installer == nil {
		return nil
	}
	return s.installer.Abort()
}

// verifiedSnapshot travels from the store through raft to Restore. It is not read: the
// state is replaced as a whole.
type verifiedSnapshot struct {
	meta      *raft.SnapshotMeta
	installer *ledger.Installer
	machine   Machine
	swapped   bool
}

// Read implements io.Reader; nobody should.
func (v *verifiedSnapshot) Read([]byte) (int, error) {
	return 0, errors.New("an incoming snapshot is installed, not read")
}

// Close implements io.Closer: a snapshot that was not used is removed.
func (v *verifiedSnapshot) Close() error {
	if v.swapped {
		return nil
	}
	return v.installer.Abort()
}

// swap puts the snapshot in the place of the state.
func (v *verifiedSnapshot) swap() error {
	if err := v.machine.Swap(v.installer); err != nil {
		return err
	}
	v.swapped = true
	return nil
}
