package ledger

import (
	"sync/atomic"

	"github.com/cockroachdb/pebble/v2"

	"github.com/forgepool/settle/codec"
	"github.com/forgepool/settle/proof"
	"github.com/forgepool/settle/settlement"
)

// Snapshot is the ledger as of one moment. It never changes and may be used by
// several goroutines. It holds files of the store: close it soon.
//
// Methods that return an error return ErrNotFound for what does not exist, an
// *IntegrityError for what is damaged.
type Snapshot struct {
	store  *store
	snap   *pebble.Snapshot
	view   *view
	r      reader
	closed atomic.Bool
}

// Read returns the ledger as of the last Apply, or nil if the ledger is closed.
func (l *Ledger) Read() *Snapshot {
	l.mu.RLock()
	defer l.mu.RUnlock()
	if l.store == nil || l.view == nil {
		return nil
	}
	l.store.acquire()
	snap := l.store.db.NewSnapshot()
	return &Snapshot{store: l.store, snap: snap, view: l.view, r: reader{db: snap, a: l.view.a, b: l.view.b}}
}

// Close releases the snapshot; closing it again does nothing.
func (s *Snapshot) Close() error {
	if s.closed.Swap(true) {
		return nil
	}
	if err := s.snap.Close(); err != nil {
		return err
	}
	return s.store.release()
}

// Applied returns where the ledger stands.
func (s *Snapshot) Applied() Applied { return s.view.applied }

// Size returns the number of records.
func (s *Snapshot) Size() uint64 { return s.view.applied.Size }

// Time returns ledger time, Unix ms.
func (s *Snapshot) Time() uint64 { return s.view.applied.Time }

// Cycle returns the open billing cycle.
func (s *Snapshot) Cycle() uint64 { return s.view.applied.Cycle }

// TreeA returns the hashes of the BLAKE3 tree, for package proof.
func (s *Snapshot) TreeA() proof.HashReader { return hashes{s.snap, s.r.a} }

// TreeB returns the hashes of the SHA-256 twin, for package proof.
func (s *Snapshot) TreeB() proof.HashReader { return hashes{s.snap, s.r.b} }

// Roots returns both roots at a size that the log had.
func (s *Snapshot) Roots(size uint64) (a, b codec.Hash, err error) {
	ra, err := proof.Root(s.TreeA(), proof.TreeA, size)
	if err != nil {
		return a, b, err
	}
	rb, err := proof.Root(s.TreeB(), proof.TreeB, size)
	return ra, rb, err
}

// Inclusion returns the paths of the record at index in both trees of a size.
func (s *Snapshot) Inclusion(index, size uint64) (a, b [][32]byte, err error) {
	if a, err = proof.ProveInclusion(s.TreeA(), proof.TreeA, index, size); err != nil {
		return nil, nil, err
	}
	b, err = proof.ProveInclusion(s.TreeB(), proof.TreeB, index, size)
	return a, b, err
}

// Consistency returns the paths from one size to a later one in both trees.
func (s *Snapshot) Consistency(from, to uint64) (a, b [][32]byte, err error) {
	if a, err = proof.ProveConsistency(s.TreeA(), proof.TreeA, from, to); err != nil {
		return nil, nil, err
	}
	b, err = proof.ProveConsistency(s.TreeB(), proof.TreeB, from, to)
	return a, b, err
}

// Checkpoint returns the published checkpoint of a size.
func (s *Snapshot) Checkpoint(size uint64) (*codec.CheckpointCommit, error) {
	data, err := fetch(s.snap, checkpointKey(published, size))
	if err != nil {
		return nil, err
	}
	return decodeCheckpoint(size, data)
}

func decodeCheckpoint(size uint64, data []byte) (*codec.CheckpointCommit, error) {
	c := new(codec.CheckpointCommit)
	if err := codec.Decode(data, c); err != nil || c.Size != size {
		return nil, damaged(NoIndex, err, "checkpoint of size %d", size)
	}
	return c, nil
}

// LatestCheckpoint returns the published checkpoint of the largest size.
func (s *Snapshot) LatestCheckpoint() (*codec.CheckpointCommit, error) {
	return s.Checkpoint(s.view.newest)
}

// Checkpoints returns up to limit published checkpoints of at least a size, smallest
// first.
func (s *Snapshot) Checkpoints(from uint64, limit int) ([]codec.CheckpointCommit, error) {
	var list []codec.CheckpointCommit
	err := scan(s.snap, checkpointKey(published, from), []byte{spaceCheckpoint, published + 1}, func(key, value []byte) (bool, error) {
		if len(list) >= limit {
			return false, nil
		}
		v := values{b: key[2:]}
		c, err := decodeCheckpoint(v.u64(), value)
		if err != nil {
			return false, err
		}
		list = append(list, *c)
		return true, nil
	})
	return list, err
}

// OwnRoots returns what this replica recorded at the checkpoint intent of a size.
func (s *Snapshot) OwnRoots(size uint64) (Roots, error) {
	data, err := fetch(s.snap, checkpointKey(ownRoots, size))
	if err != nil {
		return Roots{}, err
	}
	r, ok := decodeRoots(size, data)
	if !ok {
		return Roots{}, damaged(NoIndex, nil, "roots of size %d", size)
	}
	return r, nil
}

// NodeStart returns what a replica announced when it last started.
func (s *Snapshot) NodeStart(server string) (NodeInfo, error) {
	return found(nodes.load(s.snap, server))
}

// Nodes returns what every replica announced when it last started, by server id.
func (s *Snapshot) Nodes() (map[string]NodeInfo, error) {
	all := map[string]NodeInfo{}
	err := scan(s.snap, []byte{spaceNode}, []byte{spaceNode + 1}, func(key, value []byte) (bool, error) {
		n, ok := decodeNode("", value)
		if !ok {
			return false, damaged(NoIndex, nil, "node %s", key[1:])
		}
		all[string(key[1:])] = n
		return true, nil
	})
	return all, err
}

// found turns a missing value into ErrNotFound.
func found[V any](v V, ok bool, err error) (V, error) {
	if err == nil && !ok {
		err = ErrNotFound
	}
	return v, err
}

// scan calls f for the entries in [from, to) until it returns false. Key and value are
// valid only during the call.
func scan(r pebble.Reader, from, to []byte, f func(key, value []byte) (bool, error)) error {
	it, err := r.NewIter(&pebble.IterOptions{LowerBound: from, UpperBound: to})
	if err != nil {
		return damaged(NoIndex, err, "reading %q", from[:1])
	}
	defer it.Close()
	for ok := it.First(); ok; ok = it.Next() {
		value, err := it.ValueAndErr()
		if err != nil {
			return damaged(NoIndex, err, "reading %q", it.Key())
		}
		if more, err := f(it.Key(), value); err != nil || !more {
			return err
		}
	}
	if err := it.Error(); err != nil {
		return damaged(NoIndex, err, "reading %q", from[:1])
	}
	return nil
}

// scanKeys calls f for the keys of one space, without reading values.
func scanKeys(r pebble.Reader, space byte, f func(key []byte) error) error {
	it, err := r.NewIter(&pebble.IterOptions{LowerBound: []byte{space}, UpperBound: []byte{space + 1}})
	if err != nil {
		return damaged(NoIndex, err, "reading %q", space)
	}
	defer it.Close()
	for ok := it.First(); ok; ok = it.Next() {
		if err := f(it.Key()); err != nil {
			return err
		}
	}
	if err := it.Error(); err != nil {
		return damaged(NoIndex, err, "reading %q", space)
	}
	return nil
}

// Facts returns what the genesis fixed.
func (s *Snapshot) Facts() *settlement.Facts { return s.view.facts }

// PolicyFor returns the policy in force in a cycle, nil if there is none.
func (s *Snapshot) PolicyFor(cycle uint64) *settlement.Policy {
	return policyFor(s.view.policies, cycle)
}

// LastPolicy returns the policy with the highest version.
func (s *Snapshot) LastPolicy() *settlement.Policy { return lastPolicy(s.view.policies) }

// Policies returns all policies, ascending by version.
func (s *Snapshot) Policies() []*settlement.Policy {
	return append([]*settlement.Policy(nil), s.view.policies...)
}
