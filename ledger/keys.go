package ledger

import (
	"encoding/binary"

	"github.com/forgepool/settle/codec"
)

// First bytes of the keys in Pebble (DESIGN.md, "Keys"). Keys that grow with the log
// are big-endian counters, so that they are written in order; random keys carry
// small values only.
const (
	spaceBlobRef    = 'a' // hash -> where the attachment is
	spaceBalance    = 'b' // cycle, role, party -> account
	spaceCheckpoint = 'c' // 'k' size -> own roots; 'c' size -> published checkpoint
	spaceBatchID    = 'd' // submitter, batch id -> batch number
	spaceRecords    = 'e' // first index, count -> records of one batch
	spacePolicy     = 'g' // version -> policy
	spaceTile       = 'h' // tree, level, number -> closed tile
	spaceRecordID   = 'i' // author, record id -> index
	spaceKey        = 'k' // key id -> key
	spaceMeta       = 'm' // names below
	spaceNode       = 'n' // server id -> incarnation
	spaceOpening    = 'o' // hash -> opened sealed value
	spaceParty      = 'p' // party id -> party
	spaceBatch      = 's' // batch number -> header and outcomes
	spaceBlobs      = 't' // batch number -> attachments
	spaceWorkload   = 'w' // author, workload -> workload
	spaceWorkUse    = 'y' // work key -> first settlement

	spaceAttestation = 'A' // index -> attestation
	spaceContest     = 'C' // index of a target -> its open disputes
	spaceDispute     = 'D' // index -> dispute opened there
	spaceHold        = 'H' // index, line -> what is held of a posting
	spaceIntent      = 'I' // cycle, auditor -> intent
	spaceCommit      = 'J' // commitment -> that an intent made it
	spacePosted      = 'P' // index -> postings of a record
	spaceRuling      = 'R' // index -> dispute ended there
	spaceUsage       = 'U' // cycle, customer, dimension, value -> usage
	spaceReversed    = 'V' // index, line -> how much of a posting was taken back
	spaceCycle       = 'Z' // number -> cycle
	spaceTally       = 'O' // (nothing) -> running values of the open cycle
	spaceFrozen      = 'F' // number of a cycle -> the same as of its cut
	spaceList        = 'L' // kind, cycle, value -> open chunk of a list of records
	spaceToken       = 'T' // replay token -> likewise
	spaceChunk       = 'K' // kind, cycle, value, first index -> full chunk of a list
	spaceMark        = 'M' // (marks.go)
	spaceEnd         = 'S' // number of a cycle -> its last batch, the cycle after it
	spaceGuard       = 'X' // hash -> how many disputes keep an attachment
)

// summed are the spaces that the state sum covers: all that follow from the batches
// applied, but for the log and the attachments, which have hashes of their own.
var summed = []byte{
	spaceBlobRef, spaceBalance, spaceBatchID, spacePolicy, spaceRecordID, spaceKey,
	spaceOpening, spaceParty, spaceBatch, spaceWorkload, spaceWorkUse,
	spaceAttestation, spaceContest, spaceDispute, spaceHold, spaceIntent, spaceCommit,
	spacePosted, spaceRuling, spaceUsage, spaceReversed, spaceCycle, spaceTally, spaceFrozen,
	spaceList, spaceToken, spaceChunk, spaceMark, spaceEnd, spaceGuard,
}

// Keys of single values.
var (
	keyFormat  = []byte("m/format")
	keyApplied = []byte("m/applied")
	keyConfig  = []byte("m/config")
	keyClean   = []byte("m/clean")
)

// storeFormat is the version of this layout; a store with another one is refused.
const storeFormat = 2

// pair is a key made of two ids: author and record or workload, submitter and batch.
type pair struct{ a, b codec.ID }

func appendPair(k []byte, space byte, p pair) []byte {
	return append(append(append(k, space), p.a[:]...), p.b[:]...)
}

func appendNumber(k []byte, space byte, n uint64) []byte {
	return binary.BigEndian.AppendUint64(append(k, space), n)
}

func numberKey(space byte, n uint64) []byte {
	return appendNumber(make([]byte, 0, 9), space, n)
}

// The two kinds of checkpoint keys.
const (
	ownRoots  = 'k'
	published = 'c'
)

func checkpointKey(kind byte, size uint64) []byte {
	return binary.BigEndian.AppendUint64([]byte{spaceCheckpoint, kind}, size)
}

// chunkKey names the records [first, first+count). The count stands in the key so
// that gaps are seen without reading values.
func chunkKey(first uint64, count int) []byte {
	k := appendNumber(make([]byte, 0, 11), spaceRecords, first)
	return binary.BigEndian.AppendUint16(k, uint16(count))
}

func parseChunkKey(k []byte) (first uint64, count int, ok bool) {
	if len(k) != 11 || k[0] != spaceRecords {
		return 0, 0, false
	}
	return binary.BigEndian.Uint64(k[1:]), int(binary.BigEndian.Uint16(k[9:])), true
}

// The trees, as they stand in tile keys.
const (
	treeA = 0
	treeB = 1
)

func tileKey(tree byte, level uint, n uint64) []byte {
	return binary.BigEndian.AppendUint64([]byte{spaceTile, tree, byte(level)}, n)
}
