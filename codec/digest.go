package codec

import (
	"encoding/binary"

	"github.com/zeebo/blake3"

	"github.com/forgepool/settle/internal/lanes"
)

// Domain-separation bytes: the first byte of every plain BLAKE3 that is not a blob
// (records.md section 8). Those of the sum trees are in package proof.
const (
	domainShardEntry  = 0x30
	domainPosting     = 0x31
	domainLabel       = 0x33
	domainAudit       = 0x64
	domainReplayToken = 0x65
	domainRecord      = 0x60
	domainReceipt     = 0x61
	domainProgram     = 0x62
	domainParty       = 0x63
	domainReplicate   = 0x66
	domainAnswer      = 0x67
	domainBatch       = 0x68
	domainPossession  = 0x69
	domainCommitment  = 0x6a
	domainAck         = 0x6b
	domainWorkKey     = 0x6c
	domainOutcomes    = 0x6d
)

// BlobHash is the name of a blob: plain BLAKE3 of its bytes.
func BlobHash(data []byte) Hash { return blake3.Sum256(data) }

// BlobHashes writes the BlobHash of each blob; both slices have one length.
func BlobHashes(hashes []Hash, blobs [][]byte) { lanes.Whole(hashes, blobs) }

// KeyID is the id of a public key: plain BLAKE3 of its 32 bytes.
func KeyID(pub []byte) Hash { return blake3.Sum256(pub) }

// appendOrigin appends O: the length-prefixed origin of tree A.
func appendOrigin(b []byte, origin string) []byte {
	return append(binary.BigEndian.AppendUint16(b, uint16(len(origin))), origin...)
}

func domain(d byte, parts ...[]byte) Hash {
	buf := append(make([]byte, 0, 512), d)
	for _, p := range parts {
		buf = append(buf, p...)
	}
	return blake3.Sum256(buf)
}

// RecordDigest is what owner keys sign under a record of this kind.
func RecordDigest(origin string, kind Kind, body []byte) Hash {
	b := appendOrigin(append(make([]byte, 0, len(body)+300), domainRecord), origin)
	return blake3.Sum256(append(append(b, byte(kind)), body...))
}

// BatchDigest is what a submit key signs: root is MTH over the leaf hashes of the
// batch's n records in order.
func BatchDigest(origin string, b *Batch, n int, root Hash) Hash {
	buf := appendOrigin(append(make([]byte, 0, 400), domainBatch), origin)
	buf = append(append(buf, b.ID[:]...), b.Submitter[:]...)
	buf = binary.BigEndian.AppendUint64(buf, b.Sent)
	atomic := byte(0)
	if b.IsAtomic() {
		atomic = 1
	}
	buf = binary.BigEndian.AppendUint32(append(buf, atomic), uint32(n))
	return blake3.Sum256(append(buf, root[:]...))
}

// BatchCommitment is what a cycle close commits to per batch.
func BatchCommitment(digest Hash, sig Sig, stamp uint64, outcomes Hash) Hash {
	return domain(domainCommitment, digest[:], sig[:], binary.BigEndian.AppendUint64(nil, stamp), outcomes[:])
}

// OutcomeHash commits to the outcomes of a batch.
func OutcomeHash(encoded []byte) Hash { return domain(domainOutcomes, encoded) }

// PartyID derives a party's id from its role and its first owner public key, the
// first in key order.
func PartyID(role Role, firstOwner Hash) (id ID) {
	h := domain(domainParty, []byte{byte(role)}, firstOwner[:])
	copy(id[:], h[:])
	return id
}

// AuditCommitment is what an auditor publishes before the cut of the cycle to be audited;
// the secret is opened after its close.
func AuditCommitment(auditor ID, cycle uint64, secret Hash) Hash {
	return domain(domainAudit, auditor[:], binary.BigEndian.AppendUint64(nil, cycle), secret[:])
}

// PossessionDigest is what each new key signs: the body without its key 21.
func PossessionDigest(origin string, p *Party) Hash {
	bare := *p
	bare.Pop = nil
	return domain(domainPossession, appendOrigin(nil, origin), Encode(&bare))
}

// ReceiptDigest is what an agent signs for one executed shard; author is the hub
// that planned the workload.
func ReceiptDigest(origin string, author, workload ID, program, seed Hash, e *ShardEntry) Hash {
	b := appendOrigin(append(make([]byte, 0, 768), domainReceipt), origin)
	b = append(append(b, author[:]...), workload[:]...)
	b = AppendArray(b, 8)
	b = AppendBytes(AppendBytes(b, program[:]), seed[:])
	b = AppendUint(AppendUint(b, e.Index), e.Replica)
	b = appendBlobs(AppendBytes(b, e.Args[:]), e.Inputs)
	b = appendBlob(b, &e.Output)
	return blake3.Sum256(AppendUint(b, e.Units))
}

// AckDigest is what a hub signs when it takes a shard result from a provider.
func AckDigest(origin string, receipt Hash, ms uint64) Hash {
	return domain(domainAck, appendOrigin(nil, origin), receipt[:], binary.BigEndian.AppendUint64(nil, ms))
}

// AppendPlanLeaf appends the bytes whose tree A leaf hash is one leaf of a plan.
func AppendPlanLeaf(b []byte, e *ShardEntry) []byte {
	b = AppendUint(AppendArray(b, 3), e.Index)
	return appendBlobs(AppendBytes(b, e.Args[:]), e.Inputs)
}

// ReplayToken identifies a computation and its cut into shards (docs/formats/replay.md
// section 2.4); the entries are those of replica 0 in order of shard number, planner is
// nil if the settlement names none.
func ReplayToken(program, seed, args Hash, entries []*ShardEntry, planner *Hash) Hash {
	size := 5 * 40
	for _, e := range entries {
		size += 2*40 + 34*len(e.Inputs)
	}
	b := AppendArray(append(make([]byte, 0, size), domainReplayToken), 5)
	b = AppendBytes(AppendBytes(b, program[:]), seed[:])
	b = AppendArray(AppendBytes(b, args[:]), len(entries))
	for _, e := range entries {
		b = AppendArray(AppendBytes(AppendArray(b, 2), e.Args[:]), len(e.Inputs))
		for i := range e.Inputs {
			b = AppendBytes(b, e.Inputs[i].Hash[:])
		}
	}
	if planner == nil {
		planner = new(Hash)
	}
	return blake3.Sum256(AppendBytes(b, planner[:]))
}

// WorkKey identifies the work of a settlement, whoever orders it; entries are those
// of replica 0 in order of shard number.
func WorkKey(program, seed, args Hash, entries []*ShardEntry) Hash {
	b := append(make([]byte, 0, 128+64*len(entries)), domainWorkKey)
	b = AppendBytes(AppendBytes(AppendBytes(AppendArray(b, 4), program[:]), seed[:]), args[:])
	b = AppendArray(b, len(entries))
	for _, e := range entries {
		b = AppendArray(b, len(e.Inputs))
		for i := range e.Inputs {
			b = AppendBytes(b, e.Inputs[i].Hash[:])
		}
	}
	return blake3.Sum256(b)
}

// LabelCommitment is the salted commitment to one label (records.md section 4);
// value is the canonical encoding of the label's value.
func LabelCommitment(salt ID, label string, value []byte) Hash {
	return domain(domainLabel, salt[:], binary.BigEndian.AppendUint16(nil, uint16(len(label))), []byte(label), value)
}

// PostingHash is the payload of a posting's leaf in sum trees 2 and 3.
func PostingHash(p *Posting) Hash {
	b := append(make([]byte, 0, 160), domainPosting)
	return blake3.Sum256(AppendPosting(b, p))
}

// PostingHashes writes the PostingHash of each posting; both slices have one length.
func PostingHashes(hashes []Hash, postings []Posting) {
	lanes.Plain(hashes, func(b []byte, i int) []byte { return AppendPosting(append(b, domainPosting), &postings[i]) })
}

// ShardEntryHashes writes the ShardEntryHash of each entry; both slices have one length.
func ShardEntryHashes(hashes []Hash, entries []ShardEntry) {
	lanes.Plain(hashes, func(b []byte, i int) []byte { return AppendShardEntry(append(b, domainShardEntry), &entries[i]) })
}

// ShardEntryHash is the payload of an entry's leaf in sum tree 5.
func ShardEntryHash(e *ShardEntry) Hash {
	b := append(make([]byte, 0, 512), domainShardEntry)
	return blake3.Sum256(AppendShardEntry(b, e))
}
