package settlement

import (
	"testing"

	"pgregory.net/rapid"

	"github.com/forgepool/settle/codec"
)

// closeLies flip every field of a close, in the order of the rows.
var closeLies = []struct {
	name string
	code codec.Code
	lie  func(*codec.Cycle)
}{
	{"no range", codec.CodeMalformed, func(c *codec.Cycle) { c.Range = nil }},
	{"no prev", codec.CodeMalformed, func(c *codec.Cycle) { c.Prev = nil }},
	{"no counts", codec.CodeMalformed, func(c *codec.Cycle) { c.Counts = nil }},
	{"no journal", codec.CodeMalformed, func(c *codec.Cycle) { c.Journal = nil }},
	{"no parties", codec.CodeMalformed, func(c *codec.Cycle) { c.Parties = nil }},
	{"no subtotals", codec.CodeMalformed, func(c *codec.Cycle) { c.Subtotals = nil }},
	{"no held", codec.CodeMalformed, func(c *codec.Cycle) { c.Held = nil }},
	{"no policy", codec.CodeMalformed, func(c *codec.Cycle) { c.Policy = nil }},
	{"no log", codec.CodeMalformed, func(c *codec.Cycle) { c.Log = nil }},
	{"no unfinished", codec.CodeMalformed, func(c *codec.Cycle) { c.Unfinished = nil }},
	{"no batches", codec.CodeMalformed, func(c *codec.Cycle) { c.Batches = nil }},
	{"no cut", codec.CodeMalformed, func(c *codec.Cycle) { c.Cut = nil }},
	{"a key of the cut", codec.CodeMalformed, func(c *codec.Cycle) { c.Next = ptr(uint64(1)) }},
	{"range 2^63", codec.CodeOutOfRange, func(c *codec.Cycle) { c.Range.Max = 1 << 63 }},
	{"counts 2^63", codec.CodeOutOfRange, func(c *codec.Cycle) { c.Counts[8] = 1 << 63 }},
	{"journal 2^63", codec.CodeOutOfRange, func(c *codec.Cycle) { c.Journal.Debit = 1 << 63 }},
	{"parties 2^63", codec.CodeOutOfRange, func(c *codec.Cycle) { c.Parties.Postings = 1 << 63 }},
	{"subtotal 2^63", codec.CodeOutOfRange, func(c *codec.Cycle) { (*c.Subtotals)[1].N = 1 << 63 }},
	{"held 2^63", codec.CodeOutOfRange, func(c *codec.Cycle) { c.Held.Released = 1 << 63 }},
	{"author did not sign", codec.CodeWrongAuthor, func(c *codec.Cycle) { c.Author[0]++ }},
	{"too old", codec.CodeOutOfTime, func(c *codec.Cycle) { c.At -= 7*day + 1 }},
	{"open cycle", codec.CodeClosedCycle, func(c *codec.Cycle) { c.Cycle++ }},
	{"cycle before", codec.CodeClosedCycle, func(c *codec.Cycle) { c.Cycle-- }},
	{"first", codec.CodeBadClose, func(c *codec.Cycle) { c.Range.Min++ }},
	{"last", codec.CodeBadClose, func(c *codec.Cycle) { c.Range.Max++ }},
	{"index of prev", codec.CodeWrongPrev, func(c *codec.Cycle) { c.Prev.Index++ }},
	{"leaf of prev", codec.CodeWrongPrev, func(c *codec.Cycle) { c.Prev.Leaf[0]++ }},
	{"count of genesis", codec.CodeBadClose, func(c *codec.Cycle) { c.Counts[0]++ }},
	{"count of settlements", codec.CodeBadClose, func(c *codec.Cycle) { c.Counts[1]++ }},
	{"count of policies", codec.CodeBadClose, func(c *codec.Cycle) { c.Counts[2]++ }},
	{"count of party records", codec.CodeBadClose, func(c *codec.Cycle) { c.Counts[3]++ }},
	{"count of events", codec.CodeBadClose, func(c *codec.Cycle) { c.Counts[4]++ }},
	{"count of disputes", codec.CodeBadClose, func(c *codec.Cycle) { c.Counts[5]++ }},
	{"count of adjustments", codec.CodeBadClose, func(c *codec.Cycle) { c.Counts[6]++ }},
	{"count of cuts and closes", codec.CodeBadClose, func(c *codec.Cycle) { c.Counts[7]++ }},
	{"count of audits", codec.CodeBadClose, func(c *codec.Cycle) { c.Counts[8]-- }},
	{"journal's entries", codec.CodeBadClose, func(c *codec.Cycle) { c.Journal.N++ }},
	{"journal's credit", codec.CodeBadClose, func(c *codec.Cycle) { c.Journal.Credit++ }},
	{"journal's debit", codec.CodeBadClose, func(c *codec.Cycle) { c.Journal.Debit++ }},
	{"journal's root", codec.CodeBadClose, func(c *codec.Cycle) { c.Journal.Root[31]++ }},
	{"parties", codec.CodeBadClose, func(c *codec.Cycle) { c.Parties.N++ }},
	{"postings", codec.CodeBadClose, func(c *codec.Cycle) { c.Parties.Postings-- }},
	{"parties' credit", codec.CodeBadClose, func(c *codec.Cycle) { c.Parties.Credit++ }},
	{"parties' debit", codec.CodeBadClose, func(c *codec.Cycle) { c.Parties.Debit++ }},
	{"parties' root", codec.CodeBadClose, func(c *codec.Cycle) { c.Parties.Root[0]++ }},
	{"subtotal's role", codec.CodeBadClose, func(c *codec.Cycle) { (*c.Subtotals)[0].Role++ }},
	{"subtotal's parties", codec.CodeBadClose, func(c *codec.Cycle) { (*c.Subtotals)[0].N++ }},
	{"subtotal's credit", codec.CodeBadClose, func(c *codec.Cycle) { (*c.Subtotals)[0].Credit++ }},
	{"subtotal's debit", codec.CodeBadClose, func(c *codec.Cycle) { (*c.Subtotals)[0].Debit++ }},
	{"subtotal missing", codec.CodeBadClose, func(c *codec.Cycle) { *c.Subtotals = (*c.Subtotals)[:1] }},
	{"subtotals empty", codec.CodeBadClose, func(c *codec.Cycle) { *c.Subtotals = []codec.Subtotal{} }},
	{"disputes", codec.CodeBadClose, func(c *codec.Cycle) { c.Held.Disputes++ }},
	{"held", codec.CodeBadClose, func(c *codec.Cycle) { c.Held.Held++ }},
	{"released", codec.CodeBadClose, func(c *codec.Cycle) { c.Held.Released++ }},
	{"policy", codec.CodeUnknownPolicy, func(c *codec.Cycle) { c.Policy[0]++ }},
	{"size", codec.CodeBadClose, func(c *codec.Cycle) { c.Log.Size++ }},
	{"root", codec.CodeBadClose, func(c *codec.Cycle) { c.Log.Root[0]++ }},
	{"beacon without a rule", codec.CodeBadClose, func(c *codec.Cycle) { c.Beacon = &codec.BeaconRound{Round: 1} }},
	{"unfinished", codec.CodeBadClose, func(c *codec.Cycle) { *c.Unfinished++ }},
	{"number of batches", codec.CodeBadClose, func(c *codec.Cycle) { c.Batches.N++ }},
	{"root of batches", codec.CodeBadClose, func(c *codec.Cycle) { c.Batches.Root[0]++ }},
	{"index of the cut", codec.CodeUnknownTarget, func(c *codec.Cycle) { c.Cut.Index-- }},
	{"leaf of the cut", codec.CodeUnknownTarget, func(c *codec.Cycle) { c.Cut.Leaf[0]++ }},
}

// halfClosed is a month with a settlement, a dispute that holds a line of it, and an
// unfinished workload, cut and followed by more.
func halfClosed(t testing.TB) *settled {
	s := newSettled(t)
	provider := s.behind(s.at, 1)
	s.accepted(nil, signedDispute(s.opening(provider, codec.ClaimWrongPolicy, s.at, held(1, 7)), provider.owner()))
	s.newJob(2).run()
	s.cutOff()
	blob, r := s.setCapNow("customer", 1_000_000_000)
	s.accepted([][]byte{blob}, r)
	return s
}

func TestCloseLies(t *testing.T) {
	w := halfClosed(t).world
	for _, c := range closeLies {
		t.Run(c.name, func(t *testing.T) {
			w.TB = t
			body := w.closingBody()
			c.lie(body)
			w.unmoved(func() { w.refused(c.code, nil, signedCycle(body, w.hub.owner())) })
		})
	}
	w.TB = t
	hub := w.hub.owner()
	w.refused(codec.CodeUnsigned, nil, signedCycle(w.closingBody()))
	w.refused(codec.CodeWrongSigners, nil, signedCycle(w.closingBody(), append(w.governance(), hub)...))
	w.refused(codec.CodeWrongSigners, nil, signedCycle(w.closingBody(), w.actors["auditor"].owner()))
	body := w.closingBody()
	w.accepted(nil, signedCycle(body, hub))
	at := w.moment.Index - 1
	if c := w.Cycle(worldCycle).Close; c.Index != at || c.Leaf != w.logged[at].Leaf || c.Beacon != nil || w.Unclosed() != nil {
		t.Errorf("closed: %+v", c)
	}
	body.ID = w.newID()
	w.unmoved(func() { w.refused(codec.CodeClosedCycle, nil, signedCycle(body, hub)) }) // once
}

func TestCloseWithoutACut(t *testing.T) {
	s := newSettled(t)
	s.cutOff()
	body := s.closingBody()
	fresh := newWorld(t)
	body.Author = fresh.hub.id
	fresh.now = s.now
	fresh.refused(codec.CodeClosedCycle, nil, signedCycle(body, fresh.hub.owner()))
}

// What is appended after the cut belongs to the next cycle, and a close may be late.
func TestTwoMonths(t *testing.T) {
	s := newSettled(t)
	first := s.balances[Account{worldCycle, codec.RoleCustomer, s.actors["customer"].id}].Debit
	s.cutOff()
	second := s.settleNew("capped")
	want := s.closingBody()
	if want.Journal.N != 1 || want.Journal.Credit != first || want.Range.Max >= second.at {
		t.Errorf("the close counts what came after the cut: %+v", want.Journal)
	}
	close1 := s.closeUp()
	s.unmoved(func() { // the range of the second month starts after the first cut
		s.refused(codec.CodeClosedCycle, nil, signedCycle(want, s.hub.owner()))
	})
	s.cutOff()
	body := s.closingBody()
	if body.Prev.Index != close1 || body.Range.Min != s.Cycle(worldCycle).Cut.Index+1 || body.Journal.N != 1 ||
		body.Counts[codec.KindSettlement] != 1 || body.Counts[codec.KindCycle] != 2 {
		t.Errorf("second close: %+v", body)
	}
	body.Prev = &codec.RecordRef{}
	s.refused(codec.CodeWrongPrev, nil, signedCycle(body, s.hub.owner()))
	s.closeUp()
	if s.Cycle(worldCycle+1).Close == nil || s.moment.Cycle != worldCycle+2 {
		t.Error("the second month is not closed")
	}
}

// A policy for the next month does not change what the month before is closed under.
func TestCloseUnderTheCyclesPolicy(t *testing.T) {
	w := newWorld(t)
	w.accepted(nil, signedPolicy(w.nextPolicy(), append(w.governance(), w.hub.owner())...))
	w.cutOff()
	body := w.closingBody()
	body.Policy = ptr(w.PolicyFor(worldCycle + 1).Hash)
	w.refused(codec.CodeUnknownPolicy, nil, signedCycle(body, w.hub.owner()))
	w.closeUp()
}

// An empty month closes with the roots of empty trees.
func TestEmptyMonth(t *testing.T) {
	w := newWorld(t)
	w.cutOff()
	body := w.closingBody()
	if body.Journal.N != 0 || body.Parties.N != 0 || len(*body.Subtotals) != 0 {
		t.Errorf("%+v", body)
	}
	w.closeUp()
}

func TestConservation(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		amounts := rapid.SliceOfN(rapid.Uint64Range(0, 1<<60), 3, 3).Draw(t, "amounts")
		total := amounts[0] + amounts[1] + amounts[2]
		list := []codec.Subtotal{
			{Role: codec.RoleProvider, Credit: amounts[0]}, {Role: codec.RoleAdapter, Credit: amounts[1]},
			{Role: codec.RoleCustomer, Debit: total}, {Role: codec.RolePlatform, Credit: amounts[2]},
		}
		if !conserved(list, total) {
			t.Fatal("what balances is refused")
		}
		i := rapid.IntRange(0, 3).Draw(t, "row")
		if list[i].Credit++; conserved(list, total) {
			t.Fatal("a credit too many")
		}
	})
}
