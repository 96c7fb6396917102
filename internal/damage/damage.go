// Package damage breaks a stored ledger on purpose, so that tests and the demo can
// show that it is noticed. Nothing else may use it: the ledger itself has no way to
// change what it stored.
package damage

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"
)

// Layout of a chunk of records (ledger/DESIGN.md): a head, a row for each record that
// begins with its length, and the records.
const (
	head = 16 + 16 + 8 + 8
	row  = 2 + 2 + 8 + 8
)

// FlipRecord flips the lowest bit of one byte in the middle of the stored record at
// index, below the ledger and above the checksums of Pebble's blocks: what a fault in
// memory would do between hashing and storing. No process may have the ledger open.
func FlipRecord(dir string, index uint64) error {
	return Rewrite(dir, func(db *pebble.DB) error { return flip(db, index) })
}

// FlipValue flips the lowest bit of the last byte stored under a key.
func FlipValue(dir string, key []byte) error {
	return Rewrite(dir, func(db *pebble.DB) error {
		value, closer, err := db.Get(key)
		if err != nil {
			return fmt.Errorf("key %x: %w", key, err)
		}
		changed := append([]byte{}, value...)
		changed[len(changed)-1] ^= 1
		return errors.Join(closer.Close(), db.Set(key, changed, pebble.NoSync))
	})
}

// Delete removes a key.
func Delete(dir string, key []byte) error {
	return Rewrite(dir, func(db *pebble.DB) error { return db.Delete(key, pebble.NoSync) })
}

// Rewrite opens the store of a ledger's directory, lets f change it, and makes the
// change durable.
func Rewrite(dir string, f func(db *pebble.DB) error) error {
	name, err := os.ReadFile(filepath.Join(dir, "CURRENT"))
	if err != nil {
		return err
	}
	db, err := pebble.Open(filepath.Join(dir, strings.TrimSpace(string(name))), &pebble.Options{
		FS: vfs.Default, DisableWAL: true, FormatMajorVersion: pebble.FormatValueSeparation, Logger: quiet{},
	})
	if err != nil {
		return err
	}
	err = f(db)
	if err == nil {
		err = db.Flush()
	}
	return errors.Join(err, db.Close())
}

func flip(db *pebble.DB, index uint64) error {
	it, err := db.NewIter(&pebble.IterOptions{LowerBound: []byte{'e'}, UpperBound: binary.BigEndian.AppendUint64([]byte{'e'}, index+1)})
	if err != nil {
		return err
	}
	defer it.Close()
	if !it.Last() {
		return fmt.Errorf("no record %d", index)
	}
	key := append([]byte{}, it.Key()...)
	value := append([]byte{}, it.Value()...)
	first, count := binary.BigEndian.Uint64(key[1:]), binary.BigEndian.Uint16(key[9:])
	if index >= first+uint64(count) {
		return fmt.Errorf("no record %d", index)
	}
	at := head + row*int(count)
	for i := first; i < index; i++ {
		at += int(binary.BigEndian.Uint16(value[head+row*int(i-first):]))
	}
	size := int(binary.BigEndian.Uint16(value[head+row*int(index-first):]))
	value[at+size/2] ^= 1
	return db.Set(key, value, pebble.NoSync)
}

// quiet drops Pebble's log lines.
type quiet struct{}

// Infof drops the line.
func (quiet) Infof(string, ...any) {}

// Errorf drops the line.
func (quiet) Errorf(string, ...any) {}

// Fatalf panics: the store could not be written.
func (quiet) Fatalf(format string, args ...any) { panic(fmt.Sprintf(format, args...)) }
