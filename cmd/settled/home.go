package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// home is a data directory.
type home string

func (h home) in(name string) string { return filepath.Join(string(h), name) }

func (h home) conf() string          { return h.in("settled.conf") }
func (h home) identity() string      { return h.in("identity") }
func (h home) authority() string     { return h.in("authority") }
func (h home) nodeKey() string       { return h.in("node.key") }
func (h home) checkpointKey() string { return h.in("checkpoint.key") }
func (h home) genesis() string       { return h.in("genesis.record") }
func (h home) ledger() string        { return h.in("ledger") }

// path returns a path of the settings: relative ones begin at the directory.
func (h home) path(name string) string {
	if name == "" || filepath.IsAbs(name) {
		return name
	}
	return h.in(name)
}

// maxConf bounds settled.conf in bytes.
const maxConf = 1 << 20

// exists says whether a file is there.
func exists(name string) bool {
	_, err := os.Lstat(name)
	return !errors.Is(err, fs.ErrNotExist)
}

// readFile reads a file of at most limit bytes.
func readFile(name string, limit int64) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err == nil && int64(len(data)) > limit {
		err = fmt.Errorf("%s has more than %d bytes", name, limit)
	}
	return data, err
}

// writeFile replaces a file, whole or not at all, and durably.
func writeFile(name string, data []byte, mode os.FileMode) error {
	f, err := os.CreateTemp(filepath.Dir(name), filepath.Base(name)+".*")
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	err = errors.Join(err, f.Chmod(mode), f.Sync(), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), name)
	}
	if err != nil {
		return errors.Join(fmt.Errorf("writing %s: %w", name, err), os.Remove(f.Name()))
	}
	return syncDir(filepath.Dir(name))
}

func syncDir(name string) error {
	d, err := os.Open(name)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
