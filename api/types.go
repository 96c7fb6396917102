package api

import "github.com/forgepool/settle/codec"

// The answers. In CBOR they are maps with the integer keys of the cbor tags, in
// JSON objects with the names of the json tags: hashes, ids and signatures in hex,
// bytes in base64, amounts as decimal text because browsers round large numbers.

// Outcomes is one outcome per record of a batch. Its CBOR is that of the outcome
// list (docs/formats/records.md section 2), which every replica hashed.
type Outcomes []codec.Outcome

// MarshalCBOR writes the canonical list of outcomes.
func (o Outcomes) MarshalCBOR() ([]byte, error) { return codec.EncodeOutcomes(o), nil }

// UnmarshalCBOR reads what MarshalCBOR writes.
func (o *Outcomes) UnmarshalCBOR(data []byte) error {
	list, err := codec.DecodeOutcomes(data)
	*o = list
	return err
}

// Submission is what became of a batch.
type Submission struct {
	Outcomes Outcomes `cbor:"1,keyasint" json:"outcomes"` // one per record, in order
	Known    bool     `cbor:"2,keyasint" json:"known"`    // the answer was stored by an earlier submission
	Size     uint64   `cbor:"3,keyasint" json:"size"`     // of the log when it was answered
}

// Batch is what is kept of a batch for ever.
type Batch struct {
	Origin    string       `cbor:"1,keyasint" json:"origin"`
	ID        codec.ID     `cbor:"2,keyasint" json:"id"`
	Submitter codec.ID     `cbor:"3,keyasint" json:"submitter"`
	Key       codec.Hash   `cbor:"4,keyasint" json:"key"`
	Sent      uint64       `cbor:"5,keyasint" json:"sent"`
	Atomic    bool         `cbor:"6,keyasint" json:"atomic"`
	N         uint64       `cbor:"7,keyasint" json:"n"`
	Root      codec.Hash   `cbor:"8,keyasint" json:"root"`
	Digest    codec.Hash   `cbor:"9,keyasint" json:"digest"`
	Signature codec.Sig    `cbor:"10,keyasint" json:"signature"`
	Stamp     uint64       `cbor:"11,keyasint" json:"stamp"`
	Leaves    []codec.Hash `cbor:"12,keyasint" json:"leaves"` // leaf hash of every record, appended or not
	Outcomes  Outcomes     `cbor:"13,keyasint" json:"outcomes"`
	Number    uint64       `cbor:"14,keyasint" json:"number"` // in the order of application, from 1
}

// Record is one log entry and the batch it came with.
type Record struct {
	Index     uint64     `cbor:"1,keyasint" json:"index"`
	Bytes     []byte     `cbor:"2,keyasint" json:"bytes"`
	Leaf      codec.Hash `cbor:"3,keyasint" json:"leaf"`      // in tree A
	Submitter codec.ID   `cbor:"4,keyasint" json:"submitter"` // of its batch; zero for the genesis
	Batch     codec.ID   `cbor:"5,keyasint" json:"batch"`
	Position  uint64     `cbor:"6,keyasint" json:"position"` // in its batch
}

// History is the life of a workload so far.
type History struct {
	Author   codec.ID    `cbor:"1,keyasint" json:"author"`
	Workload codec.ID    `cbor:"2,keyasint" json:"workload"`
	State    codec.State `cbor:"3,keyasint" json:"state"`
	Records  []Record    `cbor:"4,keyasint" json:"records"` // its events and, at the end, its settlement
}

// Party is a registered party.
type Party struct {
	ID         codec.ID   `cbor:"1,keyasint" json:"id"`
	Role       codec.Role `cbor:"2,keyasint" json:"role"`
	Status     string     `cbor:"3,keyasint" json:"status"` // active, suspended, exited
	Registered uint64     `cbor:"4,keyasint" json:"registered"`
	Prev       codec.Hash `cbor:"5,keyasint" json:"prev"` // leaf hash of its last record
	Threshold  uint64     `cbor:"6,keyasint" json:"threshold"`
	Weight     uint64     `cbor:"7,keyasint" json:"weight_ppm"`
	Stake      uint64     `cbor:"8,keyasint" json:"stake,string"`
	Keys       []Key      `cbor:"9,keyasint" json:"keys"`
}

// Key is one key of a party.
type Key struct {
	ID        codec.Hash `cbor:"1,keyasint" json:"id"`
	Pub       codec.Hash `cbor:"2,keyasint" json:"pub"`
	Use       codec.Use  `cbor:"3,keyasint" json:"use"`
	ValidFrom uint64     `cbor:"4,keyasint" json:"valid_from"`
	ValidTo   *uint64    `cbor:"5,keyasint,omitempty" json:"valid_to,omitempty"`
	RevokedAt *uint64    `cbor:"6,keyasint,omitempty" json:"revoked_at,omitempty"`
}

// Balance is what was posted to a party in one cycle, in micro-Credits.
type Balance struct {
	Party    codec.ID   `cbor:"1,keyasint" json:"party"`
	Role     codec.Role `cbor:"2,keyasint" json:"role"`
	Cycle    uint64     `cbor:"3,keyasint" json:"cycle"`
	Credit   uint64     `cbor:"4,keyasint" json:"credit,string"`
	Debit    uint64     `cbor:"5,keyasint" json:"debit,string"`
	Postings uint64     `cbor:"6,keyasint" json:"postings"`
	Size     uint64     `cbor:"7,keyasint" json:"size"` // of the log that the figures are of
}

// Policy is a policy in force.
type Policy struct {
	Index uint64     `cbor:"1,keyasint" json:"index"`
	Hash  codec.Hash `cbor:"2,keyasint" json:"hash"`
	Body  []byte     `cbor:"3,keyasint" json:"body"`
}

// Checkpoint is a published pair of signed notes of one size.
type Checkpoint struct {
	Size  uint64 `cbor:"1,keyasint" json:"size"`
	NoteA []byte `cbor:"2,keyasint" json:"note_a"`
	NoteB []byte `cbor:"3,keyasint" json:"note_b"`
}

// Path is an inclusion path or a consistency proof.
type Path struct {
	Hashes []codec.Hash `cbor:"1,keyasint" json:"hashes"`
}

// Status describes a node.
type Status struct {
	Server   string     `cbor:"1,keyasint" json:"server"`
	Role     string     `cbor:"2,keyasint" json:"role"`   // leader, follower, candidate
	Leader   string     `cbor:"3,keyasint" json:"leader"` // server id, empty if unknown
	Term     uint64     `cbor:"4,keyasint" json:"term"`
	Applied  uint64     `cbor:"5,keyasint" json:"applied"` // raft index
	Size     uint64     `cbor:"6,keyasint" json:"size"`
	RootA    codec.Hash `cbor:"7,keyasint" json:"root_a"`
	RootB    codec.Hash `cbor:"8,keyasint" json:"root_b"`
	StateSum codec.Hash `cbor:"9,keyasint" json:"state_sum"`
	Time     uint64     `cbor:"10,keyasint" json:"time"` // ledger time
	Cycle    uint64     `cbor:"11,keyasint" json:"cycle"`
	OriginA  string     `cbor:"12,keyasint" json:"origin_a"`
	OriginB  string     `cbor:"13,keyasint" json:"origin_b"`
	Ready    bool       `cbor:"14,keyasint" json:"ready"`
	Software string     `cbor:"15,keyasint" json:"software"`
}
