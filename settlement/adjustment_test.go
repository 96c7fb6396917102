package settlement

import (
	"crypto/ed25519"
	"reflect"
	"slices"
	"testing"

	"github.com/forgepool/settle/codec"
)

// refund drafts a billing error: part of the charge comes back from all who got it.
func (s *settled) refund(amount uint64) (*codec.Adjustment, []byte) {
	return s.correction(s.hub, codec.CauseBillingError, 0, s.at, s.back(s.at, 0, amount), s.back(s.at, 5, amount))
}

// adjustmentLies are billing errors that take 1,000 of the platform's line back to the
// customer, with one thing changed, in the order of the rules.
var adjustmentLies = []struct {
	name     string
	code     codec.Code // "": accepted
	body     func(s *settled, a *codec.Adjustment)
	postings func(s *settled, list []codec.Posting) []codec.Posting
}{
	{"honest", "", nil, nil},
	// A1
	{"cause 0", codec.CodeMalformed, func(_ *settled, a *codec.Adjustment) { a.Cause = 0 }, nil},
	{"cause 7", codec.CodeMalformed, func(_ *settled, a *codec.Adjustment) { a.Cause = 7 }, nil},
	{"cause_ref", codec.CodeMalformed, func(s *settled, a *codec.Adjustment) { a.CauseRef = &s.at }, nil},
	{"no cause_ref", codec.CodeMalformed, func(_ *settled, a *codec.Adjustment) { a.Cause = codec.CauseAudit }, nil},
	{"totals of 2^63", codec.CodeOutOfRange, func(_ *settled, a *codec.Adjustment) { a.Totals.Debit = 1 << 63 }, nil},
	// A5, A3, A4, A7
	{"author does not sign", codec.CodeWrongAuthor, func(s *settled, a *codec.Adjustment) { a.Author = s.actors["hub 2"].id }, nil},
	{"too old", codec.CodeOutOfTime, func(_ *settled, a *codec.Adjustment) { a.At -= 7*day + 1 }, nil},
	{"oldest", "", func(_ *settled, a *codec.Adjustment) { a.At -= 7 * day }, nil},
	{"other cycle", codec.CodeClosedCycle, func(_ *settled, a *codec.Adjustment) { a.Cycle++ }, nil},
	// 10
	{"target beyond the log", codec.CodeUnknownTarget, func(s *settled, a *codec.Adjustment) { a.Target.Index = s.moment.Index }, nil},
	{"target with another hash", codec.CodeUnknownTarget, func(_ *settled, a *codec.Adjustment) { a.Target.Leaf[0]++ }, nil},
	{"target without postings", codec.CodeUnknownTarget, func(s *settled, a *codec.Adjustment) { a.Target = s.ref(s.at - 1) }, nil},
	// 13-15
	{"number of postings", codec.CodeBadPostings, func(_ *settled, a *codec.Adjustment) { a.Postings.N++ }, nil},
	{"root of the postings", codec.CodeBadPostings, func(_ *settled, a *codec.Adjustment) { a.Postings.Root[0]++ }, nil},
	{"third side", codec.CodeBadPostings, nil, func(_ *settled, l []codec.Posting) []codec.Posting { l[0].Side = 3; return l }},
	{"totals differ", codec.CodeUnbalanced, func(_ *settled, a *codec.Adjustment) { a.Totals.Debit++ }, nil},
	{"sides differ", codec.CodeUnbalanced, nil, func(_ *settled, l []codec.Posting) []codec.Posting { l[0].Amount++; return l }},
	{"totals of others", codec.CodeBadAdjustment, func(_ *settled, a *codec.Adjustment) { a.Totals = codec.Totals{Credit: 1, Debit: 1} }, nil},
	// 16
	{"service in a cycle to come", codec.CodeBadAdjustment, func(_ *settled, a *codec.Adjustment) { a.ServiceCycle++ }, nil},
	{"service in a cycle before all", codec.CodeBadAdjustment, func(_ *settled, a *codec.Adjustment) { a.ServiceCycle-- }, nil},
	// lines
	{"units", codec.CodeBadPostings, nil, edited(func(p *codec.Posting) { p.Units = ptr(uint64(1)) })},
	{"unit base", codec.CodeBadPostings, nil, edited(func(p *codec.Posting) { p.UnitBase = ptr(uint64(1)) })},
	{"shards", codec.CodeBadPostings, nil, edited(func(p *codec.Posting) { p.Shards = ptr(uint64(1)) })},
	{"weight", codec.CodeBadPostings, nil, edited(func(p *codec.Posting) { p.Weight = ptr(uint64(1)) })},
	{"a reason", "", nil, edited(func(p *codec.Posting) { p.Reason = ptr(uint64(1)) })},
	{"no ref line", codec.CodeBadPostings, nil, edited(func(p *codec.Posting) { p.RefLine = nil })},
	{"no ref index", codec.CodeBadPostings, nil, edited(func(p *codec.Posting) { p.RefIndex = nil })},
	{"nothing", codec.CodeBadPostings, nil, func(s *settled, l []codec.Posting) []codec.Posting { return append(l, s.back(s.at, 0, 0)) }},
	{"unknown party", codec.CodeUnknownParty, nil, edited(func(p *codec.Posting) { p.Party[0]++ })},
	{"another role", codec.CodeWrongRole, nil, edited(func(p *codec.Posting) { p.Role = codec.RoleProvider })},
	{"a hub", codec.CodeWrongRole, nil, func(s *settled, l []codec.Posting) []codec.Posting {
		l[0].Role, l[0].Party = codec.RoleHub, s.hub.id
		return l
	}},
	{"no such record", codec.CodeUnknownTarget, nil, edited(func(p *codec.Posting) { p.RefIndex = ptr(uint64(1 << 40)) })},
	{"a record without postings", codec.CodeUnknownTarget, nil, edited(func(p *codec.Posting) { *p.RefIndex-- })},
	{"no such line", codec.CodeUnknownTarget, nil, edited(func(p *codec.Posting) { *p.RefLine = 6 })},
	{"a line of another", codec.CodeBadPostings, nil, edited(func(p *codec.Posting) { *p.RefLine = 1 })},
	{"the same side", codec.CodeBadPostings, nil, func(_ *settled, l []codec.Posting) []codec.Posting {
		l[0].Side, l[1].Side = l[1].Side, l[0].Side
		return l
	}},
	{"the whole line", "", nil, func(s *settled, l []codec.Posting) []codec.Posting {
		l[0].Amount = s.Posted(s.at).Lines[5].Amount
		l[1].Amount = l[0].Amount
		return l
	}},
	{"more than the line", codec.CodeOverReversal, nil, func(s *settled, l []codec.Posting) []codec.Posting {
		l[0].Amount = s.Posted(s.at).Lines[5].Amount + 1
		l[1].Amount = l[0].Amount
		return l
	}},
	{"more in two parts", codec.CodeOverReversal, nil, func(s *settled, l []codec.Posting) []codec.Posting {
		all := s.Posted(s.at).Lines[5].Amount
		return append(l, s.back(s.at, 0, all-999), s.back(s.at, 5, all-999))
	}},
	{"all in two parts", "", nil, func(s *settled, l []codec.Posting) []codec.Posting {
		all := s.Posted(s.at).Lines[5].Amount
		return append(l, s.back(s.at, 0, all-1_000), s.back(s.at, 5, all-1_000))
	}},
	// table of causes
	{"a posting that takes nothing back", codec.CodeBadAdjustment, nil, edited(func(p *codec.Posting) { p.RefIndex, p.RefLine = nil, nil })},
	{"a provider pays", codec.CodeUnsigned, nil, func(s *settled, l []codec.Posting) []codec.Posting {
		return append(l, s.back(s.at, 1, 5), s.back(s.at, 0, 5))
	}},
}

func edited(f func(*codec.Posting)) func(*settled, []codec.Posting) []codec.Posting {
	return func(_ *settled, l []codec.Posting) []codec.Posting { f(&l[0]); return l }
}

func TestAdjustmentLies(t *testing.T) {
	start := newSettled(t)
	for _, c := range adjustmentLies {
		t.Run(c.name, func(t *testing.T) {
			s := start.fork(t)
			list := []codec.Posting{s.back(s.at, 0, 1_000), s.back(s.at, 5, 1_000)}
			if c.postings != nil {
				list = c.postings(s, list)
			}
			a, blob := s.correction(s.hub, codec.CauseBillingError, 0, s.at, list...)
			if c.body != nil {
				c.body(s, a)
			}
			r := signedAdjustment(a, s.hub.owner())
			if c.code == "" {
				s.refused(codec.CodeMissingAttachment, nil, r)
				s.accepted([][]byte{blob}, r)
				return
			}
			before := s.clone()
			s.refused(c.code, [][]byte{blob}, r)
			after := s.clone()
			for _, m := range []*memory{before, after} {
				m.blobs, m.moment, m.batches = nil, Moment{}, nil
			}
			if !reflect.DeepEqual(before, after) {
				t.Error("the state moved")
			}
		})
	}
}

func TestDetailOfAnAdjustment(t *testing.T) {
	s := newSettled(t)
	a, _ := s.refund(1_000)
	a.Detail = codec.BlobHash([]byte{0xa0})
	s.refused(codec.CodeBadDetail, [][]byte{{0xa0}}, signedAdjustment(a, s.hub.owner()))
	a, blob := s.refund(1_000)
	s.blobs[codec.BlobHash(blob)] = blob
	s.accepted(nil, signedAdjustment(a, s.hub.owner())) // replicated before
	at := s.moment.Index - 1
	posted := s.Posted(at)
	if posted == nil || posted.Kind != codec.KindAdjustment || posted.Author != s.hub.id || len(posted.Lines) != 2 || posted.Lines[1].Amount != 1_000 {
		t.Fatalf("posted %+v", posted)
	}
	for line, amount := range []uint64{1_000, 0, 0, 0, 0, 1_000} {
		if got := s.Reversed(LineRef{s.at, uint64(line)}); got != amount {
			t.Errorf("line %d: %d taken back", line, got)
		}
	}
	// The refund itself can be taken back; that does not open the first line again.
	undo, blob := s.correction(s.hub, codec.CauseBillingError, 0, at, s.back(at, 0, 400), s.back(at, 1, 400))
	s.accepted([][]byte{blob}, signedAdjustment(undo, s.hub.owner(), s.actors["customer"].owner()))
	rest := s.Posted(s.at).Lines[5].Amount - 1_000
	a, blob = s.refund(rest + 1)
	s.refused(codec.CodeOverReversal, [][]byte{blob}, signedAdjustment(a, s.hub.owner()))
	a, blob = s.refund(rest)
	s.accepted([][]byte{blob}, signedAdjustment(a, s.hub.owner()))
}

// Who signs for a billing error depends on who is debited.
func TestConsent(t *testing.T) {
	s := newSettled(t)
	p, q := s.behind(s.at, 1), s.behind(s.at, 2)
	for _, c := range []struct {
		name string
		list []codec.Posting
		want map[string]codec.Code
	}{
		{"the platform pays", []codec.Posting{s.back(s.at, 0, 9), s.back(s.at, 5, 9)}, map[string]codec.Code{
			"hub": "", "nobody": codec.CodeUnsigned, "hub, hub 2": codec.CodeWrongSigners, "hub, arbiter 1": codec.CodeWrongSigners,
			"hub, customer": codec.CodeWrongSigners, "hub, platform": codec.CodeWrongSigners, "hub, auditor": codec.CodeWrongSigners,
		}},
		{"one provider pays", []codec.Posting{s.back(s.at, 0, 9), s.back(s.at, 1, 9)}, map[string]codec.Code{
			"hub": codec.CodeUnsigned, "hub, " + p.name: "", "hub, arbiter 1": "", "hub, " + q.name: codec.CodeWrongSigners,
			p.name + ", arbiter 1": codec.CodeUnsigned, "hub, arbiter 1, arbiter 2": codec.CodeWrongSigners,
			"hub, arbiter 1, " + p.name: codec.CodeWrongSigners,
		}},
		{"two providers pay", []codec.Posting{s.back(s.at, 0, 9), s.back(s.at, 1, 4), s.back(s.at, 2, 5)}, map[string]codec.Code{
			"hub, " + p.name: codec.CodeUnsigned, "hub, " + p.name + ", " + q.name: "", "hub, arbiter 1": "", "hub, arbiter 1, " + p.name: "",
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			a, blob := s.correction(s.hub, codec.CauseBillingError, 0, s.at, c.list...)
			s.signersOf(t, c.want, func(keys ...ed25519.PrivateKey) []byte { return signedAdjustment(a, keys...) }, blob)
		})
	}
	s.accepted(nil, s.status(codec.PartySuspend, p.name))
	a, blob := s.correction(s.hub, codec.CauseBillingError, 0, s.at, s.back(s.at, 0, 9), s.back(s.at, 1, 9))
	s.refused(codec.CodeInactiveParty, [][]byte{blob}, signedAdjustment(a, s.hub.owner(), p.owner()))
	s.accepted([][]byte{blob}, signedAdjustment(a, s.hub.owner(), s.actors["arbiter 2"].owner()))
}

// Refunds of charges of the open cycle make room under the cap; others do not.
func TestRefundsAndTheCap(t *testing.T) {
	w := newWorld(t)
	s := w.settleNew("capped") // 5,000,015 of 10,000,000
	account := Account{worldCycle, codec.RoleCustomer, w.actors["capped"].id}
	scope := Scope{worldCycle, account.Party, ByClass, "5"}
	check := func(charged uint64) {
		t.Helper()
		if got := s.Balance(account).Charged; got != charged {
			t.Errorf("%d count against the cap, want %d", got, charged)
		}
		if got := s.Usage(scope); got.Charged != charged || got.Settlements != 1 || got.Units != 10 {
			t.Errorf("usage %+v, want %d charged", got, charged)
		}
	}
	a, blob := s.correction(s.hub, codec.CauseGoodwill, 0, s.at,
		s.posting(s.actors["platform"], codec.Debit, 50), s.posting(s.actors["capped"], codec.Credit, 50))
	s.accepted([][]byte{blob}, signedAdjustment(a, s.hub.owner()))
	check(5_000_015)
	a, blob = s.correction(s.hub, codec.CauseBillingError, 0, s.at, s.back(s.at, 0, 10), s.back(s.at, 5, 10), s.back(s.at, 0, 6), s.back(s.at, 5, 6))
	s.accepted([][]byte{blob}, signedAdjustment(a, s.hub.owner()))
	check(4_999_999)
	if b := s.Balance(account); b.Credit != 66 || b.Debit != 5_000_015 || b.Postings != 4 {
		t.Errorf("balance %+v", b)
	}
	s.endCycle()
	a, blob = s.refund(7)
	s.accepted([][]byte{blob}, signedAdjustment(a, s.hub.owner()))
	check(4_999_999)
	next := account
	next.Cycle++
	if b := s.Balance(next); b.Charged != 0 || b.Credit != 7 {
		t.Errorf("balance of the next cycle %+v", b)
	}
}

// A refund is taken off every scope that the settlement counts under.
func TestRefundOfALabelledSettlement(t *testing.T) {
	w := newWorld(t)
	j := w.newJob(4).run()
	labels := []codec.Label{{Label: "project", Value: "atlas", Salt: codec.ID{3}}, {Label: "team", Value: "north", Salt: codec.ID{4}}}
	order := new(codec.Settlement)
	if disclose(labels)(order); ascendingHashes(order.Disclosures) != nil {
		slices.Reverse(labels)
	}
	r, blobs := j.settle(lie{labels: labels, body: disclose(labels)})
	w.accepted(blobs, r)
	s := &settled{w, j, w.moment.Index - 1}
	last := uint64(len(s.Posted(s.at).Lines) - 1)
	a, blob := s.correction(s.hub, codec.CauseBillingError, 0, s.at, s.back(s.at, 0, 15), s.back(s.at, last, 15))
	s.accepted([][]byte{blob}, signedAdjustment(a, s.hub.owner()))
	for _, scope := range []Scope{{worldCycle, j.customer.id, ByClass, "5"}, {worldCycle, j.customer.id, ByProject, "atlas"}} {
		if got := s.Usage(scope).Charged; got != 5_000_000 {
			t.Errorf("%+v: %d charged", scope, got)
		}
	}
	if len(s.usages) != 2 {
		t.Errorf("scopes %v", s.usages)
	}
}

// A refund that is said to concern another cycle does not count either.
func TestRefundForAnotherCycle(t *testing.T) {
	s := newSettled(t)
	s.endCycle()
	s = s.settleNew("customer")
	account := Account{s.moment.Cycle, codec.RoleCustomer, s.actors["customer"].id}
	for _, c := range []struct{ service, charged uint64 }{{worldCycle, 5_000_015}, {worldCycle + 1, 5_000_008}} {
		a, blob := s.refund(7)
		a.ServiceCycle = c.service
		s.accepted([][]byte{blob}, signedAdjustment(a, s.hub.owner()))
		if got := s.Balance(account).Charged; got != c.charged {
			t.Errorf("service cycle %d: %d charged, want %d", c.service, got, c.charged)
		}
	}
}

// A balance that would leave 63 bits refuses the adjustment.
func TestOverflowOfAdjustments(t *testing.T) {
	s := newSettled(t)
	b := *s.Balance(Account{worldCycle, codec.RoleCustomer, s.actors["customer"].id})
	b.Credit = codec.MaxAmount - 999
	s.balances[b.Account] = &b
	a, blob := s.refund(1_000)
	s.refused(codec.CodeOverflow, [][]byte{blob}, signedAdjustment(a, s.hub.owner()))
	a, blob = s.refund(999)
	s.accepted([][]byte{blob}, signedAdjustment(a, s.hub.owner()))
}
