package ledger

import (
	"fmt"
	"testing"

	"golang.org/x/mod/sumdb/note"

	"github.com/forgepool/settle/codec"
	"github.com/forgepool/settle/proof"
)

// intent applies a checkpoint intent.
func (w *world) intent(l *Ledger, size uint64) Result {
	return l.Apply([]Entry{w.entry(&codec.Command{Kind: codec.CommandCheckpointIntent, Size: &size})})[0]
}

// publish applies a checkpoint commit.
func (w *world) publish(l *Ledger, c *codec.CheckpointCommit) Result {
	return l.Apply([]Entry{w.entry(&codec.Command{Kind: codec.CommandCheckpointCommit, Commit: c})})[0]
}

// attested signs roots with the checkpoint key of operator 1 and the node keys of the
// first n operators.
func (w *world) attested(r Roots, n int) *codec.CheckpointCommit {
	c := &codec.CheckpointCommit{Size: r.Size, RootA: r.RootA, RootB: r.RootB, StateSum: r.StateSum, Time: r.Time}
	c.NoteA = w.note(testOrigin, r, r.RootA, n)
	c.NoteB = w.note(testTwin, r, r.RootB, n)
	return c
}

func (w *world) note(origin string, r Roots, root codec.Hash, n int) []byte {
	w.t.Helper()
	check := func(err error) {
		if err != nil {
			w.t.Fatal(err)
		}
	}
	var signer note.Signer
	signer, err := proof.NewCheckpointSigner(origin, w.all["operator 1"].keys[codec.UseCheckpoint])
	check(err)
	signed, err := proof.SignCheckpoint(proof.FormatCheckpoint(origin, r.Size, root), signer)
	check(err)
	for i := range n {
		op := w.all[fmt.Sprintf("operator %d", i+1)]
		k := op.keys[codec.UseNode]
		a, err := proof.SignAttestation(proof.Attestation{
			Name: proof.NodeName(testOrigin, op.id), Origin: testOrigin, Size: r.Size,
			RootA: r.RootA, RootB: r.RootB, StateSum: r.StateSum, Time: r.Time,
		}, k)
		check(err)
		p := pub(k)
		signed, err = a.AppendLine(signed, p[:])
		check(err)
	}
	return signed
}

func TestCheckpoints(t *testing.T) {
	w := newWorld(t)
	l := w.create(Options{})
	size := l.Applied().Size
	if r := w.intent(l, size+1); r.Refusal == nil {
		t.Fatal("an intent beyond the log")
	}
	r := w.intent(l, size)
	if r.Intent == nil || *r.Intent != (Roots{size, l.Applied().RootA, l.Applied().RootB, l.Applied().StateSum, l.Applied().Time}) {
		t.Fatalf("%+v", r)
	}
	if again := w.intent(l, size); again.Refusal == nil {
		t.Fatal("an intent without new records")
	}
	good := w.attested(*r.Intent, 2)
	for _, c := range []struct {
		name string
		code codec.Code
		lie  func(c *codec.CheckpointCommit)
	}{
		{"a minority", codec.CodeBadSignature, func(c *codec.CheckpointCommit) { *c = *w.attested(*r.Intent, 1) }},
		{"other time", codec.CodeMalformed, func(c *codec.CheckpointCommit) { c.Time++ }},
		{"other root", codec.CodeMalformed, func(c *codec.CheckpointCommit) { c.RootA[0] ^= 1 }},
		{"swapped notes", codec.CodeMalformed, func(c *codec.CheckpointCommit) { c.NoteA, c.NoteB = c.NoteB, c.NoteA }},
		{"flipped note", codec.CodeBadSignature, func(c *codec.CheckpointCommit) { c.NoteA = append([]byte{}, c.NoteA...); c.NoteA[40] ^= 1 }},
		{"no intent", codec.CodeNotFound, func(c *codec.CheckpointCommit) { x := *r.Intent; x.Size--; *c = *w.attested(x, 3) }},
		{"empty note", codec.CodeBadSignature, func(c *codec.CheckpointCommit) { c.NoteB = nil }},
		{"note of others", codec.CodeMalformed, func(c *codec.CheckpointCommit) { x := *r.Intent; x.Time++; c.NoteB = w.attested(x, 2).NoteB }},
	} {
		x := *good
		c.lie(&x)
		if got := w.publish(l, &x); got.Refusal == nil || got.Refusal.Code != c.code || got.Published || got.Divergence != nil {
			t.Errorf("%s: %+v, want %s", c.name, got.Refusal, c.code)
		}
	}
	if got := w.publish(l, good); !got.Published {
		t.Fatalf("%+v", got)
	}
	if got := w.publish(l, good); got.Refusal == nil {
		t.Fatal("published twice")
	}
	other := *r.Intent
	other.StateSum[5] ^= 1
	if got := w.publish(l, w.attested(other, 2)); got.Divergence == nil || got.Divergence.Own != *r.Intent {
		t.Fatalf("divergence: %+v", got)
	}
	l = reopen(t, l)
	defer l.Close()
	s := l.Read()
	defer s.Close()
	c, err := s.LatestCheckpoint()
	if err != nil || string(c.NoteA) != string(good.NoteA) {
		t.Fatal("latest", err)
	}
	if list, err := s.Checkpoints(0, 10); err != nil || len(list) != 1 {
		t.Fatal(list, err)
	}
	if again := w.intent(l, size); again.Refusal == nil {
		t.Fatal("an intent without new records after a restart")
	}
	if got := w.publish(l, good); got.Refusal == nil {
		t.Fatal("published twice after a restart")
	}
}

// TestGrouping applies the same entries one by one, all at once and with restarts: the
// state must be the same, roots and state sum at intents included.
func TestGrouping(t *testing.T) {
	w := newWorld(t)
	var entries []Entry
	add := func(e Entry) { entries = append(entries, e) }
	add(w.batches(w.parties()))
	zero := uint64(0)
	for i := range 12 {
		_, records, blobs := w.workload(4)
		more, shared := w.planned(40)
		add(w.batches(w.batch(blobs, records...), w.batch(shared, more...)))
		if i%3 == 1 {
			add(w.entry(&codec.Command{Kind: codec.CommandCheckpointIntent, Size: &zero}))
		}
		add(w.entry(&codec.Command{Kind: codec.CommandNodeStart, Start: &codec.NodeStart{Server: "n1", Incarnation: uint64(i + 1)}}))
	}
	w.index++
	add(Entry{Index: w.index, Term: 3, Configuration: []byte("members")})
	ways := map[string]func(l *Ledger) (*Ledger, []Result){
		"at once": func(l *Ledger) (*Ledger, []Result) { return l, l.Apply(entries) },
		"one by one": func(l *Ledger) (*Ledger, []Result) {
			var all []Result
			for _, e := range entries {
				all = append(all, l.Apply([]Entry{e})...)
			}
			return l, all
		},
		"with restarts": func(l *Ledger) (*Ledger, []Result) {
			var all []Result
			for i := 0; i < len(entries); i += 5 {
				all = append(all, l.Apply(entries[i:min(i+5, len(entries))])...)
				l = reopen(t, l)
			}
			return l, all
		},
	}
	var applied Applied
	var results string
	for name, run := range ways {
		l, err := Create("db", w.genesis, memory())
		if err != nil {
			t.Fatal(err)
		}
		l, all := run(l)
		if got := describe(all); results == "" {
			results, applied = got, l.Applied()
		} else if got != results || l.Applied() != applied {
			t.Errorf("%s: other results or state", name)
		}
		if index, data, err := l.Configuration(); err != nil || index != w.index || string(data) != "members" {
			t.Errorf("%s: configuration %d %q %v", name, index, data, err)
		}
		l.Close()
	}
}

func describe(results []Result) (text string) {
	for _, r := range results {
		text += fmt.Sprintf("%+v %+v %v\n", r.Batches, r.Intent, r.Refusal)
	}
	return text
}

func TestNodeStart(t *testing.T) {
	w := newWorld(t)
	l := w.create(Options{})
	defer l.Close()
	start := func(incarnation uint64) *codec.Refusal {
		n := &codec.NodeStart{Server: "n1", Incarnation: incarnation, LastIndex: 7, API: "host:1"}
		return l.Apply([]Entry{w.entry(&codec.Command{Kind: codec.CommandNodeStart, Start: n})})[0].Refusal
	}
	for _, c := range []struct {
		incarnation uint64
		ok          bool
	}{{2, true}, {2, false}, {1, false}, {3, true}} {
		if (start(c.incarnation) == nil) != c.ok {
			t.Fatalf("incarnation %d", c.incarnation)
		}
	}
	s := l.Read()
	defer s.Close()
	if n, err := s.NodeStart("n1"); err != nil || n != (NodeInfo{3, 7, "host:1"}) {
		t.Fatal(n, err)
	}
}
