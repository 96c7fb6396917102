package node

import (
	"context"
	"time"

	"github.com/forgepool/settle/api"
	"github.com/forgepool/settle/codec"
	"github.com/forgepool/settle/ledger"
	"github.com/forgepool/settle/proof"
	"github.com/forgepool/settle/settlement"
)

// PartyPath returns the path of a party in sum tree 1 of a cycle that was cut. Building
// the tree reads every account of the cycle, so one is built at a time.
func (s *service) PartyPath(ctx context.Context, party codec.ID, cycle uint64) (*api.SumPath, error) {
	return fromConcerned(ctx, &s.reads, party, func(v *ledger.Snapshot) (*api.SumPath, error) {
		p := v.Party(party)
		if p == nil {
			return nil, ledger.ErrNotFound
		}
		if c := v.CycleOf(cycle); c == nil || c.Cut == nil {
			return nil, api.Fail(codec.CodeNotFound, "cycle %d was not cut", cycle)
		}
		key := proof.PartyKey(uint8(p.Role), party)
		return s.sumPath(v, proof.SumParties, cycle, key[:], func() ([]proof.SumLeaf, error) { return v.PartyLeaves(cycle) })
	})
}

// JournalPath returns the path of a record in sum tree 4 of its cycle, which was cut.
func (s *service) JournalPath(_ context.Context, index uint64) (*api.SumPath, error) {
	return from(&s.reads, func(v *ledger.Snapshot) (*api.SumPath, error) {
		c, err := cycleAt(v, index)
		if err != nil {
			return nil, err
		}
		key := proof.JournalKey(index)
		return s.sumPath(v, proof.SumJournal, c.Number, key[:], func() ([]proof.SumLeaf, error) { return v.JournalLeaves(c) })
	})
}

// cycleAt returns the cycle that was cut with a record in its range.
func cycleAt(v *ledger.Snapshot, index uint64) (*settlement.Cycle, error) {
	for p := (ledger.Page{}); ; {
		part, err := v.Cycles(p)
		if err != nil {
			return nil, err
		}
		for _, c := range part.Items {
			if c.Cut != nil && c.First <= index && index <= c.Cut.Index {
				return c, nil
			}
		}
		if p.From = part.Next; part.Next == 0 {
			return nil, api.Fail(codec.CodeNotFound, "record %d is in no cycle that was cut", index)
		}
	}
}

// sumPath returns the path of a key, or of its absence.
func (s *service) sumPath(v *ledger.Snapshot, t proof.SumType, cycle uint64, key []byte, read func() ([]proof.SumLeaf, error)) (*api.SumPath, error) {
	s.node.trees.Lock()
	defer s.node.trees.Unlock()
	leaves, err := read()
	if err != nil {
		return nil, err
	}
	tree, err := proof.BuildSumTree(t, leaves)
	if err != nil {
		return nil, err
	}
	out := &api.SumPath{Cycle: cycle, Path: []byte{}, Size: v.Size()}
	if len(leaves) == 0 {
		return out, nil
	}
	at, _ := tree.Find(key)
	p, err := tree.Prove(at)
	if err != nil {
		return nil, err
	}
	out.Path, err = proof.EncodeSumProof(t, p)
	return out, err
}

// Absence signs that bytes which a record names are not here, nor with another member.
// The node asks as it does for whoever wants the bytes, so it cannot say less than it
// could serve.
func (s *service) Absence(ctx context.Context, hash codec.Hash, index uint64) (*api.Absence, error) {
	body, _, err := s.Artifact(ctx, hash, index)
	if err == nil {
		body.Close()
		return nil, api.Fail(codec.CodeNotFound, "nothing is absent: %s is here", hash)
	}
	if api.CodeOf(err) != codec.CodeNotFound {
		return nil, err
	}
	return from(&s.reads, func(v *ledger.Snapshot) (*api.Absence, error) {
		if index == 0 || index >= v.Size() {
			return nil, api.Fail(codec.CodeNotFound, "no record %d", index)
		}
		operator, ok := operatorOf(v, s.node.config.NodeKey, codec.UseNode)
		if !ok {
			return nil, api.Fail(codec.CodeInternal, "%v", errNoNodeKey)
		}
		a, err := proof.SignAbsence(proof.Absence{Origin: v.Facts().OriginA, Operator: operator, Hash: hash, Index: index,
			Time: uint64(max(time.Now().UnixMilli(), 0))}, s.node.config.NodeKey)
		return &api.Absence{Operator: operator, Hash: hash, Index: index, Time: a.Time, Signature: a.Sig}, err
	})
}
