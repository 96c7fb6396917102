package ledger

import (
	"bytes"
	"encoding/binary"
	"slices"

	"github.com/forgepool/settle/codec"
	"github.com/forgepool/settle/proof"
	"github.com/forgepool/settle/settlement"
)

// Divergence says that a majority of operators attested a checkpoint that this
// replica does not have: it is in the minority and must stop (exit 77). It carries
// both sides for whoever looks into it.
type Divergence struct {
	Own    Roots
	Theirs codec.CheckpointCommit
}

// NodeInfo is what a replica announced when its process started.
type NodeInfo struct {
	Incarnation uint64 // rises with every start
	LastIndex   uint64 // last raft index in its log at that time
	API         string // address of its HTTP API
}

func encodeNode(b []byte, n NodeInfo) []byte {
	b = binary.BigEndian.AppendUint64(b, n.Incarnation)
	return append(binary.BigEndian.AppendUint64(b, n.LastIndex), n.API...)
}

func decodeNode(_ string, data []byte) (NodeInfo, bool) {
	v := values{b: data}
	n := NodeInfo{Incarnation: v.u64(), LastIndex: v.u64()}
	n.API = string(v.b)
	return n, !v.bad
}

// applyIntent records our own roots at the present size, which is at least the size
// that the leader asks for and more than that of the last intent. The last record is
// read back and hashed first, so that no damage on the way to the store is attested.
func (l *Ledger) applyIntent(e *Entry, asked uint64) Result {
	if asked > l.treeA.size || l.treeA.size <= l.intent.Size {
		return Result{Refusal: codec.Refuse(codec.CodeOutOfRange, "no new records to checkpoint")}
	}
	l.commit()
	l.readBack(l.applied.Size - 1)
	l.intent = l.applied.roots()
	l.w.set(checkpointKey(ownRoots, l.intent.Size), l.intent.encode(nil))
	l.applied.Index, l.applied.Term, l.changed = e.Index, e.Term, true
	l.commit()
	roots := l.intent
	return Result{Intent: &roots}
}

// readBack panics unless the stored bytes of a record still have their leaf hashes.
func (l *Ledger) readBack(index uint64) {
	r := reader{db: l.store.db, a: l.treeA.freeze(), b: l.treeB.freeze()}
	data, _, err := r.record(index)
	if err != nil {
		panic(err)
	}
	leafB, err := r.leaf(r.b, index)
	if err != nil {
		panic(err)
	}
	if proof.LeafB(data) != leafB {
		panic(damaged(index, nil, "stored record does not have its leaf hash in tree B"))
	}
}

// applyCheckpoint stores a checkpoint that a majority attested.
func (l *Ledger) applyCheckpoint(c *codec.CheckpointCommit) Result {
	l.commit()
	policy, refusal := l.checkpointPolicy()
	if refusal == nil {
		refusal = checkNotes(policy, c)
	}
	if refusal != nil {
		return Result{Refusal: refusal}
	}
	own, refusal := l.ownRoots(c.Size)
	if refusal != nil {
		return Result{Refusal: refusal}
	}
	theirs := Roots{Size: c.Size, RootA: c.RootA, RootB: c.RootB, StateSum: c.StateSum, Time: c.Time}
	if own != theirs {
		return Result{Divergence: &Divergence{Own: own, Theirs: *c}}
	}
	if c.Size <= l.newest {
		return Result{Refusal: codec.Refuse(codec.CodeOutOfRange, "a checkpoint of this size or a larger one is published")}
	}
	l.newest = c.Size
	l.w.set(checkpointKey(published, c.Size), codec.Encode(c))
	return Result{Published: true}
}

// ownRoots returns what we recorded at an intent.
func (l *Ledger) ownRoots(size uint64) (Roots, *codec.Refusal) {
	data, err := fetch(l.store.db, checkpointKey(ownRoots, size))
	if isNotFound(err) {
		return Roots{}, codec.Refuse(codec.CodeNotFound, "no checkpoint of this size was intended")
	}
	if err != nil {
		panic(err)
	}
	own, ok := decodeRoots(size, data)
	if !ok {
		panic(damaged(NoIndex, nil, "roots of size %d do not decode", size))
	}
	return own, nil
}

// checkNotes checks that both notes are signed and attested by a majority and say
// what the command says.
func checkNotes(policy *proof.TrustPolicy, c *codec.CheckpointCommit) *codec.Refusal {
	a, err := policy.OpenCheckpoint(c.NoteA)
	if err != nil {
		return codec.Refuse(codec.CodeBadSignature, "note of tree A: "+err.Error())
	}
	b, err := policy.OpenCheckpoint(c.NoteB)
	if err != nil {
		return codec.Refuse(codec.CodeBadSignature, "note of tree B: "+err.Error())
	}
	if err := a.CheckTwin(b); err != nil {
		return codec.Refuse(codec.CodeMalformed, err.Error())
	}
	attested := func(x *proof.Checkpoint) bool { return x.StateSum() == c.StateSum && x.Time() == c.Time }
	if a.Size() != c.Size || a.Root() != c.RootA || b.Root() != c.RootB || !attested(a) || !attested(b) {
		return codec.Refuse(codec.CodeMalformed, "notes and command differ")
	}
	return nil
}

// checkpointPolicy says whose signatures a checkpoint needs now: a checkpoint key of
// an active operator, and the node keys of a majority of the active operators that
// have one. Of several valid node keys of an operator the newest counts.
func (l *Ledger) checkpointPolicy() (*proof.TrustPolicy, *codec.Refusal) {
	f := l.state.facts
	spec := proof.PolicySpec{Origin: f.OriginA, Twin: f.OriginB}
	for _, id := range l.operators {
		l.addOperatorKeys(&spec, l.state.Party(id))
	}
	spec.Threshold = len(spec.Nodes)/2 + 1
	policy, err := proof.NewTrustPolicy(spec)
	if err != nil {
		return nil, codec.Refuse(codec.CodeUnknownKey, "operators' keys: "+err.Error())
	}
	return policy, nil
}

func (l *Ledger) addOperatorKeys(spec *proof.PolicySpec, p *settlement.Party) {
	if p.Status() != settlement.Active {
		return
	}
	node := ""
	for _, id := range p.Keys {
		k := l.state.Key(id)
		if !k.ValidAt(l.treeA.size) {
			continue
		}
		switch k.Use {
		case codec.UseCheckpoint:
			for _, origin := range []string{spec.Origin, spec.Twin} {
				if vkey, err := proof.FormatCheckpointKey(origin, k.Pub[:]); err == nil {
					spec.Checkpoints = append(spec.Checkpoints, vkey)
				}
			}
		case codec.UseNode:
			if vkey, err := proof.FormatNodeKey(proof.NodeName(spec.Origin, p.ID), k.Pub[:]); err == nil {
				node = vkey
			}
		}
	}
	if node != "" {
		spec.Nodes = append(spec.Nodes, node)
	}
}

// addOperator keeps the list of operators in order of their ids.
func (l *Ledger) addOperator(id codec.ID) {
	at, found := slices.BinarySearchFunc(l.operators, id, func(a, b codec.ID) int { return bytes.Compare(a[:], b[:]) })
	if !found {
		l.operators = slices.Insert(l.operators, at, id)
	}
}

// applyNodeStart records the start of a replica's process. An incarnation that is not
// new is the sign of a restored or doubled data directory.
func (l *Ledger) applyNodeStart(n *codec.NodeStart) Result {
	if n.Server == "" || len(n.Server) > codec.MaxName || len(n.API) > codec.MaxName {
		return Result{Refusal: codec.Refuse(codec.CodeOutOfRange, "server id or address")}
	}
	s := l.state
	if before, ok := s.nodes.get(s.db, n.Server); ok && n.Incarnation <= before.Incarnation {
		return Result{Refusal: codec.Refuse(codec.CodeOutOfTime, "the incarnation was used before")}
	}
	s.nodes.put(s.db, n.Server, NodeInfo{Incarnation: n.Incarnation, LastIndex: n.LastIndex, API: n.API})
	s.nodes.keep()
	return Result{}
}
