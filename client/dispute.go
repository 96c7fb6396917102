package client

import (
	"errors"

	"github.com/forgepool/settle/codec"
	"github.com/forgepool/settle/settlement"
)

// DraftDispute returns the draft of any operation on a dispute (docs/formats/records.md
// section 6.6). Id and evidence are filled in: each blob is named under kinds[i]. Who
// signs: the claimant, who brings evidence, or arbiters.
func DraftDispute(body codec.Dispute, kinds []uint64, evidence [][]byte) (*Draft, error) {
	if len(kinds) != len(evidence) {
		return nil, errors.New("a kind for each blob of evidence")
	}
	body.ID = NewID()
	if body.Op <= codec.DisputeReject {
		list := make([]codec.Artifact, len(evidence))
		for i, data := range evidence {
			list[i] = codec.Artifact{Kind: kinds[i], Hash: codec.BlobHash(data), Size: uint64(len(data))}
		}
		body.Evidence = &list
	} else if len(evidence) > 0 {
		return nil, errors.New("this operation takes no evidence")
	}
	return &Draft{Kind: codec.KindDispute, Body: codec.EncodeDispute(&body), Attachments: evidence}, nil
}

// DraftAdjustment returns the draft of a correction (docs/formats/records.md section
// 6.7). Id, postings, totals and detail are filled in; lines are numbered and salted.
// Errors: sides that are not equal.
func DraftAdjustment(body codec.Adjustment, postings []codec.Posting) (*Draft, error) {
	blob := &codec.Correction{Salt: NewSecret(), Postings: make([]codec.Posting, len(postings))}
	for i, p := range postings {
		p.Line, p.Salt = uint64(i), NewSalt()
		blob.Postings[i] = p
	}
	root, credit, debit, err := settlement.PostingsRoot(blob.Postings)
	if err != nil {
		return nil, err
	}
	if credit != debit || credit == 0 {
		return nil, codec.Refuse(codec.CodeUnbalanced, "credits and debits must be equal and not 0")
	}
	data := codec.EncodeCorrection(blob)
	body.ID, body.Detail = NewID(), codec.BlobHash(data)
	body.Postings = codec.PostingsRef{N: uint64(len(postings)), Root: root}
	body.Totals = codec.Totals{Credit: credit, Debit: debit}
	return &Draft{Kind: codec.KindAdjustment, Body: codec.EncodeAdjustment(&body), Attachments: [][]byte{data}}, nil
}

// Limits are the budgets of a customer as op 9 sets them, as a whole: what is absent is
// lifted.
type Limits struct {
	Cap    *uint64 // micro-Credits per cycle
	Quotas []codec.Quota
}

// DraftLimits returns the draft of op 9 on a customer, which a hub signs. Header, party
// and prev are for the caller.
func DraftLimits(body codec.Party, l Limits) *Draft {
	var blobs [][]byte
	body.ID, body.Op, body.Cap, body.Quotas = NewID(), codec.PartyCap, nil, nil
	if l.Cap != nil {
		blob, hash := codec.Seal(NewSalt(), *l.Cap)
		body.Cap, blobs = &hash, append(blobs, blob)
	}
	if len(l.Quotas) > 0 {
		blob, hash := codec.Seal(NewSalt(), sortedQuotas(l.Quotas))
		body.Quotas, blobs = &hash, append(blobs, blob)
	}
	return DraftParty(&body, blobs...)
}
