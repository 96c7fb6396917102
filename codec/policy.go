package codec

// Policy is the body of kind 2: rate card and payout policy (records.md section
// 6.3). The hash of a policy is the plain BLAKE3 of its body.
type Policy struct {
	ID     ID     `cbor:"1,keyasint"`
	At     uint64 `cbor:"2,keyasint"`
	Cycle  uint64 `cbor:"3,keyasint"`
	Author ID     `cbor:"4,keyasint"`

	Version       uint64         `cbor:"10,keyasint"`
	EffectiveFrom uint64         `cbor:"11,keyasint"` // first cycle it governs
	Scale         uint64         `cbor:"12,keyasint"` // 6
	Rates         []Rate         `cbor:"13,keyasint"` // ascending, unique on (program, component, unit)
	Shares        Shares         `cbor:"14,keyasint"`
	AdapterShares []AdapterShare `cbor:"15,keyasint"`           // overrides, ascending by adapter
	Discounts     *Hash          `cbor:"16,keyasint,omitempty"` // sealed list of Discount
	Weights       Range          `cbor:"17,keyasint"`           // ppm
	Floors        []Floor        `cbor:"18,keyasint"`           // classes 1..6 in order
	Audit         AuditRules     `cbor:"19,keyasint"`
	DisputeWindow uint64         `cbor:"20,keyasint"` // ms
	Retention     uint64         `cbor:"21,keyasint"` // ms
	Rounding      uint64         `cbor:"22,keyasint"` // 1 = accounting.md section 1
	Programs      []Allowed      `cbor:"23,keyasint"` // ascending by program
	Limits        ShardLimits    `cbor:"24,keyasint"`
	Penalties     Penalties      `cbor:"25,keyasint"`
	PayReplicas   uint64         `cbor:"26,keyasint"`           // 0 or 1
	Prev          Hash           `cbor:"28,keyasint"`           // hash of the previous policy body
	Windows       Windows        `cbor:"29,keyasint"`           // clock windows
	AckSLA        uint64         `cbor:"30,keyasint"`           // ms
	Grace         uint64         `cbor:"31,keyasint"`           // ms
	Events        uint64         `cbor:"32,keyasint"`           // 0 or 1: every state is recorded
	Receipts      uint64         `cbor:"33,keyasint"`           // ppm of receipts verified before proposing
	Prices        *[]CreditPrice `cbor:"34,keyasint,omitempty"` // of a Credit, ascending by currency
}

// Rate is the price of one unit of one component of one program.
type Rate struct {
	_         struct{} `cbor:",toarray"`
	Program   Hash
	Component uint64
	Unit      uint64
	Num       uint64 // micro-Credits
	Den       uint64 // per this many units, at least 1
	MinCharge uint64 // micro-Credits
}

// Shares splits the charge; the rest is the platform's.
type Shares struct {
	_        struct{} `cbor:",toarray"`
	Provider uint64   // ppm
	Adapter  uint64   // ppm
}

// AdapterShare overrides the adapter's share for one adapter.
type AdapterShare struct {
	_       struct{} `cbor:",toarray"`
	Adapter ID
	PPM     uint64
}

// Discount is one row of the sealed list of discounts.
type Discount struct {
	_        struct{} `cbor:",toarray"`
	Customer ID
	PPM      uint64
}

// Range is an inclusive range.
type Range struct {
	_   struct{} `cbor:",toarray"`
	Min uint64
	Max uint64
}

// Floor is the least verification before settlement that a class needs.
type Floor struct {
	_         struct{} `cbor:",toarray"`
	Class     uint64
	Mode      uint64
	SamplePPM uint64
	Replicas  uint64
}

// AuditRules is the audit target of a cycle.
type AuditRules struct {
	_           struct{} `cbor:",toarray"`
	ConfPPM     uint64   // c: confidence
	FaultPPM    uint64   // f: tolerated share of bad value
	MaxDraws    uint64
	TracingPPM  uint64
	MinAuditors uint64
	Deadline    uint64 // ms
	Beacon      Beacon
}

// Beacon names a drand chain, or is absent (an empty array).
type Beacon struct {
	Chain   Hash
	Genesis uint64 // s
	Period  uint64 // s
	Present bool
}

// Allowed is one program that the policy allows.
type Allowed struct {
	_       struct{} `cbor:",toarray"`
	Program Hash
	Class   uint64
	Code    []byte // BLAKE3 of a WASM module, empty for built-ins
}

// ShardLimits bounds settlements and shards.
type ShardLimits struct {
	_         struct{} `cbor:",toarray"`
	MaxShards uint64
	MaxUnits  []uint64 // per shard, classes 1..6
	MaxFuel   uint64
	MaxPages  uint64
	MaxInput  uint64 // bytes
}

// Penalties are the consequences of proven fraud.
type Penalties struct {
	_              struct{} `cbor:",toarray"`
	ClawbackCycles uint64
	StakeMin       uint64 // micro-Credits
}

// Windows are the tolerances between authors' clocks and the leader's, in ms.
type Windows struct {
	_     struct{} `cbor:",toarray"`
	Near  uint64   // kinds 1 and 4, and sent of a batch
	Older uint64   // age of the other kinds, so that signatures can be gathered
}

// CreditPrice is what one Credit costs in a currency of ISO 4217: Num/Den whole units of
// it, both at least 1.
type CreditPrice struct {
	_        struct{} `cbor:",toarray"`
	Currency string   // three capital letters
	Num      uint64
	Den      uint64
}

// Header returns the common keys.
func (p *Policy) Header() Header { return Header{p.ID, p.At, p.Cycle, p.Author} }

// EncodePolicy returns the canonical body of a policy.
func EncodePolicy(p *Policy) []byte { return Encode(p) }

// DecodePolicy reads a policy's body into p. Errors wrap ErrNotCanonical or
// ErrTooLarge.
func DecodePolicy(data []byte, p *Policy) error { return Decode(data, p) }

// check requires that the code of each program is a hash or empty.
func (p *Policy) check() error {
	for i := range p.Programs {
		if n := len(p.Programs[i].Code); n != 0 && n != len(Hash{}) {
			return malformed("code of a program is neither empty nor a hash")
		}
	}
	return nil
}

// MarshalCBOR writes [] or [chain, genesis, period].
func (x Beacon) MarshalCBOR() ([]byte, error) {
	if !x.Present {
		return AppendArray(nil, 0), nil
	}
	b := appendHash(AppendArray(nil, 3), &x.Chain)
	return AppendUint(AppendUint(b, x.Genesis), x.Period), nil
}

// UnmarshalCBOR reads what MarshalCBOR writes.
func (x *Beacon) UnmarshalCBOR(data []byte) error {
	r := NewReader(data)
	*x = Beacon{}
	if x.Present = r.Array(3) > 0; x.Present {
		r.off = 0
		r.tuple(3)
		r.hash(&x.Chain)
		x.Genesis, x.Period = r.Uint(), r.Uint()
	}
	return r.Done()
}
