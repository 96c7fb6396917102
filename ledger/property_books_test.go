package ledger

import (
	"math/big"
	"strconv"

	"pgregory.net/rapid"

	"github.com/forgepool/settle/codec"
	"github.com/forgepool/settle/settlement"
)

// plainBooks keep accounts a second time, from the records of the log and the details that
// they name, and nothing that the ledger derived. All numbers are big.
type plainBooks struct {
	t        *rapid.T
	s        *Snapshot // for records
	blobs    map[codec.Hash][]byte
	cycle    uint64 // open
	policies []*codec.Policy
	weights  map[codec.ID][]plainWeight
	accounts map[settlement.Account]*plainAccount
	usages   map[settlement.Scope]*plainUsage
	postings map[uint64]*plainPosted
	claims   map[uint64]*plainClaim // disputes, by where they were opened
	holds    map[settlement.LineRef]*big.Int
	taken    map[settlement.LineRef]*big.Int
	settled  map[pair]uint64
	causes   map[[2]uint64]bool // cause and what it follows from
	payers   map[pair]codec.ID  // customer of each workload
	rulings  map[uint64]uint64  // ruling to opening
}

type plainWeight struct{ set, ppm uint64 }

type plainAccount struct {
	credit, debit, charged, held, released big.Int
	postings                               uint64
}

type plainUsage struct {
	charged, units big.Int
	settlements    uint64
}

type plainPosted struct {
	cycle    uint64
	settled  *codec.Settlement // nil: an adjustment
	labels   []codec.Label
	postings []codec.Posting
}

type plainClaim struct {
	target   uint64
	amount   uint64
	lines    []codec.HeldLine
	open     bool
	accepted uint64
}

func big64(x uint64) *big.Int { return new(big.Int).SetUint64(x) }

// auditBooks reads the whole log and compares all that it comes to with the ledger.
func auditBooks(t *rapid.T, s *Snapshot, blobs map[codec.Hash][]byte) {
	b := &plainBooks{
		t: t, s: s, blobs: blobs, cycle: testCycle, weights: map[codec.ID][]plainWeight{}, accounts: map[settlement.Account]*plainAccount{},
		usages: map[settlement.Scope]*plainUsage{}, postings: map[uint64]*plainPosted{}, claims: map[uint64]*plainClaim{},
		holds: map[settlement.LineRef]*big.Int{}, taken: map[settlement.LineRef]*big.Int{}, settled: map[pair]uint64{},
		causes: map[[2]uint64]bool{}, payers: map[pair]codec.ID{}, rulings: map[uint64]uint64{},
	}
	atCut := map[settlement.LineRef]*big.Int{}
	for i := range s.Size() {
		data, err := s.Record(i)
		if err != nil {
			t.Fatal(err)
		}
		rec, err := codec.DecodeRecord(data)
		if err != nil {
			t.Fatal(err)
		}
		body, err := codec.DecodeBody(rec.Kind, rec.Body)
		if err != nil {
			t.Fatal(err)
		}
		b.read(i, body)
		if c, ok := body.(*codec.Cycle); ok && c.Op == codec.CycleCut {
			b.moveHolds(atCut)
			b.compareAccounts()
			atCut, b.cycle = b.now(), *c.Next
		}
	}
	b.moveHolds(atCut)
	b.compareAccounts()
	b.compareLines()
	b.conserved()
}

// read takes in a record.
func (b *plainBooks) read(index uint64, body codec.Body) {
	switch x := body.(type) {
	case *codec.Genesis:
		p := new(codec.Policy)
		if err := codec.Decode(x.Policy, p); err != nil {
			b.t.Fatal(err)
		}
		b.policies = append(b.policies, p)
	case *codec.Policy:
		b.policies = append(b.policies, x)
	case *codec.Party:
		if x.Weight != nil {
			b.weights[x.Party] = append(b.weights[x.Party], plainWeight{b.cycle, *x.Weight})
		}
	case *codec.Event:
		if x.Seq == 0 {
			b.payers[pair{x.Author, x.Workload}] = unsealed[codec.ID](b, x.Customer)
		}
	case *codec.Settlement:
		b.settle(index, x)
	case *codec.Adjustment:
		b.adjust(index, x)
	case *codec.Dispute:
		b.dispute(index, x)
	}
}

func unsealed[T any](b *plainBooks, hash codec.Hash) T {
	v, err := codec.Unseal[T](b.attachment(hash))
	if err != nil {
		b.t.Fatal(err)
	}
	return v
}

func (b *plainBooks) attachment(hash codec.Hash) []byte {
	blob, ok := b.blobs[hash]
	if !ok {
		b.t.Fatalf("nobody attached %s", hash)
	}
	return blob
}

func (b *plainBooks) policy() (p *codec.Policy) {
	for _, x := range b.policies {
		if x.EffectiveFrom <= b.cycle {
			p = x
		}
	}
	return p
}

func (b *plainBooks) account(role codec.Role, party codec.ID) *plainAccount {
	k := settlement.Account{Cycle: b.cycle, Role: role, Party: party}
	if b.accounts[k] == nil {
		b.accounts[k] = new(plainAccount)
	}
	return b.accounts[k]
}

// post books postings whose credits and debits must be equal.
func (b *plainBooks) post(index uint64, list []codec.Posting) {
	credit, debit := new(big.Int), new(big.Int)
	for i := range list {
		a, amount := b.account(list[i].Role, list[i].Party), big64(list[i].Amount)
		a.postings++
		if list[i].Side == codec.Credit {
			a.credit.Add(&a.credit, amount)
			credit.Add(credit, amount)
		} else {
			a.debit.Add(&a.debit, amount)
			debit.Add(debit, amount)
		}
	}
	if credit.Cmp(debit) != 0 {
		b.t.Fatalf("record %d: credits %v, debits %v", index, credit, debit)
	}
}

// settle recomputes charge and split from the policy of the cycle, and books them.
func (b *plainBooks) settle(index uint64, x *codec.Settlement) {
	work := pair{x.Author, x.Workload}
	if first, ok := b.settled[work]; ok {
		b.t.Fatalf("a workload is paid at %d and at %d", first, index)
	}
	b.settled[work] = index
	detail, err := codec.DecodeDetail(b.attachment(x.Detail))
	if err != nil {
		b.t.Fatal(err)
	}
	manifest, err := codec.DecodeManifest(b.attachment(x.Shards.Blob))
	if err != nil {
		b.t.Fatal(err)
	}
	payer := b.payers[work]
	want := b.split(x, payer, manifest)
	if len(want) != len(detail.Postings) {
		b.t.Fatalf("record %d: %d lines, plainly %d", index, len(detail.Postings), len(want))
	}
	for i, w := range want {
		if p := &detail.Postings[i]; p.Role != w.role || w.role != codec.RolePlatform && p.Party != w.party || big64(p.Amount).Cmp(w.amount) != 0 {
			b.t.Fatalf("record %d line %d: %+v, plainly %+v", index, i, p, w)
		}
	}
	b.post(index, detail.Postings)
	p := &plainPosted{cycle: b.cycle, settled: x, postings: detail.Postings}
	if x.Labels != nil {
		p.labels = unsealed[[]codec.Label](b, *x.Labels)
	}
	b.postings[index] = p
	charged := &b.account(codec.RoleCustomer, payer).charged
	charged.Add(charged, want[0].amount)
	for _, u := range b.usagesOf(p, payer) {
		u.charged.Add(&u.charged, want[0].amount)
		u.units.Add(&u.units, big64(x.Shards.Units))
		u.settlements++
	}
}

// usagesOf returns what a settlement counts under: its class, and the project that its
// labels name, if it opens them.
func (b *plainBooks) usagesOf(p *plainPosted, payer codec.ID) (list []*plainUsage) {
	keys := []settlement.Scope{{Cycle: p.cycle, Customer: payer, Dimension: settlement.ByClass, Value: strconv.FormatUint(p.settled.Class, 10)}}
	for _, l := range p.labels {
		if l.Label == "project" {
			keys = append(keys, settlement.Scope{Cycle: p.cycle, Customer: payer, Dimension: settlement.ByProject, Value: l.Value})
		}
	}
	for _, k := range keys {
		if b.usages[k] == nil {
			b.usages[k] = new(plainUsage)
		}
		list = append(list, b.usages[k])
	}
	return list
}

// adjust books an adjustment: no line is taken back beyond its amount, and nothing
// follows twice from the same cause.
func (b *plainBooks) adjust(index uint64, x *codec.Adjustment) {
	c := new(codec.Correction)
	if err := codec.Decode(b.attachment(x.Detail), c); err != nil {
		b.t.Fatal(err)
	}
	b.post(index, c.Postings)
	b.postings[index] = &plainPosted{cycle: b.cycle, postings: c.Postings}
	cause := [2]uint64{uint64(x.Cause), x.Target.Index}
	if x.CauseRef != nil {
		cause[1] = *x.CauseRef
	}
	if once := x.CauseRef != nil || x.Cause == codec.CauseCarryForward; once && b.causes[cause] {
		b.t.Fatalf("record %d: cause %d of %d is used again", index, cause[0], cause[1])
	}
	b.causes[cause] = true
	if x.Cause == codec.CauseDispute && x.Totals.Credit > b.claims[b.rulings[*x.CauseRef]].accepted {
		b.t.Fatalf("record %d: more than the ruling accepted", index)
	}
	for i := range c.Postings {
		if p := &c.Postings[i]; p.RefIndex != nil {
			b.takeBack(index, x, p)
		}
	}
}

// takeBack adds up what is taken back of a line, and takes a charge of this cycle off what
// counts against budgets.
func (b *plainBooks) takeBack(index uint64, x *codec.Adjustment, p *codec.Posting) {
	of, r := b.postings[*p.RefIndex], settlement.LineRef{Index: *p.RefIndex, Line: *p.RefLine}
	line := &of.postings[r.Line]
	if b.taken[r] == nil {
		b.taken[r] = new(big.Int)
	}
	if b.taken[r].Add(b.taken[r], big64(p.Amount)); b.taken[r].Cmp(big64(line.Amount)) > 0 || line.Party != p.Party || line.Side == p.Side {
		b.t.Fatalf("record %d takes %v back of line %+v", index, b.taken[r], line)
	}
	if of.settled == nil || r.Line != 0 || of.cycle != b.cycle || x.ServiceCycle != b.cycle {
		return
	}
	less := func(x *big.Int) {
		if x.Sub(x, big64(p.Amount)); x.Sign() < 0 {
			x.SetUint64(0)
		}
	}
	less(&b.account(codec.RoleCustomer, p.Party).charged)
	for _, u := range b.usagesOf(of, p.Party) {
		less(&u.charged)
	}
}

func (b *plainBooks) dispute(index uint64, x *codec.Dispute) {
	switch x.Op {
	case codec.DisputeOpen:
		b.claims[index] = &plainClaim{target: x.Target.Index, lines: *x.Lines, amount: *x.Amount, open: true}
	case codec.DisputeAccept, codec.DisputeReject, codec.DisputeWithdraw:
		c := b.claims[*x.Opened]
		if !c.open {
			b.t.Fatalf("record %d ends a dispute again", index)
		}
		if c.open = false; x.Op == codec.DisputeAccept {
			c.accepted, b.rulings[index] = *x.Amount, *x.Opened
		}
	}
}

// now returns what is held of each line that was ever contested: the largest open claim.
func (b *plainBooks) now() map[settlement.LineRef]*big.Int {
	held := map[settlement.LineRef]*big.Int{}
	for _, c := range b.claims {
		for _, l := range c.lines {
			r := settlement.LineRef{Index: c.target, Line: l.Line}
			if held[r] == nil {
				held[r] = new(big.Int)
			}
			if c.open && held[r].Cmp(big64(l.Amount)) < 0 {
				held[r] = big64(l.Amount)
			}
		}
	}
	return held
}

// moveHolds books what is held more and less than at the last cut, line by line.
func (b *plainBooks) moveHolds(atCut map[settlement.LineRef]*big.Int) {
	for r, now := range b.now() {
		p := &b.postings[r.Index].postings[r.Line]
		if now.Cmp(big64(p.Amount)) > 0 {
			b.t.Fatalf("%v is held of %+v", now, p)
		}
		before, a := atCut[r], b.account(p.Role, p.Party)
		if before == nil {
			before = new(big.Int)
		}
		if diff := new(big.Int).Sub(now, before); diff.Sign() > 0 {
			a.held.Add(&a.held, diff)
		} else {
			a.released.Sub(&a.released, diff)
		}
	}
}
