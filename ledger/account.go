package ledger

import (
	"sync"
	"sync/atomic"

	"github.com/forgepool/settle/codec"
	"github.com/forgepool/settle/proof"
	"github.com/forgepool/settle/settlement"
)

// account is what the state keeps of an account: its balance, the tree of its postings
// (sum tree type 2) and the list of the records that they stand in.
//
// The lines of a run are put into the tree when the run is written, so that a line that
// is taken back costs no hash. tree is nil as long as it has no leaf.
type account struct {
	*settlement.Balance
	records list
	tree    *proof.SumRange
	fresh   []freshLine // not in the tree yet
}

type freshLine struct {
	index  uint64
	line   uint16
	side   codec.Side
	amount uint64
	hash   codec.Hash
}

// post adds a line of the record at index. The balance is still the one before it.
func (a *account) post(index uint64, line int, l *settlement.Line) {
	if !a.records.has(index) {
		a.records.add(index, before{postings: a.Postings, credit: a.Credit, debit: a.Debit})
	}
	a.fresh = append(a.fresh, freshLine{index, uint16(line), l.Side, l.Amount, l.Hash})
}

// fold puts the fresh lines into the tree. It must not be called while they may still be
// taken back: the tree is changed in place.
func (a *account) fold() {
	if a.tree == nil && len(a.fresh) > 0 {
		a.tree = newSumRange(proof.SumPartyPostings)
	}
	keys := make([][10]byte, len(a.fresh))
	leaves := make([]proof.SumLeaf, len(a.fresh))
	for i := range a.fresh {
		f := &a.fresh[i]
		keys[i] = proof.PostingKey(f.index, f.line)
		leaves[i] = proof.SumLeaf{Key: keys[i][:], Count: 1, Payload: f.hash}
		leaves[i].Sums[f.side-codec.Credit] = f.amount
	}
	if len(leaves) > 0 {
		if err := a.tree.AppendAll(leaves); err != nil {
			panic("ledger: a posting does not fit its account: " + err.Error())
		}
	}
	a.fresh = nil
}

// aloneLines is how many lines are folded where they are: for so few, other goroutines
// would cost more than they take over.
const aloneLines = 64

// foldAside folds the accounts of this run, on goroutines of its own if that is worth it;
// the other tables can be written meanwhile. Each account has a tree of its own, so who
// folds which does not show. The function returned waits for the end.
func (s *state) foldAside() (wait func()) {
	var fresh []*account
	lines := 0
	for i := range s.accounts.dirty {
		if a := &s.accounts.dirty[i].value; len(a.fresh) > 0 {
			fresh = append(fresh, a)
			lines += len(a.fresh)
		}
	}
	if lines <= aloneLines {
		return func() {} // flushAccount folds
	}
	var next atomic.Int64
	var all sync.WaitGroup
	for range min(workers(), len(fresh)) {
		all.Go(func() {
			for i := next.Add(1); i <= int64(len(fresh)); i = next.Add(1) {
				fresh[i-1].fold()
			}
		})
	}
	return all.Wait
}

// root returns the root of the tree.
func (a *account) root() codec.Hash {
	if a.tree == nil {
		return newSumRange(proof.SumPartyPostings).Root()
	}
	return a.tree.Root()
}

func newSumRange(t proof.SumType) *proof.SumRange {
	r, err := proof.NewSumRange(t)
	if err != nil {
		panic(err)
	}
	return r
}

// flushAccount makes an account ready to be written.
func flushAccount(w *writer, k settlement.Account, a account) account {
	a.fold()
	a.records.flush(w, accountList(k))
	return a
}

func appendAccount(k []byte, a settlement.Account) []byte {
	k = append(appendNumber(k, spaceBalance, a.Cycle), byte(a.Role))
	return append(k, a.Party[:]...)
}

// encodeAccount writes balance, tree and list. An account that only was held of has
// neither tree nor list.
func encodeAccount(b []byte, a account) []byte {
	b = appendUvarints(b, a.Credit, a.Debit, a.Charged, a.Postings, a.Held, a.Released)
	if a.tree == nil {
		return b
	}
	at := len(b)
	b = proof.AppendSumRange(append(b, 0, 0), a.tree)
	n := len(b) - at - 2 // at most 64 subtrees of less than 100 bytes
	b[at], b[at+1] = byte(n>>8), byte(n)
	return encodeList(b, a.records)
}

func decodeAccount(k settlement.Account, data []byte) (account, bool) {
	v := values{b: data}
	a := account{Balance: v.balance(k)}
	if len(v.b) == 0 {
		return a, v.done()
	}
	tree, err := proof.DecodeSumRange(proof.SumPartyPostings, v.take(int(v.u8())<<8|int(v.u8())))
	a.tree, a.records = tree, v.list()
	return a, v.done() && err == nil
}

func (v *values) balance(k settlement.Account) *settlement.Balance {
	x := &settlement.Balance{Account: k, Credit: v.uvarint(), Debit: v.uvarint(), Charged: v.uvarint()}
	x.Postings, x.Held, x.Released = v.uvarint(), v.uvarint(), v.uvarint()
	return x
}

// parseAccountKey reads the key of an account.
func parseAccountKey(key []byte) (settlement.Account, bool) {
	v := values{b: key[1:]}
	a := settlement.Account{Cycle: v.u64(), Role: codec.Role(v.u8()), Party: v.id()}
	return a, v.done()
}
