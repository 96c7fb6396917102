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
}
