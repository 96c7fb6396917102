package consensus

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/zeebo/blake3"
)

// incarnationFile is the name of the file in Options.Dir.
const incarnationFile = "incarnation"

// incarnation is what a replica remembers of its own starts, outside both the log and
// the state. It is written before raft starts.
type incarnation struct {
	Server string
	Number uint64 // of the last start, 0 = never started
	Log    string // random name of the log this directory started with, hex
}

// format returns the file's text, which ends in its own checksum.
func (i incarnation) format() []byte {
	text := fmt.Appendf(nil, "settle incarnation v1\nserver %s\nnumber %d\nlog %s\n", i.Server, i.Number, i.Log)
	sum := blake3.Sum256(text)
	return fmt.Appendf(text, "sum %s\n", hex.EncodeToString(sum[:sumSize]))
}

// parseIncarnation reads what format writes, and nothing else.
func parseIncarnation(text []byte) (incarnation, error) {
	var i incarnation
	var sum string
	_, err := fmt.Sscanf(string(text), "settle incarnation v1\nserver %s\nnumber %d\nlog %s\nsum %s\n",
		&i.Server, &i.Number, &i.Log, &sum)
	if err != nil || !bytes.Equal(text, i.format()) {
		return i, errors.New("file of incarnations is damaged")
	}
	return i, nil
}

// readIncarnation returns the zero value if there is no file.
func readIncarnation(dir string) (incarnation, error) {
	text, err := os.ReadFile(filepath.Join(dir, incarnationFile))
	if errors.Is(err, fs.ErrNotExist) {
		return incarnation{}, nil
	}
	if err != nil {
		return incarnation{}, err
	}
	return parseIncarnation(text)
}

// write replaces the file and returns when it is on disk.
func (i incarnation) write(dir string) error {
	path := filepath.Join(dir, incarnationFile)
	if err := writeSynced(path+".tmp", i.format()); err != nil {
		return err
	}
	if err := os.Rename(path+".tmp", path); err != nil {
		return err
	}
	return syncDir(dir)
}

func writeSynced(path string, text []byte) error {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = file.Write(text)
	return errors.Join(err, file.Sync(), file.Close())
}

func syncDir(path string) error {
	dir, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}
