package ledger

import "math/bits"

// cache keeps some of the values used last, about limit of them. It is a table of sets
// of four: a new value takes the place of the one in its set that was not used for the
// longest time. It grows with use, and belongs to the goroutine that applies.
type cache[K comparable, V any] struct {
	sets  [][cacheWays]cacheSlot[K, V]
	limit int // sets
	fresh int // new values since the last growth
}

const cacheWays = 4

type cacheSlot[K comparable, V any] struct {
	hash  uint64
	used  bool
	key   K
	value V
}

func newCache[K comparable, V any](limit int) cache[K, V] {
	n := max(1, limit/cacheWays)
	return cache[K, V]{limit: 1 << (bits.Len(uint(n)) - 1)}
}

func (c *cache[K, V]) get(hash uint64, k K) (v V, ok bool) {
	if len(c.sets) == 0 {
		return v, false
	}
	set := c.set(hash)
	for i := range set {
		if s := &set[i]; s.used && s.hash == hash && s.key == k {
			if i > 0 {
				set[i], set[i-1] = set[i-1], set[i]
				s = &set[i-1]
			}
			return s.value, true
		}
	}
	return v, false
}

// put stores a value of a key, new or not.
func (c *cache[K, V]) put(hash uint64, k K, v V) {
	if c.fresh >= 2*len(c.sets) && len(c.sets) < c.limit {
		c.grow()
	}
	set := c.set(hash)
	at := cacheWays - 1
	for i := range set {
		if s := &set[i]; !s.used || s.hash == hash && s.key == k {
			at = i
			break
		}
	}
	if s := &set[at]; !s.used || s.key != k {
		c.fresh++
	}
	copy(set[1:at+1], set[:at])
	set[0] = cacheSlot[K, V]{hash, true, k, v}
}

func (c *cache[K, V]) set(hash uint64) *[cacheWays]cacheSlot[K, V] {
	return &c.sets[hash>>32&uint64(len(c.sets)-1)]
}

func (c *cache[K, V]) grow() {
	const least = 16
	old := c.sets
	c.fresh = 0
	c.sets = make([][cacheWays]cacheSlot[K, V], min(c.limit, max(least, 2*len(old))))
	for i := range old {
		for k := cacheWays - 1; k >= 0; k-- {
			if s := &old[i][k]; s.used {
				c.put(s.hash, s.key, s.value)
			}
		}
	}
}
