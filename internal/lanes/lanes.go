// Package lanes computes BLAKE3 of many short messages at once. One message of less than
// a chunk keeps one lane of a vector unit busy, whatever the library: this package puts
// eight independent ones side by side, and the chunks of messages of a few, which is
// several times as fast. The hashes are those of zeebo/blake3, which computes them where
// the processor has no AVX2, where a message has many chunks, and where too few are left
// to fill the lanes.
//
// Nothing is allocated, and nothing is kept from one call to the next.
package lanes

import (
	"encoding/binary"
	"sync"

	"github.com/zeebo/blake3"
)

// Lanes is how many messages are hashed side by side.
const Lanes = 8

const (
	blockSize = 64
	chunkSize = 1024
	maxChunks = 8 // of a message; one of more fills the lanes of the library
	fewest    = 3 // lanes in use from which on they are faster than one by one
)

// Flags of a block (the BLAKE3 paper, section 2.2).
const (
	chunkStart = 1 << 0
	chunkEnd   = 1 << 1
	parent     = 1 << 2
	root       = 1 << 3
	keyedHash  = 1 << 4
)

// chains is a chaining value for each lane, word by word.
type chains [8][Lanes]uint32

// initial is the chaining value before the first block, unless there is a key.
var initial = inAllLanes([8]uint32{
	0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19,
})

func inAllLanes(words [8]uint32) (c chains) {
	for i, word := range words {
		for lane := range Lanes {
			c[i][lane] = word
		}
	}
	return c
}

// Key is a key of keyed BLAKE3, ready for use.
type Key struct {
	start  chains
	single sync.Pool // of *keyed
}

// keyed is the state of one hash with room for a pair and for the sum, so that neither
// leaves the pooled allocation. It is 11 KiB, too large to make for each hash; the pool
// holds nothing that one call could learn from another.
type keyed struct {
	h    *blake3.Hasher
	pair [2 * 32]byte
	sum  [32]byte
}

// NewKey prepares a key.
func NewKey(key [32]byte) *Key {
	k := new(Key)
	var words [8]uint32
	for i := range words {
		words[i] = binary.LittleEndian.Uint32(key[4*i:])
	}
	k.start = inAllLanes(words)
	k.single.New = func() any {
		h, err := blake3.NewKeyed(key[:])
		if err != nil {
			panic("lanes: a key has 32 bytes: " + err.Error())
		}
		return &keyed{h: h}
	}
	return k
}

// Sum returns the keyed hash of one message.
func (k *Key) Sum(message []byte) [32]byte {
	s := k.single.Get().(*keyed)
	s.h.Reset()
	s.h.Write(message)
	s.h.Sum(s.sum[:0])
	sum := s.sum
	k.single.Put(s)
	return sum
}

// Pair returns the keyed hash of left || right.
func (k *Key) Pair(left, right [32]byte) [32]byte {
	s := k.single.Get().(*keyed)
	copy(s.pair[:32], left[:])
	copy(s.pair[32:], right[:])
	s.h.Reset()
	s.h.Write(s.pair[:])
	s.h.Sum(s.sum[:0])
	sum := s.sum
	k.single.Put(s)
	return sum
}

// Sums writes the keyed hashes of messages into sums. Message i is what build appends to
// b; what b holds already is not build's.
func Sums[H ~[32]byte](k *Key, sums []H, build func(b []byte, i int) []byte) {
	inPieces(sums, build, func(s *scratch, n int) { each(s.sums[:n], s.messages[:n], &k.start, keyedHash, k.Sum) })
}

// Plain is Sums without a key.
func Plain[H ~[32]byte](sums []H, build func(b []byte, i int) []byte) {
	inPieces(sums, build, func(s *scratch, n int) { each(s.sums[:n], s.messages[:n], &initial, 0, blake3.Sum256) })
}

// Whole writes the hash of each message, which is not copied: it may be long.
func Whole[H ~[32]byte](sums []H, messages [][]byte) {
	s := scratches.Get().(*scratch)
	for from := 0; from < len(sums); from += piece {
		n := min(piece, len(sums)-from)
		each(s.sums[:n], messages[from:from+n], &initial, 0, blake3.Sum256)
		for i := range n {
			sums[from+i] = H(s.sums[i])
		}
	}
	scratches.Put(s)
}

// piece is how many messages are built before they are hashed.
const piece = 8 * Lanes

// scratch holds the messages of a piece and their hashes.
type scratch struct {
	arena    []byte
	ends     [piece]int
	messages [piece][]byte
	sums     [piece][32]byte
}

// maxArena is the largest arena that is kept.
const maxArena = 1 << 20

var scratches = sync.Pool{New: func() any { return new(scratch) }}

func inPieces[H ~[32]byte](sums []H, build func(b []byte, i int) []byte, hash func(s *scratch, n int)) {
	s := scratches.Get().(*scratch)
	for from := 0; from < len(sums); from += piece {
		n := min(piece, len(sums)-from)
		s.arena = s.arena[:0]
		for i := range n {
			s.arena = build(s.arena, from+i)
			s.ends[i] = len(s.arena)
		}
		start := 0
		for i, end := range s.ends[:n] {
			s.messages[i], start = s.arena[start:end], end
		}
		hash(s, n)
		for i := range n {
			sums[from+i] = H(s.sums[i])
		}
	}
	if cap(s.arena) > maxArena {
		s.arena = nil
	}
	clear(s.messages[:])
	scratches.Put(s)
}
