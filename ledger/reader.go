package ledger

import (
	"fmt"
	"io"

	"github.com/cockroachdb/pebble/v2"
	"github.com/transparency-dev/merkle/compact"

	"github.com/forgepool/settle/codec"
	"github.com/forgepool/settle/proof"
)

// reader reads the log as of one size: a consistent view of the store and the open
// tiles that belong to it.
type reader struct {
	db   pebble.Reader
	a, b frozen
}

// at calls f with the chunk that holds the record at index, and the record's row in it.
// The chunk is valid only during the call.
func (r *reader) at(index uint64, f func(c *chunk, row int) error) error {
	if index >= r.a.size {
		return fmt.Errorf("record %d: %w", index, ErrNotFound)
	}
	it, err := r.db.NewIter(&pebble.IterOptions{
		LowerBound: []byte{spaceRecords}, UpperBound: numberKey(spaceRecords, index+1),
	})
	if err != nil {
		return damaged(index, err, "reading records")
	}
	defer it.Close()
	if !it.Last() {
		return damaged(index, it.Error(), "record is missing")
	}
	var value []byte
	if err := guarded(func() (err error) { value, err = it.ValueAndErr(); return err }); err != nil {
		return damaged(index, err, "reading records")
	}
	c, err := parseChunk(it.Key(), value)
	if err != nil {
		return err
	}
	if index >= c.first+uint64(c.count) {
		return damaged(index, nil, "record is missing")
	}
	return f(c, int(index-c.first))
}

// record returns a record's bytes and its batch. Bytes that do not have the leaf hash
// they were stored with are never returned.
func (r *reader) record(index uint64) (data []byte, ref BatchRef, err error) {
	err = r.at(index, func(c *chunk, row int) error {
		data, ref = append([]byte{}, c.bytes(row)...), c.ref(row)
		return nil
	})
	if err != nil {
		return nil, BatchRef{}, err
	}
	leaf, err := r.leaf(r.a, index)
	if err != nil {
		return nil, BatchRef{}, err
	}
	if proof.LeafA(data) != leaf {
		return nil, BatchRef{}, damaged(index, nil, "stored record does not have its leaf hash")
	}
	return data, ref, nil
}

// first returns the bytes of the genesis, whatever the tiles say.
func (r *reader) first() (data []byte, err error) {
	err = r.at(0, func(c *chunk, row int) error {
		data = append([]byte{}, c.bytes(row)...)
		return nil
	})
	return data, err
}

// leaf returns a leaf hash.
func (r *reader) leaf(t frozen, index uint64) (codec.Hash, error) {
	if index >= t.size {
		return codec.Hash{}, fmt.Errorf("leaf %d: %w", index, ErrNotFound)
	}
	h, err := hashes{r.db, t}.ReadHashes([]compact.NodeID{{Level: 0, Index: index}})
	if err != nil {
		return codec.Hash{}, err
	}
	return h[0], nil
}

// hashes reads the hashes of one tree; it is a proof.HashReader.
type hashes struct {
	db pebble.Reader
	t  frozen
}

// ReadHashes returns the hashes of complete subtrees. Nodes in one tile that are asked
// for one after the other cost one read.
func (h hashes) ReadHashes(ids []compact.NodeID) ([][32]byte, error) {
	out := make([][32]byte, len(ids))
	var cur tileReader
	defer cur.close()
	for i, id := range ids {
		if (id.Index+1)<<id.Level > h.t.size || id.Level > 62 {
			return nil, fmt.Errorf("node %d of level %d: %w", id.Index, id.Level, ErrNotFound)
		}
		level, height := id.Level/tileHeight, uint64(id.Level%tileHeight)
		n := id.Index >> (tileHeight - height)
		at := slot(height, id.Index&(tileWidth>>height-1))
		if n >= h.t.size>>(tileHeight*(level+1)) {
			out[i] = h.t.open[level][at]
			continue
		}
		data, err := cur.read(h.db, tileKey(h.t.id, level, n))
		if err != nil {
			return nil, err
		}
		copy(out[i][:], data[32*at:])
	}
	return out, nil
}

// tileReader holds the closed tile read last.
type tileReader struct {
	key    string
	data   []byte
	closer interface{ Close() error }
}

func (c *tileReader) read(db pebble.Reader, key []byte) ([]byte, error) {
	if c.key == string(key) && c.data != nil {
		return c.data, nil
	}
	c.close()
	var data []byte
	var closer io.Closer
	err := guarded(func() (err error) { data, closer, err = db.Get(key); return err })
	if err != nil {
		return nil, damaged(NoIndex, err, "reading tile %x", key[1:])
	}
	c.key, c.data, c.closer = string(key), data, closer
	if len(data) != tileBytes {
		return nil, damaged(NoIndex, nil, "tile %x has %d bytes", key[1:], len(data))
	}
	return data, nil
}

func (c *tileReader) close() {
	if c.closer != nil {
		c.closer.Close()
	}
	c.data, c.closer = nil, nil
}

// loadBatch returns a stored batch without the leaf hashes that stand in the tree.
func loadBatch(db pebble.Reader, number uint64) (*StoredBatch, error) {
	data, err := fetch(db, numberKey(spaceBatch, number))
	if err != nil {
		return nil, err
	}
	b, ok := decodeBatch(number, data)
	if !ok {
		return nil, damaged(NoIndex, nil, "batch %d does not decode or fails its check", number)
	}
	return b, nil
}

// batchLeaves completes a stored batch.
func (r *reader) batchLeaves(b *StoredBatch) (*StoredBatch, error) {
	err := b.fillLeaves(func(index uint64) (codec.Hash, error) { return r.leaf(r.a, index) })
	return b, err
}
