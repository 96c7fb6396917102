package replay

import (
	"encoding/binary"

	"github.com/zeebo/blake3"
)

// tagWorkloadKey separates the hash of a workload's random key from all other hashes.
const tagWorkloadKey = 0x50

// Constants of Philox4x32-10: multipliers and the increments of the key schedule.
const (
	philoxM0 = 0xD2511F53
	philoxM1 = 0xCD9E8D57
	philoxW0 = 0x9E3779B9
	philoxW1 = 0xBB67AE85
)

// workloadKey derives the Philox key of a workload from its seed. The shard has
// no part in it: a path draws the same numbers whichever shard it falls into.
func workloadKey(seed [32]byte) (k0, k1 uint32) {
	var b [33]byte
	b[0] = tagWorkloadKey
	copy(b[1:], seed[:])
	h := blake3.Sum256(b[:])
	return binary.LittleEndian.Uint32(h[0:]), binary.LittleEndian.Uint32(h[4:])
}

// philox returns one block of Philox4x32-10: the number stream is a function of
// counter and key, so any path and any step can be had without those before it.
func philox(c0, c1, c2, c3, k0, k1 uint32) (x0, x1, x2, x3 uint32) {
	for range 10 {
		p := uint64(c0) * philoxM0
		q := uint64(c2) * philoxM1
		c0 = uint32(q>>32) ^ c1 ^ k0
		c1 = uint32(q)
		c2 = uint32(p>>32) ^ c3 ^ k1
		c3 = uint32(p)
		k0 += philoxW0
		k1 += philoxW1
	}
	return c0, c1, c2, c3
}
