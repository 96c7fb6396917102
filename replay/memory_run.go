package replay

import (
	"bytes"
	"encoding/binary"
)

// tagMemoryAnswer separates the chain of answers from all other hashes.
const tagMemoryAnswer = 0x52

// Statuses of an operation.
const (
	memoryOK       = 0
	memoryMissing  = 1
	memoryMismatch = 2
	memoryNoNumber = 3
)

// memoryBilled is how many bytes that an operation touches make a unit.
const memoryBilled = 64

// memory is the map. Keys are their ranks.
type memory struct {
	in         *memoryInput
	keys       *keyRanks
	live       rankSet       // keys that have a value
	values     []memoryValue // by rank, of the live ones
	counters   []uint64      // by rank: values that additions made; nil if the input has none
	number     [8]byte       // the last counter that value returned
	entries    int
	valueBytes uint64
	answers    [32]byte // the chain over all answers
	hash       chunkHash
}

// memoryValue is where a value lies: in the input, or in counters.
type memoryValue struct{ at, size uint32 }

// inCounters is the place of a value that is a counter.
const inCounters = 1<<32 - 1

// newMemory returns the map of the snapshot.
func newMemory(in *memoryInput) *memory {
	s := &memory{in: in, keys: rankKeys(in)}
	s.live = newRankSet(len(s.keys.keys))
	s.values = make([]memoryValue, len(s.keys.keys))
	if in.adds {
		s.counters = make([]uint64, len(s.keys.keys))
	}
	r := memoryReader{data: in.data, at: 4}
	for i := range in.entries {
		r.key()
		value, at := r.value()
		s.store(s.keys.ranks[i], memoryValue{at, uint32(len(value))})
	}
	return s
}

// run executes all operations. It stops and returns false when their units pass the limit.
func (s *memory) run(in *memoryInput, task *Task) (units uint64, ok bool) {
	r := memoryReader{data: in.data, at: in.opsAt}
	mention := in.entries
	for range in.ops {
		op := r.op()
		touched := s.apply(&op, mention)
		mention += op.mentions
		units += 1 + (touched+memoryBilled-1)/memoryBilled
		if task.overLimit(units) {
			return 0, false
		}
	}
	return units, true
}

// apply executes one operation, whose first key has the number mention, and returns the
// bytes that it is billed for.
func (s *memory) apply(op *memoryOp, mention int) (touched uint64) {
	key := s.keys.ranks[mention]
	switch op.kind {
	case memoryPut:
		s.store(key, op.place())
		s.answer(memoryOK, nil)
		return uint64(len(op.value))
	case memoryAdd:
		return s.addTo(key, op.delta)
	case memoryScan:
		end := uint32(len(s.keys.keys))
		if !op.endMissing {
			end = s.keys.ranks[mention+1]
		}
		return s.scan(key, end, op.limit)
	}
	if !s.live.has(key) {
		s.answer(memoryMissing, nil)
		return 0
	}
	value := s.value(key)
	switch {
	case op.kind == memoryDel:
		s.remove(key)
		s.answer(memoryOK, nil)
		return 0
	case op.kind == memoryGet:
		s.answer(memoryOK, value)
		return uint64(len(value))
	case !bytes.Equal(value, op.expected):
		s.answer(memoryMismatch, value)
		return uint64(len(value))
	}
	s.store(key, op.place())
	s.answer(memoryOK, nil)
	return uint64(len(op.value))
}

// place returns where the value of an operation lies.
func (op *memoryOp) place() memoryValue { return memoryValue{op.valueAt, uint32(len(op.value))} }

// addTo adds to a value of eight bytes, which a missing key has as zeros.
func (s *memory) addTo(key uint32, delta uint64) (touched uint64) {
	var before uint64
	if s.live.has(key) {
		value := s.value(key)
		if len(value) != 8 {
			s.answer(memoryNoNumber, nil)
			return 0
		}
		before = binary.LittleEndian.Uint64(value)
	}
	s.counters[key] = before + delta
	s.store(key, memoryValue{inCounters, 8})
	s.answer(memoryOK, s.value(key))
	return 8
}

// scan answers with the entries from key on and below end, at most limit. A first walk
// finds their size, which goes before them.
func (s *memory) scan(key, end, limit uint32) (touched uint64) {
	stop := key
	for n := uint32(0); n < limit; n++ {
		at, ok := s.live.next(stop)
		if !ok || at >= end {
			break
		}
		touched += memoryMinEntry + uint64(len(keyAt(s.in.data, s.keys.keys[at]))) + uint64(s.values[at].size)
		stop = at + 1
	}
	s.begin(memoryOK, touched)
	s.writeEntries(key, stop)
	s.answers = s.hash.sum()
	return touched
}

// store sets the value of a key.
func (s *memory) store(key uint32, v memoryValue) {
	if s.live.has(key) {
		s.valueBytes -= uint64(s.values[key].size)
	} else {
		s.live.add(key)
		s.entries++
	}
	s.values[key] = v
	s.valueBytes += uint64(v.size)
}

// remove takes out a live key.
func (s *memory) remove(key uint32) {
	s.live.remove(key)
	s.entries--
	s.valueBytes -= uint64(s.values[key].size)
}

// value returns the value of a live key, until the next call.
func (s *memory) value(key uint32) []byte {
	v := s.values[key]
	if v.at == inCounters {
		binary.LittleEndian.PutUint64(s.number[:], s.counters[key])
		return s.number[:]
	}
	return s.in.data[v.at:][:v.size]
}

// answer adds an answer to the chain.
func (s *memory) answer(status byte, out []byte) {
	s.begin(status, uint64(len(out)))
	s.hash.write(out)
	s.answers = s.hash.sum()
}

// begin writes what stands before the bytes of an answer. They are fewer than 2^28: a key
// that an operation creates is in the state for no more than 15 bytes per 12 of input.
func (s *memory) begin(status byte, size uint64) {
	var head [1 + 32 + 1 + 4]byte
	head[0] = tagMemoryAnswer
	copy(head[1:], s.answers[:])
	head[33] = status
	binary.LittleEndian.PutUint32(head[34:], uint32(size))
	s.hash.write(head[:])
}

// writeEntries writes the live entries of ranks from to end-1, as a snapshot has them.
func (s *memory) writeEntries(from, end uint32) {
	for {
		at, ok := s.live.next(from)
		if !ok || at >= end {
			return
		}
		key := s.keys.keys[at]
		s.hash.write(s.in.data[key:][:2+len(keyAt(s.in.data, key))])
		value := s.value(at)
		var size [4]byte
		binary.LittleEndian.PutUint32(size[:], uint32(len(value)))
		s.hash.write(size[:])
		s.hash.write(value)
		from = at + 1
	}
}

// snapshot returns the hash of the whole map, written as a snapshot.
func (s *memory) snapshot() [32]byte {
	var count [4]byte
	binary.LittleEndian.PutUint32(count[:], uint32(s.entries))
	s.hash.write(count[:])
	s.writeEntries(0, uint32(len(s.keys.keys)))
	return s.hash.sum()
}
