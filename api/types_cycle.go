package api

import "github.com/forgepool/settle/codec"

// Answers about disputes, cycles and audits. They follow from the log alone.

// Dispute is the state of a dispute.
type Dispute struct {
	Opened    uint64           `cbor:"1,keyasint" json:"opened"` // index of the record that opened it
	Author    codec.ID         `cbor:"2,keyasint" json:"author"`
	Target    codec.RecordRef  `cbor:"3,keyasint" json:"target"`
	Claim     codec.Claim      `cbor:"4,keyasint" json:"claim"`
	Lines     []codec.HeldLine `cbor:"5,keyasint" json:"lines"`
	Amount    uint64           `cbor:"6,keyasint" json:"amount,string"`
	Deadline  uint64           `cbor:"7,keyasint" json:"deadline"` // ms
	Escalated bool             `cbor:"8,keyasint" json:"escalated"`
	Status    string           `cbor:"9,keyasint" json:"status"` // open, accepted, rejected, withdrawn
	Ruled     uint64           `cbor:"10,keyasint" json:"ruled"` // index of the record that ended it, 0 = none
	Accepted  uint64           `cbor:"11,keyasint" json:"accepted,string"`
	Adjusted  uint64           `cbor:"12,keyasint" json:"adjusted"` // index of the adjustment, 0 = none
}

// DisputePage is a part of the disputes asked for.
type DisputePage struct {
	Disputes []Dispute `cbor:"1,keyasint" json:"disputes"`
	Next     uint64    `cbor:"2,keyasint" json:"next"`
	Size     uint64    `cbor:"3,keyasint" json:"size"`
}

// Boundary is the cut or the close of a cycle.
type Boundary struct {
	Index  uint64             `cbor:"1,keyasint" json:"index"`
	Leaf   codec.Hash         `cbor:"2,keyasint" json:"leaf"`
	Stamp  uint64             `cbor:"3,keyasint" json:"stamp"` // leader's clock, ms
	Time   uint64             `cbor:"4,keyasint" json:"time"`  // ledger time, ms
	Beacon *codec.BeaconRound `cbor:"5,keyasint,omitempty" json:"beacon,omitempty"`
}

// Cycle is a billing cycle.
type Cycle struct {
	Number  uint64    `cbor:"1,keyasint" json:"number"`
	First   uint64    `cbor:"2,keyasint" json:"first"` // index of its first record, 0 = not begun
	Intents uint64    `cbor:"3,keyasint" json:"intents"`
	Cut     *Boundary `cbor:"4,keyasint,omitempty" json:"cut,omitempty"`
	Close   *Boundary `cbor:"5,keyasint,omitempty" json:"close,omitempty"`
	Carried uint64    `cbor:"6,keyasint" json:"carried"` // index of the last carry-forward, 0 = none
}

// CyclePage is a part of the cycles.
type CyclePage struct {
	Open   uint64  `cbor:"1,keyasint" json:"open"` // the open cycle
	Cycles []Cycle `cbor:"2,keyasint" json:"cycles"`
	Next   uint64  `cbor:"3,keyasint" json:"next"` // a number
	Size   uint64  `cbor:"4,keyasint" json:"size"`
}

// Closing is what the close of the cycle that was cut must state
// (docs/formats/records.md section 6.8).
type Closing struct {
	Cycle      uint64             `cbor:"1,keyasint" json:"cycle"`
	Cut        codec.RecordRef    `cbor:"2,keyasint" json:"cut"`
	Range      codec.Range        `cbor:"3,keyasint" json:"range"`
	Prev       codec.RecordRef    `cbor:"4,keyasint" json:"prev"` // close before, zero first
	Counts     []uint64           `cbor:"5,keyasint" json:"counts"`
	Journal    codec.Journal      `cbor:"6,keyasint" json:"journal"`
	Parties    codec.PartyTotals  `cbor:"7,keyasint" json:"parties"`
	Subtotals  []codec.Subtotal   `cbor:"8,keyasint" json:"subtotals"`
	Held       codec.Held         `cbor:"9,keyasint" json:"held"`
	Policy     codec.Hash         `cbor:"10,keyasint" json:"policy"`
	Log        codec.LogRef       `cbor:"11,keyasint" json:"log"`
	Unfinished uint64             `cbor:"12,keyasint" json:"unfinished"`
	Batches    codec.BatchesRef   `cbor:"13,keyasint" json:"batches"`
	Beacon     *codec.BeaconRound `cbor:"14,keyasint,omitempty" json:"beacon,omitempty"` // of the cut
	Size       uint64             `cbor:"15,keyasint" json:"size"`
}

// Intent is an auditor's promise to audit a cycle.
type Intent struct {
	Auditor  codec.ID          `cbor:"1,keyasint" json:"auditor"`
	Index    uint64            `cbor:"2,keyasint" json:"index"`
	Commit   codec.Hash        `cbor:"3,keyasint" json:"commit"`
	Target   codec.AuditTarget `cbor:"4,keyasint" json:"target"`
	Attested uint64            `cbor:"5,keyasint" json:"attested"` // index of the attestation, 0 = none
}

// Attestation is the result of an audit.
type Attestation struct {
	Index    uint64        `cbor:"1,keyasint" json:"index"`
	Auditor  codec.ID      `cbor:"2,keyasint" json:"auditor"`
	Opinion  codec.Opinion `cbor:"3,keyasint" json:"opinion"`
	Findings []uint64      `cbor:"4,keyasint" json:"findings"` // indexes of disputes opened
}

// Audits are the intents and attestations of one cycle.
type Audits struct {
	Cycle        uint64        `cbor:"1,keyasint" json:"cycle"`
	Intents      []Intent      `cbor:"2,keyasint" json:"intents"`
	Attestations []Attestation `cbor:"3,keyasint" json:"attestations"`
	Size         uint64        `cbor:"4,keyasint" json:"size"`
}
