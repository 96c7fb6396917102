package settlement

import "github.com/forgepool/settle/codec"

// Moment is when a record is judged.
type Moment struct {
	Index uint64 // that the record gets if it is accepted
	Stamp uint64 // leader's clock in the raft command, ms
	Time  uint64 // ledger time: the largest stamp so far, this one included, ms
	Cycle uint64 // the open cycle
}

// View is all that a rule may see: the state left by the records accepted so far,
// those of the same batch included. Nil means that there is no such thing. Results
// must not be changed.
type View interface {
	Moment() Moment
	Facts() *Facts
	Party(id codec.ID) *Party
	Key(id codec.Hash) *Key
	// Record returns where the author's record with this id was appended.
	Record(author, id codec.ID) (index uint64, leaf codec.Hash, ok bool)
	Workload(author, id codec.ID) *Workload
	// WorkUse returns what Change.WorkUse put under Change.WorkKey.
	WorkUse(workKey codec.Hash) *WorkUse
	// Balance never returns nil: an account without postings is zero.
	Balance(a Account) *Balance
	// Turnover returns what was posted on each side in the open cycle, in micro-Credits. A
	// cycle's postings must stay below 2^63 together, or nobody could close it.
	Turnover() uint64
	// Held returns what is held of all postings of all cycles together, in micro-Credits. It
	// stays below 2^63, or no cycle could be closed any more.
	Held() uint64
	// PolicyFor returns the policy in force in a cycle: the highest version with
	// effective_from <= cycle.
	PolicyFor(cycle uint64) *Policy
	// LastPolicy returns the policy with the highest version.
	LastPolicy() *Policy
	// Opening returns a sealed value that was opened before.
	Opening(hash codec.Hash) []byte
	// Blob returns an attachment replicated with an earlier batch and not pruned.
	// Attachments of the batch at hand are in the Prepared batch.
	Blob(hash codec.Hash) []byte

	// Logged returns a record of the log, also of the batch at hand.
	Logged(index uint64) *Logged
	// RootAt returns the root of tree A at a size up to Moment().Index.
	RootAt(size uint64) (codec.Hash, bool)
	// Posted returns the postings of the settlement or adjustment at index.
	Posted(index uint64) *Posted
	// Reversed returns how much of a posting was taken back, in micro-Credits.
	Reversed(line LineRef) uint64
	// Hold returns what is held of a posting; nil: it never was contested.
	Hold(line LineRef) *Hold
	// Usage never returns nil: a scope without charges is zero.
	Usage(scope Scope) *Usage

	// Dispute returns the dispute opened by the record at index.
	Dispute(opened uint64) *Dispute
	// Ruled returns the dispute that the record at index ended.
	Ruled(index uint64) *Dispute
	// Contest returns the open disputes on the record at index, nil if there is none.
	Contest(target uint64) *Contest

	// Cycle returns what is known of a cycle.
	Cycle(number uint64) *Cycle
	// Unclosed returns the cycle that was cut and not closed yet.
	Unclosed() *Cycle
	// Closing returns what the close of Unclosed must state, nil if there is none.
	Closing() *Closing
	// Debts returns the providers and adapters with a negative net in a closed cycle, in
	// order of role and party (docs/formats/accounting.md section 3).
	Debts(cycle uint64) []Debt
	Intent(auditor codec.ID, cycle uint64) *Intent
	// Committed says whether an intent with this commitment was appended.
	Committed(commit codec.Hash) bool
	// Attestation returns the attestation at index.
	Attestation(index uint64) *Attestation
}

// Change is what an accepted record does to the state: new values, to be written
// under their own identities. The ledger adds the record itself and its id.
type Change struct {
	Facts    *Facts // genesis only
	Parties  []*Party
	Keys     []*Key
	Policy   *Policy
	Workload *Workload
	WorkKey  codec.Hash
	WorkUse  *WorkUse // for WorkKey; nil: none
	Balances []*Balance
	Openings []Opening

	Posted   *Posted // settlements and adjustments
	Settled  *Settled
	Usages   []*Usage
	Reversed []*Reversal
	Holds    []*Hold

	Dispute     *Dispute
	Ruling      *Ruling
	Contest     *Contest
	Cycles      []*Cycle
	Intent      *Intent // its commitment is remembered
	Attestation *Attestation
}

// Settled is what an accepted settlement can be found by, beside its postings.
type Settled struct {
	Customer codec.ID
	Token    codec.Hash    // replay token
	Labels   []codec.Label // opened; nil: not disclosed
}
