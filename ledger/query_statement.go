package ledger

import (
	"errors"

	"github.com/forgepool/settle/codec"
	"github.com/forgepool/settle/settlement"
)

// Statement is an account as of a size of the log. Credit, debit and postings are those
// of the records below Size; Charged, Held and Released are those of now, because a
// record does not say how it moved them.
type Statement struct {
	settlement.Balance
	Size uint64
}

// Statement adds up an account as of a size of the log, 0 being its present one. It
// reads at most 128 records.
func (s *Snapshot) Statement(a settlement.Account, size uint64) (st Statement, err error) {
	x, ok, err := accounts.load(s.snap, a)
	if err != nil {
		return st, err
	}
	st = Statement{settlement.Balance{Account: a}, s.Size()}
	if ok {
		st.Balance = *x.Balance
	}
	if size == 0 || size >= s.Size() {
		return st, nil
	}
	st.Size, st.Credit, st.Debit, st.Postings = size, 0, 0, 0
	c, err := s.cursor(accountList(a))
	if err != nil {
		return st, err
	}
	defer func() { err = errors.Join(err, c.close()) }()
	if _, ok, err = c.floor(size - 1); !ok || err != nil {
		return st, err
	}
	st.Postings, st.Credit, st.Debit = c.so.postings, c.so.credit, c.so.debit
	return st, s.addLines(&st, c.now)
}

// addLines adds the lines of the records below st.Size among those in order.
func (s *Snapshot) addLines(st *Statement, indexes []uint64) (err error) {
	r, err := readAhead(s.snap, &postings)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, r.close()) }()
	for _, index := range indexes {
		if index >= st.Size {
			break
		}
		p, err := listed(r, index)
		if err != nil {
			return err
		}
		st.addLines(p)
	}
	return nil
}

func (st *Statement) addLines(p *settlement.Posted) {
	for i := range p.Lines {
		l := &p.Lines[i]
		if l.Role != st.Role || l.Party != st.Party {
			continue
		}
		st.Postings++
		if l.Side == codec.Credit {
			st.Credit += l.Amount
		} else {
			st.Debit += l.Amount
		}
	}
}

// posted returns the postings of a record that a list names.
func (s *Snapshot) posted(index uint64) (*settlement.Posted, error) {
	p, ok, err := postings.load(s.snap, index)
	if err == nil && !ok {
		err = damaged(index, nil, "postings of a listed record are missing")
	}
	return p, err
}

// StatementEntry is a record in an account.
type StatementEntry struct {
	Posted *settlement.Posted // of the whole record
	Lines  []StatementLine    // those of the account
}

// StatementLine is a posting to an account, with what became of it by now.
type StatementLine struct {
	settlement.Line
	Number   uint64 // of the line in its record
	Held     uint64 // micro-Credits
	Reversed uint64 // micro-Credits
}

// StatementLines returns the records that posted to an account, in the order of the log.
// Oldest first, their lines are the leaves of the account's sum tree (type 2).
func (s *Snapshot) StatementLines(a settlement.Account, page Page) (out Paged[StatementEntry], err error) {
	c, err := s.cursor(accountList(a))
	if err != nil {
		return out, err
	}
	found, err := collected(s, page, joined{c}, func(index uint64) (uint64, bool, error) { return index, true, nil })
	if err != nil {
		return out, err
	}
	r, err := readEntries(s.snap)
	if err != nil {
		return out, err
	}
	defer func() { err = errors.Join(err, r.close()) }()
	out.Items, out.Next = make([]StatementEntry, len(found.Items)), found.Next
	for n := range found.Items {
		i := n
		if !page.Oldest {
			i = len(found.Items) - 1 - n
		}
		if out.Items[i], err = r.entry(a, found.Items[i]); err != nil {
			return out, err
		}
	}
	return out, nil
}

// collected makes a page of what lists have in common and closes them. Take returns the
// item of an index, and whether it counts.
func collected[T any](s *Snapshot, page Page, lists joined, take func(index uint64) (T, bool, error)) (out Paged[T], err error) {
	defer func() { err = errors.Join(err, lists.close()) }()
	low, high, limit := page.bounds(s.Size())
	budget := steps
	out.Next, err = collect1(&out.Items, page, lists, low, high, limit, &budget, take)
	return out, err
}

// collect1 adds items with indexes from low to high, up to limit of them, and returns
// Page.From of what follows, 0 if nothing does.
func collect1[T any](items *[]T, page Page, lists joined, low, high uint64, limit int, budget *int,
	take func(index uint64) (T, bool, error)) (next uint64, err error) {
	lists.sort()
	index := high
	if page.Oldest {
		index = low
	}
	for low <= index && index <= high {
		at, how, err := lists.next(index, page.Oldest, budget)
		switch {
		case err != nil:
			return 0, err
		case how == searchPaused && low <= at && at <= high:
			return page.here(at), nil
		case how != searchFound || at < low || at > high:
			return 0, nil
		case len(*items) == limit:
			return page.here(at), nil
		}
		item, counts, err := take(at)
		if err != nil {
			return 0, err
		}
		if counts {
			*items = append(*items, item)
		}
		if index = at + 1; !page.Oldest {
			index = at - 1
		}
	}
	return 0, nil
}
