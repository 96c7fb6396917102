package ledger

import (
	"slices"
	"testing"

	"github.com/forgepool/settle/codec"
	"github.com/forgepool/settle/proof"
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
		blob, err := s.Attachment(codec.BlobHash(w.sealed(id)))
		if err != nil || string(blob) != string(w.sealed(id)) {
			t.Fatal("attachment", err)
		}
	}
}

// one applies one batch and returns its fate.
func (w *world) one(l *Ledger, batch []byte) BatchResult {
	w.t.Helper()
	return l.Apply([]Entry{w.batches(batch)})[0].Batches[0]
}

// TestFaults checks that a fault of the whole batch changes nothing but the applied
// index: no root, no state, no ledger time, and the batch id stays free.
func TestFaults(t *testing.T) {
	w := newWorld(t)
	l := w.create(Options{})
	defer l.Close()
	records, blobs := w.planned(3)
	_, unknown := w.planned(0)
	unknown[0] = append([]byte{}, unknown[0]...)
	unknown[0][len(unknown[0])-1] ^= 1
	good := w.batch(blobs, records...)
	lie := func(edit func(b *codec.Batch)) []byte {
		b := w.draft(blobs, records...)
		edit(b)
		return w.sign(b)
	}
	cases := []struct {
		name  string
		code  codec.Code
		batch []byte
	}{
		{"no batch", codec.CodeMalformed, []byte{0xa0}},
		{"cut off", codec.CodeMalformed, good[:len(good)-1]},
		{"other ledger", codec.CodeWrongOrigin, lie(func(b *codec.Batch) { b.Origin = "other.example" })},
		{"unknown key", codec.CodeUnknownKey, lie(func(b *codec.Batch) { b.Key[0] ^= 1 })},
		{"owner key", codec.CodeUnknownKey, lie(func(b *codec.Batch) { b.Key = keyID(w.hub.keys[codec.UseOwner]) })},
		{"early clock", codec.CodeClockSkew, lie(func(b *codec.Batch) { b.Sent -= 600_001 })},
		{"late clock", codec.CodeClockSkew, lie(func(b *codec.Batch) { b.Sent += 600_001 })},
		{"stray blob", codec.CodeBadAttachments, lie(func(b *codec.Batch) { b.Attachments = append(b.Attachments, unknown[0]) })},
		{"missing blob", codec.CodeMissingAttachment, lie(func(b *codec.Batch) { b.Attachments = nil })},
		{"flipped", codec.CodeBadSignature, func() []byte {
			b := w.draft(blobs, records...)
			w.sign(b)
			b.Signature[3] ^= 1
			return codec.EncodeBatch(b)
		}()},
	}
	for _, c := range cases {
		before := l.Applied()
		w.now += 1000
		w.index++
		r := l.Apply([]Entry{{Index: w.index, Term: 1, Command: command(w.now-1000, c.batch)}})[0].Batches[0]
		w.now -= 1000
		if c.name == "stray blob" && r.Fault != nil && r.Fault.Code == codec.CodeBadAttachments {
			r.Fault.Detail = ""
		}
		if r.Fault == nil || r.Fault.Code != c.code || r.Outcomes != nil {
			t.Errorf("%s: %+v", c.name, r)
		}
		after := l.Applied()
		before.Index = after.Index
		if after != before {
			t.Errorf("%s: changed %+v to %+v", c.name, before, after)
		}
	}
	w.apply(l, good)
	if r := w.one(l, good); !r.Known || len(r.Outcomes) != 3 {
		t.Fatalf("retry: %+v", r)
	}
	w.now += 10 * testDay
	if r := w.one(l, good); !r.Known {
		t.Fatalf("late retry: %+v", r)
	}
	if l.Applied().Time != w.now-10*testDay {
		t.Fatal("a known batch moved ledger time")
	}
}

// TestConflictAndRepeat checks batch ids and record ids that come twice.
func TestConflictAndRepeat(t *testing.T) {
	w := newWorld(t)
	l := w.create(Options{})
	defer l.Close()
	records, blobs := w.planned(3)
	first := w.draft(blobs, records[:2]...)
	w.apply(l, w.sign(first))
	second := w.draft(blobs, records[2])
	second.ID = first.ID
	before := l.Applied()
	if r := w.one(l, w.sign(second)); r.Fault == nil || r.Fault.Code != codec.CodeBatchConflict {
		t.Fatalf("%+v", r)
	}
	before.Index = l.Applied().Index
	if l.Applied() != before {
		t.Fatal("a conflict changed something")
	}
	r := w.one(l, w.batch(blobs, records[1], records[2], records[2]))
	want := []codec.OutcomeKind{codec.Repeated, codec.Appended, codec.Repeated}
	for i, k := range want {
		if r.Outcomes[i].Kind != k {
			t.Fatalf("outcome %d: %+v", i, r.Outcomes[i])
		}
	}
	if r.Outcomes[1].Index != before.Size || r.Outcomes[2].Index != before.Size || r.Outcomes[0].Index != before.Size-1 {
		t.Fatalf("%+v", r.Outcomes)
	}
}

// TestKnownBatchOutlivesItsKey checks that the outcomes of a batch are kept for ever:
// also after its key was revoked, when the same key signs nothing new any more.
func TestKnownBatchOutlivesItsKey(t *testing.T) {
	w := newWorld(t)
	l := w.create(Options{})
	defer l.Close()
	records, blobs := w.planned(2)
	draft := w.draft(blobs, records[0])
	kept := w.sign(draft)
	want := w.one(l, kept).Outcomes
	submit := keyID(w.hub.keys[codec.UseSubmit])
	revoke := &codec.Party{ID: w.draw(), At: w.now, Cycle: testCycle, Author: w.hub.id, Party: w.hub.id, Op: codec.PartyRevokeKey,
		Keys: []codec.Key{{ID: submit}}, Reason: ref(uint64(1)), Prev: proof.LeafA(w.genesis)}
	r := w.one(l, w.batch(nil, signRecord(codec.KindParty, codec.Encode(revoke), w.hub)))
	if r.Fault != nil || r.Outcomes[0].Kind != codec.Appended {
		t.Fatalf("revocation: %+v", r)
	}
	before := l.Applied()
	if r := w.one(l, kept); !r.Known || r.Fault != nil || !slices.Equal(r.Outcomes, want) {
		t.Errorf("the known batch: %+v", r)
	}
	draft.Records = records[1:]
	for name, batch := range map[string][]byte{"new": w.batch(blobs, records[1]), "conflicting": w.sign(draft)} {
		if r := w.one(l, batch); r.Fault == nil || r.Fault.Code != codec.CodeRevokedKey {
			t.Errorf("a %s batch: %+v", name, r)
		}
	}
	before.Index = l.Applied().Index
	if l.Applied() != before {
		t.Error("something changed")
	}
}

// TestAtomic checks that the first refusal of an atomic batch discards everything.
func TestAtomic(t *testing.T) {
	w := newWorld(t)
	l := w.create(Options{})
	defer l.Close()
	id, records, blobs := w.workload(3)
	bad := w.event(w.draw(), codec.StateAggregating, 1, codec.Hash{}, w.sealed(id))
	b := w.draft(blobs, append(records, bare(codec.KindEvent, codec.EncodeEvent(bad)))...)
	b.Atomic = ref(uint64(1))
	batch := w.sign(b)
	before := l.Applied()
	r := w.one(l, batch)
	for i, o := range r.Outcomes {
		if o.Kind != codec.Refused || (o.Code == codec.CodeBatchAborted) != (i < 3) {
			t.Fatalf("outcome %d: %+v", i, o)
		}
	}
	after := l.Applied()
	if after.RootA != before.RootA || after.Size != before.Size || after.Batches != before.Batches+1 {
		t.Fatalf("%+v", after)
	}
	s := l.Read()
	defer s.Close()
	if s.Workload(w.hub.id, id) != nil {
		t.Fatal("an aborted batch left a workload")
	}
	if list, err := s.Balances(testCycle); err != nil || len(list) != 0 {
		t.Fatal("an aborted batch left balances", err)
	}
	if again := w.one(l, batch); !again.Known || len(again.Outcomes) != 4 || again.Outcomes[3] != r.Outcomes[3] {
		t.Fatalf("%+v", again)
	}
	w.apply(l, w.batch(blobs, records...))
}
