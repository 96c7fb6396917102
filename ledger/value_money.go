package ledger

import (
	"encoding/binary"

	"github.com/forgepool/settle/codec"
	"github.com/forgepool/settle/settlement"
)

func indexSpace(space byte) func([]byte, uint64) []byte {
	return func(b []byte, n uint64) []byte { return appendNumber(b, space, n) }
}

func lineSpace(space byte) func([]byte, settlement.LineRef) []byte {
	return func(b []byte, r settlement.LineRef) []byte {
		return binary.BigEndian.AppendUint64(appendNumber(b, space, r.Index), r.Line)
	}
}

// leastLine is the least size of an encoded line.
const leastLine = 1 + 16 + 1 + 1 + 1 + 32

func encodePosted(b []byte, p *settlement.Posted) []byte {
	b = append(append(b, byte(p.Kind)), p.Author[:]...)
	b = appendUvarints(b, p.Cycle, p.Time)
	if p.Kind == codec.KindSettlement {
		b = append(append(append(b, p.Workload[:]...), p.Program[:]...), p.WorkKey[:]...)
		b = append(binary.AppendUvarint(b, p.Class), p.Token[:]...)
	}
	b = appendOptionalHash(b, p.Labels)
	b = binary.AppendUvarint(b, uint64(len(p.Lines)))
	for i := range p.Lines {
		l := &p.Lines[i]
		b = append(append(b, byte(l.Role)), l.Party[:]...)
		b = binary.AppendUvarint(append(b, byte(l.Side)), l.Amount)
		b = append(binary.AppendUvarint(b, l.Units), l.Hash[:]...)
		if p.Kind == codec.KindSettlement {
			continue
		}
		if b = appendFlag(b, l.Ref != nil); l.Ref != nil {
			b = appendUvarints(b, l.Ref.Index, l.Ref.Line)
		}
	}
	return b
}

func decodePosted(index uint64, data []byte) (*settlement.Posted, bool) {
	v := values{b: data}
	p := &settlement.Posted{Index: index, Kind: codec.Kind(v.u8()), Author: v.id()}
	p.Cycle, p.Time = v.uvarint(), v.uvarint()
	if p.Kind == codec.KindSettlement {
		p.Workload, p.Program, p.WorkKey, p.Class = v.id(), v.hash(), v.hash(), v.uvarint()
		p.Token = v.hash()
	}
	p.Labels = v.optionalHash()
	p.Lines = make([]settlement.Line, v.count(leastLine))
	for i := range p.Lines {
		l := &p.Lines[i]
		l.Role, l.Party, l.Side = codec.Role(v.u8()), v.id(), codec.Side(v.u8())
		l.Amount, l.Units, l.Hash = v.uvarint(), v.uvarint(), v.hash()
		if p.Kind != codec.KindSettlement && v.flag() {
			l.Ref = &settlement.LineRef{Index: v.uvarint(), Line: v.uvarint()}
		}
	}
	return p, v.done()
}

func encodeReversed(b []byte, amount uint64) []byte { return binary.AppendUvarint(b, amount) }

func decodeReversed(_ settlement.LineRef, data []byte) (uint64, bool) {
	v := values{b: data}
	amount := v.uvarint()
	return amount, v.done()
}

func encodeHold(b []byte, h *settlement.Hold) []byte {
	return appendUvarints(b, h.Now, h.Before, h.Cycle)
}

func decodeHold(r settlement.LineRef, data []byte) (*settlement.Hold, bool) {
	v := values{b: data}
	h := &settlement.Hold{LineRef: r, Now: v.uvarint(), Before: v.uvarint(), Cycle: v.uvarint()}
	return h, v.done()
}

// appendScope ends in the value, so that the values of a dimension stand in order.
func appendScope(k []byte, s settlement.Scope) []byte {
	k = append(appendNumber(k, spaceUsage, s.Cycle), s.Customer[:]...)
	return append(append(k, byte(s.Dimension)), s.Value...)
}

// scopePrefix is how long the key of a usage is without its value.
const scopePrefix = 1 + 8 + 16 + 1

func encodeUsage(b []byte, u *settlement.Usage) []byte {
	return appendUvarints(b, u.Charged, u.Units, u.Settlements)
}

func decodeUsage(s settlement.Scope, data []byte) (*settlement.Usage, bool) {
	v := values{b: data}
	u := &settlement.Usage{Scope: s, Charged: v.uvarint(), Units: v.uvarint(), Settlements: v.uvarint()}
	return u, v.done()
}
