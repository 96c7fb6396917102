package main

import (
	"context"
	"errors"
	"io"
	"os"
	"strings"

	"github.com/forgepool/settle/api"
	"github.com/forgepool/settle/client"
	"github.com/forgepool/settle/codec"
	"github.com/forgepool/settle/proof"
	"github.com/forgepool/settle/verifier"
)

// envList reads a list of addresses from the environment.
func envList(name string) []string {
	if text := os.Getenv(name); text != "" {
		return strings.Split(text, ",")
	}
	return nil
}

// defaultNode is where settled dev listens.
const defaultNode = "http://127.0.0.1:7100"

// service returns a client of the nodes named by the flags.
func (a *app) service() (*api.Client, error) {
	nodes := a.nodes
	if len(nodes) == 0 {
		nodes = []string{defaultNode}
	}
	o := api.ClientOptions{URLs: nodes}
	if err := a.loadAs(); err != nil {
		return nil, err
	}
	if a.key != nil {
		o.Signer = a.key
	}
	c, err := api.NewClient(o)
	if err != nil {
		return nil, hint(usage("%v", err), "a node's address is like %s", defaultNode)
	}
	return c, nil
}

// loadAs reads the key of who asks, if one is named.
func (a *app) loadAs() error {
	if a.as == "" || a.key != nil {
		return nil
	}
	keys, err := loadKeys([]string{a.as})
	if err != nil {
		return err
	}
	a.key = keys[0]
	return nil
}

// sdk returns the SDK client of these nodes, with the trust policy if one is named.
func (a *app) sdk() (*client.Client, error) {
	s, err := a.service()
	if err != nil {
		return nil, err
	}
	var policy *proof.TrustPolicy
	if a.trust != "" {
		if policy, err = a.trustPolicy(); err != nil {
			return nil, err
		}
	}
	return client.New(s, policy, client.Options{}), nil
}

// trustPolicy reads the trust policy that the flags name.
func (a *app) trustPolicy() (*proof.TrustPolicy, error) {
	if a.trust == "" {
		return nil, hint(usage("this needs a trust policy"),
			"name it with --trust FILE or SETTLE_TRUST; make one with: settle trust GENESIS > ledger.trust")
	}
	file, err := readFile(a.trust, proof.MaxPolicyFile)
	if err != nil {
		return nil, err
	}
	policy, err := proof.ParseTrustPolicy(file)
	if err != nil {
		return nil, usage("%s: %v", a.trust, err)
	}
	return policy, nil
}

// source is a ledger's nodes as the verifier sees them.
type source struct{ api api.Service }

var _ verifier.Source = source{}

// Checkpoint implements verifier.Source.
func (s source) Checkpoint(ctx context.Context, size uint64) (*verifier.Notes, error) {
	c, err := s.api.Checkpoint(ctx, size)
	if err != nil {
		return nil, err
	}
	return &verifier.Notes{A: c.NoteA, B: c.NoteB}, nil
}

// Consistency implements verifier.Source.
func (s source) Consistency(ctx context.Context, tree proof.Hasher, from, to uint64) ([][32]byte, error) {
	name := api.TreeA
	if tree == proof.TreeB {
		name = api.TreeB
	}
	p, err := s.api.Consistency(ctx, name, from, to)
	if err != nil {
		return nil, err
	}
	return path(p), nil
}

// Records implements verifier.Source.
func (s source) Records(ctx context.Context, from uint64, limit int) ([]verifier.Record, error) {
	page, err := s.api.Records(ctx, from, min(limit, api.MaxRecords))
	if err != nil {
		return nil, err
	}
	out := make([]verifier.Record, len(page))
	for i := range page {
		r := &page[i]
		out[i] = verifier.Record{Index: r.Index, Bytes: r.Bytes, Submitter: r.Submitter, Batch: r.Batch, Position: r.Position}
	}
	return out, nil
}

// Inclusion implements verifier.Source.
func (s source) Inclusion(ctx context.Context, index, size uint64) ([][32]byte, error) {
	p, err := s.api.Inclusion(ctx, api.TreeA, index, size)
	if err != nil {
		return nil, err
	}
	return path(p), nil
}

// Batch implements verifier.Source.
func (s source) Batch(ctx context.Context, submitter, id codec.ID) (*verifier.Batch, error) {
	b, err := s.api.Batch(ctx, submitter, id)
	if err != nil {
		return nil, err
	}
	return batchOf(b), nil
}

// Batches implements verifier.Source.
func (s source) Batches(ctx context.Context, from uint64, limit int) ([]verifier.Batch, error) {
	page, err := s.api.Batches(ctx, from, min(limit, api.MaxBatches))
	if err != nil {
		return nil, err
	}
	out := make([]verifier.Batch, len(page))
	for i := range page {
		out[i] = *batchOf(&page[i])
	}
	return out, nil
}

// batchOf is a batch as the verifier sees it.
func batchOf(b *api.Batch) *verifier.Batch {
	return &verifier.Batch{ID: b.ID, Submitter: b.Submitter, Key: b.Key, Sent: b.Sent, Atomic: b.Atomic, Signature: b.Signature,
		Leaves: b.Leaves, Number: b.Number, Stamp: b.Stamp, Outcomes: b.Outcomes}
}

// Artifact implements verifier.Source.
func (s source) Artifact(ctx context.Context, hash codec.Hash, limit int64) ([]byte, error) {
	body, _, err := s.api.Artifact(ctx, hash, 0)
	if err != nil {
		return nil, err
	}
	defer body.Close()
	data, err := io.ReadAll(io.LimitReader(body, limit+1))
	if err != nil {
		return nil, err
	}
	if int64(len(data)) > limit {
		return nil, errors.New("larger than anything that may stand here")
	}
	return data, nil
}

// path gives a path the proof package's type.
func path(p *api.Path) [][32]byte {
	out := make([][32]byte, len(p.Hashes))
	for i := range p.Hashes {
		out[i] = p.Hashes[i]
	}
	return out
}
