package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"sync"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/forgepool/settle/api"
	"github.com/forgepool/settle/client"
	"github.com/forgepool/settle/codec"
	"github.com/forgepool/settle/ledger"
	"github.com/forgepool/settle/proof"
	"github.com/forgepool/settle/settlement"
)

// testNode is a node without consensus: a real ledger in memory that publishes a
// checkpoint after every batch.
type testNode struct {
	api.Service // nil: methods that no command calls
	mu          sync.Mutex
	ledger      *ledger.Ledger
	raft        uint64
	operator    codec.ID
	node, sign  *client.Key
	artifacts   map[codec.Hash][]byte
}

func newTestNode(genesis []byte, node, sign *client.Key) (*testNode, error) {
	l, err := ledger.Create("ledger", genesis, ledger.Options{FS: vfs.NewMem()})
	if err != nil {
		return nil, err
	}
	n := &testNode{ledger: l, node: node, sign: sign, artifacts: map[codec.Hash][]byte{}}
	_, parties, err := client.Genesis(genesis)
	if err != nil {
		return nil, err
	}
	for _, p := range parties {
		if *p.Role == codec.RoleOperator {
			n.operator = p.Party
		}
	}
	return n, n.publish()
}

func (n *testNode) apply(c *codec.Command) ledger.Result {
	n.raft++
	c.Version, c.Stamp = 1, client.Now()
	return n.ledger.Apply([]ledger.Entry{{Index: n.raft, Term: 1, Command: codec.EncodeCommand(c)}})[0]
}

// publish makes and publishes a checkpoint of the present size.
func (n *testNode) publish() error {
	size, facts := n.ledger.Applied().Size, n.ledger.Facts()
	r := n.apply(&codec.Command{Kind: codec.CommandCheckpointIntent, Size: &size})
	if r.Refusal != nil {
		return nil // the size did not grow
	}
	a, err := proof.SignAttestation(proof.Attestation{
		Name: proof.NodeName(facts.OriginA, n.operator), Origin: facts.OriginA, Size: size,
		RootA: r.Intent.RootA, RootB: r.Intent.RootB, StateSum: r.Intent.StateSum, Time: r.Intent.Time,
	}, n.node.Private())
	if err != nil {
		return err
	}
	c := &codec.CheckpointCommit{Size: size, RootA: a.RootA, RootB: a.RootB, StateSum: a.StateSum, Time: a.Time}
	if c.NoteA, err = n.note(facts.OriginA, a.RootA, &a); err != nil {
		return err
	}
	if c.NoteB, err = n.note(facts.OriginB, a.RootB, &a); err != nil {
		return err
	}
	if r := n.apply(&codec.Command{Kind: codec.CommandCheckpointCommit, Commit: c}); !r.Published {
		return errors.New("checkpoint was not published")
	}
	return nil
}

func (n *testNode) note(origin string, root [32]byte, a *proof.Attestation) ([]byte, error) {
	signer, err := proof.NewCheckpointSigner(origin, n.sign.Private())
	if err != nil {
		return nil, err
	}
	note, err := proof.SignCheckpoint(proof.FormatCheckpoint(origin, a.Size, root), signer)
	if err != nil {
		return nil, err
	}
	pub := n.node.Public()
	return a.AppendLine(note, pub[:])
}

// read calls f with a snapshot and gives errors the contract's form.
func read[T any](n *testNode, f func(*ledger.Snapshot) (T, error)) (T, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	s := n.ledger.Read()
	defer s.Close()
	v, err := f(s)
	if errors.Is(err, ledger.ErrNotFound) {
		return v, api.Fail(codec.CodeNotFound, "%v", err)
	}
	if err != nil {
		return v, api.Fail(codec.CodeInternal, "%v", err)
	}
	return v, nil
}

func (n *testNode) Submit(_ context.Context, batch []byte) (*api.Submission, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	r := n.apply(&codec.Command{Kind: codec.CommandBatches, Batches: [][]byte{bytes.Clone(batch)}}).Batches[0]
	if r.Fault != nil {
		return nil, &api.Error{Code: r.Fault.Code, Detail: r.Fault.Detail}
	}
	return &api.Submission{Outcomes: r.Outcomes, Known: r.Known, Size: n.ledger.Applied().Size}, n.publish()
}

func (n *testNode) Batch(_ context.Context, submitter, id codec.ID) (*api.Batch, error) {
	return read(n, func(s *ledger.Snapshot) (*api.Batch, error) {
		b, err := s.Batch(submitter, id)
		if err != nil {
			return nil, err
		}
		return batch(s, b), nil
	})
}

func (n *testNode) Batches(_ context.Context, from uint64, limit int) ([]api.Batch, error) {
	return read(n, func(s *ledger.Snapshot) ([]api.Batch, error) {
		list := []api.Batch{}
		for ; from <= s.Applied().Batches && len(list) < limit; from++ {
			b, err := s.BatchByNumber(from)
			if err != nil {
				return nil, err
			}
			list = append(list, *batch(s, b))
		}
		return list, nil
	})
}

func batch(s *ledger.Snapshot, b *ledger.StoredBatch) *api.Batch {
	return &api.Batch{Origin: s.Facts().OriginA, ID: b.ID, Submitter: b.Submitter, Key: b.Key, Sent: b.Sent,
		Atomic: b.Atomic != nil && *b.Atomic == 1, N: uint64(len(b.Leaves)), Root: b.Root, Digest: b.Digest,
		Signature: b.Signature, Stamp: b.Stamp, Leaves: b.Leaves, Outcomes: b.Outcomes, Number: b.Number}
}

func record(s *ledger.Snapshot, index uint64) (api.Record, error) {
	data, err := s.Record(index)
	if err != nil {
		return api.Record{}, err
	}
	ref, err := s.BatchOf(index)
	return api.Record{Index: index, Bytes: data, Leaf: proof.LeafA(data), Submitter: ref.Submitter, Batch: ref.Batch, Position: uint64(ref.Position)}, err
}

func (n *testNode) Record(_ context.Context, index uint64) (*api.Record, error) {
	return read(n, func(s *ledger.Snapshot) (*api.Record, error) {
		r, err := record(s, index)
		return &r, err
	})
}

func (n *testNode) Records(_ context.Context, from uint64, limit int) ([]api.Record, error) {
	return read(n, func(s *ledger.Snapshot) ([]api.Record, error) {
		var page []api.Record
		for i := from; i < min(from+uint64(limit), s.Size()); i++ {
			r, err := record(s, i)
			if err != nil {
				return nil, err
			}
			page = append(page, r)
		}
		return page, nil
	})
}

func (n *testNode) Settlement(_ context.Context, author, workload codec.ID) (*api.Record, error) {
	return read(n, func(s *ledger.Snapshot) (*api.Record, error) {
		index, err := s.Settlement(author, workload)
		if err != nil {
			return nil, err
		}
		r, err := record(s, index)
		return &r, err
	})
}

func (n *testNode) History(_ context.Context, author, workload codec.ID) (*api.History, error) {
	return read(n, func(s *ledger.Snapshot) (*api.History, error) {
		list, err := s.History(author, workload, 100)
		if err != nil {
			return nil, err
		}
		h := &api.History{Author: author, Workload: workload, State: s.Workload(author, workload).State}
		for _, index := range list {
			r, err := record(s, index)
			if err != nil {
				return nil, err
			}
			h.Records = append(h.Records, r)
		}
		return h, nil
	})
}

func (n *testNode) Party(_ context.Context, id codec.ID) (*api.Party, error) {
	return read(n, func(s *ledger.Snapshot) (*api.Party, error) {
		p := s.Party(id)
		if p == nil {
			return nil, ledger.ErrNotFound
		}
		return &api.Party{ID: p.ID, Role: p.Role, Status: "active", Registered: p.History[0].Index, Prev: p.Prev, Threshold: p.Threshold, Weight: p.Weight, Stake: p.Stake}, nil
	})
}

func (n *testNode) Balance(_ context.Context, party codec.ID, cycle uint64) (*api.Balance, error) {
	return read(n, func(s *ledger.Snapshot) (*api.Balance, error) {
		p := s.Party(party)
		if p == nil {
			return nil, ledger.ErrNotFound
		}
		if cycle == 0 {
			cycle = s.Cycle()
		}
		b := s.Balance(settlement.Account{Cycle: cycle, Role: p.Role, Party: party})
		return &api.Balance{Party: party, Role: p.Role, Cycle: cycle, Credit: b.Credit, Debit: b.Debit, Postings: b.Postings, Size: s.Size()}, nil
	})
}

func (n *testNode) Policy(_ context.Context, cycle uint64) (*api.Policy, error) {
	return read(n, func(s *ledger.Snapshot) (*api.Policy, error) {
		if cycle == 0 {
			cycle = s.Cycle()
		}
		p := s.PolicyFor(cycle)
		if p == nil {
			return nil, ledger.ErrNotFound
		}
		return &api.Policy{Index: p.Index, Hash: p.Hash, Body: p.Bytes}, nil
	})
}

func (n *testNode) Checkpoint(_ context.Context, size uint64) (*api.Checkpoint, error) {
	return read(n, func(s *ledger.Snapshot) (*api.Checkpoint, error) {
		c, err := s.LatestCheckpoint()
		if size != 0 {
			c, err = s.Checkpoint(size)
		}
		if err != nil {
			return nil, err
		}
		return &api.Checkpoint{Size: c.Size, NoteA: c.NoteA, NoteB: c.NoteB}, nil
	})
}

func (n *testNode) Inclusion(_ context.Context, _ api.Tree, index, size uint64) (*api.Path, error) {
	return read(n, func(s *ledger.Snapshot) (*api.Path, error) {
		a, _, err := s.Inclusion(index, size)
		return answer(a), err
	})
}

func (n *testNode) Consistency(_ context.Context, tree api.Tree, from, to uint64) (*api.Path, error) {
	return read(n, func(s *ledger.Snapshot) (*api.Path, error) {
		a, b, err := s.Consistency(from, to)
		if tree == api.TreeB {
			return answer(b), err
		}
		return answer(a), err
	})
}

func answer(path [][32]byte) *api.Path {
	p := new(api.Path)
	for _, hash := range path {
		p.Hashes = append(p.Hashes, hash)
	}
	return p
}

func (n *testNode) Artifact(_ context.Context, hash codec.Hash, _ uint64) (io.ReadCloser, int64, error) {
	data, err := read(n, func(s *ledger.Snapshot) ([]byte, error) {
		if data, ok := n.artifacts[hash]; ok {
			return data, nil
		}
		return s.Attachment(hash)
	})
	return io.NopCloser(bytes.NewReader(data)), int64(len(data)), err
}

func (n *testNode) Attachments(ctx context.Context, wanted []api.Wanted) ([]api.Attached, error) {
	return attachedBy(ctx, n, wanted)
}

// attachedBy answers for many attachments what a node answers for each.
func attachedBy(ctx context.Context, s api.Service, wanted []api.Wanted) (list []api.Attached, _ error) {
	for _, w := range wanted {
		for _, hash := range w.Hashes {
			body, _, err := s.Artifact(ctx, hash, w.Index)
			if err != nil {
				list = append(list, api.Attached{Data: []byte{}, Code: codec.CodeNotFound})
				continue
			}
			data, err := io.ReadAll(body)
			if err != nil {
				return nil, err
			}
			list = append(list, api.Attached{Data: data})
		}
	}
	return list, nil
}

func (n *testNode) PutArtifact(_ context.Context, put *api.Upload, body io.Reader) error {
	data, err := io.ReadAll(body)
	n.mu.Lock()
	defer n.mu.Unlock()
	n.artifacts[put.Hash] = data
	return err
}

func (n *testNode) Status(context.Context) (*api.Status, error) {
	return read(n, func(s *ledger.Snapshot) (*api.Status, error) {
		a := s.Applied()
		return &api.Status{Server: "test", Role: "leader", Leader: "test", Size: a.Size, RootA: a.RootA, RootB: a.RootB,
			StateSum: a.StateSum, Time: a.Time, Cycle: s.Cycle(), OriginA: s.Facts().OriginA, OriginB: s.Facts().OriginB, Ready: true, Software: "test"}, nil
	})
}
