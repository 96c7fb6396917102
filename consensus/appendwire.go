package consensus

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/hashicorp/raft"
)

// The append protocol carries raft's AppendEntries: requests one way, one answer to each
// the other way, in turn, all integers big endian:
//
//	request: u32 length ‖ header of that length ‖ data and extensions of every entry
//	header:  caller ‖ u64 term ‖ u64 previous index ‖ u64 previous term ‖ u64 commit
//	         ‖ per entry: u64 index ‖ u64 term ‖ u8 type ‖ i64 appended at, Unix ns
//	         ‖ u32 data length ‖ u32 extensions length
//	answer:  u32 length ‖ that many bytes:
//	         u8 1 ‖ caller ‖ u64 term ‖ u64 last index ‖ u8 success ‖ u8 no backoff
//	         or u8 0 ‖ error text
//	caller:  u64 raft's protocol version ‖ u16 length ‖ id ‖ u16 length ‖ address
//
// Raft's own encoding of the same message grows the data of an entry in steps of 256 KiB
// and copies what is there at each; for entries of megabytes that was a sixth of a
// follower's work.

// Bounds of a message.
const (
	maxAppendHead  = 64 << 10
	maxAppendBytes = 64 << 20 // data of all entries
)

var errAppendMalformed = errors.New("malformed append message")

// appendHead appends the header of a request.
func appendHead(b []byte, q *raft.AppendEntriesRequest) []byte {
	b = appendCaller(b, q.RPCHeader)
	for _, n := range [...]uint64{q.Term, q.PrevLogEntry, q.PrevLogTerm, q.LeaderCommitIndex} {
		b = binary.BigEndian.AppendUint64(b, n)
	}
	for _, l := range q.Entries {
		b = appendEntryHead(b, l)
	}
	return b
}

func appendCaller(b []byte, h raft.RPCHeader) []byte {
	b = binary.BigEndian.AppendUint64(b, uint64(h.ProtocolVersion))
	for _, text := range [...][]byte{h.ID, h.Addr} {
		b = append(binary.BigEndian.AppendUint16(b, uint16(len(text))), text...)
	}
	return b
}

// writeAppend writes a request. The entries' data is not copied.
func writeAppend(w io.Writer, q *raft.AppendEntriesRequest) error {
	if len(q.ID) > maxAppendHead/4 || len(q.Addr) > maxAppendHead/4 {
		return errAppendMalformed
	}
	b := appendHead(make([]byte, 4, 256+len(q.Entries)*entryHeader), q)
	if len(b)-4 > maxAppendHead {
		return errAppendMalformed
	}
	binary.BigEndian.PutUint32(b, uint32(len(b)-4))
	if _, err := w.Write(b); err != nil {
		return err
	}
	for _, l := range q.Entries {
		for _, data := range [...][]byte{l.Data, l.Extensions} {
			if len(data) == 0 {
				continue
			}
			if _, err := w.Write(data); err != nil {
				return err
			}
		}
	}
	return nil
}

// readAppend reads a request. Nothing is allocated beyond the bounds.
func readAppend(r io.Reader) (*raft.AppendEntriesRequest, error) {
	head, err := readSized(r, maxAppendHead)
	if err != nil {
		return nil, err
	}
	f := fields{b: head}
	q := &raft.AppendEntriesRequest{RPCHeader: f.caller()}
	for _, to := range [...]*uint64{&q.Term, &q.PrevLogEntry, &q.PrevLogTerm, &q.LeaderCommitIndex} {
		*to = f.uint64()
	}
	rest := f.take(len(f.b))
	if f.short || len(rest)%entryHeader != 0 {
		return nil, errAppendMalformed
	}
	total := int64(0)
	for ; len(rest) > 0; rest = rest[entryHeader:] {
		l, data, extensions := readEntryHead(rest)
		if total += int64(data) + int64(extensions); total > maxAppendBytes {
			return nil, fmt.Errorf("%w: more than %d bytes of entries", errAppendMalformed, maxAppendBytes)
		}
		l.Data = make([]byte, data)
		if extensions > 0 {
			l.Extensions = make([]byte, extensions)
		}
		q.Entries = append(q.Entries, l)
	}
	for _, l := range q.Entries {
		if _, err := io.ReadFull(r, l.Data); err != nil {
			return nil, err
		}
		if _, err := io.ReadFull(r, l.Extensions); err != nil {
			return nil, err
		}
	}
	return q, nil
}

// appendAnswer appends an answer to a request.
func appendAnswer(b []byte, answer *raft.AppendEntriesResponse, failed error) []byte {
	start := len(b)
	b = append(b, 0, 0, 0, 0)
	if failed != nil {
		text := failed.Error()
		b = append(append(b, 0), text[:min(len(text), 1024)]...)
	} else {
		b = appendCaller(append(b, 1), answer.RPCHeader)
		b = binary.BigEndian.AppendUint64(b, answer.Term)
		b = binary.BigEndian.AppendUint64(b, answer.LastLog)
		b = append(b, bit(answer.Success), bit(answer.NoRetryBackoff))
	}
	binary.BigEndian.PutUint32(b[start:], uint32(len(b)-start-4))
	return b
}

// readAnswer reads an answer. An error of the peer is a peerError.
func readAnswer(r io.Reader, answer *raft.AppendEntriesResponse) error {
	b, err := readSized(r, maxAppendHead)
	if err != nil {
		return err
	}
	if len(b) > 0 && b[0] == 0 {
		return peerError(b[1:])
	}
	f := fields{b: b}
	kind := f.byte()
	answer.RPCHeader = f.caller()
	answer.Term, answer.LastLog = f.uint64(), f.uint64()
	answer.Success, answer.NoRetryBackoff = f.byte() == 1, f.byte() == 1
	if f.short || kind != 1 || len(f.b) != 0 {
		return errAppendMalformed
	}
	return nil
}

// peerError is what a peer's raft said; the connection goes on.
type peerError string

// Error returns the peer's text.
func (e peerError) Error() string { return string(e) }

func bit(b bool) byte {
	if b {
		return 1
	}
	return 0
}

// readSized reads a length and that many bytes.
func readSized(r io.Reader, most uint32) ([]byte, error) {
	var size [4]byte
	if _, err := io.ReadFull(r, size[:]); err != nil {
		return nil, err
	}
	n := binary.BigEndian.Uint32(size[:])
	if n > most {
		return nil, fmt.Errorf("%w: %d bytes", errAppendMalformed, n)
	}
	b := make([]byte, n)
	_, err := io.ReadFull(r, b)
	return b, err
}

// fields reads fixed fields; what is missing reads as zero and sets short.
type fields struct {
	b     []byte
	short bool
}

func (f *fields) take(n int) []byte {
	if n > len(f.b) {
		f.short, f.b = true, nil
		return nil
	}
	taken := f.b[:n]
	f.b = f.b[n:]
	return taken
}

func (f *fields) byte() byte {
	if b := f.take(1); b != nil {
		return b[0]
	}
	return 0
}

func (f *fields) uint64() uint64 {
	if b := f.take(8); b != nil {
		return binary.BigEndian.Uint64(b)
	}
	return 0
}

func (f *fields) text() []byte {
	if b := f.take(2); b != nil {
		return f.take(int(binary.BigEndian.Uint16(b)))
	}
	return nil
}

func (f *fields) caller() raft.RPCHeader {
	version := f.uint64()
	return raft.RPCHeader{ProtocolVersion: raft.ProtocolVersion(version), ID: f.text(), Addr: f.text()}
}

// appendEntryHead appends the fixed fields of an entry, in the log and on the wire.
func appendEntryHead(b []byte, l *raft.Log) []byte {
	b = binary.BigEndian.AppendUint64(b, l.Index)
	b = binary.BigEndian.AppendUint64(b, l.Term)
	b = append(b, byte(l.Type))
	b = binary.BigEndian.AppendUint64(b, nanoseconds(l.AppendedAt))
	b = binary.BigEndian.AppendUint32(b, uint32(len(l.Data)))
	return binary.BigEndian.AppendUint32(b, uint32(len(l.Extensions)))
}

// readEntryHead reads what appendEntryHead wrote; b has entryHeader bytes at least.
func readEntryHead(b []byte) (l *raft.Log, data, extensions uint32) {
	l = &raft.Log{
		Index: binary.BigEndian.Uint64(b),
		Term:  binary.BigEndian.Uint64(b[8:]),
		Type:  raft.LogType(b[16]),
	}
	if ns := binary.BigEndian.Uint64(b[17:]); ns != 0 {
		l.AppendedAt = time.Unix(0, int64(ns))
	}
	return l, binary.BigEndian.Uint32(b[25:]), binary.BigEndian.Uint32(b[29:])
}
