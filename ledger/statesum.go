package ledger

import (
	"crypto/sha256"
	"encoding/binary"
	"math/bits"

	"github.com/forgepool/settle/codec"
)

// sum is the state sum: the sum modulo 2^256 of one term per entry of the state.
// Two replicas with the same state have the same sum in whatever order they got
// there; an entry changes it by the difference of its new and its old term. It
// guards against damage, not against an enemy who writes to the disk: a replica
// attests the roots of the log beside it.
type sum [4]uint64 // least significant first

func (s *sum) add(t sum) {
	var c uint64
	for i := range s {
		s[i], c = bits.Add64(s[i], t[i], c)
	}
}

func (s *sum) sub(t sum) {
	var c uint64
	for i := range s {
		s[i], c = bits.Sub64(s[i], t[i], c)
	}
}

// hash returns the sum as 32 bytes, most significant first.
func (s sum) hash() (h codec.Hash) {
	for i, word := range s {
		binary.BigEndian.PutUint64(h[24-8*i:], word)
	}
	return h
}

func sumFrom(h codec.Hash) (s sum) {
	for i := range s {
		s[i] = binary.BigEndian.Uint64(h[24-8*i:])
	}
	return s
}

// term is the contribution of one entry: SHA-256(u16be len(key) || key || value), which
// for a few hundred bytes takes well under half the time of BLAKE3. Scratch is reused;
// term returns it grown.
func term(scratch, key, value []byte) (sum, []byte) {
	scratch = binary.BigEndian.AppendUint16(scratch[:0], uint16(len(key)))
	scratch = append(append(scratch, key...), value...)
	return sumFrom(sha256.Sum256(scratch)), scratch
}
