package replay

import (
	"encoding/binary"
	"math/bits"
)

// mention is one place where an input names a key: the offset of the key's length, which
// two bytes hold and the key follows. head holds the next seven bytes of the key, zeros
// where it ends, and below them how many bytes it has from there on, 8 for all that is
// more: so heads are in the order of the keys, as far as they tell.
type mention struct {
	head uint64
	key  uint32
	seq  uint32 // number of the mention, for whoever sorts
}

// mentionBytes is how much of a key a head holds, mentionMore the low byte of one that
// does not hold all.
const (
	mentionBytes = 7
	mentionMore  = mentionBytes + 1
)

// keySorter sorts mentions by their keys, bytewise, a prefix first. It takes no memory but
// its scratch.
type keySorter struct {
	data    []byte
	same    func(same []mention) // called with all mentions of a key, in order of the keys
	scratch [scratchMentions]mention
}

// scratchMentions are sorted by way of the scratch: what is larger is sorted in place,
// which waits for memory more often.
const scratchMentions = 4096

// sort calls same for each key of list, whose mentions agree in their first depth bytes
// and have their heads from there on. It calls itself for those that agree in seven more:
// 9,362 calls deep at most.
func (s *keySorter) sort(list []mention, depth int) {
	s.byHead(list)
	for len(list) > 0 {
		head, n := list[0].head, 1
		for n < len(list) && list[n].head == head {
			n++
		}
		if head&0xff == mentionMore && n > 1 {
			for i := range list[:n] {
				list[i].head = keyHead(s.data, list[i].key, depth+mentionBytes)
			}
			s.sort(list[:n], depth+mentionBytes)
		} else {
			s.same(list[:n])
		}
		list = list[n:]
	}
}

// fewMentions are sorted by insertion.
const fewMentions = 24

// byHead sorts mentions by their heads: by the eight highest bits in which any differ, and
// each part that then agrees in them again.
func (s *keySorter) byHead(part []mention) {
	if len(part) <= fewMentions {
		insertByHead(part)
		return
	}
	differ := uint64(0)
	for i := range part {
		differ |= part[i].head ^ part[0].head
	}
	if differ == 0 {
		return
	}
	shift := max(bits.Len64(differ), 8) - 8
	var ends [256]uint32
	for i := range part {
		ends[byte(part[i].head>>shift)]++
	}
	next, sum := ends, uint32(0)
	for i, n := range ends {
		next[i] = sum
		sum += n
		ends[i] = sum
	}
	if len(part) <= scratchMentions {
		s.spread(part, shift, &next)
	} else {
		permute(part, shift, &next, &ends)
	}
	if shift == 0 {
		return
	}
	from := uint32(0)
	for _, end := range ends {
		if end-from > 1 {
			s.byHead(part[from:end])
		}
		from = end
	}
}

// spread puts every mention into the place of its byte above shift, of which next is the
// first one that is free.
func (s *keySorter) spread(part []mention, shift int, next *[256]uint32) {
	from := s.scratch[:copy(s.scratch[:], part)]
	for i := range from {
		to := &next[byte(from[i].head>>shift)]
		part[*to] = from[i]
		*to++
	}
}

// permute does what spread does, in place; ends are where the places of a byte end.
func permute(part []mention, shift int, next, ends *[256]uint32) {
	for b := range next {
		for at := next[b]; at < ends[b]; at = next[b] {
			m := part[at]
			for byte(m.head>>shift) != byte(b) { // put it where it belongs, take what was there
				to := &next[byte(m.head>>shift)]
				m, part[*to] = part[*to], m
				*to++
			}
			part[at] = m
			next[b]++
		}
	}
}

// insertByHead sorts a few mentions by their heads.
func insertByHead(part []mention) {
	for i := 1; i < len(part); i++ {
		m, at := part[i], i
		for ; at > 0 && part[at-1].head > m.head; at-- {
			part[at] = part[at-1]
		}
		part[at] = m
	}
}

// keyHead returns the head from byte depth on of the key whose length stands at key.
func keyHead(data []byte, key uint32, depth int) uint64 {
	size := int(binary.LittleEndian.Uint16(data[key:])) - depth
	rest := data[int(key)+2+depth:]
	if len(rest) < 8 {
		var ends [8]byte
		copy(ends[:], rest[:size])
		rest = ends[:]
	}
	head := binary.BigEndian.Uint64(rest)
	if size > mentionBytes {
		return head&^0xff | mentionMore
	}
	return head&^(1<<(64-8*uint(size))-1) | uint64(size)
}

// keyAt returns the key whose length stands at an offset.
func keyAt(data []byte, at uint32) []byte {
	size := binary.LittleEndian.Uint16(data[at:])
	return data[at+2:][:size]
}
