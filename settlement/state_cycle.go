package settlement

import "github.com/forgepool/settle/codec"

// Dispute is the state of one dispute.
type Dispute struct {
	Opened       uint64 // index of the record that opened it
	Author       codec.ID
	Target       codec.RecordRef
	TargetAuthor codec.ID // who answers
	Claim        codec.Claim
	Lines        []codec.HeldLine // contested, ascending
	Amount       uint64           // claimed, micro-Credits
	Deadline     uint64           // ms
	Fault        *codec.ID        // provider of the disputed shard, if one was named
	Shard        *codec.ShardOf
	Output       codec.Hash // of the disputed shard in the manifest
	Units        uint64     // of the disputed shard in the manifest
	Workload     *WorkUse   // of a settlement or Planned event
	Escalated    bool       // asked for; a missed deadline escalates too
	Status       DisputeStatus
	Ruled        uint64 // index of the record that ended it, 0 = open
	Accepted     uint64 // micro-Credits, StatusAccepted
	Adjusted     uint64 // index of the adjustment with cause 1 that names it, 0 = none
	Penalized    uint64 // index of the adjustment with cause 6 that names it, 0 = none
}

// DisputeStatus is how far a dispute has come.
type DisputeStatus uint8

// The statuses of a dispute.
const (
	StatusOpen      DisputeStatus = 1
	StatusAccepted  DisputeStatus = 2
	StatusRejected  DisputeStatus = 3
	StatusWithdrawn DisputeStatus = 4
)

// Contest lists the open disputes on one record.
type Contest struct {
	Target uint64   // index
	Open   []uint64 // indexes of the records that opened them, ascending
}

// Ruling finds the dispute that the record at Index ended.
type Ruling struct {
	Index  uint64
	Opened uint64
}

// Intent is an auditor's promise to audit a cycle. There is one per auditor and cycle.
type Intent struct {
	Auditor  codec.ID
	Cycle    uint64 // to be audited
	Index    uint64 // of the record
	Commit   codec.Hash
	Target   codec.AuditTarget
	Attested uint64 // index of the attestation that opened it, 0 = none
}

// Attestation is the result of an audit.
type Attestation struct {
	Index     uint64
	Auditor   codec.ID
	Cycle     uint64 // audited
	Opinion   codec.Opinion
	Findings  []uint64 // indexes of disputes opened
	Adjusted  uint64   // index of the adjustment with cause 2 that names it, 0 = none
	Penalized uint64   // likewise cause 6
}

// Cycle is what the state knows of a billing cycle. A cycle that is only announced by an
// intent has First 0.
type Cycle struct {
	Number  uint64
	Before  uint64 // number of the previous cycle, 0 = none
	First   uint64 // first index of its range, 0 = not begun
	Intents uint64 // audit intents that name it
	Cut     *Boundary
	Close   *Boundary
	Carried uint64 // index of the last carry-forward after its close, 0 = none
}

// Boundary is the cut or the close of a cycle.
type Boundary struct {
	codec.RecordRef
	Stamp  uint64 // leader's clock, ms
	Time   uint64 // ledger time, ms
	Beacon *codec.BeaconRound
}

// Closing is what a close must state: everything as of the cut, recomputed from the
// state (docs/formats/records.md section 6.8).
type Closing struct {
	Cycle      uint64
	Range      codec.Range
	Counts     [codec.Kinds]uint64
	Journal    codec.Journal
	Parties    codec.PartyTotals
	Subtotals  []codec.Subtotal
	Held       codec.Held
	Log        codec.LogRef
	Unfinished uint64
	Batches    codec.BatchesRef
}

// Debt is the negative net of a provider or adapter in a closed cycle.
type Debt struct {
	Account
	Amount uint64 // micro-Credits
}

// Logged is a record of the log with what the ledger knows of it.
type Logged struct {
	Index uint64
	Bytes []byte
	Leaf  codec.Hash // in tree A
	Time  uint64     // ledger time when it was appended, ms
}
