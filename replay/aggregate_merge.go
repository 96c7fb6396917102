package replay

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math/bits"

	"github.com/forgepool/settle/codec"
)

// Merge implements Program: groups of the same key add up.
func (p groupReduce) Merge(shards []ShardOutput) ([]byte, error) {
	return mergeAll(p.NewMerger(), shards)
}

// NewMerger implements Program.
func (groupReduce) NewMerger() Merger { return &groupMerger{table: newGroupTable(nil)} }

// groupMerger keeps a tally of each key and the key, nothing of the outputs.
type groupMerger struct {
	shards int
	rows   uint64
	table  *groupTable // whose input holds the keys, each behind its length
	least  int         // bytes that the groups take in a result at least
}

// Add implements Merger.
func (m *groupMerger) Add(shard ShardOutput) error {
	i := m.shards
	m.shards++
	if bad := readArgs(shard.Args, 0).done(); bad != "" {
		return noResult(i, "argument "+bad)
	}
	if err := m.readOutput(shard.Output); err != nil {
		return noResult(i, err.Error())
	}
	return nil
}

// readOutput adds the rows and the groups of an output.
func (m *groupMerger) readOutput(output []byte) error {
	r := codec.NewReader(output)
	if r.Array(2) != 2 {
		r.Fail("output has not two parts")
	}
	rows := r.Uint()
	if rows > MaxInput/groupMinRow {
		r.Fail("number of rows out of range")
	}
	m.rows += rows // at most 4,096 shards of 2^23
	var last []byte
	for i := range r.Array(MaxOutput / groupMinLine) {
		key, part := readGroup(&r)
		if r.Err() != nil {
			break
		}
		if i > 0 && bytes.Compare(last, key) >= 0 {
			r.Fail("keys do not ascend")
		}
		last = key
		total, err := m.find(key)
		if err != nil {
			return err
		}
		if !total.merge(&part) {
			r.Fail("a sum is too large")
		}
	}
	return r.Done()
}

// readGroup reads a group as an output has it.
func readGroup(r *codec.Reader) (key []byte, g tally) {
	if r.Array(6) != 6 {
		r.Fail("group has not six parts")
	}
	key, g.count = r.Bytes(groupMaxKey), r.Uint()
	g.sum = readWide(r)
	g.min, g.max = r.Int(), r.Int()
	g.square = readWide(r)
	return key, g
}

// find returns the tally of a key, a new one if there is none yet and the result has room
// for it. The key lies at the end of the others while it is looked for.
func (m *groupMerger) find(key []byte) (*tally, error) {
	t := m.table
	end, groups := len(t.input), len(t.groups)
	t.input = append(binary.LittleEndian.AppendUint16(t.input, uint16(len(key))), key...)
	grown := len(t.input)
	t.input = append(t.input, make([]byte, shortKey)...) // find reads that much of any key
	total := t.find(end+2, len(key))
	if len(t.groups) == groups {
		t.input = t.input[:end]
		return total, nil
	}
	t.input = t.input[:grown]
	if m.least += groupMinLine + len(key); m.least > MaxResult {
		return nil, fmt.Errorf("result over %d bytes", MaxResult)
	}
	return total, nil
}

// Merged implements Merger.
func (m *groupMerger) Merged() ([]byte, error) {
	if m.shards == 0 {
		return nil, noShards()
	}
	m.table.input = append(m.table.input, make([]byte, shortKey)...)
	merged, ok := m.table.encode(m.rows, MaxResult)
	m.table.input = m.table.input[:len(m.table.input)-shortKey]
	if !ok {
		return nil, fmt.Errorf("%w: result over %d bytes", ErrNoResult, MaxResult)
	}
	return merged, nil
}

// Held implements Merger.
func (m *groupMerger) Held() uint64 { return uint64(cap(m.table.input)) + m.table.held() }

// merge adds a group of the same key and reports whether all totals fit.
func (g *tally) merge(o *tally) bool {
	var carry uint64
	g.count, carry = bits.Add64(g.count, o.count, 0)
	g.min, g.max = min(g.min, o.min), max(g.max, o.max)
	return g.sum.mergeInt(o.sum) && g.square.merge(o.square) && carry == 0
}
