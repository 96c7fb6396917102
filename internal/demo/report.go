package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"text/tabwriter"
	"time"
)

// report collects the figures. The JSON names are the demo's contract.
type report struct {
	start time.Time

	Settlements       int     `json:"settlements"`
	Shards            int     `json:"shards"`
	Providers         int     `json:"providers"`
	Compared          int     `json:"compared"`
	TreeSize          uint64  `json:"tree_size"`
	Failovers         int     `json:"failovers"`
	Lost              int     `json:"lost"`
	Duplicated        int     `json:"duplicated"`
	SameRoots         bool    `json:"same_roots"`
	FsckClean         int     `json:"fsck_clean"`
	Artifacts         int     `json:"artifacts"`
	Receipts          int     `json:"receipts_verified"`
	Checkpoints       int     `json:"checkpoints"`
	Consistency       int     `json:"consistency_proofs"`
	Draws             int     `json:"draws"`
	Matches           int     `json:"matches"`
	Mismatches        int     `json:"mismatches"`
	FraudPPM          uint64  `json:"fraud_share_ppm"`
	FraudDraws        int     `json:"fraud_draws"`
	FraudCaught       int     `json:"fraud_caught"`
	EvidenceVerified  int     `json:"evidence_verified"`
	TamperingDetected int     `json:"tampering_detected"`
	Rotated           bool    `json:"key_rotated"`
	OverCap           bool    `json:"over_cap_refused"`
	OverQuota         bool    `json:"over_quota_refused"`
	Disputed          bool    `json:"disputed"`
	Accepted          bool    `json:"dispute_accepted"`
	Owed              uint64  `json:"liar_owes"` // micro-Credits, after the penalty
	BadCloseRefused   bool    `json:"false_close_refused"`
	Closed            bool    `json:"cycle_closed"`
	Carried           bool    `json:"debt_carried"`
	PricesChanged     bool    `json:"prices_changed"`
	AuditsFailed      int     `json:"audits_failed"`
	Attestations      int     `json:"attestations"`
	AuditsRepeated    int     `json:"audits_repeated"`
	Printed           int     `json:"statements_printed"`
	ExportBytes       int64   `json:"export_bytes"`
	Seconds           float64 `json:"seconds"`

	tampering []string
}

func newReport() *report { return &report{start: time.Now()} }

// say prints what is going on, with the time since the start.
func (r *report) say(format string, args ...any) {
	fmt.Fprintf(os.Stderr, "%6.1f s  %s\n", time.Since(r.start).Seconds(), fmt.Sprintf(format, args...))
}

// expectation is one line of the table: what was found, and whether that will do.
type expectation struct {
	what  string
	found any
	ok    bool
}

func (r *report) expectations() []expectation {
	return []expectation{
		{"workloads settled, of at least 300", r.Settlements, r.Settlements >= 300},
		{"shards executed, of at least 2,000", r.Shards, r.Shards >= 2_000},
		{"shards that two agents executed and agreed on", r.Compared, r.Compared >= r.Settlements},
		{"providers paid", r.Providers, r.Providers == providerCount},
		{"records in the log", r.TreeSize, r.TreeSize > 0},
		{"artifacts stored for auditors", r.Artifacts, r.Artifacts > 0},
		{"leaders killed and replaced", r.Failovers, r.Failovers >= 1},
		{"settlements lost", r.Lost, r.Lost == 0},
		{"settlements doubled", r.Duplicated, r.Duplicated == 0},
		{"all three nodes have one root", r.SameRoots, r.SameRoots},
		{"nodes that fsck found clean", r.FsckClean, r.FsckClean == nodeCount},
		{"receipts verified offline", r.Receipts, r.Receipts == r.Settlements && r.Receipts > 0},
		{"checkpoints published", r.Checkpoints, r.Checkpoints > 1},
		{"consistency proofs verified offline", r.Consistency, r.Consistency == r.Checkpoints},
		{"draws of the audit, of at least 60", r.Draws, r.Draws >= honestDraws},
		{"draws that match", r.Matches, r.Matches == r.Draws},
		{"draws that do not", r.Mismatches, r.Mismatches == 0},
		{"value that the liar was paid for lies, ppm", r.FraudPPM, r.FraudPPM >= 80_000 && r.FraudPPM <= 120_000},
		{"draws of the fraud drill, of at least 200", r.FraudDraws, r.FraudDraws >= fraudDraws},
		{"draws that caught the liar", r.FraudCaught, r.FraudCaught > 0},
		{"evidence files confirmed offline", r.EvidenceVerified, r.EvidenceVerified > 0},
		{"flipped bytes detected and named", r.TamperingDetected, r.TamperingDetected == tamperings},
		{"work under a rotated key settled", r.Rotated, r.Rotated},
		{"settlement beyond a cap refused", r.OverCap, r.OverCap},
		{"settlement beyond a hard quota refused", r.OverQuota, r.OverQuota},
		{"workload of the lie is disputed", r.Disputed, r.Disputed},
		{"dispute accepted and paid back", r.Accepted, r.Accepted},
		{"close with a false sum refused", r.BadCloseRefused, r.BadCloseRefused},
		{"cycle cut and closed, both sides equal", r.Closed, r.Closed},
		{"the liar's debt carried into the next cycle", r.Carried, r.Carried},
		{"new prices from the next cycle on", r.PricesChanged, r.PricesChanged},
		{"audits of the cycle that find the liar", r.AuditsFailed, r.AuditsFailed == 2},
		{"attestations published", r.Attestations, r.Attestations == 2},
		{"audits that a third party repeated", r.AuditsRepeated, r.AuditsRepeated == 2},
		{"statements printed and rows exported", r.Printed, r.Printed == 2 && r.ExportBytes > 0},
		{"seconds, of at most 90", fmt.Sprintf("%.1f", r.Seconds), r.Seconds <= 90},
	}
}

// print writes the table and, as the last line, the JSON object.
func (r *report) print(w io.Writer) {
	if r.Seconds == 0 {
		r.Seconds = float64(time.Since(r.start).Milliseconds()) / 1000
	}
	fmt.Fprintln(w)
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, e := range r.expectations() {
		mark := "ok"
		if !e.ok {
			mark = "SHORT"
		}
		fmt.Fprintf(table, "%s\t%v\t%s\n", e.what, e.found, mark)
	}
	_ = table.Flush()
	for _, line := range r.tampering {
		fmt.Fprintln(w, "  "+line)
	}
	data, err := json.Marshal(r)
	if err != nil {
		panic(err)
	}
	fmt.Fprintf(w, "\n%s\n", data)
}

// short returns an error that names what fell short.
func (r *report) short() error {
	for _, e := range r.expectations() {
		if !e.ok {
			return fmt.Errorf("fell short: %s: %v", e.what, e.found)
		}
	}
	return nil
}
