package settlement

import (
	"slices"

	"github.com/forgepool/settle/codec"
)

// post makes the change of a dispute that is opened: per line the larger of what is
// held and what is claimed is held.
func (o *opening) post() *codec.Refusal {
	held, all := newBooks(o.judgement), o.v.Held()
	for _, l := range o.d.Lines {
		ref, before, ok := LineRef{o.target.Index, l.Line}, uint64(0), false
		if h := o.v.Hold(ref); h != nil {
			before = h.Now
		}
		if all, ok = sum(all, above(l.Amount, before)); !ok {
			return overflow("holds of all cycles")
		}
		if r := o.moveHold(held, ref, &o.posted.Lines[l.Line], max(before, l.Amount)); r != nil {
			return r
		}
	}
	contest := &Contest{Target: o.target.Index}
	if o.contest != nil {
		contest.Open = slices.Clone(o.contest.Open)
	}
	contest.Open = append(contest.Open, o.at.Index)
	o.change.Dispute, o.change.Contest, o.change.Balances = o.d, contest, held.list
	o.markDisputed(o.d, codec.StateDisputed)
	return nil
}

// endDispute makes the change of a ruling or a withdrawal: what other open disputes
// still claim stays held.
func (j *judgement) endDispute(d *Dispute, status DisputeStatus, accepted uint64) *codec.Refusal {
	after := *d
	after.Status, after.Accepted, after.Ruled = status, accepted, j.at.Index
	contest := &Contest{Target: d.Target.Index}
	var others []*Dispute
	for _, opened := range j.v.Contest(d.Target.Index).Open {
		if opened != d.Opened {
			contest.Open = append(contest.Open, opened)
			others = append(others, j.v.Dispute(opened))
		}
	}
	held, posted := newBooks(j), j.v.Posted(d.Target.Index)
	claims := largestClaims(d.Lines, others)
	for i, l := range d.Lines {
		if r := j.moveHold(held, LineRef{d.Target.Index, l.Line}, &posted.Lines[l.Line], claims[i]); r != nil {
			return r
		}
	}
	j.change.Dispute, j.change.Contest, j.change.Balances = &after, contest, held.list
	j.change.Ruling = &Ruling{Index: j.at.Index, Opened: d.Opened}
	if len(contest.Open) == 0 {
		j.markDisputed(d, codec.StateFinalized)
	}
	return nil
}

// largestClaims returns for each of some lines the largest claim of other disputes.
// All lists ascend by line.
func largestClaims(lines []codec.HeldLine, others []*Dispute) []uint64 {
	claims := make([]uint64, len(lines))
	for _, d := range others {
		at := 0
		for _, l := range d.Lines {
			for at < len(lines) && lines[at].Line < l.Line {
				at++
			}
			if at == len(lines) {
				break
			}
			if lines[at].Line == l.Line {
				claims[at] = max(claims[at], l.Amount)
			}
		}
	}
	return claims
}

// markDisputed derives the state of a settled workload. A dispute about a plan leaves
// it alone.
func (j *judgement) markDisputed(d *Dispute, state codec.State) {
	if d.Workload == nil {
		return
	}
	before := j.v.Workload(d.Workload.Author, d.Workload.Workload)
	if before.SettledAt != d.Target.Index || before.State == state {
		return
	}
	after := *before
	after.State = state
	j.change.Workload = &after
}

// moveHold sets what is held of a line. The account of the line in the open cycle gets
// the increase or the decrease against the last cut.
func (j *judgement) moveHold(accounts *books, ref LineRef, line *Line, now uint64) *codec.Refusal {
	before := Hold{LineRef: ref}
	if h := j.v.Hold(ref); h != nil {
		before = *h
	}
	if now == before.Now {
		return nil
	}
	base := before.AtCut(j.at.Cycle)
	b := accounts.of(line.Role, line.Party)
	held, ok := sum(b.Held-above(before.Now, base), above(now, base))
	released, also := sum(b.Released-above(base, before.Now), above(base, now))
	if !ok || !also {
		return overflow("holds of " + line.Party.String())
	}
	b.Held, b.Released = held, released
	j.change.Holds = append(j.change.Holds, &Hold{LineRef: ref, Now: now, Before: base, Cycle: j.at.Cycle})
	return nil
}

// above returns how much a is more than b, 0 if it is not.
func above(a, b uint64) uint64 { return max(a, b) - b }

// books collects new balances of the open cycle; several lines may meet one account.
type books struct {
	j    *judgement
	at   map[Account]*Balance
	list []*Balance // in the order in which they were met
}

func newBooks(j *judgement) *books { return &books{j: j, at: map[Account]*Balance{}} }

// of returns the balance of an account, to be changed in place.
func (x *books) of(role codec.Role, party codec.ID) *Balance {
	a := Account{x.j.at.Cycle, role, party}
	if b := x.at[a]; b != nil {
		return b
	}
	b := *x.j.v.Balance(a)
	x.at[a], x.list = &b, append(x.list, &b)
	return &b
}
