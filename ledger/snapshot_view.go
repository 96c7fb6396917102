package ledger

import (
	"github.com/transparency-dev/merkle/compact"

	"github.com/forgepool/settle/codec"
	"github.com/forgepool/settle/proof"
	"github.com/forgepool/settle/settlement"
)

// What the rules ask for, of a snapshot. These methods panic with an *IntegrityError on
// a damaged store.

// Logged returns a record with its leaf hash and time, nil if there is none.
func (s *Snapshot) Logged(index uint64) *settlement.Logged { return s.r.logged(index) }

// RootAt returns the root of tree A at a size that the log had.
func (s *Snapshot) RootAt(size uint64) (codec.Hash, bool) {
	if size > s.Size() {
		return codec.Hash{}, false
	}
	return s.r.rootAt(size), true
}

// Posted returns the postings of the settlement or adjustment at index, nil if there are
// none.
func (s *Snapshot) Posted(index uint64) *settlement.Posted { return must(postings.load(s.snap, index)) }

// Reversed returns how much of a posting was taken back, in micro-Credits.
func (s *Snapshot) Reversed(line settlement.LineRef) uint64 { return must(reversed.load(s.snap, line)) }

// Hold returns what is held of a posting, nil if it never was contested.
func (s *Snapshot) Hold(line settlement.LineRef) *settlement.Hold {
	return must(holds.load(s.snap, line))
}

// Turnover returns what was posted on each side in the open cycle, in micro-Credits.
func (s *Snapshot) Turnover() uint64 { return s.view.turnover }

// Held returns what is held of all postings of all cycles, in micro-Credits.
func (s *Snapshot) Held() uint64 { return s.view.held }

// Usage returns what was charged under a scope, zero if nothing was.
func (s *Snapshot) Usage(scope settlement.Scope) *settlement.Usage {
	if u := must(usages.load(s.snap, scope)); u != nil {
		return u
	}
	return &settlement.Usage{Scope: scope}
}

// Dispute returns the dispute opened by the record at index, nil if there is none.
func (s *Snapshot) Dispute(opened uint64) *settlement.Dispute {
	return must(disputes.load(s.snap, opened))
}

// Ruled returns the dispute that the record at index ended, nil if it ended none.
func (s *Snapshot) Ruled(index uint64) *settlement.Dispute {
	opened, ok, err := rulings.load(s.snap, index)
	if !must(ok, ok, err) {
		return nil
	}
	return s.Dispute(opened)
}

// Contest returns the open disputes on the record at index, nil if there never was one.
func (s *Snapshot) Contest(target uint64) *settlement.Contest {
	return must(contests.load(s.snap, target))
}

// CycleOf returns what is known of a cycle, nil if that is nothing.
func (s *Snapshot) CycleOf(number uint64) *settlement.Cycle { return must(cycles.load(s.snap, number)) }

// Unclosed returns the cycle that was cut and not closed yet, nil if there is none.
func (s *Snapshot) Unclosed() *settlement.Cycle { return unclosed(s.Cycle(), s.CycleOf) }

// Cycle returns what is known of a cycle, nil if that is nothing.
func (a advice) Cycle(number uint64) *settlement.Cycle { return a.CycleOf(number) }

// Intent returns an auditor's intent for a cycle, nil if there is none.
func (s *Snapshot) Intent(auditor codec.ID, cycle uint64) *settlement.Intent {
	return must(intents.load(s.snap, audit{cycle, auditor}))
}

// Committed says whether an intent with this commitment was appended.
func (s *Snapshot) Committed(commit codec.Hash) bool {
	_, ok, err := commits.load(s.snap, commit)
	return must(ok, ok, err)
}

// Attestation returns the attestation at index, nil if there is none.
func (s *Snapshot) Attestation(index uint64) *settlement.Attestation {
	return must(attestations.load(s.snap, index))
}

// logged returns a stored record with what is known of it, nil if there is none. It
// panics on a damaged store.
func (r *reader) logged(index uint64) *settlement.Logged {
	if index >= r.a.size {
		return nil
	}
	data, ref, err := r.record(index)
	if err != nil {
		panic(err)
	}
	return &settlement.Logged{Index: index, Bytes: data, Leaf: proof.LeafA(data), Time: ref.Time}
}

// rootAt returns the root of tree A at a size up to that of the reader. It panics on a
// damaged store.
func (r *reader) rootAt(size uint64) codec.Hash {
	root, err := proof.Root(hashes{r.db, r.a}, proof.TreeA, size)
	if err != nil {
		panic(err)
	}
	return root
}

// edge returns the complete subtrees of tree A. It panics on a damaged store.
func (r *reader) edge() mth {
	list, err := hashes{r.db, r.a}.ReadHashes(compact.RangeNodes(0, r.a.size, nil))
	if err != nil {
		panic(err)
	}
	x := mth{size: r.a.size}
	for _, h := range list {
		x.nodes = append(x.nodes, h)
	}
	return x
}
