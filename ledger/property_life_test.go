package ledger

import (
	"cmp"
	"slices"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/zeebo/blake3"
	"pgregory.net/rapid"

	"github.com/forgepool/settle/codec"
	"github.com/forgepool/settle/settlement"
)

// life is a model world whose inhabitants do whatever records can say, mostly rightly.
// It drafts from what a leading ledger holds, and knows of each draft what must become of
// it. The entries go to other ledgers as they are.
type life struct {
	*world
	t       *rapid.T
	l       *Ledger // leads
	m       *twin
	bad     map[string]codec.Code // what is refused, and why
	hubs    []actor
	byID    map[codec.ID]actor
	extras  []actor // registered on the way
	entries []Entry
	results []Result
	sent    []*codec.Batch
	blobs   map[codec.Hash][]byte // all that were attached, pruned since or not

	pending  []*work // planned, not settled
	finished []*work // settled
	posted   []uint64
	opened   []uint64 // disputes
	rulings  []uint64 // that accepted one
	closes   []uint64
	audits   []uint64                      // attestations
	secrets  map[uint64]codec.Hash         // of intents, by cycle
	held     map[settlement.LineRef]uint64 // at the last cut
	done     map[string]int                // what was appended and what was refused
}

// newLife founds a leading ledger with two hubs, three providers, an adapter and two
// customers, and its twin.
func newLife(tb testing.TB, t *rapid.T) *life {
	x := &life{
		world: newWorld(tb), t: t, bad: map[string]codec.Code{"\x01": codec.CodeMalformed}, byID: map[codec.ID]actor{},
		blobs:   map[codec.Hash][]byte{},
		secrets: map[uint64]codec.Hash{}, held: map[settlement.LineRef]uint64{}, done: map[string]int{},
	}
	x.m = &twin{at: map[string]uint64{}, batches: map[codec.ID][]codec.Outcome{}, time: testStart, balances: map[settlement.Account]settlement.Balance{}}
	x.m.append(x.genesis)
	var err error
	if x.l, err = Create("db", x.genesis, Options{FS: vfs.NewMem()}); err != nil {
		t.Fatal(err)
	}
	first, err := codec.DecodeBatch(x.parties())
	if err != nil {
		t.Fatal(err)
	}
	records := first.Records
	for _, a := range []struct {
		name string
		actor
		by actor
	}{
		{"hub 2", newActor("hub 2", codec.RoleHub, codec.UseSubmit), x.all["governance"]},
		{"adapter", newActor("adapter", codec.RoleAdapter), x.hub},
		{"thrifty", newActor("thrifty", codec.RoleCustomer), x.hub},
	} {
		x.all[a.name] = a.actor
		records = append(records, signRecord(codec.KindParty, x.register(a.actor), a.actor, a.by))
	}
	for _, a := range x.all {
		x.byID[a.id] = a
	}
	x.hubs = []actor{x.hub, x.all["hub 2"]}
	x.submit(x.draft(nil, records...))
	return x
}

// read calls f with what the leading ledger holds.
func (x *life) read(f func(s *Snapshot)) {
	s := x.l.Read()
	defer s.Close()
	f(s)
}

// maybe is true once in n times.
func (x *life) maybe(n int, what string) bool { return rapid.IntRange(1, n).Draw(x.t, what) == n }

// one draws an element of a list that is not empty.
func one[T any](x *life, list []T, what string) T {
	return list[rapid.IntRange(0, len(list)-1).Draw(x.t, what)]
}

// say submits records in one batch. The last of them is appended, or refused with a
// code; it returns where it stands.
func (x *life) say(what string, want codec.Code, blobs [][]byte, records ...[]byte) (index uint64, ok bool) {
	last := string(records[len(records)-1])
	if want != "" {
		x.bad[last] = want
	}
	if x.maybe(6, "old one before") {
		records = append([][]byte{one(x, x.m.log[1:], "old")}, records...)
	}
	if x.maybe(8, "no record before") {
		records = append([][]byte{{1}}, records...)
	}
	b := x.draft(blobs, records...)
	if x.maybe(6, "atomic") {
		b.Atomic = ref(uint64(1))
	}
	x.submit(b)
	if index, ok = x.m.at[last]; ok == (want != "") && b.Atomic == nil {
		x.t.Fatalf("%s: appended is %v, expected %q", what, ok, want)
	}
	if ok {
		x.done[what]++
	} else {
		x.done["refused: "+string(cmp.Or(want, codec.CodeBatchAborted))]++
	}
	return index, ok
}

// submit gives a batch to the leading ledger and its twin, and compares what they say.
// Where nothing is appended, nothing moves.
func (x *life) submit(b *codec.Batch) {
	before, size, there := x.standing(), len(x.m.log), x.attached(b)
	want := x.m.judge(b, x.now, x.bad)
	x.sent = append(x.sent, b)
	r := x.enter(x.sign(b))
	if r.Fault != nil || r.Known {
		x.t.Fatalf("%+v", r)
	}
	equalOutcomes(x.t, r.Outcomes, want)
	if len(x.m.log) == size && (x.standing() != before || x.attached(b) > there) {
		x.t.Fatalf("nothing was appended, but something moved: %v", r.Outcomes)
	}
	x.cycle = x.l.Applied().Cycle
	x.read(func(s *Snapshot) { x.policy = s.View(x.now).PolicyFor(x.cycle) })
}

// attached returns how many attachments of a batch the leading ledger has.
func (x *life) attached(b *codec.Batch) (n int) {
	x.read(func(s *Snapshot) {
		for _, blob := range b.Attachments {
			hash := codec.BlobHash(blob)
			x.blobs[hash] = blob
			if _, err := s.Attachment(hash); err == nil {
				n++
			}
		}
	})
	return n
}

// enter applies an entry with a batch, at times beside one that is known, and keeps it.
func (x *life) enter(batch []byte) BatchResult {
	list := [][]byte{batch}
	var known *codec.Batch
	if len(x.sent) > 2 && x.maybe(5, "a known batch beside") {
		known = one(x, x.sent[:len(x.sent)-1], "known")
		list = [][]byte{codec.EncodeBatch(known), batch}
	}
	e := x.batches(list...)
	r := x.l.Apply([]Entry{e})[0]
	x.entries, x.results = append(x.entries, e), append(x.results, r)
	if known != nil {
		if !r.Batches[0].Known {
			x.t.Fatalf("a batch sent again: %+v", r.Batches[0])
		}
		equalOutcomes(x.t, r.Batches[0].Outcomes, x.m.batches[known.ID])
	}
	return r.Batches[len(list)-1]
}

// standing is a digest of both roots and of the state, but for what a batch leaves behind
// that appends nothing: its number, header and outcomes, and what it pays of pruning.
func (x *life) standing() (digest codec.Hash) {
	h, a := blake3.New(), x.l.Applied()
	h.Write(a.RootA[:])
	h.Write(a.RootB[:])
	now := x.l.state.now
	now.batches, now.sweep = mth{}, sweep{}
	h.Write(now.encode(nil))
	x.read(func(s *Snapshot) {
		for _, space := range summed {
			if slices.Contains([]byte{spaceBatchID, spaceBatch, spaceTally, spaceBlobRef}, space) {
				continue
			}
			err := scan(s.snap, []byte{space}, []byte{space + 1}, func(key, value []byte) (bool, error) {
				if space != spaceMark || key[1] != markWaiting && key[1] != markRetained {
					h.Write(key)
					h.Write(value)
				}
				return true, nil
			})
			if err != nil {
				x.t.Fatal(err)
			}
		}
	})
	h.Sum(digest[:0])
	return digest
}

// step does one of the things that can be done.
func (x *life) step() {
	x.hub = one(x, x.hubs, "hub")
	steps := []func(){
		x.settle, x.settle, x.settle, x.plan, x.finish, x.race, x.intrude, x.fail,
		x.dispute, x.dispute, x.dispute, x.disputeShard, x.disputePlan, x.disputeClose, x.end, x.end, x.end, x.end,
		x.refund, x.refund, x.correct, x.correct, x.correct, x.goodwill, x.carry, x.carry, x.afterAudit, x.penalize, x.penalize,
		x.month, x.month, x.cut, x.close, x.promise, x.attest, x.attest,
		x.join, x.change, x.change, x.reweigh, x.budget, x.legislate,
		x.stale, x.strip, x.wait,
	}
	steps[rapid.IntRange(0, len(steps)-1).Draw(x.t, "step")]()
}

// wait lets time pass: mostly a little, at times more than a dispute has.
func (x *life) wait() {
	x.now += rapid.SampledFrom([]uint64{1, 1_000, 60_000, testDay, 2 * testDay, 8 * testDay}).Draw(x.t, "ms")
}

// stale is an event with an id that was used, of another cycle, or from the past.
func (x *life) stale() {
	sealed := x.sealed(codec.ID{1})
	e := x.event(x.draw(), codec.StatePlanned, 0, codec.Hash{}, sealed)
	want := rapid.SampledFrom([]codec.Code{codec.CodeIDConflict, codec.CodeClosedCycle, codec.CodeOutOfTime}).Draw(x.t, "stale")
	switch want {
	case codec.CodeIDConflict:
		all := append(slices.Clone(x.pending), x.finished...)
		all = slices.DeleteFunc(all, func(k *work) bool { return k.hub.id != x.hub.id })
		if len(all) == 0 {
			return
		}
		e.ID = one(x, all, "whose id").event
	case codec.CodeClosedCycle:
		e.Cycle++
	default:
		e.At -= 600_001
	}
	x.say("stale event", want, [][]byte{sealed}, bare(codec.KindEvent, codec.EncodeEvent(e)))
}

// strip sends a batch without its attachments: it is no batch, and not even ledger time
// moves.
func (x *life) strip() {
	id := x.draw()
	e := x.event(id, codec.StatePlanned, 0, codec.Hash{}, x.sealed(id))
	b := x.draft(nil, bare(codec.KindEvent, codec.EncodeEvent(e)))
	before := x.l.Applied()
	if r := x.enter(x.sign(b)); r.Fault == nil || r.Fault.Code != codec.CodeMissingAttachment {
		x.t.Fatalf("%+v", r)
	}
	before.Index = x.l.Applied().Index
	if x.l.Applied() != before {
		x.t.Fatal("a fault moved something")
	}
}
