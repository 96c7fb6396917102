package ledger

import (
	"encoding/binary"

	"github.com/forgepool/settle/codec"
)

// Applied is where a replica stands: everything that its stored state is a function
// of, and the commitments to it.
type Applied struct {
	Index    uint64     // raft index of the last entry applied
	Term     uint64     // its raft term
	Size     uint64     // records
	RootA    codec.Hash // of tree A at Size
	RootB    codec.Hash // of tree B at Size
	StateSum codec.Hash // over all derived state
	Time     uint64     // ledger time, Unix ms; never runs backwards
	Cycle    uint64     // the open billing cycle
	Batches  uint64     // batches with stored outcomes
	// ConfigIndex is the raft index of the last membership entry, 0 = none.
	ConfigIndex uint64
	// Installed is the raft index of the snapshot that this store began from, 0 if it
	// began from the genesis.
	Installed uint64
}

func (a *Applied) encode(b []byte) []byte {
	for _, n := range [...]uint64{a.Index, a.Term, a.Size} {
		b = binary.BigEndian.AppendUint64(b, n)
	}
	b = append(append(append(b, a.RootA[:]...), a.RootB[:]...), a.StateSum[:]...)
	for _, n := range [...]uint64{a.Time, a.Cycle, a.Batches, a.ConfigIndex, a.Installed} {
		b = binary.BigEndian.AppendUint64(b, n)
	}
	return b
}

func decodeApplied(data []byte) (Applied, error) {
	v := values{b: data}
	a := Applied{Index: v.u64(), Term: v.u64(), Size: v.u64(), RootA: v.hash(), RootB: v.hash(), StateSum: v.hash()}
	a.Time, a.Cycle, a.Batches, a.ConfigIndex, a.Installed = v.u64(), v.u64(), v.u64(), v.u64(), v.u64()
	if !v.done() {
		return a, damaged(NoIndex, nil, "applied state does not decode")
	}
	return a, nil
}

// Roots are both roots of one size with the state that belongs to it.
type Roots struct {
	Size     uint64
	RootA    codec.Hash
	RootB    codec.Hash
	StateSum codec.Hash
	Time     uint64 // ledger time, ms
}

func (a *Applied) roots() Roots {
	return Roots{Size: a.Size, RootA: a.RootA, RootB: a.RootB, StateSum: a.StateSum, Time: a.Time}
}

func (r *Roots) encode(b []byte) []byte {
	b = append(append(append(b, r.RootA[:]...), r.RootB[:]...), r.StateSum[:]...)
	return binary.BigEndian.AppendUint64(b, r.Time)
}

func decodeRoots(size uint64, data []byte) (Roots, bool) {
	v := values{b: data}
	r := Roots{Size: size, RootA: v.hash(), RootB: v.hash(), StateSum: v.hash(), Time: v.u64()}
	return r, v.done()
}
