package main

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/forgepool/settle/codec"
	"github.com/forgepool/settle/export"
)

// stored is a record at hand with the blobs that it names.
type stored struct {
	index  uint64
	record []byte
	blobs  map[codec.Hash][]byte
}

// get is the source of blobs.
func (s *stored) get(hash codec.Hash) ([]byte, error) {
	if blob, ok := s.blobs[hash]; ok {
		return blob, nil
	}
	return nil, errors.New("the spool has no such blob")
}

// writeSpool writes a genesis and settlements until they make so many rows.
func writeSpool(name string, rows, components int) error {
	file, err := os.Create(name)
	if err != nil {
		return err
	}
	w := bufio.NewWriterSize(file, 1<<20)
	put := func(data []byte) {
		_, _ = w.Write(binary.BigEndian.AppendUint32(nil, uint32(len(data)))) // Flush tells of errors
		_, _ = w.Write(data)
	}
	m, err := newMaker(components)
	if err != nil {
		return err
	}
	put(m.genesis)
	for left := rows; left > 0; left -= components {
		record, blobs, err := m.next()
		if err != nil {
			return err
		}
		put(record)
		put([]byte{byte(len(blobs))})
		for _, blob := range blobs {
			hash := codec.BlobHash(blob)
			put(append(hash[:], blob...))
		}
	}
	return errors.Join(w.Flush(), file.Close())
}

// spool reads what writeSpool wrote.
type spool struct {
	r    *bufio.Reader
	next uint64
}

// openSpool returns the settlements of a spool and the ledger that they are of.
func openSpool(file io.Reader) (*spool, *export.Ledger, error) {
	s := &spool{r: bufio.NewReaderSize(file, 1<<20)}
	genesis, err := s.read()
	if err != nil {
		return nil, nil, err
	}
	ledger, err := export.ReadLedger(genesis)
	return s, ledger, err
}

func (s *spool) read() ([]byte, error) {
	var length [4]byte
	if _, err := io.ReadFull(s.r, length[:]); err != nil {
		return nil, err
	}
	data := make([]byte, min(binary.BigEndian.Uint32(length[:]), codec.MaxAttachment+64))
	_, err := io.ReadFull(s.r, data)
	return data, err
}

// page returns the next records, at most so many; none at the end.
func (s *spool) page(limit int) ([]stored, error) {
	var page []stored
	for len(page) < limit {
		record, err := s.read()
		if err == io.EOF {
			return page, nil
		}
		if err != nil {
			return nil, err
		}
		count, err := s.read()
		if err != nil {
			return nil, err
		}
		s.next++
		one := stored{index: s.next, record: record, blobs: map[codec.Hash][]byte{}}
		for range count[0] {
			blob, err := s.read()
			if err != nil {
				return nil, fmt.Errorf("record %d: %w", s.next, err)
			}
			one.blobs[codec.Hash(blob[:32])] = blob[32:]
		}
		page = append(page, one)
	}
	return page, nil
}
