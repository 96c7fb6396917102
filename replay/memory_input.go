package replay

import (
	"bytes"
	"encoding/binary"
)

// Operations of docs/formats/replay.md section 7.6.
const (
	memoryPut = iota + 1
	memoryGet
	memoryDel
	memoryAdd
	memoryCAS
	memoryScan
)

// Least sizes in an input, in bytes.
const (
	memoryMinEntry = 6 // lengths of key and value
	memoryMinOp    = 3 // number, length of the key
)

// memoryInput is an input in place. A key is named by the offset of its length, which two
// bytes hold and the key follows.
type memoryInput struct {
	data     []byte
	entries  int // of the first snapshot
	ops      int
	opsAt    int // offset of the first operation
	mentions int // keys in the snapshot and in operations
	adds     bool
}

// memoryOp is an operation. What its kind does not have is zero.
type memoryOp struct {
	kind       byte
	key, end   uint32 // offsets of lengths; end is that of a scan
	value      []byte
	valueAt    uint32 // offset of value
	expected   []byte
	delta      uint64
	limit      uint32
	mentions   int // keys: 1, of a scan 2
	endMissing bool
}

// memoryReader reads an input. Once bytes are missing it stays bad.
type memoryReader struct {
	data []byte
	at   int
	bad  bool
}

// take returns the next n bytes.
func (r *memoryReader) take(n uint64) []byte {
	if r.bad || n > uint64(len(r.data)-r.at) {
		r.bad = true
		return nil
	}
	b := r.data[r.at : r.at+int(n)]
	r.at += int(n)
	return b
}

func (r *memoryReader) u16() uint64 {
	if b := r.take(2); b != nil {
		return uint64(binary.LittleEndian.Uint16(b))
	}
	return 0
}

func (r *memoryReader) u32() uint32 {
	if b := r.take(4); b != nil {
		return binary.LittleEndian.Uint32(b)
	}
	return 0
}

// key returns a key and the offset of its length.
func (r *memoryReader) key() (key []byte, at uint32) {
	at = uint32(r.at)
	return r.take(r.u16()), at
}

// value returns a value and its offset.
func (r *memoryReader) value() (value []byte, at uint32) {
	n := r.u32()
	at = uint32(r.at)
	return r.take(uint64(n)), at
}

// op reads the next operation. An unknown one makes the reader bad.
func (r *memoryReader) op() (op memoryOp) {
	if kind := r.take(1); kind != nil {
		op.kind = kind[0]
	}
	_, op.key = r.key()
	op.mentions = 1
	switch op.kind {
	case memoryPut:
		op.value, op.valueAt = r.value()
	case memoryGet, memoryDel:
	case memoryAdd:
		if b := r.take(8); b != nil {
			op.delta = binary.LittleEndian.Uint64(b)
		}
	case memoryCAS:
		op.expected, _ = r.value()
		op.value, op.valueAt = r.value()
	case memoryScan:
		var end []byte
		end, op.end = r.key()
		op.endMissing = len(end) == 0
		op.limit = r.u32()
		op.mentions = 2
	default:
		r.bad = true
	}
	return op
}

// parseMemoryHead reads the snapshot and the number of operations.
func parseMemoryHead(input []byte) (in memoryInput, bad string) {
	if len(input) < 4 || len(input) > MaxInput {
		return in, "input"
	}
	r := memoryReader{data: input}
	entries := r.u32()
	if uint64(entries) > uint64(len(input)-4)/memoryMinEntry {
		return in, "entries"
	}
	var last []byte
	for i := range entries {
		key, _ := r.key()
		r.value()
		switch {
		case r.bad:
			return in, "entries"
		case i > 0 && bytes.Compare(last, key) >= 0:
			return in, "keys"
		}
		last = key
	}
	ops := r.u32()
	if r.bad || uint64(ops) > uint64(len(input)-r.at)/memoryMinOp {
		return in, "ops"
	}
	return memoryInput{data: input, entries: int(entries), ops: int(ops), opsAt: r.at}, ""
}

// check reads all operations and counts the keys.
func (in *memoryInput) check() string {
	in.mentions = in.entries
	r := memoryReader{data: in.data, at: in.opsAt}
	for range in.ops {
		op := r.op()
		if r.bad {
			return "ops"
		}
		in.mentions += op.mentions
		in.adds = in.adds || op.kind == memoryAdd
	}
	switch {
	case r.at != len(in.data):
		return "input"
	case in.ops == 0:
		return "units"
	}
	return ""
}
