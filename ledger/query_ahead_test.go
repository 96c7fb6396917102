package ledger

import (
	"reflect"
	"testing"
)

// TestAhead reads the postings of every index, and of every n-th, as load does: some are
// there and most are not, also behind the last.
func TestAhead(t *testing.T) {
	w := newWorld(t)
	l := w.create(Options{})
	defer l.Close()
	for range 5 {
		_, records, blobs := w.workload(2)
		w.apply(l, w.batch(blobs, records...))
	}
	s := l.Read()
	defer s.Close()
	for step := uint64(1); step < 8; step++ {
		r, err := readAhead(s.snap, &postings)
		if err != nil {
			t.Fatal(err)
		}
		there := 0
		for index := uint64(0); index < s.Size()+3; index += step {
			for range 2 { // the same key may be asked for again
				got, ok, err := r.get(index)
				want, present, err2 := postings.load(s.snap, index)
				if err != nil || err2 != nil || ok != present || !reflect.DeepEqual(got, want) {
					t.Fatalf("step %d, index %d: %v %t %v instead of %v %t %v", step, index, got, ok, err, want, present, err2)
				}
				if ok {
					there++
				}
			}
		}
		if step == 1 && there != 10 {
			t.Fatalf("%d postings instead of 10", there)
		}
		if err := r.close(); err != nil {
			t.Fatal(err)
		}
	}
}
