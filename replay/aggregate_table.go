package replay

import (
	"bytes"
	"encoding/binary"
	"hash/maphash"
	"math/bits"
	"slices"
)

// groupTable finds the tally of a key, by open addressing.
//
// The hash is seeded at random for each run, so that nobody can choose keys that
// collide and make an auditor give up. Nothing depends on it but time: the groups
// stand in the order in which their keys first appear, and are sorted after that.
type groupTable struct {
	input  []byte // holds the keys, each behind its length of two bytes
	seed   maphash.Seed
	k0, k1 uint64 // seed of short keys
	groups []keyedTally
	slots  []groupSlot // a power of two, at most half full
}

// keyedTally is a tally and the place of its key in the input. It is one cache line.
type keyedTally struct {
	tally
	off, size uint32
}

// groupSlot is empty if number is 0.
type groupSlot struct {
	head   uint64 // of the key
	size   uint32 // of the key
	number uint32 // of the group, plus 1
}

// shortKey is the longest key that its head and size determine.
const shortKey = 8

func newGroupTable(input []byte) *groupTable {
	seed := maphash.MakeSeed()
	return &groupTable{
		input: input,
		seed:  seed,
		k0:    maphash.String(seed, "head"),
		k1:    maphash.String(seed, "size"),
		slots: make([]groupSlot, 256),
	}
}

// manyGroups outgrow the caches: from then on each row waits for memory, and it is faster
// to sort the rows.
const manyGroups = 1 << 16

// many tells whether there are more groups than a table is good for.
func (t *groupTable) many() bool { return len(t.groups) > manyGroups }

// find returns the tally of the key at input[off:off+size], a new one if there is none
// yet. At least eight bytes follow the key. The pointer is valid until the next call.
func (t *groupTable) find(off, size int) *tally {
	head := t.head(off, size)
	mask := uint64(len(t.slots) - 1)
	for at := t.hash(head, off, size) & mask; ; at = (at + 1) & mask {
		slot := &t.slots[at&uint64(len(t.slots)-1)]
		if slot.number == 0 {
			*slot = groupSlot{head: head, size: uint32(size), number: uint32(len(t.groups) + 1)}
			return t.insert(off, size)
		}
		if slot.head != head || slot.size != uint32(size) {
			continue
		}
		g := &t.groups[slot.number-1]
		if size <= shortKey || bytes.Equal(t.key(g), t.input[off:off+size]) {
			return &g.tally
		}
	}
}

// head returns the first eight bytes of a key, zeros where it is shorter.
func (t *groupTable) head(off, size int) uint64 {
	return binary.LittleEndian.Uint64(t.input[off:]) & (1<<(8*uint(min(size, shortKey))) - 1)
}

// hash mixes a short key by one multiplication with secret numbers.
func (t *groupTable) hash(head uint64, off, size int) uint64 {
	if size > shortKey {
		return maphash.Bytes(t.seed, t.input[off:off+size])
	}
	hi, lo := bits.Mul64(head^t.k0, uint64(size)^t.k1)
	return hi ^ lo
}

// key returns the key of a group.
func (t *groupTable) key(g *keyedTally) []byte { return t.input[g.off:][:g.size] }

// insert adds a group whose slot is taken already.
func (t *groupTable) insert(off, size int) *tally {
	t.groups = append(t.groups, keyedTally{newTally(), uint32(off), uint32(size)})
	if 2*len(t.groups) > len(t.slots) {
		t.grow()
	}
	return &t.groups[len(t.groups)-1].tally
}

// grow doubles the room: of the groups, and of the slots, which it fills again.
func (t *groupTable) grow() {
	t.groups = slices.Grow(t.groups, len(t.groups))
	t.slots = make([]groupSlot, 2*len(t.slots))
	mask := uint64(len(t.slots) - 1)
	for i := range t.groups {
		off, size := int(t.groups[i].off), int(t.groups[i].size)
		head := t.head(off, size)
		at := t.hash(head, off, size) & mask
		for t.slots[at].number != 0 {
			at = (at + 1) & mask
		}
		t.slots[at] = groupSlot{head: head, size: uint32(size), number: uint32(i + 1)}
	}
}

// sorted returns mentions of all groups, whose numbers are those of the groups, in the order
// of an output: by key, bytewise, a prefix first. Each key stands behind its length.
func (t *groupTable) sorted() []mention {
	order := make([]mention, len(t.groups))
	for i := range t.groups {
		key := t.groups[i].off - 2
		order[i] = mention{head: keyHead(t.input, key, 0), key: key, seq: uint32(i)}
	}
	s := keySorter{data: t.input, same: func([]mention) {}}
	s.sort(order, 0)
	return order
}

// held returns the bytes that the table has taken: a group has 64, a slot 16.
func (t *groupTable) held() uint64 { return 64*uint64(cap(t.groups)) + 16*uint64(cap(t.slots)) }
