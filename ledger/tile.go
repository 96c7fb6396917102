package ledger

import (
	"github.com/forgepool/settle/codec"
	"github.com/forgepool/settle/proof"
)

// A tile holds a complete subtree of 256 leaves without its root: 256 hashes of
// height 0, 128 of height 1, down to 2 of height 7. Its root is leaf n of a tile one
// level up. A tile of level l and number n covers the leaves from n<<(8(l+1)).
const (
	tileHeight = 8
	tileWidth  = 1 << tileHeight
	tileHashes = 2*tileWidth - 2
	tileBytes  = tileHashes * 32
	maxLevels  = 63/tileHeight + 1
)

// tile is filled from the left and never overwritten, so a reader that knows how
// many leaves it may use needs no lock while the writer adds more.
type tile [tileHashes]codec.Hash

// slot returns where the hash of a height and position stands.
func slot(height, i uint64) uint64 { return 2*tileWidth - 2*tileWidth>>height + i }

// bytes returns the stored form of a closed tile.
func (t *tile) bytes(b []byte) []byte {
	for i := range t {
		b = append(b, t[i][:]...)
	}
	return b
}

// tree is one log tree while it grows: the open tile of each level. Closed tiles go
// to the store.
type tree struct {
	id     byte
	hasher proof.Hasher
	size   uint64
	open   [maxLevels]*tile // nil until the level has a leaf
	closed func(level uint, n uint64, t *tile)
}

func newTree(id byte) *tree {
	h := proof.TreeA
	if id == treeB {
		h = proof.TreeB
	}
	return &tree{id: id, hasher: h}
}

// append adds a leaf hash.
func (t *tree) append(leaf codec.Hash) {
	t.place(0, t.size, leaf)
	t.size++
}

// place puts leaf i of a level into its open tile and folds what it completes.
func (t *tree) place(level uint, i uint64, h codec.Hash) {
	n, at := i/tileWidth, i%tileWidth
	if t.open[level] == nil {
		t.open[level] = new(tile)
	}
	o := t.open[level]
	o[slot(0, at)] = h
	for height := uint64(0); at&1 == 1; height++ {
		h = t.hasher.Node(o[slot(height, at-1)], o[slot(height, at)])
		at >>= 1
		if height+1 == tileHeight {
			t.closed(level, n, o)
			t.open[level] = nil
			t.place(level+1, n, h)
			return
		}
		o[slot(height+1, at)] = h
	}
}

// root folds the complete subtrees at the right edge.
func (t *tree) root() codec.Hash {
	if t.size == 0 {
		return t.hasher.Empty()
	}
	var h codec.Hash
	started := false
	for height := uint64(0); t.size>>height > 0; height++ {
		if t.size>>height&1 == 0 {
			continue
		}
		left := t.open[height/tileHeight][slot(height%tileHeight, (t.size>>height-1)%(tileWidth>>(height%tileHeight)))]
		if started {
			h = t.hasher.Node(left, h)
		} else {
			h, started = left, true
		}
	}
	return h
}

// frozen is the part of a tree that is not in the store, as of one size.
type frozen struct {
	id   byte
	size uint64
	open [maxLevels]*tile
}

func (t *tree) freeze() frozen { return frozen{id: t.id, size: t.size, open: t.open} }
