package ledger

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"sync/atomic"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"
)

// A ledger's directory holds CURRENT, a file with the name of the live store, and
// that store's directory. Anything else in it that this package made is left over
// from a snapshot and removed at Open.
const (
	currentFile  = "CURRENT"
	storePrefix  = "store-"
	incomingName = "incoming"
	outgoingName = "outgoing"
)

// store is one open Pebble with the number of its users: the ledger and each
// snapshot. The last one closes it, and removes it if it was replaced.
type store struct {
	db   *pebble.DB
	fs   vfs.FS
	path string
	refs atomic.Int64
	drop atomic.Bool // replaced: remove the files on close
}

func openStore(o Options, path string) (*store, error) {
	db, err := pebble.Open(path, o.pebbleOptions())
	if err != nil {
		return nil, err
	}
	s := &store{db: db, fs: o.FS, path: path}
	s.refs.Store(1)
	return s, nil
}

func (s *store) acquire() { s.refs.Add(1) }

func (s *store) release() error {
	if s.refs.Add(-1) > 0 {
		return nil
	}
	err := s.db.Close()
	if s.drop.Load() {
		err = errors.Join(err, s.fs.RemoveAll(s.path))
	}
	return err
}

// readCurrent returns the name of the live store, ErrNoLedger if there is none.
func readCurrent(fs vfs.FS, dir string) (string, error) {
	f, err := fs.Open(fs.PathJoin(dir, currentFile))
	if err != nil {
		if isNotExist(err) {
			return "", fmt.Errorf("%s: %w", dir, ErrNoLedger)
		}
		return "", err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, 256))
	if err != nil {
		return "", err
	}
	name := strings.TrimSuffix(string(data), "\n")
	if !strings.HasPrefix(name, storePrefix) || strings.ContainsAny(name, "/\\\n") {
		return "", damaged(NoIndex, nil, "%s names no store: %q", currentFile, data)
	}
	return name, nil
}

// writeCurrent makes a store the live one. The rename is the instant at which that
// happens; it is durable when writeCurrent returns.
func writeCurrent(fs vfs.FS, dir, name string) error {
	temp := fs.PathJoin(dir, currentFile+".tmp")
	f, err := fs.Create(temp, vfs.WriteCategoryUnspecified)
	if err != nil {
		return err
	}
	_, err = f.Write([]byte(name + "\n"))
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return err
	}
	if err := fs.Rename(temp, fs.PathJoin(dir, currentFile)); err != nil {
		return err
	}
	return syncDir(fs, dir)
}

func syncDir(fs vfs.FS, dir string) error {
	d, err := fs.OpenDir(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// removeOrphans deletes stores that are not the live one.
func removeOrphans(fs vfs.FS, dir, live string) error {
	names, err := fs.List(dir)
	if err != nil {
		return err
	}
	for _, name := range names {
		orphan := strings.HasPrefix(name, storePrefix) && name != live
		if orphan || strings.HasPrefix(name, incomingName) || strings.HasPrefix(name, outgoingName) {
			if err := fs.RemoveAll(fs.PathJoin(dir, name)); err != nil {
				return err
			}
		}
	}
	return nil
}
