package verifier

import (
	"bytes"
	"errors"
	"io"
	"testing"

	"github.com/forgepool/settle/codec"
	"github.com/forgepool/settle/proof"
)

// coded says whether an error has one of the codes that this package and proof promise.
func coded(err error) bool {
	_, lies := errors.AsType[Lie](err)
	_, rejected := errors.AsType[proof.Rejection](err)
	return lies || rejected || errors.Is(err, ErrUnavailable)
}

// TestDamagedReport flips bits all over a report: it is not read, or it is false by a
// code, or what was flipped is nothing that a reader can check.
func TestDamagedReport(t *testing.T) {
	w := closed(t, job{name: "false", shards: []shardSpec{{0, 50}, {1, 90}}, entry: func(i int, e *codec.ShardEntry) { e.Output.Hash[0] ^= byte(i) }})
	dir := t.TempDir()
	data := w.auditCycle(w.cycleOptions(dir)).Encode()
	unread, untrue, unseen := 0, 0, 0
	for at := 0; at < len(data); at += 29 {
		damaged := bytes.Clone(data)
		damaged[at] ^= 1 << (at % 8)
		r, err := DecodeCycleReport(damaged)
		if err != nil {
			if unread++; !errors.Is(err, LieMalformed) {
				t.Errorf("byte %d: %v", at, err)
			}
			continue
		}
		if !bytes.Equal(r.Encode(), damaged) {
			t.Errorf("byte %d: two encodings", at)
		}
		if err := r.WriteTable(io.Discard); err != nil {
			t.Errorf("byte %d: table: %v", at, err)
		}
		switch err := r.Check(w.trust, proofsIn(dir)); {
		case err == nil:
			unseen++
		case coded(err):
			untrue++
		default:
			t.Errorf("byte %d: no code: %v", at, err)
		}
	}
	if unread == 0 || untrue < unseen {
		t.Errorf("%d not read, %d false, %d not seen", unread, untrue, unseen)
	}
	for end := 0; end < len(data); end += 97 {
		if _, err := DecodeCycleReport(data[:end]); !errors.Is(err, LieMalformed) {
			t.Errorf("cut off at %d: %v", end, err)
		}
	}
	if _, err := DecodeCycleReport(make([]byte, MaxReport+1)); !errors.Is(err, LieMalformed) {
		t.Errorf("too large: %v", err)
	}
}

// TestDamagedProof flips bits in the blobs that a report names, which have their hash no
// more, and hands out other blobs in their place.
func TestDamagedProof(t *testing.T) {
	w := closed(t)
	dir := t.TempDir()
	r := w.auditCycle(w.cycleOptions(dir))
	honest := proofsIn(dir)
	for _, hash := range []codec.Hash{r.Context, r.Draws[0].Proof, r.Draws[len(r.Draws)-1].Proof} {
		err := r.Check(w.trust, func(h codec.Hash) ([]byte, error) {
			data, err := honest(h)
			if h == hash {
				data[len(data)/2] ^= 4
			}
			return data, err
		})
		if !errors.Is(err, ErrUnavailable) {
			t.Errorf("%s: %v", hash, err)
		}
	}
}

// TestReportOfNoValue has nothing to draw from: such a report has no draws and passes,
// with any draw, item or settlement in it it is false.
func TestReportOfNoValue(t *testing.T) {
	w := newWorld(t, 2)
	w.promise(800_000, 100_000, 500_000)
	target := uint64(len(w.records) - 1)
	w.adjust("goodwill", target, w.goodwill(1_000), nil, "hub")
	w.closeCycle(nil)
	dir := t.TempDir()
	r := w.auditCycle(w.cycleOptions(dir))
	if err := r.Check(w.trust, proofsIn(dir)); err != nil || r.Frame.Value != 0 || r.Frame.Journal.Debit == 0 || len(r.Draws) > 0 {
		t.Fatalf("%v, %+v", err, r.Frame)
	}
	data := r.Encode()
	for name, change := range map[string]func(*CycleReport){
		"vouching": func(r *CycleReport) { r.Draws = []CycleDraw{{Kind: Vouching}} },
		"tracing":  func(r *CycleReport) { r.Draws = []CycleDraw{{Kind: Tracing}} },
		"item":     func(r *CycleReport) { r.Items = []CycleItem{{Kind: ItemTrace, Verdict: Match}} },
		"work":     func(r *CycleReport) { r.Works = []CycleWork{{Record: target, Merge: Match}} },
		"value":    func(r *CycleReport) { r.Frame.Value = 1 },
		"bound":    func(r *CycleReport) { r.Bounds.Upper = 1 },
		"opinion":  func(r *CycleReport) { r.Opinion = codec.OpinionFail },
	} {
		r, err := DecodeCycleReport(data)
		if err != nil {
			t.Fatal(err)
		}
		change(r)
		if err := r.Check(w.trust, proofsIn(dir)); !errors.Is(err, LieReport) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestReportOfImpossibleNumbers is about closes and intents that no honest node admits:
// dividing by them must not end the reader.
func TestReportOfImpossibleNumbers(t *testing.T) {
	fresh := func() *recheck {
		value, root := uint64(7), codec.Hash{1}
		subtotals := []codec.Subtotal{{Role: codec.RoleProvider, N: 1, Credit: value}}
		c := &recheck{r: &CycleReport{Target: codec.AuditTarget{ConfPPM: 950_000, FaultPPM: 10_000},
			Frame: CycleFrame{Value: value, Journal: codec.Journal{N: 1, Credit: value, Debit: value, Root: root}, Subtotals: subtotals}}}
		c.close.Journal, c.close.Parties, c.close.Subtotals = &c.r.Frame.Journal, &c.r.Frame.Parties, &subtotals
		return c
	}
	if err := fresh().numbers(); err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*CycleReport){
		"no debit":        func(r *CycleReport) { r.Frame.Journal.Debit = 0 },
		"no confidence":   func(r *CycleReport) { r.Target.ConfPPM = 0 },
		"full confidence": func(r *CycleReport) { r.Target.ConfPPM = million },
		"no fault":        func(r *CycleReport) { r.Target.FaultPPM = 0 },
		"all at fault":    func(r *CycleReport) { r.Target.FaultPPM = million },
	} {
		c := fresh()
		change(c.r)
		if err := c.numbers(); !errors.Is(err, LieReport) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
