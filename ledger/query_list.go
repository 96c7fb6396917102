package ledger

import (
	"encoding/binary"
	"slices"

	"github.com/cockroachdb/pebble/v2"
)

// cursor walks over one list of a snapshot. It reads one chunk at a time and finds the
// chunk of an index with one seek.
type cursor struct {
	it     *pebble.Iterator // over the full chunks
	prefix []byte
	head   list
	size   uint64   // entries
	tail   []uint64 // of the open chunk
	now    []uint64 // chunk read last
	so     before   // what stands before it
}

// cursor opens a list. It must be closed.
func (s *Snapshot) cursor(k listKey) (*cursor, error) {
	head, err := s.openChunk(k)
	if err != nil {
		return nil, err
	}
	c := &cursor{prefix: k.append(nil, spaceChunk), head: head, size: head.before.entries + uint64(head.count)}
	v := values{b: head.open}
	c.tail = v.entries()
	if head.before.entries == 0 {
		return c, nil
	}
	c.it, err = s.snap.NewIter(&pebble.IterOptions{
		LowerBound: c.prefix, UpperBound: appendMax(slices.Clone(c.prefix)),
	})
	if err != nil {
		return nil, damaged(NoIndex, err, "reading a list")
	}
	return c, nil
}

// at returns the key of the chunk that begins at index.
func (c *cursor) at(index uint64) []byte { return appendIndex(c.prefix, index) }

// appendIndex returns a key that goes on with an index.
func appendIndex(k []byte, index uint64) []byte {
	return binary.BigEndian.AppendUint64(slices.Clone(k), index)
}

// appendMax makes a key that is above every one with an index after the same beginning.
func appendMax(k []byte) []byte { return append(k, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff) }

// openChunk returns the value of a list, empty if there is none.
func (s *Snapshot) openChunk(k listKey) (list, error) {
	switch k.kind {
	case listAccount:
		a := accountOf(k)
		x, _, err := accounts.load(s.snap, a)
		return x.records, err
	case listToken:
		x, _, err := tokens.load(s.snap, k.value)
		return x, err
	default:
		x, _, err := lists.load(s.snap, k)
		return x, err
	}
}

func (c *cursor) close() error {
	if c.it == nil {
		return nil
	}
	return c.it.Close()
}

// load makes the chunk that would hold index the present one: the last one that begins
// at or below it, or the first. It returns false if the list is empty.
func (c *cursor) load(index uint64) (bool, error) {
	if len(c.tail) == 0 {
		return false, nil
	}
	if c.it == nil || index >= c.tail[0] {
		c.now, c.so = c.tail, c.head.before
		return true, nil
	}
	if len(c.now) > 0 && c.now[0] <= index && index <= c.now[len(c.now)-1] {
		return true, nil
	}
	if !c.it.SeekLT(c.at(index+1)) && !c.it.First() {
		return false, damaged(NoIndex, c.it.Error(), "chunks of a list are missing")
	}
	return true, c.read()
}

// read reads the chunk that the iterator stands on.
func (c *cursor) read() error {
	value, err := c.it.ValueAndErr()
	v := values{b: value}
	c.so = v.before()
	c.now = v.entries()
	if err != nil || v.bad || len(c.now) != listChunk {
		return damaged(NoIndex, err, "chunk of a list %x", c.it.Key())
	}
	return nil
}

// floor returns the largest entry up to index.
func (c *cursor) floor(index uint64) (entry uint64, ok bool, err error) {
	if ok, err := c.load(index); !ok || err != nil {
		return 0, false, err
	}
	at, found := slices.BinarySearch(c.now, index)
	if found {
		return index, true, nil
	}
	if at == 0 {
		return 0, false, nil // below the first entry of the list
	}
	return c.now[at-1], true, nil
}

// ceil returns the smallest entry from index on.
func (c *cursor) ceil(index uint64) (entry uint64, ok bool, err error) {
	if ok, err := c.load(index); !ok || err != nil {
		return 0, false, err
	}
	at, _ := slices.BinarySearch(c.now, index)
	if at < len(c.now) {
		return c.now[at], true, nil
	}
	last := c.now[len(c.now)-1]
	if last == c.head.last {
		return 0, false, nil
	}
	// Between two chunks: the answer is the first entry of the next one.
	if c.it.SeekGE(c.at(last + 1)) {
		err = c.read()
	} else if c.now, c.so, err = c.tail, c.head.before, c.it.Error(); err != nil {
		err = damaged(NoIndex, err, "reading a list")
	}
	return c.now[0], true, err
}

// step returns the next entry from index on, upwards or downwards.
func (c *cursor) step(index uint64, up bool) (entry uint64, ok bool, err error) {
	if up {
		return c.ceil(index)
	}
	return c.floor(index)
}

func (c *cursor) length() uint64 { return c.size }
