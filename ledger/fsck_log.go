package ledger

import (
	"github.com/transparency-dev/merkle/compact"

	"github.com/forgepool/settle/codec"
	"github.com/forgepool/settle/proof"
)

// checkLog reads every record, hashes it, and rebuilds both trees. Each damaged record
// is named. Its leaf hash is then taken from its tile, so that one damage is not
// reported again at every level above it.
func (k *checker) checkLog() {
	for _, t := range []*tree{k.l.treeA, k.l.treeB} {
		id := t.id
		t.closed = func(level uint, n uint64, tile *tile) { k.compareTile(id, level, n, tile) }
	}
	next := uint64(0)
	err := scanChunks(k, func(c *chunk, key []byte, err error) bool {
		first, count, ok := parseChunkKey(key)
		if !ok || first != next {
			k.broken = true
			k.found("record", next, key, "missing: next are those from %d", first)
			return false
		}
		if err != nil {
			k.broken = true
			k.found("record", first, key, "records %d to %d cannot be read: %v", first, first+uint64(count)-1, err)
		}
		for i := range count {
			k.addRecord(first+uint64(i), c, i)
		}
		next += uint64(count)
		k.o.Progress(next, 2*k.l.applied.Size)
		return true
	})
	if err != nil {
		k.broken = true
		k.found("record", next, nil, "records from %d on cannot be read: %v", next, err)
		return
	}
	if next != k.l.applied.Size {
		k.broken = true
		k.found("record", min(next, k.l.applied.Size), nil, "there are %d records instead of %d", next, k.l.applied.Size)
		return
	}
	k.compareRoots()
}

// addRecord checks record i of a chunk, nil if it cannot be read, and appends it to
// the trees.
func (k *checker) addRecord(index uint64, c *chunk, i int) {
	if c != nil {
		data := c.bytes(i)
		leafA := proof.LeafA(data)
		if c.fits(i, leafA) {
			k.l.treeA.append(leafA)
			k.l.treeB.append(proof.LeafB(data))
			return
		}
		k.broken = true
		k.found("record", index, nil, "its bytes do not have the leaf hash they were stored with")
	}
	k.l.treeA.append(k.tileLeaf(k.l.treeA, index))
	k.l.treeB.append(k.tileLeaf(k.l.treeB, index))
}

// tileLeaf returns the leaf hash of a record from its closed tile, zero if it has none.
func (k *checker) tileLeaf(t *tree, index uint64) codec.Hash {
	size := k.l.applied.Size &^ (tileWidth - 1)
	if index < size {
		h, err := hashes{k.db, frozen{id: t.id, size: size}}.ReadHashes([]compact.NodeID{{Index: index}})
		if err == nil {
			return h[0]
		}
	}
	k.bare = true
	return codec.Hash{}
}

// compareTile compares a stored tile with the one that the records give.
func (k *checker) compareTile(id byte, level uint, n uint64, want *tile) {
	key := tileKey(id, level, n)
	var cur tileReader
	defer cur.close()
	data, err := cur.read(k.db, key)
	if err != nil {
		k.found("tile", NoIndex, key, "%v", err)
		return
	}
	for i := range want {
		if string(want[i][:]) == string(data[32*i:32*i+32]) {
			continue
		}
		index := uint64(NoIndex)
		if level == 0 && i < tileWidth {
			index = n*tileWidth + uint64(i)
		}
		k.found("tile", index, key, "hash %d differs from what the records give", i)
	}
}

func (k *checker) compareRoots() {
	if k.bare {
		return
	}
	if a := k.l.treeA.root(); a != k.l.applied.RootA {
		k.found("root", NoIndex, keyApplied, "of tree A is %s, stored is %s", a, k.l.applied.RootA)
	}
	if b := k.l.treeB.root(); b != k.l.applied.RootB {
		k.found("root", NoIndex, keyApplied, "of tree B is %s, stored is %s", b, k.l.applied.RootB)
	}
}

// scanChunks calls f for each chunk in order until it returns false. A chunk that
// cannot be read comes as nil with its key and an error.
func scanChunks(k *checker, f func(c *chunk, key []byte, err error) bool) error {
	it, err := k.db.NewIter(recordBounds())
	if err != nil {
		return err
	}
	defer it.Close()
	for ok := it.First(); ok; ok = it.Next() {
		var c *chunk
		err := guarded(func() error {
			value, err := it.ValueAndErr()
			if err == nil {
				c, err = parseChunk(it.Key(), append([]byte{}, value...))
			}
			return err
		})
		if !f(c, it.Key(), err) {
			return nil
		}
	}
	return it.Error()
}
