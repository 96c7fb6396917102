package ledger

import (
	"bytes"
	"encoding/binary"

	"github.com/forgepool/settle/codec"
)

// A chunk is one value with consecutive records of one batch:
//
//	submitter 16 | batch id 16 | batch number u64 | ledger time u64 | rows | records
//	row = u16 length | u16 position in the batch | u64 link | check 8
//
// The number of rows is in the key. A link is the index of the previous event of the
// same workload, NoIndex if there is none; check is the beginning of the record's
// leaf hash in tree A, so that a damaged record is known by itself and never served.
// A batch is cut into several chunks when its records are over chunkBytes together,
// so that reading one record costs little.
const (
	chunkHead  = 16 + 16 + 8 + 8
	chunkRow   = 2 + 2 + 8 + 8
	chunkBytes = 128 << 10
	maxChunk   = 1<<16 - 1 // rows: the count in the key is two bytes
)

// record is an accepted record on its way into a chunk.
type record struct {
	bytes    []byte
	position int
	link     uint64
	leafA    codec.Hash
	leafB    codec.Hash
}

// BatchRef says which batch brought a record, and which of its records it was.
type BatchRef struct {
	Submitter codec.ID
	Batch     codec.ID
	Number    uint64 // batches are numbered in the order of application, from 1
	Position  int    // in the batch, from 0
	Time      uint64 // ledger time when the batch was applied, ms
}

// appendChunk returns the value for some records of a batch.
func appendChunk(b []byte, ref BatchRef, records []record) []byte {
	b = append(append(b, ref.Submitter[:]...), ref.Batch[:]...)
	b = binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint64(b, ref.Number), ref.Time)
	for i := range records {
		r := &records[i]
		b = binary.BigEndian.AppendUint16(b, uint16(len(r.bytes)))
		b = binary.BigEndian.AppendUint16(b, uint16(r.position))
		b = binary.BigEndian.AppendUint64(b, r.link)
		b = append(b, r.leafA[:8]...)
	}
	for i := range records {
		b = append(b, records[i].bytes...)
	}
	return b
}

// cut returns how many of the records go into the next chunk.
func cut(records []record) int {
	size := 0
	for i := range records {
		size += len(records[i].bytes) + chunkRow
		if i > 0 && size > chunkBytes || i == maxChunk {
			return i
		}
	}
	return len(records)
}

// chunk is a stored chunk, read in place.
type chunk struct {
	first   uint64
	count   int
	value   []byte
	offsets []int // where each record begins in value, and the end
}

// parseChunk checks that the rows account for every byte of the value.
func parseChunk(key, value []byte) (*chunk, error) {
	first, count, ok := parseChunkKey(key)
	if !ok || count == 0 {
		return nil, damaged(NoIndex, nil, "records under key %x", key)
	}
	c := &chunk{first: first, count: count, value: value}
	at := chunkHead + count*chunkRow
	if len(value) < at {
		return nil, damaged(first, nil, "records from %d are cut off", first)
	}
	c.offsets = make([]int, count+1)
	for i := range count {
		c.offsets[i] = at
		at += int(binary.BigEndian.Uint16(c.row(i)))
	}
	c.offsets[count] = at
	if at != len(value) {
		return nil, damaged(first, nil, "records from %d have %d bytes instead of %d", first, len(value), at)
	}
	return c, nil
}

func (c *chunk) row(i int) []byte {
	at := chunkHead + i*chunkRow
	return c.value[at : at+chunkRow]
}

// bytes returns record i of the chunk.
func (c *chunk) bytes(i int) []byte { return c.value[c.offsets[i]:c.offsets[i+1]:c.offsets[i+1]] }

func (c *chunk) position(i int) int { return int(binary.BigEndian.Uint16(c.row(i)[2:])) }

func (c *chunk) link(i int) uint64 { return binary.BigEndian.Uint64(c.row(i)[4:]) }

// fits says whether a leaf hash is that of record i.
func (c *chunk) fits(i int, leafA [32]byte) bool { return bytes.Equal(c.row(i)[12:], leafA[:8]) }

// ref returns which batch brought record i.
func (c *chunk) ref(i int) BatchRef {
	v := values{b: c.value}
	return BatchRef{Submitter: v.id(), Batch: v.id(), Number: v.u64(), Time: v.u64(), Position: c.position(i)}
}
