package api

import (
	"context"
	"io"
	"net"
	"net/http"
	"strconv"
	"time"

	"github.com/forgepool/settle/codec"
)

// dialer opens connections to nodes.
var dialer = &net.Dialer{Timeout: 3 * time.Second, KeepAlive: 30 * time.Second}

// Submit sends a batch. When no node gave a definite answer the error is
// unknown_outcome: the same bytes must be sent again.
func (c *Client) Submit(ctx context.Context, batch []byte) (*Submission, error) {
	header := http.Header{"Content-Type": {TypeCBOR}}
	s, err := ask[Submission](ctx, c, &call{method: http.MethodPost, path: path("batches"), body: batch, header: header})
	if CodeOf(err) == CodeUnreachable {
		return nil, &Error{Code: codec.CodeUnknownOutcome, Detail: err.Error(), RetryAfter: 1, cause: err}
	}
	return s, err
}

// Batch asks for a batch that was applied.
func (c *Client) Batch(ctx context.Context, submitter, id codec.ID) (*Batch, error) {
	return get[Batch](ctx, c, path("batches", submitter.String(), id.String()))
}

// Batches asks for the batches that were applied, from a number on.
func (c *Client) Batches(ctx context.Context, from uint64, limit int) ([]Batch, error) {
	return list(get[[]Batch](ctx, c, path("batches")+"?from="+decimal(from)+"&limit="+strconv.Itoa(limit)))
}

// Record asks for one record.
func (c *Client) Record(ctx context.Context, index uint64) (*Record, error) {
	return get[Record](ctx, c, path("records", decimal(index)))
}

// RecordByID asks for the record that an author appended under an id.
func (c *Client) RecordByID(ctx context.Context, author, id codec.ID) (*Record, error) {
	return get[Record](ctx, c, path("records", "by-id", author.String(), id.String()))
}

// Records asks for records from an index on.
func (c *Client) Records(ctx context.Context, from uint64, limit int) ([]Record, error) {
	return list(get[[]Record](ctx, c, path("records")+"?from="+decimal(from)+"&limit="+strconv.Itoa(limit)))
}

// Settlement asks for the settlement of a workload.
func (c *Client) Settlement(ctx context.Context, author, workload codec.ID) (*Record, error) {
	return get[Record](ctx, c, path("settlements", author.String(), workload.String()))
}

// History asks for the life of a workload.
func (c *Client) History(ctx context.Context, author, workload codec.ID) (*History, error) {
	return get[History](ctx, c, path("workloads", author.String(), workload.String()))
}

// Party asks for a party with its keys.
func (c *Client) Party(ctx context.Context, id codec.ID) (*Party, error) {
	return get[Party](ctx, c, path("parties", id.String()))
}

// Balance asks for what was posted to a party in a cycle, 0 = the open one.
func (c *Client) Balance(ctx context.Context, party codec.ID, cycle uint64) (*Balance, error) {
	return getPrivate[Balance](ctx, c, path("balances", party.String())+"?cycle="+decimal(cycle))
}

// Policy asks for the policy in force in a cycle, 0 = the open one.
func (c *Client) Policy(ctx context.Context, cycle uint64) (*Policy, error) {
	return get[Policy](ctx, c, path("policy")+"?cycle="+decimal(cycle))
}

// Checkpoint asks for the published checkpoint of a size, 0 = the newest.
func (c *Client) Checkpoint(ctx context.Context, size uint64) (*Checkpoint, error) {
	return get[Checkpoint](ctx, c, path("checkpoint")+"?size="+decimal(size))
}

// Checkpoints asks for published checkpoints of a size of at least from.
func (c *Client) Checkpoints(ctx context.Context, from uint64, limit int) ([]Checkpoint, error) {
	return list(get[[]Checkpoint](ctx, c, path("checkpoints")+"?from="+decimal(from)+"&limit="+strconv.Itoa(limit)))
}

// Inclusion asks for the path of a record in the tree of a size.
func (c *Client) Inclusion(ctx context.Context, tree Tree, index, size uint64) (*Path, error) {
	return get[Path](ctx, c, path("proofs", "inclusion")+"?tree="+string(tree)+"&index="+decimal(index)+"&size="+decimal(size))
}

// Consistency asks for the proof that a tree is a prefix of a larger one.
func (c *Client) Consistency(ctx context.Context, tree Tree, from, to uint64) (*Path, error) {
	return get[Path](ctx, c, path("proofs", "consistency")+"?tree="+string(tree)+"&from="+decimal(from)+"&to="+decimal(to))
}

// Status asks the node that answered last how it is.
func (c *Client) Status(ctx context.Context) (*Status, error) {
	return get[Status](ctx, c, path("status"))
}

// Artifact opens the bytes with a hash. The bytes are as the node sent them, at most
// MaxArtifact: the caller closes the reader and compares the hash.
func (c *Client) Artifact(ctx context.Context, hash codec.Hash, index uint64) (io.ReadCloser, int64, error) {
	q := &call{method: http.MethodGet, path: path("artifacts", hash.String()), private: true}
	if index != 0 {
		q.path += "?index=" + decimal(index)
	}
	r, err := c.send(ctx, q)
	if err != nil {
		return nil, 0, err
	}
	if r.ContentLength < 0 || r.ContentLength > MaxArtifact {
		r.Body.Close()
		return nil, 0, Fail(codec.CodeTooLarge, "artifact of %d bytes, at most %d", r.ContentLength, MaxArtifact)
	}
	return r.Body, r.ContentLength, nil
}

// PutArtifact stores bytes under their hash. The body is read once, so only one node
// is asked; after a failure the next call asks another one.
func (c *Client) PutArtifact(ctx context.Context, put *Upload, body io.Reader) error {
	q := &call{method: http.MethodPut, path: path("artifacts", put.Hash.String()), stream: body, size: int64(put.Size), header: http.Header{}}
	put.writeHeader(q.header)
	q.header.Set("Content-Type", TypeBytes)
	r, err := c.send(ctx, q)
	if err != nil {
		return err
	}
	return r.Body.Close()
}

// list unwraps an answer that is a list.
func list[T any](items *[]T, err error) ([]T, error) {
	if err != nil {
		return nil, err
	}
	return *items, nil
}
