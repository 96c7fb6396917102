package wasm

import (
	"fmt"
	"unicode/utf8"
)

// reader walks over the bytes of a module. The first fault stays; after it every read
// returns zero and no loop may go on.
type reader struct {
	data   []byte
	offset int
	end    int // where the section or body that is read ends
	fault  *Refusal
}

// refuse notes a fault at an offset, unless there is one already.
func (r *reader) refuse(reason Reason, offset int, format string, args ...any) {
	if r.fault == nil {
		r.fault = &Refusal{Reason: reason, Offset: offset, Detail: fmt.Sprintf(format, args...)}
	}
}

func (r *reader) left() int { return r.end - r.offset }

// byte reads one byte.
func (r *reader) byte() byte {
	if r.fault != nil {
		return 0
	}
	if r.offset >= r.end {
		r.refuse(ReasonMalformed, r.offset, "ends too early")
		return 0
	}
	b := r.data[r.offset]
	r.offset++
	return b
}

// u32 reads an unsigned LEB128 number: at most five bytes, no bits beyond the 32nd.
func (r *reader) u32() uint32 {
	start, value := r.offset, uint64(0)
	for shift := 0; shift < 35; shift += 7 {
		b := r.byte()
		value |= uint64(b&0x7f) << shift
		if b < 0x80 {
			if value > 1<<32-1 {
				r.refuse(ReasonMalformed, start, "a number of more than 32 bits")
				return 0
			}
			return uint32(value)
		}
	}
	r.refuse(ReasonMalformed, start, "a number of more than 5 bytes")
	return 0
}

// signed reads a signed LEB128 number of 32 or 64 bits; the bits beyond must repeat
// the sign.
func (r *reader) signed(bits int) int64 {
	start, value := r.offset, int64(0)
	for shift := 0; shift < bits; shift += 7 {
		b := r.byte()
		value |= int64(b&0x7f) << shift
		if b >= 0x80 {
			continue
		}
		if room := bits - shift; room < 7 {
			// The sign is at bit room-1; all of the seven from there on must be equal.
			if rest := int8(b<<1) >> room; rest != 0 && rest != -1 {
				r.refuse(ReasonMalformed, start, "a number of more than %d bits", bits)
			}
			return value
		}
		if b&0x40 != 0 && shift+7 < 64 {
			value |= -1 << (shift + 7)
		}
		return value
	}
	r.refuse(ReasonMalformed, start, "a number of more than %d bits", bits)
	return 0
}

// count reads the length of a list whose elements take at least one byte each.
func (r *reader) count(what string, limit int) int {
	start := r.offset
	n := r.u32()
	if n > uint32(limit) {
		r.refuse(ReasonLimit, start, "%d %s, at most %d", n, what, limit)
		return 0
	}
	if int(n) > r.left() {
		r.refuse(ReasonMalformed, start, "%d %s in %d bytes", n, what, r.left())
		return 0
	}
	return int(n)
}

// bytes reads n bytes without copying them.
func (r *reader) bytes(n uint32) []byte {
	if r.fault == nil && uint64(n) > uint64(r.left()) {
		r.refuse(ReasonMalformed, r.offset, "%d bytes, %d are left", n, r.left())
	}
	if r.fault != nil {
		return nil
	}
	b := r.data[r.offset : r.offset+int(n)]
	r.offset += int(n)
	return b
}

// name reads a text.
func (r *reader) name() string {
	start := r.offset
	b := r.bytes(r.u32())
	if !utf8.Valid(b) {
		r.refuse(ReasonMalformed, start, "a name that is not UTF-8")
	}
	return string(b)
}

// The value types of the profile, and what stands for others.
const (
	typeI32 byte = 0x7f
	typeI64 byte = 0x7e
	typeAny byte = 0x00 // in code that is never reached: fits every type
	noType  byte = 0x40 // of a block without result
)

// valueType reads a type.
func (r *reader) valueType() byte {
	start := r.offset
	t := r.byte()
	r.checkType(t, start)
	return t
}

func (r *reader) checkType(t byte, offset int) {
	switch t {
	case typeI32, typeI64:
	case 0x7d, 0x7c:
		r.refuse(ReasonFloat, offset, "a floating-point type")
	default:
		r.refuse(ReasonType, offset, "type %#x", t)
	}
}
