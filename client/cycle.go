package client

import (
	"cmp"
	"slices"

	"github.com/forgepool/settle/api"
	"github.com/forgepool/settle/codec"
	"github.com/forgepool/settle/settlement"
)

// sortedQuotas returns quotas in the order of a record: by dimension and value.
func sortedQuotas(quotas []codec.Quota) []codec.Quota {
	quotas = slices.Clone(quotas)
	slices.SortFunc(quotas, func(a, b codec.Quota) int {
		return cmp.Or(cmp.Compare(a.Dimension, b.Dimension), cmp.Compare(a.Value, b.Value))
	})
	return quotas
}

// DraftCut returns the draft of the record that ends a cycle; the hub signs it, and
// governance too where it waives what a cut must wait for (docs/formats/records.md
// section 6.8). It must be the last record of its batch. Beacon is nil without one in the
// policy. The draft is nil if no cycle follows.
func DraftCut(hub codec.ID, at, cycle, numbering uint64, beacon *codec.BeaconRound) *Draft {
	next, ok := settlement.NextCycle(numbering, cycle)
	if !ok {
		return nil
	}
	body := &codec.Cycle{ID: NewID(), At: at, Cycle: cycle, Author: hub, Op: codec.CycleCut, Next: &next, Beacon: beacon}
	return &Draft{Kind: codec.KindCycle, Body: codec.EncodeCycle(body)}
}

// DraftClose returns the draft of the record that states what a cycle came to, from what
// a node says that it must state: every replica compares, and the hub may too. Beacon is
// nil unless the cut's round is less than an hour ahead.
func DraftClose(hub codec.ID, at uint64, c *api.Closing, beacon *codec.BeaconRound) *Draft {
	body := &codec.Cycle{
		ID: NewID(), At: at, Cycle: c.Cycle, Author: hub, Op: codec.CycleClose, Range: &c.Range, Prev: &c.Prev, Counts: c.Counts,
		Journal: &c.Journal, Parties: &c.Parties, Subtotals: &c.Subtotals, Held: &c.Held, Policy: &c.Policy, Log: &c.Log,
		Unfinished: &c.Unfinished, Batches: &c.Batches, Cut: &c.Cut, Beacon: beacon,
	}
	return &Draft{Kind: codec.KindCycle, Body: codec.EncodeCycle(body)}
}

// RoundAfter returns the first round of a policy's beacon that is not before a time in
// ms, nil if the policy has no beacon or no such round.
func RoundAfter(rules *codec.Beacon, ms uint64) *codec.BeaconRound {
	if !rules.Present {
		return nil
	}
	round := uint64(1)
	if start := rules.Genesis * 1_000; ms > start {
		period := rules.Period * 1_000
		round += (ms - start + period - 1) / period
	}
	time, ok := settlement.RoundTime(rules, round)
	if !ok {
		return nil
	}
	return &codec.BeaconRound{Chain: rules.Chain, Round: round, NotBefore: time}
}

// DraftIntent returns the draft of an auditor's promise to audit a cycle, which the
// auditor signs. Open is the open cycle; the secret is opened by the attestation.
func DraftIntent(auditor codec.ID, at, open, audited uint64, secret codec.Hash, target codec.AuditTarget) *Draft {
	commit, method := codec.AuditCommitment(auditor, audited, secret), uint64(1)
	body := &codec.Audit{
		ID: NewID(), At: at, Cycle: open, Author: auditor, Auditor: auditor, Op: codec.AuditIntent,
		Commit: &commit, Method: &method, Target: &target, Audited: &audited,
	}
	return &Draft{Kind: codec.KindAudit, Body: codec.EncodeAudit(body)}
}

// DraftAttestation returns the draft of an audit's result with the full report. It names
// the checkpoint's note, which the report carries and which is no attachment
// (docs/formats/records.md section 6.9). The auditor signs it.
func DraftAttestation(body codec.Audit, report, note []byte) *Draft {
	body.ID, body.Auditor, body.Op = NewID(), body.Author, codec.AuditAttestation
	items := codec.BlobHash(report)
	body.Items = &items
	if body.Checkpoint != nil {
		c := *body.Checkpoint
		c.Blob = codec.BlobHash(note)
		body.Checkpoint = &c
	}
	return &Draft{Kind: codec.KindAudit, Body: codec.EncodeAudit(&body), Attachments: [][]byte{report}}
}
