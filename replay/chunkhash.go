package replay

import "github.com/zeebo/blake3"

// chunkHash is BLAKE3 over many small pieces. It gathers them, because a message that fits
// its buffer is hashed at once, which is faster than a hash that keeps a state. The zero
// value is ready for use, also again after sum.
type chunkHash struct {
	h   *blake3.Hasher // nil until a message outgrows the buffer
	n   int            // bytes in buf
	big bool           // h holds the beginning of the message
	buf [4096]byte
}

// write adds to the message.
func (c *chunkHash) write(p []byte) {
	if len(p) > len(c.buf)-c.n {
		c.flush()
		if len(p) > len(c.buf) {
			c.h.Write(p)
			return
		}
	}
	c.n += copy(c.buf[c.n:], p)
}

// flush hands the buffer to the hash.
func (c *chunkHash) flush() {
	if c.h == nil {
		c.h = blake3.New()
	}
	c.h.Write(c.buf[:c.n])
	c.n, c.big = 0, true
}

// sum returns the hash of the message and begins the next one.
func (c *chunkHash) sum() (sum [32]byte) {
	if !c.big {
		sum = blake3.Sum256(c.buf[:c.n])
		c.n = 0
		return sum
	}
	c.flush()
	c.h.Sum(sum[:0])
	c.h.Reset()
	c.big = false
	return sum
}
