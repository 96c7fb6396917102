package ledger

// index finds the positions of keys in a list by their hashes: open addressing with
// linear probing, at most half full. It holds positions only; whoever owns the list
// compares the keys. What was put last must be removed first: then a removal leaves no
// mark, because nothing can have been put behind it.
type index struct {
	slots []uint32 // position + 1; 0 is free; a power of two of them, or none
	used  int
}

// slot returns the i-th place in which a key with this hash may stand.
func (x *index) slot(hash uint64, i int) int { return int(hash+uint64(i)) & (len(x.slots) - 1) }

// put adds a position; hashOf gives the hash of any position put before.
func (x *index) put(hash uint64, position int, hashOf func(position int) uint64) {
	if 2*x.used >= len(x.slots) {
		x.grow(hashOf)
	}
	x.place(hash, position)
}

func (x *index) place(hash uint64, position int) {
	i := 0
	for x.slots[x.slot(hash, i)] != 0 {
		i++
	}
	x.slots[x.slot(hash, i)] = uint32(position + 1)
	x.used++
}

const minSlots = 64

func (x *index) grow(hashOf func(position int) uint64) {
	n := x.used
	x.slots, x.used = make([]uint32, max(minSlots, 2*len(x.slots))), 0
	for position := range n {
		x.place(hashOf(position), position)
	}
}

// remove takes out the position that was put last.
func (x *index) remove(hash uint64, position int) {
	i := 0
	for x.slots[x.slot(hash, i)] != uint32(position+1) {
		i++
	}
	x.slots[x.slot(hash, i)] = 0
	x.used--
}

// clear empties the index. A large one is given back.
func (x *index) clear() {
	const keep = 1 << 17
	if len(x.slots) > keep {
		x.slots = nil
	} else if x.used > 0 {
		clear(x.slots)
	}
	x.used = 0
}
