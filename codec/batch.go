package codec

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

// EncodeBatch returns the batch's bytes.
func EncodeBatch(b *Batch) []byte { return Encode(b) }

// DecodeBatch reads a batch; its records and attachments alias data. Errors wrap
// ErrNotCanonical.
func DecodeBatch(data []byte) (*Batch, error) {
	b := new(Batch)
	if err := Decode(data, b); err != nil {
		return nil, err
	}
	return b, nil
}
