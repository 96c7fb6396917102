package client

import (
	"time"

	"github.com/forgepool/settle/codec"
)

// NewID returns a new id in the form of a UUIDv7 (RFC 9562): it begins with the
// time, so that records of one author lie together.
func NewID() (id codec.ID) {
	fill(id[6:])
	ms := Now()
	for i := range 6 {
		id[i] = byte(ms >> (40 - 8*i))
	}
	id[6] = 0x70 | id[6]&0x0f
	id[8] = 0x80 | id[8]&0x3f
	return id
}

// NewSalt returns a new salt.
func NewSalt() (salt codec.ID) {
	fill(salt[:])
	return salt
}

// NewSecret returns a new seed, nonce or long salt.
func NewSecret() (secret codec.Hash) {
	fill(secret[:])
	return secret
}

// Now returns the clock in Unix milliseconds, as records have it.
func Now() uint64 { return uint64(time.Now().UnixMilli()) }
