package ledger

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"slices"
)

// ordering sorts keys: Pebble takes a sorted run much faster than a random one. Keys
// are compared by the eight bytes after what all have in common, and in full only if
// these are equal.
type ordering struct {
	keys    []byte
	entries []ordered
}

type ordered struct {
	prefix       uint64
	from, to, at int32
}

func (o *ordering) fill(n int, key func(b []byte, i int) []byte) {
	o.keys, o.entries = o.keys[:0], o.entries[:0]
	for i := range n {
		from := len(o.keys)
		o.keys = key(o.keys, i)
		o.entries = append(o.entries, ordered{from: int32(from), to: int32(len(o.keys)), at: int32(i)})
	}
	if n < 2 {
		return
	}
	skip := o.common()
	for i := range o.entries {
		e := &o.entries[i]
		e.prefix = prefix(o.bytes(e)[skip:])
	}
	slices.SortFunc(o.entries, func(a, b ordered) int {
		if a.prefix != b.prefix {
			return cmp.Compare(a.prefix, b.prefix)
		}
		return bytes.Compare(o.bytes(&a), o.bytes(&b))
	})
}

func (o *ordering) bytes(e *ordered) []byte { return o.keys[e.from:e.to] }

// common returns how many bytes all keys begin with.
func (o *ordering) common() int {
	first := o.bytes(&o.entries[0])
	n := len(first)
	for i := range o.entries[1:] {
		k := o.bytes(&o.entries[i+1])
		n = min(n, len(k))
		for !bytes.Equal(k[:n], first[:n]) {
			n--
		}
	}
	return n
}

// prefix returns the first eight bytes, filled up with zeros: never more for the lesser
// of two keys.
func prefix(k []byte) uint64 {
	if len(k) >= 8 {
		return binary.BigEndian.Uint64(k)
	}
	var room [8]byte
	copy(room[:], k)
	return binary.BigEndian.Uint64(room[:])
}
