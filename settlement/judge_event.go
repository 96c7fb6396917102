package settlement

import "github.com/forgepool/settle/codec"

// event decides on a workload event (docs/formats/records.md section 6.5).
func (j *judgement) event() *codec.Refusal {
	e := j.rec.Event
	before := j.v.Workload(e.Body.Author, e.Body.Workload)
	w := new(Workload)
	if before != nil {
		*w = *before
	} else {
		*w = Workload{Author: e.Body.Author, ID: e.Body.Workload}
	}
	blob := e.blob
	if blob == nil && (before == nil || e.Body.Customer != before.Sealed) { // A7; else the state keeps it
		var r *codec.Refusal
		if blob, r = j.blob(e.Body.Customer); r != nil {
			return r
		}
	}
	if r := j.follows(before, &e.Body); r != nil { // 10-13
		return r
	}
	var r *codec.Refusal
	if before == nil {
		r = j.openWorkload(w, e, blob)
	} else {
		r = j.continueWorkload(w, &e.Body)
	}
	if r != nil {
		return r
	}
	w.State, w.Seq, w.Last = e.Body.State, e.Body.Seq, j.rec.LeafA
	if e.Body.Plan != nil {
		w.Plan, w.PlannedAt = e.Body.Plan, j.at.Index
	}
	j.change.Workload = w
	return nil
}

// follows checks that an event is the next one of its workload and its state may be
// reached (rows 10 to 13).
func (j *judgement) follows(before *Workload, e *codec.Event) *codec.Refusal {
	seq, state, prev := uint64(0), codec.StateNone, codec.Hash{}
	if before != nil {
		seq, state, prev = before.Seq+1, before.State, before.Last
	}
	switch {
	case e.Seq != seq:
		return codec.Refuse(codec.CodeWrongSequence, "not the number of the workload's next event")
	case !Transition(j.policy.Body.Events == 1, state, e.State):
		return codec.Refuse(codec.CodeWrongState, "no way from "+state.String()+" to "+e.State.String())
	case e.Prev != prev:
		return codec.Refuse(codec.CodeWrongEvent, "prev is not the workload's last event")
	}
	return nil
}

// openWorkload runs rows 14 to 19 for the first event of a workload.
func (j *judgement) openWorkload(w *Workload, e *PreparedEvent, blob []byte) *codec.Refusal {
	customer, r := e.customer, e.customerFault
	if e.blob == nil {
		customer, r = openCustomer(blob)
	}
	if r != nil {
		return r
	}
	if r := j.activeParty(customer, codec.RoleCustomer, codec.CodeWrongCustomer); r != nil {
		return r
	}
	w.Sealed, w.Customer, w.Program, w.Adapter = e.Body.Customer, customer, e.Body.Program, e.Body.Adapter
	if r := j.checkEvent(w, &e.Body); r != nil {
		return r
	}
	if w.Adapter != nil {
		if r := j.activeParty(*w.Adapter, codec.RoleAdapter, codec.CodeWrongAdapter); r != nil {
			return r
		}
	}
	j.open(w.Sealed, blob)
	return nil
}

// continueWorkload runs rows 14 to 19 for a later event.
func (j *judgement) continueWorkload(w *Workload, e *codec.Event) *codec.Refusal {
	if e.Customer != w.Sealed {
		return codec.Refuse(codec.CodeWrongCustomer, "not the customer of the first event")
	}
	if w.Plan != nil && e.Program != w.Program {
		return codec.Refuse(codec.CodeProgramNotAllowed, "not the planned program")
	}
	w.Program = e.Program
	if r := j.checkEvent(w, e); r != nil {
		return r
	}
	if !sameID(e.Adapter, w.Adapter) {
		return codec.Refuse(codec.CodeWrongAdapter, "not the adapter of the first event")
	}
	return nil
}

// checkEvent runs the rules 15 to 17 that are the same for all events.
func (j *judgement) checkEvent(w *Workload, e *codec.Event) *codec.Refusal {
	program, ok := j.policy.Allows(e.Program)
	if !ok {
		return codec.Refuse(codec.CodeProgramNotAllowed, "the policy does not list the program")
	}
	if e.Estimate != nil {
		if r := j.affordable(w.Customer, program.Class, *e.Estimate); r != nil {
			return r
		}
	}
	if e.Plan != nil && (e.Plan.Count == 0 || e.Plan.Count > codec.MaxShards) {
		return codec.Refuse(codec.CodeBadPlan, "number of planned shards out of range")
	}
	return nil
}

// affordable checks an estimate against what is left of the customer's cap and of a hard
// quota of the program's class. Labels are known at the settlement only.
func (j *judgement) affordable(customer codec.ID, class, estimate uint64) *codec.Refusal {
	if r := j.withinCap(customer, estimate); r != nil {
		return r
	}
	party := j.v.Party(customer)
	if len(party.Quotas) == 0 {
		return nil
	}
	return party.withinQuota(j.v.Usage(Scopes(j.at.Cycle, customer, class, nil)[0]), estimate)
}

// withinCap checks that a customer may be charged this amount more in this cycle.
func (j *judgement) withinCap(customer codec.ID, amount uint64) *codec.Refusal {
	limit := j.v.Party(customer).Cap
	if limit == nil {
		return nil
	}
	charged := j.v.Balance(Account{j.at.Cycle, codec.RoleCustomer, customer}).Charged
	if charged > *limit || amount > *limit-charged {
		return codec.Refuse(codec.CodeOverCap, "more than what is left of the customer's cap")
	}
	return nil
}

// activeParty checks that a party is registered, of a role (or the refusal has code
// wrong), and active.
func (j *judgement) activeParty(id codec.ID, role codec.Role, wrong codec.Code) *codec.Refusal {
	party := j.v.Party(id)
	switch {
	case party == nil:
		return codec.Refuse(codec.CodeUnknownParty, "no party "+id.String())
	case party.Role != role:
		return codec.Refuse(wrong, "the party is a "+party.Role.String()+", not a "+role.String())
	case party.Status() != Active:
		return codec.Refuse(codec.CodeInactiveParty, "party "+id.String()+" is suspended or has left")
	}
	return nil
}

func sameID(a, b *codec.ID) bool {
	if a == nil || b == nil {
		return a == b
	}
	return *a == *b
}
