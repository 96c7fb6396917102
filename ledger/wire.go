package ledger

import (
	"encoding/binary"

	"github.com/forgepool/settle/codec"
)

// Values in the store are hand-written: fixed order, big-endian integers, unsigned
// varints for counts and small numbers, a byte 0 or 1 before what may be absent.

func appendBlock(b, x []byte) []byte {
	return append(binary.AppendUvarint(b, uint64(len(x))), x...)
}

func appendFlag(b []byte, x bool) []byte {
	if x {
		return append(b, 1)
	}
	return append(b, 0)
}

func appendUvarints(b []byte, list ...uint64) []byte {
	for _, n := range list {
		b = binary.AppendUvarint(b, n)
	}
	return b
}

func appendOptionalID(b []byte, x *codec.ID) []byte {
	if x == nil {
		return append(b, 0)
	}
	return append(append(b, 1), x[:]...)
}

func appendOptionalHash(b []byte, x *codec.Hash) []byte {
	if x == nil {
		return append(b, 0)
	}
	return append(append(b, 1), x[:]...)
}

// values reads a stored value. The first fault sticks; the caller asks done once.
type values struct {
	b   []byte
	bad bool
}

func (v *values) take(n int) []byte {
	if v.bad || n < 0 || n > len(v.b) {
		v.bad = true
		return nil
	}
	x := v.b[:n:n]
	v.b = v.b[n:]
	return x
}

func (v *values) u8() byte {
	if x := v.take(1); x != nil {
		return x[0]
	}
	return 0
}

func (v *values) u64() uint64 {
	if x := v.take(8); x != nil {
		return binary.BigEndian.Uint64(x)
	}
	return 0
}

func (v *values) u32() uint32 {
	if x := v.take(4); x != nil {
		return binary.BigEndian.Uint32(x)
	}
	return 0
}

// flag reads a byte that must be 0 or 1.
func (v *values) flag() bool {
	x := v.u8()
	v.bad = v.bad || x > 1
	return x == 1
}

// u32count reads a fixed-size number of items that have a u32 each.
func (v *values) u32count() int {
	n := v.u32()
	if uint64(n) > uint64(len(v.b)/4) {
		v.bad = true
		return 0
	}
	return int(n)
}

func (v *values) uvarint() uint64 {
	x, n := binary.Uvarint(v.b)
	if v.bad || n <= 0 {
		v.bad = true
		return 0
	}
	v.b = v.b[n:]
	return x
}

// count reads the number of items of at least size bytes each.
func (v *values) count(size int) int {
	n := v.uvarint()
	if n > uint64(len(v.b)/size) {
		v.bad = true
		return 0
	}
	return int(n)
}

func (v *values) block() []byte {
	n := v.uvarint()
	if n > uint64(len(v.b)) {
		v.bad = true
		return nil
	}
	return v.take(int(n))
}

func (v *values) hash() (h codec.Hash) { copy(h[:], v.take(32)); return h }

func (v *values) id() (x codec.ID) { copy(x[:], v.take(16)); return x }

func (v *values) optionalHash() *codec.Hash {
	if v.u8() == 0 {
		return nil
	}
	h := v.hash()
	return &h
}

func (v *values) optionalID() *codec.ID {
	if v.u8() == 0 {
		return nil
	}
	x := v.id()
	return &x
}

// done says whether the whole value was read without a fault.
func (v *values) done() bool { return !v.bad && len(v.b) == 0 }
