package ledger

import (
	"github.com/cockroachdb/pebble/v2"

	"github.com/forgepool/settle/codec"
	"github.com/forgepool/settle/internal/invariants"
)

// commit writes everything accepted since the last commit to Pebble in one atomic
// batch, the applied index in it, and shows it to readers. It does not wait for the
// disk: the raft log has the entries.
func (l *Ledger) commit() {
	if !l.changed {
		return
	}
	if invariants.Enabled {
		l.state.checkRun()
	}
	l.noteOperators()
	folded := l.state.foldAside()
	for _, t := range l.state.all {
		if t == space(&l.state.accounts) {
			folded()
		}
		t.seal(&l.w)
	}
	l.state.sealTally(&l.w)
	for _, p := range l.state.policies[l.sealed:] {
		l.w.key = appendNumber(l.w.key[:0], spacePolicy, p.Body.Version)
		l.w.value = encodePolicy(l.w.value[:0], p)
		l.w.put()
	}
	l.sealed = len(l.state.policies)
	l.applied.Size = l.treeA.size
	l.applied.RootA, l.applied.RootB = l.treeA.root(), l.treeB.root()
	l.applied.StateSum = l.w.state.hash()
	l.w.set(keyApplied, l.applied.encode(nil))
	l.publish()
	l.state.settled(l.applied.Size)
	l.batches, l.changed = l.batches[:0], false
	if invariants.Enabled {
		l.checkInvariants()
	}
}

// publish commits the Pebble batch and replaces the view in one step, so that a
// reader never sees one without the other.
func (l *Ledger) publish() {
	v := &view{
		applied: l.applied, newest: l.newest, facts: l.state.facts, policies: l.state.policies,
		a: l.treeA.freeze(), b: l.treeB.freeze(), turnover: l.state.Turnover(), held: l.state.Held(),
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := l.w.batch.Commit(pebble.NoSync); err != nil {
		panic(err)
	}
	l.w.batch.Reset()
	l.view = v
}

// noteOperators adds newly registered operators to the list that judges checkpoints.
func (l *Ledger) noteOperators() {
	for i := range l.state.parties.dirty {
		d := &l.state.parties.dirty[i]
		if d.value.Role == codec.RoleOperator && !d.existed {
			l.addOperator(d.key)
		}
	}
}

// writeRecords appends records to both trees and writes them, in chunks.
func (l *Ledger) writeRecords(ref BatchRef, records []record) {
	first := l.treeA.size
	for i := range records {
		l.treeA.append(records[i].leafA)
		l.treeB.append(records[i].leafB)
	}
	for len(records) > 0 {
		n := cut(records)
		l.w.value = appendChunk(l.w.value[:0], ref, records[:n])
		l.w.set(chunkKey(first, n), l.w.value)
		first, records = first+uint64(n), records[n:]
	}
}
