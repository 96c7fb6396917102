package settlement

import (
	"slices"

	"github.com/forgepool/settle/codec"
)

// closing is the work on one close.
type closing struct {
	*judgement
	b      *codec.Cycle
	cycle  *Cycle // that was cut
	want   *Closing
	policy *Policy // of that cycle
}

func badClose(why string) *codec.Refusal { return codec.Refuse(codec.CodeBadClose, why) }

// close decides on op 2: every value is what the ledger computes as of the cut.
func (j *judgement) close(b *codec.Cycle) *codec.Refusal {
	if _, r := j.boundarySigned(&signerRule{hub: true}); r != nil { // A5, A3
		return r
	}
	c := closing{judgement: j, b: b, cycle: j.v.Unclosed(), want: j.v.Closing()}
	if c.cycle == nil || c.want == nil || b.Cycle != c.cycle.Number { // A4
		return codec.Refuse(codec.CodeClosedCycle, "not the cycle that was cut and waits for its close")
	}
	c.policy = j.v.PolicyFor(b.Cycle)
	for _, check := range [...]func() *codec.Refusal{c.span, c.money, c.reference, c.beacon, c.rest} {
		if r := check(); r != nil {
			return r
		}
	}
	closed := *c.cycle
	closed.Close = j.boundaryHere(b.Beacon)
	j.change.Cycles = []*Cycle{&closed}
	return nil
}

// span is rows 10 to 12.
func (c *closing) span() *codec.Refusal {
	var prev codec.RecordRef
	if c.cycle.First > 1 {
		prev = c.v.Cycle(c.cycle.Before).Close.RecordRef
	}
	switch {
	case *c.b.Range != c.want.Range:
		return badClose("range")
	case *c.b.Prev != prev:
		return codec.Refuse(codec.CodeWrongPrev, "prev is not the previous close")
	case !slices.Equal(c.b.Counts, c.want.Counts[:]):
		return badClose("counts")
	}
	return nil
}

// money is rows 13 to 16. What a close states balances, because it is what the ledger
// computes from records that balance; it is checked nevertheless.
func (c *closing) money() *codec.Refusal {
	switch {
	case *c.b.Journal != c.want.Journal:
		return badClose("journal")
	case *c.b.Parties != c.want.Parties:
		return badClose("parties")
	case !slices.Equal(*c.b.Subtotals, c.want.Subtotals):
		return badClose("subtotals")
	case c.b.Journal.Credit != c.b.Journal.Debit,
		c.b.Parties.Credit != c.b.Journal.Credit, c.b.Parties.Debit != c.b.Journal.Debit:
		return badClose("journal and parties do not balance")
	case !conserved(*c.b.Subtotals, c.b.Journal.Credit):
		return badClose("what customers owe is not what the others are due")
	case *c.b.Held != c.want.Held:
		return badClose("held")
	}
	return nil
}

// conserved says whether the subtotals add up to a total on both sides, and customers'
// debit less credit is credit less debit of providers, adapters and platform.
func conserved(list []codec.Subtotal, total uint64) bool {
	var credit, debit, owed, due uint64 // modulo 2^64
	for i := range list {
		s := &list[i]
		credit, debit = credit+s.Credit, debit+s.Debit
		if s.Role == codec.RoleCustomer {
			owed += s.Debit - s.Credit
		} else {
			due += s.Credit - s.Debit
		}
	}
	return credit == total && debit == total && owed == due
}

// reference is rows 17 and 18.
func (c *closing) reference() *codec.Refusal {
	switch {
	case *c.b.Policy != c.policy.Hash:
		return codec.Refuse(codec.CodeUnknownPolicy, "not the policy of the cycle")
	case *c.b.Log != c.want.Log:
		return badClose("log")
	}
	return nil
}

// beacon is row 19: a close that comes when the cut's round is less than an hour away
// names a later one, or who closes could wait for a value that suits.
func (c *closing) beacon() *codec.Refusal {
	named := c.cycle.Cut.Beacon
	late := named != nil && !c.ahead(named.NotBefore)
	switch {
	case late != (c.b.Beacon != nil):
		return badClose("a beacon exactly if the cut's is too near by now")
	case late && !c.fits(&c.policy.Body.Audit.Beacon, c.b.Beacon):
		return badClose("not the round of the policy's beacon at this time, or less than an hour ahead")
	}
	return nil
}

// rest is rows 21, 22 and 24.
func (c *closing) rest() *codec.Refusal {
	switch {
	case *c.b.Unfinished != c.want.Unfinished:
		return badClose("unfinished")
	case *c.b.Batches != c.want.Batches:
		return badClose("batches")
	case *c.b.Cut != c.cycle.Cut.RecordRef:
		return codec.Refuse(codec.CodeUnknownTarget, "cut is not the record that ended the cycle")
	}
	return nil
}
