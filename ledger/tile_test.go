package ledger

import (
	"encoding/binary"
	"testing"

	"github.com/transparency-dev/merkle/compact"

	"github.com/forgepool/settle/codec"
	"github.com/forgepool/settle/proof"
)

// numbered is the leaf hash of a record that only has a number.
func numbered(i uint64) codec.Hash {
	return proof.LeafA(binary.BigEndian.AppendUint64(nil, i))
}

// TestTilesAcrossLevels grows a tree past 256 and 65,536 leaves and compares every
// stored hash and the roots around the borders with merkle's compact range.
func TestTilesAcrossLevels(t *testing.T) {
	const size = 65_536 + 600
	want := map[compact.NodeID]codec.Hash{}
	rf := compact.RangeFactory{Hash: proof.TreeA.HashChildren}
	r := rf.NewEmptyRange(0)
	tr := newTree(treeA)
	tiles := map[string]*tile{}
	tr.closed = func(level uint, n uint64, x *tile) {
		key := string(tileKey(treeA, level, n))
		if tiles[key] != nil {
			t.Fatalf("tile %d of level %d closed twice", n, level)
		}
		tiles[key] = x
	}
	border := func(n uint64) bool {
		return n < 20 || n > 250 && n < 260 || n > 65_530 && n < 65_540 || n > size-3
	}
	for i := uint64(0); i < size; i++ {
		leaf := numbered(i)
		tr.append(leaf)
		err := r.Append(leaf[:], func(id compact.NodeID, h []byte) { want[id] = codec.Hash(h) })
		if err != nil {
			t.Fatal(err)
		}
		want[compact.NodeID{Index: i}] = leaf
		if border(i + 1) {
			root, err := r.GetRootHash(nil)
			if err != nil || codec.Hash(root) != tr.root() {
				t.Fatalf("root of size %d", i+1)
			}
		}
	}
	if len(tiles) != size/256+1 {
		t.Fatalf("%d closed tiles", len(tiles))
	}
	for id, h := range want {
		level, height := id.Level/tileHeight, uint64(id.Level%tileHeight)
		n, at := id.Index>>(tileHeight-height), slot(height, id.Index&(tileWidth>>height-1))
		x := tiles[string(tileKey(treeA, level, n))]
		if x == nil {
			x = tr.open[level]
		}
		if x[at] != h {
			t.Fatalf("hash of node %+v", id)
		}
	}
}

func TestSlots(t *testing.T) {
	next := uint64(0)
	for height := uint64(0); height < tileHeight; height++ {
		for i := range uint64(tileWidth) >> height {
			if slot(height, i) != next {
				t.Fatalf("slot(%d, %d) = %d, want %d", height, i, slot(height, i), next)
			}
			next++
		}
	}
	if next != tileHashes {
		t.Fatalf("%d slots", next)
	}
}
