package codec

// RecordRef points to a record of the log.
type RecordRef struct {
	_     struct{} `cbor:",toarray"`
	Index uint64
	Leaf  Hash // leaf hash in tree A
}

// DisputeOp is what a dispute record does (records.md section 6.6).
type DisputeOp uint8

// The operations on disputes.
const (
	DisputeOpen     DisputeOp = 1
	DisputeEvidence DisputeOp = 2
	DisputeAccept   DisputeOp = 3
	DisputeReject   DisputeOp = 4
	DisputeWithdraw DisputeOp = 5
	DisputeEscalate DisputeOp = 6
)

// Claim is what a dispute says is wrong.
type Claim uint8

// The claims of disputes.
const (
	ClaimWrongOutput     Claim = 1
	ClaimWrongUnits      Claim = 2
	ClaimMissingPayout   Claim = 3
	ClaimOvercharge      Claim = 4
	ClaimDuplicateWork   Claim = 5
	ClaimDataUnavailable Claim = 6
	ClaimWrongPolicy     Claim = 7
	ClaimBadClose        Claim = 8
	ClaimBadReceipt      Claim = 9
)

// Dispute is the body of kind 5. Which fields are present depends on Op.
type Dispute struct {
	ID     ID     `cbor:"1,keyasint"`
	At     uint64 `cbor:"2,keyasint"`
	Cycle  uint64 `cbor:"3,keyasint"`
	Author ID     `cbor:"4,keyasint"`

	Target   *RecordRef  `cbor:"10,keyasint,omitempty"` // op 1: settlement, adjustment, close or Planned event
	Op       DisputeOp   `cbor:"11,keyasint"`           //
	Claimant *Claimant   `cbor:"12,keyasint,omitempty"` // op 1
	Claim    *Claim      `cbor:"13,keyasint,omitempty"` // op 1
	Lines    *[]HeldLine `cbor:"14,keyasint,omitempty"` // op 1: contested postings, ascending
	Amount   *uint64     `cbor:"15,keyasint,omitempty"` // ops 1, 3: claimed, accepted, micro-Credits
	Evidence *[]Artifact `cbor:"16,keyasint,omitempty"` // ops 1-4
	Shard    *ShardOf    `cbor:"17,keyasint,omitempty"` // op 1
	Verdict  *Verdict    `cbor:"18,keyasint,omitempty"` // ops 3, 4
	Opened   *uint64     `cbor:"19,keyasint,omitempty"` // ops 2-6: index of the opening record
	Deadline *uint64     `cbor:"20,keyasint,omitempty"` // op 1: ruling due, ms
}

// Claimant is who disputes, in which role.
type Claimant struct {
	_     struct{} `cbor:",toarray"`
	Role  Role
	Party ID
}

// HeldLine is one contested posting of the target.
type HeldLine struct {
	_      struct{} `cbor:",toarray"`
	Line   uint64
	Amount uint64 // micro-Credits, at most the posting's
}

// ShardOf names one shard of a workload.
type ShardOf struct {
	_        struct{} `cbor:",toarray"`
	Workload ID
	Index    uint64
	Replica  uint64
}

// Verdict is the result of re-executing a disputed shard.
type Verdict struct {
	_            struct{} `cbor:",toarray"`
	Expected     Hash     // output in the manifest
	Recomputed   Hash     // output of the re-execution
	Units        uint64   // of the re-execution
	Adjudicators []ID     // who re-executed, roles 5 and 9
}

// Header returns the common keys.
func (d *Dispute) Header() Header { return Header{d.ID, d.At, d.Cycle, d.Author} }

// EncodeDispute returns the canonical body of a dispute record.
func EncodeDispute(d *Dispute) []byte { return Encode(d) }

// DecodeDispute reads a dispute record's body into d. Errors wrap ErrNotCanonical or
// ErrTooLarge.
func DecodeDispute(data []byte, d *Dispute) error { return Decode(data, d) }
