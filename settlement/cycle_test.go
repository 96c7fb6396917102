package settlement

import (
	"testing"
	"time"

	"github.com/forgepool/settle/codec"
)

// The calendar agrees with the one of the standard library over all months that have a
// number.
func TestMonths(t *testing.T) {
	at := time.Date(1000, 1, 1, 0, 0, 0, 0, time.UTC)
	for month, ok := uint64(1000_01), true; ok; at = at.AddDate(0, 1, 0) {
		if got := MonthStart(month); got != at.UnixMilli() || month != uint64(at.Year()*100+int(at.Month())) {
			t.Fatalf("%d begins at %d, want %v", month, got, at)
		}
		month, ok = NextCycle(codec.CyclesMonths, month)
	}
	if at.Year() != 10_000 {
		t.Errorf("the last month ends at %v", at)
	}
	if _, ok := NextCycle(codec.CyclesCounter, codec.MaxAmount); ok {
		t.Error("a cycle after the last number")
	}
	if elapsed(-5, 7) != 12 || elapsed(5, 7) != 2 || elapsed(7, 5) != 0 {
		t.Error("elapsed")
	}
}

func TestRoundTime(t *testing.T) {
	b := &codec.Beacon{Genesis: 1_692_803_367, Period: 3, Present: true}
	for _, c := range []struct {
		round, ms uint64
		ok        bool
	}{
		{0, 0, false}, {1, 1_692_803_367_000, true}, {2, 1_692_803_370_000, true}, {1 << 63, 0, false}, {1<<64 - 1, 0, false},
	} {
		if ms, ok := RoundTime(b, c.round); ms != c.ms || ok != c.ok {
			t.Errorf("round %d: %d, %v", c.round, ms, ok)
		}
	}
	last := uint64(codec.MaxAmount / 1_000)
	if ms, ok := RoundTime(&codec.Beacon{Genesis: last, Period: 1}, 1); !ok || ms != last*1_000 {
		t.Error("the last second")
	}
	if _, ok := RoundTime(&codec.Beacon{Genesis: last, Period: 1}, 2); ok {
		t.Error("a second beyond the last")
	}
	if _, ok := RoundTime(&codec.Beacon{Genesis: 1<<64 - 1, Period: 1}, 2); ok {
		t.Error("a sum beyond 64 bits")
	}
}

var cutLies = []struct {
	name string
	code codec.Code
	lie  func(*codec.Cycle)
}{
	{"no operation", codec.CodeMalformed, func(c *codec.Cycle) { c.Op = 0 }},
	{"operation 3", codec.CodeMalformed, func(c *codec.Cycle) { c.Op = 3 }},
	{"no next", codec.CodeMalformed, func(c *codec.Cycle) { c.Next = nil }},
	{"a key of the close", codec.CodeMalformed, func(c *codec.Cycle) { c.Unfinished = ptr(uint64(0)) }},
	{"next 2^63", codec.CodeOutOfRange, func(c *codec.Cycle) { *c.Next = 1 << 63 }},
	{"time 2^63", codec.CodeOutOfRange, func(c *codec.Cycle) { c.At = 1 << 63 }},
	{"author did not sign", codec.CodeWrongAuthor, func(c *codec.Cycle) { c.Author[0]++ }},
	{"too old", codec.CodeOutOfTime, func(c *codec.Cycle) { c.At -= 7*day + 1 }},
	{"too new", codec.CodeOutOfTime, func(c *codec.Cycle) { c.At += 600_001 }},
	{"cycle before", codec.CodeClosedCycle, func(c *codec.Cycle) { c.Cycle-- }},
	{"cycle after", codec.CodeClosedCycle, func(c *codec.Cycle) { c.Cycle++ }},
	{"beacon without a rule", codec.CodeBadCut, func(c *codec.Cycle) { c.Beacon = &codec.BeaconRound{} }},
	{"this cycle again", codec.CodeBadCut, func(c *codec.Cycle) { *c.Next = c.Cycle }},
	{"a month left out", codec.CodeBadCut, func(c *codec.Cycle) { *c.Next++ }},
}

func TestCutLies(t *testing.T) {
	w := newWorld(t)
	w.promise("auditor", worldCycle)
	w.now = october + day
	for _, c := range cutLies {
		t.Run(c.name, func(t *testing.T) {
			w.TB = t
			body := w.cutting()
			c.lie(body)
			w.unmoved(func() { w.refused(c.code, nil, signedCycle(body, w.hub.owner())) })
		})
	}
	w.TB = t
	auditor, gov := w.actors["auditor"].owner(), w.governance()
	w.refused(codec.CodeUnsigned, nil, signedCycle(w.cutting()))
	w.refused(codec.CodeUnsigned, nil, signedCycle(w.cutting(), gov...))
	w.refused(codec.CodeUnsigned, nil, signedCycle(w.cutting(), w.hub.owner(), gov[0]))
	w.refused(codec.CodeWrongSigners, nil, signedCycle(w.cutting(), w.hub.owner(), auditor))
	w.refused(codec.CodeWrongSigners, nil, signedCycle(w.cutting(), w.hub.owner(), w.actors["hub 2"].owner()))
	w.accepted(nil, signedCycle(w.cutting(), w.hub.owner()))
	ended, opened := w.Cycle(worldCycle), w.Cycle(worldCycle+1)
	at := w.moment.Index - 1
	if w.moment.Cycle != worldCycle+1 || ended.Cut.Index != at || ended.Cut.Leaf != w.logged[at].Leaf || ended.Cut.Stamp != w.now ||
		opened.First != at+1 || opened.Before != worldCycle || opened.Intents != 0 {
		t.Errorf("after the cut: %+v, %+v", ended, opened)
	}
	w.unmoved(func() { w.refused(codec.CodeBadCut, nil, signedCycle(w.cutting(), append(gov, w.hub.owner())...)) }) // not closed
}

// A cut waits for the month, the grace and the auditors; governance need not.
func TestCutTooEarly(t *testing.T) {
	for _, c := range []struct {
		name     string
		intents  bool
		now      uint64
		governed bool
		code     codec.Code
	}{
		{"nobody audits", false, october + day, false, codec.CodeBadCut},
		{"grace not over", true, october + day - 1, false, codec.CodeTooEarly},
		{"month not over", true, october - 1, false, codec.CodeTooEarly},
		{"in time", true, october + day, false, ""},
		{"governance", false, worldStart, true, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			if c.intents {
				w.promise("auditor", worldCycle)
			}
			w.now = c.now
			keys := w.governance()[:0]
			if c.governed {
				keys = w.governance()
			}
			r := signedCycle(w.cutting(), append(keys, w.hub.owner())...)
			if c.code == "" {
				w.accepted(nil, r)
				return
			}
			w.unmoved(func() { w.refused(c.code, nil, r) })
		})
	}
}

func TestCutIsTheLastOfItsBatch(t *testing.T) {
	w := newWorld(t)
	w.promise("auditor", worldCycle)
	w.now = october + day
	cut, other := signedCycle(w.cutting(), w.hub.owner()), w.setCap("customer", nil)
	verdicts, fault := w.submit(nil, cut, other)
	if fault != nil || verdicts[0].Refusal == nil || verdicts[0].Refusal.Code != codec.CodeBadCut || verdicts[1].Kind != codec.Appended {
		t.Fatalf("%v, %v", verdicts, fault)
	}
	w.accepted(nil, w.setCap("customer", nil), cut)
}

// Counted cycles end when the hub says so.
func TestCountedCycles(t *testing.T) {
	w := counters(t)
	w.refused(codec.CodeBadCut, nil, signedCycle(w.cutting(), w.hub.owner()))
	w.promise("auditor", 19)
	w.refused(codec.CodeBadAudit, nil, signedAudit(w.intent("auditor", 20), w.actors["auditor"].owner()))
	w.promise("auditor", 7)
	w.accepted(nil, signedCycle(w.cutting(), w.hub.owner()))
	w.closeUp()
	if w.moment.Cycle != 8 || w.Cycle(7).Close == nil || w.Unclosed() != nil {
		t.Errorf("%+v", w.Cycle(7))
	}
	w.accepted(nil, signedCycle(w.cutting(), append(w.governance(), w.hub.owner())...))
	w.closeUp()
	if w.Cycle(8).Before != 7 || w.Cycle(8).First != w.Cycle(7).Cut.Index+1 {
		t.Errorf("%+v", w.Cycle(8))
	}
}

// withBeacon gives policy 1 a beacon with a round every 30 s.
func withBeacon(p *codec.Policy) {
	p.Audit.Beacon = codec.Beacon{Chain: codec.Hash{9}, Genesis: 1_692_803_367, Period: 30, Present: true}
}

func TestBeaconOfACut(t *testing.T) {
	w := newWorld(t, withBeacon)
	w.promise("auditor", worldCycle)
	w.now = october + day
	for name, lie := range map[string]func(*codec.Cycle){
		"none":           func(c *codec.Cycle) { c.Beacon = nil },
		"other chain":    func(c *codec.Cycle) { c.Beacon.Chain[0]++ },
		"time too late":  func(c *codec.Cycle) { c.Beacon.NotBefore++ },
		"time of before": func(c *codec.Cycle) { c.Beacon.Round--; c.Beacon.NotBefore -= 0 },
		"too near":       func(c *codec.Cycle) { c.Beacon.Round--; c.Beacon.NotBefore -= 30_000 },
		"round 0":        func(c *codec.Cycle) { c.Beacon.Round = 0 },
	} {
		c := w.cutting()
		lie(c)
		t.Run(name, func(t *testing.T) {
			w.TB = t
			w.unmoved(func() { w.refused(codec.CodeBadCut, nil, signedCycle(c, w.hub.owner())) })
		})
	}
	w.TB = t
	c := w.cutting()
	c.Beacon.Round = 1 << 63
	w.refused(codec.CodeOutOfRange, nil, signedCycle(c, w.hub.owner()))
	c = w.cutting()
	w.now = c.Beacon.NotBefore - beaconLead // exactly an hour ahead
	w.accepted(nil, signedCycle(c, w.hub.owner()))

	named := w.Cycle(worldCycle).Cut.Beacon
	close := w.closingBody()
	close.Beacon = w.round(worldCycle)
	w.unmoved(func() { w.refused(codec.CodeBadClose, nil, signedCycle(close, w.hub.owner())) }) // not needed yet
	w.now++
	close = w.closingBody()
	w.unmoved(func() { w.refused(codec.CodeBadClose, nil, signedCycle(close, w.hub.owner())) }) // needed now
	close.Beacon = named
	w.refused(codec.CodeBadClose, nil, signedCycle(close, w.hub.owner()))
	close.Beacon = w.round(worldCycle)
	w.accepted(nil, signedCycle(close, w.hub.owner()))
	if got := w.Cycle(worldCycle).Beacon(); *got == *named || *got != *close.Beacon {
		t.Errorf("the beacon of the close does not count: %+v", got)
	}
}

func TestBeaconOfACutThatIsClosedInTime(t *testing.T) {
	w := newWorld(t, withBeacon)
	w.cutOff()
	named := w.Cycle(worldCycle).Cut.Beacon
	w.closeUp()
	if got := w.Cycle(worldCycle).Beacon(); got != named {
		t.Errorf("%+v", got)
	}
	if (&Cycle{}).Beacon() != nil {
		t.Error("a cycle that has not ended has a beacon")
	}
}
