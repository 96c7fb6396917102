package client

import (
	"bytes"
	"errors"
	"fmt"
	"slices"

	"github.com/forgepool/settle/codec"
	"github.com/forgepool/settle/proof"
)

// Batch is a signed batch: the bytes to send, again and again until the outcome is
// definite.
type Batch struct {
	ID     codec.ID
	Bytes  []byte
	Digest codec.Hash
	Leaves []codec.Hash // leaf hash of each record in tree A, in order
}

// BatchOptions are the parts of a batch that have defaults.
type BatchOptions struct {
	ID     codec.ID // zero = NewID()
	Sent   uint64   // ms; 0 = Now()
	Atomic bool     // all records or none
}

// NewBatch signs items as one batch of the submitter. Attachments that several items
// share travel once. Errors: no items, or over a limit of docs/formats/records.md
// section 2; Fill says how many items fit.
func NewBatch(origin string, submitter codec.ID, key *Key, items []Item, o BatchOptions) (*Batch, error) {
	if n := Fill(items); len(items) == 0 || n < len(items) {
		return nil, fmt.Errorf("%d of %d items fit a batch", n, len(items))
	}
	if key.use != codec.UseSubmit {
		return nil, errors.New("a batch is signed with a key of use submit")
	}
	if o.ID == (codec.ID{}) {
		o.ID = NewID()
	}
	if o.Sent == 0 {
		o.Sent = Now()
	}
	b := &codec.Batch{Version: 1, Origin: origin, ID: o.ID, Submitter: submitter, Key: key.id, Sent: o.Sent}
	if o.Atomic {
		one := uint64(1)
		b.Atomic = &one
	}
	out := &Batch{ID: o.ID, Leaves: make([]codec.Hash, len(items))}
	for i := range items {
		b.Records = append(b.Records, items[i].Record)
		out.Leaves[i] = proof.LeafA(items[i].Record)
	}
	b.Attachments = attachments(items)
	out.Digest = codec.BatchDigest(origin, b, len(items), proof.MTH(out.Leaves))
	b.Signature = key.Sign(out.Digest)
	out.Bytes = codec.EncodeBatch(b)
	return out, nil
}

// attachments returns the blobs of all items, ascending by hash, none twice.
func attachments(items []Item) [][]byte {
	type blob struct {
		hash codec.Hash
		data []byte
	}
	var blobs []blob
	for i := range items {
		for _, data := range items[i].Attachments {
			blobs = append(blobs, blob{codec.BlobHash(data), data})
		}
	}
	slices.SortFunc(blobs, func(a, b blob) int { return bytes.Compare(a.hash[:], b.hash[:]) })
	list := make([][]byte, 0, len(blobs))
	for i := range blobs {
		if i == 0 || blobs[i].hash != blobs[i-1].hash {
			list = append(list, blobs[i].data)
		}
	}
	return list
}

// Fill returns how many of the items fit one batch, from the first on: at most 8,192
// records, and 4 MiB with all their attachments.
func Fill(items []Item) int {
	size := 0
	for i := range items {
		size += len(items[i].Record)
		for _, data := range items[i].Attachments {
			size += len(data)
			if len(data) > codec.MaxAttachment {
				return i
			}
		}
		if i == codec.MaxBatchRecords || size > codec.MaxBatchBytes || len(items[i].Record) > codec.MaxRecord {
			return i
		}
	}
	return len(items)
}
