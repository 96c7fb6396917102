package settlement

import "github.com/forgepool/settle/codec"

// PreparedBoundary is a cut or a close with the checks made that need no state.
type PreparedBoundary struct {
	Body codec.Cycle
}

func (r *PreparedRecord) prepareBoundary() *codec.Refusal {
	x := new(PreparedBoundary)
	if err := codec.Decode(r.Body, &x.Body); err != nil {
		return undecodable(err)
	}
	if fault := r.setHeader(x.Body.Header()); fault != nil {
		return fault
	}
	if fault := checkBoundaryForm(&x.Body); fault != nil {
		return fault
	}
	r.Boundary = x
	return nil
}

// checkBoundaryForm checks that exactly the keys of the operation are present, and
// ranges.
func checkBoundaryForm(b *codec.Cycle) *codec.Refusal {
	if b.Op != codec.CycleCut && b.Op != codec.CycleClose {
		return malformed("unknown operation on a cycle")
	}
	isClose := b.Op == codec.CycleClose
	for _, present := range [...]bool{
		b.Range != nil, b.Prev != nil, b.Counts != nil, b.Journal != nil, b.Parties != nil, b.Subtotals != nil,
		b.Held != nil, b.Policy != nil, b.Log != nil, b.Unfinished != nil, b.Batches != nil, b.Cut != nil,
		b.Next == nil,
	} {
		if present != isClose {
			return malformed("keys missing, or not of this operation")
		}
	}
	if x := b.Beacon; x != nil && outOfRange(x.Round, x.NotBefore) {
		return codec.Refuse(codec.CodeOutOfRange, "a beacon of 2^63 or more")
	}
	if !isClose {
		if outOfRange(*b.Next) {
			return codec.Refuse(codec.CodeOutOfRange, "a cycle of 2^63 or more")
		}
		return nil
	}
	return checkCloseRange(b)
}

// checkCloseRange checks the ranges of what a close states.
func checkCloseRange(b *codec.Cycle) *codec.Refusal {
	out := outOfRange(b.Range.Min, b.Range.Max, b.Prev.Index, b.Log.Size, *b.Unfinished, b.Batches.N, b.Cut.Index) ||
		outOfRange(b.Counts...) || outOfRange(b.Journal.N, b.Journal.Credit, b.Journal.Debit) ||
		outOfRange(b.Parties.N, b.Parties.Postings, b.Parties.Credit, b.Parties.Debit) ||
		outOfRange(b.Held.Disputes, b.Held.Held, b.Held.Released)
	for _, s := range *b.Subtotals {
		out = out || outOfRange(s.N, s.Credit, s.Debit)
	}
	if out {
		return codec.Refuse(codec.CodeOutOfRange, "a value of the close of 2^63 or more")
	}
	return nil
}
