package api

import "github.com/forgepool/settle/codec"

// Answers about money: who got and owes what. All amounts are micro-Credits. Every
// answer states the size of the log that it is of.

// Page says which part of a long answer is wanted. Answers are in the order of the log
// and do not shift while it grows: whoever reads on repeats the Size of the first part.
type Page struct {
	Size   uint64 // records from this size of the log on do not count; 0: of now
	From   uint64 // Next of the part before; 0: begin
	Limit  int    // items at most, 1 to MaxItems; 0: as many
	Oldest bool   // oldest first instead of newest first
}

// Statement is the account of a party in a cycle. Credit, debit and postings are those
// of the log below Size; the rest is of now.
type Statement struct {
	Party    codec.ID   `cbor:"1,keyasint" json:"party"`
	Role     codec.Role `cbor:"2,keyasint" json:"role"`
	Cycle    uint64     `cbor:"3,keyasint" json:"cycle"`
	Credit   uint64     `cbor:"4,keyasint" json:"credit,string"`
	Debit    uint64     `cbor:"5,keyasint" json:"debit,string"`
	Postings uint64     `cbor:"6,keyasint" json:"postings"`
	Charged  uint64     `cbor:"7,keyasint" json:"charged,string"` // customers: counts against the cap
	Held     uint64     `cbor:"8,keyasint" json:"held,string"`    // by disputes, since the last cut
	Released uint64     `cbor:"9,keyasint" json:"released,string"`
	Net      uint64     `cbor:"10,keyasint" json:"net,string"` // what is paid out; of customers what is billed, negated
	Owed     bool       `cbor:"11,keyasint" json:"owed"`       // Net is negative: the party owes it
	Size     uint64     `cbor:"12,keyasint" json:"size"`
}

// StatementPage is a part of the records that posted to an account.
type StatementPage struct {
	Records []StatementRecord `cbor:"1,keyasint" json:"records"`
	Next    uint64            `cbor:"2,keyasint" json:"next"` // Page.From of what follows; 0: nothing does
	Size    uint64            `cbor:"3,keyasint" json:"size"`
}

// StatementRecord is a record and its lines of one account.
type StatementRecord struct {
	Record Found           `cbor:"1,keyasint" json:"record"`
	Lines  []StatementLine `cbor:"2,keyasint" json:"lines"`
}

// StatementLine is a posting, with what became of it by now.
type StatementLine struct {
	Line     uint64     `cbor:"1,keyasint" json:"line"` // in the record
	Side     codec.Side `cbor:"2,keyasint" json:"side"`
	Amount   uint64     `cbor:"3,keyasint" json:"amount,string"`
	Units    uint64     `cbor:"4,keyasint" json:"units"`
	Hash     codec.Hash `cbor:"5,keyasint" json:"hash"` // posting hash
	Held     uint64     `cbor:"6,keyasint" json:"held,string"`
	Reversed uint64     `cbor:"7,keyasint" json:"reversed,string"`
}

// Found is a record with postings: a settlement or an adjustment.
type Found struct {
	Index    uint64      `cbor:"1,keyasint" json:"index"`
	Kind     codec.Kind  `cbor:"2,keyasint" json:"kind"`
	Author   codec.ID    `cbor:"3,keyasint" json:"author"`
	Cycle    uint64      `cbor:"4,keyasint" json:"cycle"`
	Time     uint64      `cbor:"5,keyasint" json:"time"` // ledger time, ms
	Workload *codec.ID   `cbor:"6,keyasint,omitempty" json:"workload,omitempty"`
	Program  *codec.Hash `cbor:"7,keyasint,omitempty" json:"program,omitempty"`
	Class    uint64      `cbor:"8,keyasint,omitempty" json:"class,omitempty"`
	Total    uint64      `cbor:"9,keyasint" json:"total,string"` // credits, as large as the debits
}

// FoundPage is a part of what a search found.
type FoundPage struct {
	Records []Found `cbor:"1,keyasint" json:"records"`
	Next    uint64  `cbor:"2,keyasint" json:"next"`
	Size    uint64  `cbor:"3,keyasint" json:"size"`
}

// Filter says which records with postings are searched: those that fit all that is set.
// Labels are each customer's own, so they need a customer.
type Filter struct {
	Cycle    *uint64
	Kind     codec.Kind // settlement or adjustment; 0: both
	Customer *codec.ID
	Provider *codec.ID
	Adapter  *codec.ID
	Program  *codec.Hash
	Class    uint64
	Token    *codec.Hash // replay token
	Labels   map[string]string
}

// Usage is what was charged to a customer in a cycle under one value of a dimension.
type Usage struct {
	Value       string `cbor:"1,keyasint" json:"value"`
	Charged     uint64 `cbor:"2,keyasint" json:"charged,string"`
	Units       uint64 `cbor:"3,keyasint" json:"units"`
	Settlements uint64 `cbor:"4,keyasint" json:"settlements"`
}

// UsagePage is a part of the usages of a dimension, by value.
type UsagePage struct {
	Cycle  uint64  `cbor:"1,keyasint" json:"cycle"`
	By     string  `cbor:"2,keyasint" json:"by"`
	Usages []Usage `cbor:"3,keyasint" json:"usages"`
	Next   *string `cbor:"4,keyasint,omitempty" json:"next,omitempty"` // value to go on from
	Size   uint64  `cbor:"5,keyasint" json:"size"`
}

// Budget is a cap or a quota of a customer and how much of it is used.
type Budget struct {
	By     string `cbor:"1,keyasint" json:"by"` // a dimension, or "cap"
	Value  string `cbor:"2,keyasint" json:"value"`
	Limit  uint64 `cbor:"3,keyasint" json:"limit,string"`
	Hard   bool   `cbor:"4,keyasint" json:"hard"` // what would exceed it is refused
	Used   uint64 `cbor:"5,keyasint" json:"used,string"`
	Left   uint64 `cbor:"6,keyasint" json:"left,string"`
	Excess uint64 `cbor:"7,keyasint" json:"excess,string"`
}

// Budgets are all budgets of a customer in a cycle: the cap first.
type Budgets struct {
	Customer codec.ID `cbor:"1,keyasint" json:"customer"`
	Cycle    uint64   `cbor:"2,keyasint" json:"cycle"`
	Budgets  []Budget `cbor:"3,keyasint" json:"budgets"`
	Size     uint64   `cbor:"4,keyasint" json:"size"`
}

// Held is what is held of one posting.
type Held struct {
	Index uint64 `cbor:"1,keyasint" json:"index"`
	Line  uint64 `cbor:"2,keyasint" json:"line"`
	Now   uint64 `cbor:"3,keyasint" json:"now,string"`
	AtCut uint64 `cbor:"4,keyasint" json:"at_cut,string"` // at the last cut
}

// HoldPage is a part of what is held of a party's postings.
type HoldPage struct {
	Cycle uint64 `cbor:"1,keyasint" json:"cycle"`
	Holds []Held `cbor:"2,keyasint" json:"holds"`
	Next  uint64 `cbor:"3,keyasint" json:"next"`
	Size  uint64 `cbor:"4,keyasint" json:"size"`
}

// Share is what a record posted to a party and what the party executed for it, each
// with its path to the root that the record states (docs/formats/sum-trees.md).
type Share struct {
	Index    uint64         `cbor:"1,keyasint" json:"index"`
	Postings []SharePosting `cbor:"2,keyasint" json:"postings"`
	Shards   []ShareShard   `cbor:"3,keyasint" json:"shards"`
	Size     uint64         `cbor:"4,keyasint" json:"size"`
}

// SharePosting is a posting and its sum proof of type 3.
type SharePosting struct {
	Posting codec.Posting `cbor:"1,keyasint" json:"posting"`
	Proof   []byte        `cbor:"2,keyasint" json:"proof"`
}

// ShareShard is a shard entry and its sum proof of type 5.
type ShareShard struct {
	Entry codec.ShardEntry `cbor:"1,keyasint" json:"entry"`
	Proof []byte           `cbor:"2,keyasint" json:"proof"`
}
