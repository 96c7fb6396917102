package ledger

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"sync/atomic"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/zeebo/blake3"

	"github.com/forgepool/settle/codec"
)

// A snapshot stream carries one state of the store to another replica:
//
//	magic | u32 length of the header | header | file ... | BLAKE3 of all before, 32
//	header = origin of tree A, leaf hash of the genesis, applied state, configuration
//	         index and bytes, and for each file its name, size and BLAKE3
//
// The receiver believes none of it: it checks every digest while it writes and then
// recomputes roots and state sum.
const (
	streamMagic = "settle/v1 snapshot\n"
	maxHeader   = 16 << 20
)

// Meta says which state a snapshot holds.
type Meta struct {
	Index         uint64 // raft index of the last entry applied
	Term          uint64 // its raft term
	Configuration []byte // last membership entry
	ConfigIndex   uint64 // its raft index, 0 = none
}

// streamFile is one file of the store in a stream.
type streamFile struct {
	name string
	size uint64
	hash codec.Hash
}

// streamHeader is the header of a stream.
type streamHeader struct {
	origin  string
	genesis codec.Hash
	applied Applied
	config  []byte
	files   []streamFile
}

func (h *streamHeader) meta() Meta {
	return Meta{Index: h.applied.Index, Term: h.applied.Term, Configuration: h.config, ConfigIndex: h.applied.ConfigIndex}
}

func (h *streamHeader) encode() []byte {
	b := append(appendBlock(nil, []byte(h.origin)), h.genesis[:]...)
	b = appendBlock(appendBlock(b, h.applied.encode(nil)), h.config)
	b = binary.AppendUvarint(b, uint64(len(h.files)))
	for _, f := range h.files {
		b = binary.AppendUvarint(appendBlock(b, []byte(f.name)), f.size)
		b = append(b, f.hash[:]...)
	}
	return b
}

func decodeHeader(data []byte) (*streamHeader, error) {
	v := values{b: data}
	h := &streamHeader{origin: string(v.block()), genesis: v.hash()}
	applied, err := decodeApplied(v.block())
	if err != nil {
		return nil, fmt.Errorf("%w: applied state", ErrBadSnapshot)
	}
	h.applied, h.config = applied, append([]byte(nil), v.block()...)
	h.files = make([]streamFile, v.count(34))
	for i := range h.files {
		h.files[i] = streamFile{name: string(v.block()), size: v.uvarint(), hash: v.hash()}
	}
	if !v.done() {
		return nil, fmt.Errorf("%w: header", ErrBadSnapshot)
	}
	return h, nil
}

// outgoing numbers the directories of outgoing snapshots of this process.
var outgoing atomic.Uint64

// OpenSnapshotReader returns the present state as a stream of size bytes for another
// replica's Installer. The state is flushed first. The stream must be closed; it uses
// links to the store's files and blocks nobody.
func (l *Ledger) OpenSnapshotReader() (stream io.ReadCloser, m Meta, size int64, err error) {
	s, err := l.live()
	if err != nil {
		return nil, Meta{}, 0, err
	}
	defer s.release()
	dir := l.o.FS.PathJoin(l.dir, fmt.Sprintf("%s-%d", outgoingName, outgoing.Add(1)))
	r := &snapshotReader{fs: l.o.FS, dir: dir}
	if err = s.db.Flush(); err == nil {
		err = s.db.Checkpoint(dir)
	}
	if err == nil {
		err = r.prepare(l.o)
	}
	if err != nil {
		return nil, Meta{}, 0, errors.Join(fmt.Errorf("snapshot: %w", err), r.Close())
	}
	return r, r.header.meta(), r.size, nil
}

// snapshotReader streams a checkpoint of the store. Only one goroutine may use it.
type snapshotReader struct {
	fs     vfs.FS
	dir    string
	header *streamHeader
	size   int64
	digest *blake3.Hasher
	head   []byte // of the stream, not yet read
	next   int    // file to open
	file   vfs.File
	tail   []byte // digest, not yet read
	ended  bool
}

// prepare reads what the checkpoint holds and hashes its files.
func (r *snapshotReader) prepare(o Options) error {
	o.readOnly, o.SkipScrub = true, true
	l, err := newLedger(r.fs.PathDir(r.dir), r.fs.PathBase(r.dir), o)
	if err != nil {
		return err
	}
	r.header, err = l.describe()
	if err = errors.Join(err, l.discard()); err != nil {
		return err
	}
	names, err := r.fs.List(r.dir)
	if err != nil {
		return err
	}
	for _, name := range names {
		if name == "LOCK" {
			continue
		}
		f, err := hashFile(r.fs, r.fs.PathJoin(r.dir, name))
		if err != nil {
			return err
		}
		f.name = name
		r.header.files = append(r.header.files, f)
		r.size += int64(f.size)
	}
	body := r.header.encode()
	r.head = binary.BigEndian.AppendUint32([]byte(streamMagic), uint32(len(body)))
	r.head = append(r.head, body...)
	r.size += int64(len(r.head)) + 32
	r.digest = blake3.New()
	return nil
}

// describe returns the header of a store, without files.
func (l *Ledger) describe() (*streamHeader, error) {
	data, err := fetch(l.store.db, keyApplied)
	if err != nil {
		return nil, err
	}
	if l.applied, err = decodeApplied(data); err != nil {
		return nil, err
	}
	if err := l.loadFacts(); err != nil {
		return nil, err
	}
	_, config, err := configuration(l.store.db)
	f := l.state.facts
	return &streamHeader{origin: f.OriginA, genesis: f.Leaf, applied: l.applied, config: config}, err
}

func hashFile(fs vfs.FS, path string) (streamFile, error) {
	f, err := fs.Open(path, vfs.SequentialReadsOption)
	if err != nil {
		return streamFile{}, err
	}
	defer f.Close()
	h := blake3.New()
	n, err := io.Copy(h, f)
	out := streamFile{size: uint64(n)}
	h.Sum(out.hash[:0])
	return out, err
}

// Read returns the next bytes of the stream.
func (r *snapshotReader) Read(p []byte) (int, error) {
	for {
		n, err := r.step(p)
		if n > 0 && !r.ended {
			r.digest.Write(p[:n])
		}
		if n > 0 || err != nil || len(p) == 0 {
			return n, err
		}
	}
}

// step reads from the part of the stream that is at hand, or moves to the next one.
func (r *snapshotReader) step(p []byte) (int, error) {
	switch {
	case len(r.head) > 0:
		n := copy(p, r.head)
		r.head = r.head[n:]
		return n, nil
	case r.file != nil:
		n, err := r.file.Read(p)
		if err == io.EOF {
			err = r.file.Close()
			r.file = nil
		}
		return n, err
	case r.next < len(r.header.files):
		f, err := r.fs.Open(r.fs.PathJoin(r.dir, r.header.files[r.next].name), vfs.SequentialReadsOption)
		r.file = f
		r.next++
		return 0, err
	case !r.ended:
		r.ended = true
		r.tail = r.digest.Sum(nil)
		return 0, nil
	case len(r.tail) > 0:
		n := copy(p, r.tail)
		r.tail = r.tail[n:]
		return n, nil
	default:
		return 0, io.EOF
	}
}

// Close removes the links to the store's files.
func (r *snapshotReader) Close() error {
	var err error
	if r.file != nil {
		err = r.file.Close()
		r.file = nil
	}
	return errors.Join(err, r.fs.RemoveAll(r.dir))
}
