package verifier

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/forgepool/settle/codec"
)

// proofsIn reads proofs out of a work directory.
func proofsIn(dir string) Blobs {
	return func(hash codec.Hash) ([]byte, error) {
		return os.ReadFile(filepath.Join(dir, proofsDir, hash.String()))
	}
}

// TestReportIsChecked checks an honest report with a false shard in it, and runs it again.
func TestReportIsChecked(t *testing.T) {
	w := closed(t, job{name: "false", shards: []shardSpec{{0, 50}, {1, 90}}, entry: func(i int, e *codec.ShardEntry) { e.Output.Hash[0] ^= byte(i) }})
	dir := t.TempDir()
	r := w.auditCycle(w.cycleOptions(dir))
	if err := r.Check(w.trust, proofsIn(dir)); err != nil {
		t.Fatal(err)
	}
	again, err := r.Rerun(context.Background(), w, proofsIn(dir), nil, 2, Machine{}, nil)
	if err != nil || len(again) == 0 {
		t.Fatal(len(again), err)
	}
	for _, x := range again {
		if !x.Agrees {
			t.Errorf("item %d: %s", x.Item, x.Reason)
		}
	}
	// A second party that is lied to by the report finds the lie by executing.
	for i := range r.Items {
		if item := &r.Items[i]; item.Verdict == Mismatch && item.Recomputed != nil {
			forged := *item.Recomputed
			forged.Output = item.Shard.Output
			item.Recomputed, item.Verdict, item.Fault, item.Taint = &forged, Match, 0, 0
		}
	}
	again, err = r.Rerun(context.Background(), w, proofsIn(dir), nil, 1, Machine{}, nil)
	disagreed := 0
	for _, x := range again {
		if !x.Agrees {
			disagreed++
		}
	}
	if err != nil || disagreed == 0 {
		t.Errorf("%d disagree, %v", disagreed, err)
	}
}

// TestTamperedReport changes one thing at a time.
func TestTamperedReport(t *testing.T) {
	w := closed(t)
	dir := t.TempDir()
	data := w.auditCycle(w.cycleOptions(dir)).Encode()
	for name, change := range map[string]func(*CycleReport){
		"origin":         func(r *CycleReport) { r.Origin = "other" },
		"auditor":        func(r *CycleReport) { r.Auditor[0] ^= 1 },
		"cycle":          func(r *CycleReport) { r.Cycle++ },
		"close":          func(r *CycleReport) { r.Close.Leaf[0] ^= 1 },
		"intent":         func(r *CycleReport) { r.Intent++ },
		"secret":         func(r *CycleReport) { r.Secret[0] ^= 1 },
		"beacon":         func(r *CycleReport) { r.Beacon = &BeaconOpened{Round: 1} },
		"seed":           func(r *CycleReport) { r.Seed[0] ^= 1 },
		"value":          func(r *CycleReport) { r.Frame.Value++ },
		"journal":        func(r *CycleReport) { r.Frame.Journal.N++ },
		"target":         func(r *CycleReport) { r.Target.Draws-- },
		"a draw less":    func(r *CycleReport) { r.Draws = r.Draws[1:] },
		"fewer draws":    func(r *CycleReport) { r.Draws = r.Draws[:10] },
		"another u":      func(r *CycleReport) { r.Draws[3].U++ },
		"another party":  func(r *CycleReport) { r.Draws[3].Party[0] ^= 1 },
		"another record": func(r *CycleReport) { r.Draws[3].Record++ },
		"another unit":   func(r *CycleReport) { r.Draws[3].Unit++ },
		"another item":   func(r *CycleReport) { r.Draws[0].Item++ },
		"draws swapped":  func(r *CycleReport) { r.Draws[1], r.Draws[2] = r.Draws[2], r.Draws[1] },
		"proof of other": func(r *CycleReport) { r.Draws[0].Proof = r.Draws[len(r.Draws)-1].Proof },
		"without proof":  func(r *CycleReport) { r.Draws[0].Proof = codec.Hash{} },
		"a kind":         func(r *CycleReport) { r.Draws[0].Kind = Tracing },
		"item's shard":   func(r *CycleReport) { r.Items[0].Shard.Units++ },
		"item's verdict": func(r *CycleReport) { r.Items[0].Verdict = Mismatch },
		"item's taint":   func(r *CycleReport) { r.Items[0].Taint = 1 },
		"recomputed":     func(r *CycleReport) { r.Items[0].Recomputed.Units++ },
		"one item more":  func(r *CycleReport) { r.Items = append(r.Items, r.Items[0]) },
		"passed":         func(r *CycleReport) { r.Result.Passed++ },
		"bound":          func(r *CycleReport) { r.Bounds.Upper-- },
		"opinion":        func(r *CycleReport) { r.Opinion = codec.OpinionWithFindings },
		"checkpoint":     func(r *CycleReport) { r.Checkpoint[len(r.Checkpoint)-5] ^= 1 },
	} {
		t.Run(name, func(t *testing.T) {
			r, err := DecodeCycleReport(data)
			if err != nil {
				t.Fatal(err)
			}
			change(r)
			if err := r.Check(w.trust, proofsIn(dir)); err == nil || errors.Is(err, ErrUnavailable) {
				t.Errorf("got %v", err)
			}
		})
	}
	r, err := DecodeCycleReport(data)
	if err != nil {
		t.Fatal(err)
	}
	empty := proofsIn(t.TempDir())
	if err := r.Check(w.trust, empty); !errors.Is(err, ErrUnavailable) {
		t.Errorf("without proofs: %v", err)
	}
	if _, err := DecodeCycleReport(data[:len(data)-1]); !errors.Is(err, LieMalformed) {
		t.Errorf("cut off: %v", err)
	}
}

// TestAuditGoesOn interrupts an audit at every call to its source in turn and goes on in
// the same directory; the report is the one of an audit that was not interrupted.
func TestAuditGoesOn(t *testing.T) {
	w := closed(t, job{name: "false", shards: []shardSpec{{0, 50}, {1, 90}}, entry: func(i int, e *codec.ShardEntry) { e.Output.Hash[0] ^= byte(i) }})
	want := w.auditCycle(w.cycleOptions(t.TempDir())).Encode()
	dir := t.TempDir()
	calls, stops := 0, 0
	for stop := 1; ; stop += 7 {
		o := w.cycleOptions(dir)
		calls = 0
		ctx, cancel := context.WithCancel(context.Background())
		w.tamper.inclusion = func(path [][32]byte) [][32]byte {
			if calls++; calls == stop {
				cancel()
			}
			return path
		}
		w.tamper.artifact = func(_ codec.Hash, data []byte) ([]byte, error) {
			if calls++; calls == stop {
				cancel()
			}
			return data, ctx.Err()
		}
		got, err := AuditCycle(ctx, w, o)
		cancel()
		if err == nil && calls < stop {
			if string(got.Report.Encode()) != string(want) {
				t.Error("the report is another one after a crash")
			}
			break
		}
		stops++
	}
	if stops < 5 {
		t.Errorf("%d stops", stops)
	}
	o := w.cycleOptions(dir)
	o.Cycle++
	if _, err := AuditCycle(context.Background(), w, o); err == nil {
		t.Error("another audit goes on in the directory")
	}
}

// TestDamagedWorkIsDoneAgain spoils what an earlier run left.
func TestDamagedWorkIsDoneAgain(t *testing.T) {
	w := closed(t)
	dir := t.TempDir()
	want := string(w.auditCycle(w.cycleOptions(dir)).Encode())
	for _, pattern := range []string{"run-*", blobsDir + "/*"} {
		names, err := filepath.Glob(filepath.Join(dir, pattern))
		if err != nil || len(names) == 0 {
			t.Fatal(pattern, err)
		}
		for _, name := range names {
			data, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			data[len(data)/2] ^= 1
			if err := os.WriteFile(name, data, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		if got := string(w.auditCycle(w.cycleOptions(dir)).Encode()); got != want {
			t.Errorf("%s: another report", pattern)
		}
	}
}
