package proof

import "encoding/binary"

// SumType is the type of a sum tree, tt of docs/formats/sum-trees.md section 1.
// The numbers never change meaning.
type SumType uint8

// The types. Each comment names key, columns and payload.
const (
	// SumParties is the party ledger of a cycle: PartyKey; credit, debit; root of SumPartyPostings.
	SumParties SumType = 1
	// SumPartyPostings holds the postings of one party: PostingKey; credit, debit; posting hash.
	SumPartyPostings SumType = 2
	// SumPostings holds the postings of one record: LineKey; credit, debit; posting hash.
	SumPostings SumType = 3
	// SumJournal is the journal of a cycle: JournalKey; credit, debit; log leaf hash.
	SumJournal SumType = 4
	// SumShards is a shard manifest: ShardKey; units; shard entry hash.
	SumShards SumType = 5
)

// Columns of the trees over postings.
const (
	Credit = 0
	Debit  = 1
)

// sumShape is what a verifier knows about a tree before it sees a proof.
type sumShape struct {
	tag       byte // tt in every hash
	keyLen    int  // bytes of every key
	columns   int  // sums of every leaf, 1 or 2
	unitCount bool // every leaf counts 1
}

// shape returns the shape of a type. Errors: ErrSumType.
func (t SumType) shape() (sumShape, error) {
	switch t {
	case SumParties:
		return sumShape{tag: 1, keyLen: 17, columns: 2}, nil
	case SumPartyPostings:
		return sumShape{tag: 2, keyLen: 10, columns: 2, unitCount: true}, nil
	case SumPostings:
		return sumShape{tag: 3, keyLen: 2, columns: 2, unitCount: true}, nil
	case SumJournal:
		return sumShape{tag: 4, keyLen: 8, columns: 2}, nil
	case SumShards:
		return sumShape{tag: 5, keyLen: 21, columns: 1, unitCount: true}, nil
	default:
		return sumShape{}, reject(ErrSumType, "%d", t)
	}
}

// PartyKey is the key of SumParties: role and party id. The key of role r and the
// zero id is the border below all parties of that role.
func PartyKey(role uint8, party [16]byte) [17]byte {
	var k [17]byte
	k[0] = role
	copy(k[1:], party[:])
	return k
}

// PostingKey is the key of SumPartyPostings: log index of the record, and line.
func PostingKey(index uint64, line uint16) [10]byte {
	var k [10]byte
	binary.BigEndian.PutUint64(k[:8], index)
	binary.BigEndian.PutUint16(k[8:], line)
	return k
}

// LineKey is the key of SumPostings: the posting's line in its record.
func LineKey(line uint16) [2]byte {
	var k [2]byte
	binary.BigEndian.PutUint16(k[:], line)
	return k
}

// JournalKey is the key of SumJournal: the record's log index.
func JournalKey(index uint64) [8]byte {
	var k [8]byte
	binary.BigEndian.PutUint64(k[:], index)
	return k
}

// ShardKey is the key of SumShards: provider, shard number and replica.
func ShardKey(provider [16]byte, idx uint32, replica uint8) [21]byte {
	var k [21]byte
	copy(k[:16], provider[:])
	binary.BigEndian.PutUint32(k[16:20], idx)
	k[20] = replica
	return k
}
