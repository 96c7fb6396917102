package settlement

import (
	"crypto/ed25519"
	"encoding/binary"
	"fmt"

	"github.com/forgepool/settle/codec"
)

// ReceiptFault is a shard whose agent did not sign what the manifest says.
type ReceiptFault struct {
	Record   int // index in the batch
	Shard    uint64
	Replica  uint64
	Provider codec.ID
	Refusal  *codec.Refusal // bad_receipt
}

// Error names record and shard.
func (f *ReceiptFault) Error() string {
	return fmt.Sprintf("record %d, shard %d, replica %d of provider %v: %v", f.Record, f.Shard, f.Replica, f.Provider, f.Refusal)
}

// CheckReceipts verifies the agents' receipts of all settlements in a batch, or the
// share of them that policy key 33 asks for, before the batch is proposed. It is not
// part of Judge: no replica repeats it when it applies (docs/formats/records.md
// section 3). Which receipts are in the share follows from their digests, so a
// submitter cannot try again and hope.
func CheckReceipts(v View, p *Prepared) *ReceiptFault {
	for i := range p.Records {
		if fault := CheckRecordReceipts(v, p, i); fault != nil {
			return fault
		}
	}
	return nil
}

// CheckRecordReceipts is CheckReceipts for the record at index i. Calls for different
// records may run at the same time. An agent key that is not known passes: Judge
// refuses such a shard.
func CheckRecordReceipts(v View, p *Prepared, i int) *ReceiptFault {
	s := p.Records[i].Settlement
	ppm := v.PolicyFor(v.Moment().Cycle).Body.Receipts
	if s == nil || ppm == 0 {
		return nil
	}
	entries := receiptEntries(v, s)
	for j := range entries {
		e := &entries[j]
		digest := codec.ReceiptDigest(p.Batch.Origin, s.Body.Author, s.Body.Workload, s.Program, s.Body.Seed, e)
		if binary.BigEndian.Uint64(digest[:8])%million >= ppm {
			continue
		}
		pub, known := agentKey(v, p, e.Agent)
		if known && !ed25519.Verify(pub[:], digest[:], e.Receipt[:]) {
			return &ReceiptFault{i, e.Index, e.Replica, e.Provider, codec.Refuse(codec.CodeBadReceipt, "the agent's signature does not verify")}
		}
	}
	return nil
}

// receiptEntries returns the manifest's entries, read from the state if they did not
// travel with the batch; none if they are missing or faulty, which Judge tells.
func receiptEntries(v View, s *PreparedSettlement) []codec.ShardEntry {
	if s.Manifest != nil {
		return s.Manifest.Entries
	}
	if s.has[blobManifest] {
		return nil
	}
	entries, err := codec.DecodeManifest(v.Blob(s.Body.Shards.Blob))
	if err != nil {
		return nil
	}
	return entries
}

// agentKey finds a key in the state or among those that the batch itself registers.
func agentKey(v View, p *Prepared, id codec.Hash) (pub codec.Hash, known bool) {
	if k := v.Key(id); k != nil {
		return k.Pub, true
	}
	for i := range p.Records {
		if p.Records[i].Party == nil {
			continue
		}
		for _, k := range p.Records[i].Party.Body.Keys {
			if k.ID == id && k.Pub != nil {
				return *k.Pub, true
			}
		}
	}
	return codec.Hash{}, false
}

// VerifyReceipt says whether the agent with public key pub signed that it executed a
// shard of the author's workload as the entry says.
func VerifyReceipt(origin string, author, workload codec.ID, program, seed, pub codec.Hash, e *codec.ShardEntry) bool {
	digest := codec.ReceiptDigest(origin, author, workload, program, seed, e)
	return ed25519.Verify(pub[:], digest[:], e.Receipt[:])
}
