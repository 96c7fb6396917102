package ledger

import (
	"encoding/binary"
	"errors"
	"fmt"
	"strings"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/zeebo/blake3"

	"github.com/forgepool/settle/codec"
)

// Installer receives a snapshot stream into a directory of its own. Until Swap the
// live store is untouched, whatever goes wrong. One goroutine uses it.
type Installer struct {
	l       *Ledger
	dir     string
	digest  *blake3.Hasher
	pending []byte // of the head or the digest, until complete
	header  *streamHeader
	at      int // file being written, len(files) when all are done
	file    vfs.File
	left    uint64
	fileSum *blake3.Hasher
	spoiled []byte // what a file is given: a vfs.File may overwrite its argument
	name    string // of the verified store
	err     error  // the first fault
	over    bool   // the digest was right: nothing may follow
}

// NewInstaller begins to receive a snapshot. There can be one at a time: what an
// earlier one left is removed.
func (l *Ledger) NewInstaller() (*Installer, error) {
	in := &Installer{l: l, dir: l.o.FS.PathJoin(l.dir, incomingName), digest: blake3.New()}
	if err := l.o.FS.RemoveAll(in.dir); err != nil {
		return nil, err
	}
	if err := l.o.FS.MkdirAll(in.dir, 0o700); err != nil {
		return nil, err
	}
	return in, nil
}

// Write takes the next bytes of the stream. Errors wrap ErrBadSnapshot or ErrStale, or
// come from the file system; after one the Installer is good for Abort only.
func (in *Installer) Write(p []byte) (int, error) {
	total := len(p)
	for len(p) > 0 && in.err == nil {
		var n int
		n, in.err = in.take(p)
		p = p[n:]
	}
	return total - len(p), in.err
}

// take uses some bytes from the front of p.
func (in *Installer) take(p []byte) (int, error) {
	switch {
	case in.over:
		return 0, fmt.Errorf("%w: bytes after its end", ErrBadSnapshot)
	case in.header == nil:
		return in.takeHead(p)
	case in.at < len(in.header.files):
		return in.takeFile(p)
	default:
		return in.takeDigest(p)
	}
}

// gather moves bytes from p to pending until that has want bytes.
func (in *Installer) gather(p []byte, want int) (n int, complete bool) {
	n = min(len(p), want-len(in.pending))
	in.pending = append(in.pending, p[:n]...)
	return n, len(in.pending) == want
}

func (in *Installer) takeHead(p []byte) (int, error) {
	const fixed = len(streamMagic) + 4
	if len(in.pending) < fixed {
		n, complete := in.gather(p, fixed)
		if complete && string(in.pending[:len(streamMagic)]) != streamMagic {
			return n, fmt.Errorf("%w: not a snapshot of this version", ErrBadSnapshot)
		}
		return n, nil
	}
	size := binary.BigEndian.Uint32(in.pending[len(streamMagic):])
	if size > maxHeader {
		return 0, fmt.Errorf("%w: header of %d bytes", ErrBadSnapshot, size)
	}
	n, complete := in.gather(p, fixed+int(size))
	if !complete {
		return n, nil
	}
	in.digest.Write(in.pending)
	h, err := decodeHeader(in.pending[fixed:])
	if err == nil {
		err = in.accept(h)
	}
	if err != nil {
		return n, err
	}
	in.header, in.pending = h, nil
	return n, in.openFile()
}

// accept checks what the header claims against our own ledger.
func (in *Installer) accept(h *streamHeader) error {
	facts := in.l.Facts()
	if h.origin != facts.OriginA || h.genesis != facts.Leaf {
		return fmt.Errorf("%w: it is of the ledger %s", ErrBadSnapshot, h.origin)
	}
	if own := in.l.Applied(); h.applied.Index <= own.Index || h.applied.Size < own.Size {
		return fmt.Errorf("%w: it is at %d with %d records, the state at %d with %d",
			ErrStale, h.applied.Index, h.applied.Size, own.Index, own.Size)
	}
	for _, f := range h.files {
		if f.name == "" || f.name == "." || f.name == ".." || strings.ContainsAny(f.name, "/\\\x00") {
			return fmt.Errorf("%w: file name %q", ErrBadSnapshot, f.name)
		}
	}
	return nil
}

// openFile creates the file that the next bytes belong to; empty ones are complete at
// once.
func (in *Installer) openFile() error {
	for in.at < len(in.header.files) {
		f := &in.header.files[in.at]
		file, err := in.l.o.FS.Create(in.l.o.FS.PathJoin(in.dir, f.name), vfs.WriteCategoryUnspecified)
		if err != nil {
			return err
		}
		in.file, in.left, in.fileSum = file, f.size, blake3.New()
		if f.size > 0 {
			return nil
		}
		if err := in.closeFile(); err != nil {
			return err
		}
	}
	return nil
}

func (in *Installer) takeFile(p []byte) (int, error) {
	n := int(min(uint64(len(p)), in.left))
	in.digest.Write(p[:n])
	in.fileSum.Write(p[:n])
	in.spoiled = append(in.spoiled[:0], p[:n]...)
	if _, err := in.file.Write(in.spoiled); err != nil {
		return n, err
	}
	if in.left -= uint64(n); in.left > 0 {
		return n, nil
	}
	if err := in.closeFile(); err != nil {
		return n, err
	}
	return n, in.openFile()
}

// closeFile makes a complete file durable and checks its digest.
func (in *Installer) closeFile() error {
	f := &in.header.files[in.at]
	err := errors.Join(in.file.Sync(), in.file.Close())
	in.file = nil
	if err != nil {
		return err
	}
	if codec.Hash(in.fileSum.Sum(nil)) != f.hash {
		return fmt.Errorf("%w: file %s does not have its digest", ErrBadSnapshot, f.name)
	}
	in.at++
	return nil
}

func (in *Installer) takeDigest(p []byte) (int, error) {
	n, complete := in.gather(p, 32)
	if complete {
		if string(in.pending) != string(in.digest.Sum(nil)) {
			return n, fmt.Errorf("%w: the stream does not have its digest", ErrBadSnapshot)
		}
		in.over = true
	}
	return n, nil
}

// Finish verifies what was received: it opens the store, recomputes roots and state
// sum and compares them with the header. The store is durable when Finish returns.
// Errors wrap ErrBadSnapshot, or come from the file system; Abort must follow then.
func (in *Installer) Finish() (Meta, error) {
	if in.err == nil && !in.over {
		in.err = fmt.Errorf("%w: it ends early", ErrBadSnapshot)
	}
	if in.err == nil {
		in.err = in.verify()
	}
	if in.err != nil {
		return Meta{}, in.err
	}
	return in.header.meta(), nil
}

// verify checks the store, notes in it that it was installed, and gives it its name.
func (in *Installer) verify() error {
	fs := in.l.o.FS
	if err := syncDir(fs, in.dir); err != nil {
		return err
	}
	o := in.l.o
	o.SkipScrub = false
	store, err := openAt(in.l.dir, incomingName, o, checkedFully)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrBadSnapshot, err)
	}
	if store.applied != in.header.applied || store.state.facts.Leaf != in.header.genesis {
		return errors.Join(fmt.Errorf("%w: the store is not at the state of the header", ErrBadSnapshot), store.discard())
	}
	store.applied.Installed = store.applied.Index
	store.changed = true
	store.commit()
	if err := errors.Join(store.Flush(), store.discard()); err != nil {
		return err
	}
	name := fmt.Sprintf("%s%d", storePrefix, in.header.applied.Index)
	if err := fs.RemoveAll(fs.PathJoin(in.l.dir, name)); err != nil {
		return err
	}
	if err := fs.Rename(in.dir, fs.PathJoin(in.l.dir, name)); err != nil {
		return err
	}
	in.name = name
	return syncDir(fs, in.l.dir)
}

// Abort removes what was received. After Swap it does nothing.
func (in *Installer) Abort() error {
	if in.err == nil {
		in.err = ErrClosed
	}
	var err error
	if in.file != nil {
		err = in.file.Close()
		in.file = nil
	}
	fs := in.l.o.FS
	err = errors.Join(err, fs.RemoveAll(in.dir))
	if in.name != "" {
		err = errors.Join(err, fs.RemoveAll(fs.PathJoin(in.l.dir, in.name)))
		in.name = ""
	}
	return err
}

// Swap makes a verified snapshot the live store. The instant of the change is the
// renaming of CURRENT. An error before it leaves everything as it was; a *SwapError
// comes from then on, and the process must stop, for memory and disk may differ.
// Snapshots that are open keep the old store's files until they are closed.
func (l *Ledger) Swap(in *Installer) error {
	switch {
	case in.err != nil:
		return in.err
	case in.name == "":
		return fmt.Errorf("%w: not verified", ErrBadSnapshot)
	case in.header.applied.Index <= l.applied.Index:
		return ErrStale
	}
	next, err := openAt(l.dir, in.name, l.o, checkedEdge)
	if err != nil {
		return err
	}
	if err := writeCurrent(l.o.FS, l.dir, in.name); err != nil {
		return errors.Join(&SwapError{Err: err}, next.discard())
	}
	in.name, in.err = "", ErrClosed
	old := l.replace(next)
	old.drop.Store(true)
	if err := old.release(); err != nil {
		return &SwapError{Err: err}
	}
	return nil
}

// SwapError says that CURRENT may name the new store already: the process must stop
// (exit 70) and start again.
type SwapError struct{ Err error }

// Error says what failed.
func (e *SwapError) Error() string { return "ledger: replacing the store: " + e.Err.Error() }

// Unwrap returns what failed.
func (e *SwapError) Unwrap() error { return e.Err }

// replace takes over the state of a ledger just opened and returns the old store.
func (l *Ledger) replace(next *Ledger) *store {
	old := l.store
	l.warm.cancel()
	_ = l.w.batch.Close() // nothing in it: the last Apply committed
	l.state, l.treeA, l.treeB = next.state, next.treeA, next.treeB
	l.applied, l.w, l.sealed, l.operators = next.applied, next.w, next.sealed, next.operators
	l.intent, l.newest, l.batches, l.warm = next.intent, next.newest, nil, next.warm
	l.bind()
	l.mu.Lock()
	defer l.mu.Unlock()
	l.store, l.view = next.store, next.view
	return old
}
