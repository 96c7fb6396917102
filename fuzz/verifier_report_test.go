package fuzz

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"testing"

	"github.com/forgepool/settle/codec"
	"github.com/forgepool/settle/verifier"
)

// reportSeed is a report of one shard in form, about nothing.
func reportSeed() *verifier.CycleReport {
	output := codec.Blob{Hash: codec.Hash{4}, Size: 5}
	return &verifier.CycleReport{
		Version: 1, Origin: "ledger.example/settle/blake3", Cycle: 202609, Close: codec.RecordRef{Index: 9}, Checkpoint: []byte("note"), Intent: 2,
		Frame: verifier.CycleFrame{Value: 7, Journal: codec.Journal{N: 1, Credit: 7, Debit: 7}, Parties: codec.PartyTotals{N: 2, Postings: 2, Credit: 7, Debit: 7},
			Subtotals: []codec.Subtotal{{Role: codec.RoleProvider, N: 1, Credit: 7}}, Basis: 1},
		Target: codec.AuditTarget{ConfPPM: 950_000, FaultPPM: 10_000, Draws: 1, TracingPPM: 250_000},
		Draws: []verifier.CycleDraw{
			{Kind: verifier.Vouching, U: 3, Role: codec.RoleProvider, Record: 4, Line: 1, Unit: 2, Proof: codec.Hash{1}},
			{Kind: verifier.Tracing, U: 6, Role: codec.RoleCustomer, Record: 4, Item: 1},
		},
		Items: []verifier.CycleItem{
			{Kind: verifier.ItemShard, Record: 4, Verdict: verifier.Mismatch, Fault: 2, Taint: 1_000_000, Reasons: []string{"units"},
				Shard:      &verifier.ShardItem{Replica: 1, Inputs: []codec.Blob{output}, Output: output, Units: 6},
				Recomputed: &verifier.Recomputed{Output: output, Units: 5}},
			{Kind: verifier.ItemTrace, Record: 4, Verdict: verifier.Inconclusive, Taint: 1_000_000, Reasons: []string{}, Asked: 1},
		},
		Works:  []verifier.CycleWork{{Record: 4, Merge: verifier.Match, Missing: []uint64{0}, Checks: "none"}},
		Result: codec.AuditResult{Distinct: 2, Failed: 1, Unavailable: 1}, Bounds: codec.Bounds{K: 1, TaintPPM: 1_000_000, Upper: 7},
		Opinion: codec.OpinionFail, Span: codec.Span{Start: 1, End: 2}, Build: verifier.Build{Platform: "linux/amd64"},
		Deviations: []string{"none"}, Evidence: []verifier.EvidenceName{{Name: "settlement-4-shard-0.1", Fault: 2}},
	}
}

// FuzzCycleReport: what is accepted has one encoding, and can be shown in every form
// before anybody knows whether it is true.
func FuzzCycleReport(f *testing.F) {
	f.Add(reportSeed().Encode())
	most, large := ^uint64(0), reportSeed()
	large.Frame.Value, large.Bounds.Upper, large.Target.ConfPPM, large.Result.Distinct = most, most, most, most
	large.Draws[1].Kind, large.Items[0].Kind, large.Opinion = 9, 9, 9
	f.Add(large.Encode())
	large.Draws[0].Item = most
	f.Add(large.Encode())
	empty := &verifier.CycleReport{Version: 1, Frame: verifier.CycleFrame{Subtotals: []codec.Subtotal{}}, Draws: []verifier.CycleDraw{}, Items: []verifier.CycleItem{},
		Works: []verifier.CycleWork{}, Deviations: []string{}, Evidence: []verifier.EvidenceName{}, Checkpoint: []byte{}}
	f.Add(empty.Encode())
	empty.Beacon = &verifier.BeaconOpened{Round: 77, Signature: []byte{1}, Previous: []byte{}}
	f.Add(empty.Encode())
	f.Fuzz(func(t *testing.T, data []byte) {
		r, err := verifier.DecodeCycleReport(data)
		if err != nil {
			if !errors.Is(err, verifier.LieMalformed) {
				t.Fatalf("no code: %v", err)
			}
			return
		}
		if !bytes.Equal(r.Encode(), data) {
			t.Fatal("two encodings of one report")
		}
		if err := r.WriteTable(io.Discard); err != nil {
			t.Fatal(err)
		}
		if _, err := json.Marshal(r); err != nil {
			t.Fatal(err)
		}
		if _, err := r.Page(); err != nil {
			t.Fatal(err)
		}
	})
}
