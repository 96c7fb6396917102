package verifier

import (
	"bufio"
	"io"
	"os"
	"path/filepath"
)

// rowsBuffer is how much of a file of rows is read or written at once, in bytes.
const rowsBuffer = 64 << 10

// rows is a file of rows of one size: what an audit knows of a cycle and need not
// hold in memory.
type rows struct {
	file *os.File
	size int    // bytes of a row
	n    uint64 // rows
	w    *bufio.Writer
}

// createRows makes an empty file of rows; another of that name is replaced.
func createRows(dir, name string, size int) (*rows, error) {
	f, err := os.OpenFile(filepath.Join(dir, name), os.O_RDWR|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return nil, err
	}
	return &rows{file: f, size: size, w: bufio.NewWriterSize(f, rowsBuffer)}, nil
}

// add appends a row.
func (r *rows) add(row []byte) error {
	r.n++
	_, err := r.w.Write(row)
	return err
}

// reset forgets all rows.
func (r *rows) reset() error {
	r.n = 0
	r.w.Reset(r.file)
	if err := r.file.Truncate(0); err != nil {
		return err
	}
	_, err := r.file.Seek(0, io.SeekStart)
	return err
}

// flush makes what was added readable.
func (r *rows) flush() error {
	if r.w == nil {
		return nil
	}
	return r.w.Flush()
}

// at reads row i.
func (r *rows) at(i uint64, row []byte) error {
	_, err := r.file.ReadAt(row[:r.size], int64(i)*int64(r.size))
	return err
}

// scan calls f with n rows from the given one on. The row is valid during the call.
func (r *rows) scan(from, n uint64, f func(i uint64, row []byte) error) error {
	in := bufio.NewReaderSize(io.NewSectionReader(r.file, int64(from)*int64(r.size), int64(n)*int64(r.size)), rowsBuffer)
	row := make([]byte, r.size)
	for i := from; i < from+n; i++ {
		if _, err := io.ReadFull(in, row); err != nil {
			return err
		}
		if err := f(i, row); err != nil {
			return err
		}
	}
	return nil
}

// search returns the first row for which f is true, or n if there is none. As for
// sort.Search, f is false for the rows before and true after.
func (r *rows) search(from, n uint64, f func(row []byte) bool) (uint64, error) {
	low, high := from, from+n
	row := make([]byte, r.size)
	for low < high {
		middle := low + (high-low)/2
		if err := r.at(middle, row); err != nil {
			return 0, err
		}
		if f(row) {
			high = middle
		} else {
			low = middle + 1
		}
	}
	return low, nil
}

// close closes the file, which stays.
func (r *rows) close() error {
	if r == nil {
		return nil
	}
	return r.file.Close()
}
