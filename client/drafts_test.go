package client_test

import (
	"testing"

	"github.com/forgepool/settle/api"
	"github.com/forgepool/settle/client"
	"github.com/forgepool/settle/codec"
)

// TestRoundAfter chooses rounds around their times.
func TestRoundAfter(t *testing.T) {
	rules := &codec.Beacon{Present: true, Chain: codec.Hash{1}, Genesis: 1_000, Period: 30}
	for ms, want := range map[uint64]uint64{
		0: 1, 1_000_000: 1, 1_000_001: 2, 1_030_000: 2, 1_030_001: 3, 1_060_000: 3,
	} {
		b := client.RoundAfter(rules, ms)
		if b == nil || b.Round != want || b.NotBefore < ms || b.NotBefore != (1_000+(want-1)*30)*1_000 || b.Chain != rules.Chain {
			t.Errorf("at %d: %+v, want round %d", ms, b, want)
		}
	}
	if b := client.RoundAfter(&codec.Beacon{}, 5); b != nil {
		t.Errorf("without a beacon: %+v", b)
	}
}

// TestDraftAdjustment: sides must be equal, and lines are numbered.
func TestDraftAdjustment(t *testing.T) {
	postings := []codec.Posting{
		{Role: codec.RoleCustomer, Side: codec.Credit, Amount: 5}, {Role: codec.RolePlatform, Side: codec.Debit, Amount: 5},
	}
	d, err := client.DraftAdjustment(codec.Adjustment{Cause: 4}, postings)
	if err != nil {
		t.Fatal(err)
	}
	body := new(codec.Adjustment)
	if err := codec.DecodeAdjustment(d.Body, body); err != nil {
		t.Fatal(err)
	}
	blob, err := codec.DecodeCorrection(d.Attachments[0])
	if err != nil || codec.BlobHash(d.Attachments[0]) != body.Detail || body.Totals.Credit != 5 || blob.Postings[1].Line != 1 {
		t.Errorf("%+v, %+v: %v", body, blob, err)
	}
	postings[0].Amount++
	if _, err := client.DraftAdjustment(codec.Adjustment{}, postings); err == nil {
		t.Error("credits and debits differ")
	}
	if _, err := client.DraftAdjustment(codec.Adjustment{}, nil); err == nil {
		t.Error("nothing is posted")
	}
}

// TestDraftsDecode: what the other drafts say can be read back and is canonical.
func TestDraftsDecode(t *testing.T) {
	hub, limit := codec.ID{1}, uint64(7)
	cut := client.DraftCut(hub, 5, 202612, codec.CyclesMonths, nil)
	cycle := new(codec.Cycle)
	if err := codec.DecodeCycle(cut.Body, cycle); err != nil || *cycle.Next != 202701 || cycle.Author != hub {
		t.Errorf("cut: %+v, %v", cycle, err)
	}
	closing := &api.Closing{Cycle: 3, Counts: make([]uint64, codec.Kinds), Subtotals: []codec.Subtotal{}, Unfinished: 4}
	if err := codec.DecodeCycle(client.DraftClose(hub, 5, closing, nil).Body, cycle); err != nil || *cycle.Unfinished != 4 {
		t.Errorf("close: %+v, %v", cycle, err)
	}
	closing.Subtotals = nil // a cycle without postings
	if err := codec.DecodeCycle(client.DraftClose(hub, 5, closing, nil).Body, cycle); err != nil || len(*cycle.Subtotals) != 0 {
		t.Errorf("close of an empty cycle: %+v, %v", cycle, err)
	}
	audit, secret := new(codec.Audit), codec.Hash{3}
	if err := codec.DecodeAudit(client.DraftIntent(hub, 5, 1, 2, secret, codec.AuditTarget{Draws: 9}).Body, audit); err != nil ||
		*audit.Commit != codec.AuditCommitment(hub, 2, secret) || *audit.Audited != 2 {
		t.Errorf("intent: %+v, %v", audit, err)
	}
	quotas := []codec.Quota{{Dimension: 3, Value: "1", Limit: 1, Mode: 1}, {Dimension: 1, Value: "b", Limit: 1, Mode: 1}, {Dimension: 1, Value: "a", Limit: 1, Mode: 2}}
	d := client.DraftLimits(codec.Party{Party: hub}, client.Limits{Cap: &limit, Quotas: quotas})
	party := new(codec.Party)
	if err := codec.DecodeParty(d.Body, party); err != nil || party.Op != codec.PartyCap || *party.Quotas != codec.BlobHash(d.Attachments[1]) {
		t.Errorf("limits: %+v, %v", party, err)
	}
	if _, err := client.DraftDispute(codec.Dispute{Op: codec.DisputeWithdraw}, []uint64{1}, [][]byte{{1}}); err == nil {
		t.Error("a withdrawal takes no evidence")
	}
	if _, err := client.DraftDispute(codec.Dispute{Op: codec.DisputeOpen}, nil, [][]byte{{1}}); err == nil {
		t.Error("evidence without a kind")
	}
}

// TestDraftAttestation attaches the report alone: a node refuses a batch with a blob that
// no record names in a key that is looked up (docs/formats/records.md A7).
func TestDraftAttestation(t *testing.T) {
	report, note := []byte("report"), []byte("note")
	d := client.DraftAttestation(codec.Audit{Author: codec.ID{1}, Checkpoint: &codec.CheckpointRef{Size: 7}}, report, note)
	if len(d.Attachments) != 1 || string(d.Attachments[0]) != "report" {
		t.Errorf("attachments %q", d.Attachments)
	}
	var body codec.Audit
	if err := codec.DecodeAudit(d.Body, &body); err != nil {
		t.Fatal(err)
	}
	if *body.Items != codec.BlobHash(report) || body.Checkpoint.Blob != codec.BlobHash(note) || body.Checkpoint.Size != 7 {
		t.Errorf("%+v, checkpoint %+v", body, body.Checkpoint)
	}
}
