package ledger

import (
	"testing"

	"pgregory.net/rapid"
)

// TestOverlay holds a table with its index and cache against a plain map, over few keys
// so that hashes meet, with batches kept and taken back.
func TestOverlay(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		table := newTable(recordIDs, newFilter(64), 0)
		table.known.complete = true
		kept, now := map[pair]uint64{}, map[pair]uint64{}
		for range rapid.IntRange(1, 300).Draw(rt, "steps") {
			var k pair
			k.b[0] = rapid.Byte().Draw(rt, "key")
			switch rapid.IntRange(0, 20).Draw(rt, "step") {
			case 0:
				table.revert()
				now = clone(kept)
			case 1:
				table.keep()
				kept = clone(now)
			default:
				if _, ok := now[k]; !ok {
					now[k] = uint64(len(now))
					table.create(k, now[k])
				} else {
					now[k]++
					table.put(nil, k, now[k])
				}
			}
		}
		for k, v := range now {
			if got, ok := table.get(nil, k); !ok || got != v {
				rt.Fatalf("key %x: %d %v instead of %d", k.b[0], got, ok, v)
			}
		}
		if len(table.dirty) != len(now) || table.places.used != len(now) {
			rt.Fatalf("%d entries and %d places instead of %d", len(table.dirty), table.places.used, len(now))
		}
		table.forget()
		if table.places.used != 0 || table.find(1, pair{}) != -1 {
			rt.Fatal("something is left")
		}
	})
}

func clone(m map[pair]uint64) map[pair]uint64 {
	c := make(map[pair]uint64, len(m))
	for k, v := range m {
		c[k] = v
	}
	return c
}

// TestCache checks that a cache never answers with a value that is not the last one put,
// keeps what is used, and stays within its limit.
func TestCache(t *testing.T) {
	const limit = 1024
	c := newCache[uint64, uint64](limit)
	for k := range uint64(10 * limit) {
		c.put(mix(k+1), k, k+1)
		c.put(mix(k+1), k, k)
		for _, hot := range []uint64{0, k, k / 2} {
			if v, ok := c.get(mix(hot+1), hot); ok && v != hot || !ok && hot != k/2 {
				t.Fatalf("key %d of %d: %d %v", hot, k, v, ok)
			}
		}
	}
	if n := len(c.sets) * cacheWays; n != limit {
		t.Fatalf("room for %d values instead of %d", n, limit)
	}
	if _, ok := c.get(mix(0), limit); ok {
		t.Fatal("a value under a hash that is not its own")
	}
}

// TestOrdering sorts keys of different lengths that share their beginnings.
func TestOrdering(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		keys := rapid.SliceOf(rapid.StringMatching(`n(abcdefghi)?[ab\x00]{0,3}`)).Draw(rt, "keys")
		var o ordering
		o.fill(len(keys), func(b []byte, i int) []byte { return append(b, keys[i]...) })
		for i := range o.entries {
			if i > 0 && string(o.bytes(&o.entries[i-1])) > string(o.bytes(&o.entries[i])) {
				rt.Fatalf("%q comes before %q", o.bytes(&o.entries[i-1]), o.bytes(&o.entries[i]))
			}
			if keys[o.entries[i].at] != string(o.bytes(&o.entries[i])) {
				rt.Fatal("an entry points to another key")
			}
		}
	})
}
