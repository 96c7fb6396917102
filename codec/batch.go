package codec

import "fmt"

// Batch is what a party submits (records.md section 2): records in order, the blobs
// that they need, and one signature.
type Batch struct {
	Version     uint64   `cbor:"1,keyasint"` // 1
	Origin      string   `cbor:"2,keyasint"` // of tree A
	ID          ID       `cbor:"3,keyasint"`
	Submitter   ID       `cbor:"4,keyasint"`
	Key         Hash     `cbor:"5,keyasint"` // a submit key of the submitter
	Sent        uint64   `cbor:"6,keyasint"` // ms
	Records     [][]byte `cbor:"7,keyasint"`
	Attachments [][]byte `cbor:"8,keyasint"` // ascending by hash
	Signature   Sig      `cbor:"9,keyasint"` // over BatchDigest
	Atomic      *uint64  `cbor:"10,keyasint,omitempty"`
}

// IsAtomic says whether the batch takes effect all or nothing.
func (b *Batch) IsAtomic() bool { return b.Atomic != nil && *b.Atomic == 1 }

const (
	batchKeys      = 10 // all
	batchMandatory = 9
)

// EncodeBatch returns the batch's bytes.
func EncodeBatch(b *Batch) []byte {
	size := 256 + len(b.Origin)
	for _, list := range [2][][]byte{b.Records, b.Attachments} {
		for _, data := range list {
			size += 5 + len(data)
		}
	}
	return AppendBatch(make([]byte, 0, size), b)
}

// AppendBatch appends the batch's bytes.
func AppendBatch(dst []byte, b *Batch) []byte {
	dst = AppendMap(dst, batchMandatory+present(b.Atomic != nil))
	dst = appendUintAt(dst, 1, b.Version)
	dst = AppendText(appendKey(dst, 2), b.Origin)
	dst = appendIDAt(appendIDAt(dst, 3, &b.ID), 4, &b.Submitter)
	dst = appendUintAt(appendHashAt(dst, 5, &b.Key), 6, b.Sent)
	dst = appendStrings(appendKey(dst, 7), b.Records)
	dst = appendStrings(appendKey(dst, 8), b.Attachments)
	dst = AppendBytes(appendKey(dst, 9), b.Signature[:])
	return appendOptionalAt(dst, 10, b.Atomic)
}

func appendStrings(b []byte, list [][]byte) []byte {
	b = AppendArray(b, len(list))
	for _, data := range list {
		b = AppendBytes(b, data)
	}
	return b
}

// DecodeBatch reads a batch; its records and attachments alias data. Errors wrap
// ErrNotCanonical or ErrTooLarge.
func DecodeBatch(data []byte) (*Batch, error) {
	b := new(Batch)
	if err := DecodeBatchInto(data, b); err != nil {
		return nil, err
	}
	return b, nil
}

// DecodeBatchInto is DecodeBatch into b, reusing the room of its lists. After an
// error, b is of no use.
func DecodeBatchInto(data []byte, b *Batch) error {
	if err := checkSize("batch", len(data), MaxBatch); err != nil {
		return err
	}
	r := NewReader(data)
	f := r.fields(batchKeys)
	b.Version = f.uintAt(1)
	f.at(2)
	f.textInto(&b.Origin, MaxOrigin)
	f.idAt(3, &b.ID)
	f.idAt(4, &b.Submitter)
	f.hashAt(5, &b.Key)
	b.Sent = f.uintAt(6)
	f.at(7)
	b.Records = f.strings(b.Records, MaxBatchRecords, MaxRecord)
	f.at(8)
	b.Attachments = f.strings(b.Attachments, MaxAttachments, MaxAttachment)
	f.sigAt(9, &b.Signature)
	b.Atomic = nil
	if f.has(10) {
		b.Atomic = new(uint64)
		*b.Atomic = f.Uint()
	}
	f.end()
	if err := r.Done(); err != nil {
		return err
	}
	return b.check()
}

// strings reads a list of at most limit byte strings of at most each bytes.
func (r *Reader) strings(dst [][]byte, limit, each int) [][]byte {
	dst = resize(dst, r.list(limit, 1))
	for i := range dst {
		dst[i] = r.Bytes(each)
	}
	return dst
}

// check holds the rules that need no other bytes than the batch's.
func (b *Batch) check() error {
	total := 0
	for _, data := range b.Records {
		total += len(data)
	}
	for _, data := range b.Attachments {
		total += len(data)
	}
	switch {
	case b.Version != 1:
		return malformed("batch of unknown version %d", b.Version)
	case len(b.Records) == 0:
		return malformed("batch without records")
	case b.Atomic != nil && *b.Atomic != 1:
		return malformed("batch key 10 is neither absent nor 1")
	case total > MaxBatchBytes:
		return fmt.Errorf("%w: batch with %d bytes of records and attachments, at most %d",
			ErrTooLarge, total, MaxBatchBytes)
	}
	return nil
}
