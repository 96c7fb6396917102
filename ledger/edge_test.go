package ledger

import (
	"slices"
	"testing"

	"github.com/forgepool/settle/codec"
)

// TestUncommittedEdge reads leaf hashes on both sides of what was written, and of a full
// tile: records that come again, and batches that do, in the run that appends them and in
// later ones. Where runs end does not show.
func TestUncommittedEdge(t *testing.T) {
	w := newWorld(t)
	lead := w.create(Options{})
	defer lead.Close()
	setup := newWorld(t)
	entries := []Entry{setup.batches(setup.parties())}
	var sent [][]byte
	var old [][]byte
	for _, n := range []int{245, 9, 40} { // 5 records before: tiles end within the second and at the third
		records, blobs := w.planned(n)
		again := records
		if len(old) > 0 {
			again = slices.Concat(old[len(old)-1:], records, old[:1], records[:1])
		}
		batch := w.batch(blobs, again...)
		sent, old = append(sent, batch), append(old, records...)
		entries = append(entries, w.batches(batch), w.batches(sent...))
	}
	_, blobs := w.planned(0)
	entries = append(entries, w.batches(w.batch(blobs, old...)))
	var want []string
	for i := range entries[1:] {
		want = append(want, describe(lead.Apply(entries[i+1:i+2])))
	}
	for size := 1; size <= len(entries); size++ {
		l, err := Create("db", w.genesis, memory())
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for run := range slices.Chunk(entries, size) {
			for _, r := range l.Apply(run) {
				got = append(got, describe([]Result{r}))
			}
		}
		if !slices.Equal(got[1:], want) || l.Applied() != lead.Applied() {
			t.Errorf("runs of %d: other outcomes, or %+v instead of %+v", size, l.Applied(), lead.Applied())
		}
		checkRepeats(t, l, old)
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// checkRepeats compares the leaf hash that the last batch gave for each record with that
// of the tree.
func checkRepeats(t *testing.T, l *Ledger, records [][]byte) {
	s := l.Read()
	defer s.Close()
	b, err := s.BatchByNumber(s.Applied().Batches)
	if err != nil || len(b.Outcomes) != len(records) {
		t.Fatal(len(b.Outcomes), err)
	}
	for i, o := range b.Outcomes {
		leaf, _, err := s.LeafHashes(o.Index)
		data, other := s.Record(o.Index)
		if err != nil || other != nil || o.Kind != codec.Repeated || o.Leaf != leaf || string(data) != string(records[i]) {
			t.Fatalf("record %d comes again as %+v: %v %v", i, o, err, other)
		}
	}
}
