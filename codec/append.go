package codec

import (
	"encoding/binary"
	"math"
)

// Major types of CBOR that a canonical value may use (RFC 8949 section 3.1).
const (
	MajorUint  = 0
	MajorNint  = 1
	MajorBytes = 2
	MajorText  = 3
	MajorArray = 4
	MajorMap   = 5
)

// appendHead appends the shortest head of major type m with argument v.
func appendHead(b []byte, m byte, v uint64) []byte {
	m <<= 5
	switch {
	case v < 24:
		return append(b, m|byte(v))
	case v <= math.MaxUint8:
		return append(b, m|24, byte(v))
	case v <= math.MaxUint16:
		return append(b, m|25, byte(v>>8), byte(v))
	case v <= math.MaxUint32:
		return binary.BigEndian.AppendUint32(append(b, m|26), uint32(v))
	default:
		return binary.BigEndian.AppendUint64(append(b, m|27), v)
	}
}

// AppendUint appends an unsigned integer.
func AppendUint(b []byte, v uint64) []byte { return appendHead(b, MajorUint, v) }

// AppendInt appends a signed integer.
func AppendInt(b []byte, v int64) []byte {
	if v < 0 {
		return appendHead(b, MajorNint, uint64(-1-v))
	}
	return appendHead(b, MajorUint, uint64(v))
}

// AppendBytes appends a byte string.
func AppendBytes(b, v []byte) []byte { return append(appendHead(b, MajorBytes, uint64(len(v))), v...) }

// AppendText appends a text string, which must be valid UTF-8.
func AppendText(b []byte, v string) []byte {
	return append(appendHead(b, MajorText, uint64(len(v))), v...)
}

// AppendArray appends the head of an array of n elements.
func AppendArray(b []byte, n int) []byte { return appendHead(b, MajorArray, uint64(n)) }

// AppendMap appends the head of a map of n pairs.
func AppendMap(b []byte, n int) []byte { return appendHead(b, MajorMap, uint64(n)) }

// The rest writes map entries: a key below 256, then the value.

func appendKey(b []byte, key byte) []byte {
	if key < 24 {
		return append(b, key)
	}
	return append(b, 24, key)
}

func appendUintAt(b []byte, key byte, v uint64) []byte { return AppendUint(appendKey(b, key), v) }

func appendIDAt(b []byte, key byte, v *ID) []byte {
	return append(append(appendKey(b, key), MajorBytes<<5|16), v[:]...)
}

func appendHashAt(b []byte, key byte, v *Hash) []byte { return appendHash(appendKey(b, key), v) }

func appendHash(b []byte, v *Hash) []byte {
	return append(append(b, MajorBytes<<5|24, 32), v[:]...)
}

func appendHashesAt(b []byte, key byte, list []Hash) []byte {
	b = AppendArray(appendKey(b, key), len(list))
	for i := range list {
		b = appendHash(b, &list[i])
	}
	return b
}

// appendOptionalAt writes nothing for an absent value.
func appendOptionalAt(b []byte, key byte, v *uint64) []byte {
	if v == nil {
		return b
	}
	return appendUintAt(b, key, *v)
}

// present counts the values that are there.
func present(list ...bool) (n int) {
	for _, there := range list {
		if there {
			n++
		}
	}
	return n
}
