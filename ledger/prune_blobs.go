package ledger

import (
	"encoding/binary"
	"fmt"

	"github.com/cockroachdb/pebble/v2"

	"github.com/forgepool/settle/codec"
	"github.com/forgepool/settle/settlement"
)

// place is where an attachment lies and what keeps it (docs/formats/records.md section
// 2, "Blobs"). Batch 0 is that of one that this run pruned.
type place struct {
	batch uint64
	at    uint16 // among the attachments of the batch
	size  uint32
	until uint64 // largest retain_until of the settlements that name it, ms; 0: none does
	cycle uint64 // the last one in which a record named it or a batch brought it
}

func (p place) pruned() bool { return p.batch == 0 }

func encodePlace(b []byte, p place) []byte {
	b = binary.BigEndian.AppendUint16(binary.BigEndian.AppendUint64(b, p.batch), p.at)
	return appendUvarints(binary.BigEndian.AppendUint32(b, p.size), p.until, p.cycle)
}

func decodePlace(_ codec.Hash, data []byte) (place, bool) {
	v := values{b: data}
	p := place{batch: v.u64(), at: uint16(v.u8())<<8 | uint16(v.u8()), size: v.u32(), until: v.uvarint(), cycle: v.uvarint()}
	return p, v.done() && p.batch > 0
}

// attachment is one attachment of a batch. Of a pruned one hash and size are left.
type attachment struct {
	gone bool
	size uint32
	hash codec.Hash // as long as it is there: zero if it was read from the store
	data []byte     // as long as it is there
}

// The attachments of a batch are one value:
//
//	count u32 | size u32 ... | bytes ...
//
// of a pruned one the size has the highest bit set, and its hash stands for its bytes.
const goneBit = 1 << 31

func encodeAttachments(b []byte, list []attachment) []byte {
	b = binary.BigEndian.AppendUint32(b, uint32(len(list)))
	for i := range list {
		size := list[i].size
		if list[i].gone {
			size |= goneBit
		}
		b = binary.BigEndian.AppendUint32(b, size)
	}
	for i := range list {
		if list[i].gone {
			b = append(b, list[i].hash[:]...)
		} else {
			b = append(b, list[i].data...)
		}
	}
	return b
}

// decodeAttachments reads such a value in place.
func decodeAttachments(data []byte) ([]attachment, bool) {
	v := values{b: data}
	list := make([]attachment, v.u32count())
	for i := range list {
		list[i].size = v.u32()
	}
	for i := range list {
		a := &list[i]
		if a.gone = a.size&goneBit != 0; a.gone {
			a.size &^= goneBit
			a.hash = v.hash()
		} else {
			a.data = v.take(int(a.size))
		}
	}
	return list, v.done()
}

// loadAttachments reads the attachments of a batch, none if it has none.
func loadAttachments(db pebble.Reader, number uint64) (list []attachment, err error) {
	var data []byte
	err = guarded(func() (err error) { data, err = fetch(db, numberKey(spaceBlobs, number)); return err })
	if isNotFound(err) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	list, ok := decodeAttachments(data)
	if !ok {
		return nil, damaged(NoIndex, nil, "attachments of batch %d do not decode", number)
	}
	return list, nil
}

// blob returns a stored attachment, checked against its hash.
func (r *reader) blob(hash codec.Hash) ([]byte, error) {
	p, ok, err := blobRefs.load(r.db, hash)
	if err != nil {
		return nil, err
	}
	if !ok {
		return nil, fmt.Errorf("blob %s: %w", hash, ErrNotFound)
	}
	data, err := readPlace(r.db, p)
	if err != nil {
		return nil, err
	}
	if codec.BlobHash(data) != hash {
		return nil, damaged(NoIndex, nil, "attachment %s does not have its hash", hash)
	}
	return data, nil
}

// readPlace reads one attachment without looking at the others of its batch.
func readPlace(db pebble.Reader, p place) ([]byte, error) {
	data, closer, err := db.Get(numberKey(spaceBlobs, p.batch))
	if err != nil {
		return nil, damaged(NoIndex, err, "reading attachments of batch %d", p.batch)
	}
	defer closer.Close()
	v := values{b: data}
	sizes := values{b: v.take(4 * v.u32count())}
	for range p.at {
		if n := sizes.u32(); n&goneBit == 0 {
			v.take(int(n))
		} else {
			v.hash()
		}
	}
	if n := sizes.u32(); n != p.size || n&goneBit != 0 {
		return nil, damaged(NoIndex, nil, "attachment %d of batch %d is not there", p.at, p.batch)
	}
	blob := append([]byte{}, v.take(int(p.size))...)
	if v.bad || sizes.bad {
		return nil, damaged(NoIndex, nil, "attachments of batch %d are cut off", p.batch)
	}
	return blob, nil
}

// writeBlobs writes the attachments of a batch that are new as one value, and where
// each one lies in it. It returns what looking at them again will cost.
func (l *Ledger) writeBlobs(number uint64, blobs []settlement.Attachment) (cost uint64) {
	s, fresh := l.state, l.fresh[:0]
	for i := range blobs {
		was, there := s.blobRefs.get(s.db, blobs[i].Hash)
		if there && !was.pruned() {
			continue
		}
		a := s.attach(&blobs[i])
		p := place{batch: number, at: uint16(len(fresh)), size: a.size, cycle: s.moment.Cycle}
		if there {
			s.blobRefs.put(s.db, a.hash, p)
		} else {
			s.blobRefs.create(a.hash, p)
		}
		cost += blobCost + uint64(a.size)
		fresh = append(fresh, a)
	}
	if len(fresh) > 0 {
		l.writeAttachments(number, fresh)
	}
	clear(fresh)
	l.fresh = fresh
	return cost
}

// attach shows a new attachment to the rules. Of one that is lost they see its size.
func (s *state) attach(a *settlement.Attachment) attachment {
	if size, lost := s.lost[a.Hash]; lost {
		s.blobs[a.Hash] = make([]byte, size)
		return attachment{gone: true, size: size, hash: a.Hash}
	}
	s.blobs[a.Hash] = a.Data
	return attachment{size: uint32(len(a.Data)), hash: a.Hash, data: a.Data}
}

func (l *Ledger) writeAttachments(number uint64, list []attachment) {
	l.w.value = encodeAttachments(l.w.value[:0], list)
	l.w.set(numberKey(spaceBlobs, number), l.w.value)
}

// nameBlobs notes what the accepted records of a batch name. What is not there as an
// attachment is a sealed value that was opened before.
func (s *state) nameBlobs(namings []settlement.Naming) {
	var done [64]*settlement.Naming // saves the reading of what many records name
	for i := range namings {
		n := &namings[i]
		slot := &done[n.Hash[0]%uint8(len(done))]
		if *slot != nil && (*slot).Hash == n.Hash && (*slot).Until >= n.Until {
			continue
		}
		*slot = n
		p, ok := s.blobRefs.get(s.db, n.Hash)
		if !ok || p.pruned() || p.until >= n.Until && p.cycle >= s.moment.Cycle {
			continue
		}
		p.until, p.cycle = max(p.until, n.Until), max(p.cycle, s.moment.Cycle)
		s.blobRefs.put(s.db, n.Hash, p)
	}
}

// Blob returns an attachment of an earlier batch or nil.
func (s *state) Blob(hash codec.Hash) []byte {
	if blob, ok := s.blobs[hash]; ok {
		return blob
	}
	if size, ok := s.lost[hash]; ok {
		return make([]byte, size)
	}
	p, ok := s.blobRefs.get(s.db, hash)
	if !ok || p.pruned() {
		return nil
	}
	data, err := s.stored().blob(hash)
	if err != nil && s.lost != nil {
		return make([]byte, p.size)
	}
	if err != nil {
		panic(err)
	}
	return data
}
