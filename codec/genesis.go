package codec

// Genesis is the body of kind 0, the record at index 0 (records.md section 5).
type Genesis struct {
	ID     ID     `cbor:"1,keyasint"`
	At     uint64 `cbor:"2,keyasint"`
	Cycle  uint64 `cbor:"3,keyasint"`
	Author ID     `cbor:"4,keyasint"`

	OriginA   string   `cbor:"10,keyasint"` // of the BLAKE3 tree
	OriginB   string   `cbor:"11,keyasint"` // of its SHA-256 twin
	Name      string   `cbor:"12,keyasint"`
	Scale     uint64   `cbor:"13,keyasint"` // 6: decimal places of a Credit
	Suites    []uint64 `cbor:"14,keyasint"` // [1, 2]
	Cycles    Cycles   `cbor:"15,keyasint"`
	Parties   [][]byte `cbor:"16,keyasint"` // bodies of PartyRegister
	Policy    []byte   `cbor:"17,keyasint"` // body of policy 1
	Witnesses []string `cbor:"18,keyasint"` // vkeys
	Created   uint64   `cbor:"19,keyasint"` // first ledger time, ms
	Software  string   `cbor:"20,keyasint"`
}

// Cycles says how billing cycles are numbered.
type Cycles struct {
	_         struct{} `cbor:",toarray"`
	First     uint64
	Numbering uint64 // 0 counter, 1 months YYYYMM
}

// Numberings of cycles.
const (
	CyclesCounter = 0
	CyclesMonths  = 1
)

// Header returns the common keys.
func (g *Genesis) Header() Header { return Header{g.ID, g.At, g.Cycle, g.Author} }

// EncodeGenesis returns the canonical body of a genesis.
func EncodeGenesis(g *Genesis) []byte { return Encode(g) }

// DecodeGenesis reads the body of a genesis into g. Errors wrap ErrNotCanonical or
// ErrTooLarge.
func DecodeGenesis(data []byte, g *Genesis) error { return Decode(data, g) }
