package export

import (
	"errors"
	"testing"
	"time"

	"github.com/forgepool/settle/codec"
	"pgregory.net/rapid"
)

func at(text string) uint64 {
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		panic(err)
	}
	return uint64(t.Unix())
}

// cutOf is a cut of a cycle.
func cutOf(cycle, next, ms uint64) *Record {
	c := &codec.Cycle{At: ms, Cycle: cycle, Op: codec.CycleCut, Next: &next}
	return &Record{Record: codec.Record{Kind: codec.KindCycle, Body: codec.EncodeCycle(c)}, Index: cycle}
}

// TestPeriods follows cycles through their cuts.
func TestPeriods(t *testing.T) {
	for name, c := range map[string]struct {
		numbering uint64
		first     uint64
		created   string
		cuts      []string // of the cycles from the first on
		cycle     uint64
		start     string
		end       string
	}{
		"first, open":            {codec.CyclesMonths, 202609, "2026-09-21T14:13:20Z", nil, 202609, "2026-09-21T14:13:20Z", "2026-10-01T00:00:00Z"},
		"first, cut":             {codec.CyclesMonths, 202609, "2026-09-21T14:13:20Z", []string{"2026-10-01T00:10:01Z"}, 202609, "2026-09-21T14:13:20Z", "2026-10-01T00:10:01Z"},
		"second, open":           {codec.CyclesMonths, 202609, "2026-09-21T14:13:20Z", []string{"2026-10-01T00:10:01Z"}, 202610, "2026-10-01T00:10:01Z", "2026-11-01T00:00:00Z"},
		"december, open":         {codec.CyclesMonths, 202612, "2026-12-31T23:59:59Z", nil, 202612, "2026-12-31T23:59:59Z", "2027-01-01T00:00:00Z"},
		"begun behind its month": {codec.CyclesMonths, 202609, "2026-09-21T14:13:20Z", []string{"2026-11-01T00:00:00Z"}, 202610, "2026-11-01T00:00:00Z", "2026-12-01T00:00:00Z"},
		"begun before its month": {codec.CyclesMonths, 202610, "2026-09-21T14:13:20Z", nil, 202610, "2026-09-21T14:13:20Z", "2026-11-01T00:00:00Z"},
		"cut before it began":    {codec.CyclesMonths, 202609, "2026-09-21T14:13:20Z", []string{"2026-09-21T14:13:19Z"}, 202609, "2026-09-21T14:13:20Z", "2026-09-21T14:13:20Z"},
		"counted, open":          {codec.CyclesCounter, 1, "2027-02-28T23:59:59Z", nil, 1, "2027-02-28T23:59:59Z", "2027-03-01T00:00:00Z"},
		"counted, cut":           {codec.CyclesCounter, 1, "2028-02-28T00:00:00Z", []string{"2028-02-29T12:00:00Z"}, 1, "2028-02-28T00:00:00Z", "2028-02-29T12:00:00Z"},
		"counted, second":        {codec.CyclesCounter, 1, "2028-02-28T00:00:00Z", []string{"2028-02-29T12:00:00Z"}, 2, "2028-02-29T12:00:00Z", "2028-03-01T00:00:00Z"},
	} {
		l := &Ledger{Numbering: c.numbering, calendar: newCalendar(c.first, at(c.created)*msPerSecond+999)}
		for i, cut := range c.cuts {
			if err := l.Learn(cutOf(c.first+uint64(i), c.first+uint64(i)+1, at(cut)*msPerSecond+999)); err != nil {
				t.Fatal(err)
			}
		}
		got, err := l.period(7, c.cycle)
		if want := (period{at(c.start), at(c.end)}); err != nil || got != want {
			t.Errorf("%s: %s to %s, %v", name, FormatTime(got.start), FormatTime(got.end), err)
		}
		if _, err := l.period(7, c.first+9); !errors.Is(err, ErrFalse) {
			t.Errorf("%s: a cycle that has not begun: %v", name, err)
		}
	}
}

// TestBadCalendar refuses what replicas must refuse.
func TestBadCalendar(t *testing.T) {
	for _, cycle := range []uint64{202600, 202613, 3, 100000001} {
		l := &Ledger{Numbering: codec.CyclesMonths, calendar: newCalendar(cycle, 0)}
		if _, err := l.period(1, cycle); !errors.Is(err, ErrFalse) {
			t.Errorf("cycle %d: %v", cycle, err)
		}
	}
	l := &Ledger{calendar: newCalendar(1, 0)}
	if err := l.Learn(cutOf(1, 1, 5)); !errors.Is(err, ErrFalse) {
		t.Errorf("a cut that goes nowhere: %v", err)
	}
	if err := l.Learn(cutOf(1, 2, 5)); err != nil {
		t.Fatal(err)
	}
	if err := l.Learn(cutOf(1, 2, 5)); !errors.Is(err, ErrFalse) {
		t.Errorf("a second cut: %v", err)
	}
	garbage := &Record{Record: codec.Record{Body: []byte{0xff}}, Index: 9}
	for _, garbage.Kind = range []codec.Kind{codec.KindPolicy, codec.KindCycle} {
		if err := l.Learn(garbage); !errors.Is(err, ErrFalse) || !Learns(garbage.Kind) {
			t.Errorf("a %s of garbage: %v", garbage.Kind, err)
		}
	}
	if garbage.Kind = codec.KindEvent; l.Learn(garbage) != nil || Learns(garbage.Kind) {
		t.Error("an event is learned")
	}
}

// TestMonthAfter compares with the standard library.
func TestMonthAfter(t *testing.T) {
	for day := range int64(60_000) {
		d := time.Unix(day*secondsADay, 0).UTC()
		want := time.Date(d.Year(), d.Month()+1, 1, 0, 0, 0, 0, time.UTC).Unix()
		if got := monthAfter(dateOf(uint64(day))); got != uint64(want) {
			t.Fatalf("after %s comes %s", d, FormatTime(got))
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		day := rapid.Uint64Range(0, 2_932_896).Draw(t, "day") // to the year 9999
		if got := daysTo(dateOf(day)); got != day {
			t.Fatalf("day %d became %d", day, got)
		}
	})
}
