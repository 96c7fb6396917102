package consensus

import (
	"bytes"
	"crypto/subtle"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync"
	"time"

	"github.com/hashicorp/raft"
	"github.com/zeebo/blake3"
)

// entryCodecID names entryCodec in the header of every segment of the log.
const entryCodecID = 1<<16 + 1

// entryHeader is the length of the fixed fields of a stored entry: index 8, term 8,
// type 1, appended-at 8, data length 4, extensions length 4.
const entryHeader = 33

// sumSize is the length of the checksums of entries and stable values: BLAKE3-128.
const sumSize = 16

// errEntryDamaged is wrapped when the log returns other bytes than were written.
var errEntryDamaged = errors.New("log entry is damaged")

// entryCodec is the log's encoding of an entry: header, data, extensions, and the
// BLAKE3-128 of all of it. The library below does not notice a flipped bit in an entry
// that it read back; this trailer does, and decoding fails closed.
type entryCodec struct{ spare *spareBuffers }

func (entryCodec) ID() uint64 { return entryCodecID }

// Encode implements wal.Codec. The library gives an empty buffer for each entry and
// copies the bytes before its append returns, so the buffer gets memory that is used
// again by the next append.
func (c entryCodec) Encode(l *raft.Log, w io.Writer) error {
	b := appendEntryHead(c.spare.take(entryHeader+len(l.Data)+len(l.Extensions)+sumSize), l)
	b = append(append(b, l.Data...), l.Extensions...)
	sum := blake3.Sum256(b)
	b = append(b, sum[:sumSize]...)
	if buf, ok := w.(*bytes.Buffer); ok && buf.Len() == 0 {
		*buf = *bytes.NewBuffer(b)
		return nil
	}
	_, err := w.Write(b)
	return err
}

// maxSpare bounds the memory that is kept from one append to the next.
const maxSpare = 8 << 20

// spareBuffers is memory for the entries of one append. There is one append at a time.
type spareBuffers struct {
	mu    sync.Mutex
	free  [][]byte
	inUse [][]byte
	bytes int // of both
}

// take returns an empty slice with room for size bytes.
func (s *spareBuffers) take(size int) []byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	var b []byte
	for i := range s.free {
		if cap(s.free[i]) >= size {
			b = s.free[i]
			s.free = slices.Delete(s.free, i, i+1)
			break
		}
	}
	if b == nil {
		b = make([]byte, 0, size)
		s.bytes += size
	}
	s.inUse = append(s.inUse, b)
	return b[:0]
}

// release makes what was taken free again, as far as it is to be kept.
func (s *spareBuffers) release() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.free = append(s.inUse, s.free...)
	s.inUse = nil
	for s.bytes > maxSpare && len(s.free) > 0 {
		last := len(s.free) - 1
		s.bytes -= cap(s.free[last])
		s.free = s.free[:last]
	}
}

func (entryCodec) Decode(b []byte, l *raft.Log) error {
	if len(b) < entryHeader+sumSize {
		return fmt.Errorf("%w: %d bytes", errEntryDamaged, len(b))
	}
	body, trailer := b[:len(b)-sumSize], b[len(b)-sumSize:]
	sum := blake3.Sum256(body)
	if subtle.ConstantTimeCompare(sum[:sumSize], trailer) != 1 {
		return fmt.Errorf("%w: checksum does not match", errEntryDamaged)
	}
	head, data, extensions := readEntryHead(body)
	if entryHeader+int64(data)+int64(extensions) != int64(len(body)) {
		return fmt.Errorf("%w: lengths do not match", errEntryDamaged)
	}
	*l = *head
	body = body[entryHeader:]
	l.Data = bytes.Clone(body[:data])
	if extensions > 0 {
		l.Extensions = bytes.Clone(body[data:])
	}
	return nil
}

// nanoseconds returns the Unix time, 0 for the zero time, which has none.
func nanoseconds(t time.Time) uint64 {
	if t.IsZero() {
		return 0
	}
	return uint64(t.UnixNano())
}
