package settlement

import (
	"testing"

	"github.com/forgepool/settle/codec"
)

// inMonth moves a world by hand into another month, under its policy.
func inMonth(t *testing.T, month uint64, edits ...func(*codec.Policy)) *world {
	w := newWorld(t, edits...)
	policy := *w.policies[0]
	body := *policy.Body
	body.EffectiveFrom, policy.Body = min(month, body.EffectiveFrom), &body
	w.policies = []*Policy{&policy}
	cycle := *w.Cycle(worldCycle)
	cycle.Number = month
	w.cycles[month], w.moment.Cycle = &cycle, month
	return w
}

// After the last month that has a number comes none, whatever the cut says.
func TestLastMonth(t *testing.T) {
	for month, next := range map[uint64]uint64{999_911: 999_912, 999_912: 0} {
		w := inMonth(t, month)
		keys := append(w.governance(), w.hub.owner())
		for _, lie := range []uint64{0, 1, 999_913, 1_000_001} {
			c := w.cutting()
			*c.Next = lie
			w.refused(codec.CodeBadCut, nil, signedCycle(c, keys...))
		}
		c := w.cutting()
		if *c.Next = next; next == 0 {
			w.refused(codec.CodeBadCut, nil, signedCycle(c, keys...))
		} else {
			w.accepted(nil, signedCycle(c, keys...))
		}
	}
}

// A month is over when the next one begins and the grace has passed, to the millisecond;
// months before 1970 have long been over.
func TestEndOfAMonth(t *testing.T) {
	for _, c := range []struct {
		month, grace, now uint64
		code              codec.Code
	}{
		{worldCycle, 0, october - 1, codec.CodeTooEarly}, {worldCycle, 0, october, ""},
		{worldCycle, 1, october, codec.CodeTooEarly}, {worldCycle, 1, october + 1, ""},
		{worldCycle, codec.MaxAmount, october + 365*day, codec.CodeTooEarly},
		{196911, 0, worldStart, ""}, {196911, day, worldStart, ""}, {196912, 0, worldStart, ""},
		{196911, worldStart + 31*day, worldStart, ""}, {196911, worldStart + 31*day + 1, worldStart, codec.CodeTooEarly},
	} {
		w := inMonth(t, c.month, func(p *codec.Policy) { p.Grace = c.grace })
		w.promise("auditor", c.month)
		w.now = c.now
		if r := signedCycle(w.cutting(), w.hub.owner()); c.code != "" {
			w.refused(c.code, nil, r)
		} else {
			w.accepted(nil, r)
		}
	}
}

// As many intents as the policy asks for, and one less.
func TestIntentsOfACut(t *testing.T) {
	w := inMonth(t, worldCycle)
	w.policies[0].Body.Audit.MinAuditors = 2
	w.registerAuditor("auditor 2")
	w.promise("auditor", worldCycle)
	w.promise("auditor 2", worldCycle+1) // of another cycle: it does not count
	w.now = october + day
	cut := signedCycle(w.cutting(), w.hub.owner())
	w.refused(codec.CodeBadCut, nil, cut)
	w.promise("auditor 2", worldCycle)
	w.accepted(nil, cut)
	if c := w.Cycle(worldCycle + 1); c.Intents != 1 || c.First != w.moment.Index {
		t.Errorf("the cycle that was announced: %+v", c)
	}
}

// Times of rounds whose product leaves 64 bits have no place among those that do not.
func TestRoundTimeBeyond64Bits(t *testing.T) {
	for _, c := range []struct {
		period, round uint64
		ok            bool
	}{
		{1 << 32, 1 << 20, true}, {1 << 32, 1<<32 + 1, false}, {1 << 63, 3, false}, {1<<64 - 1, 0, false}, {1, 1, true},
	} {
		if ms, ok := RoundTime(&codec.Beacon{Genesis: 5, Period: c.period}, c.round); ok != c.ok || ok && ms != ((c.round-1)*c.period+5)*1_000 {
			t.Errorf("round %d of period %d: %d, %v", c.round, c.period, ms, ok)
		}
	}
}
