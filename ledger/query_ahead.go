package ledger

import (
	"bytes"

	"github.com/cockroachdb/pebble/v2"
)

// ahead reads entries of a space whose keys are asked for in ascending order. It costs one
// seek for each entry that is there and none for those that are not, up to the next one
// that is.
type ahead[K comparable, V any] struct {
	schema *schema[K, V]
	it     *pebble.Iterator
	begun  bool
	room   []byte // the key asked for, encoded
}

// readAhead begins with no key asked for. close must be called.
func readAhead[K comparable, V any](r pebble.Reader, s *schema[K, V]) (*ahead[K, V], error) {
	it, err := r.NewIter(&pebble.IterOptions{LowerBound: []byte{s.space}, UpperBound: []byte{s.space + 1}})
	if err != nil {
		return nil, damaged(NoIndex, err, "reading %q", s.space)
	}
	return &ahead[K, V]{schema: s, it: it}, nil
}

func (a *ahead[K, V]) close() error { return a.it.Close() }

// get reads one entry as load does. The key must not be below the one before.
func (a *ahead[K, V]) get(k K) (v V, ok bool, err error) {
	a.room = a.schema.key(a.room[:0], k)
	if !a.begun || a.it.Valid() && bytes.Compare(a.it.Key(), a.room) < 0 {
		a.it.SeekGE(a.room)
		a.begun = true
	}
	if !a.it.Valid() {
		if err := a.it.Error(); err != nil {
			return v, false, damaged(NoIndex, err, "reading %q", a.schema.space)
		}
		return v, false, nil
	}
	if !bytes.Equal(a.it.Key(), a.room) {
		return v, false, nil
	}
	data, err := a.it.ValueAndErr()
	if err != nil {
		return v, false, damaged(NoIndex, err, "reading %q %x", a.schema.space, a.room[1:])
	}
	if v, ok = a.schema.decode(k, data); !ok {
		return v, false, damaged(NoIndex, nil, "value of %q %x does not decode", a.schema.space, a.room[1:])
	}
	return v, true, nil
}
