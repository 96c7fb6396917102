package codec

import (
	"encoding/binary"
	"fmt"
	"math"
	"unicode/utf8"
)

// Reader reads canonical CBOR item by item. The first fault sticks: afterwards
// every method returns a zero value, so callers check Err or Done once at the end.
// It never allocates before a fault, but for Text; byte strings alias the input.
type Reader struct {
	data []byte // cut off at a fault, so that the methods need not ask for one
	off  int
	err  error
}

// NewReader returns a reader over data.
func NewReader(data []byte) Reader { return Reader{data: data} }

// Err returns the first fault, which wraps ErrNotCanonical or ErrTooLarge, or nil.
func (r *Reader) Err() error { return r.err }

// Done returns the first fault, or an error if bytes are left over.
func (r *Reader) Done() error {
	if r.err == nil && r.off != len(r.data) {
		r.Fail("bytes after the value")
	}
	return r.err
}

// Offset returns how many bytes have been read.
func (r *Reader) Offset() int { return r.off }

// Fail records a fault unless there is one already.
func (r *Reader) Fail(why string) { r.fault(ErrNotCanonical, why) }

func (r *Reader) fault(kind error, why string) {
	if r.err == nil {
		r.err = fmt.Errorf("%w: %s at byte %d", kind, why, r.off)
		r.data = r.data[:r.off]
	}
}

// Peek returns the major type of the next item, or 8 at the end or after a fault.
func (r *Reader) Peek() byte {
	if r.off >= len(r.data) {
		return 8
	}
	return r.data[r.off] >> 5
}

// head reads one head of major type m and returns its argument.
func (r *Reader) head(m byte) uint64 {
	if r.off >= len(r.data) {
		r.Fail("truncated")
		return 0
	}
	first := r.data[r.off]
	if first>>5 != m {
		r.Fail("wrong type")
		return 0
	}
	info := first & 31
	if info < 24 {
		r.off++
		return uint64(info)
	}
	return r.longHead(info)
}

// longHead reads the argument that follows the initial byte, refusing forms that
// are longer than the value needs.
func (r *Reader) longHead(info byte) uint64 {
	if info > 27 {
		r.Fail("indefinite or reserved length")
		return 0
	}
	size := 1 << (info - 24)
	if len(r.data)-r.off-1 < size {
		r.Fail("truncated")
		return 0
	}
	p := r.data[r.off+1:]
	var v, least uint64
	switch info {
	case 24:
		v, least = uint64(p[0]), 24
	case 25:
		v, least = uint64(binary.BigEndian.Uint16(p)), 1<<8
	case 26:
		v, least = uint64(binary.BigEndian.Uint32(p)), 1<<16
	default:
		v, least = binary.BigEndian.Uint64(p), 1<<32
	}
	if v < least {
		r.Fail("integer or length not in its shortest form")
		return 0
	}
	r.off += 1 + size
	return v
}

// Uint reads an unsigned integer.
func (r *Reader) Uint() uint64 {
	if r.off < len(r.data) && r.data[r.off] < 24 {
		r.off++
		return uint64(r.data[r.off-1])
	}
	return r.head(MajorUint)
}

// Int reads a signed integer of 64 bits.
func (r *Reader) Int() int64 {
	negative := r.Peek() == MajorNint
	m := byte(MajorUint)
	if negative {
		m = MajorNint
	}
	v := r.head(m)
	if v > math.MaxInt64 {
		r.Fail("integer out of range")
		return 0
	}
	if negative {
		return -1 - int64(v)
	}
	return int64(v)
}

// Bytes reads a byte string of at most limit bytes; the result aliases the input.
func (r *Reader) Bytes(limit int) []byte { return r.str(MajorBytes, limit) }

// Text reads a text string of at most limit bytes of valid UTF-8.
func (r *Reader) Text(limit int) string { return string(r.text(limit)) }

func (r *Reader) text(limit int) []byte {
	s := r.str(MajorText, limit)
	if !utf8.Valid(s) {
		r.Fail("text is not UTF-8")
		return nil
	}
	return s
}

func (r *Reader) str(m byte, limit int) []byte {
	n := r.head(m)
	if r.err != nil {
		return nil
	}
	if n > uint64(limit) {
		r.fault(ErrTooLarge, "string over its limit")
		return nil
	}
	if n > uint64(len(r.data)-r.off) {
		r.Fail("truncated")
		return nil
	}
	s := r.data[r.off : r.off+int(n) : r.off+int(n)]
	r.off += int(n)
	return s
}

// Fixed reads a byte string of exactly len(dst) bytes into dst.
func (r *Reader) Fixed(dst []byte) {
	n := r.head(MajorBytes)
	if r.err != nil {
		return
	}
	if n != uint64(len(dst)) {
		r.Fail("byte string of the wrong size")
		return
	}
	if len(r.data)-r.off < len(dst) {
		r.Fail("truncated")
		return
	}
	copy(dst, r.data[r.off:])
	r.off += len(dst)
}

// hash is Fixed for a Hash, with its usual case first.
func (r *Reader) hash(dst *Hash) {
	rest := r.data[r.off:]
	if len(rest) < 34 || rest[0] != MajorBytes<<5|24 || rest[1] != 32 {
		r.Fixed(dst[:])
		return
	}
	*dst = Hash(rest[2:34])
	r.off += 34
}

// id is Fixed for an ID, with its usual case first.
func (r *Reader) id(dst *ID) {
	rest := r.data[r.off:]
	if len(rest) < 17 || rest[0] != MajorBytes<<5|16 {
		r.Fixed(dst[:])
		return
	}
	*dst = ID(rest[1:17])
	r.off += 17
}

// Array reads the head of an array of at most limit elements.
func (r *Reader) Array(limit int) int {
	n := r.head(MajorArray)
	if r.err == nil && n > uint64(limit) {
		r.fault(ErrTooLarge, "more elements than allowed")
	}
	if r.err != nil {
		return 0
	}
	return int(n)
}

// Map reads the head of a map of at most limit pairs: a map with more has an unknown
// key.
func (r *Reader) Map(limit int) int {
	n := r.head(MajorMap)
	if r.err == nil && n > uint64(limit) {
		r.Fail("more keys than there are")
	}
	if r.err != nil {
		return 0
	}
	return int(n)
}

// Key reads a map key and requires it to be k.
func (r *Reader) Key(k uint64) {
	if got := r.Uint(); r.err == nil && got != k {
		r.Fail(fmt.Sprintf("key %d where key %d belongs", got, k))
	}
}
