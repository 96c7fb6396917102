package settlement

import "github.com/forgepool/settle/codec"

// PreparedEvent is a workload event with its customer opened, if the blob travels
// with the batch.
type PreparedEvent struct {
	Body codec.Event

	blob          []byte   // of the customer, nil if it is not in the batch
	customer      codec.ID // opened
	customerFault *codec.Refusal
}

func (r *PreparedRecord) prepareEvent(p *Prepared) *codec.Refusal {
	e := new(PreparedEvent)
	if err := codec.DecodeEvent(r.Body, &e.Body); err != nil {
		return undecodable(err)
	}
	e.blob = r.name(p, &e.Body.Customer)
	if fault := r.setHeader(e.Body.Header()); fault != nil {
		return fault
	}
	if fault := checkEventForm(&e.Body); fault != nil {
		return fault
	}
	if e.blob != nil {
		e.customer, e.customerFault = openCustomer(e.blob)
	}
	r.Event = e
	return nil
}

// checkEventForm checks ranges, and that the keys of a state are present in that
// state only.
func checkEventForm(e *codec.Event) *codec.Refusal {
	if e.Estimate != nil && *e.Estimate > codec.MaxAmount {
		return codec.Refuse(codec.CodeOutOfRange, "an estimate of 2^63 or more")
	}
	if e.Reason != nil && *e.Reason > codec.MaxAmount {
		return codec.Refuse(codec.CodeOutOfRange, "a reason of 2^63 or more")
	}
	if (e.Plan != nil) != (e.State == codec.StatePlanned) {
		return malformed("a plan belongs to the state Planned")
	}
	if (e.Reason != nil) != (e.State == codec.StateFailed) {
		return malformed("a reason belongs to the state Failed")
	}
	return nil
}

// openCustomer opens a sealed party id: [salt, id].
func openCustomer(blob []byte) (id codec.ID, fault *codec.Refusal) {
	var salt codec.ID
	r := codec.NewReader(blob)
	if r.Array(2) != 2 {
		r.Fail("not [salt, party]")
	}
	r.Fixed(salt[:])
	r.Fixed(id[:])
	if err := r.Done(); err != nil {
		return codec.ID{}, codec.Refuse(codec.CodeWrongCustomer, err.Error())
	}
	return id, nil
}
