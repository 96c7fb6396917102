package ledger

import (
	"encoding/binary"

	"github.com/forgepool/settle/codec"
	"github.com/forgepool/settle/settlement"
)

func encodeParty(b []byte, p *settlement.Party) []byte {
	b = append(b, byte(p.Role))
	b = binary.AppendUvarint(b, uint64(len(p.History)))
	for _, h := range p.History {
		b = append(binary.BigEndian.AppendUint64(b, h.Index), byte(h.Status))
	}
	b = append(b, p.Prev[:]...)
	b = appendHashes(appendHashes(b, p.Keys), p.Capabilities)
	b = binary.AppendUvarint(b, p.Threshold)
	if p.Payee == nil {
		b = append(b, 0)
	} else {
		b = append(append(b, 1), p.Payee[:]...)
	}
	for _, n := range [...]uint64{p.Weight, p.WeightCycle, p.WeightBefore} {
		b = binary.AppendUvarint(b, n)
	}
	if p.Cap == nil {
		b = append(b, 0)
	} else {
		b = binary.BigEndian.AppendUint64(append(b, 1), *p.Cap)
	}
	b = binary.AppendUvarint(b, p.Stake)
	b = binary.AppendUvarint(b, uint64(len(p.Quotas)))
	for i := range p.Quotas {
		q := &p.Quotas[i]
		b = appendBlock(append(b, byte(q.Dimension)), []byte(q.Value))
		b = binary.AppendUvarint(b, q.Limit)
		b = appendFlag(b, q.Hard)
	}
	return b
}

func appendHashes(b []byte, list []codec.Hash) []byte {
	b = binary.AppendUvarint(b, uint64(len(list)))
	for i := range list {
		b = append(b, list[i][:]...)
	}
	return b
}

func (v *values) hashes() []codec.Hash {
	n := v.count(32)
	if n == 0 {
		return nil
	}
	list := make([]codec.Hash, n)
	for i := range list {
		list[i] = v.hash()
	}
	return list
}

func decodeParty(id codec.ID, data []byte) (*settlement.Party, bool) {
	v := values{b: data}
	p := &settlement.Party{ID: id, Role: codec.Role(v.u8())}
	p.History = make([]settlement.StatusChange, v.count(9))
	for i := range p.History {
		p.History[i] = settlement.StatusChange{Index: v.u64(), Status: settlement.Status(v.u8())}
	}
	p.Prev, p.Keys, p.Capabilities = v.hash(), v.hashes(), v.hashes()
	p.Threshold, p.Payee = v.uvarint(), v.optionalHash()
	p.Weight, p.WeightCycle, p.WeightBefore = v.uvarint(), v.uvarint(), v.uvarint()
	if v.u8() == 1 {
		limit := v.u64()
		p.Cap = &limit
	}
	p.Stake = v.uvarint()
	if n := v.count(4); n > 0 {
		p.Quotas = make([]settlement.Quota, n)
	}
	for i := range p.Quotas {
		q := &p.Quotas[i]
		q.Dimension, q.Value = settlement.Dimension(v.u8()), string(v.block())
		q.Limit, q.Hard = v.uvarint(), v.flag()
	}
	return p, v.done() && len(p.History) > 0
}

func encodeKey(b []byte, k *settlement.Key) []byte {
	b = append(append(b, k.Party[:]...), byte(k.Role))
	b = append(append(b, k.Pub[:]...), byte(k.Use))
	for _, n := range [...]uint64{k.ValidFrom, k.ValidTo, k.RevokedAt} {
		b = binary.BigEndian.AppendUint64(b, n)
	}
	return b
}

func decodeKey(id codec.Hash, data []byte) (*settlement.Key, bool) {
	v := values{b: data}
	k := &settlement.Key{ID: id, Party: v.id(), Role: codec.Role(v.u8())}
	k.Pub, k.Use = v.hash(), codec.Use(v.u8())
	k.ValidFrom, k.ValidTo, k.RevokedAt = v.u64(), v.u64(), v.u64()
	return k, v.done()
}

func encodePolicy(b []byte, p *settlement.Policy) []byte {
	return append(binary.BigEndian.AppendUint64(b, p.Index), p.Bytes...)
}
