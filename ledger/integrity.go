package ledger

import (
	"sync"
	"sync/atomic"

	"github.com/cockroachdb/pebble/v2"

	"github.com/forgepool/settle/codec"
	"github.com/forgepool/settle/proof"
)

// Pebble can lose a range of keys without noticing (a damaged MANIFEST), and the
// applied index survives that. So the store is believed only if
//
//   - the records number what the applied state says, without gap,
//   - both roots follow from them, and every closed tile is what they give,
//   - the state sum follows from the tables it covers.
//
// After a clean stop the middle is left out: the records are counted, the open tiles
// rebuilt from records and closed tiles, and the roots compared. Fsck does more.

// check rebuilds the open tiles and compares with the applied state.
func (l *Ledger) check(edge bool) error {
	if err := l.countRecords(); err != nil {
		return err
	}
	rebuild := l.rebuildAll
	if edge {
		rebuild = l.rebuildEdge
	}
	if err := rebuild(); err != nil {
		return err
	}
	if a := l.treeA.root(); a != l.applied.RootA {
		return damaged(NoIndex, nil, "root of tree A is %s instead of %s", a, l.applied.RootA)
	}
	if b := l.treeB.root(); b != l.applied.RootB {
		return damaged(NoIndex, nil, "root of tree B is %s instead of %s", b, l.applied.RootB)
	}
	if edge {
		return nil
	}
	return l.checkSum()
}

// countRecords checks by keys alone that the records have no gap and the right number.
func (l *Ledger) countRecords() error {
	next := uint64(0)
	err := scanKeys(l.store.db, spaceRecords, func(key []byte) error {
		first, count, ok := parseChunkKey(key)
		if !ok || first != next || count == 0 {
			return damaged(next, nil, "record is missing: next are those under %x", key[1:])
		}
		next += uint64(count)
		return nil
	})
	if err == nil && next != l.applied.Size {
		err = damaged(min(next, l.applied.Size), nil, "%d records instead of %d", next, l.applied.Size)
	}
	return err
}

// checkSum recomputes the state sum and fills the filter.
func (l *Ledger) checkSum() error {
	total, err := stateSum(l.store.db)
	if err != nil {
		return err
	}
	if total.hash() != l.applied.StateSum {
		return damaged(NoIndex, nil, "state sum is %s instead of %s", total.hash(), l.applied.StateSum)
	}
	if err := fillFilter(l.store.db, l.state.known, new(atomic.Bool)); err != nil {
		return err
	}
	l.state.known.complete = true
	return nil
}

// stateSum adds up the terms of all entries that the sum covers.
func stateSum(r pebble.Reader) (total sum, err error) {
	var t sum
	var scratch []byte
	for _, space := range summed {
		err := scan(r, []byte{space}, []byte{space + 1}, func(key, value []byte) (bool, error) {
			t, scratch = term(scratch, key, value)
			total.add(t)
			return true, nil
		})
		if err != nil {
			return total, err
		}
	}
	return total, nil
}

// rebuildEdge rebuilds the open tiles: the leaves of level 0 from records, those of
// the levels above from the closed tiles below.
func (l *Ledger) rebuildEdge() error {
	for _, t := range []*tree{l.treeA, l.treeB} {
		r := reader{db: l.store.db, a: frozen{id: t.id, size: l.applied.Size}}
		for level := uint(1); l.applied.Size>>(tileHeight*level) > 0; level++ {
			if err := r.openTile(t, level); err != nil {
				return err
			}
		}
		t.size = l.applied.Size &^ (tileWidth - 1)
	}
	return l.eachLeaf(l.applied.Size&^(tileWidth-1), func(index uint64, a, b codec.Hash) error {
		l.treeA.append(a)
		l.treeB.append(b)
		return nil
	})
}

// openTile rebuilds the open tile of a level from the roots of closed tiles below.
func (r *reader) openTile(t *tree, level uint) error {
	width := r.a.size >> (tileHeight * level)
	var cur tileReader
	defer cur.close()
	for i := width &^ (tileWidth - 1); i < width; i++ {
		data, err := cur.read(r.db, tileKey(t.id, level-1, i))
		if err != nil {
			return err
		}
		left, right := slot(tileHeight-1, 0), slot(tileHeight-1, 1)
		t.place(level, i, t.hasher.Node([32]byte(data[32*left:]), [32]byte(data[32*right:])))
	}
	return nil
}

// rebuildAll rebuilds both trees from the records and compares every tile.
func (l *Ledger) rebuildAll() error {
	var bad error
	compare := func(id byte) func(uint, uint64, *tile) {
		return func(level uint, n uint64, t *tile) {
			if err := l.compareTile(id, level, n, t); err != nil && bad == nil {
				bad = err
			}
		}
	}
	keepA, keepB := l.treeA.closed, l.treeB.closed
	l.treeA.closed, l.treeB.closed = compare(treeA), compare(treeB)
	err := l.eachLeaf(0, func(index uint64, a, b codec.Hash) error {
		l.treeA.append(a)
		l.treeB.append(b)
		return bad
	})
	l.treeA.closed, l.treeB.closed = keepA, keepB
	return err
}

// compareTile names the first record whose hash differs, if it is one.
func (l *Ledger) compareTile(id byte, level uint, n uint64, t *tile) error {
	var cur tileReader
	defer cur.close()
	data, err := cur.read(l.store.db, tileKey(id, level, n))
	if err != nil {
		return err
	}
	for i := range t {
		if string(t[i][:]) == string(data[32*i:32*i+32]) {
			continue
		}
		return damaged(NoIndex, nil, "tile %d of level %d of tree %c differs at hash %d", n, level, 'A'+id, i)
	}
	return nil
}

// leafRun are the leaf hashes of one chunk, computed on some goroutine.
type leafRun struct {
	first uint64
	a, b  []codec.Hash
	err   error
	done  chan struct{}
}

// eachLeaf calls f with the leaf hashes of all records from an index on, in order,
// hashing on several goroutines. A record that does not have the leaf hash it was
// stored with is named.
func (l *Ledger) eachLeaf(from uint64, f func(index uint64, a, b codec.Hash) error) error {
	order := make(chan *leafRun, 4*workers())
	work := make(chan func(), 4*workers())
	stop := make(chan struct{})
	var wg sync.WaitGroup
	for range workers() {
		wg.Go(func() {
			for job := range work {
				job()
			}
		})
	}
	var scanErr error
	wg.Go(func() {
		defer close(order)
		defer close(work)
		scanErr = l.hashChunks(from, order, work, stop)
	})
	err := collect(from, order, f)
	close(stop)
	for range order {
	}
	wg.Wait()
	if err == nil {
		err = scanErr
	}
	return err
}

// hashChunks reads chunks in order and hands each to a worker.
func (l *Ledger) hashChunks(from uint64, order chan<- *leafRun, work chan<- func(), stop <-chan struct{}) error {
	start := from
	r := reader{db: l.store.db, a: frozen{size: l.applied.Size}}
	err := r.at(from, func(c *chunk, _ int) error {
		start = c.first
		return nil
	})
	if err != nil && !isNotFound(err) {
		return err
	}
	return scan(l.store.db, numberKey(spaceRecords, start), []byte{spaceRecords + 1}, func(key, value []byte) (bool, error) {
		c, err := parseChunk(key, append([]byte{}, value...))
		if err != nil {
			return false, err
		}
		run := &leafRun{first: c.first, done: make(chan struct{})}
		select {
		case <-stop:
			return false, nil
		case order <- run:
		}
		work <- func() { run.hash(c) }
		return true, nil
	})
}

func (r *leafRun) hash(c *chunk) {
	defer close(r.done)
	r.a, r.b = make([]codec.Hash, c.count), make([]codec.Hash, c.count)
	for i := range c.count {
		data := c.bytes(i)
		r.a[i], r.b[i] = proof.LeafA(data), proof.LeafB(data)
		if !c.fits(i, r.a[i]) {
			r.err = damaged(c.first+uint64(i), nil, "stored record does not have its leaf hash")
			return
		}
	}
}

func collect(from uint64, order <-chan *leafRun, f func(uint64, codec.Hash, codec.Hash) error) error {
	for run := range order {
		<-run.done
		if run.err != nil {
			return run.err
		}
		for i := range run.a {
			if index := run.first + uint64(i); index >= from {
				if err := f(index, run.a[i], run.b[i]); err != nil {
					return err
				}
			}
		}
	}
	return nil
}
