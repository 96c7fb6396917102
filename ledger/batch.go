package ledger

import (
	"encoding/binary"

	"github.com/zeebo/blake3"

	"github.com/forgepool/settle/codec"
)

// StoredBatch is what is kept of a batch for ever: its header, the leader's stamp
// and the outcome of each record.
type StoredBatch struct {
	Number    uint64     // in the order of application, from 1
	Submitter codec.ID   //
	ID        codec.ID   //
	Key       codec.Hash // that signed
	Sent      uint64     // submitter's clock, ms
	Atomic    *uint64    // as in the batch, nil if absent
	Root      codec.Hash // MTH over the leaf hashes of its records
	Digest    codec.Hash // what Signature covers
	Signature codec.Sig
	Stamp     uint64 // leader's clock, ms
	Time      uint64 // ledger time after the batch, ms
	// Outcomes has one item per record.
	Outcomes []codec.Outcome
	// Leaves has the leaf hash in tree A of each record, appended or not.
	Leaves []codec.Hash
}

// Commitment is what a cycle close commits to (records.md section 6.8 key 22).
func (b *StoredBatch) Commitment() codec.Hash {
	outcomes := codec.OutcomeHash(codec.EncodeOutcomes(b.Outcomes))
	return codec.BatchCommitment(b.Digest, b.Signature, b.Stamp, outcomes)
}

// A stored batch ends in the beginning of the BLAKE3 of all before, so that fsck
// can name a damaged one.
const batchCheck = 16

// Outcomes are stored as runs: u8 kind, then
//
//	Appended: uvarint count, uvarint first index
//	Repeated: uvarint index
//	Refused:  leaf 32, block code
//
// The leaf hashes of appended and repeated records stand in the tree.
func encodeBatch(b []byte, s *StoredBatch) []byte {
	start := len(b)
	b = append(append(b, s.Submitter[:]...), s.ID[:]...)
	b = binary.BigEndian.AppendUint64(append(b, s.Key[:]...), s.Sent)
	if s.Atomic == nil {
		b = append(b, 0)
	} else {
		b = binary.AppendUvarint(append(b, 1), *s.Atomic)
	}
	b = append(append(append(b, s.Root[:]...), s.Digest[:]...), s.Signature[:]...)
	b = binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint64(b, s.Stamp), s.Time)
	b = binary.AppendUvarint(b, uint64(len(s.Outcomes)))
	for i := 0; i < len(s.Outcomes); {
		var n int
		b, n = appendRun(b, s.Outcomes[i:], s.Leaves[i])
		i += n
	}
	check := blake3.Sum256(b[start:])
	return append(b, check[:batchCheck]...)
}

// appendRun writes the run that the outcomes begin with and returns its length.
func appendRun(b []byte, outcomes []codec.Outcome, leaf codec.Hash) ([]byte, int) {
	o := &outcomes[0]
	b = append(b, byte(o.Kind))
	switch o.Kind {
	case codec.Appended:
		n := 1
		for n < len(outcomes) && outcomes[n].Kind == codec.Appended && outcomes[n].Index == o.Index+uint64(n) {
			n++
		}
		return binary.AppendUvarint(binary.AppendUvarint(b, uint64(n)), o.Index), n
	case codec.Repeated:
		return binary.AppendUvarint(b, o.Index), 1
	default:
		return appendBlock(append(b, leaf[:]...), []byte(o.Code)), 1
	}
}

// decodeBatch reads a stored batch. Leaf hashes that stand in the tree are left
// zero; fillLeaves adds them.
func decodeBatch(number uint64, data []byte) (*StoredBatch, bool) {
	if len(data) < batchCheck {
		return nil, false
	}
	body := data[:len(data)-batchCheck]
	check := blake3.Sum256(body)
	if string(check[:batchCheck]) != string(data[len(body):]) {
		return nil, false
	}
	v := values{b: body}
	s := &StoredBatch{Number: number, Submitter: v.id(), ID: v.id(), Key: v.hash(), Sent: v.u64()}
	if v.u8() == 1 {
		atomic := v.uvarint()
		s.Atomic = &atomic
	}
	s.Root, s.Digest = v.hash(), v.hash()
	copy(s.Signature[:], v.take(len(s.Signature)))
	s.Stamp, s.Time = v.u64(), v.u64()
	n := v.uvarint()
	if n > codec.MaxBatchRecords {
		return nil, false
	}
	s.Outcomes, s.Leaves = make([]codec.Outcome, n), make([]codec.Hash, n)
	for i := 0; i < int(n) && !v.bad; {
		i += s.readRun(&v, i)
	}
	return s, v.done()
}

func (s *StoredBatch) readRun(v *values, at int) int {
	kind := codec.OutcomeKind(v.u8())
	switch kind {
	case codec.Appended:
		n, first := v.uvarint(), v.uvarint()
		if n == 0 || n > uint64(len(s.Outcomes)-at) {
			v.bad = true
			return 0
		}
		for k := range n {
			s.Outcomes[at+int(k)] = codec.Outcome{Kind: kind, Index: first + k}
		}
		return int(n)
	case codec.Repeated:
		s.Outcomes[at] = codec.Outcome{Kind: kind, Index: v.uvarint()}
	case codec.Refused:
		s.Leaves[at] = v.hash()
		s.Outcomes[at] = codec.Outcome{Kind: kind, Code: codec.Code(v.block())}
	default:
		v.bad = true
	}
	return 1
}

// fillLeaves completes the outcomes with the leaf hashes of the tree.
func (s *StoredBatch) fillLeaves(leafAt func(index uint64) (codec.Hash, error)) error {
	for i := range s.Outcomes {
		o := &s.Outcomes[i]
		if o.Kind == codec.Refused {
			continue
		}
		leaf, err := leafAt(o.Index)
		if err != nil {
			return err
		}
		o.Leaf, s.Leaves[i] = leaf, leaf
	}
	return nil
}
