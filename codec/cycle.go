package codec

// CycleOp is what a cycle record does (records.md section 6.8).
type CycleOp uint8

// The operations on cycles.
const (
	CycleCut   CycleOp = 1 // ends the cycle
	CycleClose CycleOp = 2 // fixes all values as of the cut
)

// Cycle is the body of kind 7: the cut or the close of a billing cycle. Which fields
// are present depends on Op.
type Cycle struct {
	ID     ID     `cbor:"1,keyasint"`
	At     uint64 `cbor:"2,keyasint"`
	Cycle  uint64 `cbor:"3,keyasint"` // a close carries the cycle of its cut
	Author ID     `cbor:"4,keyasint"`

	Range      *Range       `cbor:"10,keyasint,omitempty"` // op 2: indexes covered
	Prev       *RecordRef   `cbor:"11,keyasint,omitempty"` // op 2: previous close, zero first
	Counts     []uint64     `cbor:"12,keyasint,omitempty"` // op 2: records per kind in the range
	Journal    *Journal     `cbor:"13,keyasint,omitempty"` // op 2: sum tree type 4
	Parties    *PartyTotals `cbor:"14,keyasint,omitempty"` // op 2: sum tree type 1
	Subtotals  *[]Subtotal  `cbor:"15,keyasint,omitempty"` // op 2: per role with postings, ascending
	Held       *Held        `cbor:"16,keyasint,omitempty"` // op 2
	Policy     *Hash        `cbor:"17,keyasint,omitempty"` // op 2: policy of the cycle
	Log        *LogRef      `cbor:"18,keyasint,omitempty"` // op 2: size and root of tree A at the cut
	Beacon     *BeaconRound `cbor:"19,keyasint,omitempty"` // ops 1, 2
	Next       *uint64      `cbor:"20,keyasint,omitempty"` // op 1: next cycle
	Unfinished *uint64      `cbor:"21,keyasint,omitempty"` // op 2: workloads in states 1-5
	Batches    *BatchesRef  `cbor:"22,keyasint,omitempty"` // op 2: MTH over BatchCommitment
	Op         CycleOp      `cbor:"23,keyasint"`           //
	Cut        *RecordRef   `cbor:"24,keyasint,omitempty"` // op 2
}

// Journal commits to all postings of a cycle in log order.
type Journal struct {
	_      struct{} `cbor:",toarray"`
	N      uint64
	Credit uint64 // micro-Credits
	Debit  uint64 // micro-Credits
	Root   Hash
}

// PartyTotals commits to all postings of a cycle by party.
type PartyTotals struct {
	_        struct{} `cbor:",toarray"`
	N        uint64   // parties
	Postings uint64
	Credit   uint64 // micro-Credits
	Debit    uint64 // micro-Credits
	Root     Hash
}

// Subtotal is one role's share of a cycle.
type Subtotal struct {
	_      struct{} `cbor:",toarray"`
	Role   Role
	N      uint64
	Credit uint64 // micro-Credits
	Debit  uint64 // micro-Credits
}

// Held counts the disputes open at a cut and what they hold.
type Held struct {
	_        struct{} `cbor:",toarray"`
	Disputes uint64
	Held     uint64 // micro-Credits
	Released uint64 // micro-Credits, since the previous cut
}

// LogRef is a size of the log and the root of tree A at that size.
type LogRef struct {
	_    struct{} `cbor:",toarray"`
	Size uint64
	Root Hash
}

// BeaconRound names a future round of a drand chain.
type BeaconRound struct {
	_         struct{} `cbor:",toarray"`
	Chain     Hash
	Round     uint64
	NotBefore uint64 // time of the round, ms
}

// BatchesRef commits to the batches of a cycle.
type BatchesRef struct {
	_    struct{} `cbor:",toarray"`
	N    uint64
	Root Hash
}

// Header returns the common keys.
func (c *Cycle) Header() Header { return Header{c.ID, c.At, c.Cycle, c.Author} }

// EncodeCycle returns the canonical body of a cut or a close.
func EncodeCycle(c *Cycle) []byte { return Encode(c) }

// DecodeCycle reads the body of a cut or a close into c. Errors wrap ErrNotCanonical
// or ErrTooLarge.
func DecodeCycle(data []byte, c *Cycle) error { return Decode(data, c) }
