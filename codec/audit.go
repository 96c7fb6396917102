package codec

// AuditOp is what an audit record does (records.md section 6.9).
type AuditOp uint8

// The operations on audits.
const (
	AuditIntent      AuditOp = 1
	AuditAttestation AuditOp = 2
)

// Opinion is the auditor's conclusion.
type Opinion uint8

// The opinions of auditors.
const (
	OpinionPass         Opinion = 1
	OpinionWithFindings Opinion = 2
	OpinionFail         Opinion = 3
	OpinionIncomplete   Opinion = 4
)

// Audit is the body of kind 8: an auditor's intent or attestation. Which fields are
// present depends on Op.
type Audit struct {
	ID     ID     `cbor:"1,keyasint"`
	At     uint64 `cbor:"2,keyasint"`
	Cycle  uint64 `cbor:"3,keyasint"`
	Author ID     `cbor:"4,keyasint"`

	Auditor    ID             `cbor:"10,keyasint"`           // = Author
	Op         AuditOp        `cbor:"11,keyasint"`           //
	Commit     *Hash          `cbor:"12,keyasint,omitempty"` // op 1: commitment to the secret
	Method     *uint64        `cbor:"13,keyasint,omitempty"` // op 1: 1 = PPS with replacement
	Target     *AuditTarget   `cbor:"14,keyasint,omitempty"` // op 1
	Intent     *uint64        `cbor:"15,keyasint,omitempty"` // op 2: index of the intent
	Close      *RecordRef     `cbor:"16,keyasint,omitempty"` // op 2: audited close
	Checkpoint *CheckpointRef `cbor:"17,keyasint,omitempty"` // op 2
	Secret     *Hash          `cbor:"18,keyasint,omitempty"` // op 2
	Beacon     *BeaconValue   `cbor:"19,keyasint,omitempty"` // op 2
	Frame      *Frame         `cbor:"20,keyasint,omitempty"` // op 2
	Draws      *Draws         `cbor:"21,keyasint,omitempty"` // op 2
	Result     *AuditResult   `cbor:"22,keyasint,omitempty"` // op 2
	Bounds     *Bounds        `cbor:"23,keyasint,omitempty"` // op 2
	Items      *Hash          `cbor:"24,keyasint,omitempty"` // op 2: blob of the full report
	Env        *AuditEnv      `cbor:"25,keyasint,omitempty"` // op 2
	Span       *Span          `cbor:"26,keyasint,omitempty"` // op 2
	Opinion    *Opinion       `cbor:"27,keyasint,omitempty"` // op 2
	Findings   *[]uint64      `cbor:"28,keyasint,omitempty"` // op 2: indexes of disputes opened
	Audited    *uint64        `cbor:"29,keyasint,omitempty"` // op 1: cycle to be audited
}

// AuditTarget is the design that an auditor declares.
type AuditTarget struct {
	_          struct{} `cbor:",toarray"`
	ConfPPM    uint64
	FaultPPM   uint64
	Draws      uint64
	TracingPPM uint64
}

// CheckpointRef names a witnessed checkpoint.
type CheckpointRef struct {
	_    struct{} `cbor:",toarray"`
	Size uint64
	Root Hash
	Blob Hash // the signed note
}

// BeaconValue is the drand round that seeded a sample.
type BeaconValue struct {
	_     struct{} `cbor:",toarray"`
	Round uint64
	Hash  Hash // SHA-256 of the round's signature
}

// Frame is the population that was sampled.
type Frame struct {
	_        struct{} `cbor:",toarray"`
	Value    uint64   // provider credit of the close, micro-Credits
	Parties  uint64
	Postings uint64
	Basis    uint64 // 1 full rebuild, 2 proofs
}

// Draws counts the draws that were made.
type Draws struct {
	_        struct{} `cbor:",toarray"`
	Vouching uint64
	Tracing  uint64
}

// AuditResult counts the distinct items drawn; the last four add up to the first.
type AuditResult struct {
	_           struct{} `cbor:",toarray"`
	Distinct    uint64
	Passed      uint64
	Failed      uint64
	Unavailable uint64
	Documentary uint64 // postings without units
}

// Bounds is the upper limit of what is wrong in the whole population.
type Bounds struct {
	_        struct{} `cbor:",toarray"`
	K        uint64
	TaintPPM uint64 // sum
	Upper    uint64 // micro-Credits
}

// AuditEnv identifies the verifier.
type AuditEnv struct {
	_        struct{} `cbor:",toarray"`
	Build    Hash
	Platform string // os/arch
}

// Span is when an audit ran, in Unix milliseconds.
type Span struct {
	_     struct{} `cbor:",toarray"`
	Start uint64
	End   uint64
}

// Header returns the common keys.
func (a *Audit) Header() Header { return Header{a.ID, a.At, a.Cycle, a.Author} }

// EncodeAudit returns the canonical body of an audit record.
func EncodeAudit(a *Audit) []byte { return Encode(a) }

// DecodeAudit reads an audit record's body into a. Errors wrap ErrNotCanonical or
// ErrTooLarge.
func DecodeAudit(data []byte, a *Audit) error { return Decode(data, a) }
