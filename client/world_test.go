package client_test

import (
	"bytes"
	"context"
	"io"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/forgepool/settle/api"
	"github.com/forgepool/settle/client"
	"github.com/forgepool/settle/codec"
	"github.com/forgepool/settle/ledger"
	"github.com/forgepool/settle/proof"
)

const (
	originA = "ledger.example/test/blake3"
	originB = "ledger.example/test"
	cycle   = 202609
)

// seed returns a key that is the same in every run.
func seed(name string, use codec.Use) *client.Key {
	return client.NewKey(codec.BlobHash([]byte(name)), use)
}

// world is a ledger in memory, its founders' keys, and a Service of it all.
type world struct {
	api.Service // nil: methods that no test needs
	t           *testing.T
	ledger      *ledger.Ledger
	trust       *proof.TrustPolicy
	now         uint64
	raft        uint64

	hub, submit, governance, node, checkpoint *client.Key
	hubID, platform, operator                 codec.ID

	fail      []error // what the next submissions answer
	lose      int     // submissions that take effect without an answer
	sent      [][]byte
	artifacts map[codec.Hash][]byte
}

var program = codec.Program{Family: "aggregate", Version: 1, Profile: "group.v1"}

// found makes a world with all founders of a small ledger.
func found(t *testing.T) *world {
	t.Helper()
	w := &world{
		t: t, now: client.Now(), artifacts: map[codec.Hash][]byte{},
		hub: seed("hub", codec.UseOwner), submit: seed("submit", codec.UseSubmit), governance: seed("governance", codec.UseOwner),
		node: seed("node", codec.UseNode), checkpoint: seed("checkpoint", codec.UseCheckpoint),
	}
	founder := func(role codec.Role, keys ...*client.Key) *client.Registration {
		return &client.Registration{Role: role, Keys: keys}
	}
	hub := founder(codec.RoleHub, w.hub, w.submit)
	platform := founder(codec.RolePlatform, seed("platform", codec.UseOwner))
	operator := founder(codec.RoleOperator, seed("operator", codec.UseOwner), w.node, w.checkpoint)
	w.hubID, w.platform, w.operator = hub.Party(), platform.Party(), operator.Party()
	draft, err := client.DraftGenesis(&client.GenesisSpec{
		OriginA: originA, OriginB: originB, Name: "test", At: w.now, Cycle: cycle, Numbering: codec.CyclesMonths, Software: "test",
		Founders: []*client.Registration{
			hub, platform, operator, founder(codec.RoleGovernance, w.governance), founder(codec.RoleAuditor, seed("auditor", codec.UseOwner)),
			founder(codec.RoleArbiter, seed("arbiter 1", codec.UseOwner)), founder(codec.RoleArbiter, seed("arbiter 2", codec.UseOwner)),
		},
		Policy: client.DefaultPolicy(client.Price{Program: program, Class: 5, Num: 1_000_003, Den: 2}),
	})
	if err != nil {
		t.Fatal(err)
	}
	genesis := draft.Record()
	if w.ledger, err = ledger.Create("ledger", genesis, ledger.Options{FS: vfs.NewMem()}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := w.ledger.Close(); err != nil {
			t.Error(err)
		}
	})
	if w.trust, err = client.TrustGenesis(genesis); err != nil {
		t.Fatal(err)
	}
	return w
}

// apply applies one command.
func (w *world) apply(c *codec.Command) ledger.Result {
	w.raft++
	c.Version, c.Stamp = 1, w.now
	return w.ledger.Apply([]ledger.Entry{{Index: w.raft, Term: 1, Command: codec.EncodeCommand(c)}})[0]
}

func (w *world) Submit(_ context.Context, batch []byte) (*api.Submission, error) {
	w.sent = append(w.sent, bytes.Clone(batch))
	if len(w.fail) > 0 {
		err := w.fail[0]
		w.fail = w.fail[1:]
		return nil, err
	}
	r := w.apply(&codec.Command{Kind: codec.CommandBatches, Batches: [][]byte{batch}}).Batches[0]
	if w.lose > 0 {
		w.lose--
		return nil, api.Fail(codec.CodeUnknownOutcome, "lost on the way back")
	}
	if r.Fault != nil {
		return nil, &api.Error{Code: r.Fault.Code, Detail: r.Fault.Detail}
	}
	return &api.Submission{Outcomes: r.Outcomes, Known: r.Known, Size: w.ledger.Applied().Size}, nil
}

// publish makes and publishes a checkpoint of the present size.
func (w *world) publish() {
	size := w.ledger.Applied().Size
	r := w.apply(&codec.Command{Kind: codec.CommandCheckpointIntent, Size: &size})
	if r.Refusal != nil {
		w.t.Fatal(r.Refusal)
	}
	a := proof.Attestation{
		Name: proof.NodeName(originA, w.operator), Origin: originA, Size: size,
		RootA: r.Intent.RootA, RootB: r.Intent.RootB, StateSum: r.Intent.StateSum, Time: r.Intent.Time,
	}
	a, err := proof.SignAttestation(a, w.node.Private())
	if err != nil {
		w.t.Fatal(err)
	}
	c := &codec.CheckpointCommit{Size: size, RootA: a.RootA, RootB: a.RootB, StateSum: a.StateSum, Time: a.Time}
	c.NoteA, c.NoteB = w.note(originA, a.RootA, &a), w.note(originB, a.RootB, &a)
	if r := w.apply(&codec.Command{Kind: codec.CommandCheckpointCommit, Commit: c}); !r.Published {
		w.t.Fatalf("%+v", r)
	}
}

func (w *world) note(origin string, root [32]byte, a *proof.Attestation) []byte {
	signer, err := proof.NewCheckpointSigner(origin, w.checkpoint.Private())
	if err != nil {
		w.t.Fatal(err)
	}
	note, err := proof.SignCheckpoint(proof.FormatCheckpoint(origin, a.Size, root), signer)
	if err != nil {
		w.t.Fatal(err)
	}
	pub := w.node.Public()
	if note, err = a.AppendLine(note, pub[:]); err != nil {
		w.t.Fatal(err)
	}
	return note
}

func (w *world) Checkpoint(context.Context, uint64) (*api.Checkpoint, error) {
	s := w.ledger.Read()
	defer s.Close()
	c, err := s.LatestCheckpoint()
	if err != nil {
		return nil, api.Fail(codec.CodeNotYetPublished, "%v", err)
	}
	return &api.Checkpoint{Size: c.Size, NoteA: c.NoteA, NoteB: c.NoteB}, nil
}

func (w *world) Record(_ context.Context, index uint64) (*api.Record, error) {
	s := w.ledger.Read()
	defer s.Close()
	data, err := s.Record(index)
	return &api.Record{Index: index, Bytes: data}, err
}

func (w *world) Inclusion(_ context.Context, _ api.Tree, index, size uint64) (*api.Path, error) {
	s := w.ledger.Read()
	defer s.Close()
	path, _, err := s.Inclusion(index, size)
	p := new(api.Path)
	for _, hash := range path {
		p.Hashes = append(p.Hashes, hash)
	}
	return p, err
}

func (w *world) Policy(context.Context, uint64) (*api.Policy, error) {
	s := w.ledger.Read()
	defer s.Close()
	p := s.PolicyFor(cycle)
	return &api.Policy{Index: p.Index, Hash: p.Hash, Body: p.Bytes}, nil
}

func (w *world) Artifact(_ context.Context, hash codec.Hash, _ uint64) (io.ReadCloser, int64, error) {
	data, ok := w.artifacts[hash]
	if !ok {
		return nil, 0, api.Fail(codec.CodeNotFound, "")
	}
	return io.NopCloser(bytes.NewReader(data)), int64(len(data)), nil
}

func (w *world) PutArtifact(_ context.Context, put *api.Upload, body io.Reader) (err error) {
	w.artifacts[put.Hash], err = io.ReadAll(body)
	return err
}
