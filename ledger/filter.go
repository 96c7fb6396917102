package ledger

import (
	"encoding/binary"
	"math/bits"
)

// filter says of most new keys that the store cannot hold them, so that Apply
// spares the look-up. It is a blocked Bloom filter over the keys written since it
// knew everything; it never says no for a key that was added.
//
// It knows everything from the start for a new store and after a scan of the whole
// store; until then (complete is false) every answer is maybe.
type filter struct {
	words    []uint64 // blocks of 8 words: one cache line
	complete bool
}

func newFilter(size int) *filter {
	blocks := max(1, size/64)
	return &filter{words: make([]uint64, 8*(1<<(bits.Len(uint(blocks))-1)))}
}

// spread mixes a key into 64 bits. Keys end in ids and hashes, but an id may be
// chosen by a client: a bad choice costs look-ups, never a wrong answer.
func spread(key []byte) uint64 {
	h := uint64(len(key)) * 0x9e3779b97f4a7c15
	for len(key) >= 8 {
		h = mix(h ^ binary.LittleEndian.Uint64(key))
		key = key[8:]
	}
	for _, c := range key {
		h = mix(h ^ uint64(c))
	}
	return h
}

func mix(x uint64) uint64 {
	hi, lo := bits.Mul64(x, 0x9fb21c651e98df25)
	return hi ^ lo
}

// block returns the cache line of a hash and the six bits within it.
func (f *filter) block(h uint64) (line []uint64, probe uint64) {
	n := len(f.words) / 8
	at := int(h&uint64(n-1)) * 8
	return f.words[at : at+8 : at+8], mix(h + 0x9e3779b97f4a7c15)
}

func (f *filter) add(key []byte) {
	line, probe := f.block(spread(key))
	for range 6 {
		line[probe&7] |= 1 << (probe >> 3 & 63)
		probe >>= 9
	}
}

// absent says that the store does not hold the key for sure.
func (f *filter) absent(key []byte) bool {
	if !f.complete {
		return false
	}
	line, probe := f.block(spread(key))
	for range 6 {
		if line[probe&7]&(1<<(probe>>3&63)) == 0 {
			return true
		}
		probe >>= 9
	}
	return false
}

// touch reads a key's line. Lines of many keys touched one after the other arrive
// together, while absent would wait for each.
func (f *filter) touch(key []byte) uint64 {
	line, _ := f.block(spread(key))
	return line[0]
}
