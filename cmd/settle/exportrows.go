package main

import (
	"fmt"
	"slices"

	"github.com/forgepool/settle/api"
	"github.com/forgepool/settle/codec"
	"github.com/forgepool/settle/export"
	"github.com/forgepool/settle/verifier"
)

// exportRows makes the rows of records: of all, or of those of one customer, which then
// must be that customer's.
type exportRows struct {
	*attachments
	customer *codec.ID // nil: all
}

// focus returns the FOCUS rows of a record.
func (x *exportRows) focus(f *export.FOCUS, r *export.Record, blobs export.Blobs) (export.Rows, error) {
	if x.customer == nil {
		return f.Rows(r, blobs)
	}
	if r.Kind == codec.KindAdjustment {
		own, err := x.postings(r, blobs)
		if err != nil {
			return nil, err
		}
		return f.PostingRows(r, own)
	}
	rows, err := f.Rows(r, blobs)
	if err == nil && len(rows.Of(*x.customer)) == 0 {
		err = x.stranger(r)
	}
	return rows, err
}

// text returns the rows of a record as text.
func (x *exportRows) text(f export.Format, r *export.Record, blobs export.Blobs) ([]byte, error) {
	if focus, ok := f.(*export.FOCUS); ok {
		rows, err := x.focus(focus, r, blobs)
		if err != nil {
			return nil, err
		}
		return focus.AppendRows(nil, rows), nil
	}
	if x.customer != nil {
		if err := x.concerns(r, blobs); err != nil {
			return nil, err
		}
	}
	return f.Append(nil, r, blobs)
}

// concerns checks that a record is the customer's.
func (x *exportRows) concerns(r *export.Record, blobs export.Blobs) error {
	if r.Kind == codec.KindAdjustment {
		_, err := x.postings(r, blobs)
		return err
	}
	if r.Kind != codec.KindSettlement {
		return x.stranger(r)
	}
	customer, err := export.Customer(r, blobs)
	if err == nil && customer != *x.customer {
		err = x.stranger(r)
	}
	return err
}

// postings returns the customer's postings of an adjustment, at least one, proven against
// the record. Its detail is not for the customer, who asks for the own share instead.
func (x *exportRows) postings(r *export.Record, blobs export.Blobs) ([]codec.Posting, error) {
	all, err := export.Postings(r, blobs)
	if api.CodeOf(err) == codec.CodeForbidden {
		all, err = x.share(r)
	}
	if err != nil {
		return nil, err
	}
	own := slices.DeleteFunc(all, func(p codec.Posting) bool { return p.Role != codec.RoleCustomer || p.Party != *x.customer })
	if len(own) == 0 {
		return nil, x.stranger(r)
	}
	return own, nil
}

// share returns the asker's postings of a record.
func (x *exportRows) share(r *export.Record) ([]codec.Posting, error) {
	s, err := fetchShare(x.ctx, x.api, r.Index)
	if err != nil {
		return nil, unavailable(err)
	}
	if _, err := s.Check(r.Bytes); err != nil {
		return nil, err
	}
	postings := make([]codec.Posting, len(s.Postings))
	for i := range s.Postings {
		postings[i] = s.Postings[i].Posting
	}
	return postings, nil
}

func (x *exportRows) stranger(r *export.Record) error {
	return fmt.Errorf("%w: record %d does not concern customer %s", verifier.LieRecord, r.Index, x.customer)
}

// needed says what is fetched ahead for an export. Lines of JSON take nothing from
// attachments but whose record it is.
func (f *exportFlags) needed(customer *codec.ID) func(*export.Record) ([]codec.Hash, error) {
	switch {
	case f.isFOCUS():
		return export.Needed
	case customer == nil:
		return nil
	}
	return func(r *export.Record) ([]codec.Hash, error) {
		list, err := export.Needed(r)
		return list[:min(1, len(list))], err // the customer, or the correction
	}
}
