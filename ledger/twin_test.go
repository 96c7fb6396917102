package ledger

import (
	"testing"

	"pgregory.net/rapid"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/forgepool/settle/codec"
	"github.com/forgepool/settle/proof"
	"github.com/forgepool/settle/settlement"
)

// twin is the ledger as plainly as it can be said: lists and maps, trees by
// definition, no store. It knows which records are good because it made them.
type twin struct {
	log      [][]byte
	at       map[string]uint64 // record bytes -> index
	batches  map[codec.ID][]codec.Outcome
	time     uint64
	balances map[settlement.Account]settlement.Balance
}

func (m *twin) append(record []byte) uint64 {
	m.log = append(m.log, record)
	m.at[string(record)] = uint64(len(m.log) - 1)
	return uint64(len(m.log) - 1)
}

// judge says what becomes of the records of a batch, of which bad ones are refused.
func (m *twin) judge(b *codec.Batch, stamp uint64, bad map[string]codec.Code) []codec.Outcome {
	size := len(m.log)
	out := make([]codec.Outcome, len(b.Records))
	for i, r := range b.Records {
		leaf := codec.Hash(proof.LeafA(r))
		if index, ok := m.at[string(r)]; ok {
			out[i] = codec.Outcome{Kind: codec.Repeated, Index: index, Leaf: leaf}
		} else if code := bad[string(r)]; code == "" {
			out[i] = codec.Outcome{Kind: codec.Appended, Index: m.append(r), Leaf: leaf}
		} else if out[i] = (codec.Outcome{Kind: codec.Refused, Code: code}); b.IsAtomic() {
			for _, r := range m.log[size:] {
				delete(m.at, string(r))
			}
			m.log = m.log[:size]
			for j := range out {
				if j != i {
					out[j] = codec.Outcome{Kind: codec.Refused, Code: codec.CodeBatchAborted}
				}
			}
			break
		}
	}
	m.time = max(m.time, stamp)
	m.batches[b.ID] = out
	return out
}

// post adds the postings of an accepted settlement.
func (m *twin) post(detail []byte) {
	d, err := codec.DecodeDetail(detail)
	if err != nil {
		panic(err)
	}
	for _, p := range d.Postings {
		a := settlement.Account{Cycle: testCycle, Role: p.Role, Party: p.Party}
		b := m.balances[a]
		b.Account, b.Postings = a, b.Postings+1
		if p.Side == codec.Credit {
			b.Credit += p.Amount
		} else {
			b.Debit, b.Charged = b.Debit+p.Amount, b.Charged+p.Amount
		}
		m.balances[a] = b
	}
}

// check compares the twin with the ledger.
func (m *twin) check(t *rapid.T, l *Ledger) {
	a, b := make([]codec.Hash, len(m.log)), make([]codec.Hash, len(m.log))
	for i, r := range m.log {
		a[i], b[i] = proof.LeafA(r), proof.LeafB(r)
	}
	got := l.Applied()
	if got.Size != uint64(len(m.log)) || got.RootA != naive(proof.TreeA, a) || got.RootB != naive(proof.TreeB, b) ||
		got.Time != m.time || got.Batches != uint64(len(m.batches)) {
		t.Fatalf("%+v; the twin has %d records, %d batches, time %d", got, len(m.log), len(m.batches), m.time)
	}
	s := l.Read()
	defer s.Close()
	list, err := s.Balances(testCycle)
	if err != nil || len(list) != len(m.balances) {
		t.Fatalf("balances %v: %v", list, err)
	}
	for _, x := range list {
		if x != m.balances[x.Account] {
			t.Fatalf("balance %+v, twin %+v", x, m.balances[x.Account])
		}
	}
}

// TestTwin drives the ledger and its dumb twin with the same random commands and
// restarts.
func TestTwin(t *testing.T) {
	wholeLedgers(t, "15")
	rapid.Check(t, func(rt *rapid.T) {
		w := newWorld(t)
		l, err := Create("db", w.genesis, Options{FS: vfs.NewMem(), StateEntries: rapid.SampledFrom([]int{2, 1000}).Draw(rt, "cache")})
		if err != nil {
			rt.Fatal(err)
		}
		defer func() { l.Close() }()
		m := &twin{at: map[string]uint64{}, batches: map[codec.ID][]codec.Outcome{}, time: testStart, balances: map[settlement.Account]settlement.Balance{}}
		m.append(w.genesis)
		first := w.draft(nil)
		parties, err := codec.DecodeBatch(w.parties())
		if err != nil {
			rt.Fatal(err)
		}
		first.Records = parties.Records
		d := &driver{w: w, m: m, bad: map[string]codec.Code{}}
		d.submit(rt, l, first)
		rt.Repeat(map[string]func(*rapid.T){
			"batch":    func(t *rapid.T) { d.submit(t, l, d.mixed(t)) },
			"workload": func(t *rapid.T) { d.workload(t, l) },
			"again":    func(t *rapid.T) { d.again(t, l) },
			"conflict": func(t *rapid.T) { d.conflict(t, l) },
			"forged":   func(t *rapid.T) { d.forged(t, l) },
			"intent":   func(t *rapid.T) { w.intent(l, 0) },
			"later":    func(t *rapid.T) { w.now += rapid.Uint64Range(0, 5000).Draw(t, "ms") },
			"reopen":   func(t *rapid.T) { l = d.reopen(t, l, rapid.Bool().Draw(t, "clean")) },
			"":         func(t *rapid.T) { m.check(t, l) },
		})
	})
}

// driver makes commands for both.
type driver struct {
	w    *world
	m    *twin
	bad  map[string]codec.Code
	sent []*codec.Batch
}

// submit applies a batch that is good as a whole to both.
func (d *driver) submit(t *rapid.T, l *Ledger, b *codec.Batch) {
	r := d.w.one(l, d.w.sign(b))
	want := d.m.judge(b, d.w.now, d.bad)
	d.sent = append(d.sent, b)
	if r.Fault != nil || r.Known {
		t.Fatalf("%+v", r)
	}
	equalOutcomes(t, r.Outcomes, want)
}

func equalOutcomes(t *rapid.T, got, want []codec.Outcome) {
	if string(codec.EncodeOutcomes(got)) != string(codec.EncodeOutcomes(want)) {
		t.Fatalf("outcomes %v, twin %v", got, want)
	}
}

// mixed is a batch of new, old and bad records in random order.
func (d *driver) mixed(t *rapid.T) *codec.Batch {
	records, blobs := d.w.planned(rapid.IntRange(1, 4).Draw(t, "new"))
	if rapid.Bool().Draw(t, "old") {
		records = append(records, records[0])
	}
	if rapid.Bool().Draw(t, "bad") {
		e := d.w.event(d.w.draw(), codec.StateAggregating, 0, codec.Hash{}, d.w.sealed(codec.ID{1}))
		r := bare(codec.KindEvent, codec.EncodeEvent(e))
		d.bad[string(r)] = codec.CodeWrongState
		records = append(records, r, []byte{0x01})
		d.bad["\x01"] = codec.CodeMalformed
	}
	b := d.w.draft(blobs, rapid.Permutation(records).Draw(t, "order")...)
	if rapid.Bool().Draw(t, "atomic") {
		b.Atomic = ref(uint64(1))
	}
	return b
}

func (d *driver) workload(t *rapid.T, l *Ledger) {
	_, records, blobs := d.w.workload(rapid.IntRange(1, 9).Draw(t, "shards"))
	d.submit(t, l, d.w.draft(blobs, records...))
	d.m.post(blobs[2])
}

// again sends an old batch: it gets its old outcomes, whatever the time.
func (d *driver) again(t *rapid.T, l *Ledger) {
	b := rapid.SampledFrom(d.sent).Draw(t, "batch")
	r := d.w.one(l, codec.EncodeBatch(b))
	if r.Fault != nil || !r.Known {
		t.Fatalf("%+v", r)
	}
	equalOutcomes(t, r.Outcomes, d.m.batches[b.ID])
}

func (d *driver) conflict(t *rapid.T, l *Ledger) {
	b := d.mixed(t)
	b.ID = rapid.SampledFrom(d.sent).Draw(t, "batch").ID
	if r := d.w.one(l, d.w.sign(b)); r.Fault == nil || r.Fault.Code != codec.CodeBatchConflict {
		t.Fatalf("%+v", r)
	}
}

func (d *driver) forged(t *rapid.T, l *Ledger) {
	b := d.mixed(t)
	d.w.sign(b)
	b.Signature[rapid.IntRange(0, 63).Draw(t, "byte")] ^= 1
	if r := d.w.one(l, codec.EncodeBatch(b)); r.Fault == nil || r.Fault.Code != codec.CodeBadSignature {
		t.Fatalf("%+v", r)
	}
}

// reopen stops the ledger, cleanly or not, and opens it again.
func (d *driver) reopen(t *rapid.T, l *Ledger, clean bool) *Ledger {
	stop := l.Close
	if !clean {
		stop = func() error { return join(l.Flush(), l.discard()) }
	}
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	l, err := Open("db", l.o)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func join(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}
