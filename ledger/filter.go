package ledger

import (
	"hash/maphash"
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

// seed makes the places of keys in the filter and in the tables unpredictable for who
// chooses ids. It differs from process to process, and nothing that is stored or
// answered depends on it.
var seed = maphash.MakeSeed()

// locate hashes an encoded key for the filter and the tables in memory.
func locate(key []byte) uint64 { return maphash.Bytes(seed, key) }

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

func (f *filter) add(hash uint64) {
	line, probe := f.block(hash)
	for range 6 {
		line[probe&7] |= 1 << (probe >> 3 & 63)
		probe >>= 9
	}
}

// absent says that the store does not hold a key with this hash for sure.
func (f *filter) absent(hash uint64) bool {
	if !f.complete {
		return false
	}
	line, probe := f.block(hash)
	for range 6 {
		if line[probe&7]&(1<<(probe>>3&63)) == 0 {
			return true
		}
		probe >>= 9
	}
	return false
}

// touch reads the lines of hashes. They arrive together, while absent would wait for
// each.
func (f *filter) touch(hashes []uint64) (sum uint64) {
	words, mask := f.words, uint64(len(f.words)/8-1)
	for _, h := range hashes {
		sum ^= words[h&mask*8]
	}
	return sum
}
