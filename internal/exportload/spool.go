package main

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"

	"github.com/forgepool/settle/codec"
	"github.com/forgepool/settle/export"
)

// stored is a record at hand with the blobs that it names.
type stored struct {
	index  uint64
	record []byte
	blobs  []named
}

type named struct {
	hash codec.Hash
	data []byte
}

// get is the source of blobs.
func (s *stored) get(hash codec.Hash) ([]byte, error) {
	for i := range s.blobs {
		if s.blobs[i].hash == hash {
			return s.blobs[i].data, nil
		}
	}
	return nil, errors.New("the spool has no such blob")
}

// maxPart bounds a part of the spool: the genesis, or so many records with their blobs.
const maxPart = 64 << 20

// writeSpool writes a genesis and settlements until they make so many rows: in parts with
// their length in front, a page each. In a part each piece has its length in front.
func writeSpool(name string, rows, components int) error {
	file, err := os.Create(name)
	if err != nil {
		return err
	}
	m, err := newMaker(components)
	if err != nil {
		return err
	}
	err = writePart(file, m.genesis)
	var part []byte
	for left, n := rows, 1; left > 0 && err == nil; left, n = left-components, n+1 {
		record, blobs, makeErr := m.next()
		if makeErr != nil {
			return makeErr
		}
		part = append(appendPiece(part, record), byte(len(blobs)))
		for _, blob := range blobs {
			hash := codec.BlobHash(blob)
			part = appendPiece(append(part, hash[:]...), blob)
		}
		if n%pageSize == 0 || left <= components {
			err = writePart(file, part)
			part = part[:0]
		}
	}
	return errors.Join(err, file.Close())
}

func appendPiece(b, data []byte) []byte {
	return append(binary.BigEndian.AppendUint32(b, uint32(len(data))), data...)
}

func writePart(w io.Writer, part []byte) error {
	if len(part) > maxPart {
		return fmt.Errorf("a page of %d bytes", len(part))
	}
	_, err := w.Write(appendPiece(nil, part))
	return err
}

// spool reads what writeSpool wrote.
type spool struct {
	r    io.Reader
	next uint64
}

// openSpool returns the settlements of a spool and the ledger that they are of.
func openSpool(file io.Reader) (*spool, *export.Ledger, error) {
	s := &spool{r: file}
	genesis, err := s.part(nil)
	if err != nil {
		return nil, nil, err
	}
	ledger, err := export.ReadLedger(genesis)
	return s, ledger, err
}

// part returns the next part; it takes the room if it is large enough.
func (s *spool) part(room []byte) ([]byte, error) {
	var length [4]byte
	if _, err := io.ReadFull(s.r, length[:]); err != nil {
		return nil, err
	}
	n := int(binary.BigEndian.Uint32(length[:]))
	if n > maxPart {
		return nil, fmt.Errorf("a page of %d bytes", n)
	}
	data := slices.Grow(room[:0], n)[:n]
	_, err := io.ReadFull(s.r, data)
	return data, err
}

// page is records in a row and the room they stand in.
type page struct {
	room    []byte
	records []stored
	blobs   []named
	err     error
}

// read reads the next page; the one before it is of no use then. No records at the end.
func (x *page) read(s *spool) {
	x.records, x.blobs = x.records[:0], x.blobs[:0]
	if x.room, x.err = s.part(x.room); x.err != nil {
		if x.err == io.EOF {
			x.err = nil
		}
		return
	}
	for rest := x.room; len(rest) > 0; {
		s.next++
		one := stored{index: s.next}
		one.record, rest = cutPiece(rest)
		count, first := int(rest[0]), len(x.blobs)
		rest = rest[1:]
		for range count {
			blob := named{hash: codec.Hash(rest[:32])}
			blob.data, rest = cutPiece(rest[32:])
			x.blobs = append(x.blobs, blob)
		}
		one.blobs = x.blobs[first:len(x.blobs):len(x.blobs)]
		x.records = append(x.records, one)
	}
}

// cutPiece takes a piece off; the process made the spool itself.
func cutPiece(b []byte) (piece, rest []byte) {
	n := 4 + binary.BigEndian.Uint32(b)
	return b[4:n:n], b[n:]
}
