package client

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/forgepool/settle/api"
	"github.com/forgepool/settle/codec"
	"github.com/forgepool/settle/proof"
	"github.com/forgepool/settle/settlement"
)

// Options tune a Client. Zero values become the defaults.
type Options struct {
	// RetryMin and RetryMax bound the pause before a batch is sent again; it doubles
	// from one to the other. Defaults 50 ms and 2 s. A node's Retry-After counts if
	// it is shorter than RetryMax.
	RetryMin, RetryMax time.Duration
	// Poll is the pause between looks for a newer checkpoint. Default 200 ms.
	Poll time.Duration
}

func (o Options) withDefaults() Options {
	if o.RetryMin == 0 {
		o.RetryMin = 50 * time.Millisecond
	}
	if o.RetryMax == 0 {
		o.RetryMax = 2 * time.Second
	}
	if o.Poll == 0 {
		o.Poll = 200 * time.Millisecond
	}
	return o
}

// Client submits to a ledger and believes it only what the trust policy covers. It
// is safe for concurrent use.
type Client struct {
	service api.Service
	trust   *proof.TrustPolicy
	options Options
}

// New returns a client of a service. The trust policy may be nil for those who only
// submit; then no receipt can be fetched.
func New(service api.Service, trust *proof.TrustPolicy, o Options) *Client {
	return &Client{service: service, trust: trust, options: o.withDefaults()}
}

// Dial returns a client of nodes with these addresses, such as
// "http://127.0.0.1:7100".
func Dial(trust *proof.TrustPolicy, urls ...string) (*Client, error) {
	return DialAs(trust, nil, urls...)
}

// DialAs is Dial for a party: its key signs requests for what is not public. A nil key
// signs nothing.
func DialAs(trust *proof.TrustPolicy, key *Key, urls ...string) (*Client, error) {
	o := api.ClientOptions{URLs: urls}
	if key != nil {
		o.Signer = key
	}
	service, err := api.NewClient(o)
	if err != nil {
		return nil, err
	}
	return New(service, trust, Options{}), nil
}

// Service returns what the client asks.
func (c *Client) Service() api.Service { return c.service }

// Close closes idle connections.
func (c *Client) Close() {
	if closer, ok := c.service.(*api.Client); ok {
		closer.Close()
	}
}

// Submit sends a batch until its outcome is definite: one outcome per record, or an
// *api.Error with a code of the whole batch. The same bytes are sent again after
// unknown_outcome, no_leader, overloaded and failures of a node, with growing pauses
// and never by two senders at a time, until ctx ends. Then the error has code
// unknown_outcome and wraps the context's; the batch may still take effect.
func (c *Client) Submit(ctx context.Context, batch []byte) (s *api.Submission, err error) {
	err = c.insist(ctx, func() error {
		s, err = c.service.Submit(ctx, batch)
		return err
	})
	return s, err
}

// insist repeats an attempt that may be made twice until its outcome is definite.
func (c *Client) insist(ctx context.Context, attempt func() error) error {
	pause := c.options.RetryMin
	for {
		err := attempt()
		if err == nil || definite(err) {
			return err
		}
		if waitErr := c.wait(ctx, max(pause, min(retryAfter(err), c.options.RetryMax))); waitErr != nil {
			return &unknown{api.Fail(codec.CodeUnknownOutcome, "%v", err), waitErr}
		}
		pause = min(2*pause, c.options.RetryMax)
	}
}

// unknown is the end of waiting for an outcome.
type unknown struct {
	outcome *api.Error
	cause   error
}

// Error says what was last heard and why waiting ended.
func (u *unknown) Error() string { return fmt.Sprintf("%v (%v)", u.outcome, u.cause) }

// Unwrap returns the code and the context's error.
func (u *unknown) Unwrap() []error { return []error{u.outcome, u.cause} }

// definite says whether an error settles the fate of a batch.
func definite(err error) bool {
	switch api.CodeOf(err) {
	case "", codec.CodeUnknownOutcome, codec.CodeNoLeader, codec.CodeOverloaded, codec.CodeInternal,
		codec.CodeStorageFull, api.CodeUnreachable:
		return false
	}
	return true
}

func retryAfter(err error) time.Duration {
	var e *api.Error
	if !errors.As(err, &e) {
		return 0
	}
	return time.Duration(e.RetryAfter) * time.Second
}

// wait pauses; it returns the context's error if that ends first.
func (c *Client) wait(ctx context.Context, pause time.Duration) error {
	t := time.NewTimer(pause)
	defer t.Stop()
	select {
	case <-t.C:
		return ctx.Err()
	case <-ctx.Done():
		return ctx.Err()
	}
}

// errNoTrust is returned where a trust policy is needed and none was given.
var errNoTrust = errors.New("no trust policy: nothing the nodes say can be checked")

// AwaitCheckpoint waits for a published checkpoint of tree A that covers at least
// size records, and returns it opened under the trust policy.
func (c *Client) AwaitCheckpoint(ctx context.Context, size uint64) (*proof.Checkpoint, error) {
	if c.trust == nil {
		return nil, errNoTrust
	}
	for {
		newest, err := c.service.Checkpoint(ctx, 0)
		switch {
		case err != nil && definite(err) && api.CodeOf(err) != codec.CodeNotYetPublished:
			return nil, err
		case err == nil && newest.Size >= size:
			cp, err := c.trust.OpenCheckpoint(newest.NoteA)
			if err != nil {
				return nil, err
			}
			if cp.Size() >= size {
				return cp, nil
			}
		}
		if waitErr := c.wait(ctx, c.options.Poll); waitErr != nil {
			return nil, errors.Join(fmt.Errorf("no checkpoint of size %d: %w", size, waitErr), err)
		}
	}
}

// FetchReceipt waits for a checkpoint that covers the record at index and returns
// the record's receipt, verified against the trust policy.
func (c *Client) FetchReceipt(ctx context.Context, index uint64) (*proof.Receipt, error) {
	cp, err := c.AwaitCheckpoint(ctx, index+1)
	if err != nil {
		return nil, err
	}
	return c.FetchReceiptUnder(ctx, cp, index)
}

// FetchReceiptUnder returns the receipt of the record at index under a checkpoint of
// tree A, verified against the trust policy.
func (c *Client) FetchReceiptUnder(ctx context.Context, cp *proof.Checkpoint, index uint64) (*proof.Receipt, error) {
	if c.trust == nil {
		return nil, errNoTrust
	}
	record, err := c.service.Record(ctx, index)
	if err != nil {
		return nil, err
	}
	path, err := c.service.Inclusion(ctx, api.TreeA, index, cp.Size())
	if err != nil {
		return nil, err
	}
	r := &proof.Receipt{Record: record.Bytes, Index: index, Checkpoint: cp.Note()}
	for _, hash := range path.Hashes {
		r.Path = append(r.Path, hash)
	}
	if _, err := r.Verify(c.trust); err != nil {
		return nil, fmt.Errorf("receipt of record %d: %w", index, err)
	}
	return r, nil
}

// Policy fetches the policy in force in a cycle, 0 = the open one, with its sealed
// discounts, and checks its hash.
func (c *Client) Policy(ctx context.Context, cycle uint64) (*settlement.Policy, error) {
	p, err := c.service.Policy(ctx, cycle)
	if err != nil {
		return nil, err
	}
	if codec.BlobHash(p.Body) != p.Hash {
		return nil, errors.New("the policy has another hash than the node says")
	}
	body := new(codec.Policy)
	if err := codec.Decode(p.Body, body); err != nil {
		return nil, fmt.Errorf("policy: %w", err)
	}
	var discounts []byte
	if body.Discounts != nil {
		if discounts, err = c.FetchNamed(ctx, *body.Discounts, p.Index); err != nil {
			return nil, fmt.Errorf("discounts of the policy: %w", err)
		}
	}
	return settlement.NewPolicy(p.Body, discounts, p.Index)
}

// PutArtifact stores bytes under their BLAKE3, which it returns. The upload is signed
// by a key of a registered, active party; origin is that of tree A. It is sent again
// after the failures that Submit repeats.
func (c *Client) PutArtifact(ctx context.Context, origin string, party codec.ID, key *Key, data []byte) (codec.Blob, error) {
	put := &api.Upload{Hash: codec.BlobHash(data), Size: uint64(len(data)), Party: party, Key: key.id}
	put.Signature = key.Sign(api.UploadDigest(origin, put))
	err := c.insist(ctx, func() error { return c.service.PutArtifact(ctx, put, bytes.NewReader(data)) })
	return codec.Blob{Hash: put.Hash, Size: put.Size}, err
}

// FetchArtifact returns the bytes with a hash, checked: for auditors and operators, and
// for hubs what no record names.
func (c *Client) FetchArtifact(ctx context.Context, hash codec.Hash) ([]byte, error) {
	return c.FetchNamed(ctx, hash, 0)
}

// FetchNamed returns the bytes with a hash, checked, which the record at index names.
// They are served to whom the record concerns (docs/formats/http.md section 7).
func (c *Client) FetchNamed(ctx context.Context, hash codec.Hash, index uint64) ([]byte, error) {
	body, size, err := c.service.Artifact(ctx, hash, index)
	if err != nil {
		return nil, err
	}
	defer body.Close()
	if size < 0 || size > api.MaxArtifact {
		return nil, api.Fail(codec.CodeTooLarge, "artifact of %d bytes", size)
	}
	data, err := io.ReadAll(io.LimitReader(body, size+1))
	if err != nil {
		return nil, fmt.Errorf("artifact %s: %w", hash, err)
	}
	if codec.BlobHash(data) != hash {
		return nil, api.Fail(codec.CodeHashMismatch, "artifact %s came with other bytes", hash)
	}
	return data, nil
}
