package verifier

import (
	"bytes"
	"errors"
	"fmt"
	"testing"

	"github.com/forgepool/settle/codec"
	"github.com/forgepool/settle/proof"
	"github.com/forgepool/settle/settlement"
	"pgregory.net/rapid"
)

// operate appends a record of a party that names the one before it.
func (w *world) operate(name string, cycle uint64, op codec.PartyOp, weight *uint64) uint64 {
	w.t.Helper()
	a := w.actors[name]
	body := &codec.Party{ID: testID(fmt.Sprint(name, len(w.records))), At: testTime, Cycle: cycle, Author: w.actors["hub"].id, Party: a.id, Op: op,
		Weight: weight, Prev: w.last(a.id)}
	signers := []*actor{w.actors["hub"], w.actors["governance"]}
	if op == codec.PartyPayee {
		body.Author, signers = a.id, []*actor{a}
	}
	at := uint64(len(w.records))
	w.append(fmt.Sprint("party ", at), [][]byte{w.signed(codec.KindParty, codec.Encode(body), signers...)})
	return at
}

// last returns the leaf hash of a party's last record.
func (w *world) last(id codec.ID) codec.Hash {
	for i := len(w.records) - 1; i > 0; i-- {
		rec, err := codec.DecodeRecord(w.records[i].Bytes)
		if err != nil {
			w.t.Fatal(err)
		}
		if op := new(codec.Party); rec.Kind == codec.KindParty && codec.Decode(rec.Body, op) == nil && op.Party == id {
			return proof.LeafA(w.records[i].Bytes)
		}
	}
	return proof.LeafA(w.records[0].Bytes)
}

// weighted prices a settlement again with other weights, in the order of the manifest.
func weighted(w *world, weights map[string]uint64) func(*codec.Settlement, *codec.Detail) {
	return func(s *codec.Settlement, d *codec.Detail) {
		policy, err := settlement.NewPolicy(w.policy, nil, 0)
		if err != nil {
			w.t.Fatal(err)
		}
		entries, err := codec.DecodeManifest(w.blobs[s.Shards.Blob])
		if err != nil {
			w.t.Fatal(err)
		}
		m, err := settlement.NewManifest(entries)
		if err != nil {
			w.t.Fatal(err)
		}
		in := &settlement.Inputs{Program: mcName.ID(), Components: d.Components, Customer: w.actors["customer"].id, Providers: m.Shares}
		for i := range in.Providers {
			in.Providers[i].Weight = million
			for name, weight := range weights {
				if w.actors[name].id == in.Providers[i].Provider {
					in.Providers[i].Weight = weight
				}
			}
		}
		x, err := settlement.Compute(policy, in)
		if err != nil {
			w.t.Fatal(err)
		}
		s.Charge, s.Split = x.Charge, x.Split
		*d = *settlement.BuildDetail(w.actors["platform"].id, in, x, d.Salt, func(line int) codec.ID { return testID(fmt.Sprint("weighted", line)) })
	}
}

func ppm(n uint64) *uint64 { return &n }

// sale2 settles one workload of two providers.
func (w *world) sale2(cycle uint64, weights map[string]uint64) uint64 {
	return w.settle(job{name: "weighted", shards: []shardSpec{{0, 5}, {1, 200}}, detail: weighted(w, weights),
		body: func(s *codec.Settlement) { s.Cycle = cycle }})
}

// TestWrongWeight shows weights that no record gives, by what stands before and after.
func TestWrongWeight(t *testing.T) {
	const next = testCycle + 1
	for name, c := range map[string]struct {
		before func(w *world) // the settlement
		after  func(w *world)
		cycle  uint64
		states uint64 // weight of provider 0 in the settlement
		force  uint64 // 0: it is right
		chain  int    // records in the bundle
	}{
		"registered now": {cycle: testCycle, states: 900_000, force: million},
		"changed now":    {before: func(w *world) { w.operate("provider 0", testCycle, codec.PartyWeight, ppm(800_000)) }, cycle: testCycle, states: 800_000, force: million},
		"changed before": {before: func(w *world) { w.operate("provider 0", testCycle, codec.PartyWeight, ppm(800_000)) }, after: func(w *world) { w.operate("provider 0", next, codec.PartyPayee, nil) }, cycle: next, states: million, force: 800_000, chain: 1},
		"changed twice before": {before: func(w *world) {
			w.operate("provider 0", testCycle, codec.PartyWeight, ppm(800_000))
			w.operate("provider 0", testCycle, codec.PartyWeight, ppm(700_000))
		}, after: func(w *world) { w.operate("provider 0", next, codec.PartyPayee, nil) }, cycle: next, states: 800_000, force: 700_000, chain: 1},
		"others between": {before: func(w *world) {
			w.operate("provider 0", testCycle, codec.PartyWeight, ppm(800_000))
			w.operate("provider 0", testCycle, codec.PartyPayee, nil)
			w.operate("provider 0", testCycle, codec.PartyWeight, nil)
			w.operate("provider 0", next, codec.PartyWeight, ppm(600_000))
		}, cycle: next, states: 600_000, force: 800_000, chain: 3},
		"never changed": {after: func(w *world) { w.operate("provider 0", next+1, codec.PartyWeight, ppm(900_000)) }, cycle: next, states: 900_000, force: million, chain: 1},
		"beyond the policy": {before: func(w *world) { w.operate("provider 0", testCycle, codec.PartyWeight, ppm(2_000_000)) },
			after: func(w *world) { w.operate("provider 0", next, codec.PartyPayee, nil) }, cycle: next, states: 2_000_000, force: 1_500_000, chain: 1},
		"right, and changed twice since": {before: func(w *world) { w.operate("provider 0", testCycle, codec.PartyWeight, ppm(800_000)) }, after: func(w *world) {
			w.operate("provider 0", next, codec.PartyWeight, ppm(900_000))
			w.operate("provider 0", next+1, codec.PartyWeight, ppm(950_000))
		}, cycle: next, states: 800_000},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, 2)
			if c.before != nil {
				c.before(w)
			}
			index := w.sale2(c.cycle, map[string]uint64{"provider 0": c.states})
			if c.after != nil {
				c.after(w)
			}
			o := w.options(5)
			o.Cycle = c.cycle
			r, err := Audit(t.Context(), w, o)
			if err != nil {
				t.Fatal(err)
			}
			if c.force == 0 {
				if r.Matches != 5 {
					t.Errorf("%+v", r.Draws[0])
				}
				return
			}
			if r.Mismatches != 5 || len(r.Evidence) == 0 {
				t.Fatalf("%d files: %+v", len(r.Evidence), r.Draws[0])
			}
			got := confirm(t, w, &r.Evidence[0])
			if got.Fault != FaultPayout || got.Recomputed != (Recomputed{Field: fieldWeight, Units: c.force}) || got.Settlement != index ||
				got.Provider == nil || *got.Provider != w.actors["provider 0"].id {
				t.Errorf("%+v", got)
			}
			b, err := DecodeBundle(r.Evidence[0].Bundle)
			if err != nil || len(b.Blobs) != 3+c.chain {
				t.Errorf("%d blobs, %v", len(b.Blobs), err)
			}
		})
	}
}

// TestWeightThatNothingShows is a finding of the audit, and no evidence: a later weight
// might have come before the settlement.
func TestWeightThatNothingShows(t *testing.T) {
	w := newWorld(t, 2)
	w.sale2(testCycle+1, map[string]uint64{"provider 0": 900_000})
	o := w.options(5)
	o.Cycle++
	r, err := Audit(t.Context(), w, o)
	if err != nil {
		t.Fatal(err)
	}
	if r.Mismatches != 5 || len(r.Evidence) != 0 {
		t.Errorf("%d files: %+v", len(r.Evidence), r.Draws[0])
	}
	w.operate("provider 0", testCycle+1, codec.PartyPayee, nil)
	if r, err = Audit(t.Context(), w, o); err != nil || len(r.Evidence) == 0 {
		t.Errorf("with a later record: %v: %+v", err, r.Draws[0])
	}
}

// TestOtherPlatform pays another party than the founders' platform.
func TestOtherPlatform(t *testing.T) {
	w := newWorld(t, 2)
	w.settle(job{name: "platform", shards: []shardSpec{{0, 5}, {1, 200}}, detail: func(_ *codec.Settlement, d *codec.Detail) {
		d.Postings[len(d.Postings)-1].Party = w.actors["customer"].id
	}})
	r := w.audit(3)
	if r.Mismatches != 3 || len(r.Evidence) == 0 {
		t.Fatalf("%d files: %+v", len(r.Evidence), r.Draws[0])
	}
	if got := confirm(t, w, &r.Evidence[0]); got.Recomputed != (Recomputed{Field: fieldPlatform}) {
		t.Errorf("%+v", got)
	}
}

// heavy returns a ledger with a wrong weight, shown over a chain of three records.
func heavy(t *testing.T) (*world, *EvidenceFile) {
	t.Helper()
	w := newWorld(t, 2)
	w.operate("provider 0", testCycle, codec.PartyWeight, ppm(700_000))
	w.operate("provider 0", testCycle, codec.PartyWeight, ppm(800_000))
	w.operate("provider 0", testCycle, codec.PartyPayee, nil)
	w.operate("provider 1", testCycle, codec.PartyPayee, nil)
	w.operate("provider 0", testCycle+1, codec.PartyPayee, nil)
	w.sale2(testCycle+1, map[string]uint64{"provider 0": 700_000})
	w.operate("provider 1", testCycle+1, codec.PartyPayee, nil)
	o := w.options(3)
	o.Cycle++
	r, err := Audit(t.Context(), w, o)
	if err != nil || len(r.Evidence) == 0 {
		t.Fatal(err, r.Draws)
	}
	return w, &r.Evidence[0]
}

// TestForgedStanding leaves records of the party out, or takes others.
func TestForgedStanding(t *testing.T) {
	w, f := heavy(t)
	flipEach(t, w, f)
	under := func(index uint64) *Proved { return (&falseBooks{world: w}).under(index) }
	const weight7, weight8, payee, other, last = 4, 5, 6, 7, 12
	for name, forge := range map[string]func(e *Evidence, b *Bundle){
		"an earlier weight": func(e *Evidence, b *Bundle) {
			e.Standing, b.Blobs = under(weight8), append(b.Blobs[:3:3], w.records[weight7].Bytes)
			e.Recomputed.Units = 700_000
		},
		"end of an earlier cycle": func(e *Evidence, b *Bundle) {
			e.Standing, b.Blobs = under(payee), b.Blobs[:4:4]
		},
		"a weight too many": func(e *Evidence, b *Bundle) {
			b.Blobs = append(append(b.Blobs[:3:3], w.records[weight7].Bytes), b.Blobs[3:]...)
		},
		"not down to the weight": func(_ *Evidence, b *Bundle) { b.Blobs = append(b.Blobs[:3:3], b.Blobs[4:]...) },
		"a gap":                  func(_ *Evidence, b *Bundle) { b.Blobs = b.Blobs[:4] },
		"no chain":               func(_ *Evidence, b *Bundle) { b.Blobs = b.Blobs[:3] },
		"another party's record": func(_ *Evidence, b *Bundle) { b.Blobs[4] = w.records[other].Bytes },
		"another party's chain": func(e *Evidence, b *Bundle) {
			e.Standing, b.Blobs = under(last), append(b.Blobs[:3:3], w.records[2].Bytes, w.records[other].Bytes)
		},
		"another weight in force": func(e *Evidence, _ *Bundle) { e.Recomputed.Units++ },
		"no record":               func(e *Evidence, _ *Bundle) { e.Standing = nil },
		"genesis instead":         func(e *Evidence, b *Bundle) { e.Standing, b.Blobs = under(0), b.Blobs[:3] },
		"a settlement instead":    func(e *Evidence, _ *Bundle) { e.Standing = &e.Settlement },
		"platform instead":        func(e *Evidence, _ *Bundle) { e.Recomputed = Recomputed{Field: fieldPlatform} },
		"postings instead":        func(e *Evidence, _ *Bundle) { e.Recomputed = Recomputed{Field: "postings"} },
		"of another fault":        func(e *Evidence, _ *Bundle) { e.Fault, e.Policy, e.Missing = FaultMissing, nil, &codec.Hash{1} },
	} {
		e, err := DecodeEvidence(f.File)
		if err != nil {
			t.Fatal(err)
		}
		b, err := DecodeBundle(bytes.Clone(f.Bundle))
		if err != nil {
			t.Fatal(err)
		}
		forge(e, b)
		e.Bundle = codec.BlobHash(b.Encode())
		again, err := DecodeEvidence(e.Encode())
		if err == nil {
			_, err = again.Check(w.trust, b.Encode())
		}
		var l Lie
		if !errors.As(err, &l) || l == LieSum {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestWeightsAgree compares the registry with the ledger's rule, and with the chains that
// show them, over any order of weights.
func TestWeightsAgree(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := newRegistry(testOrigin)
		party := &settlement.Party{ID: codec.ID{1}, Weight: million, WeightBefore: million}
		cycle, begun := uint64(1), rapid.Uint64Range(1, 3).Draw(t, "registered in")
		bodies := []*codec.Party{{Party: party.ID, Op: codec.PartyRegister, Cycle: begun}}
		at := map[uint64]uint64{} // weight in a cycle by the ledger's rule
		for cycle = begun; cycle < begun+4; cycle++ {
			for range rapid.IntRange(0, 3).Draw(t, "records") {
				op := &codec.Party{Party: party.ID, Op: codec.PartyPayee, Cycle: cycle}
				if rapid.Bool().Draw(t, "weight") {
					op.Op, op.Weight = codec.PartyWeight, ppm(rapid.Uint64Range(1, 9).Draw(t, "ppm"))
					if party.WeightCycle != cycle {
						party.WeightBefore = party.Weight
					}
					party.Weight, party.WeightCycle = *op.Weight, cycle
				}
				bodies = append(bodies, op)
			}
			at[cycle] = party.WeightIn(cycle)
		}
		records, prev := make([][]byte, len(bodies)), codec.Hash{}
		for i, op := range bodies {
			op.Prev = prev
			records[i] = codec.EncodeRecord(&codec.Record{Version: 1, Kind: codec.KindParty, Body: codec.Encode(op),
				Signatures: []codec.Signature{{Alg: codec.AlgEd25519}}})
			prev = proof.LeafA(records[i])
			x := trail{index: uint64(i), cycle: op.Cycle, sets: op.Weight != nil}
			if x.sets {
				x.weight = *op.Weight
			}
			r.trails[party.ID] = append(r.trails[party.ID], x)
		}
		for c, want := range at {
			if got := r.weightIn(party.ID, c); got != want {
				t.Fatalf("cycle %d: registry %d, ledger %d", c, got, want)
			}
			chain, end, err := r.standing(party.ID, c)
			if err != nil {
				if bodies[len(bodies)-1].Cycle >= c {
					t.Fatalf("cycle %d: %v", c, err)
				}
				continue
			}
			var blobs [][]byte
			for _, i := range chain {
				blobs = append(blobs, records[i])
			}
			if got, err := weightBefore(bodies[end], c, blobs); err != nil || got != want {
				t.Fatalf("cycle %d: shown %d (%v), ledger %d", c, got, err, want)
			}
		}
	})
}
