package ledger

import (
	"slices"
	"testing"

	"github.com/forgepool/settle/codec"
	"github.com/forgepool/settle/settlement"
)

// TestLongAccount checks statements and pages of an account whose list has full chunks, at
// each edge of one.
func TestLongAccount(t *testing.T) {
	w := newWorld(t)
	l := w.create(Options{})
	defer l.Close()
	const n = 2*listChunk + 3
	for done := 0; done < n; {
		var records, blobs [][]byte
		for range min(43, n-done) {
			_, r, b := w.workload(2)
			records, blobs, done = append(records, r...), append(blobs, b...), done+1
		}
		w.apply(l, w.batch(blobs, records...))
	}
	s := l.Read()
	defer s.Close()
	a := settlement.Account{Cycle: testCycle, Role: codec.RolePlatform, Party: w.all["platform"].id}
	lines, err := s.StatementLines(a, Page{Oldest: true})
	if err != nil || len(lines.Items) != n || lines.Next != 0 {
		t.Fatal(len(lines.Items), lines.Next, err)
	}
	credit := uint64(0)
	for i := range lines.Items {
		index := lines.Items[i].Posted.Index
		for size, want := range map[uint64]uint64{index: uint64(i), index + 1: uint64(i + 1)} {
			sum := credit
			if size > index {
				sum += lines.Items[i].Lines[0].Amount
			}
			if st, err := s.Statement(a, size); err != nil || st.Postings != want || st.Credit != sum || st.Debit != 0 {
				t.Fatalf("size %d: %+v instead of %d postings of %d: %v", size, st, want, sum, err)
			}
		}
		credit += lines.Items[i].Lines[0].Amount
	}
	leaves, err := s.PostingLeaves(a)
	if err != nil || len(leaves) != n {
		t.Fatal(len(leaves), err)
	}
	found, err := s.Find(Filter{Class: 5, Cycle: ref(uint64(testCycle))}, Page{Limit: 5, From: lines.Items[n-1].Posted.Index})
	if err != nil || len(found.Items) != 5 || found.Items[0].Index != lines.Items[n-2].Posted.Index {
		t.Fatalf("%+v %v", found, err)
	}
}

// TestLabelLists checks that labels are found by customer, name and value, each for itself.
func TestLabelLists(t *testing.T) {
	one, two := codec.ID{1}, codec.ID{2}
	keys := map[listKey]string{}
	for _, cycle := range []uint64{1, 2} {
		for _, customer := range []codec.ID{one, two} {
			for _, label := range [][2]string{{"project", "a"}, {"project", "b"}, {"projecta", ""}, {"", "projecta"}, {"tag", "a"}} {
				k := labelList(cycle, customer, label[0], label[1])
				if before, ok := keys[k]; ok {
					t.Fatalf("%v stands in the list of %s", label, before)
				}
				keys[k] = label[0] + "=" + label[1]
			}
		}
	}
	w := newWorld(t)
	l := w.create(Options{})
	defer l.Close()
	label := func(values ...string) uint64 {
		w.labels = nil
		for i, v := range values {
			w.labels = append(w.labels, codec.Label{Label: "project", Value: v, Salt: codec.ID{byte(i)}})
		}
		_, records, blobs := w.workload(3)
		w.apply(l, w.batch(blobs, records...))
		return l.Applied().Size - 1
	}
	label()
	first := label("a")
	label("b")
	third := label("b", "a")
	s := l.Read()
	defer s.Close()
	customer := w.all["customer"].id
	for value, want := range map[string][]uint64{"a": {first, third}, "c": nil} {
		found, err := s.Find(Filter{Customer: &customer, Labels: []Label{{"project", value}}}, Page{Oldest: true})
		var got []uint64
		for _, p := range found.Items {
			got = append(got, p.Index)
		}
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("label %s: %v instead of %v: %v", value, got, want, err)
		}
	}
}
