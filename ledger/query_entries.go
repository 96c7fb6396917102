package ledger

import (
	"errors"

	"github.com/cockroachdb/pebble/v2"

	"github.com/forgepool/settle/settlement"
)

// entryReader reads the records of an account with what became of their lines. The indexes
// must ascend.
type entryReader struct {
	posted   *ahead[uint64, *settlement.Posted]
	reversed *ahead[settlement.LineRef, uint64]
	held     *ahead[settlement.LineRef, *settlement.Hold]
}

func readEntries(r pebble.Reader) (e *entryReader, err error) {
	e = new(entryReader)
	if e.posted, err = readAhead(r, &postings); err != nil {
		return nil, err
	}
	if e.reversed, err = readAhead(r, &reversed); err != nil {
		return nil, errors.Join(err, e.posted.close())
	}
	if e.held, err = readAhead(r, &holds); err != nil {
		return nil, errors.Join(err, e.posted.close(), e.reversed.close())
	}
	return e, nil
}

func (e *entryReader) close() error {
	return errors.Join(e.posted.close(), e.reversed.close(), e.held.close())
}

// entry reads the record at index.
func (e *entryReader) entry(a settlement.Account, index uint64) (x StatementEntry, err error) {
	if x.Posted, err = listed(e.posted, index); err != nil {
		return x, err
	}
	for i := range x.Posted.Lines {
		l := StatementLine{Line: x.Posted.Lines[i], Number: uint64(i)}
		if l.Role != a.Role || l.Party != a.Party {
			continue
		}
		ref := settlement.LineRef{Index: index, Line: l.Number}
		if l.Reversed, _, err = e.reversed.get(ref); err != nil {
			return x, err
		}
		h, ok, err := e.held.get(ref)
		if err != nil {
			return x, err
		}
		if ok {
			l.Held = h.Now
		}
		x.Lines = append(x.Lines, l)
	}
	return x, nil
}

// listed returns the postings of a record that a list names.
func listed(a *ahead[uint64, *settlement.Posted], index uint64) (*settlement.Posted, error) {
	p, ok, err := a.get(index)
	if err == nil && !ok {
		err = damaged(index, nil, "postings of a listed record are missing")
	}
	return p, err
}
