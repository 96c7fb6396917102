package verifier

import (
	"context"

	"github.com/forgepool/settle/codec"
	"github.com/forgepool/settle/proof"
	"github.com/transparency-dev/merkle/compact"
)

// pageRecords is how many records are asked for at once.
const pageRecords = 2_048

// Log is what a full reader keeps of the records below a checkpoint: both roots were
// rebuilt from the bytes, so everything in it is proven.
type Log struct {
	Pair    *Pair
	Genesis *codec.Genesis

	settled  []settled              // ascending by index
	planned  map[workloadKey]uint64 // index of the Planned event
	registry *registry
}

type workloadKey struct {
	author, workload codec.ID
}

// settled is what is kept of a settlement until one of its shards is drawn.
type settled struct {
	index    uint64
	leaf     codec.Hash
	workload workloadKey
	detail   codec.Hash
	postings codec.PostingsRef
	charge   uint64
}

// Settlements returns the number of settlements in the log.
func (l *Log) Settlements() int { return len(l.settled) }

// ReadLog reads all records below the pair's size, rebuilds both trees and compares
// their roots, and reads parties, keys and policies out of the records. Progress may
// be nil. Errors: ErrUnavailable when the source does not hand out everything,
// LieRoot, LieOrder, LieRecord, LieSignature, LieOrigin.
func ReadLog(ctx context.Context, src Source, pair *Pair, progress func(done, total uint64)) (*Log, error) {
	return readLog(ctx, src, pair, nil, progress)
}

// readLog is ReadLog that hands the records to the books of a cycle, if there are any,
// and then keeps no list of settlements and workloads itself.
func readLog(ctx context.Context, src Source, pair *Pair, b *books, progress func(done, total uint64)) (*Log, error) {
	r := &logReader{
		books: b,
		log: &Log{
			Pair:     pair,
			planned:  map[workloadKey]uint64{},
			registry: newRegistry(pair.A.Origin()),
		},
		a: newRange(proof.TreeA),
		b: newRange(proof.TreeB),
	}
	size := pair.Size()
	for next := uint64(0); next < size; {
		page, err := src.Records(ctx, next, int(min(pageRecords, size-next)))
		if err != nil {
			return nil, unavailable(err, "records from %d", next)
		}
		if len(page) == 0 || uint64(len(page)) > size-next {
			return nil, lie(LieOrder, "%d records from %d, below size %d", len(page), next, size)
		}
		for i := range page {
			if err := r.add(&page[i], next); err != nil {
				return nil, err
			}
			next++
		}
		if progress != nil {
			progress(next, size)
		}
	}
	if err := r.compareRoots(); err != nil {
		return nil, err
	}
	return r.log, r.fault
}

// logReader takes in one record after the other.
type logReader struct {
	log   *Log
	books *books // nil: none
	a, b  *compact.Range
	// fault is the first record that could not be taken in. It is reported only
	// after the roots agree: before that, the source may have changed the bytes.
	fault error
}

func newRange(h proof.Hasher) *compact.Range {
	return (&compact.RangeFactory{Hash: h.HashChildren}).NewEmptyRange(0)
}

// add hashes a record into both trees and keeps what later steps need of it.
func (r *logReader) add(rec *Record, index uint64) error {
	if rec.Index != index {
		return lie(LieOrder, "record %d instead of %d", rec.Index, index)
	}
	leaf := proof.LeafA(rec.Bytes)
	twin := proof.LeafB(rec.Bytes)
	for _, err := range []error{r.a.Append(leaf[:], nil), r.b.Append(twin[:], nil)} {
		if err != nil {
			return lie(LieOrder, "record %d: %v", index, err)
		}
	}
	if r.fault == nil {
		r.fault = r.keep(rec.Bytes, index, leaf)
	}
	return nil
}

// keep decodes a record and dispatches on its kind.
func (r *logReader) keep(data []byte, index uint64, leaf codec.Hash) error {
	env, err := codec.DecodeRecord(data)
	if err != nil {
		return lie(LieRecord, "record %d: %v", index, err)
	}
	switch {
	case index == 0:
		r.log.Genesis, err = r.log.registry.genesis(&env)
		return err
	case r.books != nil:
		if err := r.books.keep(&env, data, codec.RecordRef{Index: index, Leaf: leaf}, r.rootA); err != nil {
			return err
		}
	case env.Kind == codec.KindSettlement:
		return r.settlement(env.Body, index, leaf)
	case env.Kind == codec.KindEvent:
		return r.event(env.Body, index)
	}
	return r.log.registry.apply(&env, index, leaf)
}

// rootA returns the root of tree A over the records so far.
func (r *logReader) rootA() (codec.Hash, error) {
	root, err := r.a.GetRootHash(nil)
	return codec.Hash(root), err
}

func (r *logReader) settlement(body []byte, index uint64, leaf codec.Hash) error {
	var s codec.Settlement
	if err := codec.DecodeSettlement(body, &s); err != nil {
		return lie(LieRecord, "settlement in record %d: %v", index, err)
	}
	r.log.settled = append(r.log.settled, settled{
		index: index, leaf: leaf, workload: workloadKey{s.Author, s.Workload},
		detail: s.Detail, postings: s.Postings, charge: s.Charge,
	})
	return nil
}

func (r *logReader) event(body []byte, index uint64) error {
	var e codec.Event
	if err := codec.DecodeEvent(body, &e); err != nil {
		return lie(LieRecord, "event in record %d: %v", index, err)
	}
	if e.State == codec.StatePlanned {
		r.log.planned[workloadKey{e.Author, e.Workload}] = index
	}
	return nil
}

// compareRoots compares the rebuilt roots with those of the checkpoints.
func (r *logReader) compareRoots() error {
	for _, tree := range []struct {
		built *compact.Range
		c     *proof.Checkpoint
	}{{r.a, r.log.Pair.A}, {r.b, r.log.Pair.B}} {
		root, err := tree.built.GetRootHash(nil)
		if err != nil || tree.c.Size() == 0 {
			return lie(LieRoot, "%s at size %d", tree.c.Origin(), tree.c.Size())
		}
		if [32]byte(root) != tree.c.Root() {
			return lie(LieRoot, "%s at size %d: %x", tree.c.Origin(), tree.c.Size(), root)
		}
	}
	return nil
}
