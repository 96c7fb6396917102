package ledger

import (
	"encoding/binary"
	"slices"

	"github.com/forgepool/settle/codec"
	"github.com/forgepool/settle/settlement"
	"github.com/zeebo/blake3"
)

// A list finds records by something that they have in common: an account, a program, a
// label. It is an ascending list of indexes, which only grows: full chunks are written
// once, the open one is rewritten at each commit that adds to it.
//
//	full chunk (space K, key: list, first index): before | entries
//	before = uvarint entries | uvarint postings | uvarint credit | uvarint debit, of all
//	         chunks before it; the last three are 0 but for accounts
//	entries = uvarint first index, then uvarint differences
//
// The open chunk stands in the value of the list: uvarint number of its entries, then the
// same. For accounts that value is a part of the account's.

// listChunk is how many entries a full chunk has.
const listChunk = 128

// listKind is what a list has in common. The numbers are part of the layout.
type listKind byte

const (
	listAccount listKind = 1 // role, party
	listProgram listKind = 2 // program id
	listClass   listKind = 3 // class, one byte
	listLabel   listKind = 4 // labelKey
	listToken   listKind = 5 // replay token; of any cycle, under cycle 0
)

// valueBytes is how much of listKey.value the kind uses.
func (k listKind) valueBytes() int {
	switch k {
	case listAccount:
		return 17
	case listClass:
		return 1
	default:
		return 32
	}
}

// listKey names a list.
type listKey struct {
	kind  listKind
	cycle uint64
	value codec.Hash // as long as the kind says, the rest is 0
}

// append appends the key of a list's value or, with the space of chunks, the beginning of
// those of its chunks.
func (k listKey) append(b []byte, space byte) []byte {
	b = binary.BigEndian.AppendUint64(append(b, space, byte(k.kind)), k.cycle)
	return append(b, k.value[:k.kind.valueBytes()]...)
}

func accountList(a settlement.Account) listKey {
	k := listKey{kind: listAccount, cycle: a.Cycle}
	k.value[0] = byte(a.Role)
	copy(k.value[1:], a.Party[:])
	return k
}

// accountOf is the account of an account's list.
func accountOf(k listKey) settlement.Account {
	return settlement.Account{Cycle: k.cycle, Role: codec.Role(k.value[0]), Party: codec.ID(k.value[1:17])}
}

func classList(cycle, class uint64) listKey {
	return listKey{listClass, cycle, codec.Hash{byte(class)}}
}

// labelList is the list of a customer's settlements in a cycle with a label of a value.
func labelList(cycle uint64, customer codec.ID, label, value string) listKey {
	b := append(make([]byte, 0, 128), customer[:]...)
	b = appendBlock(appendBlock(b, []byte(label)), []byte(value))
	return listKey{listLabel, cycle, blake3.Sum256(b)}
}

// before is what stands before a chunk.
type before struct {
	entries                 uint64
	postings, credit, debit uint64
}

// list is the open chunk of a list. Like every value of the state it is replaced, never
// changed: an older copy may share open, but not beyond its own length.
type list struct {
	before before
	count  int // entries of the open chunk
	last   uint64
	open   []byte // entries
	full   []fullChunk
}

// fullChunk is a chunk that is not written yet.
type fullChunk struct {
	first  uint64
	before before
	open   []byte
}

// has says whether index, which is that of the newest record, is in the list.
func (l *list) has(index uint64) bool { return l.count > 0 && l.last == index }

// add appends an index, which must be above all in the list. so is what was posted to the
// account before.
func (l *list) add(index uint64, so before) {
	if l.count == listChunk {
		first, _ := binary.Uvarint(l.open)
		l.full = append(slices.Clip(l.full), fullChunk{first, l.before, l.open})
		so.entries = l.before.entries + listChunk
		l.before, l.count, l.last, l.open = so, 0, 0, nil
	}
	l.open = binary.AppendUvarint(l.open, index-l.last)
	l.count, l.last = l.count+1, index
}

// flush writes the chunks that have become full.
func (l *list) flush(w *writer, k listKey) {
	for _, c := range l.full {
		w.key = binary.BigEndian.AppendUint64(k.append(w.key[:0], spaceChunk), c.first)
		w.value = append(c.before.append(w.value[:0]), c.open...)
		w.put()
	}
	l.full = nil
}

func (x *before) append(b []byte) []byte {
	return appendUvarints(b, x.entries, x.postings, x.credit, x.debit)
}

func (v *values) before() before {
	return before{v.uvarint(), v.uvarint(), v.uvarint(), v.uvarint()}
}

func encodeList(b []byte, l list) []byte {
	b = l.before.append(binary.AppendUvarint(b, uint64(l.count)))
	return append(b, l.open...)
}

// list reads an open chunk.
func (v *values) list() (l list) {
	n := v.count(1)
	if n > listChunk {
		v.bad = true
	}
	l.count, l.before = n, v.before()
	at := v.b
	for range n {
		l.last += v.uvarint()
	}
	if !v.bad {
		l.open = slices.Clone(at[:len(at)-len(v.b)])
	}
	return l
}

func decodeList[K any](_ K, data []byte) (list, bool) {
	v := values{b: data}
	l := v.list()
	return l, v.done()
}

// entries reads the indexes of a chunk.
func (v *values) entries() (list []uint64) {
	at := uint64(0)
	for len(v.b) > 0 && !v.bad {
		at += v.uvarint()
		list = append(list, at)
	}
	return list
}
