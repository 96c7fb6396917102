package ledger

import (
	"encoding/binary"

	"github.com/forgepool/settle/codec"
	"github.com/forgepool/settle/settlement"
)

func encodeDispute(b []byte, d *settlement.Dispute) []byte {
	b = appendRecordRef(append(b, d.Author[:]...), &d.Target)
	b = append(append(b, d.TargetAuthor[:]...), byte(d.Claim))
	b = binary.AppendUvarint(b, uint64(len(d.Lines)))
	for _, l := range d.Lines {
		b = appendUvarints(b, l.Line, l.Amount)
	}
	b = appendUvarints(b, d.Amount, d.Deadline)
	b = appendOptionalID(b, d.Fault)
	if b = appendFlag(b, d.Shard != nil); d.Shard != nil {
		b = appendUvarints(append(b, d.Shard.Workload[:]...), d.Shard.Index, d.Shard.Replica, d.Units)
		b = append(b, d.Output[:]...)
	}
	if b = appendFlag(b, d.Workload != nil); d.Workload != nil {
		b = encodeWorkUse(b, d.Workload)
	}
	b = append(appendFlag(b, d.Escalated), byte(d.Status))
	return appendUvarints(b, d.Ruled, d.Accepted, d.Adjusted, d.Penalized)
}

func decodeDispute(opened uint64, data []byte) (*settlement.Dispute, bool) {
	v := values{b: data}
	d := &settlement.Dispute{Opened: opened, Author: v.id(), Target: v.recordRef()}
	d.TargetAuthor, d.Claim = v.id(), codec.Claim(v.u8())
	if n := v.count(2); n > 0 {
		d.Lines = make([]codec.HeldLine, n)
	}
	for i := range d.Lines {
		d.Lines[i].Line, d.Lines[i].Amount = v.uvarint(), v.uvarint()
	}
	d.Amount, d.Deadline = v.uvarint(), v.uvarint()
	d.Fault = v.optionalID()
	if v.flag() {
		d.Shard = &codec.ShardOf{Workload: v.id(), Index: v.uvarint(), Replica: v.uvarint()}
		d.Units, d.Output = v.uvarint(), v.hash()
	}
	if v.flag() {
		d.Workload = &settlement.WorkUse{Author: v.id(), Workload: v.id()}
	}
	d.Escalated, d.Status = v.flag(), settlement.DisputeStatus(v.u8())
	d.Ruled, d.Accepted, d.Adjusted, d.Penalized = v.uvarint(), v.uvarint(), v.uvarint(), v.uvarint()
	return d, v.done()
}

func appendRecordRef(b []byte, r *codec.RecordRef) []byte {
	return append(binary.AppendUvarint(b, r.Index), r.Leaf[:]...)
}

func (v *values) recordRef() codec.RecordRef {
	return codec.RecordRef{Index: v.uvarint(), Leaf: v.hash()}
}

func encodeIndex(b []byte, n uint64) []byte { return binary.AppendUvarint(b, n) }

func decodeIndex(_ uint64, data []byte) (uint64, bool) {
	v := values{b: data}
	n := v.uvarint()
	return n, v.done()
}

func encodeContest(b []byte, c *settlement.Contest) []byte {
	return appendIndexes(b, c.Open)
}

func decodeContest(target uint64, data []byte) (*settlement.Contest, bool) {
	v := values{b: data}
	c := &settlement.Contest{Target: target, Open: v.indexes()}
	return c, v.done()
}

func appendIndexes(b []byte, list []uint64) []byte {
	return appendUvarints(binary.AppendUvarint(b, uint64(len(list))), list...)
}

func (v *values) indexes() []uint64 {
	n := v.count(1)
	if n == 0 {
		return nil
	}
	list := make([]uint64, n)
	for i := range list {
		list[i] = v.uvarint()
	}
	return list
}
