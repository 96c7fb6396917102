package codec

// Settlement is the body of kind 1: the canonical economic record of a finished
// workload (records.md section 6.1).
type Settlement struct {
	ID     ID     `cbor:"1,keyasint"`
	At     uint64 `cbor:"2,keyasint"`
	Cycle  uint64 `cbor:"3,keyasint"`
	Author ID     `cbor:"4,keyasint"`

	Workload    ID           `cbor:"10,keyasint"`
	Policy      Hash         `cbor:"11,keyasint"`
	Customer    Hash         `cbor:"12,keyasint"` // sealed party id
	Disclosures []Hash       `cbor:"13,keyasint"` // salted commitments, ascending
	Adapter     *ID          `cbor:"14,keyasint,omitempty"`
	Program     Program      `cbor:"15,keyasint"`
	Class       uint64       `cbor:"16,keyasint"`
	Seed        Hash         `cbor:"17,keyasint"`
	Args        Blob         `cbor:"18,keyasint"`
	Planner     *Hash        `cbor:"19,keyasint,omitempty"`
	Shards      ShardsRef    `cbor:"20,keyasint"`
	Result      Blob         `cbor:"21,keyasint"`
	Verify      Verification `cbor:"22,keyasint"`
	Charge      uint64       `cbor:"23,keyasint"` // micro-Credits
	Split       Split        `cbor:"24,keyasint"`
	Postings    PostingsRef  `cbor:"25,keyasint"`
	Detail      Hash         `cbor:"26,keyasint"` // blob of Detail
	Times       Times        `cbor:"27,keyasint"`
	Event       Hash         `cbor:"28,keyasint"` // leaf hash of the workload's last event
	RetainUntil uint64       `cbor:"29,keyasint"` // ms
	Artifacts   []Artifact   `cbor:"30,keyasint"`
	ReplayOf    *ReplayOf    `cbor:"31,keyasint,omitempty"`
	PlanProof   []Hash       `cbor:"32,keyasint"`
	Labels      *Hash        `cbor:"33,keyasint,omitempty"` // sealed list of Label
}

// Blob is the plain BLAKE3 and the size of content-addressed bytes.
type Blob struct {
	_    struct{} `cbor:",toarray"`
	Hash Hash
	Size uint64
}

// ShardsRef commits to the shard manifest (sum tree type 5).
type ShardsRef struct {
	_     struct{} `cbor:",toarray"`
	Count uint64   // distinct shard numbers
	Root  Hash
	Units uint64
	Blob  Hash // the manifest's bytes
	Size  uint64
}

// Verification is what was checked before settlement (sampling.md section 5).
type Verification struct {
	_        struct{} `cbor:",toarray"`
	Mode     uint64
	Checked  uint64
	Matched  uint64
	Evidence Hash
}

// Split divides the charge, in micro-Credits.
type Split struct {
	_         struct{} `cbor:",toarray"`
	Providers uint64
	Adapter   uint64
	Platform  uint64
}

// PostingsRef commits to the postings (sum tree type 3).
type PostingsRef struct {
	_    struct{} `cbor:",toarray"`
	N    uint64
	Root Hash
}

// Times are Unix milliseconds, non-decreasing.
type Times struct {
	_         struct{} `cbor:",toarray"`
	Requested uint64
	Planned   uint64
	Started   uint64
	Verified  uint64
	Finalized uint64
}

// Artifact references a trace or an evidence bundle.
type Artifact struct {
	_    struct{} `cbor:",toarray"`
	Kind uint64
	Hash Hash
	Size uint64
}

// ReplayOf names the workload whose work this one repeats.
type ReplayOf struct {
	_        struct{} `cbor:",toarray"`
	Author   ID
	Workload ID
}

// Label is one row of the sealed labels: the clear value of a disclosure.
type Label struct {
	_     struct{} `cbor:",toarray"`
	Label string
	Value string
	Salt  ID
}

// Header returns the common keys.
func (s *Settlement) Header() Header { return Header{s.ID, s.At, s.Cycle, s.Author} }
