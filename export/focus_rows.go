package export

import (
	"math/bits"
	"slices"
	"strconv"

	"github.com/forgepool/settle/codec"
	"github.com/forgepool/settle/settlement"
)

// row is one row: what all rows of a record share, and its own part.
type row struct {
	*common
	account   codec.ID
	billed    int64            // in the currency
	list      int64            // in the currency
	credits   int64            // micro-Credits
	component *codec.Component // nil: of an adjustment
}

// common is what the rows of a record share.
type common struct {
	index, cycle         uint64
	leaf                 codec.Hash
	record, author       codec.ID
	price                *Price
	billing, charged     period
	service, chargeClass string
	accountName          string // a label
	subAccount           string // a label
	tags                 string
	workload             codec.ID
	program, policy      codec.Hash
	token                codec.Hash
	adapter              *codec.ID
	class                uint64
	profile              string
	target               uint64      // of an adjustment
	cause                codec.Cause // of an adjustment
}

func newCommon(rec *Record, h codec.Header) common {
	return common{index: rec.Index, leaf: rec.Leaf, record: h.ID, author: h.Author, cycle: h.Cycle}
}

func (r *row) category() string {
	if r.component == nil {
		return "Adjustment"
	}
	return "Usage"
}

// describe appends a sentence about the charge.
func (r *row) describe(b []byte) []byte {
	if r.component == nil {
		b = strconv.AppendUint(append(b, "correction of record "...), r.target, 10)
		return append(append(b, ": "...), causeName(r.cause)...)
	}
	b = append(append(b, componentName(r.component.Code)...), " of "...)
	return append(append(append(b, r.service...), ' '), r.profile...)
}

// charges returns the rows of a settlement.
func (f *FOCUS) charges(rec *Record, blobs Blobs) (Rows, error) {
	o, err := open(rec, blobs)
	if err != nil {
		return nil, err
	}
	defer o.close()
	all, err := f.settled(rec, o)
	if err != nil {
		return nil, err
	}
	charge, err := all.price.convert(o.Charge)
	if err != nil {
		return nil, atIndex(rec.Index, err)
	}
	components := slices.Clone(o.detail.Components)
	credits, err := shareCharge(rec.Index, o.Charge, components)
	if err != nil {
		return nil, err
	}
	billed := credits
	if charge != o.Charge {
		if billed, err = shareCharge(rec.Index, charge, components); err != nil {
			return nil, err
		}
	}
	rows := make(Rows, len(components))
	for i := range rows {
		list, err := all.price.convert(components[i].Amount)
		if err != nil {
			return nil, atIndex(rec.Index, err)
		}
		rows[i] = row{common: all, account: o.customer, billed: int64(billed[i]), list: int64(list),
			credits: int64(credits[i]), component: &components[i]}
	}
	return rows, nil
}

// settled is what the rows of a settlement share.
func (f *FOCUS) settled(rec *Record, o *opened) (*common, error) {
	c := newCommon(rec, o.Header())
	program := o.names()
	c.service, c.profile, c.program = program.service, program.of.Profile, program.id
	c.accountName, c.subAccount, c.tags = o.label("organization"), o.label("project"), o.tags()
	c.charged = period{o.Times.Started / msPerSecond, o.Times.Finalized/msPerSecond + 1}
	c.workload, c.policy, c.class, c.token = o.Workload, o.Policy, o.Class, o.replayToken(program.id)
	if o.Adapter != nil {
		c.adapter = new(*o.Adapter)
	}
	var err error
	if c.billing, err = f.ledger.period(rec.Index, o.Cycle); err != nil {
		return nil, err
	}
	c.price = &inCredits
	if f.currency != credit {
		c.price, err = f.ledger.price(rec.Index, o.Policy, f.currency)
	}
	return &c, err
}

// shareCharge divides a charge among its components in proportion to their amounts, by
// the largest remainder: discount and minimum charge are spread, nothing is lost.
func shareCharge(index, charge uint64, components []codec.Component) ([]uint64, error) {
	gross, weights := uint64(0), make([]uint64, len(components))
	for i := range components {
		var carry uint64
		if gross, carry = bits.Add64(gross, components[i].Amount, 0); carry != 0 {
			return nil, contradiction(index, "the components add up to 2^64 or more")
		}
		weights[i] = components[i].Amount
	}
	if gross == 0 {
		weights[0] = 1
	}
	return settlement.SplitPool(charge, weights), nil
}

// corrections returns the rows of an adjustment: its customer lines.
func (f *FOCUS) corrections(rec *Record, blobs Blobs) (Rows, error) {
	postings, err := Postings(rec, blobs)
	if err != nil {
		return nil, err
	}
	return f.PostingRows(rec, postings)
}

// PostingRows returns the rows that postings of an adjustment make: those to customers. The
// caller has proven that the record commits to them. Errors: ErrFalse, ErrPrice.
func (f *FOCUS) PostingRows(rec *Record, postings []codec.Posting) (Rows, error) {
	a, err := rec.adjustment()
	if err != nil {
		return nil, err
	}
	all, err := f.adjusted(rec, a)
	if err != nil {
		return nil, err
	}
	var rows Rows
	for i := range postings {
		if p := &postings[i]; p.Role == codec.RoleCustomer {
			cost, err := all.price.convert(p.Amount)
			if err != nil {
				return nil, atIndex(rec.Index, err)
			}
			r := row{common: all, account: p.Party, billed: int64(cost), credits: int64(p.Amount)}
			if p.Side == codec.Credit {
				r.billed, r.credits = -r.billed, -r.credits
			}
			r.list = r.billed
			rows = append(rows, r)
		}
	}
	return rows, nil
}

// adjusted is what the rows of an adjustment share.
func (f *FOCUS) adjusted(rec *Record, a *codec.Adjustment) (*common, error) {
	c := newCommon(rec, a.Header())
	c.service, c.target, c.cause = "Adjustment", a.Target.Index, a.Cause
	c.charged = period{a.At / msPerSecond, a.At/msPerSecond + 1}
	if a.ServiceCycle != a.Cycle {
		c.chargeClass = "Correction"
	}
	var err error
	if c.billing, err = f.ledger.period(rec.Index, a.Cycle); err != nil {
		return nil, err
	}
	c.price = &inCredits
	if f.currency != credit {
		c.price, err = f.ledger.priceIn(rec.Index, a.ServiceCycle, f.currency)
	}
	return &c, err
}
