package replay

import (
	"cmp"
	"slices"
)

// mention is one place where an input names a key. head holds the next seven bytes of the
// key, zeros where it ends, and below them how many bytes it has from there on, 8 for all
// that is more: so heads are in the order of the keys, as far as they tell.
type mention struct {
	head uint64
	key  uint32 // offset of the key's length
	seq  uint32 // number of the mention: entries of the snapshot first, then operations
}

// mentionBytes is how much of a key a head holds, mentionMore the low byte of one that
// does not hold all.
const (
	mentionBytes = 7
	mentionMore  = mentionBytes + 1
)

// keyRanks holds the different keys of an input in bytewise order, a prefix first.
type keyRanks struct {
	keys  []uint32 // offset of the key of a rank
	ranks []uint32 // rank of the key of a mention
}

// rankKeys sorts all keys of an input that has passed its check.
func rankKeys(in *memoryInput) *keyRanks {
	list := make([]mention, 0, in.mentions)
	add := func(key uint32) { list = append(list, mention{key: key, seq: uint32(len(list))}) }
	r := memoryReader{data: in.data, at: 4}
	for range in.entries {
		_, at := r.key()
		r.value()
		add(at)
	}
	r.at = in.opsAt
	for range in.ops {
		op := r.op()
		add(op.key)
		if op.mentions == 2 {
			add(op.end)
		}
	}
	s := keySorter{in: in, list: list, ranks: make([]uint32, len(list))}
	s.sort(0, len(list), 0)
	k := &keyRanks{keys: make([]uint32, s.count), ranks: s.ranks}
	for i := range k.keys {
		k.keys[i] = list[i].key
	}
	return k
}

// keySorter sorts mentions and numbers their keys. The keys that have a rank already lie
// at the front of the list, one of each, where sorted mentions are not needed any more.
type keySorter struct {
	in    *memoryInput
	list  []mention
	ranks []uint32
	count int // different keys so far
}

// sort ranks the keys of list[from:to], which agree in their first depth bytes. It calls
// itself for those that agree in seven more: 9,362 calls deep at most.
func (s *keySorter) sort(from, to, depth int) {
	part := s.list[from:to]
	for i := range part {
		part[i].head = keyHead(s.in.keyAt(part[i].key)[depth:])
	}
	sortByHead(part, 64-8)
	for from < to {
		head := s.list[from].head
		end := from + 1
		for end < to && s.list[end].head == head {
			end++
		}
		if head&0xff == mentionMore {
			s.sort(from, end, depth+mentionBytes)
		} else {
			s.number(s.list[from:end])
		}
		from = end
	}
}

// fewMentions are sorted by comparing them.
const fewMentions = 128

// sortByHead sorts mentions that agree in the bytes of their heads above shift: by the
// byte there, in place, and each part by the next.
func sortByHead(part []mention, shift uint) {
	if len(part) <= fewMentions {
		slices.SortFunc(part, func(a, b mention) int { return cmp.Compare(a.head, b.head) })
		return
	}
	var ends, next [256]int
	for i := range part {
		ends[byte(part[i].head>>shift)]++
	}
	sum := 0
	for i, n := range ends {
		next[i] = sum
		sum += n
		ends[i] = sum
	}
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
	if shift == 0 {
		return
	}
	for i, from := 0, 0; i < len(ends); from, i = ends[i], i+1 {
		if ends[i]-from > 1 {
			sortByHead(part[from:ends[i]], shift-8)
		}
	}
}

// number gives the next rank to all mentions of a key.
func (s *keySorter) number(same []mention) {
	key := same[0].key
	for _, m := range same {
		s.ranks[m.seq] = uint32(s.count)
	}
	s.list[s.count].key = key
	s.count++
}

// keyHead returns the head of a key.
func keyHead(key []byte) uint64 {
	size := min(len(key), mentionMore)
	var head uint64
	for i := range mentionBytes {
		head <<= 8
		if i < len(key) {
			head |= uint64(key[i])
		}
	}
	return head<<8 | uint64(size)
}
