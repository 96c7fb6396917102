package codec

// PartyOp is what a party record does (records.md section 6.4).
type PartyOp uint8

// The operations on parties.
const (
	PartyRegister  PartyOp = 1
	PartyAddKey    PartyOp = 2
	PartyRevokeKey PartyOp = 3
	PartySuspend   PartyOp = 4
	PartyReinstate PartyOp = 5
	PartyExit      PartyOp = 6
	PartyPayee     PartyOp = 7
	PartyWeight    PartyOp = 8
	PartyCap       PartyOp = 9
)

// Party is the body of kind 3: registration and everything that changes a party.
// Which fields are present depends on Op.
type Party struct {
	ID     ID     `cbor:"1,keyasint"`
	At     uint64 `cbor:"2,keyasint"`
	Cycle  uint64 `cbor:"3,keyasint"`
	Author ID     `cbor:"4,keyasint"`

	Party        ID      `cbor:"10,keyasint"`           // PartyID of role and first owner key
	Op           PartyOp `cbor:"11,keyasint"`           //
	Role         *Role   `cbor:"12,keyasint,omitempty"` // op 1
	Keys         []Key   `cbor:"13,keyasint,omitempty"` // ops 1-3, ascending by key id
	Capabilities *[]Hash `cbor:"14,keyasint,omitempty"` // ops 1, 7: programs a provider executes
	Payee        *Hash   `cbor:"15,keyasint,omitempty"` // ops 1, 7: salted commitment to the payout account
	Weight       *uint64 `cbor:"16,keyasint,omitempty"` // op 8, ppm
	Cap          *Hash   `cbor:"17,keyasint,omitempty"` // ops 1, 9: sealed micro-Credits per cycle
	Stake        *uint64 `cbor:"18,keyasint,omitempty"` // ops 1, 8, micro-Credits
	Reason       *uint64 `cbor:"19,keyasint,omitempty"` // ops 3-6, 8: code
	Prev         Hash    `cbor:"20,keyasint"`           // leaf hash of the party's previous record
	Pop          []Sig   `cbor:"21,keyasint,omitempty"` // ops 1, 2: proof of possession per key
	Threshold    *uint64 `cbor:"22,keyasint,omitempty"` // ops 1-3: owner keys that must sign
	Quotas       *Hash   `cbor:"23,keyasint,omitempty"` // ops 1, 9: sealed list of Quota
}

// Key is one key of a party. For a revocation (op 3) only ID is present.
type Key struct {
	ID        Hash    `cbor:"1,keyasint"`           // KeyID of Pub
	Alg       *uint64 `cbor:"2,keyasint,omitempty"` // 1 = Ed25519
	Pub       *Hash   `cbor:"3,keyasint,omitempty"` // Ed25519 public key
	Use       *Use    `cbor:"4,keyasint,omitempty"`
	ValidFrom *uint64 `cbor:"5,keyasint,omitempty"` // log index; absent: own index + 1
	ValidTo   *uint64 `cbor:"6,keyasint,omitempty"` // last valid log index; absent: no end
}

// Modes of quotas.
const (
	QuotaHard = 1 // what exceeds it is refused
	QuotaSoft = 2 // what exceeds it is reported
)

// Quota is one row of the sealed quotas of a customer: what may be charged per cycle for
// one value of one dimension.
type Quota struct {
	_         struct{} `cbor:",toarray"`
	Dimension uint64   // records.md section 6.4 key 23
	Value     string
	Limit     uint64 // micro-Credits per cycle
	Mode      uint64 // QuotaHard or QuotaSoft
}

// Header returns the common keys.
func (p *Party) Header() Header { return Header{p.ID, p.At, p.Cycle, p.Author} }

// EncodeParty returns the canonical body of a party record.
func EncodeParty(p *Party) []byte { return Encode(p) }

// DecodeParty reads the body of a party record into p. Errors wrap ErrNotCanonical or
// ErrTooLarge. Which keys an operation needs is for package settlement to say.
func DecodeParty(data []byte, p *Party) error { return Decode(data, p) }
