package client

import (
	"bytes"
	"slices"

	"github.com/forgepool/settle/codec"
)

// Item is a record ready for a batch, with the blobs that it needs.
type Item struct {
	Record      []byte
	Attachments [][]byte
}

// Draft is a record whose owners have still to sign it, perhaps on several machines:
// the body is fixed, signatures come one by one.
type Draft struct {
	Kind        codec.Kind
	Body        []byte // canonical
	Signatures  []codec.Signature
	Attachments [][]byte
}

// Digest returns what owner keys sign.
func (d *Draft) Digest(origin string) codec.Hash { return codec.RecordDigest(origin, d.Kind, d.Body) }

// Sign adds the signatures of keys and returns the draft. A key that signed before
// is not counted twice.
func (d *Draft) Sign(origin string, keys ...*Key) *Draft {
	digest := d.Digest(origin)
	for _, k := range keys {
		d.Add(codec.Signature{Key: k.ID(), Alg: codec.AlgEd25519, Sig: k.Sign(digest)})
	}
	return d
}

// Add adds a signature that was made elsewhere, in the order of key ids.
func (d *Draft) Add(s codec.Signature) {
	i, found := slices.BinarySearchFunc(d.Signatures, s.Key, func(s codec.Signature, key codec.Hash) int {
		return bytes.Compare(s.Key[:], key[:])
	})
	if found {
		d.Signatures[i] = s
		return
	}
	d.Signatures = slices.Insert(d.Signatures, i, s)
}

// Record returns the record's bytes with the signatures so far.
func (d *Draft) Record() []byte {
	return codec.EncodeRecord(&codec.Record{Version: 1, Kind: d.Kind, Body: d.Body, Signatures: d.Signatures})
}

// Item returns the record for a batch.
func (d *Draft) Item() Item { return Item{Record: d.Record(), Attachments: d.Attachments} }

// DraftPolicy returns the draft of a policy: hub and governance sign it. Discounts
// are sealed under a new salt; nil means none.
func DraftPolicy(body codec.Policy, discounts []codec.Discount) *Draft {
	d := &Draft{Kind: codec.KindPolicy}
	if discounts != nil {
		blob, hash := codec.Seal(NewSalt(), discounts)
		body.Discounts, d.Attachments = &hash, [][]byte{blob}
	}
	d.Body = codec.Encode(&body)
	return d
}
