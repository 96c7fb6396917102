package codec

// Detail is the blob behind Settlement.Detail: what was charged and to whom it goes.
type Detail struct {
	Components []Component `cbor:"1,keyasint"`
	Postings   []Posting   `cbor:"2,keyasint"`
	Salt       Hash        `cbor:"3,keyasint"`
}

// Component is one priced part of a charge.
type Component struct {
	_      struct{} `cbor:",toarray"`
	Code   uint64   // 1 executed volume, 2 verified iterations, 3 aggregation, ...
	Qty    uint64
	Unit   uint64 // 1 = work units, others are the policy's
	Num    uint64
	Den    uint64
	Amount uint64 // micro-Credits
}

// Posting is one line of double entry (records.md section 6.1).
type Posting struct {
	Line     uint64  `cbor:"1,keyasint"`
	Role     Role    `cbor:"2,keyasint"`
	Party    ID      `cbor:"3,keyasint"`
	Side     Side    `cbor:"4,keyasint"`
	Amount   uint64  `cbor:"5,keyasint"`            // micro-Credits
	Units    *uint64 `cbor:"6,keyasint,omitempty"`  // providers
	UnitBase *uint64 `cbor:"7,keyasint,omitempty"`  // units of the providers before
	Shards   *uint64 `cbor:"8,keyasint,omitempty"`  //
	Weight   *uint64 `cbor:"9,keyasint,omitempty"`  // ppm
	Reason   *uint64 `cbor:"10,keyasint,omitempty"` // adjustments
	RefIndex *uint64 `cbor:"11,keyasint,omitempty"` // adjustments
	RefLine  *uint64 `cbor:"12,keyasint,omitempty"` // adjustments
	Salt     ID      `cbor:"13,keyasint"`
}

// ShardEntry is one row of a shard manifest (records.md section 6.2).
type ShardEntry struct {
	Index    uint64 `cbor:"1,keyasint"` // shard number
	Replica  uint64 `cbor:"2,keyasint"` // 0 = the billable result
	Provider ID     `cbor:"3,keyasint"`
	Agent    Hash   `cbor:"4,keyasint"` // key id
	Args     Hash   `cbor:"5,keyasint"`
	Inputs   []Blob `cbor:"6,keyasint"`
	Output   Blob   `cbor:"7,keyasint"`
	Units    uint64 `cbor:"8,keyasint"`
	Started  uint64 `cbor:"9,keyasint"`  // ms
	Finished uint64 `cbor:"10,keyasint"` // ms
	Attempt  uint64 `cbor:"11,keyasint"`
	Receipt  Sig    `cbor:"12,keyasint"` // Ed25519 by Agent over ReceiptDigest
}
