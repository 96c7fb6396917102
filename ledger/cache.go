package ledger

// cache keeps about the last limit entries used, in two generations: when the young
// one is full it becomes the old one and the old one is dropped. It belongs to the
// goroutine that applies.
type cache[K comparable, V any] struct {
	young, old map[K]V
	limit      int
}

func newCache[K comparable, V any](limit int) cache[K, V] {
	return cache[K, V]{young: make(map[K]V), limit: max(1, limit/2)}
}

func (c *cache[K, V]) get(k K) (V, bool) {
	v, ok := c.young[k]
	if ok {
		return v, true
	}
	if v, ok = c.old[k]; ok {
		c.put(k, v)
	}
	return v, ok
}

func (c *cache[K, V]) put(k K, v V) {
	if len(c.young) >= c.limit {
		if _, ok := c.young[k]; !ok {
			c.old, c.young = c.young, make(map[K]V, c.limit)
		}
	}
	c.young[k] = v
}

func (c *cache[K, V]) clear() {
	c.old = nil
	clear(c.young)
}
