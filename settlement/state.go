package settlement

import (
	"math/bits"

	"github.com/forgepool/settle/codec"
)

// Values of the state. A View hands out pointers to values that are never changed
// in place: a rule copies, changes the copy, and returns it in a Change.

// Forever is the end of a validity that has no end.
const Forever = 1<<63 - 1

// Facts are fixed by the genesis.
type Facts struct {
	OriginA, OriginB string
	Leaf             codec.Hash // leaf hash of the genesis record in tree A
	Governance       codec.ID
	Platform         codec.ID
	Cycles           codec.Cycles
	Created          uint64 // ms
}

// Status is whether a party takes part.
type Status uint8

// The statuses of a party.
const (
	Active    Status = 1
	Suspended Status = 2
	Exited    Status = 3
)

// StatusChange is one entry in the history of a party's status.
type StatusChange struct {
	Index  uint64 // of the record that changed it
	Status Status
}

// Party is what the state knows of a registered party.
type Party struct {
	ID           codec.ID
	Role         codec.Role
	History      []StatusChange // first entry: the registration, Active
	Prev         codec.Hash     // leaf hash of its last record
	Keys         []codec.Hash   // ids of all its keys, in order of registration
	Threshold    uint64         // owner keys that must sign (roles 7, 8), else 1
	Capabilities []codec.Hash
	Payee        *codec.Hash
	Weight       uint64 // ppm, as set by the last op 8 (1,000,000 before)
	WeightCycle  uint64 // cycle in which Weight was set; it works from the next one on
	WeightBefore uint64 // ppm that is in force during WeightCycle
	Cap          *uint64
	Quotas       []Quota // customers: ascending by dimension and value
	Stake        uint64  // micro-Credits
}

// Status returns the party's present status.
func (p *Party) Status() Status { return p.History[len(p.History)-1].Status }

// WeightIn returns the weight in ppm that is in force in a cycle: the last one set in
// an earlier cycle. The cycle must not be before the last change.
func (p *Party) WeightIn(cycle uint64) uint64 {
	if p.WeightCycle < cycle {
		return p.Weight
	}
	return p.WeightBefore
}

// StatusAt returns the status that the party had just before the record at index,
// or Active if it was registered later.
func (p *Party) StatusAt(index uint64) Status {
	status := Active
	for _, change := range p.History {
		if change.Index >= index {
			break
		}
		status = change.Status
	}
	return status
}

// Key is a registered public key.
type Key struct {
	ID        codec.Hash
	Party     codec.ID
	Role      codec.Role // of the party
	Pub       codec.Hash // Ed25519
	Use       codec.Use
	ValidFrom uint64 // log index
	ValidTo   uint64 // last valid log index, or Forever
	RevokedAt uint64 // index of the revocation, or Forever
}

// ValidAt says whether a signature under the record at index may use the key.
func (k *Key) ValidAt(index uint64) bool {
	return k.ValidFrom <= index && index <= k.ValidTo && index < k.RevokedAt
}

// Workload is the state of one workload.
type Workload struct {
	Author, ID codec.ID
	State      codec.State
	Seq        uint64     // number of its last event
	Last       codec.Hash // leaf hash of its last event
	Sealed     codec.Hash // sealed customer
	Customer   codec.ID   // opened
	Adapter    *codec.ID
	Program    codec.Hash
	Plan       *codec.Plan
	PlannedAt  uint64 // index of the Planned event
	SettledAt  uint64 // index of the settlement, 0 = none
}

// WorkUse is a settlement of some work: the first one under the work key itself,
// every later one under ReplayKey.
type WorkUse struct {
	Author, Workload codec.ID
}

// Account names a balance: one party in one role, in one cycle.
type Account struct {
	Cycle uint64
	Role  codec.Role
	Party codec.ID
}

// Balance is what was posted to an account, in micro-Credits.
type Balance struct {
	Account
	Credit   uint64
	Debit    uint64
	Charged  uint64 // customers: counts against the cap
	Postings uint64
	Held     uint64 // increase of holds on its postings since the last cut, line by line
	Released uint64 // their decrease
}

// Net returns what a party of roles 1, 2 and 4 is to be paid for the cycle, in
// micro-Credits: credit - debit - held + released. A customer is billed the negative of
// it. Between holds and amounts below 2^63 the result needs 65 bits at most, so it comes
// as magnitude and sign.
func (b *Balance) Net() (amount uint64, negative bool) {
	plus, over1 := bits.Add64(b.Credit, b.Released, 0)
	minus, over2 := bits.Add64(b.Debit, b.Held, 0)
	if over1 != 0 || over2 != 0 {
		panic("settlement: a balance beyond 63 bits")
	}
	if plus < minus {
		return minus - plus, true
	}
	return plus - minus, false
}

// Opening is a sealed value that a record opened; the state keeps it for ever.
type Opening struct {
	Hash codec.Hash
	Blob []byte // [salt, value]; may share memory with the batch
}
