package ledger

import (
	"bytes"
	"slices"

	"github.com/cockroachdb/pebble/v2"
)

// table is one space of the state while entries are applied: what is stored, and
// over it the values that this Apply has written and Pebble does not have yet.
//
// Values are immutable: put replaces. A batch marks the table, and either keeps what
// it wrote or takes it back. seal writes everything out, once per key however often
// it changed, and moves the state sum.
type table[K comparable, V any] struct {
	schema[K, V]
	known   *filter             // nil: every miss is looked up
	cached  cache[K, stored[V]] // written out; unused if cold
	cold    bool                // values are not worth caching
	missed  K                   // a key that is not stored, if lacking: rules ask, then write
	lacking bool
	aside   bool           // the state sum does not cover the space
	at      map[K]int32    // key -> position in dirty
	dirty   []change[K, V] // in order of first writing
	undo    []previous[V]  // since the mark
}

// stored is a value as Pebble has it, with its term in the state sum.
type stored[V any] struct {
	value V
	term  sum
}

// change is the value that a key has now.
type change[K comparable, V any] struct {
	key     K
	value   V
	old     sum  // term of the stored value
	existed bool // there is a stored value
}

// previous is what a put replaced; fresh if the key was not dirty before.
type previous[V any] struct {
	at    int32
	fresh bool
	value V
}

func newTable[K comparable, V any](s schema[K, V], known *filter, entries int) table[K, V] {
	return table[K, V]{
		schema: s, known: known, cold: entries == 0,
		cached: newCache[K, stored[V]](entries), at: map[K]int32{},
	}
}

// get returns the present value of a key.
func (t *table[K, V]) get(r pebble.Reader, k K) (V, bool) {
	if i, ok := t.at[k]; ok {
		return t.dirty[i].value, true
	}
	s, ok := t.base(r, k)
	return s.value, ok
}

// base returns what is stored under a key. A store that cannot be read stops the
// replica.
func (t *table[K, V]) base(r pebble.Reader, k K) (stored[V], bool) {
	if t.lacking && t.missed == k {
		return stored[V]{}, false
	}
	var room [64]byte
	key := t.key(room[:0], k)
	if t.known != nil && t.known.absent(key) {
		t.missed, t.lacking = k, true
		return stored[V]{}, false
	}
	if !t.cold {
		if s, ok := t.cached.get(k); ok {
			return s, true
		}
	}
	v, ok, err := t.load(r, k)
	if err != nil {
		panic(err)
	}
	if !ok {
		t.missed, t.lacking = k, true
		return stored[V]{}, false
	}
	s := stored[V]{value: v}
	s.term, _ = term(nil, key, t.encode(nil, v))
	if !t.cold {
		t.cached.put(k, s)
	}
	return s, true
}

// put sets the value of a key.
func (t *table[K, V]) put(r pebble.Reader, k K, v V) {
	if i, ok := t.at[k]; ok {
		t.undo = append(t.undo, previous[V]{at: i, value: t.dirty[i].value})
		t.dirty[i].value = v
		return
	}
	s, ok := t.base(r, k)
	t.insert(k, v, s.term, ok)
}

// create sets the value of a key that is known to be new.
func (t *table[K, V]) create(k K, v V) { t.insert(k, v, sum{}, false) }

func (t *table[K, V]) insert(k K, v V, old sum, existed bool) {
	i := int32(len(t.dirty))
	t.undo = append(t.undo, previous[V]{at: i, fresh: true})
	t.at[k] = i
	t.dirty = append(t.dirty, change[K, V]{key: k, value: v, old: old, existed: existed})
}

// keep accepts what was put since the last keep or revert.
func (t *table[K, V]) keep() { t.undo = t.undo[:0] }

// revert takes back what was put since the last keep or revert.
func (t *table[K, V]) revert() {
	for i := len(t.undo) - 1; i >= 0; i-- {
		u := t.undo[i]
		if u.fresh {
			delete(t.at, t.dirty[u.at].key)
			t.dirty = t.dirty[:u.at]
		} else {
			t.dirty[u.at].value = u.value
		}
	}
	t.undo = t.undo[:0]
}

// seal writes all changed values to the batch, moves the state sum, and makes the
// values the stored ones.
func (t *table[K, V]) seal(w *writer) {
	t.lacking = false
	w.order.fill(len(t.dirty), func(b []byte, i int) []byte { return t.key(b, t.dirty[i].key) })
	for _, e := range w.order.entries {
		d := &t.dirty[e.at]
		w.key = append(w.key[:0], w.order.keys[e.from:e.to]...)
		w.value = t.encode(w.value[:0], d.value)
		var now sum
		if t.aside {
			w.set(w.key, w.value)
		} else if now = w.put(); d.existed {
			w.state.sub(d.old)
		}
		if t.known != nil {
			t.known.add(w.key)
		}
		if !t.cold {
			t.cached.put(d.key, stored[V]{value: d.value, term: now})
		}
	}
	t.forget()
}

// forget empties the overlay.
func (t *table[K, V]) forget() {
	const keepCapacity = 1 << 16
	clear(t.at)
	if cap(t.dirty) > keepCapacity {
		t.dirty, t.undo, t.at = nil, nil, map[K]int32{}
		return
	}
	clear(t.dirty)
	t.dirty, t.undo = t.dirty[:0], t.undo[:0]
}

// writer collects one Pebble batch and the state sum that results from it.
type writer struct {
	batch             *pebble.Batch
	state             sum
	key, value, block []byte
	order             ordering
}

// ordering sorts keys: Pebble takes a sorted run much faster than a random one.
type ordering struct {
	keys    []byte
	entries []ordered
}

type ordered struct{ from, to, at int32 }

func (o *ordering) fill(n int, key func(b []byte, i int) []byte) {
	o.keys, o.entries = o.keys[:0], o.entries[:0]
	for i := range n {
		from := len(o.keys)
		o.keys = key(o.keys, i)
		o.entries = append(o.entries, ordered{int32(from), int32(len(o.keys)), int32(i)})
	}
	slices.SortFunc(o.entries, func(a, b ordered) int {
		return bytes.Compare(o.keys[a.from:a.to], o.keys[b.from:b.to])
	})
}

// put writes the key and value at hand and adds their term to the state sum.
func (w *writer) put() sum {
	w.set(w.key, w.value)
	var t sum
	t, w.block = term(w.block, w.key, w.value)
	w.state.add(t)
	return t
}

// set writes a value that the state sum does not cover.
func (w *writer) set(key, value []byte) {
	if err := w.batch.Set(key, value, nil); err != nil {
		panic(err)
	}
}
