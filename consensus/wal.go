package consensus

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"

	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/raft"
	wal "github.com/hashicorp/raft-wal"
	"github.com/hashicorp/raft-wal/fs"
	"github.com/hashicorp/raft-wal/metadb"
	"github.com/hashicorp/raft-wal/segment"
	"github.com/hashicorp/raft-wal/types"
	"github.com/zeebo/blake3"
)

// entryLog is the library's log with the memory of its appends.
type entryLog struct {
	*wal.WAL
	spare *spareBuffers
}

// StoreLogs implements raft.LogStore.
func (l entryLog) StoreLogs(logs []*raft.Log) error {
	defer l.spare.release()
	return l.WAL.StoreLogs(logs)
}

// openWAL opens the log in dir with our entry encoding. Version 0.4.2 of the library
// marks every new segment with its own codec, whatever codec it was given, and then
// refuses to open it; the two wrappers below put the right number in.
func openWAL(dir string, segmentBytes int, logger hclog.Logger) (entryLog, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return entryLog{}, err
	}
	spare := new(spareBuffers)
	inner, err := wal.Open(dir,
		wal.WithCodec(entryCodec{spare}),
		wal.WithMetaStore(&metaStore{MetaStore: new(metadb.BoltMetaDB)}),
		wal.WithSegmentFiler(segmentFiler{segment.NewFiler(dir, fs.New())}),
		wal.WithSegmentSize(segmentBytes),
		wal.WithLogger(logger))
	return entryLog{inner, spare}, err
}

// segmentFiler marks segments with our codec.
type segmentFiler struct{ types.SegmentFiler }

func (f segmentFiler) Create(info types.SegmentInfo) (types.SegmentWriter, error) {
	info.Codec = entryCodecID
	return f.SegmentFiler.Create(info)
}

func (f segmentFiler) RecoverTail(info types.SegmentInfo) (types.SegmentWriter, error) {
	info.Codec = entryCodecID
	return f.SegmentFiler.RecoverTail(info)
}

func (f segmentFiler) Open(info types.SegmentInfo) (types.SegmentReader, error) {
	info.Codec = entryCodecID
	return f.SegmentFiler.Open(info)
}

// keySegments is the stable key of the checksums of the list of segments.
var keySegments = []byte("settle/segments")

// metaStore marks segments with our codec, and keeps a checksum of the list of
// segments, because bbolt has none on its data pages. The list and its checksum change
// in two transactions, so the new checksum is added before the list is replaced, and
// two are kept: the list must match one of them.
type metaStore struct {
	types.MetaStore
	last []byte // checksum of the list on disk, nil for an empty list
}

func (m *metaStore) Load(dir string) (types.PersistentState, error) {
	state, err := m.MetaStore.Load(dir)
	if err != nil || (state.NextSegmentID == 0 && len(state.Segments) == 0) {
		return state, err
	}
	stored, err := m.GetStable(keySegments)
	if err != nil {
		return state, err
	}
	sum, err := segmentsSum(state)
	if err != nil {
		return state, err
	}
	for ; len(stored) >= sumSize; stored = stored[sumSize:] {
		if bytes.Equal(stored[:sumSize], sum) {
			m.last = sum
			return state, nil
		}
	}
	return state, fmt.Errorf("%w: the list of segments does not match its checksum", types.ErrCorrupt)
}

func (m *metaStore) CommitState(state types.PersistentState) error {
	state.Segments = append([]types.SegmentInfo(nil), state.Segments...)
	for i := range state.Segments {
		state.Segments[i].Codec = entryCodecID
	}
	sum, err := segmentsSum(state)
	if err != nil {
		return err
	}
	if err := m.SetStable(keySegments, append(bytes.Clone(m.last), sum...)); err != nil {
		return err
	}
	if err := m.MetaStore.CommitState(state); err != nil {
		return err
	}
	m.last = sum
	return nil
}

// segmentsSum hashes the list in the form in which it is stored.
func segmentsSum(state types.PersistentState) ([]byte, error) {
	text, err := json.Marshal(state)
	if err != nil {
		return nil, fmt.Errorf("encode list of segments: %w", err)
	}
	sum := blake3.Sum256(text)
	return sum[:sumSize], nil
}
