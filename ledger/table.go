package ledger

import (
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
	known  *filter             // nil: every miss is looked up
	cached cache[K, stored[V]] // written out; unused if cold
	cold   bool                // values are not worth caching
	aside  bool                // the state sum does not cover the space
	// ready, if set, makes a value ready to be written; it may write other keys.
	ready func(w *writer, k K, v V) V
	// gone, if set, says of which values nothing is stored: they remove the key.
	gone   func(v V) bool
	last   asked[K]
	places index          // where in dirty a key stands
	dirty  []change[K, V] // in order of first writing
	undo   []previous[V]  // since the mark
	room   []byte         // the key at hand, encoded
}

// asked is the key that was asked for last: rules ask, then write.
type asked[K comparable] struct {
	key     K
	hash    uint64
	valid   bool
	lacking bool // it is not stored
}

// stored is a value as Pebble has it, with its term in the state sum.
type stored[V any] struct {
	value V
	term  sum
}

// change is the value that a key has now.
type change[K comparable, V any] struct {
	key     K
	hash    uint64
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
		schema: s, known: known, cold: entries == 0, cached: newCache[K, stored[V]](entries),
	}
}

// ask returns what is known of a key that the same caller may have asked for before.
func (t *table[K, V]) ask(k K) *asked[K] {
	if !t.last.valid || t.last.key != k {
		t.room = t.key(t.room[:0], k)
		t.last = asked[K]{key: k, hash: locate(t.room), valid: true}
	}
	return &t.last
}

// find returns the position of a key in dirty, or -1.
func (t *table[K, V]) find(hash uint64, k K) int {
	if t.places.used == 0 {
		return -1
	}
	for i := 0; ; i++ {
		at := int(t.places.slots[t.places.slot(hash, i)]) - 1
		if at < 0 || t.dirty[at].hash == hash && t.dirty[at].key == k {
			return at
		}
	}
}

// get returns the present value of a key.
func (t *table[K, V]) get(r pebble.Reader, k K) (V, bool) {
	q := t.ask(k)
	if i := t.find(q.hash, k); i >= 0 {
		return t.dirty[i].value, true
	}
	s, ok := t.base(r, q)
	return s.value, ok
}

// base returns what is stored under a key. A store that cannot be read stops the
// replica.
func (t *table[K, V]) base(r pebble.Reader, q *asked[K]) (stored[V], bool) {
	if q.lacking {
		return stored[V]{}, false
	}
	if t.known != nil && t.known.absent(q.hash) {
		q.lacking = true
		return stored[V]{}, false
	}
	if !t.cold {
		if s, ok := t.cached.get(q.hash, q.key); ok {
			return s, true
		}
	}
	v, ok, err := t.load(r, q.key)
	if err != nil {
		panic(err)
	}
	if !ok {
		q.lacking = true
		return stored[V]{}, false
	}
	s := stored[V]{value: v}
	s.term, _ = term(nil, t.key(nil, q.key), t.encode(nil, v))
	if !t.cold {
		t.cached.put(q.hash, q.key, s)
	}
	return s, true
}

// put sets the value of a key.
func (t *table[K, V]) put(r pebble.Reader, k K, v V) {
	q := t.ask(k)
	if i := t.find(q.hash, k); i >= 0 {
		t.undo = append(t.undo, previous[V]{at: int32(i), value: t.dirty[i].value})
		t.dirty[i].value = v
		return
	}
	s, ok := t.base(r, q)
	t.insert(q, v, s.term, ok)
}

// create sets the value of a key that is known to be new.
func (t *table[K, V]) create(k K, v V) { t.insert(t.ask(k), v, sum{}, false) }

// insert adds a key to those that changed. The filter learns it now, while its line is
// near; if the batch is taken back, that costs a look-up at most.
func (t *table[K, V]) insert(q *asked[K], v V, old sum, existed bool) {
	if t.known != nil && !existed {
		t.known.add(q.hash)
	}
	i := len(t.dirty)
	t.undo = append(t.undo, previous[V]{at: int32(i), fresh: true})
	t.places.put(q.hash, i, t.hashAt)
	t.dirty = append(t.dirty, change[K, V]{key: q.key, hash: q.hash, value: v, old: old, existed: existed})
}

func (t *table[K, V]) hashAt(i int) uint64 { return t.dirty[i].hash }

// keep accepts what was put since the last keep or revert.
func (t *table[K, V]) keep() { t.undo = t.undo[:0] }

// revert takes back what was put since the last keep or revert.
func (t *table[K, V]) revert() {
	for i := len(t.undo) - 1; i >= 0; i-- {
		u := t.undo[i]
		if u.fresh {
			t.places.remove(t.dirty[u.at].hash, int(u.at))
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
	t.last.valid = false
	w.order.fill(len(t.dirty), func(b []byte, i int) []byte { return t.key(b, t.dirty[i].key) })
	for _, e := range w.order.entries {
		d := &t.dirty[e.at]
		if t.ready != nil {
			d.value = t.ready(w, d.key, d.value)
		}
		if t.gone != nil && t.gone(d.value) {
			t.remove(w, w.order.keys[e.from:e.to], d)
			continue
		}
		w.key = append(w.key[:0], w.order.keys[e.from:e.to]...)
		w.value = t.encode(w.value[:0], d.value)
		var now sum
		if t.aside {
			w.set(w.key, w.value)
		} else if now = w.put(); d.existed {
			w.state.sub(d.old)
		}
		if !t.cold {
			t.cached.put(d.hash, d.key, stored[V]{value: d.value, term: now})
		}
	}
	t.forget()
}

// remove takes a key out of the store.
func (t *table[K, V]) remove(w *writer, key []byte, d *change[K, V]) {
	if !d.existed {
		return
	}
	if err := w.batch.Delete(key, nil); err != nil {
		panic(err)
	}
	w.state.sub(d.old)
}

// forget empties the overlay.
func (t *table[K, V]) forget() {
	const keepCapacity = 1 << 16
	t.places.clear()
	if cap(t.dirty) > keepCapacity {
		t.dirty, t.undo = nil, nil
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
