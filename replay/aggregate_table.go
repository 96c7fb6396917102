package replay

import (
	"bytes"
	"hash/maphash"
	"math"
)

// groupTable finds the group of a key, by open addressing.
//
// The hash is seeded at random for each run, so that nobody can choose keys that
// collide and make an auditor give up. Nothing depends on it but time: the groups
// come out in the order in which their keys first appear, and are sorted after that.
type groupTable struct {
	seed   maphash.Seed
	groups []group
	slots  []groupSlot // a power of two, at most half full
}

// groupSlot is empty if number is 0.
type groupSlot struct {
	hash   uint32 // upper half of the key's hash
	number uint32 // of the group, plus 1
}

func newGroupTable() *groupTable {
	return &groupTable{seed: maphash.MakeSeed(), slots: make([]groupSlot, 256)}
}

// find returns the group of key, a new one if there is none yet. The pointer is valid
// until the next call.
func (t *groupTable) find(key []byte) *group {
	h := maphash.Bytes(t.seed, key)
	tag := uint32(h >> 32)
	mask := uint64(len(t.slots) - 1)
	for at := h & mask; ; at = (at + 1) & mask {
		slot := t.slots[at]
		if slot.number == 0 {
			return t.insert(at, tag, key)
		}
		if slot.hash == tag {
			if g := &t.groups[slot.number-1]; bytes.Equal(g.key, key) {
				return g
			}
		}
	}
}

// insert adds a group at an empty slot.
func (t *groupTable) insert(at uint64, tag uint32, key []byte) *group {
	t.groups = append(t.groups, group{key: key, min: math.MaxInt64, max: math.MinInt64})
	t.slots[at] = groupSlot{hash: tag, number: uint32(len(t.groups))}
	if 2*len(t.groups) > len(t.slots) {
		t.grow()
	}
	return &t.groups[len(t.groups)-1]
}

// grow doubles the slots and fills them again.
func (t *groupTable) grow() {
	t.slots = make([]groupSlot, 2*len(t.slots))
	mask := uint64(len(t.slots) - 1)
	for i := range t.groups {
		h := maphash.Bytes(t.seed, t.groups[i].key)
		at := h & mask
		for t.slots[at].number != 0 {
			at = (at + 1) & mask
		}
		t.slots[at] = groupSlot{hash: uint32(h >> 32), number: uint32(i + 1)}
	}
}

// compareKeys is the order of an output: bytewise, a prefix first.
func compareKeys(a, b group) int { return bytes.Compare(a.key, b.key) }
