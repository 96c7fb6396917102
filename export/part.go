package export

import (
	"slices"

	"github.com/forgepool/settle/codec"
)

// Needed returns the hashes of the blobs that the rows of a record are made from, so that
// they can be fetched together. The error wraps ErrFalse.
func Needed(r *Record) ([]codec.Hash, error) {
	switch r.Kind {
	case codec.KindSettlement:
		s, err := r.settlement()
		if err != nil {
			return nil, err
		}
		list := []codec.Hash{s.Customer, s.Detail, s.Shards.Blob}
		if s.Labels != nil {
			list = append(list, *s.Labels)
		}
		return list, nil
	case codec.KindAdjustment:
		a, err := r.adjustment()
		if err != nil {
			return nil, err
		}
		return []codec.Hash{a.Detail}, nil
	}
	return nil, nil
}

// Customer returns the customer of a settlement. Errors: ErrFalse, ErrBlob, those of blobs.
func Customer(r *Record, blobs Blobs) (codec.ID, error) {
	it := new(Item)
	err := it.OpenCustomer(r, blobs)
	return it.Customer, err
}

// Of returns the rows that are billed to a customer.
func (r Rows) Of(customer codec.ID) Rows {
	return slices.DeleteFunc(slices.Clone(r), func(x row) bool { return x.account != customer })
}

// Postings returns the postings of an adjustment, which rebuild what it states. Errors:
// ErrFalse, ErrBlob, those of blobs.
func Postings(r *Record, blobs Blobs) ([]codec.Posting, error) {
	a, err := r.adjustment()
	if err != nil {
		return nil, err
	}
	blob, err := blobs.fetch("correction", a.Detail)
	if err != nil {
		return nil, err
	}
	c, err := codec.DecodeCorrection(blob)
	if err != nil {
		return nil, contradiction(r.Index, "%v", err)
	}
	return c.Postings, checkPostings(r.Index, c.Postings, a.Postings, a.Totals)
}
