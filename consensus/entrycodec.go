package consensus

import (
	"bytes"
	"crypto/subtle"
	"errors"
	"fmt"
	"io"
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
type entryCodec struct{}

func (entryCodec) ID() uint64 { return entryCodecID }

func (entryCodec) Encode(l *raft.Log, w io.Writer) error {
	size := entryHeader + len(l.Data) + len(l.Extensions) + sumSize
	buf, ok := w.(*bytes.Buffer)
	if !ok {
		buf = new(bytes.Buffer)
	}
	buf.Grow(size)
	b := appendEntryHead(buf.AvailableBuffer(), l)
	b = append(append(b, l.Data...), l.Extensions...)
	sum := blake3.Sum256(b)
	buf.Write(append(b, sum[:sumSize]...))
	if ok {
		return nil
	}
	_, err := buf.WriteTo(w)
	return err
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
