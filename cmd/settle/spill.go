package main

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/forgepool/settle/codec"
	"github.com/forgepool/settle/export"
)

// spillParts is into how many parts two lists are cut before they are compared: memory
// holds one part of each.
const spillParts = 64

// spill keeps items in temporary files, cut by the hash of their workload, so that
// items of one workload meet in one part whatever ids look like.
type spill struct {
	files   [spillParts]*os.File
	writers [spillParts]*bufio.Writer
	buf     []byte
	items   uint64
	charge  uint64 // of all items
}

// newSpill makes the files of one list in a directory.
func newSpill(dir, name string) (*spill, error) {
	s := new(spill)
	for i := range s.files {
		f, err := os.OpenFile(filepath.Join(dir, fmt.Sprintf("%s-%d", name, i)), os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o600)
		if err != nil {
			return nil, errors.Join(err, s.close())
		}
		s.files[i], s.writers[i] = f, bufio.NewWriterSize(f, 16<<10)
	}
	return s, nil
}

func (s *spill) close() error {
	var errs []error
	for _, f := range s.files {
		if f != nil {
			errs = append(errs, f.Close())
		}
	}
	return errors.Join(errs...)
}

// add keeps an item. Errors are of the disk, or the charges leave 63 bits.
func (s *spill) add(it *export.Item) error {
	var err error
	if s.buf, err = binary.Append(s.buf[:0], binary.LittleEndian, it); err != nil {
		return err
	}
	if s.charge += it.Charge; s.charge > codec.MaxAmount {
		return errors.New("the charges add up to 2^63 micro-Credits or more")
	}
	s.items++
	h := codec.BlobHash(it.Workload[:])
	_, err = s.writers[h[0]%spillParts].Write(s.buf)
	return err
}

// part reads the items of a part in the order in which they were added.
func (s *spill) part(i int) ([]export.Item, error) {
	if err := s.writers[i].Flush(); err != nil {
		return nil, err
	}
	size, err := s.files[i].Seek(0, io.SeekEnd)
	if err != nil {
		return nil, err
	}
	items := make([]export.Item, int(size)/binary.Size(export.Item{}))
	if _, err := s.files[i].Seek(0, io.SeekStart); err != nil {
		return nil, err
	}
	return items, binary.Read(bufio.NewReader(s.files[i]), binary.LittleEndian, items)
}
