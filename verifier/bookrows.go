package verifier

import (
	"bytes"
	"encoding/binary"

	"github.com/forgepool/settle/codec"
	"github.com/forgepool/settle/proof"
)

// The rows of an audit's files. Integers are big-endian, so that keys order like their
// bytes.

// Sizes of the rows in bytes.
const (
	journalRow = 8 + 32 + 32 + 32 + 8 + 8 + 1
	plannedRow = 16 + 16 + 8
	leafRow    = 32
	lineRow    = 27 + 1 + 8 + 8 + 8 + 32
	partyRow   = 17 + 8 + 8 + 8 + 8 + 32
	lineKey    = 27 // role, party, index, line
)

// entry is a settlement or an adjustment of the cycle: a leaf of its journal.
type entry struct {
	index  uint64
	leaf   codec.Hash
	detail codec.Hash
	root   codec.Hash // of its postings
	n      uint64     // postings
	amount uint64     // credit and debit, micro-Credits
	kind   codec.Kind
}

func (e *entry) row() []byte {
	b := binary.BigEndian.AppendUint64(make([]byte, 0, journalRow), e.index)
	b = append(append(append(b, e.leaf[:]...), e.detail[:]...), e.root[:]...)
	b = binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint64(b, e.n), e.amount)
	return append(b, byte(e.kind))
}

func readEntry(b []byte) (e entry) {
	e.index = binary.BigEndian.Uint64(b)
	copy(e.leaf[:], b[8:])
	copy(e.detail[:], b[40:])
	copy(e.root[:], b[72:])
	e.n, e.amount = binary.BigEndian.Uint64(b[104:]), binary.BigEndian.Uint64(b[112:])
	e.kind = codec.Kind(b[120])
	return e
}

// sumLeaf returns the leaf of the journal.
func (e *entry) sumLeaf() proof.SumLeaf {
	key := proof.JournalKey(e.index)
	return proof.SumLeaf{Key: key[:], Count: e.n, Sums: [2]uint64{e.amount, e.amount}, Payload: e.leaf}
}

// bookLine is a posting: a leaf of its party's tree.
type bookLine struct {
	role   codec.Role
	party  codec.ID
	index  uint64
	line   uint64
	side   codec.Side
	amount uint64
	units  uint64 // 0: pays for no work
	base   uint64
	hash   codec.Hash
}

func lineOf(index uint64, p *codec.Posting) bookLine {
	l := bookLine{role: p.Role, party: p.Party, index: index, line: p.Line, side: p.Side, amount: p.Amount, hash: codec.PostingHash(p)}
	if p.Units != nil && p.UnitBase != nil {
		l.units, l.base = *p.Units, *p.UnitBase
	}
	return l
}

func (l *bookLine) row() (b [lineRow]byte) {
	b[0] = byte(l.role)
	copy(b[1:], l.party[:])
	binary.BigEndian.PutUint64(b[17:], l.index)
	binary.BigEndian.PutUint16(b[25:], uint16(l.line))
	b[27] = byte(l.side)
	binary.BigEndian.PutUint64(b[28:], l.amount)
	binary.BigEndian.PutUint64(b[36:], l.units)
	binary.BigEndian.PutUint64(b[44:], l.base)
	copy(b[52:], l.hash[:])
	return b
}

func readLine(b []byte) (l bookLine) {
	l.role = codec.Role(b[0])
	copy(l.party[:], b[1:])
	l.index, l.line = binary.BigEndian.Uint64(b[17:]), uint64(binary.BigEndian.Uint16(b[25:]))
	l.side = codec.Side(b[27])
	l.amount, l.units, l.base = binary.BigEndian.Uint64(b[28:]), binary.BigEndian.Uint64(b[36:]), binary.BigEndian.Uint64(b[44:])
	copy(l.hash[:], b[52:])
	return l
}

// sumLeaf returns the leaf of the party's tree.
func (l *bookLine) sumLeaf() proof.SumLeaf {
	key := proof.PostingKey(l.index, uint16(l.line))
	leaf := proof.SumLeaf{Key: key[:], Count: 1, Payload: l.hash}
	if l.side == codec.Credit {
		leaf.Sums[proof.Credit] = l.amount
	} else {
		leaf.Sums[proof.Debit] = l.amount
	}
	return leaf
}

// bookParty is a party with postings: a leaf of the tree of parties.
type bookParty struct {
	role   codec.Role
	id     codec.ID
	first  uint64 // row of its first line
	lines  uint64
	credit uint64 // micro-Credits
	debit  uint64 // micro-Credits
	root   codec.Hash
}

func (p *bookParty) row() []byte {
	b := append(make([]byte, 0, partyRow), byte(p.role))
	b = append(b, p.id[:]...)
	b = binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint64(b, p.first), p.lines)
	b = binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint64(b, p.credit), p.debit)
	return append(b, p.root[:]...)
}

func readParty(b []byte) (p bookParty) {
	p.role = codec.Role(b[0])
	copy(p.id[:], b[1:])
	p.first, p.lines = binary.BigEndian.Uint64(b[17:]), binary.BigEndian.Uint64(b[25:])
	p.credit, p.debit = binary.BigEndian.Uint64(b[33:]), binary.BigEndian.Uint64(b[41:])
	copy(p.root[:], b[49:])
	return p
}

// sumLeaf returns the leaf of the tree of parties.
func (p *bookParty) sumLeaf() proof.SumLeaf {
	key := proof.PartyKey(uint8(p.role), p.id)
	return proof.SumLeaf{Key: key[:], Count: p.lines, Sums: [2]uint64{p.credit, p.debit}, Payload: p.root}
}

// compareLines orders lines like the trees: by role, party, index and line.
func compareLines(a, b *[lineRow]byte) int { return bytes.Compare(a[:lineKey], b[:lineKey]) }

func appendUint64(b []byte, v uint64) []byte { return binary.BigEndian.AppendUint64(b, v) }

func readUint64(b []byte) uint64 { return binary.BigEndian.Uint64(b) }
