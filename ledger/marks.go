package ledger

import (
	"encoding/binary"

	"github.com/forgepool/settle/codec"
	"github.com/forgepool/settle/settlement"
)

// Marks find values by something else than their key: a mark is a key without a value,
// which is there or not. Its first byte says what it finds.
const (
	markOpenDispute = 'o' // index that opened an open dispute
	markTarget      = 't' // index of a target, index that opened a dispute on it
	markHold        = 'h' // cycle, role, party, index, line: a posting of which something is held
	markAttestation = 'a' // cycle audited, index of the attestation
	markRetained    = 'r' // time, batch: attachments of it are kept up to then
	markWaiting     = 'w' // cycle, batch: attachments of it are kept as long as those of the cycle
)

// marks has true for a mark that is there; false removes it.
var marks = schema[string, bool]{
	spaceMark,
	func(b []byte, k string) []byte { return append(append(b, spaceMark), k...) },
	func(b []byte, _ bool) []byte { return b },
	func(_ string, data []byte) (bool, bool) { return true, len(data) == 0 },
}

func mark(kind byte, numbers ...uint64) []byte {
	k := []byte{kind}
	for _, n := range numbers {
		k = binary.BigEndian.AppendUint64(k, n)
	}
	return k
}

// holdMarks is the beginning of the marks of an account's holds.
func holdMarks(a settlement.Account) []byte {
	k := append(mark(markHold, a.Cycle), byte(a.Role))
	return append(k, a.Party[:]...)
}

func holdMark(a settlement.Account, r settlement.LineRef) []byte {
	k := binary.BigEndian.AppendUint64(holdMarks(a), r.Index)
	return binary.BigEndian.AppendUint64(k, r.Line)
}

// mark sets or removes a mark.
func (s *state) mark(k []byte, there bool) {
	if present, _ := s.marks.get(s.db, string(k)); present != there {
		s.marks.put(s.db, string(k), there)
	}
}

// markHold marks a posting as long as something is held of it.
func (s *state) markHold(h *settlement.Hold) {
	p := s.Posted(h.Index)
	if p == nil || h.Line >= uint64(len(p.Lines)) {
		panic("ledger: a hold on a posting that does not exist")
	}
	l := &p.Lines[h.Line]
	a := settlement.Account{Cycle: p.Cycle, Role: l.Role, Party: l.Party}
	s.mark(holdMark(a, h.LineRef), h.Now > 0)
}

func (s *state) markDispute(d *settlement.Dispute) {
	s.mark(mark(markOpenDispute, d.Opened), d.Status == settlement.StatusOpen)
	s.mark(mark(markTarget, d.Target.Index, d.Opened), true)
}

// tokens lists settlements by replay token.
func tokenList(token codec.Hash) listKey { return listKey{kind: listToken, value: token} }
