package ledger

import (
	"github.com/forgepool/settle/codec"
	"github.com/forgepool/settle/settlement"
)

// advice is a snapshot as the rules see it under a stamp.
type advice struct {
	*Snapshot
	stamp uint64
}

var _ settlement.View = advice{}

// View returns the snapshot as the rules would see it at the next index in a command
// with this stamp (ms), for early, advisory verdicts. What counts is decided in Apply.
// Its methods panic with an *IntegrityError on a damaged store.
func (s *Snapshot) View(stamp uint64) settlement.View { return advice{s, stamp} }

// Moment returns the next index under the stamp.
func (a advice) Moment() settlement.Moment {
	at := &a.view.applied
	return settlement.Moment{Index: at.Size, Stamp: a.stamp, Time: max(at.Time, a.stamp), Cycle: at.Cycle}
}

// Record returns where the author's record with an id stands.
func (a advice) Record(author, id codec.ID) (uint64, codec.Hash, bool) {
	index, ok, err := recordIDs.load(a.snap, pair{author, id})
	if !must(ok, ok, err) {
		return 0, codec.Hash{}, false
	}
	leaf, err := a.r.leaf(a.r.a, index)
	return index, must(leaf, true, err), true
}

// must is for the methods of View, which have no error: a missing value is nil, a
// damaged store stops the process.
func must[V any](v V, _ bool, err error) V {
	if err != nil {
		panic(err)
	}
	return v
}

// Party returns a registered party, nil if there is none.
func (s *Snapshot) Party(id codec.ID) *settlement.Party { return must(parties.load(s.snap, id)) }

// Key returns a registered key, nil if there is none.
func (s *Snapshot) Key(id codec.Hash) *settlement.Key { return must(keys.load(s.snap, id)) }

// Parties returns the registered parties of a role, all for role 0, in order of id.
func (s *Snapshot) Parties(role codec.Role) ([]*settlement.Party, error) {
	var list []*settlement.Party
	err := scan(s.snap, []byte{spaceParty}, []byte{spaceParty + 1}, func(key, value []byte) (bool, error) {
		p, ok := decodeParty(codec.ID(key[1:]), value)
		if !ok {
			return false, damaged(NoIndex, nil, "party %x", key[1:])
		}
		if role == 0 || p.Role == role {
			list = append(list, p)
		}
		return true, nil
	})
	return list, err
}

// Workload returns a workload's state, nil if there is none.
func (s *Snapshot) Workload(author, id codec.ID) *settlement.Workload {
	return must(workloads.load(s.snap, pair{author, id})).Workload
}

// WorkUse returns the first settlement of a work key, nil if there is none.
func (s *Snapshot) WorkUse(workKey codec.Hash) *settlement.WorkUse {
	return must(workUses.load(s.snap, workKey))
}

// Balance returns what was posted to an account, zero if nothing was.
func (s *Snapshot) Balance(a settlement.Account) *settlement.Balance {
	if x := must(accounts.load(s.snap, a)); x.Balance != nil {
		return x.Balance
	}
	return &settlement.Balance{Account: a}
}

// Balances returns the accounts of a cycle that something was posted to or held of, in
// order of role and party.
func (s *Snapshot) Balances(cycle uint64) ([]settlement.Balance, error) {
	var list []settlement.Balance
	err := scanAccounts(s.snap, cycle, func(a *account) { list = append(list, *a.Balance) })
	return list, err
}

// Opening returns a sealed value that a record opened, nil if there is none.
func (s *Snapshot) Opening(hash codec.Hash) []byte { return must(openings.load(s.snap, hash)) }
