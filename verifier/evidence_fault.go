package verifier

import (
	"fmt"
	"slices"
)

// Fault is a way in which a record is false that a third party can see from an
// evidence file. The numbers never change meaning; disputes carry evidence of a fault
// under its number (docs/formats/evidence.md sections 2 and 8).
type Fault uint64

// The faults of settlements.
const (
	// FaultOutput: executing the shard again gives another output.
	FaultOutput Fault = 1
	// FaultUnits: executing it again gives other work units than were paid for.
	FaultUnits Fault = 2
	// FaultInvalid: arguments or input break a rule of the program: there is nothing to pay.
	FaultInvalid Fault = 3
	// FaultReceipt: the agent did not sign the result that is attributed to it.
	FaultReceipt Fault = 4
	// FaultPayout: the policy gives another charge, split or postings.
	FaultPayout Fault = 5
	// FaultMissing: nodes signed that they have not what the settlement promised to keep.
	FaultMissing Fault = 6
)

// The faults of cycle closes.
const (
	// FaultOmittedRecord: the journal lacks a record of the range, or has another there.
	FaultOmittedRecord Fault = 7
	// FaultOmittedPosting: the party's postings lack one that a record of the range states.
	FaultOmittedPosting Fault = 8
	// FaultPhantomPosting: the party's postings have one that no record of the range states.
	FaultPhantomPosting Fault = 9
	// FaultAmount: a posting has another amount or side there than in its record.
	FaultAmount Fault = 10
	// FaultUnbalanced: the close's own totals contradict each other.
	FaultUnbalanced Fault = 11
	// FaultTree: a node of one of the close's trees is not what its children add up to.
	FaultTree Fault = 12
)

// lastFault is the fault with the highest number.
const lastFault = FaultTree

var faultNames = [...]string{"", "wrong_output", "wrong_units", "invalid_shard", "bad_receipt", "wrong_payout",
	"missing_data", "omitted_record", "omitted_posting", "phantom_posting", "amount_mismatch", "unbalanced_close", "broken_tree"}

// OfClose says whether the fault is one of a cycle close.
func (f Fault) OfClose() bool { return f >= FaultOmittedRecord && f <= lastFault }

// ofShard says whether the fault is one of a shard, which needs entry and agent's key.
func (f Fault) ofShard() bool { return f >= FaultOutput && f <= FaultReceipt }

// String returns the fault's name, such as "wrong_output".
func (f Fault) String() string {
	if f >= 1 && int(f) < len(faultNames) {
		return faultNames[f]
	}
	return fmt.Sprintf("fault %d", uint64(f))
}

// MarshalText makes JSON show the name.
func (f Fault) MarshalText() ([]byte, error) { return []byte(f.String()), nil }

// UnmarshalText reads the name of a fault.
func (f *Fault) UnmarshalText(text []byte) error {
	i := slices.Index(faultNames[:], string(text))
	if i < 1 {
		return fmt.Errorf("verifier: no fault %q", text)
	}
	*f = Fault(i)
	return nil
}
