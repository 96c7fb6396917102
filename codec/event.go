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
	Root    Hash // MTH over the plan leaves (AppendPlanLeaf)
	Planner Hash // planner blob, zero = none
	Nonce   Hash // BLAKE3 of the replication nonce
}

// Header returns the common keys.
func (e *Event) Header() Header { return Header{e.ID, e.At, e.Cycle, e.Author} }

const (
	eventKeys      = 14 // all
	eventMandatory = 10
)

// EncodeEvent returns the canonical body of a workload event.
func EncodeEvent(e *Event) []byte { return AppendEvent(make([]byte, 0, 384), e) }

// AppendEvent appends the canonical body of a workload event.
func AppendEvent(b []byte, e *Event) []byte {
	b = AppendMap(b, eventMandatory+
		present(e.Estimate != nil, e.Plan != nil, e.Reason != nil, e.Adapter != nil))
	b = appendIDAt(b, 1, &e.ID)
	b = appendUintAt(appendUintAt(b, 2, e.At), 3, e.Cycle)
	b = appendIDAt(appendIDAt(b, 4, &e.Author), 10, &e.Workload)
	b = appendUintAt(appendUintAt(b, 11, e.Seq), 12, uint64(e.State))
	b = appendHashAt(appendHashAt(b, 13, &e.Prev), 14, &e.Customer)
	b = appendHashAt(b, 15, &e.Program)
	b = appendOptionalAt(b, 16, e.Estimate)
	if e.Plan != nil {
		b = AppendUint(AppendArray(appendKey(b, 17), 4), e.Plan.Count)
		b = appendHash(appendHash(b, &e.Plan.Root), &e.Plan.Planner)
		b = appendHash(b, &e.Plan.Nonce)
	}
	b = appendOptionalAt(b, 18, e.Reason)
	if e.Adapter != nil {
		b = appendIDAt(b, 19, e.Adapter)
	}
	return b
}

// eventRoom holds the optional values of an event.
type eventRoom struct {
	estimate, reason uint64
	plan             Plan
	adapter          ID
}

// EventBuffer decodes one event after another without allocating.
type EventBuffer struct {
	value Event
	room  eventRoom
}

// Decode reads a workload event's body. The result is valid until the next call.
func (x *EventBuffer) Decode(data []byte) (*Event, error) {
	return &x.value, decodeEvent(data, &x.value, &x.room)
}

// DecodeEvent reads a workload event's body into e; optional values are new. Errors
// wrap ErrNotCanonical or ErrTooLarge; after one, e is of no use.
func DecodeEvent(data []byte, e *Event) error { return decodeEvent(data, e, nil) }

func decodeEvent(data []byte, e *Event, room *eventRoom) error {
	if err := checkSize("event", len(data), MaxRecord); err != nil {
		return err
	}
	r := NewReader(data)
	f := r.fields(eventKeys)
	if room == nil && f.left > eventMandatory {
		room = new(eventRoom)
	}
	f.header(&e.ID, &e.At, &e.Cycle, &e.Author)
	f.idAt(10, &e.Workload)
	e.Seq = f.uintAt(11)
	f.at(12)
	e.State = State(f.small())
	f.hashAt(13, &e.Prev)
	f.hashAt(14, &e.Customer)
	f.hashAt(15, &e.Program)
	e.Estimate, e.Plan, e.Reason, e.Adapter = nil, nil, nil, nil
	if room != nil {
		f.eventOptions(e, room)
	}
	f.end()
	return r.Done()
}

func (f *fields) eventOptions(e *Event, room *eventRoom) {
	if f.has(16) {
		e.Estimate = &room.estimate
		*e.Estimate = f.Uint()
	}
	if f.has(17) {
		e.Plan = &room.plan
		f.tuple(4)
		e.Plan.Count = f.Uint()
		f.hash(&e.Plan.Root)
		f.hash(&e.Plan.Planner)
		f.hash(&e.Plan.Nonce)
	}
	if f.has(18) {
		e.Reason = &room.reason
		*e.Reason = f.Uint()
	}
	if f.has(19) {
		e.Adapter = &room.adapter
		f.id(e.Adapter)
	}
}
