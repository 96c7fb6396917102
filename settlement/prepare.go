package settlement

import (
	"bytes"
	"crypto/ed25519"
	"slices"
	"sort"

	"github.com/forgepool/settle/codec"
	"github.com/forgepool/settle/proof"
)

// Prepared is a batch with everything done that needs no state: decoded, hashed, and
// the verdicts of all checks that the bytes alone decide. It depends on nothing but
// the bytes, so it may be computed ahead of the state and shared by goroutines that
// only judge it.
type Prepared struct {
	Raw         []byte
	Batch       *codec.Batch
	Root        codec.Hash // over the leaf hashes of the records
	Digest      codec.Hash // with the submitter the identity of the batch
	Records     []PreparedRecord
	Attachments []Attachment // ascending by hash unless AttachmentFault
	leaves      []codec.Hash // LeafA of the records

	// Fault is malformed or too_large: then there is nothing else to go by.
	Fault *codec.Refusal
	// AttachmentFault is bad_attachments. It is not part of Fault, because a batch
	// that was applied before gets its stored outcomes whatever is attached to it.
	AttachmentFault *codec.Refusal
}

// Attachment is a blob that travels with a batch.
type Attachment struct {
	Hash codec.Hash
	Data []byte
}

// Prepare prepares a batch on the calling goroutine. No input makes it panic.
func Prepare(data []byte) *Prepared {
	p := PrepareBatch(data)
	p.PrepareRecords(0, len(p.Records))
	p.Finish()
	return p
}

// PrepareBatch begins to prepare a batch. PrepareRecords must follow for every index of
// Records, in ranges of any size and order and on any goroutine, and then Finish.
func PrepareBatch(data []byte) *Prepared {
	p := &Prepared{Raw: data}
	if p.Fault = p.decode(); p.Fault != nil {
		return p
	}
	p.Records = make([]PreparedRecord, len(p.Batch.Records))
	p.leaves = make([]codec.Hash, len(p.Batch.Records))
	p.hashAttachments()
	return p
}

// decode reads the batch.
func (p *Prepared) decode() *codec.Refusal {
	b, err := codec.DecodeBatch(p.Raw)
	if err != nil {
		return undecodable(err)
	}
	if b.Sent > codec.MaxAmount {
		return malformed("sent is not a time")
	}
	p.Batch = b
	return nil
}

// hashAttachments names the attachments, which must stand in order of their names.
func (p *Prepared) hashAttachments() {
	p.Attachments = make([]Attachment, len(p.Batch.Attachments))
	hashes := make([]codec.Hash, len(p.Batch.Attachments))
	codec.BlobHashes(hashes, p.Batch.Attachments)
	for i, data := range p.Batch.Attachments {
		p.Attachments[i] = Attachment{hashes[i], data}
		if i > 0 && bytes.Compare(p.Attachments[i-1].Hash[:], p.Attachments[i].Hash[:]) >= 0 {
			p.AttachmentFault = codec.Refuse(codec.CodeBadAttachments, "not ascending by hash")
		}
	}
}

// find returns the index of an attachment, -1 if it is not there.
func (p *Prepared) find(hash *codec.Hash) int {
	i, found := sort.Find(len(p.Attachments), func(i int) int {
		return bytes.Compare(hash[:], p.Attachments[i].Hash[:])
	})
	if !found {
		return -1
	}
	return i
}

// Attachment returns the attachment with this hash, nil if there is none.
func (p *Prepared) Attachment(hash codec.Hash) []byte {
	if i := p.find(&hash); i >= 0 {
		return p.Attachments[i].Data
	}
	return nil
}

// Finish completes the batch: its root, its digest, and whether every attachment is
// named by some record.
func (p *Prepared) Finish() {
	if p.Fault != nil {
		return
	}
	named := make([]bool, len(p.Attachments))
	for i := range p.Records {
		for _, j := range p.Records[i].named {
			named[j] = true
		}
	}
	p.Root = proof.MTH(p.leaves)
	p.Digest = codec.BatchDigest(p.Batch.Origin, p.Batch, len(p.leaves), p.Root)
	if p.AttachmentFault == nil && slices.Contains(named, false) {
		p.AttachmentFault = codec.Refuse(codec.CodeBadAttachments, "an attachment that no record names")
	}
}

// VerifySignature says whether pub signed the batch.
func (p *Prepared) VerifySignature(pub codec.Hash) bool {
	return ed25519.Verify(pub[:], p.Digest[:], p.Batch.Signature[:])
}
