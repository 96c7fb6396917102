package codec

// Event is the body of kind 4: a transition of a workload (records.md section 6.5).
type Event struct {
	ID     ID     `cbor:"1,keyasint"`
	At     uint64 `cbor:"2,keyasint"`
	Cycle  uint64 `cbor:"3,keyasint"`
	Author ID     `cbor:"4,keyasint"`

	Workload ID      `cbor:"10,keyasint"`
	Seq      uint64  `cbor:"11,keyasint"`
	State    State   `cbor:"12,keyasint"`
	Prev     Hash    `cbor:"13,keyasint"`           // leaf hash of the previous event, zero first
	Customer Hash    `cbor:"14,keyasint"`           // sealed party id
	Program  Hash    `cbor:"15,keyasint"`           // program id
	Estimate *uint64 `cbor:"16,keyasint,omitempty"` // micro-Credits; never settles anything
	Plan     *Plan   `cbor:"17,keyasint,omitempty"` // state Planned
	Reason   *uint64 `cbor:"18,keyasint,omitempty"` // state Failed
	Adapter  *ID     `cbor:"19,keyasint,omitempty"`
}

// Plan pins the shards of a workload before results exist.
type Plan struct {
	_       struct{} `cbor:",toarray"`
	Count   uint64
	Root    Hash // MTH over the plan leaves (PlanLeaf)
	Planner Hash // planner blob, zero = none
	Nonce   Hash // BLAKE3 of the replication nonce
}

// Header returns the common keys.
func (e *Event) Header() Header { return Header{e.ID, e.At, e.Cycle, e.Author} }
