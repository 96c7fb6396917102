package settlement

import "github.com/forgepool/settle/codec"

// Posted is what the state keeps for ever of the postings of one settlement or
// adjustment, so that corrections, statements and the trees of a close need no
// attachment.
type Posted struct {
	Index    uint64     // of the record
	Kind     codec.Kind // KindSettlement or KindAdjustment
	Author   codec.ID   // of the record
	Cycle    uint64     // the cycle whose accounts the lines were posted to
	Time     uint64     // ledger time when it was appended, ms
	Workload codec.ID   // settlements
	Program  codec.Hash // settlements: program id
	Class    uint64     // settlements
	WorkKey  codec.Hash // settlements: key of Change.WorkUse
	Token    codec.Hash // settlements: replay token
	Labels   *codec.Hash
	Lines    []Line // in the order of the record; line i is Lines[i]
}

// Line is one posting.
type Line struct {
	Role   codec.Role
	Party  codec.ID
	Side   codec.Side
	Amount uint64     // micro-Credits
	Units  uint64     // providers' credits of settlements
	Hash   codec.Hash // posting hash
	Ref    *LineRef   // adjustments: the line that is taken back, if one is
}

// LineRef names a posting: line of the record at index.
type LineRef struct {
	Index uint64
	Line  uint64
}

// Reversal is how much of a posting was taken back by adjustments, in micro-Credits.
type Reversal struct {
	LineRef
	Amount uint64 // never above the posting's
}

// Hold is what disputes hold of a posting: the largest open claim on it. The increase
// and the decrease that a cut reports compare a hold with what it was at the cut before
// (docs/formats/records.md section 6.8 key 16).
type Hold struct {
	LineRef
	Now    uint64 // micro-Credits, at most the posting's amount
	Before uint64 // what was held at the cut before Cycle
	Cycle  uint64 // in which Now last changed
}

// AtCut returns what was held at the last cut before the open cycle.
func (h *Hold) AtCut(open uint64) uint64 {
	if h.Cycle < open {
		return h.Now
	}
	return h.Before
}

// Dimension is a way to sort charges for quotas, usage and filters.
type Dimension uint8

// The dimensions. Values of labels are their clear text, of the others as stated. The
// numbers never change meaning.
const (
	ByProject      Dimension = 1 // label "project"
	ByWorkspace    Dimension = 2 // label "workspace"
	ByClass        Dimension = 3 // execution class, in decimal
	ByScope        Dimension = 4 // label "scope": billing scope
	ByOrganization Dimension = 5 // label "organization"
)

// Scope names what is counted for a customer in one cycle and dimension.
type Scope struct {
	Cycle     uint64
	Customer  codec.ID
	Dimension Dimension
	Value     string
}

// Usage is what was charged under a scope.
type Usage struct {
	Scope
	Charged     uint64 // micro-Credits; refunds within the cycle are taken off
	Units       uint64 // work units
	Settlements uint64
}

// Quota is a budget of a customer beside the cap (docs/formats/records.md section 6.4
// key 23).
type Quota struct {
	Dimension Dimension
	Value     string
	Limit     uint64 // micro-Credits per cycle
	Hard      bool   // refuse what exceeds it; else only report
}
