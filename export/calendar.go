package export

import (
	"github.com/forgepool/settle/codec"
)

// calendar is what rows take from records before and behind their own: when the cycles
// began and ended, and what the policies say.
type calendar struct {
	begun    map[uint64]uint64 // ms, by cycle
	cut      map[uint64]uint64 // ms, by cycle
	policies []policyPrices    // by version
}

// policyPrices is what a policy says about prices of the Credit.
type policyPrices struct {
	hash   codec.Hash
	from   uint64 // cycle
	prices []Price
}

func newCalendar(first, created uint64) calendar {
	return calendar{begun: map[uint64]uint64{first: created}, cut: map[uint64]uint64{}}
}

// Learns says whether Learn takes anything from records of a kind.
func Learns(kind codec.Kind) bool { return kind == codec.KindPolicy || kind == codec.KindCycle }

// Learn takes in a record that FOCUS rows depend on beside their own: a policy or a cut;
// all others are ignored. Records come in the order of their indexes, each once, and
// all that stand below the checkpoint before the first row. It must not be called while
// rows are made. The error wraps ErrFalse.
func (l *Ledger) Learn(r *Record) error {
	switch r.Kind {
	case codec.KindPolicy:
		return l.learnPolicy(r.Index, r.Body)
	case codec.KindCycle:
		return l.learnCut(r)
	}
	return nil
}

func (l *Ledger) learnPolicy(index uint64, body []byte) error {
	var p codec.Policy
	if err := codec.DecodePolicy(body, &p); err != nil {
		return contradiction(index, "%v", err)
	}
	l.calendar.policies = append(l.calendar.policies, policyPrices{codec.BlobHash(body), p.EffectiveFrom, pricesOf(&p)})
	return nil
}

func (l *Ledger) learnCut(r *Record) error {
	var c codec.Cycle
	if err := codec.DecodeCycle(r.Body, &c); err != nil {
		return contradiction(r.Index, "%v", err)
	}
	if c.Op != codec.CycleCut {
		return nil
	}
	if c.Next == nil || *c.Next <= c.Cycle {
		return contradiction(r.Index, "a cut without a next cycle")
	}
	if _, again := l.calendar.cut[c.Cycle]; again {
		return contradiction(r.Index, "cycle %d is cut twice", c.Cycle)
	}
	at := max(c.At, l.calendar.begun[c.Cycle]) // clocks of hubs may differ
	l.calendar.cut[c.Cycle], l.calendar.begun[*c.Next] = at, at
	return nil
}

// period is a billing period in Unix seconds, the end exclusive.
type period struct{ start, end uint64 }

// period returns the billing period of a cycle: from the cut before it to its own, or to
// the end of a month while it is open (docs/formats/exports.md section 4). The error
// wraps ErrFalse.
func (l *Ledger) period(index, cycle uint64) (period, error) {
	begun, ok := l.calendar.begun[cycle]
	if !ok {
		return period{}, contradiction(index, "cycle %d has not begun", cycle)
	}
	p := period{start: begun / msPerSecond}
	if cut, ok := l.calendar.cut[cycle]; ok {
		p.end = cut / msPerSecond
		return p, nil
	}
	p.end = monthAfter(dateOf(p.start / secondsADay))
	if l.Numbering == codec.CyclesMonths {
		d := date{year: cycle / 100, month: cycle % 100}
		if d.month < 1 || d.month > 12 || d.year < 1970 || d.year > 9999 {
			return period{}, contradiction(index, "cycle %d is no month", cycle)
		}
		if end := monthAfter(d); end > p.start {
			p.end = end
		}
	}
	return p, nil
}

// price returns the price of a Credit in a currency under the policy with a hash. The
// errors wrap ErrFalse and ErrPrice.
func (l *Ledger) price(index uint64, policy codec.Hash, currency string) (*Price, error) {
	for i := range l.calendar.policies {
		if p := &l.calendar.policies[i]; p.hash == policy {
			return p.price(index, currency)
		}
	}
	return nil, contradiction(index, "policy %s is not in the log", policy)
}

// priceIn returns the price under the policy in force in a cycle: the last one that
// governs from it or from an earlier one.
func (l *Ledger) priceIn(index, cycle uint64, currency string) (*Price, error) {
	for i := len(l.calendar.policies) - 1; i >= 0; i-- {
		if p := &l.calendar.policies[i]; p.from <= cycle {
			return p.price(index, currency)
		}
	}
	return nil, contradiction(index, "no policy governs cycle %d", cycle)
}

func (p *policyPrices) price(index uint64, currency string) (*Price, error) {
	for i := range p.prices {
		if p.prices[i].Currency == currency {
			return &p.prices[i], nil
		}
	}
	return nil, noPrice(index, p.hash, currency)
}
