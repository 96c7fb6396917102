package ledger

import (
	"reflect"
	"slices"
	"testing"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"
	"pgregory.net/rapid"

	"github.com/forgepool/settle/codec"
	"github.com/forgepool/settle/settlement"
)

// TestLists compares cursors over random lists with slices, alone and joined.
func TestLists(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		db, err := pebble.Open("db", &pebble.Options{FS: vfs.NewMem()})
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		w := &writer{batch: db.NewBatch()}
		var keys []listKey
		var plain [][]uint64
		for n := range rapid.IntRange(1, 3).Draw(t, "lists") {
			k := classList(7, uint64(n+1))
			gap := rapid.Uint64Range(1, 3).Draw(t, "gap")
			var l list
			var entries []uint64
			at := rapid.Uint64Range(1, 400).Draw(t, "first")
			for range rapid.SampledFrom([]int{0, 1, 127, 128, 129, 256, 257, 600}).Draw(t, "entries") {
				l.add(at, before{})
				entries = append(entries, at)
				at += 1 + at*2654435761%gap
				if at%31 == 0 { // written out now and then
					l.flush(w, k)
					l = recodedList(t, l)
				}
			}
			l.flush(w, k)
			w.key, w.value = k.append(w.key[:0], spaceList), encodeList(nil, l)
			w.put()
			keys, plain = append(keys, k), append(plain, entries)
		}
		if err := w.batch.Commit(pebble.NoSync); err != nil {
			t.Fatal(err)
		}
		s := &Snapshot{snap: db.NewSnapshot(), view: &view{applied: Applied{Size: 3000}}}
		defer s.snap.Close()
		checkSteps(t, s, keys[0], plain[0])
		checkJoined(t, s, keys, plain)
	})
}

func recodedList(t *rapid.T, l list) list {
	again, ok := decodeList(0, encodeList(nil, l))
	if !ok || again.last != l.last || again.count != l.count {
		t.Fatalf("%+v became %+v", l, again)
	}
	return again
}

func checkSteps(t *rapid.T, s *Snapshot, k listKey, plain []uint64) {
	c, err := s.cursor(k)
	if err != nil {
		t.Fatal(err)
	}
	defer c.close()
	if c.length() != uint64(len(plain)) {
		t.Fatalf("length %d of %d", c.length(), len(plain))
	}
	for range 50 {
		x := rapid.Uint64Range(0, 2500).Draw(t, "index")
		at, found := slices.BinarySearch(plain, x)
		got, ok, err := c.ceil(x)
		if err != nil || ok != (at < len(plain)) || ok && got != plain[at] {
			t.Fatalf("ceil(%d) = %d %v %v", x, got, ok, err)
		}
		if !found {
			at--
		}
		got, ok, err = c.floor(x)
		if err != nil || ok != (at >= 0) || ok && got != plain[at] {
			t.Fatalf("floor(%d) = %d %v %v", x, got, ok, err)
		}
	}
}

// checkJoined walks through pages of what all lists have.
func checkJoined(t *rapid.T, s *Snapshot, keys []listKey, plain [][]uint64) {
	page := Page{Size: rapid.Uint64Range(0, 2000).Draw(t, "size"), Limit: rapid.IntRange(1, 200).Draw(t, "limit"), Oldest: rapid.Bool().Draw(t, "oldest")}
	var want []uint64
	for _, x := range plain[0] {
		all := page.Size == 0 || x < page.Size
		for _, other := range plain[1:] {
			all = all && slices.Contains(other, x)
		}
		if all {
			want = append(want, x)
		}
	}
	if !page.Oldest {
		slices.Reverse(want)
	}
	var got []uint64
	for {
		lists, err := s.open(keys)
		if err != nil {
			t.Fatal(err)
		}
		p, err := collected(s, page, lists, func(index uint64) (uint64, bool, error) { return index, true, nil })
		if err != nil || len(p.Items) > page.Limit {
			t.Fatal(len(p.Items), err)
		}
		got = append(got, p.Items...)
		if page.From = p.Next; p.Next == 0 {
			break
		}
	}
	if !slices.Equal(got, want) {
		t.Fatalf("%v instead of %v", got, want)
	}
}

// TestQueries compares every answer with a walk over all postings.
func TestQueries(t *testing.T) {
	w := newWorld(t)
	l := w.create(Options{})
	defer l.Close()
	w.story(l, 2, func(*Ledger) {})
	s := l.Read()
	defer s.Close()
	var all []*settlement.Posted
	for i := range s.Size() {
		if p := s.Posted(i); p != nil {
			all = append(all, p)
		}
	}
	customer, provider, program := w.all["customer"].id, w.all["provider 2"].id, codec.ProgramID(&testProgram)
	has := func(p *settlement.Posted, role codec.Role, id codec.ID) bool {
		return slices.ContainsFunc(p.Lines, func(l settlement.Line) bool { return l.Role == role && l.Party == id })
	}
	settled := func(p *settlement.Posted) bool { return p.Kind == codec.KindSettlement }
	for name, c := range map[string]struct {
		f    Filter
		want func(p *settlement.Posted) bool
	}{
		"everything":  {Filter{}, func(*settlement.Posted) bool { return true }},
		"cycle":       {Filter{Cycle: ref(uint64(testCycle))}, func(p *settlement.Posted) bool { return p.Cycle == testCycle }},
		"no cycle":    {Filter{Cycle: ref(uint64(209901))}, func(*settlement.Posted) bool { return false }},
		"adjustments": {Filter{Kind: codec.KindAdjustment}, func(p *settlement.Posted) bool { return !settled(p) }},
		"customer":    {Filter{Customer: &customer}, func(p *settlement.Posted) bool { return has(p, codec.RoleCustomer, customer) }},
		"provider in a cycle": {Filter{Provider: &provider, Cycle: ref(uint64(testCycle + 1))}, func(p *settlement.Posted) bool {
			return has(p, codec.RoleProvider, provider) && p.Cycle == testCycle+1
		}},
		"adapter":           {Filter{Adapter: &customer}, func(*settlement.Posted) bool { return false }},
		"program and class": {Filter{Program: &program, Class: 5}, settled},
		"other class":       {Filter{Program: &program, Class: 4}, func(*settlement.Posted) bool { return false }},
		"unknown token":     {Filter{Token: &codec.Hash{1}}, func(*settlement.Posted) bool { return false }},
	} {
		for _, page := range []Page{{}, {Oldest: true}, {Limit: 1}, {Limit: 2, Oldest: true, Size: 40}, {Limit: 3, Size: 31}} {
			var want, got []uint64
			for _, p := range all {
				if c.want(p) && (page.Size == 0 || p.Index < page.Size) {
					want = append(want, p.Index)
				}
			}
			if !page.Oldest {
				slices.Reverse(want)
			}
			for {
				found, err := s.Find(c.f, page)
				if err != nil {
					t.Fatal(err)
				}
				for _, p := range found.Items {
					got = append(got, p.Index)
				}
				if page.From = found.Next; found.Next == 0 {
					break
				}
			}
			if !slices.Equal(got, want) {
				t.Errorf("%s, %+v: %v instead of %v", name, page, got, want)
			}
		}
	}
	if _, err := s.Find(Filter{Labels: []Label{{"project", "x"}}}, Page{}); err != ErrNoCustomer {
		t.Error("labels without customer:", err)
	}
	checkStatements(t, s, all)
	checkProcedures(t, w, s)
}

// checkStatements compares the statements of every account at every size.
func checkStatements(t *testing.T, s *Snapshot, all []*settlement.Posted) {
	for _, cycle := range []uint64{testCycle, testCycle + 1} {
		list, err := s.Balances(cycle)
		if err != nil || len(list) == 0 {
			t.Fatal(list, err)
		}
		for _, b := range list {
			for size := range s.Size() + 2 {
				want := b
				want.Credit, want.Debit, want.Postings = 0, 0, 0
				for _, p := range all {
					for _, line := range p.Lines {
						if size > 0 && p.Index >= size || p.Cycle != cycle || line.Role != b.Role || line.Party != b.Party {
							continue
						}
						want.Postings++
						if line.Side == codec.Credit {
							want.Credit += line.Amount
						} else {
							want.Debit += line.Amount
						}
					}
				}
				got, err := s.Statement(b.Account, size)
				if err != nil || got.Balance != want {
					t.Fatalf("%+v at %d: %+v instead of %+v: %v", b.Account, size, got.Balance, want, err)
				}
			}
		}
	}
}

func checkProcedures(t *testing.T, w *world, s *Snapshot) {
	open, err := s.OpenDisputes(Page{Oldest: true})
	if err != nil || len(open.Items) != 2 {
		t.Fatal(open, err)
	}
	on, err := s.DisputesOn(open.Items[0].Target.Index, Page{})
	if err != nil || len(on.Items) != 3 || on.Items[0].Opened != open.Items[1].Opened {
		t.Fatal(on, err)
	}
	a := settlement.Account{Cycle: testCycle + 1, Role: codec.RoleCustomer, Party: w.all["customer"].id}
	held, err := s.Holds(a, Page{})
	if err != nil || len(held.Items) != 1 || len(held.Items[0].Holds) != 1 || held.Items[0].Holds[0].Now != 700 {
		t.Fatalf("%+v %v", held, err)
	}
	a.Cycle = testCycle // its disputes were decided
	if held, err = s.Holds(a, Page{}); err != nil || len(held.Items) != 0 {
		t.Fatalf("%+v %v", held, err)
	}
	cycles, err := s.Cycles(Page{Limit: 2})
	if err != nil || len(cycles.Items) != 2 || cycles.Items[0].Number != 202611 || cycles.Next != 202610 {
		t.Fatalf("%+v %v", cycles, err)
	}
	if cycles, err = s.Cycles(Page{From: cycles.Next}); err != nil || len(cycles.Items) != 1 || cycles.Items[0].Number != 202609 {
		t.Fatalf("%+v %v", cycles, err)
	}
	intents, err := s.Intents(testCycle)
	if err != nil || len(intents) != 1 || !s.Committed(intents[0].Commit) || s.Intent(intents[0].Auditor, testCycle) == nil {
		t.Fatal(intents, err)
	}
	usage, next, err := s.Usages(testCycle, a.Party, settlement.ByClass, "", 10)
	if err != nil || next != nil || len(usage) != 1 || usage[0].Value != "5" || usage[0].Settlements != 3 {
		t.Fatalf("%+v %v", usage, err)
	}
	if got := s.Usage(usage[0].Scope); !reflect.DeepEqual(got, usage[0]) {
		t.Fatalf("%+v", got)
	}
	tokens := map[codec.Hash]bool{}
	err = scan(s.snap, []byte{spaceToken}, []byte{spaceToken + 1}, func(key, value []byte) (bool, error) {
		tokens[codec.Hash(key[1:])] = true
		return true, nil
	})
	if err != nil || len(tokens) != 8 {
		t.Fatal(len(tokens), err)
	}
	for token := range tokens {
		found, err := s.Find(Filter{Token: &token}, Page{})
		if err != nil || len(found.Items) != 1 {
			t.Fatal(found, err)
		}
	}
}
