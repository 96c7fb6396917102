package replay

import (
	"encoding/binary"
	"math/bits"
)

// wideSize is the size of a 128-bit sum in an output, BE128u or BE128s.
const wideSize = 16

// wide is a 128-bit integer. Whether it is unsigned or in two's complement is known
// to its user: addition is the same, only the overflow differs.
type wide struct{ hi, lo uint64 }

// add adds an unsigned number. The sums of a run cannot overflow: at most 2^26
// terms below 2^94.
func (w *wide) add(hi, lo uint64) {
	var carry uint64
	w.lo, carry = bits.Add64(w.lo, lo, 0)
	w.hi += hi + carry
}

// addInt adds a signed number.
func (w *wide) addInt(v int64) { w.add(uint64(v>>63), uint64(v)) }

// merge adds another unsigned sum and reports whether the total fits 16 bytes.
func (w *wide) merge(o wide) bool {
	var carry uint64
	w.lo, carry = bits.Add64(w.lo, o.lo, 0)
	w.hi, carry = bits.Add64(w.hi, o.hi, carry)
	return carry == 0
}

// mergeInt adds another signed sum and reports whether the total fits 16 bytes.
func (w *wide) mergeInt(o wide) bool {
	before := w.hi
	w.add(o.hi, o.lo)
	return (before^w.hi)&(o.hi^w.hi)>>63 == 0
}

// bytes returns the big-endian form.
func (w wide) bytes() (b [wideSize]byte) {
	binary.BigEndian.PutUint64(b[:8], w.hi)
	binary.BigEndian.PutUint64(b[8:], w.lo)
	return b
}

// wideFrom reads the big-endian form.
func wideFrom(b [wideSize]byte) wide {
	return wide{hi: binary.BigEndian.Uint64(b[:8]), lo: binary.BigEndian.Uint64(b[8:])}
}
