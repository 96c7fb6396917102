package verifier

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/forgepool/settle/codec"
	"github.com/forgepool/settle/proof"
)

// honest settles n workloads of four shards by three providers.
func honest(w *world, n int) {
	for i := range n {
		w.settle(job{name: fmt.Sprint("honest ", i), shards: []shardSpec{{0, 5}, {1, 3}, {2, 9}, {0, uint64(1 + i)}}})
	}
}

func (w *world) options(draws uint64) Options {
	return Options{Policy: w.trust, Auditor: w.actors["auditor"].id, Cycle: testCycle, Secret: [32]byte{7}, Draws: draws, Workers: 2}
}

func (w *world) audit(draws uint64) *Report {
	w.t.Helper()
	r, err := Audit(context.Background(), w, w.options(draws))
	if err != nil {
		w.t.Fatal(err)
	}
	return r
}

func TestAuditOfHonestLedger(t *testing.T) {
	w := newWorld(t, 3)
	honest(w, 5)
	r := w.audit(60)
	if r.Matches != 60 || r.Mismatches != 0 || r.Inconclusive != 0 || len(r.Draws) != 60 {
		t.Fatalf("%d matches, %d mismatches, %d open of %d draws: %v", r.Matches, r.Mismatches, r.Inconclusive, len(r.Draws), r.Draws[0])
	}
	if r.Distinct == 0 || r.Distinct > 20 {
		t.Errorf("%d distinct shards of 20", r.Distinct)
	}
	if r.Frame.Credit != r.Frame.Debit || r.Frame.Settlements != 5 || r.Frame.Postings != 25 || r.Frame.Parties != 5 {
		t.Errorf("frame %+v", r.Frame)
	}
	if want := codec.AuditCommitment(w.actors["auditor"].id, testCycle, [32]byte{7}); r.Commitment != want {
		t.Errorf("commitment %s, want %s", r.Commitment, want)
	}
}

// TestAuditDoesNotDependOnWorkers compares whole reports.
func TestAuditDoesNotDependOnWorkers(t *testing.T) {
	w := newWorld(t, 3)
	honest(w, 3)
	w.settle(job{name: "false", shards: []shardSpec{{0, 50}, {1, 50}}, entry: func(i int, e *codec.ShardEntry) { e.Output.Hash[0] ^= byte(i) }})
	var reports []string
	for _, workers := range []int{0, 1, 7} {
		o := w.options(40)
		o.Workers = workers
		r, err := Audit(context.Background(), w, o)
		if err != nil {
			t.Fatal(err)
		}
		data, err := json.Marshal(r)
		if err != nil {
			t.Fatal(err)
		}
		reports = append(reports, string(data))
	}
	if reports[0] != reports[1] || reports[1] != reports[2] {
		t.Error("reports differ by the number of workers")
	}
}

// TestMoreDrawsContinueTheList checks that escalation never reseeds.
func TestMoreDrawsContinueTheList(t *testing.T) {
	w := newWorld(t, 3)
	honest(w, 4)
	few, many := w.audit(10), w.audit(30)
	for i := range few.Draws {
		if !reflect.DeepEqual(few.Draws[i], many.Draws[i]) {
			t.Errorf("draw %d changed", i)
		}
	}
}

// TestFraudIsCaught plants each fault in one shard that takes most of the value.
func TestFraudIsCaught(t *testing.T) {
	spoil := map[Fault]job{
		FaultOutput: {entry: func(i int, e *codec.ShardEntry) { e.Output.Hash[5] ^= byte(i) }},
		FaultUnits:  {entry: func(i int, e *codec.ShardEntry) { e.Units += uint64(i) }},
		FaultInvalid: {entry: func(i int, e *codec.ShardEntry) {
			if i == 1 {
				e.Inputs = []codec.Blob{{Hash: codec.BlobHash(nil), Size: 1 << 27}}
			}
		}},
		FaultReceipt: {signed: func(i int, e *codec.ShardEntry) { e.Receipt[3] ^= byte(i) }},
		FaultPayout: {detail: func(s *codec.Settlement, d *codec.Detail) {
			d.Postings[1].Amount++
			d.Postings[2].Amount--
		}},
	}
	for fault, j := range spoil {
		t.Run(fault.String(), func(t *testing.T) {
			w := newWorld(t, 3)
			honest(w, 2)
			j.name, j.shards = "false", []shardSpec{{0, 5}, {1, 200}}
			index := w.settle(j)
			r := w.audit(30)
			if r.Mismatches == 0 || r.Inconclusive != 0 || len(r.Evidence) == 0 {
				t.Fatalf("%d mismatches, %d open, %d files", r.Mismatches, r.Inconclusive, len(r.Evidence))
			}
			for i := range r.Draws {
				if d := &r.Draws[i]; d.Verdict != Match && (d.Settlement != index || d.Fault != fault.String() || d.Evidence == "") {
					t.Errorf("draw %d accuses settlement %d of %q (%s)", d.I, d.Settlement, d.Fault, d.Reasons)
				}
			}
			readAgain(t, r)
			c := confirm(t, w, &r.Evidence[0])
			if c.Fault != fault || c.Settlement != index || !c.Authorship || c.Hub != w.actors["hub"].id {
				t.Errorf("confirmed %+v", c)
			}
			if c.Signed != (fault != FaultReceipt && fault != FaultPayout) {
				t.Errorf("signed by the agent: %v", c.Signed)
			}
		})
	}
}

// readAgain writes a report as JSON and expects the same report back, but for the
// files that stand beside it.
func readAgain(t *testing.T, r *Report) {
	t.Helper()
	data, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	got, want := new(Report), *r
	if err := json.Unmarshal(data, got); err != nil {
		t.Fatal(err)
	}
	want.State, want.Evidence = nil, slices.Clone(r.Evidence)
	for i := range want.Evidence {
		want.Evidence[i].File, want.Evidence[i].Bundle = nil, nil
	}
	if !reflect.DeepEqual(got, &want) {
		t.Errorf("read from JSON:\n%+v\nwritten:\n%+v", got, &want)
	}
}

// TestForeignAgent has one provider's agent sign for another provider.
func TestForeignAgent(t *testing.T) {
	w := newWorld(t, 2)
	w.settle(job{name: "foreign", shards: []shardSpec{{0, 5}}, entry: func(_ int, e *codec.ShardEntry) {
		e.Agent = registration(w.actors["provider 1"].other, codec.UseAgent).ID
	}})
	r := w.audit(2)
	if r.Mismatches != 2 || len(r.Evidence) != 1 || r.Evidence[0].Fault != FaultReceipt {
		t.Fatalf("%+v", r.Draws[0])
	}
	confirm(t, w, &r.Evidence[0])
}

// TestUnregisteredAgent names a key that stands nowhere: there is nothing to prove it
// with, but it is no match.
func TestUnregisteredAgent(t *testing.T) {
	w := newWorld(t, 1)
	w.settle(job{name: "nobody", shards: []shardSpec{{0, 5}}, entry: func(_ int, e *codec.ShardEntry) { e.Agent[0] ^= 1 }})
	if r := w.audit(2); r.Mismatches != 2 || len(r.Evidence) != 0 {
		t.Fatalf("%+v", r.Draws[0])
	}
}

func confirm(t *testing.T, w *world, f *EvidenceFile) *Confirmed {
	t.Helper()
	e, err := DecodeEvidence(f.File)
	if err != nil {
		t.Fatal(err)
	}
	c, err := e.Check(w.trust, f.Bundle)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// TestUnitsBelowTheTruth claims too little: more than claimed is a mismatch as well.
func TestUnitsBelowTheTruth(t *testing.T) {
	w := newWorld(t, 1)
	w.settle(job{name: "modest", shards: []shardSpec{{0, 100}}, entry: func(_ int, e *codec.ShardEntry) { e.Units-- }})
	r := w.audit(3)
	if r.Mismatches != 3 || r.Draws[0].Fault != FaultUnits.String() {
		t.Fatalf("%+v", r.Draws[0])
	}
	confirm(t, w, &r.Evidence[0])
}

// TestInconclusive takes away what is needed to tell, one thing at a time.
func TestInconclusive(t *testing.T) {
	for name, take := range map[string]func(w *world, s *codec.Settlement, e *codec.ShardEntry){
		"arguments": func(w *world, _ *codec.Settlement, e *codec.ShardEntry) { delete(w.blobs, e.Args) },
		"manifest":  func(w *world, s *codec.Settlement, _ *codec.ShardEntry) { delete(w.blobs, s.Shards.Blob) },
		"customer":  func(w *world, s *codec.Settlement, _ *codec.ShardEntry) { delete(w.blobs, s.Customer) },
		"batch":     func(w *world, _ *codec.Settlement, _ *codec.ShardEntry) { clear(w.batches) },
		"false arguments": func(w *world, _ *codec.Settlement, e *codec.ShardEntry) {
			w.blobs[e.Args] = mcArgs(1, 1)
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, 1)
			index := w.settle(job{name: "one", shards: []shardSpec{{0, 5}}})
			s, e := w.body(index)
			take(w, s, e)
			r := w.audit(4)
			if r.Inconclusive != 4 || len(r.Draws[0].Reasons) == 0 || len(r.Evidence) != 0 {
				t.Fatalf("%d open: %+v", r.Inconclusive, r.Draws[0])
			}
		})
	}
}

// body returns a settlement and the first entry of its manifest.
func (w *world) body(index uint64) (*codec.Settlement, *codec.ShardEntry) {
	env, err := codec.DecodeRecord(w.records[index].Bytes)
	if err != nil {
		w.t.Fatal(err)
	}
	s := new(codec.Settlement)
	if err := codec.DecodeSettlement(env.Body, s); err != nil {
		w.t.Fatal(err)
	}
	entries, err := codec.DecodeManifest(w.blobs[s.Shards.Blob])
	if err != nil {
		w.t.Fatal(err)
	}
	return s, &entries[0]
}

// TestUnknownProgramNeverMatches settles a program that is not built in.
func TestUnknownProgramNeverMatches(t *testing.T) {
	w := newWorld(t, 1)
	w.settle(job{name: "other", shards: []shardSpec{{0, 5}}, body: func(s *codec.Settlement) { s.Program.Version = 9 }})
	r := w.audit(2)
	if r.Matches != 0 {
		t.Fatalf("%+v", r.Draws[0])
	}
}

// TestFrameNeedsDetails refuses to draw when postings are missing or false.
func TestFrameNeedsDetails(t *testing.T) {
	w := newWorld(t, 1)
	index := w.settle(job{name: "one", shards: []shardSpec{{0, 5}}})
	s, _ := w.body(index)
	detail := w.blobs[s.Detail]
	delete(w.blobs, s.Detail)
	if _, err := Audit(context.Background(), w, w.options(1)); !errors.Is(err, ErrUnavailable) {
		t.Errorf("missing detail: %v", err)
	}
	w.blobs[s.Detail] = append(detail, 0)
	if _, err := Audit(context.Background(), w, w.options(1)); !errors.Is(err, LieBlob) {
		t.Errorf("false detail: %v", err)
	}
}

// TestDetailMustRebuild commits to postings that are not the settlement's.
func TestDetailMustRebuild(t *testing.T) {
	for name, j := range map[string]job{
		"unbalanced": {detail: func(_ *codec.Settlement, d *codec.Detail) { d.Postings[1].Amount++ }},
		"lines":      {body: func(s *codec.Settlement) { s.Postings.N++ }},
		"root":       {body: func(s *codec.Settlement) { s.Postings.Root[0]++ }},
		"charge":     {body: func(s *codec.Settlement) { s.Charge++ }},
	} {
		w := newWorld(t, 2)
		j.name, j.shards = "one", []shardSpec{{0, 5}, {1, 6}}
		w.settle(j)
		if _, err := Audit(context.Background(), w, w.options(1)); !errors.Is(err, LieDetail) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestEmptyFrame audits a ledger on which nothing was paid.
func TestEmptyFrame(t *testing.T) {
	w := newWorld(t, 1)
	r := w.audit(10)
	if len(r.Draws) != 0 || r.Frame.Value != 0 {
		t.Errorf("%+v", r)
	}
}

// TestAuditRange draws only from settlements of the range.
func TestAuditRange(t *testing.T) {
	w := newWorld(t, 3)
	honest(w, 4)
	o := w.options(40)
	o.From = uint64(len(w.records)) - 3
	r, err := Audit(context.Background(), w, o)
	if err != nil {
		t.Fatal(err)
	}
	if r.Frame.Settlements != 1 || slices.ContainsFunc(r.Draws, func(d Item) bool { return d.Settlement < o.From }) {
		t.Errorf("frame %+v", r.Frame)
	}
	o.From = uint64(len(w.records))
	if _, err := Audit(context.Background(), w, o); err == nil {
		t.Error("a range behind the end is accepted")
	}
}

// TestOptions refuses nonsense with the field's name.
func TestOptions(t *testing.T) {
	w := newWorld(t, 1)
	for field, change := range map[string]func(*Options){
		"Policy":  func(o *Options) { o.Policy = nil },
		"Draws":   func(o *Options) { o.Draws = MaxDraws + 1 },
		"Workers": func(o *Options) { o.Workers = -1 },
	} {
		o := w.options(1)
		change(&o)
		if _, err := Audit(context.Background(), w, o); err == nil || !strings.Contains(err.Error(), field) {
			t.Errorf("%s: %v", field, err)
		}
	}
}

// TestDetectionFollowsTheFormula plants bad value and compares how many of many seeds
// find it with 1-(1-f)^n, in whole numbers.
func TestDetectionFollowsTheFormula(t *testing.T) {
	w := newWorld(t, 3)
	honest(w, 6)
	bad := w.settle(job{name: "bad", shards: []shardSpec{{1, 8}}})
	frame := w.frame()
	paid := uint64(0)
	for _, p := range frame.details[bad].Postings {
		if p.Role == codec.RoleProvider {
			paid += p.Amount
		}
	}
	const trials, draws = 2000, 10
	found := int64(0)
	for trial := range uint64(trials) {
		seed := (&SeedInputs{Size: trial}).Seed()
		for i := range uint64(draws) {
			d, err := frame.Draw(seed, i)
			if err != nil {
				t.Fatal(err)
			}
			if d.Settlement == bad {
				found++
				break
			}
		}
	}
	missed := new(big.Rat).SetFrac(new(big.Int).SetUint64(frame.Value-paid), new(big.Int).SetUint64(frame.Value))
	all := big.NewRat(1, 1)
	for range draws {
		all.Mul(all, missed)
	}
	want := new(big.Rat).Sub(big.NewRat(1, 1), all)
	diff := new(big.Rat).Sub(big.NewRat(found, trials), want)
	if diff.Abs(diff).Cmp(big.NewRat(4, 100)) > 0 {
		t.Errorf("found in %d of %d trials, formula %s", found, trials, want.FloatString(3))
	}
}

func (w *world) frame() *Frame {
	w.t.Helper()
	_, _, frame := w.read()
	return frame
}

// read follows, reads and builds as an audit does.
func (w *world) read() (*Pair, *Log, *Frame) {
	w.t.Helper()
	pair, err := OpenPair(w.trust, w.notes(uint64(len(w.records))))
	if err != nil {
		w.t.Fatal(err)
	}
	log, err := ReadLog(context.Background(), w, pair, nil)
	if err != nil {
		w.t.Fatal(err)
	}
	frame, err := BuildFrame(context.Background(), w, log, 1, pair.Size()-1, 1, nil)
	if err != nil {
		w.t.Fatal(err)
	}
	return pair, log, frame
}

// TestEveryPaidUnitIsReachable walks every micro-Credit region: the first and the
// last of each posting lead to the first and the last unit of it.
func TestEveryPaidUnitIsReachable(t *testing.T) {
	w := newWorld(t, 2)
	w.settle(job{name: "one", shards: []shardSpec{{0, 3}, {1, 2}, {0, 1}}})
	frame := w.frame()
	seen := map[uint64]bool{}
	for i := range uint64(400) {
		d, err := frame.Draw(Seed{3}, i)
		if err != nil {
			t.Fatal(err)
		}
		seen[d.Unit] = true
	}
	if len(seen) != 12 {
		t.Errorf("%d of 12 work units were drawn", len(seen))
	}
}

// TestLocateRefusesOtherTotals checks that a frame's own proofs can fail.
func TestLocateRefusesOtherTotals(t *testing.T) {
	w := newWorld(t, 2)
	w.settle(job{name: "one", shards: []shardSpec{{0, 3}, {1, 2}}})
	frame := w.frame()
	if _, _, err := locate(proof.SumParties, frame.tree, frame.Value+frame.Credit); err == nil {
		t.Error("a unit beyond the total was located")
	}
}
