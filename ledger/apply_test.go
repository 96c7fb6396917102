package ledger

import (
	"testing"

	"github.com/forgepool/settle/codec"
)

func TestWorkloads(t *testing.T) {
	w := newWorld(t)
	l := w.create(Options{})
	defer l.Close()
	var ids []codec.ID
	for range 5 {
		var records, blobs [][]byte
		for range 3 {
			id, r, b := w.workload(8)
			ids, records, blobs = append(ids, id), append(records, r...), append(blobs, b...)
		}
		w.apply(l, w.batch(blobs, records...))
	}
	s := l.Read()
	defer s.Close()
	for _, id := range ids {
		at, err := s.Settlement(w.hub.id, id)
		if err != nil {
			t.Fatal(err)
		}
		history, err := s.History(w.hub.id, id, 10)
		if err != nil || len(history) != 2 || history[0] != at-2 || history[1] != at-1 {
			t.Fatalf("history %v of a workload settled at %d: %v", history, at, err)
		}
		ref, err := s.BatchOf(at)
		if err != nil || ref.Submitter != w.hub.id || ref.Position%3 != 2 {
			t.Fatalf("%+v %v", ref, err)
		}
	}
}
